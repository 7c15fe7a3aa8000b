//! An agent that guards a healthy app, and the proof that it did nothing to it.

use super::folder::Folder;
use super::lone::{Life, Lone};
use super::wait::{poll_until, stays_false};
use super::whole::{Daemon, Home, SOON, signal_to};
use defib_engine::effect::Rung;
use defib_journal::line::{Entry, Line};
use rustix::process::Signal;
use std::time::Duration;

/// A tenth of the defaults and less, for tests that must be quick.
pub const QUICK: &str = "interval = \"300ms\"\nfast = \"200ms\"\ntimeout = \"300ms\"\n\
                         window = \"2s\"\nrise = 2\nverify = \"300ms\"\n";

/// An app that is well, and its guard.
///
/// Dropped in this order: the agent, so that nobody starts the app again; the app, which is found by its log;
/// and only then the folder with that log.
pub struct Calm {
    /// The agent.
    pub daemon: Daemon,
    /// The app.
    pub lone: Lone,
    /// The agent's folders.
    pub home: Home,
    life: Life,
}

impl Calm {
    /// An agent at this pace (an empty one is the default) whose app is up.
    pub fn begin(name: &str, pace: &str) -> Calm {
        let folder = Folder::new(name);
        let lone = Lone::new(&folder);
        let (port, start, user) = (lone.port, lone.start_list(), Lone::user_line());
        let config = format!(
            "[app.lone]\nurl = \"http://127.0.0.1:{port}/\"\nstart = {start}\n{user}{pace}"
        );
        let home = Home::new(folder, &config);
        let daemon = home.daemon();
        // With the default pace a start is verified after 20 s.
        home.wait_for_word("up", Duration::from_mins(1));
        let life = lone.living().expect("it answers");
        Calm { daemon, lone, home, life }
    }

    /// Looks on for this long.
    pub fn pass(&self, span: Duration) {
        stays_false("the app was ended", span, || !self.life.is_alive());
    }

    /// A fault for so long.
    pub fn burst(&self, fault: &str, span: Duration) {
        self.lone.strike(fault);
        self.pass(span);
        self.lone.mend(fault);
    }

    /// The next look is lost.
    pub fn lose_one(&self) {
        self.lone.strike("lose");
        poll_until("a look is lost", SOON, || (!self.lone.has("lose")).then_some(()));
    }

    /// Stops these processes for so long.
    pub fn freeze(&self, pids: &[u32], span: Duration) {
        for pid in pids {
            signal_to(*pid, Signal::STOP);
        }
        self.pass(span);
        for pid in pids {
            signal_to(*pid, Signal::CONT);
        }
    }

    /// The guardian's process.
    pub fn guardian(&self) -> u32 {
        poll_until("there is a guardian", SOON, || self.daemon.guardian())
    }

    /// How many looks were not good.
    pub fn bad_looks(&self) -> usize {
        let is_bad = |entry: &&Entry| match &entry.line {
            Line::Probe { seen, .. } => !seen.is_good(),
            _ => false,
        };
        self.home.journal().iter().filter(is_bad).count()
    }

    /// The app is known to be up, and nothing was ever done but its first start.
    pub fn assert_untouched(self) {
        self.home.wait_for_word("up", SOON);
        let acts: Vec<Rung> = self.home.orders().iter().map(|(_, order)| order.rung).collect();
        assert_eq!(acts, [Rung::Start], "{}", self.home.log());
        assert_eq!(self.lone.lives(), [self.life]);
        assert!(self.life.is_alive());
        self.home.assert_replays();
        assert_eq!(self.daemon.stop(), Some(0), "{}", self.home.log());
    }
}
