//! The guardian gives up what it will never need of the kernel: most system calls, all families of addresses
//! but three, name spaces, and, where no probe is a command, ever starting a program.
//!
//! A call that is not there answers ENOSYS, as on an older kernel: every libc has a way around that, while
//! EPERM has broken programs (clone3, statx) and killing would turn one forgotten call into a guardian
//! that dies at every start. Filters reach check commands as well, and are never taken back.

mod calls;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter, apply_filter_all_threads,
};
use std::collections::BTreeMap;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Local sockets and the internet. Not netlink, not raw packets, not the kernel's crypto or bluetooth.
const FAMILIES: [i32; 3] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

/// A name space of its own is how a process without privilege gets to code of the kernel that was written
/// for root.
const NAME_SPACES: [i32; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Every way to another program or process.
const PROGRAMS: [c_long; 3] = [libc::SYS_execve, libc::SYS_execveat, libc::SYS_clone];
#[cfg(target_arch = "x86_64")]
const OLDER_PROGRAMS: [c_long; 2] = [libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_PROGRAMS: [c_long; 0] = [];

/// To be called before anything foreign is read. `Err`: what a kernel without filters says; guarding goes
/// on without them.
pub fn confine() -> Result<(), String> {
    let all: Rules =
        calls::COMMON.iter().chain(calls::OLDER).map(|&call| (call, Vec::new())).collect();
    apply(all, SeccompAction::Errno(libc::ENOSYS as u32), SeccompAction::Allow)?;
    refuse(families()?, libc::EAFNOSUPPORT)?;
    refuse(name_spaces()?, libc::EPERM)
}

/// From now on this process starts no other: a config without check commands is what it is for.
///
/// All threads of it, the journal's too: whoever has taken over one has taken over their memory.
pub(crate) fn start_no_programs() -> Result<(), String> {
    let refusal = SeccompAction::Errno(libc::EPERM as u32);
    let program = compile(programs(), SeccompAction::Allow, refusal)?;
    apply_filter_all_threads(&program).map_err(|error| failed(&error))
}

fn programs() -> Rules {
    PROGRAMS.iter().chain(&OLDER_PROGRAMS).map(|&call| (call, Vec::new())).collect()
}

fn families() -> Result<Rules, String> {
    let others = FAMILIES
        .iter()
        .map(|&family| condition(SeccompCmpOp::Ne, family as u64))
        .collect::<Result<Vec<_>, _>>()?;
    let rule = SeccompRule::new(others).map_err(|error| failed(&error))?;
    Ok([libc::SYS_socket, libc::SYS_socketpair].map(|call| (call, vec![rule.clone()])).into())
}

/// clone3 has its flags in memory, where no filter can look: it is not among the calls at all, and libc
/// then uses clone.
fn name_spaces() -> Result<Rules, String> {
    let rules = NAME_SPACES.iter().map(|&flag| {
        let flag = flag as u64;
        let is_set = condition(SeccompCmpOp::MaskedEq(flag), flag)?;
        SeccompRule::new(vec![is_set]).map_err(|error| failed(&error))
    });
    Ok([(libc::SYS_clone, rules.collect::<Result<Vec<_>, String>>()?)].into())
}

/// About the first argument.
fn condition(operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, String> {
    SeccompCondition::new(0, SeccompCmpArgLen::Dword, operator, value)
        .map_err(|error| failed(&error))
}

fn refuse(rules: Rules, errno: i32) -> Result<(), String> {
    apply(rules, SeccompAction::Allow, SeccompAction::Errno(errno as u32))
}

fn apply(rules: Rules, otherwise: SeccompAction, matching: SeccompAction) -> Result<(), String> {
    let program = compile(rules, otherwise, matching)?;
    apply_filter(&program).map_err(|error| failed(&error))
}

fn compile(
    rules: Rules,
    otherwise: SeccompAction,
    matching: SeccompAction,
) -> Result<BpfProgram, String> {
    let machine = std::env::consts::ARCH.try_into().map_err(|error| failed(&error))?;
    let filter = SeccompFilter::new(rules, otherwise, matching, machine);
    filter.and_then(TryInto::try_into).map_err(|error| failed(&error))
}

fn failed(error: &dyn std::fmt::Display) -> String {
    format!("the guardian's system calls cannot be limited: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    use std::process::Command;

    /// A filter binds the thread that asks for it, and cannot be taken back: so in a thread of its own.
    fn confined<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                confine().unwrap();
                work()
            });
            thread.join().unwrap()
        })
    }

    fn socket(family: AddressFamily) -> Result<(), Errno> {
        socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map(drop)
    }

    #[test]
    fn three_families_are_left() {
        confined(|| {
            for family in [AddressFamily::UNIX, AddressFamily::INET] {
                assert_eq!(socket(family), Ok(()));
            }
            for family in [AddressFamily::NETLINK, AddressFamily::PACKET] {
                assert_eq!(socket(family), Err(Errno::AFNOSUPPORT));
            }
        });
    }

    #[test]
    fn what_is_not_listed_is_not_there() {
        // Without privilege the kernel itself would say EPERM.
        confined(|| assert_eq!(rustix::system::sethostname(b"x"), Err(Errno::NOSYS)));
        assert_ne!(rustix::system::sethostname(&[b'x'; 100]), Err(Errno::NOSYS));
    }

    #[test]
    fn check_commands_start_until_that_is_given_up_and_none_gets_a_name_space() {
        confined(|| {
            assert!(Command::new("true").status().unwrap().success());
            let unshare = Command::new("unshare").args(["--user", "true"]).output().unwrap();
            assert!(!unshare.status.success());
            // As it is for all threads: here they are other tests'.
            refuse(programs(), libc::EPERM).unwrap();
            assert_eq!(
                Command::new("true").status().unwrap_err().raw_os_error(),
                Some(libc::EPERM)
            );
        });
        assert!(Command::new("true").status().unwrap().success());
    }
}
