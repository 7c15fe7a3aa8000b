//! The facts, and what each of them means taken alone.

/// File systems that are watched at most.
pub const DISKS_MAX: usize = 4;

/// Less of the memory available than this, in permille: short. (earlyoom acts at 10 %, and a machine of
/// 600 MB whose pages are thrown out as fast as they come in was seen between 1 and 7 %.)
const SHORT_PERMILLE: u64 = 80;
/// The same where nothing tells how long tasks wait for memory.
const SHORT_BLIND_PERMILLE: u64 = 50;
/// All tasks at once waited for memory for this part of ten seconds, in permille. systemd-oomd acts at
/// 60 % for 30 s; here an app is down as well.
const STARVED_PERMILLE: u16 = 300;
/// What an app's memory has grown by since it was well, of the machine's, in permille.
const GROWN_PERMILLE: u64 = 100;
/// Of its own limit, in permille.
const AT_LIMIT_PERMILLE: u64 = 950;
/// Of the machine's CPU, in permille (design: at least 80 %).
const BUSY_PERMILLE: u16 = 800;
/// Of the processes that there may be, in permille.
const CROWDED_PERMILLE: u64 = 900;
/// A crowd begins here, and at this many times the tasks that the app has when it is well.
const CROWD_MIN: u64 = 100;
const CROWD_TIMES: u64 = 4;
/// Free blocks or inodes below this, in permille: what a small file system has left when writes begin to
/// fail.
const FULL_PERMILLE: u16 = 5;
/// Of a large one that part is still a lot (1.26 GB of 252 GB), and nothing fails: no more room than this
/// must be left as well, in kB. Whoever takes room in whole pieces fails before it is nothing; the largest
/// piece in common use is `PostgreSQL`'s log segment of 16 MiB, and the next one is taken while one is
/// being filled.
const ROOM_KB: u64 = 2 * 16 * 1024;
/// The same for inodes: four of the chunks of 64 that XFS makes them in.
const INODES: u64 = 4 * 64;

/// The machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct MachineFacts {
    /// MemTotal, in kB.
    pub memory_kb: u64,
    /// MemAvailable, in kB.
    pub available_kb: u64,
    /// SwapTotal, in kB.
    pub swap_kb: u64,
    /// SwapFree, in kB.
    pub swap_free_kb: u64,
    /// Pressure stall information; `None` where this kernel has none.
    pub pressure: Option<Pressure>,
    /// What the kernel has killed for want of memory since the boot.
    pub oom_kills: u64,
    /// Tasks that could run.
    pub running: u32,
    /// Tasks that wait for a disk.
    pub blocked: u32,
    /// CPU time used since the last reading, of all there is, in permille.
    pub busy_permille: u16,
    /// CPU time that the hypervisor gave to others, in permille.
    pub steal_permille: u16,
    /// Tasks that there are.
    pub tasks: u64,
    /// Tasks that there may be.
    pub tasks_max: u64,
    /// Some network file system is mounted.
    pub has_remote_disk: bool,
    /// The file systems that are watched.
    pub disks: [Option<DiskFacts>; DISKS_MAX],
}

/// Parts of the last ten seconds in which tasks waited, in permille.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Pressure {
    /// Some task waited for memory.
    pub memory_some: u16,
    /// All tasks waited for memory.
    pub memory_full: u16,
    /// Some task waited for a CPU.
    pub cpu_some: u16,
    /// Some task waited for a disk.
    pub io_some: u16,
    /// All tasks waited for a disk.
    pub io_full: u16,
}

/// One file system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct DiskFacts {
    /// Free for everybody, in permille.
    pub free_permille: u16,
    /// The same, in kB; `None` in what older versions wrote.
    pub free_kb: Option<u64>,
    /// Inodes free, in permille; 1000 where the file system does not count them.
    pub inodes_permille: u16,
    /// How many that is; `None` where they are not counted, and in what older versions wrote.
    pub free_inodes: Option<u64>,
    /// It was writable when we began, and is no more: the kernel found an error on it.
    pub turned_read_only: bool,
}

/// How the app's main process waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Sleep {
    /// So that a signal reaches it, or not at all.
    #[default]
    None,
    /// In the kernel (state D), as far as can be seen on a disk of this machine.
    Local,
    /// In the kernel, and it may be a network file system: what it waits for may come back.
    Remote,
}

/// One app: its control group, or its main process and that one's children.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct AppFacts {
    /// Memory in use, in kB.
    pub memory_kb: u64,
    /// How much of it came since it was last seen well and small, in kB.
    pub grown_kb: u64,
    /// The limit on it, in kB.
    pub memory_max_kb: Option<u64>,
    /// What the kernel has killed in it for want of memory since it was last seen well.
    pub oom_kills: u64,
    /// CPU time used since the last reading, of the machine's, in permille.
    pub cpu_permille: u16,
    /// How its main process waits.
    pub sleep: Sleep,
    /// Descriptors of its main process; `None` where they cannot be counted.
    pub files: Option<u32>,
    /// The limit on them.
    pub files_max: Option<u32>,
    /// Tasks in it.
    pub tasks: u64,
    /// Tasks in it when it was last seen well.
    pub tasks_settled: u64,
    /// The limit on them.
    pub tasks_max: Option<u64>,
}

/// The fact that a judgement stands on, with the values that decide it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HostFact {
    /// The machine's memory is gone.
    MemoryGone {
        /// Available, in kB.
        available_kb: u64,
        /// Of how much.
        memory_kb: u64,
        /// All tasks waited, in permille of ten seconds; `None` where this kernel does not tell.
        full_permille: Option<u16>,
        /// The app's, in kB.
        app_kb: u64,
        /// It is the app that has grown: to end it frees memory.
        is_the_app: bool,
    },
    /// The app is at its own limit of memory.
    OwnMemory {
        /// In use, in kB.
        used_kb: u64,
        /// The limit.
        max_kb: u64,
    },
    /// The app takes the machine's CPU.
    Cpu {
        /// In permille.
        permille: u16,
    },
    /// The app makes processes without end.
    ForkStorm {
        /// Tasks in it.
        tasks: u64,
        /// Tasks in it when it was well.
        settled: u64,
    },
    /// Its main process sleeps in the kernel.
    KernelSleep {
        /// For this long at least, in milliseconds.
        for_ms: u64,
        /// Maybe on a network file system.
        is_remote: bool,
    },
    /// A file system has become read-only.
    ReadOnly {
        /// Which, as an index into [`MachineFacts::disks`].
        disk: u8,
    },
    /// A file system is full.
    DiskFull {
        /// Which.
        disk: u8,
        /// Free blocks, in permille.
        free_permille: u16,
        /// The same, in kB.
        free_kb: Option<u64>,
        /// Free inodes, in permille.
        inodes_permille: u16,
        /// How many that is.
        free_inodes: Option<u64>,
    },
    /// The app has no descriptors left.
    Descriptors {
        /// In use.
        used: u32,
        /// The limit.
        max: u32,
    },
    /// The app, or the machine, may have no more tasks.
    Tasks {
        /// In use.
        used: u64,
        /// The limit.
        max: u64,
        /// The app's own limit.
        is_own: bool,
    },
}

/// Whether `part` of `whole` is at least so many permille. A whole of 0 is one that is not known.
fn reaches(part: u64, whole: u64, permille: u64) -> bool {
    whole > 0 && part.saturating_mul(1_000) >= whole.saturating_mul(permille)
}

impl MachineFacts {
    /// Memory is short: little is available, and no swap is left to speak of where nothing else tells.
    pub fn is_short(&self) -> bool {
        let below = |permille| !reaches(self.available_kb, self.memory_kb, permille);
        let swap_left = reaches(self.swap_free_kb, self.swap_kb, 100);
        match self.pressure {
            _ if self.memory_kb == 0 => false,
            Some(_) => below(SHORT_PERMILLE),
            None => below(SHORT_BLIND_PERMILLE) && !swap_left,
        }
    }

    /// Whether tasks wait for memory most of the time; `None` where this kernel does not tell. Half of that will
    /// do if an app is dead and its start could not even be carried out: that is the other half.
    pub(crate) fn starves(&self, is_start_owed: bool) -> Option<bool> {
        let permille = if is_start_owed { STARVED_PERMILLE / 2 } else { STARVED_PERMILLE };
        self.pressure.map(|pressure| pressure.memory_full >= permille)
    }

    pub(crate) fn is_crowded(&self) -> bool {
        reaches(self.tasks, self.tasks_max, CROWDED_PERMILLE)
    }

    /// The first file system that fails all who write.
    pub(crate) fn ill_disk(&self, is_ill: impl Fn(&DiskFacts) -> bool) -> Option<(u8, DiskFacts)> {
        let known = (0..).zip(self.disks).find(|(_, disk)| disk.is_some_and(|disk| is_ill(&disk)));
        known.and_then(|(index, disk)| Some((index, disk?)))
    }

    /// Whether anything in it could be why an app fails. What could not is not told to the engine.
    pub fn matters(&self) -> bool {
        self.is_short()
            || self.is_crowded()
            || self.ill_disk(|disk| disk.is_full() || disk.turned_read_only).is_some()
    }
}

impl DiskFacts {
    /// Whether writes fail.
    pub fn is_full(self) -> bool {
        self.lacks_room() || self.lacks_inodes()
    }

    /// Whether writes fail for want of blocks.
    pub fn lacks_room(self) -> bool {
        self.free_permille < FULL_PERMILLE && self.free_kb.is_none_or(|free| free < ROOM_KB)
    }

    /// Whether no file can be made for want of inodes.
    pub fn lacks_inodes(self) -> bool {
        self.inodes_permille < FULL_PERMILLE && self.free_inodes.is_none_or(|free| free < INODES)
    }
}

impl AppFacts {
    /// It has grown by so much that to end it frees what is missing.
    pub(crate) fn has_grown(&self, machine: &MachineFacts) -> bool {
        reaches(self.grown_kb, machine.memory_kb, GROWN_PERMILLE)
    }

    pub(crate) fn is_at_own_memory(&self) -> Option<u64> {
        self.memory_max_kb.filter(|max| reaches(self.memory_kb, *max, AT_LIMIT_PERMILLE))
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.cpu_permille >= BUSY_PERMILLE
    }

    /// Busy, and far more tasks than it has when it is well, or as many as there may be.
    pub(crate) fn storms(&self, machine: &MachineFacts) -> bool {
        let crowd = self.tasks >= CROWD_MIN
            && self.tasks >= self.tasks_settled.max(1).saturating_mul(CROWD_TIMES);
        let at_own = self.tasks_max.is_some_and(|max| reaches(self.tasks, max, CROWDED_PERMILLE));
        let most = machine.is_crowded() && self.tasks.saturating_mul(2) >= machine.tasks;
        self.is_busy() && crowd || self.is_busy() && at_own || most
    }

    /// The limit of its own that it has come to.
    pub(crate) fn own_limit(&self) -> Option<HostFact> {
        if let (Some(used), Some(max)) = (self.files, self.files_max)
            && reaches(used.into(), max.into(), AT_LIMIT_PERMILLE)
        {
            return Some(HostFact::Descriptors { used, max });
        }
        let max = self.tasks_max.filter(|max| reaches(self.tasks, *max, AT_LIMIT_PERMILLE))?;
        Some(HostFact::Tasks { used: self.tasks, max, is_own: true })
    }

    /// Whether anything in it could be why the app fails. (A storm of processes takes the CPU, or crowds the
    /// machine.)
    pub fn matters(&self, machine: &MachineFacts) -> bool {
        machine.matters()
            || self.is_busy()
            || self.sleep != Sleep::None
            || self.is_at_own_memory().is_some()
            || self.own_limit().is_some()
    }
}
