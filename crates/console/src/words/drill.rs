//! Drills in words.

use defib_journal::drill::{DrillKind, DrillStage};

/// `DRILL (kill): SIGKILL to process 4711`
pub fn drill(kind: DrillKind, stage: DrillStage, detail: &str) -> String {
    let kind = kind.word();
    match stage {
        DrillStage::Asked => format!("DRILL ({kind}): a person asked for it"),
        DrillStage::Begun => format!("DRILL ({kind}): {detail}"),
        DrillStage::Refused => format!("DRILL ({kind}): not done: {detail}"),
        DrillStage::Over => format!("DRILL ({kind}): over: {detail}"),
    }
}
