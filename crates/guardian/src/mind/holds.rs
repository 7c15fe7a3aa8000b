//! Holds: by a file of the folder `hold`, and by command. Each ends only itself.

use super::{Body, Mind};
use defib_engine::event::Event;
use defib_engine::id::AppId;
use defib_engine::time::Moment;
use defib_journal::line::Line;
use std::collections::{BTreeMap, BTreeSet};

/// The hold files that are there: for which app (or `*`), and for how many milliseconds more.
pub type HoldFiles = BTreeMap<String, u64>;

/// Two readings of one file differ by the clocks' rounding; only more than this is a new touch.
const SAME_MS: u64 = 50;

/// What holds.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// By file, by the file's name: until when.
    files: BTreeMap<String, Moment>,
    /// By command, by app, so that a vanished file does not end them.
    pub(super) commanded: BTreeMap<AppId, Moment>,
}

/// A change of the hold files.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// `app` (or `*`) is held until then.
    Held { app: String, until: Moment },
    /// The file is gone, or too old.
    Released { app: String },
}

impl Holds {
    /// Apps that a file held when the last guardian ended: those whose file is gone since are released
    /// at the first look, the others are held anew.
    pub(super) fn remember(&mut self, held_by_file: BTreeSet<String>) {
        self.files = held_by_file.into_iter().map(|app| (app, Moment(0))).collect();
    }

    /// Until when a file holds `app`, by its own name or by `*`.
    pub(super) fn until(&self, app: &str) -> Option<Moment> {
        [app, "*"].into_iter().filter_map(|name| self.files.get(name)).max().copied()
    }

    fn look(&mut self, present: BTreeMap<String, Moment>) -> Vec<Change> {
        let changes = changes(&self.files, &present);
        self.files = present;
        changes
    }
}

fn changes(before: &BTreeMap<String, Moment>, after: &BTreeMap<String, Moment>) -> Vec<Change> {
    let gone = before.keys().filter(|app| !after.contains_key(*app));
    let released = gone.map(|app| Change::Released { app: app.clone() });
    let renewed = after.iter().filter(|(app, until)| match before.get(*app) {
        Some(known) => until.since(*known) > SAME_MS,
        None => true,
    });
    let held = renewed.map(|(app, until)| Change::Held { app: app.clone(), until: *until });
    released.chain(held).collect()
}

impl<B: Body> Mind<B> {
    /// The folder of hold files has changed; this is what it holds now.
    pub fn see_hold_files(&mut self, present: HoldFiles) {
        let now = self.clock.now();
        let present = present.into_iter().map(|(app, left_ms)| (app, now.plus(left_ms))).collect();
        for change in self.holds.look(present) {
            match change {
                Change::Held { app, until } => {
                    for app in self.apps_named(&app) {
                        self.hold(app, until, "file", "a file in the folder hold");
                    }
                }
                Change::Released { app } => {
                    for app in self.apps_named(&app) {
                        self.file_is_gone(app);
                    }
                }
            }
        }
    }

    /// Only the hold that the file made ends: another file or a command may still hold.
    fn file_is_gone(&mut self, app: AppId) {
        let now = self.clock.now();
        let by_file = self.holds.until(&self.config.apps[usize::from(app.0)].name);
        let by_command = self.holds.commanded.get(&app).copied();
        match by_file.max(by_command).filter(|until| *until > now) {
            Some(until) => self.mailbox.push(Event::Held { app, until }),
            None => self.release(app, "file", "the file is gone"),
        }
    }

    pub(super) fn hold(&mut self, app: AppId, until: Moment, by: &'static str, reason: &str) {
        let line =
            Line::Hold { app, until: Some(until), by: by.into(), reason: reason.to_owned().into() };
        self.write(self.clock.now(), line);
        self.mailbox.push(Event::Held { app, until });
    }

    /// A hold of the guardian before this one: the engine knows of it, and so must the next restart.
    pub(super) fn goes_on_by_command(&mut self, name: &str, until: Moment) {
        for app in self.apps_named(name) {
            self.holds.commanded.insert(app, until);
            let (by, reason) = ("command".into(), "it goes on after a restart".into());
            self.write(self.clock.now(), Line::Hold { app, until: Some(until), by, reason });
        }
    }

    pub(super) fn release(&mut self, app: AppId, by: &'static str, reason: &'static str) {
        let line = Line::Hold { app, until: None, by: by.into(), reason: reason.into() };
        self.write(self.clock.now(), line);
        self.mailbox.push(Event::Released { app });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, u64)]) -> BTreeMap<String, Moment> {
        files.iter().map(|&(name, until)| (name.to_owned(), Moment(until))).collect()
    }

    #[test]
    fn touching_renews_removing_releases_and_rounding_is_neither() {
        let mut holds = Holds::default();
        let held = |until| Change::Held { app: "shop".into(), until: Moment(until) };
        assert_eq!(holds.look(files(&[("shop", 5_000)])), [held(5_000)]);
        assert_eq!(holds.look(files(&[("shop", 5_000 + SAME_MS)])), []);
        assert_eq!(holds.look(files(&[("shop", 9_000)])), [held(9_000)]);
        assert_eq!(holds.look(files(&[])), [Change::Released { app: "shop".into() }]);
    }

    #[test]
    fn what_was_held_when_the_last_guardian_ended_is_released_or_held_anew() {
        let mut holds = Holds::default();
        holds.remember(["blog".to_owned(), "shop".to_owned()].into());
        let released = Change::Released { app: "blog".into() };
        let held = Change::Held { app: "shop".into(), until: Moment(5_000) };
        assert_eq!(holds.look(files(&[("shop", 5_000)])), [released, held]);
        assert_eq!(holds.until("shop"), Some(Moment(5_000)));
        assert_eq!(holds.until("blog"), None);
        holds.look(files(&[("*", 7_000)]));
        assert_eq!(holds.until("blog"), Some(Moment(7_000)));
    }
}
