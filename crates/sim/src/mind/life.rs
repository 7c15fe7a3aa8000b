//! One guardian process, from its first word to its end.

use super::body::SimBody;
use super::clocks::SimClocks;
use super::folder::HoldFolder;
use super::tap::Tap;
use crate::disk::Mount;
use crate::fact::Fact;
use crate::hand::GuardianEnd;
use crate::world::Lent;
use defib_engine::event::Exit;
use defib_engine::seen::Seen;
use defib_engine::state::State;
use defib_guardian::Ended;
use defib_guardian::mind::{
    Accepted, Birth, Body, Broken, ConfigText, Greeting, HANDSHAKE_MS, Handshake, Mind, Newborn,
    accept,
};
use defib_journal::order::{PROTOCOL, Report, Request};
use std::cell::Cell;
use std::rc::Rc;

/// As the guardian's own patience with an earlier one, and how often it looks.
const ALONE_MS: u64 = 1_000;
const ALONE_LOOK_MS: u64 = 10;

/// What a guardian brings in when it wakes.
struct Entrant {
    body: SimBody,
    greeting: Greeting,
    accepted: Accepted<SimBody>,
}

/// How far it is.
enum Stage {
    /// Until it says its first word.
    Starts,
    /// Until the executor has said what it must.
    Greets {
        body: Box<SimBody>,
        handshake: Box<Handshake>,
        ends_ms: u64,
    },
    /// Until an earlier guardian has ended.
    Waits {
        entrant: Box<Entrant>,
        look_ms: u64,
        ends_ms: u64,
    },
    Guards(Box<Mind<SimBody>>),
    Gone,
}

/// A look that has ended in the world: its number there, its beginning, what was seen.
pub(super) type Looked = (u32, u64, Seen);

/// One process.
pub(super) struct Life {
    pub(super) link: GuardianEnd,
    pub(super) mount: Mount,
    lent: Lent,
    clocks: Rc<SimClocks>,
    next_look: Rc<Cell<u32>>,
    present: Rc<Cell<u32>>,
    stage: Stage,
    /// Nothing of it runs until then: it has not begun, it is stopped, it waits for a disk.
    runs_from_ms: u64,
    /// What its last wait was asked to keep, in CLOCK_BOOTTIME milliseconds.
    asked_ms: u64,
    pub(super) looked: Vec<Looked>,
    pub(super) asks: Vec<String>,
    pub(super) folder_changed: bool,
}

impl Life {
    pub(super) fn new(
        link: GuardianEnd,
        first_word_ms: u64,
        mount: Mount,
        clocks: SimClocks,
        lent: &Lent,
        (next_look, present): (&Rc<Cell<u32>>, &Rc<Cell<u32>>),
    ) -> Life {
        Life {
            link,
            mount,
            lent: lent.clone(),
            clocks: Rc::new(clocks),
            next_look: Rc::clone(next_look),
            present: Rc::clone(present),
            stage: Stage::Starts,
            runs_from_ms: first_word_ms,
            asked_ms: 0,
            looked: Vec::new(),
            asks: Vec::new(),
            folder_changed: false,
        }
    }

    /// Whether it guards.
    pub(super) fn is_awake(&self) -> bool {
        matches!(self.stage, Stage::Guards(_))
    }

    /// What it knows.
    pub(super) fn state(&self) -> Option<&State> {
        match &self.stage {
            Stage::Guards(mind) => Some(mind.state()),
            _ => None,
        }
    }

    /// SIGSTOP until then.
    pub(super) fn stop_until(&mut self, until_ms: u64) {
        self.runs_from_ms = self.runs_from_ms.max(until_ms);
    }

    /// When it must be turned, in true time.
    pub(super) fn due_ms(&self, true_ms: impl Fn(u64) -> u64) -> u64 {
        if self.link.is_killed() {
            return 0;
        }
        let heard_ms = self.link.next_ms().unwrap_or(u64::MAX);
        let due_ms = match &self.stage {
            Stage::Starts => 0,
            Stage::Greets { ends_ms, .. } => heard_ms.min(*ends_ms),
            Stage::Waits { look_ms, .. } => *look_ms,
            Stage::Guards(_) => {
                let has_come =
                    !self.looked.is_empty() || !self.asks.is_empty() || self.folder_changed;
                if has_come { 0 } else { heard_ms.min(true_ms(self.asked_ms)) }
            }
            Stage::Gone => u64::MAX,
        };
        due_ms.max(self.runs_from_ms)
    }

    /// Does what is due now. `Some`: it has ended.
    pub(super) fn turn(&mut self, folder: &HoldFolder, is_alone: bool) -> Option<Exit> {
        if self.link.is_killed() {
            return Some(self.dies());
        }
        self.clocks.catch_up();
        let ended = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Starts => self.begins(),
            Stage::Greets { body, handshake, ends_ms } => self.greets(body, handshake, ends_ms),
            Stage::Waits { entrant, ends_ms, .. } => {
                let now_ms = self.clocks.now_ms();
                if is_alone || now_ms >= ends_ms {
                    self.wakes(*entrant, folder);
                } else {
                    let look_ms = now_ms + ALONE_LOOK_MS;
                    self.stage = Stage::Waits { entrant, look_ms, ends_ms };
                }
                None
            }
            Stage::Guards(mind) => self.guards(mind, folder),
            Stage::Gone => None,
        };
        let caught_up_ms = self.clocks.now_ms();
        self.runs_from_ms = self.runs_from_ms.max(caught_up_ms);
        if self.mount.has_ended() {
            return Some(self.dies());
        }
        ended.map(|ended| Exit::Code(ended.code()))
    }

    /// Killed, from outside or by a crash at a write.
    pub(super) fn dies(&mut self) -> Exit {
        self.mount.end();
        self.stage = Stage::Gone;
        Exit::Signal(9)
    }

    fn begins(&mut self) -> Option<Ended> {
        let mut body = SimBody::new(
            self.lent.clone(),
            self.link.clone(),
            self.mount.clone(),
            Rc::clone(&self.clocks),
            Rc::clone(&self.next_look),
        );
        if let Err(broken) = body.send(&Request::Hello { protocol: PROTOCOL }) {
            return Some(broken.into());
        }
        let ends_ms = self.clocks.now_ms() + HANDSHAKE_MS;
        self.stage = Stage::Greets { body: Box::new(body), handshake: Box::default(), ends_ms };
        None
    }

    fn greets(
        &mut self,
        mut body: Box<SimBody>,
        mut handshake: Box<Handshake>,
        ends_ms: u64,
    ) -> Option<Ended> {
        loop {
            let (report, text) = match self.receive() {
                Ok(Some(message)) => message,
                Ok(None) if self.clocks.now_ms() >= ends_ms => {
                    return Some(Ended::Failed("the executor did not answer within 10 s".into()));
                }
                Ok(None) => break,
                Err(broken) => return Some(broken.into()),
            };
            let greeting = match handshake.hear(report) {
                Ok(None) => continue,
                Ok(Some(greeting)) => greeting,
                Err(broken) => return Some(broken.into()),
            };
            let text = text.unwrap_or_else(|| Err("no text came".into()));
            match accept(&mut *body, text, true) {
                Ok(accepted) => {
                    let now_ms = self.clocks.now_ms();
                    let (look_ms, ends_ms) = (now_ms, now_ms + ALONE_MS);
                    let entrant = Box::new(Entrant { body: *body, greeting, accepted });
                    self.stage = Stage::Waits { entrant, look_ms, ends_ms };
                    return None;
                }
                Err(ended) => return Some(ended),
            }
        }
        self.stage = Stage::Greets { body, handshake, ends_ms };
        None
    }

    fn wakes(&mut self, entrant: Entrant, folder: &HoldFolder) {
        let Entrant { body, greeting, accepted } = entrant;
        let pid = self.link.pid();
        // One that stood still while its executor died comes to itself beside its follower, and sees the
        // dead link in its first turn: it is not the one that guards.
        if pid > self.present.get() {
            self.present.set(pid);
            self.lent.world().tell(Fact::GuardianBegan);
        }
        let (lent, mount) = (self.lent.clone(), self.mount.clone());
        let narrator = Tap { lent, mount, pid, present: Rc::clone(&self.present) };
        let birth = Birth {
            greeting,
            accepted,
            clocks: Rc::clone(&self.clocks) as Rc<_>,
            journal: self.mount.storage(),
            narrator: Box::new(narrator),
            version: "simulated",
            pid,
        };
        let newborn = Newborn::new(body, birth);
        let mut mind = newborn.wake(Vec::new(), self.look_at(folder));
        self.asked_ms = mind.rest(None);
        self.stage = Stage::Guards(Box::new(mind));
    }

    /// One turn, as the guardian's own loop has it.
    fn guards(&mut self, mut mind: Box<Mind<SimBody>>, folder: &HoldFolder) -> Option<Ended> {
        mind.body_mut().begin_waiting();
        mind.woke(self.asked_ms);
        while mind.has_room() {
            match self.receive() {
                Ok(Some((report, text))) => mind.report(report, text),
                Ok(None) => break,
                Err(broken) => mind.lose_link(broken),
            }
        }
        for (number, began_ms, seen) in std::mem::take(&mut self.looked) {
            if let Some(landing) = mind.body_mut().land(number, began_ms, seen) {
                mind.landed(&landing);
            }
        }
        if std::mem::take(&mut self.folder_changed) {
            mind.see_hold_files(self.look_at(folder));
        }
        for ask in std::mem::take(&mut self.asks) {
            mind.ask(ask.as_bytes());
        }
        let ended = mind.turn();
        self.asked_ms = mind.rest(None);
        self.stage = Stage::Guards(mind);
        ended
    }

    fn look_at(&self, folder: &HoldFolder) -> defib_guardian::mind::HoldFiles {
        let now_ms = self.clocks.now_ms();
        let wall_ms = self.lent.world().machine().wall_ms(now_ms);
        folder.look(wall_ms)
    }

    fn receive(&self) -> Result<Option<(Report, Option<ConfigText>)>, Broken> {
        let Some((bytes, text)) = self.link.receive(self.clocks.now_ms()) else {
            let is_over = self.link.is_closed() && self.link.next_ms() == Some(0);
            return if is_over { Err(Broken::Closed) } else { Ok(None) };
        };
        let report = Report::decode(&bytes)
            .map_err(|error| Broken::Protocol(format!("a message of the executor: {error:?}")))?;
        Ok(Some((report, text.map(|text| Ok(text.into_bytes())))))
    }
}
