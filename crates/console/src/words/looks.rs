//! What a look saw, and what it is called.

use crate::words::span;
use defib_engine::event::Doubt;
use defib_engine::note::Class;
use defib_engine::policy::View;
use defib_engine::seen::{BodyFault, Phase, Seen, TlsFault, UnknownWhy};

/// The class's name, as in config and JSON.
pub const fn class(class: Class) -> &'static str {
    match class {
        Class::Intended => "intended",
        Class::Dead => "dead",
        Class::CrashLoop => "crash-loop",
        Class::KernelIo => "kernel-io",
        Class::Memory => "memory",
        Class::Certificate => "certificate",
        Class::Outside => "outside",
        Class::Dependency => "dependency",
        Class::Contract => "contract",
        Class::Hung => "hung",
        Class::Spinning => "spinning",
        Class::Erroring => "erroring",
        Class::Busy => "busy",
        Class::BadChange => "bad-change",
        Class::Exhausted => "exhausted",
        Class::Proxy => "proxy",
        Class::Unknown => "unknown",
    }
}

/// What a probe looks at.
pub const fn view(view: View) -> &'static str {
    match view {
        View::App => "app",
        View::Listener => "listener",
        View::UserPath => "user-path",
        View::Dependency => "dependency",
    }
}

/// What was seen, as a sentence's part. `timeout_ms` is the probe's deadline, where it is known.
pub fn seen(seen: Seen, timeout_ms: Option<u64>) -> String {
    match seen {
        Seen::Pass => "as expected".to_owned(),
        Seen::Slow => "as expected, but slow".to_owned(),
        Seen::Refused => "connection refused".to_owned(),
        Seen::Reset => "connection reset, or closed without an answer".to_owned(),
        Seen::Timeout(at) => {
            let patience = timeout_ms.map_or_else(|| "time".to_owned(), span);
            format!("no answer in {patience} (timeout at {})", phase(at))
        }
        Seen::Tls(fault) => format!("TLS: {}", tls(fault)),
        Seen::Status { code, retry_after_s: None } => format!("status {code}"),
        Seen::Status { code, retry_after_s: Some(s) } => {
            format!("status {code}, retry after {s} s")
        }
        Seen::Body(fault) => body(fault).to_owned(),
        Seen::Command(code) => format!("the check command said {code}"),
        Seen::Unknown(why) => format!("could not look: {}", unknown(why)),
    }
}

/// What was seen, as few words that can be counted: `3 timeouts`.
pub fn seen_kind(seen: Seen, count: u16) -> String {
    let plural = if count == 1 { "" } else { "s" };
    match seen {
        Seen::Pass | Seen::Slow => format!("{count} good look{plural}"),
        Seen::Refused => format!("{count} refused connection{plural}"),
        Seen::Reset => format!("{count} broken connection{plural}"),
        Seen::Timeout(_) => format!("{count} timeout{plural}"),
        Seen::Tls(_) => format!("{count} TLS failure{plural}"),
        Seen::Status { code, .. } => format!("{count} answer{plural} with status {code}"),
        Seen::Body(_) => format!("{count} wrong bod{}", if count == 1 { "y" } else { "ies" }),
        Seen::Command(_) => format!("{count} failed check command{plural}"),
        Seen::Unknown(_) => format!("{count} look{plural} that saw nothing"),
    }
}

/// The part of a look.
pub(crate) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Resolve => "resolve",
        Phase::Connect => "connect",
        Phase::Tls => "TLS handshake",
        Phase::FirstByte => "first byte",
        Phase::Body => "body",
        Phase::Command => "the command's end",
    }
}

const fn tls(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::Expired => "the certificate has expired",
        TlsFault::NotYetValid => "the certificate is not valid yet",
        TlsFault::WrongName => "the certificate is for another name",
        TlsFault::UnknownAuthority => "no trusted authority signed the certificate",
        TlsFault::Protocol => "the other side does not speak it, or not our version",
    }
}

const fn body(fault: BodyFault) -> &'static str {
    match fault {
        BodyFault::Missing => "the body lacks what is expected in it",
        BodyFault::TooLarge => "the body is too large",
        BodyFault::Malformed => "the answer is not HTTP",
        BodyFault::Truncated => "the answer broke off",
    }
}

const fn unknown(why: UnknownWhy) -> &'static str {
    match why {
        UnknownWhy::Late => "our own clockwork was late",
        UnknownWhy::Unresolved => "no address, or no way to it",
        UnknownWhy::NothingThere => "there is nothing to look at",
        UnknownWhy::OurLimit => "the machine gave us no memory, descriptor or process",
        UnknownWhy::CommandUnsure => "the check command does not know",
        UnknownWhy::Cancelled => "the look was given up",
    }
}

/// Why defib doubts itself.
pub fn doubt(doubt: Doubt) -> String {
    match doubt {
        Doubt::LateTimer { late_ms } => format!("a deadline was served {} late", span(late_ms)),
        Doubt::Resumed { slept_ms } => format!("the machine slept for {}", span(slept_ms)),
        Doubt::ClockStepped { by_ms } => {
            let way = if by_ms < 0 { "back" } else { "ahead" };
            format!("the wall clock was set {way} by {}", span(by_ms.unsigned_abs()))
        }
    }
}
