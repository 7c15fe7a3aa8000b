//! Faults of an app, and kills of the agent that heals it, at random instants.

use super::dice::Dice;
use super::folder::Folder;
use super::lone::Lone;
use super::machine::{Machine, UNIT};
use super::verdict;
use super::wait::{poll_until, stays_false};
use super::whole::{Daemon, Home, SOON, signal_to};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// Acts of the ladder in an hour; small, so that a storm spends them and goes on gently.
pub const LADDER_LIMIT: u8 = 6;
/// The pause between two gentle acts.
pub const GENTLE_EVERY_MS: u64 = 1_500;

/// An incident may have to wait for the longest back-off and the gentle pause, on a busy machine.
const HEALED: Duration = Duration::from_secs(40);

/// With its budget spent an app that answers wrongly is left to a person, who mends it then.
const PERSON_COMES: Duration = Duration::from_secs(8);

/// What was done in a storm.
#[derive(Debug, Default)]
pub struct Tally {
    /// Faults that struck.
    pub faults: u32,
    /// kill -9 of the executor.
    pub executor_kills: u32,
    /// kill -9 of the guardian.
    pub guardian_kills: u32,
    /// Kills while the app did not answer.
    pub during_incidents: u32,
    /// Times that a healthy app was adopted by a new executor.
    pub adoptions: u32,
    /// The reasons of the holds that were acknowledged.
    pub acknowledged: Vec<String>,
}

/// An agent with its app, and whoever breaks both.
pub struct Storm {
    // The order of the first three is the order of their end: see `Calm`.
    daemon: Daemon,
    /// The app.
    pub lone: Lone,
    /// The agent's folders.
    pub home: Home,
    /// What was done.
    pub tally: Tally,
    dice: Dice,
    /// Guardians killed under the present executor.
    guardians_in_a_row: u32,
    /// Whose service manager keeps the app, if it is a unit.
    machine: Option<Machine>,
}

fn config(lone: &Lone, target: &str) -> String {
    format!(
        "[machine]\nmode = \"act\"\n[app.lone]\nurl = \"http://127.0.0.1:{}/\"\n{target}\
         interval = \"200ms\"\nfast = \"100ms\"\ntimeout = \"300ms\"\nwindow = \"600ms\"\n\
         rise = 2\nverify = \"300ms\"\nstart_grace = \"3s\"\nbackoff = \"200ms\"\n\
         backoff_max = \"1s\"\nrelapse = \"1s\"\nhealthy_reset = \"1s\"\nunknown_wait = \"1s\"\n\
         budget = {{ hour = {LADDER_LIMIT}, day = {LADDER_LIMIT} }}\nincident_limit = 20\n\
         gentle_every = \"{GENTLE_EVERY_MS}ms\"\ngrace = \"200ms\"\n",
        lone.port,
    )
}

impl Storm {
    /// An agent whose app, started by itself, answers.
    pub fn begin(seed: u64) -> Storm {
        let folder = Folder::new(&format!("storm-{seed}"));
        let lone = Lone::new(&folder);
        let target = format!("start = {}\n{}", lone.start_list(), Lone::user_line());
        let home = Home::new(folder, &config(&lone, &target));
        Storm::over(seed, home, lone, None)
    }

    /// The same with an app that is a unit of a scripted service manager.
    pub fn begin_with_unit(seed: u64) -> Storm {
        let folder = Folder::new(&format!("unit-storm-{seed}"));
        let lone = Lone::new(&folder);
        let machine = Machine::new(&folder, &lone);
        let config = config(&lone, &format!("unit = \"{UNIT}\"\n"));
        Storm::over(seed, machine.home(folder, &config), lone, Some(machine))
    }

    fn over(seed: u64, home: Home, lone: Lone, machine: Option<Machine>) -> Storm {
        let (daemon, dice) = (home.daemon(), Dice::new(seed));
        let storm = Storm {
            home,
            lone,
            tally: Tally::default(),
            daemon,
            dice,
            guardians_in_a_row: 0,
            machine,
        };
        storm.until_well();
        storm
    }

    /// So many kills, each at an instant of the dice's.
    pub fn rage(&mut self, kills: u32) {
        for kill in 0..kills {
            if !self.dice.one_in(5) {
                self.break_app();
            }
            // From the first failed probe to the middle of a verification.
            let pause = self.dice.pause(1_600);
            self.watch(pause);
            self.tally.during_incidents += u32::from(!self.lone.is_well());
            // Then the kill comes right behind the acknowledgement.
            if self.dice.one_in(3) {
                self.hold(kill);
            }
            self.kill_one();
            if self.dice.one_in(3) {
                self.until_well();
            }
            if self.dice.one_in(6) {
                self.adopt();
            }
        }
        self.until_well();
    }

    /// Stops the agent and judges what it wrote.
    pub fn end(self) -> Tally {
        let Storm { home, lone, tally, daemon, machine, .. } = self;
        assert_eq!(daemon.stop(), Some(0), "{}", home.log());
        lone.assert_lone();
        // A unit was started by its own manager first.
        let foreign_starts = usize::from(machine.is_some());
        verdict::judge(&home, &lone.lives()[foreign_starts..], &tally);
        tally
    }

    fn break_app(&mut self) {
        let Some(life) = self.lone.living() else { return };
        self.tally.faults += 1;
        match self.dice.below(6) {
            0 | 1 => life.signal(Signal::KILL),
            2 => life.signal(Signal::STOP),
            3 => self.lone.strike("err500"),
            4 => self.lone.strike("hang"),
            _ => {
                self.lone.strike("deaf");
                self.lone.strike("hang");
            }
        }
    }

    fn watch(&mut self, span: Duration) {
        let lone = &self.lone;
        stays_false("it is alive twice", span, || {
            lone.assert_lone();
            false
        });
    }

    /// A hold that is acknowledged must outlive whatever happens next.
    fn hold(&mut self, kill: u32) {
        let reason = format!("deploy {kill}");
        let request =
            format!("{{\"do\":\"hold\",\"app\":\"lone\",\"for_ms\":400,\"reason\":\"{reason}\"}}");
        if self.home.ask(&request).is_some_and(|answer| answer.contains("\"ok\":true")) {
            self.tally.acknowledged.push(reason);
        }
    }

    fn kill_one(&mut self) {
        // A third guardian that dies within 5 min leaves nothing but observing: a new executor forgets that.
        if self.dice.one_in(2) || self.guardians_in_a_row == 2 {
            self.guardians_in_a_row = 0;
            self.tally.executor_kills += 1;
            self.daemon.kill();
            self.daemon = self.home.daemon();
        } else {
            let daemon = &self.daemon;
            let guardian = poll_until("there is a guardian", SOON, || daemon.guardian());
            self.tally.guardian_kills += 1;
            self.guardians_in_a_row += 1;
            signal_to(guardian, Signal::KILL);
        }
    }

    /// A healthy app is taken over by a new executor as it is, and its death is noticed again.
    fn adopt(&mut self) {
        self.until_well();
        let before = self.lone.lives();
        self.tally.executor_kills += 1;
        self.tally.adoptions += 1;
        self.guardians_in_a_row = 0;
        self.daemon.kill();
        self.daemon = self.home.daemon();
        self.home.wait_for_word("up", SOON);
        assert_eq!(self.lone.lives(), before, "a living app was started again");
        let life = self.lone.living().expect("it lives");
        life.signal(Signal::KILL);
        self.until_well();
        assert_ne!(self.lone.living(), Some(life), "its death was not noticed");
    }

    fn until_well(&self) {
        let (lone, home) = (&self.lone, &self.home);
        let begun = Instant::now();
        poll_until("the app is up again, and known to be", HEALED, || {
            lone.assert_lone();
            if begun.elapsed() > PERSON_COMES {
                lone.mend("err500");
            }
            (lone.is_well() && home.word().as_deref() == Some("up")).then_some(())
        });
    }
}
