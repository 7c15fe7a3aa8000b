//! Two processes, two users: whom the guardian runs as, and what it is given.
//!
//! The guardian talks to everything that is foreign, so it is assumed to fall. Under root it is a user of
//! its own: it may write the journal, and in the runtime folder; ledger, config and outputs stay
//! root's. Guarding is worth more than separating: where it cannot be had, that is said, and
//! everything else goes on.

mod folders;
mod who;

pub use who::Ids;

use std::path::Path;

/// Whom the guardian runs as, and what a person should know about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Separation {
    /// The user that it becomes; `None`: ours.
    pub ids: Option<Ids>,
    /// Said once, at start: it is separated, but not as it should be.
    pub remark: Option<String>,
    /// It runs with all our privileges although we are root, and why: an alarm of every start.
    pub alarm: Option<String>,
}

impl Separation {
    /// For an agent in these folders, which are there and ours. Without root there is nothing to
    /// separate: both processes are who they are. Under root, hands the guardian what is its own.
    pub fn arrange(state_dir: &Path, runtime_dir: &Path) -> Separation {
        if !rustix::process::geteuid().is_root() {
            return Separation::default();
        }
        let (ids, remark) = match who::choose() {
            Ok(chosen) => chosen,
            Err(why) => return Separation::refused(&why),
        };
        if let Err(why) = who::may_execute(&ids) {
            return Separation::refused(&why);
        }
        match folders::hand_over(&ids, state_dir, runtime_dir) {
            Ok(()) => Separation { ids: Some(ids), remark, alarm: None },
            Err(why) => Separation::refused(&why),
        }
    }

    fn refused(why: &str) -> Separation {
        let alarm = format!("the guardian runs as root, not as a user of its own: {why}");
        Separation { ids: None, remark: None, alarm: Some(alarm) }
    }
}
