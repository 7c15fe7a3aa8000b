//! What an error of the kernel says about the app, and what it says about us.

use super::look::Detail;
use defib_engine::seen::{Phase, Seen, UnknownWhy};
use rustix::io::Errno;

/// A run that cannot go on: the verdict and the text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) seen: Seen,
    /// Boxed, because it makes every `Result` on the way as large as itself.
    pub(super) detail: Box<Detail>,
}

impl Failure {
    pub(super) fn new(seen: Seen, detail: std::fmt::Arguments<'_>) -> Failure {
        Failure { seen, detail: Box::new(Detail::of(detail)) }
    }

    /// `what` failed with `errno` while the run was in `phase`.
    pub(super) fn of_errno(errno: Errno, phase: Phase, what: &str) -> Failure {
        let error = std::io::Error::from(errno);
        Failure::new(seen_of(errno, phase), format_args!("{what}: {error}"))
    }
}

/// The verdict for a socket error.
pub(super) fn seen_of(errno: Errno, phase: Phase) -> Seen {
    match errno {
        // A unix socket that is not there, or is not a listening stream socket, has no listener.
        Errno::CONNREFUSED | Errno::NOENT | Errno::NOTDIR | Errno::PROTOTYPE | Errno::NOTSOCK => {
            Seen::Refused
        }
        Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED => Seen::Reset,
        Errno::TIMEDOUT => Seen::Timeout(phase),
        // EPERM comes from a local packet filter: the packet never left.
        Errno::NETUNREACH
        | Errno::HOSTUNREACH
        | Errno::NETDOWN
        | Errno::HOSTDOWN
        | Errno::PERM
        | Errno::AFNOSUPPORT => Seen::Unknown(UnknownWhy::Unresolved),
        // ENOMEM, EMFILE, ENFILE, ENOBUFS, EADDRNOTAVAIL (no local port left), and whatever else
        // the kernel may come up with: not seen is not down.
        _ => Seen::Unknown(UnknownWhy::OurLimit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_limits_and_the_network_never_count_against_the_app() {
        for errno in [
            Errno::NOMEM,
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::ADDRNOTAVAIL,
            Errno::AGAIN,
            Errno::NETUNREACH,
            Errno::HOSTUNREACH,
            Errno::PERM,
        ] {
            assert!(seen_of(errno, Phase::Connect).is_unknown(), "{errno:?}");
        }
        assert_eq!(seen_of(Errno::NOENT, Phase::Connect), Seen::Refused);
        assert_eq!(seen_of(Errno::TIMEDOUT, Phase::Tls), Seen::Timeout(Phase::Tls));
    }
}
