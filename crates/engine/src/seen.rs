//! What a probe run saw: a closed set, never a judgement.

/// The part of a probe run that a deadline cut short.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Turning a name into an address.
    Resolve,
    /// The TCP (or unix socket) handshake.
    Connect,
    /// The TLS handshake.
    Tls,
    /// From the request to the first byte of the answer.
    FirstByte,
    /// From the first byte to the last.
    Body,
    /// A command that did not end.
    Command,
}

/// Why TLS failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TlsFault {
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not come.
    NotYetValid,
    /// The certificate is for another name.
    WrongName,
    /// No trusted authority signed it.
    UnknownAuthority,
    /// The other side does not speak TLS, or not a version of it that we do.
    Protocol,
}

impl TlsFault {
    /// Whether the fault lies in the certificate: then nothing that defib may do can cure it.
    pub const fn is_certificate(self) -> bool {
        !matches!(self, TlsFault::Protocol)
    }
}

/// Why a body was refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BodyFault {
    /// The expected text or pattern is not in it.
    Missing,
    /// It is larger than the cap.
    TooLarge,
    /// The answer broke the protocol: no HTTP, a bad header, a bad chunk.
    Malformed,
    /// The connection closed before the promised end.
    Truncated,
}

/// Why nothing can be said. Never counts as a failure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum UnknownWhy {
    /// The result came too late to be believed, or spans a pause of our own.
    Late,
    /// The name could not be resolved, or the network is unreachable from here.
    Unresolved,
    /// No listener, or no process, to look at.
    NothingThere,
    /// The machine refused us memory, a descriptor or a process.
    OurLimit,
    /// A command said that it does not know (Nagios 3, or a code without meaning).
    CommandUnsure,
    /// The run was given up because something else made it pointless.
    Cancelled,
}

/// What one probe run saw.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Seen {
    /// All that was expected, in time.
    Pass,
    /// All that was expected, but later than the slow mark.
    Slow,
    /// The connection was refused.
    Refused,
    /// The connection was reset, or closed without an answer.
    Reset,
    /// A deadline passed in this phase.
    Timeout(Phase),
    /// TLS failed.
    Tls(TlsFault),
    /// An HTTP status outside the expected set.
    Status {
        /// The status code.
        code: u16,
        /// Seconds of a `Retry-After` header, where one was sent.
        retry_after_s: Option<u32>,
    },
    /// A body that was not as expected.
    Body(BodyFault),
    /// A check command's exit code, by Nagios' meaning (1 warning, 2 critical).
    Command(u8),
    /// Could not look.
    Unknown(UnknownWhy),
}

impl Seen {
    /// Whether the app answered as it should, however slowly.
    pub const fn is_good(self) -> bool {
        matches!(self, Seen::Pass | Seen::Slow | Seen::Command(1))
    }

    /// Whether nothing can be concluded.
    pub const fn is_unknown(self) -> bool {
        matches!(self, Seen::Unknown(_))
    }

    /// Whether this run is evidence that something is wrong.
    pub const fn is_failure(self) -> bool {
        !self.is_good() && !self.is_unknown()
    }
}
