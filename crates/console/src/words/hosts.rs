//! What the machine says, in words.

use super::span;
use defib_engine::host::{DiskFacts, HostFact};

/// The fact that a class of fault stands on, with its values.
pub fn host_fact(fact: HostFact) -> String {
    match fact {
        HostFact::MemoryGone { available_kb, memory_kb, full_permille, app_kb, is_the_app } => {
            let waits = full_permille.map_or_else(String::new, |part| {
                format!(", everything waited for it {} % of the time", part / 10)
            });
            let whose = if is_the_app {
                format!("the app has grown to {} MB", app_kb / 1024)
            } else {
                format!(
                    "the app has {} MB and has not grown: another process has the rest",
                    app_kb / 1024
                )
            };
            let (left, all) = (available_kb / 1024, memory_kb / 1024);
            format!("memory is gone: {left} of {all} MB left{waits}; {whose}")
        }
        HostFact::OwnMemory { used_kb, max_kb } => {
            format!("it uses {} of the {} MB that it may have", used_kb / 1024, max_kb / 1024)
        }
        HostFact::Cpu { permille } => {
            format!("it takes {} % of the machine's CPU", permille / 10)
        }
        HostFact::ForkStorm { tasks, settled } => {
            format!("it makes processes without end: {tasks}, where it is well with {settled}")
        }
        HostFact::KernelSleep { for_ms, is_remote } => {
            let where_ = if is_remote {
                "perhaps for a network file system, which may come back"
            } else {
                "where no signal reaches it"
            };
            format!("its main process sleeps in the kernel for {}, {where_}", span(for_ms))
        }
        HostFact::ReadOnly { .. } => {
            "a file system has become read-only: the kernel found an error on it".to_owned()
        }
        HostFact::DiskFull { free_permille, free_kb, inodes_permille, free_inodes, .. } => {
            full_disk(DiskFacts {
                free_permille,
                free_kb,
                inodes_permille,
                free_inodes,
                turned_read_only: false,
            })
        }
        HostFact::Descriptors { used, max } => {
            format!("its descriptors run out: {used} of {max}")
        }
        HostFact::Tasks { used, max, is_own } => {
            let whose = if is_own { "it" } else { "the machine" };
            format!("{whose} may have no more processes: {used} of {max}")
        }
    }
}

/// What it lacks, and how much of that is left, where the line tells.
fn full_disk(disk: DiskFacts) -> String {
    let (what, left) = if disk.lacks_room() {
        ("room", disk.free_kb.map(|kb| format!("{} MB", kb / 1024)))
    } else {
        ("inodes", disk.free_inodes.map(|count| count.to_string()))
    };
    let left = left.map_or_else(String::new, |left| format!(": {left}"));
    format!("a file system has no {what} left{left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_says_what_it_lacks() {
        let full = |free_kb, inodes_permille, free_inodes| HostFact::DiskFull {
            disk: 0,
            free_permille: 3,
            free_kb,
            inodes_permille,
            free_inodes,
        };
        let told = host_fact(full(Some(20 * 1024), 900, Some(70_000)));
        assert_eq!(told, "a file system has no room left: 20 MB");
        // 0.3 % is little, but of a large disk it is room enough; it is the inodes that are gone.
        let told = host_fact(full(Some(800_000), 4, Some(12)));
        assert_eq!(told, "a file system has no inodes left: 12");
        // A line of an older version.
        assert_eq!(host_fact(full(None, 900, None)), "a file system has no room left");
    }

    #[test]
    fn the_hog_is_told_apart_from_the_app() {
        let gone = |is_the_app| HostFact::MemoryGone {
            available_kb: 9 * 1024,
            memory_kb: 600 * 1024,
            full_permille: Some(805),
            app_kb: 48 * 1024,
            is_the_app,
        };
        assert_eq!(
            host_fact(gone(false)),
            "memory is gone: 9 of 600 MB left, everything waited for it 80 % of the time; \
             the app has 48 MB and has not grown: another process has the rest"
        );
        assert!(host_fact(gone(true)).ends_with("the app has grown to 48 MB"));
    }
}
