//! What can happen in a world. A kind that no real run has shown yet says *assumed*.

use defib_engine::event::Exit;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Something goes wrong with an app, by its index.
    App {
        /// Which.
        app: usize,
        /// What.
        fault: AppFault,
        /// What ends it.
        remedy: Remedy,
    },
    /// Something happens to the machine.
    Machine(MachineFault),
    /// Something happens to the agent itself.
    Agent(AgentFault),
    /// A person does something.
    Person(Person),
}

/// What goes wrong with an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppFault {
    /// Its process ends once. (Nothing is left to mend but to start it.)
    Exit(Exit),
    /// Each of its processes ends this long after its start.
    DiesAfter {
        /// Milliseconds from the start.
        after_ms: u64,
    },
    /// It accepts and never answers.
    Hang,
    /// The same, and takes all the CPU it gets.
    Spin,
    /// SIGSTOP: its process does nothing at all, and ignores TERM until it is continued.
    Stopped,
    /// It answers with this status.
    Status {
        /// 5xx, or 3xx and 4xx for a changed contract.
        code: u16,
    },
    /// It answers 503 with Retry-After.
    Announces {
        /// Seconds of the header.
        retry_after_s: u32,
    },
    /// It answers 200 with the wrong body.
    WrongBody,
    /// This part of its workers hangs, so that as many looks in a thousand do.
    WorkersHang {
        /// Of a thousand.
        permille: u16,
    },
    /// Each answer takes this much longer.
    Slow {
        /// Milliseconds.
        by_ms: u64,
    },
    /// More is asked of it than it can do: a queue, and clients that ask again.
    Busy {
        /// Offered load, per cent of what it can do.
        load_percent: u16,
        /// How often a client whose request failed asks again.
        retries: u8,
    },
    /// It takes more and more memory, and is killed by the kernel when there is none left.
    Leak {
        /// How long that takes after each start.
        lasts_ms: u64,
    },
    /// It takes more and more memory until none is left for anybody: then it answers nobody, and the whole
    /// machine is slow and starts nothing (assumed).
    Eats {
        /// From each start until all is taken.
        lasts_ms: u64,
        /// From then on until the kernel kills it; 0 is never.
        oom_ms: u64,
    },
    /// It makes processes until there may be no more: then it answers nobody, and nothing can be started
    /// (assumed).
    Forks {
        /// From each start until then.
        lasts_ms: u64,
    },
    /// The disk that it writes to is full: it answers 500 (assumed).
    DiskFull,
    /// The disk that it writes to has become read-only: it answers 500 (assumed).
    DiskReadOnly,
    /// Something that it needs is down: the app answers 500 and the dependency's probe fails.
    DependencyDown,
    /// Something that it needs is slow: the app hangs on it and the dependency's probe times out.
    DependencySlow,
    /// Its certificate has expired.
    CertificateExpired,
    /// The way to it is cut outside: only the user path fails.
    PathCut,
    /// A cache outside answers for it: the user path passes whatever the app does (assumed).
    CachedOutside,
    /// Somebody else has its port: its processes end at once, and a stranger answers.
    PortTaken,
    /// Its process sleeps in the kernel and cannot be killed (assumed).
    Unkillable,
    /// The user's command that recovers it ends with an error, and has done nothing.
    RecoverFails,
    /// The user's command that recovers it never ends, and has done nothing.
    RecoverHangs,
}

/// What ends a fault. A fault without any remedy ends when the world is healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Remedy {
    /// A new process ends it.
    pub new_process: bool,
    /// A reboot of the machine ends it.
    pub reboot: bool,
    /// It ends by itself after so long; 0 is never.
    pub after_ms: u64,
}

impl Remedy {
    /// A new process (and so a reboot too) ends it.
    pub const NEW_PROCESS: Remedy = Remedy { new_process: true, reboot: true, after_ms: 0 };
    /// Only a reboot ends it.
    pub const REBOOT: Remedy = Remedy { new_process: false, reboot: true, after_ms: 0 };
    /// Nothing that the agent may do ends it.
    pub const NONE: Remedy = Remedy { new_process: false, reboot: false, after_ms: 0 };

    /// Only time ends it.
    pub const fn time(after_ms: u64) -> Remedy {
        Remedy { new_process: false, reboot: false, after_ms }
    }
}

/// What happens to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineFault {
    /// Nothing on it runs for so long; the clocks go on (a paused or migrated virtual machine).
    Freeze {
        /// Milliseconds.
        ms: u64,
    },
    /// The same, and CLOCK_MONOTONIC stands still: a suspend.
    Suspend {
        /// Milliseconds.
        ms: u64,
    },
    /// The hypervisor takes this part of the CPU: all takes longer, wake-ups come late.
    Steal {
        /// Milliseconds.
        ms: u64,
        /// Of the CPU.
        percent: u8,
    },
    /// The wall clock is set.
    WallStep {
        /// By how much.
        by_ms: i64,
    },
    /// The power fails: what is not durable is lost.
    PowerCut {
        /// Until it is back.
        off_ms: u64,
    },
    /// A disk misbehaves.
    Disk {
        /// Which.
        disk: DiskName,
        /// How.
        fault: DiskFault,
        /// For how long.
        ms: u64,
    },
    /// The service manager misbehaves.
    Manager {
        /// How.
        fault: ManagerFault,
        /// For how long.
        ms: u64,
    },
    /// No process can be made.
    NoProcesses {
        /// For how long.
        ms: u64,
    },
    /// Something that is no app of the plan takes all memory; a reboot ends it (assumed).
    MemoryTaken {
        /// For how long.
        ms: u64,
    },
    /// The first steps of the reboot ladder are taken and leave the machine standing (assumed): a stop job
    /// that hangs, then PID 1, then the kernel's own shut-down.
    RebootStuck {
        /// For how long.
        ms: u64,
        /// How many steps: of the polite, the forced, reboot(2) and sysrq.
        steps: u8,
    },
    /// The first steps of the reboot ladder are refused at once (assumed): a masked target, PID 1 out of
    /// reach, a capability that is missing, no sysrq.
    RebootRefused {
        /// For how long.
        ms: u64,
        /// How many steps, as above.
        steps: u8,
    },
}

/// Which disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskName {
    /// tmpfs: survives the agent, not the machine. The ledger's fast copy.
    Run,
    /// Survives the machine. The ledger's second copy, the journal.
    State,
}

/// How a disk misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// No space is left.
    Full,
    /// Every write is refused.
    ReadOnly,
    /// Writes are taken and their sync fails: what was written is lost.
    SyncFails,
    /// A sync takes this long.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
}

/// How the service manager misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagerFault {
    /// Each job takes this much longer.
    Slow {
        /// Milliseconds.
        by_ms: u64,
    },
    /// Jobs are accepted and never end.
    Stuck,
    /// It cannot be reached.
    Lost,
    /// Every start job fails.
    StartFails,
}

/// What happens to the agent itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentFault {
    /// The guardian is killed.
    KillGuardian,
    /// The executor is killed, and the guardian ends with it.
    KillExecutor,
    /// The guardian does not run for so long (SIGSTOP).
    StopGuardian {
        /// Milliseconds.
        ms: u64,
    },
    /// The executor does not run for so long.
    StopExecutor {
        /// Milliseconds.
        ms: u64,
    },
    /// Whoever makes the n-th durable write from now on dies at it.
    CrashAtWrite {
        /// 1 is the next.
        nth: u32,
        /// Where in the write.
        point: CrashPoint,
    },
    /// The machine refuses the n-th call from now on that the executor makes and that can be refused.
    RefuseCall {
        /// 1 is the next.
        nth: u32,
        /// How many in a row are.
        calls: u32,
        /// The error's number; 0 is none: each call takes 3 s instead.
        errno: u8,
    },
}

/// Where in a durable write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Nothing of it is there.
    Before,
    /// A part of it is there.
    Torn,
    /// All of it is there, and its writer never knew.
    After,
}

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Stops the app, to stay stopped.
    Stop {
        /// Which.
        app: usize,
    },
    /// Starts a stopped app.
    Start {
        /// Which.
        app: usize,
    },
    /// Restarts the app in order: a deploy. It is down for its stop and its warm-up.
    Restart {
        /// Which.
        app: usize,
    },
    /// Asks for quiet.
    Hold {
        /// Which.
        app: usize,
        /// For how long.
        ms: u64,
    },
    /// Ends it.
    Release {
        /// Which.
        app: usize,
    },
    /// Has the config read again (the same text).
    Reload,
    /// Reboots the machine.
    Reboot,
    /// Mends whatever is wrong with the app, and starts it if it is down.
    Mend {
        /// Which.
        app: usize,
    },
}
