//! The reboot ladder: which deed comes next, from what the deeds led to and from time. Pure.
//!
//! A step that is refused gives way to the next at once; one that was taken and leaves the machine
//! standing does so at its deadline. It never goes back, and never does a deed twice.

/// How long the service manager may take to accept. Longer, and it is stuck.
const ANSWER_MS: u64 = 10_000;
/// From the asking for a reboot without stop jobs until the machine must be gone.
const FORCED_MS: u64 = 10_000;
/// The same from the beginning of the step with reboot(2), and of the one with sysrq.
const LAST_MS: u64 = 5_000;
/// From the beginning of a sync to what cuts it off. The journal's last lines, too, get to the disk in it.
const SYNC_MS: u64 = 1_000;

/// The steps, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// The service manager stops everything in order.
    Polite,
    /// The service manager reboots without stop jobs.
    Forced,
    /// reboot(2).
    Syscall,
    /// Sysrq s, u, b.
    Sysrq,
    /// The hardware watchdog is left unfed.
    Starve,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Deed {
    /// See to it that the hardware watchdog, and a reset by the kernel itself if it panics, stand behind all that
    /// follows.
    Arm,
    /// Ask the service manager; it answers until then.
    AskPolitely(u64),
    /// Ask it without stop jobs; it answers until then.
    Force(u64),
    /// The hardware watchdog waits no longer than what is left takes.
    Hasten,
    /// The hardware watchdog counts again, where reboot(2) has stopped it.
    Rearm,
    /// What needs no memory, no process and no service manager.
    Last(LastDeed),
    /// Feed the hardware watchdog no more.
    StopFeeding,
}

/// The deeds of the steps that need nothing but the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LastDeed {
    /// Begin a sync of all disks that nobody waits for.
    Sync,
    /// reboot(2), on a thread of its own: it may never return.
    Reset,
    /// Sysrq s.
    SysrqSync,
    /// Sysrq u.
    SysrqReadOnly,
    /// Sysrq b.
    SysrqReset,
}

/// What a deed led to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    /// It was taken. For the polite step its time begins here.
    Accepted,
    /// It was not, and never will be.
    Refused,
    /// The service manager does not run: it is asked for nothing more.
    Mute,
}

/// What to do now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Turn {
    /// This, and then ask again.
    Do(Deed),
    /// Nothing before this time, or a [`Word`].
    Wait(u64),
    /// Every step is over, and the machine stands.
    Over,
}

/// One climb.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Ladder {
    polite_ms: u64,
    /// How long an armed device may take to reset; 0: there is none.
    starve_ms: u64,
    step: Step,
    /// How many deeds of the step are done.
    done: usize,
    /// When its next deed is due.
    due_ms: u64,
    /// When the step gives way to the next.
    until_ms: u64,
    is_refused: bool,
    /// The service manager is passed over.
    is_mute: bool,
}

impl Ladder {
    /// At its foot. `polite_ms`: from the service manager's acceptance until the machine must be gone.
    pub fn new(polite_ms: u64, now_ms: u64) -> Ladder {
        Ladder {
            polite_ms,
            starve_ms: 0,
            step: Step::Polite,
            done: 0,
            due_ms: now_ms,
            until_ms: now_ms,
            is_refused: false,
            is_mute: false,
        }
    }

    /// The same where the service manager is known not to run: the device is armed, and the kernel asked.
    pub fn without_manager(polite_ms: u64, now_ms: u64) -> Ladder {
        Ladder { is_refused: true, is_mute: true, ..Ladder::new(polite_ms, now_ms) }
    }

    /// A device is armed, and resets the machine within `within_ms` of its last feeding.
    pub fn armed(&mut self, within_ms: u64) {
        self.starve_ms = within_ms;
    }

    /// Where it is.
    pub fn step(&self) -> Step {
        self.step
    }

    /// What to do now. After each [`Turn::Do`] it is asked again.
    pub fn turn(&mut self, now_ms: u64) -> Turn {
        loop {
            if self.done < self.deeds() {
                return self.next_deed(now_ms);
            }
            if !self.is_refused && now_ms < self.until_ms {
                return Turn::Wait(self.until_ms);
            }
            let Some(next) = self.next_step() else { return Turn::Over };
            (self.step, self.done, self.due_ms, self.is_refused) = (next, 0, now_ms, false);
        }
    }

    /// A step is not left before each of its deeds was done, however late we are woken.
    fn next_deed(&mut self, now_ms: u64) -> Turn {
        if now_ms < self.due_ms {
            return Turn::Wait(self.due_ms);
        }
        if self.done == 0 {
            self.until_ms = now_ms + self.limit_ms();
        }
        let deed = self.step.deed(self.done, self.until_ms);
        self.done += 1;
        self.due_ms = now_ms + deed.pause_ms();
        Turn::Do(deed)
    }

    /// What became of the deed that was done last.
    pub fn hear(&mut self, word: Word, now_ms: u64) {
        match word {
            Word::Accepted if self.step == Step::Polite => self.until_ms = now_ms + self.polite_ms,
            // A sync that cannot be begun is not waited for; the step goes on.
            Word::Refused if self.done < self.deeds() => self.due_ms = now_ms,
            Word::Refused => self.is_refused = true,
            Word::Mute if self.step <= Step::Forced => {
                (self.is_mute, self.is_refused) = (true, true);
            }
            Word::Accepted | Word::Mute => {}
        }
    }

    /// How many deeds this step has here.
    fn deeds(&self) -> usize {
        match self.step {
            Step::Polite if self.is_mute => 1,
            step => step.deeds(),
        }
    }

    fn next_step(&self) -> Option<Step> {
        match self.step {
            Step::Polite if self.is_mute => Some(Step::Syscall),
            step => step.next(),
        }
    }

    fn limit_ms(&self) -> u64 {
        match self.step {
            Step::Polite => ANSWER_MS.min(self.polite_ms),
            Step::Forced => FORCED_MS,
            Step::Syscall | Step::Sysrq => LAST_MS,
            Step::Starve => self.starve_ms,
        }
    }
}

impl Step {
    fn next(self) -> Option<Step> {
        match self {
            Step::Polite => Some(Step::Forced),
            Step::Forced => Some(Step::Syscall),
            Step::Syscall => Some(Step::Sysrq),
            Step::Sysrq => Some(Step::Starve),
            Step::Starve => None,
        }
    }

    /// How many deeds it has.
    fn deeds(self) -> usize {
        match self {
            Step::Forced | Step::Starve => 1,
            Step::Polite => 2,
            Step::Syscall => 3,
            Step::Sysrq => 4,
        }
    }

    fn deed(self, at: usize, until_ms: u64) -> Deed {
        match (self, at) {
            (Step::Polite, 0) => Deed::Arm,
            (Step::Polite, _) => Deed::AskPolitely(until_ms),
            (Step::Forced, _) => Deed::Force(until_ms),
            (Step::Syscall, 0) => Deed::Hasten,
            (Step::Syscall, 1) => Deed::Last(LastDeed::Sync),
            (Step::Syscall, _) => Deed::Last(LastDeed::Reset),
            (Step::Sysrq, 0) => Deed::Rearm,
            (Step::Sysrq, 1) => Deed::Last(LastDeed::SysrqSync),
            (Step::Sysrq, 2) => Deed::Last(LastDeed::SysrqReadOnly),
            (Step::Sysrq, _) => Deed::Last(LastDeed::SysrqReset),
            (Step::Starve, _) => Deed::StopFeeding,
        }
    }
}

impl Deed {
    /// From it to the next of its step: only what goes to the disk needs time.
    fn pause_ms(self) -> u64 {
        match self {
            Deed::Arm | Deed::Hasten | Deed::Rearm => 0,
            Deed::AskPolitely(_) | Deed::Force(_) | Deed::Last(_) | Deed::StopFeeding => SYNC_MS,
        }
    }
}
