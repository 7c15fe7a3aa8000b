//! From the executor's greeting to the first turn: memory, journal, and what the ledger says.

use super::beat::Beat;
use super::boot::{Past, away_ms};
use super::holds::{HoldFiles, Holds};
use super::reload::{Accepted, obey};
use super::{Body, Greeting, Identity, Mind};
use crate::clock::{Clock, Clocks};
use crate::evidence::Bundles;
use crate::looks::Looks;
use crate::mailbox::Mailbox;
use crate::record::Record;
use crate::record::fold::Folds;
use crate::recorder::Recorder;
use crate::restart::{Remembered, remember};
use crate::sense::Sense;
use crate::sense::passes::Passes;
use crate::setup::Narrate;
use defib_engine::effect::Effect;
use defib_engine::event::{Event, Started};
use defib_engine::policy::Policy;
use defib_engine::state::State;
use defib_engine::time::Moment;
use defib_journal::files::Storage;
use defib_journal::line::{BootId, Line, TextCrc};
use defib_journal::order::Report;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Two readings of when a boot began differ by rounding only.
const SAME_BOOT_MS: u64 = 1000;

/// What a mind begins with.
pub struct Birth<B: Body> {
    /// What the executor said.
    pub greeting: Greeting,
    /// The config that came with it.
    pub accepted: Accepted<B>,
    /// The clocks.
    pub clocks: Rc<dyn Clocks>,
    /// Where the journal is.
    pub journal: Rc<dyn Storage>,
    /// Who tells people what happens.
    pub narrator: Box<dyn Narrate>,
    /// The version of defib, for the journal and for people.
    pub version: &'static str,
    /// The process's number, for the journal and for people.
    pub pid: u32,
}

/// A mind that remembers, but has not heard yet what happened meanwhile. In between its owner opens
/// what people use, which must not be there before the journal is read.
pub struct Newborn<B: Body> {
    mind: Mind<B>,
    started: Started,
    early: Vec<Report>,
}

impl<B: Body> Newborn<B> {
    /// Reads the journal and begins its next part.
    pub fn new(mut body: B, birth: Birth<B>) -> Newborn<B> {
        let Birth { greeting, accepted, clocks, journal, narrator, version, pid } = birth;
        let Accepted { mut loaded, probes, crc, is_root } = accepted;
        obey(greeting.observe_only.is_some(), &mut loaded);
        body.adopt(probes);
        let (remembered, trouble) = match remember(&journal) {
            Ok(remembered) => (remembered, None),
            Err(error) => (None, Some(format!("{UNREAD}: {}: {error}", journal.place().display()))),
        };
        let clock = Clock::new(Rc::clone(&clocks), greeting.line_offset_ms);
        let boot = BootId(greeting.boot_id);
        let (clock, started) = line_of(clock, greeting.started, boot, remembered.as_ref());
        let past = Past::of(remembered.as_ref(), &started);
        let recorder = Recorder::new(Rc::clone(&journal), greeting.boot_id);
        let record = Record::open(journal, loaded.journal, narrator, clocks);
        let identity = Identity {
            version,
            pid,
            boot,
            is_root,
            config_loaded_wall_ms: clock.wall_ms(),
            config_error: None,
            is_observe_only: greeting.observe_only.is_some(),
        };
        let mut mind = Mind {
            body,
            sense: Sense::new(clock.readings()),
            state: State::new(&loaded.config.policy, clock.now()),
            why_not: vec![String::new(); loaded.config.apps.len()],
            config: loaded.config,
            mailbox: Mailbox::default(),
            effects: Vec::new(),
            looks: Looks::default(),
            folds: Folds::default(),
            bundles: Bundles::default(),
            record,
            recorder,
            holds: Holds::default(),
            beat: Beat::default(),
            passes: Passes::default(),
            watched: Vec::new(),
            readings: Vec::new(),
            identify_asked: BTreeMap::new(),
            drilled: BTreeSet::new(),
            identity,
            last_woke: Moment(0),
            status_is_old: true,
            status_shown_ms: 0,
            last_boot: None,
            last_summary: None,
            ended: None,
            clock,
        };
        mind.begin(remembered, crc);
        mind.last_boot = greeting.last_boot;
        let off = mind.read_recorder();
        mind.tell_last_boot(&past);
        mind.alarm(off);
        mind.alarm(trouble);
        mind.alarm(greeting.observe_only);
        Newborn { mind, started, early: greeting.early }
    }

    /// Its body.
    pub fn body(&self) -> &B {
        self.mind.body()
    }

    /// Hears what happened while nobody looked: troubles of our own start, the ledger, what the
    /// executor said early, the hold files.
    pub fn wake(self, alarms: Vec<String>, hold_files: HoldFiles) -> Mind<B> {
        let Newborn { mut mind, started, early } = self;
        mind.alarm(alarms);
        mind.mailbox.push(Event::Started(started));
        for report in early {
            mind.report(report, None);
        }
        mind.see_hold_files(hold_files);
        mind.feed_all();
        mind.sync();
        mind
    }
}

const UNREAD: &str = "the journal cannot be read, so what happened before is not remembered";

impl<B: Body> Mind<B> {
    /// The head of this run's journal, and the state that it begins with.
    fn begin(&mut self, remembered: Option<Remembered>, config: TextCrc) {
        let now = self.clock.now();
        let (mut old, mut held_by_command) = (None, BTreeMap::new());
        if let Some(remembered) = remembered {
            for line in remembered.unwritten {
                self.record.write(&remembered.policy, remembered.up, line);
            }
            self.holds.remember(remembered.held_by_file);
            old = Some((remembered.policy, remembered.state));
            held_by_command = remembered.held_by_command;
        }
        let line = Line::Started {
            version: self.identity.version.into(),
            pid: self.identity.pid,
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
        held_by_command.retain(|_, until| *until > now);
        for (name, until) in held_by_command {
            self.goes_on_by_command(&name, until);
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

    pub(super) fn alarm(&mut self, messages: impl IntoIterator<Item = String>) {
        for message in messages {
            let line = Line::Alarm { app: None, invariant: None, message: message.into() };
            self.write(self.clock.now(), line);
        }
    }
}

/// The up-time line, and what the executor said in its terms. The line never runs backwards: if
/// the ledger was lost with its count of earlier boots, everything is moved behind what the journal
/// has already used, because an engine whose past lies in the future would wait for it.
fn line_of(
    clock: Clock,
    mut started: Started,
    boot: BootId,
    remembered: Option<&Remembered>,
) -> (Clock, Started) {
    let Some(remembered) = remembered else { return (clock, started) };
    let is_new = is_new_boot(&started, boot, remembered);
    started.new_boot = is_new;
    let (clock, mut started) = move_behind(clock, started, remembered);
    started.away_ms = is_new.then(|| away_ms(&clock, remembered));
    (clock, started)
}

/// The id tells boots apart. Beside it the engine must have heard of this one, or a guardian that died between its
/// first line and its first event would keep the boot from it. What it has heard is as late as the ledger says,
/// or later: the line was moved then.
fn is_new_boot(started: &Started, boot: BootId, remembered: &Remembered) -> bool {
    let (began, known) = (started.booted_at, remembered.state.booted_at);
    let is_unheard = began.since(known) > SAME_BOOT_MS;
    match remembered.boot {
        Some(last) => last != boot || is_unheard,
        None => is_unheard || known.since(began) > SAME_BOOT_MS,
    }
}

fn move_behind(clock: Clock, mut started: Started, remembered: &Remembered) -> (Clock, Started) {
    let behind_ms = remembered.up.max(remembered.state.now).since(clock.now());
    if behind_ms == 0 {
        return (clock, started);
    }
    started.booted_at = started.booted_at.plus(behind_ms);
    started.charges.iter_mut().for_each(|charge| charge.at = charge.at.plus(behind_ms));
    started.vain.0.iter_mut().for_each(|it| it.at = it.at.plus(behind_ms));
    started.starts.iter_mut().for_each(|starts| starts.last = starts.last.plus(behind_ms));
    (clock.moved(behind_ms), started)
}
