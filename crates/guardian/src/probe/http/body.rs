//! What is looked for in a body, in bounded memory.

use super::machine::Rules;
use super::needle::Search;
use defib_engine::seen::{BodyFault, Seen};

/// The body so far.
#[derive(Debug, Default)]
pub(super) struct Body {
    len: u64,
    search: Search,
    /// Kept only for a pattern, at most as long as the cap.
    kept: Vec<u8>,
}

impl Body {
    /// Takes a piece. `Some` if nothing more of the body is of interest.
    pub(super) fn take(&mut self, piece: &[u8], rules: &Rules) -> Option<Seen> {
        let room = rules.body_max - self.len;
        let inside = usize::try_from(room).unwrap_or(usize::MAX).min(piece.len());
        let (inside, beyond) = piece.split_at(inside);
        self.len += inside.len() as u64;
        if let Some(needle) = &rules.needle {
            needle.search(&mut self.search, inside);
        }
        if rules.pattern.is_some() {
            self.kept.extend_from_slice(inside);
        }
        if rules.cap_is_fault {
            return (!beyond.is_empty()).then_some(Seen::Body(BodyFault::TooLarge));
        }
        (self.len == rules.body_max).then(|| self.judge(rules))
    }

    /// The verdict on a body that is over.
    pub(super) fn judge(&self, rules: &Rules) -> Seen {
        let has_text = rules.needle.as_ref().is_none_or(|needle| needle.is_found(self.search));
        let matches = rules
            .pattern
            .as_ref()
            .is_none_or(|pattern| pattern.is_match(&String::from_utf8_lossy(&self.kept)));
        if has_text && matches { Seen::Pass } else { Seen::Body(BodyFault::Missing) }
    }
}
