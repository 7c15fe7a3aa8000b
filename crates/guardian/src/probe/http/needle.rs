//! A text that is looked for in a body that comes in pieces.
//!
//! Knuth, Morris and Pratt's automaton: the state between two pieces is one number, so a match
//! across any border is found and nothing of the body has to be kept.

/// The text, with the table of where to go on after a mismatch.
#[derive(Debug)]
pub(super) struct Needle {
    text: Box<[u8]>,
    /// For each prefix: the length of its longest proper prefix that is also its end.
    fallback: Box<[usize]>,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Search {
    matched: usize,
    found: bool,
}

impl Needle {
    pub(super) fn new(text: &str) -> Needle {
        let text: Box<[u8]> = text.as_bytes().into();
        let mut fallback = vec![0; text.len()].into_boxed_slice();
        let mut matched = 0;
        for at in 1..text.len() {
            matched = extend(&text, &fallback, matched, text[at]);
            fallback[at] = matched;
        }
        Needle { text, fallback }
    }

    /// Reads on.
    pub(super) fn search(&self, search: &mut Search, piece: &[u8]) {
        if search.found {
            return;
        }
        for &byte in piece {
            search.matched = extend(&self.text, &self.fallback, search.matched, byte);
            if search.matched == self.text.len() {
                search.found = true;
                return;
            }
        }
    }

    /// Whether the text has been found. An empty text is in every body.
    pub(super) fn is_found(&self, search: Search) -> bool {
        search.found || self.text.is_empty()
    }
}

/// The length of the match after one more byte.
fn extend(text: &[u8], fallback: &[usize], mut matched: usize, byte: u8) -> usize {
    while matched > 0 && text.get(matched) != Some(&byte) {
        matched = fallback[matched - 1];
    }
    matched + usize::from(text.get(matched) == Some(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(
            needle in "[ab]{0,6}",
            pieces in prop::collection::vec("[ab]{0,5}", 0..8),
        ) {
            let prepared = Needle::new(&needle);
            let mut search = Search::default();
            for piece in &pieces {
                prepared.search(&mut search, piece.as_bytes());
            }
            prop_assert_eq!(prepared.is_found(search), pieces.concat().contains(&needle));
        }
    }
}
