//! How an app is, by the journal's last word.

use crate::view::incident::{Item, Point};
use crate::view::keep::Kept;
use defib_engine::id::Identity;
use defib_engine::policy::RungSet;

/// An app's state in one word, of those in docs/formats/control.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppWord {
    /// Not yet seen well.
    Starting,
    /// As it should be.
    Up,
    /// A look failed.
    Suspect,
    /// An incident is open.
    Down,
    /// An order is out.
    Acting,
    /// Well again, but not for long enough.
    Verifying,
    /// Something holds the next act back.
    Waiting,
    /// A person asked for quiet.
    Held,
    /// A person stopped it.
    Stopped,
}

impl AppWord {
    /// The word.
    pub const fn text(self) -> &'static str {
        match self {
            AppWord::Starting => "starting",
            AppWord::Up => "up",
            AppWord::Suspect => "suspect",
            AppWord::Down => "down",
            AppWord::Acting => "acting",
            AppWord::Verifying => "verifying",
            AppWord::Waiting => "waiting",
            AppWord::Held => "held",
            AppWord::Stopped => "stopped",
        }
    }
}

/// One app.
#[derive(Debug, Clone)]
pub struct AppView {
    /// Its name.
    pub name: String,
    /// Its state.
    pub word: AppWord,
    /// Since when.
    pub since: Point,
    /// The open incident's number.
    pub incident: Option<u32>,
    /// Until when it is held.
    pub held_until: Option<Point>,
    /// What can be done for it.
    pub rungs: Option<RungSet>,
    /// Why it cannot be started, if it cannot.
    pub unstartable: Option<String>,
    /// Its main process, where one is known.
    pub process: Option<Identity>,
    /// When a drill of it began last.
    pub(crate) drill: Option<Point>,
    /// What happened since it was last well, before an incident was opened.
    pub(crate) pending: Kept<Item>,
}

impl AppView {
    pub(crate) fn new(name: String, since: Point) -> AppView {
        AppView {
            name,
            word: AppWord::Starting,
            since,
            incident: None,
            held_until: None,
            rungs: None,
            unstartable: None,
            process: None,
            drill: None,
            pending: Kept::new(8, 24),
        }
    }

    pub(crate) fn turn(&mut self, word: AppWord, at: Point) {
        if self.word != word {
            self.word = word;
            self.since = at;
        }
    }
}
