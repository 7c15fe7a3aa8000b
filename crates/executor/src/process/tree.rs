//! Who belongs to a `start` app: its session, and every descendant of that.

use super::handle::is_protected;
use super::stat::{self, Stat};
use defib_engine::id::Identity;
use std::io;

/// All living members of the app whose main process is, or was, `main`.
///
/// `main` was made a session leader by `exec-child`, so its number is the session's. The kernel does
/// not give a number away while a session bears it; if a process with that number but another start
/// time is there, the session is a stranger's and nothing of it is ours. `Err`: they cannot be seen now,
/// so nobody may take them for gone.
pub(crate) fn members(main: Identity) -> io::Result<Vec<Identity>> {
    Ok(members_among(&stat::read_all()?, main))
}

fn members_among(all: &[Stat], main: Identity) -> Vec<Identity> {
    let taken = all
        .iter()
        .any(|stat| stat.identity.pid == main.pid && stat.identity.start_ticks != main.start_ticks);
    if taken {
        return Vec::new();
    }
    let mut found: Vec<Identity> = all
        .iter()
        .filter(|stat| {
            stat.identity == main
                || stat.session == main.pid && stat.identity.start_ticks >= main.start_ticks
        })
        .map(|stat| stat.identity)
        .collect();
    // Each round adds the children of those found so far; a fork takes one round.
    let mut done = 0;
    while done < found.len() {
        let parent = found[done].pid;
        for stat in all.iter().filter(|stat| stat.parent == parent) {
            if !found.contains(&stat.identity) {
                found.push(stat.identity);
            }
        }
        done += 1;
    }
    let may_end = |id: &Identity| {
        all.iter().any(|stat| stat.identity == *id && stat.is_alive() && !stat.is_sshd)
    };
    found.retain(|identity| may_end(identity) && !is_protected(identity.pid));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(pid: u32, start_ticks: u64, parent: u32, session: u32) -> Stat {
        let identity = Identity { pid, start_ticks };
        Stat { identity, state: b'S', parent, group: session, session, is_sshd: false }
    }

    const MAIN: Identity = Identity { pid: 900_100, start_ticks: 50 };

    #[test]
    fn session_and_descendants_belong() {
        let all = [
            stat(900_100, 50, 7, 900_100),
            stat(900_101, 51, 900_100, 900_100),
            // Left the session, but its parent is a member.
            stat(900_102, 52, 900_101, 900_102),
            // A worker whose parent is gone.
            stat(900_103, 53, 7, 900_100),
            stat(900_200, 60, 7, 900_200),
        ];
        let pids: Vec<u32> = members_among(&all, MAIN).iter().map(|id| id.pid).collect();
        assert_eq!(pids, [900_100, 900_101, 900_103, 900_102]);
    }

    #[test]
    fn a_reused_number_makes_the_session_a_strangers() {
        let all = [stat(900_100, 99, 7, 900_100), stat(900_101, 100, 900_100, 900_100)];
        assert!(members_among(&all, MAIN).is_empty());
    }

    #[test]
    fn zombies_are_not_members() {
        let mut dead = stat(900_100, 50, 7, 900_100);
        dead.state = b'Z';
        assert!(members_among(&[dead], MAIN).is_empty());
    }
}
