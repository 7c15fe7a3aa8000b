//! defib's own probe machine, driven as the guardian drives it: prepared once from a config's text,
//! advanced at its start and whenever its descriptor is ready. The guardian's engine and journal are
//! not in this figure; `guarded` has them.

use super::pace::Flights;
use crate::failed::Failed;
use defib_config::{Host, load};
use defib_engine::seen::Seen;
use defib_guardian::probe::{
    Looker, LookerSettings, Poller, Probe, Progress, Run, Terms, boottime,
};
use rustix::fd::BorrowedFd;
use std::path::Path;

const TERMS: Terms = Terms { timeout_ms: 3_000, listener_seen: true };

pub(super) struct Probed {
    probe: Probe,
    looker: Looker,
    runs: Vec<Option<Box<dyn Run>>>,
}

impl Probed {
    pub(super) fn new(url: &str, ca: Option<&Path>) -> Result<Probed, Failed> {
        let trust = ca.map(|ca| format!("ca_file = \"{}\"\n", ca.display()));
        let text = format!("[app.shop]\nurl = \"{url}\"\n{}", trust.unwrap_or_default());
        let loaded = load(&text, &Host { root: false })
            .map_err(|report| Failed::of(report.render("the bench's config", &text, false)))?;
        let spec = loaded.config.apps.first().and_then(|app| app.probes.first());
        let spec = spec.ok_or_else(|| Failed::of("a config without a probe"))?;
        Ok(Probed {
            probe: Probe::new(spec).map_err(Failed::at("the probe"))?,
            looker: Looker::new(LookerSettings::default()),
            runs: Vec::new(),
        })
    }

    fn advance(&mut self, slot: usize, epoll: BorrowedFd<'_>) -> Option<bool> {
        let run = self.runs[slot].as_mut()?;
        let poller = Poller::new(epoll, slot as u64);
        match run.advance(&mut self.looker, &poller, boottime()) {
            Progress::Waiting { .. } => None,
            Progress::Done(look) => {
                self.runs[slot] = None;
                Some(look.seen == Seen::Pass)
            }
        }
    }
}

impl Flights for Probed {
    fn start(&mut self, slot: usize, epoll: BorrowedFd<'_>) -> Option<bool> {
        if self.runs.len() <= slot {
            self.runs.resize_with(slot + 1, || None);
        }
        self.runs[slot] = Some(self.probe.start(TERMS, boottime()));
        self.advance(slot, epoll)
    }

    fn ready(&mut self, slot: usize, epoll: BorrowedFd<'_>) -> Option<bool> {
        self.advance(slot, epoll)
    }
}
