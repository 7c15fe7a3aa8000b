//! How a boot ended, as the journal's line or the agent itself tells it.

use crate::clock::parse_rfc3339;
use defib_engine::note::Class;
use defib_journal::boot::{BootEnding, Trace};
use defib_journal::json::{Shape, from_slice};
use defib_journal::line::Line;
use defib_journal::order::ActStep;
use defib_journal::recorder::Summary;
use serde_json::Value;

/// The end of the boot before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootEnd {
    /// How it ended.
    pub ending: BootEnding,
    /// For which app defib ended it, if it did.
    pub app: Option<String>,
    /// Why.
    pub class: Option<Class>,
    /// By which step.
    pub step: Option<ActStep>,
    /// What that is concluded from.
    pub traces: Vec<Trace>,
    /// When the machine was last heard of, in milliseconds since the epoch.
    pub last_wall_ms: Option<u64>,
    /// When this boot began, by the same clock.
    pub began_wall_ms: Option<u64>,
    /// How long nothing was heard of it, in milliseconds.
    pub gap_ms: Option<u64>,
    /// How much of the time since the last line the up-time line leaves out, in milliseconds.
    pub away_ms: u64,
    /// What the flight recorder says of the machine at its end.
    pub machine: Option<Box<Summary>>,
}

impl BootEnd {
    /// Of a `boot` line; `None` for any other.
    pub(crate) fn of_line(line: &Line<'_>) -> Option<BootEnd> {
        let Line::Boot {
            ending,
            app,
            class,
            step,
            traces,
            last_wall_ms,
            began_wall_ms,
            gap_ms,
            away_ms,
            machine,
            ..
        } = line
        else {
            return None;
        };
        Some(BootEnd {
            ending: *ending,
            app: app.as_ref().map(ToString::to_string),
            class: *class,
            step: *step,
            traces: traces.clone(),
            last_wall_ms: *last_wall_ms,
            began_wall_ms: *began_wall_ms,
            gap_ms: *gap_ms,
            away_ms: away_ms.unwrap_or(0),
            machine: machine.clone(),
        })
    }

    /// Of an agent's answer; `None` if it says nothing, or something that this defib does not know.
    pub(crate) fn of_wire(answer: &Value) -> Option<BootEnd> {
        let wall = |name: &str| {
            let at = answer[name].as_str().and_then(parse_rfc3339)?;
            u64::try_from(at).ok()
        };
        let traces = answer["traces"].as_array().into_iter().flatten();
        Some(BootEnd {
            ending: known(&answer["ending"])?,
            app: answer["app"].as_str().map(ToOwned::to_owned),
            class: known(&answer["class"]),
            step: known(&answer["step"]),
            traces: traces.filter_map(known).collect(),
            last_wall_ms: wall("last"),
            began_wall_ms: wall("began"),
            gap_ms: answer["gap_ms"].as_u64(),
            away_ms: 0,
            machine: known(&answer["machine"]),
        })
    }

    /// Whether it was an act of defib's.
    pub fn is_ours(&self) -> bool {
        self.ending == BootEnding::Ours
    }

    /// What the machine was like, if it can be why it ended.
    pub fn telling_machine(&self) -> Option<&Summary> {
        self.machine.as_deref().filter(|machine| machine.tells_of(self.ending))
    }
}

/// A value in its journal shape.
fn known<T: Shape>(value: &Value) -> Option<T> {
    if value.is_null() { None } else { from_slice(value.to_string().as_bytes()).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_agent_s_answer_is_read_and_one_that_is_not_understood_is_none() {
        let answer = json!({
            "ending": "Ours", "app": "shop", "incident": 7, "class": "Hung", "step": "SysrqSent",
            "traces": ["Ordered", "Novel"], "last": "2026-11-22T03:12:07.123Z",
            "began": "2026-11-22T03:12:55.000Z", "gap_ms": 47_877,
            "machine": {"wall_ms": 1, "memory_kb": 573_440, "available_kb": 3_072, "swap_kb": 0,
                "swap_free_kb": 0, "short_ms": 21_000, "full_permille": null, "busy_permille": 10,
                "steal_permille": 0, "tasks": 90, "largest": null, "novel": 1},
        });
        let end = BootEnd::of_wire(&answer).expect("understood");
        assert!(end.is_ours());
        assert_eq!((end.class, end.step), (Some(Class::Hung), Some(ActStep::SysrqSent)));
        assert_eq!((end.traces.as_slice(), end.gap_ms), (&[Trace::Ordered][..], Some(47_877)));
        assert_eq!(end.last_wall_ms, Some(1_795_317_127_123));
        let machine = end.telling_machine().expect("memory was short").to_string();
        assert_eq!(machine, "memory: 3 MB of 560 left for 21 s");
        assert_eq!(BootEnd::of_wire(&Value::Null), None);
        assert_eq!(BootEnd::of_wire(&json!({"ending": "Novel"})), None);
    }
}
