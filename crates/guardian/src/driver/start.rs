//! From nothing to the first turn: greeting, config, memory, journal, descriptors.

use super::reload::{self, Read};
use super::{Driver, Identity, token};
use crate::alone::wait_until_alone;
use crate::clock::{self, Clock};
use crate::control::listener::Listener;
use crate::evidence::Bundles;
use crate::executor_link::{Broken, Greeting, Link};
use crate::holds::Holds;
use crate::looks::Looks;
use crate::mailbox::Mailbox;
use crate::record::Record;
use crate::record::fold::Folds;
use crate::restart::{Remembered, remember};
use crate::runs::Runs;
use crate::sense::Sense;
use crate::setup::{Ended, Setup};
use crate::signals::Signals;
use defib_engine::effect::Effect;
use defib_engine::event::{Event, Started};
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::line::{BootId, Line, TextCrc};
use defib_journal::order::Request;
use rustix::event::epoll;
use rustix::fd::AsFd;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Two readings of when a boot began differ by rounding only.
const SAME_BOOT_MS: u64 = 1000;

impl Driver {
    pub(super) fn start(setup: Setup) -> Result<Driver, Ended> {
        // Before anything that takes time, so that a TERM during it is not lost.
        let signals = Signals::open().map_err(|error| failed("signalfd", error))?;
        let mut link = Link::new(setup.socket).map_err(broken)?;
        let greeting = link.greet(|| clock::readings().boot_ms).map_err(broken)?;
        let read = reload::read(&greeting.config);
        let accepted = read.is_ok();
        link.send(&Request::ConfigRead { accepted }).map_err(broken)?;
        let Read { loaded, crc } = read.map_err(Ended::Failed)?;
        let runs = Runs::new(&loaded.config, token::RUNS).map_err(Ended::Failed)?;
        let (alone, beside) = match wait_until_alone(&setup.state_dir) {
            Ok(alone) => (alone, None),
            Err(beside) => (None, Some(beside)),
        };
        let folder = setup.state_dir.join("journal");
        let remembered = remember(&folder);
        let (clock, started) =
            line_of(&greeting, remembered.as_ref().ok().and_then(Option::as_ref));
        let mut record = Record::open(&folder, setup.narrator);
        record.limit(loaded.journal);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|error| failed("epoll_create", error))?;
        let boot = BootId(greeting.boot_id);
        let mut driver = Driver {
            epoll,
            clock,
            sense: Sense::new(clock::readings()),
            link,
            link_waits_for_room: false,
            signals,
            holds: None,
            control: None,
            state: State::new(&loaded.config.policy, clock.now()),
            why_not: vec![String::new(); loaded.config.apps.len()],
            config: loaded.config,
            mailbox: Mailbox::default(),
            effects: Vec::new(),
            looker: reload::looker(&setup.exec_child_argv),
            runs,
            looks: Looks::default(),
            folds: Folds::default(),
            bundles: Bundles::default(),
            record,
            commanded: BTreeMap::new(),
            identify_asked: BTreeMap::new(),
            identity: Identity {
                version: setup.version,
                boot,
                exec_child_argv: setup.exec_child_argv,
                config_loaded_wall_ms: clock::wall_ms(),
                config_error: None,
            },
            last_woke: Moment(0),
            status_is_old: true,
            status_shown_ms: 0,
            ended: None,
            _alone: alone,
        };
        let mut alarms: Vec<String> = beside.into_iter().collect();
        let remembered = remembered.unwrap_or_else(|error| {
            let text = "the journal cannot be read, so what happened before is not remembered";
            alarms.push(format!("{text}: {}: {error}", folder.display()));
            None
        });
        let held_by_file = driver.begin(remembered, crc);
        driver.register(&setup.runtime_dir, &mut alarms)?;
        for message in alarms {
            let line = Line::Alarm { app: None, invariant: None, message: message.into() };
            driver.write(driver.clock.now(), line);
        }
        driver.mailbox.push(Event::Started(started));
        for report in greeting.early {
            driver.report(report, None);
        }
        driver.hear_hold_files();
        driver.release_vanished(held_by_file);
        driver.feed_all();
        driver.record.sync();
        Ok(driver)
    }

    /// The head of this run's journal, and the state that it begins with. Gives the apps that a
    /// file held.
    fn begin(&mut self, remembered: Option<Remembered>, config: TextCrc) -> BTreeSet<String> {
        let now = self.clock.now();
        let (mut old, mut held_by_file) = (None, BTreeSet::new());
        if let Some(remembered) = remembered {
            for line in remembered.unwritten {
                self.record.write(&remembered.policy, remembered.up, line);
            }
            held_by_file = remembered.held_by_file;
            old = Some((remembered.policy, remembered.state));
        }
        let line = Line::Started {
            version: self.identity.version.into(),
            pid: std::process::id(),
            boot: self.identity.boot,
            mode: self.config.policy.mode,
            config,
        };
        self.write(now, line);
        self.record.policy(&self.config.policy, now);
        if let Some((policy, state)) = old {
            self.remember_state(&policy, state, now);
        }
        self.record.checkpoint(&self.state, now);
        held_by_file
    }

    /// A hold file that was removed while nobody looked.
    fn release_vanished(&mut self, held_by_file: BTreeSet<String>) {
        for name in held_by_file {
            if self.holds.as_ref().is_none_or(|holds| holds.until(&name).is_none()) {
                for app in self.apps_named(&name) {
                    self.release(app, "file", "the file is gone");
                }
            }
        }
    }

    /// The remembered state, under today's rules.
    fn remember_state(&mut self, policy: &Policy, state: State, now: Moment) {
        if *policy == self.config.policy {
            self.state = state;
            return;
        }
        let mut effects = Vec::new();
        self.state = state.reload(policy, &self.config.policy, now, &mut effects);
        for effect in effects {
            if let Effect::Note(note) = effect {
                self.record.write(policy, now, Line::Note { note: Cow::Owned(note) });
            }
        }
    }

    /// Tells epoll of everything. Without a control socket or hold folder guarding goes on.
    fn register(&mut self, runtime_dir: &Path, alarms: &mut Vec<String>) -> Result<(), Ended> {
        let add = |descriptor: rustix::fd::BorrowedFd<'_>, token: u64| {
            let data = epoll::EventData::new_u64(token);
            epoll::add(&self.epoll, descriptor, data, epoll::EventFlags::IN)
                .map_err(|error| failed("epoll_ctl", error))
        };
        add(self.link.as_fd(), token::EXECUTOR)?;
        add(self.signals.as_fd(), token::SIGNALS)?;
        match Holds::open(runtime_dir) {
            Ok(holds) => {
                add(holds.as_fd(), token::HOLDS)?;
                self.holds = Some(holds);
            }
            Err(error) => alarms
                .push(format!("hold files do not work: {}/hold: {error}", runtime_dir.display())),
        }
        match Listener::open(runtime_dir, token::CLIENTS) {
            Ok(control) => {
                add(control.socket(), token::CONTROL)?;
                self.control = Some(control);
            }
            Err(error) => alarms.push(format!(
                "the control socket does not work: {}/defib.sock: {error}",
                runtime_dir.display()
            )),
        }
        Ok(())
    }
}

/// The up-time line, and what the executor said in its terms. The line never runs backwards: if
/// the ledger was lost with its count of earlier boots, everything is moved behind what the journal
/// has already used, because an engine whose past lies in the future would wait for it.
fn line_of(greeting: &Greeting, remembered: Option<&Remembered>) -> (Clock, Started) {
    let clock = Clock::new(greeting.line_offset_ms);
    let mut started = greeting.started.clone();
    let Some(remembered) = remembered else { return (clock, started) };
    let began = started.booted_at;
    let known = remembered.state.booted_at;
    started.new_boot = began.since(known).max(known.since(began)) > SAME_BOOT_MS;
    let behind_ms = remembered.up.max(remembered.state.now).since(clock.now());
    if behind_ms == 0 {
        return (clock, started);
    }
    started.booted_at = started.booted_at.plus(behind_ms);
    started.charges.iter_mut().for_each(|charge| charge.at = charge.at.plus(behind_ms));
    started.starts.iter_mut().for_each(|starts| starts.last = starts.last.plus(behind_ms));
    (Clock::new(greeting.line_offset_ms + behind_ms), started)
}

fn failed(what: &str, error: rustix::io::Errno) -> Ended {
    Ended::Failed(format!("{what}: {error}"))
}

fn broken(broken: Broken) -> Ended {
    match broken {
        Broken::Closed => Ended::ExecutorGone,
        Broken::Protocol(why) => Ended::Failed(why),
    }
}
