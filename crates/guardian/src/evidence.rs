//! The evidence bundle of an incident: what we saw last, and what the executor can read. It is closed by its
//! last piece or by the clock: an act waits for it at most a second.

use defib_engine::event::Event;
use defib_engine::id::{AppId, IncidentId};

/// From the request to the close, at the latest.
const BUNDLE_MS: u64 = 1000;

#[derive(Clone, Copy, Debug)]
struct Bundle {
    app: AppId,
    incident: IncidentId,
    ends_ms: u64,
}

/// The bundles that are being filled: at most one an app.
#[derive(Debug, Default)]
pub(crate) struct Bundles {
    open: Vec<Bundle>,
}

impl Bundles {
    /// Begins a bundle; a second request for the same one changes nothing.
    pub(crate) fn begin(&mut self, app: AppId, incident: IncidentId, now_ms: u64) {
        if !self.is_open(app, incident) {
            self.open.push(Bundle { app, incident, ends_ms: now_ms + BUNDLE_MS });
        }
    }

    fn is_open(&self, app: AppId, incident: IncidentId) -> bool {
        self.open.iter().any(|bundle| bundle.app == app && bundle.incident == incident)
    }

    /// The last piece has come.
    pub(crate) fn complete(&mut self, app: AppId, incident: IncidentId) -> Option<Event> {
        let found =
            self.open.iter().position(|bundle| bundle.app == app && bundle.incident == incident)?;
        self.open.swap_remove(found);
        Some(Event::EvidenceClosed { app, incident, complete: true })
    }

    /// Closes the bundles whose time is over.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<Event> {
        let over = self.open.extract_if(.., |bundle| bundle.ends_ms <= now_ms);
        over.map(|Bundle { app, incident, .. }| Event::EvidenceClosed {
            app,
            incident,
            complete: false,
        })
        .collect()
    }

    /// After a reload the numbers of apps mean others: what is open is closed as it is.
    pub(crate) fn close_all(&mut self) -> Vec<Event> {
        self.expire(u64::MAX)
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.open.iter().map(|bundle| bundle.ends_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: AppId = AppId(2);
    const FIRST: IncidentId = IncidentId(7);

    #[test]
    fn the_last_piece_closes_a_bundle_once() {
        let mut bundles = Bundles::default();
        bundles.begin(APP, FIRST, 100);
        assert_eq!(bundles.complete(APP, IncidentId(8)), None);
        let closed = Event::EvidenceClosed { app: APP, incident: FIRST, complete: true };
        assert_eq!(bundles.complete(APP, FIRST), Some(closed));
        assert_eq!(bundles.complete(APP, FIRST), None);
        assert_eq!(bundles.deadline_ms(), None);
    }

    #[test]
    fn the_clock_closes_what_nobody_completes() {
        let mut bundles = Bundles::default();
        bundles.begin(APP, FIRST, 100);
        bundles.begin(APP, FIRST, 900);
        assert_eq!(bundles.deadline_ms(), Some(1_100));
        assert_eq!(bundles.expire(1_099), []);
        let closed = Event::EvidenceClosed { app: APP, incident: FIRST, complete: false };
        assert_eq!(bundles.expire(1_100), [closed]);
        assert_eq!(bundles.expire(9_999), []);
    }
}
