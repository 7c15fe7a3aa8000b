//! The mind's body: the link, and looks at the world.

use super::clocks::SimClocks;
use crate::disk::Mount;
use crate::fact::Fact;
use crate::hand::GuardianEnd;
use crate::reader::Reader;
use crate::world::Lent;
use defib_config::spec::Config;
use defib_engine::event::Event;
use defib_engine::id::{AppId, ProbeId};
use defib_engine::policy::AppPolicy;
use defib_engine::seen::Seen;
use defib_guardian::mind::{Body, Broken, Landing, Watched};
use defib_guardian::probe::{Detail, Look, Phases};
use defib_journal::order::Request;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A look that is under way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    /// Its number in the world, where no two looks have the same.
    number: u32,
    attempt: Option<u32>,
}

/// A guardian's body.
pub(super) struct SimBody {
    pub(super) lent: Lent,
    pub(super) link: GuardianEnd,
    /// The process's way to its disk. Once that has ended, the process has: nothing that it still does
    /// is done.
    pub(super) mount: Mount,
    pub(super) clocks: Rc<SimClocks>,
    pub(super) next_look: Rc<Cell<u32>>,
    flights: BTreeMap<ProbeId, Option<Flight>>,
    /// Looks that begin when the world has caught up.
    waiting: Vec<ProbeId>,
    reader: Reader,
}

impl SimBody {
    pub(super) fn new(
        lent: Lent,
        link: GuardianEnd,
        mount: Mount,
        clocks: Rc<SimClocks>,
        next_look: Rc<Cell<u32>>,
    ) -> SimBody {
        SimBody {
            lent,
            link,
            mount,
            clocks,
            next_look,
            flights: BTreeMap::new(),
            waiting: Vec::new(),
            reader: Reader::default(),
        }
    }

    /// A look of the world's has ended: its landing, if it is one of ours.
    pub(super) fn land(&mut self, number: u32, began_ms: u64, seen: Seen) -> Option<Landing> {
        let is_this = |flight: &Option<Flight>| flight.is_some_and(|it| it.number == number);
        let (probe, place) = self.flights.iter_mut().find(|(_, flight)| is_this(flight))?;
        let flight = place.take()?;
        let (app, index) = (usize::from(probe.app.0), usize::from(probe.index));
        let ended_ms = self.clocks.now_ms();
        self.lent.world().tell(Fact::Looked { app, probe: index, began_ms, seen });
        Some(Landing {
            probe: *probe,
            attempt: flight.attempt,
            started_us: self.clocks.boot_ms(began_ms) * 1000,
            ended_us: self.clocks.boot_ms(ended_ms) * 1000,
            look: Look {
                seen,
                phases: Phases::default(),
                total_us: u32::try_from((ended_ms - began_ms) * 1000).unwrap_or(u32::MAX),
                detail: Detail::EMPTY,
                certificate_days_left: None,
                answered: seen.is_good(),
            },
        })
    }

    fn take_off(&mut self, probe: ProbeId, attempt: Option<u32>) {
        let number = self.next_look.get();
        self.next_look.set(number + 1);
        self.flights.insert(probe, Some(Flight { number, attempt }));
        self.waiting.push(probe);
        if self.clocks.has_caught_up() {
            self.begin_waiting();
        }
    }

    /// Begins the looks that were wanted while the process was ahead of the world.
    pub(super) fn begin_waiting(&mut self) {
        for probe in std::mem::take(&mut self.waiting) {
            if let Some(Some(flight)) = self.flights.get(&probe) {
                let (app, index) = (usize::from(probe.app.0), usize::from(probe.index));
                self.lent.world().begin_look(app, index, flight.number);
            }
        }
    }
}

impl Body for SimBody {
    type Probes = Vec<ProbeId>;

    fn send(&mut self, request: &Request) -> Result<(), Broken> {
        if self.mount.has_ended() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        if !self.link.send(&bytes, self.clocks.now_ms()) {
            return Err(Broken::Closed);
        }
        if let Request::Order(order) = request {
            self.lent.world().tell(Fact::Ordered(*order));
        }
        Ok(())
    }

    fn is_backed_up(&self) -> bool {
        self.link.is_full()
    }

    fn prepare(&self, config: &Config) -> Result<Vec<ProbeId>, String> {
        let apps = config.policy.apps.iter().enumerate();
        let probes_of = |(app, rules): (usize, &AppPolicy)| {
            let app = AppId(app as u16);
            (0..rules.probes.len()).map(move |index| ProbeId { app, index: index as u8 })
        };
        Ok(apps.flat_map(probes_of).collect())
    }

    fn adopt(&mut self, probes: Vec<ProbeId>) {
        self.flights = probes.into_iter().map(|probe| (probe, None)).collect();
        self.waiting.clear();
    }

    fn look(&mut self, probe: ProbeId, attempt: u32) {
        let under_way = self.flights.get(&probe).copied().flatten();
        let is_same = under_way.is_some_and(|flight| flight.attempt == Some(attempt));
        if !is_same && !self.mount.has_ended() && self.flights.contains_key(&probe) {
            self.take_off(probe, Some(attempt));
        }
    }

    fn look_at_all(&mut self) {
        let idle = self.flights.iter().filter(|(_, flight)| flight.is_none());
        let idle: Vec<ProbeId> = idle.map(|(probe, _)| *probe).collect();
        for probe in idle {
            self.take_off(probe, None);
        }
    }

    /// None: looks end in the world, and are given as they end.
    fn landings(&mut self) -> Vec<Landing> {
        Vec::new()
    }

    fn deadline_us(&self) -> Option<u64> {
        None
    }

    fn has_host(&self) -> bool {
        self.lent.world().plan().machine.host.is_some()
    }

    fn read_host(&mut self, watched: &[Watched], events: &mut Vec<Event>) {
        self.reader.pass(&self.lent.world(), watched, events);
    }
}
