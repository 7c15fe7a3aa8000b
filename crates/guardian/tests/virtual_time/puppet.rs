//! A body that waits for nothing: looks take virtual time, and the machine says what the test wants.

use defib_config::spec::Config;
use defib_engine::event::Event;
use defib_engine::id::ProbeId;
use defib_engine::policy::Policy;
use defib_engine::seen::{Phase, Seen};
use defib_engine::time::Moment;
use defib_guardian::mind::{
    Birth, Body, Broken, Clocks, Handshake, HoldFiles, Landing, Mind, Newborn, Reading, Watched,
    accept,
};
use defib_guardian::probe::{Detail, Look, Phases};
use defib_guardian::{AppStatus, Narrate};
use defib_journal::files::Folder;
use defib_journal::line::Entry;
use defib_journal::order::{PROTOCOL, Report, Request};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

const CONFIG: &str = "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:8000/\"\n\
                      unit = \"shop.service\"\n";

#[derive(Clone, Default)]
pub(crate) struct Time(pub(crate) Rc<Cell<u64>>);

impl Clocks for Time {
    fn boot_us(&self) -> u64 {
        self.0.get() * 1000
    }
    fn running_ms(&self) -> u64 {
        self.0.get()
    }
    fn wall_ms(&self) -> u64 {
        1_700_000_000_000 + self.0.get()
    }
}

#[derive(Default)]
pub(crate) struct Puppet {
    pub(crate) time: Time,
    pub(crate) hangs: bool,
    pub(crate) flights: Vec<(ProbeId, u32, u64)>,
    pub(crate) said: Vec<Request>,
    /// What the machine says, where it can be read.
    pub(crate) host: Option<Vec<Event>>,
    /// When it was read, and whether at the pace of 5 s.
    pub(crate) read: Vec<(u64, bool)>,
    /// The same, whole, for the flight recorder.
    pub(crate) whole: Option<Reading>,
}

impl Puppet {
    fn takes_ms(&self) -> u64 {
        if self.hangs { 3_000 } else { 20 }
    }
}

impl Body for Puppet {
    type Probes = ();

    fn send(&mut self, request: &Request) -> Result<(), Broken> {
        self.said.push(request.clone());
        Ok(())
    }
    fn is_backed_up(&self) -> bool {
        false
    }
    fn prepare(&self, _: &Config) -> Result<(), String> {
        Ok(())
    }
    fn adopt(&mut self, (): ()) {}
    fn look(&mut self, probe: ProbeId, attempt: u32) {
        self.flights.retain(|(other, ..)| *other != probe);
        self.flights.push((probe, attempt, self.time.boot_us()));
    }
    fn look_at_all(&mut self) {}
    fn landings(&mut self) -> Vec<Landing> {
        let (now_us, takes_us) = (self.time.boot_us(), self.takes_ms() * 1000);
        let seen = if self.hangs { Seen::Timeout(Phase::FirstByte) } else { Seen::Pass };
        let ended = self.flights.extract_if(.., |(.., began_us)| *began_us + takes_us <= now_us);
        let landing = |(probe, attempt, started_us)| Landing {
            probe,
            attempt: Some(attempt),
            started_us,
            ended_us: now_us,
            look: Look {
                seen,
                phases: Phases::default(),
                total_us: (now_us - started_us) as u32,
                detail: Detail::EMPTY,
                certificate_days_left: None,
                answered: true,
            },
        };
        ended.map(landing).collect()
    }
    fn deadline_us(&self) -> Option<u64> {
        self.flights.iter().map(|(.., began_us)| began_us + self.takes_ms() * 1000).min()
    }
    fn has_host(&self) -> bool {
        self.host.is_some()
    }
    fn read_host(&mut self, watched: &[Watched], events: &mut Vec<Event>) {
        self.read.push((self.time.0.get(), watched[0].is_paced));
        events.extend(self.host.iter().flatten().cloned());
    }
    fn reading(&self) -> Option<&Reading> {
        self.whole.as_ref()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Told(pub(crate) Rc<RefCell<Vec<Entry>>>);

impl Narrate for Told {
    fn entry(&mut self, _: &Policy, entry: &Entry) {
        self.0.borrow_mut().push(entry.clone());
    }
    fn status(&mut self, _: &[AppStatus]) {}
    fn wants_status(&self) -> bool {
        false
    }
}

pub(crate) fn born(puppet: Puppet, told: &Told, folder: &tempfile::TempDir) -> Mind<Puppet> {
    let mut handshake = Handshake::default();
    let welcome = Report::Welcome {
        protocol: PROTOCOL,
        line_offset_ms: 5_000_000,
        booted_at: Moment(5_000_000),
        boot_id: [7; 16],
        last_intent: 0,
    };
    assert!(handshake.hear(welcome).unwrap().is_none());
    let greeting = handshake.hear(Report::Config).unwrap().expect("a greeting");
    let mut body = puppet;
    let accepted = accept(&mut body, Ok(CONFIG.into()), false).unwrap();
    let birth = Birth {
        greeting,
        accepted,
        clocks: Rc::new(body.time.clone()),
        journal: Rc::new(Folder::at(folder.path())),
        narrator: Box::new(told.clone()),
        version: "0.0.0-test",
        pid: 1,
    };
    Newborn::new(body, birth).wake(Vec::new(), HoldFiles::new())
}
