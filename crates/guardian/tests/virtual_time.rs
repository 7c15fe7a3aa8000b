//! The guardian's mind without a machine: an app hangs, is killed and comes back, in virtual time,
//! and a second run is the same bit for bit.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use defib_config::spec::Config;
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::id::{AppId, Identity, ProbeId};
use defib_engine::note::Note;
use defib_engine::policy::{Policy, RungSet};
use defib_engine::seen::{Phase, Seen};
use defib_engine::time::Moment;
use defib_guardian::mind::{
    Birth, Body, Broken, Clocks, Handshake, HoldFiles, Landing, Mind, Newborn, accept,
};
use defib_guardian::probe::{Detail, Look, Phases};
use defib_guardian::{AppStatus, Narrate};
use defib_journal::files::Folder;
use defib_journal::line::{Entry, Line};
use defib_journal::order::{PROTOCOL, Report, Request};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

const CONFIG: &str = "[machine]\nmode = \"act\"\n[app.shop]\nurl = \"http://127.0.0.1:8000/\"\n\
                      unit = \"shop.service\"\n";
const SHOP: AppId = AppId(0);

/// When the app hangs, from the beginning.
const HANGS_MS: u64 = 100_000;

#[derive(Clone, Default)]
struct Time(Rc<Cell<u64>>);

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
struct Puppet {
    time: Time,
    hangs: bool,
    flights: Vec<(ProbeId, u32, u64)>,
    said: Vec<Request>,
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
}

#[derive(Clone, Default)]
struct Told(Rc<RefCell<Vec<Entry>>>);

impl Narrate for Told {
    fn entry(&mut self, _: &Policy, entry: &Entry) {
        self.0.borrow_mut().push(entry.clone());
    }
    fn status(&mut self, _: &[AppStatus]) {}
    fn wants_status(&self) -> bool {
        false
    }
}

fn born(puppet: Puppet, told: &Told, folder: &tempfile::TempDir) -> Mind<Puppet> {
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

/// The executor: answers what the guardian said.
fn serve(mind: &mut Mind<Puppet>) {
    for request in std::mem::take(&mut mind.body_mut().said) {
        match request {
            Request::Evidence { app, incident } => {
                let (name, bytes) = ("stack".to_owned(), b"futex_wait\n".to_vec());
                mind.report(Report::Evidence { app, incident, name, bytes, last: true }, None);
            }
            Request::Order(order) => {
                assert_eq!((order.app, order.rung), (SHOP, Rung::Kill));
                mind.body_mut().hangs = false;
                let (app, intent, rung) = (order.app, order.intent, order.rung);
                let (outcome, detail) = (Outcome::Done, String::new());
                mind.report(Report::Acted { app, intent, rung, outcome, detail }, None);
                mind.report(Report::Found { app, identity: process(2) }, None);
            }
            _ => {}
        }
    }
}

fn process(pid: u32) -> Identity {
    Identity { pid, start_ticks: 1 }
}

/// Ten minutes; gives what was written.
fn run() -> Vec<Entry> {
    let folder = tempfile::tempdir().unwrap();
    let (time, told) = (Time::default(), Told::default());
    let mut mind = born(Puppet { time: time.clone(), ..Puppet::default() }, &told, &folder);
    let rungs = RungSet::NONE.with(Rung::Start).with(Rung::Restart).with(Rung::Kill);
    mind.report(Report::Capable { app: SHOP, rungs, why_not: String::new() }, None);
    mind.report(Report::Found { app: SHOP, identity: process(1) }, None);
    let mut hung = false;
    while time.0.get() < 600_000 {
        assert_eq!(mind.turn(), None);
        let asked_ms = mind.rest((!hung).then_some(HANGS_MS));
        time.0.set(asked_ms.max(time.0.get() + u64::from(mind.body().said.is_empty())));
        mind.woke(asked_ms);
        if !hung && time.0.get() >= HANGS_MS {
            (hung, mind.body_mut().hangs) = (true, true);
        }
        serve(&mut mind);
    }
    told.0.take()
}

#[test]
fn a_hung_app_is_killed_once_and_a_second_run_is_the_same() {
    let entries = run();
    let orders = entries.iter().filter(|entry| matches!(entry.line, Line::Order { .. }));
    let ordered: Vec<u64> = orders.map(|entry| entry.up.0).collect();
    let from_fault_ms = ordered[0] - 5_000_000 - HANGS_MS;
    assert!(ordered.len() == 1 && (10_000..20_000).contains(&from_fault_ms), "{ordered:?}");
    let closed = |entry: &&Entry| matches!(&entry.line, Line::Note { note } if matches!(**note, Note::Closed { .. }));
    assert_eq!(entries.iter().filter(closed).count(), 1);
    assert_eq!(run(), entries);
}
