//! The folder of hold files, and what people do with it.

use defib_guardian::mind::HoldFiles;
use std::collections::BTreeMap;

/// A file older than this holds nothing, as in the guardian.
const CAP_MS: u64 = 86_400_000;

/// On tmpfs: it survives the agent, not the machine.
#[derive(Clone, Debug, Default)]
pub(super) struct HoldFolder {
    /// When each file was touched, by the wall clock, and when (in true time) it is removed.
    files: BTreeMap<String, (u64, u64)>,
}

impl HoldFolder {
    pub(super) fn touch(&mut self, app: &str, wall_ms: u64, until_ms: u64) {
        self.files.insert(app.to_owned(), (wall_ms, until_ms));
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, app: &str) -> bool {
        self.files.remove(app).is_some()
    }

    /// When the next file is removed.
    pub(super) fn due_ms(&self) -> Option<u64> {
        self.files.values().map(|(_, until_ms)| *until_ms).min()
    }

    /// Removes what people remove now; whether that was anything.
    pub(super) fn tidy(&mut self, now_ms: u64) -> bool {
        let before = self.files.len();
        self.files.retain(|_, (_, until_ms)| *until_ms > now_ms);
        self.files.len() < before
    }

    /// As the guardian's look at the folder has it.
    pub(super) fn look(&self, wall_ms: u64) -> HoldFiles {
        let files = self.files.iter().filter_map(|(app, (touched_ms, _))| {
            let age_ms = wall_ms.saturating_sub(*touched_ms);
            (age_ms < CAP_MS).then(|| (app.clone(), CAP_MS - age_ms))
        });
        files.collect()
    }
}
