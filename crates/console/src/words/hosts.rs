//! What the machine says, in words.

use super::span;
use defib_engine::host::HostFact;

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
        HostFact::DiskFull { free_permille, inodes_permille, .. } => {
            let what = if inodes_permille < free_permille { "inodes" } else { "room" };
            format!("a file system has no {what} left")
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

#[cfg(test)]
mod tests {
    use super::*;

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
