//! What the machine itself says.

use super::declare::{typed_enum, typed_struct};
use defib_engine::host::{
    AppFacts, AppHost, Busy, DiskFacts, HostFact, MachineFacts, Pressure, Run, Sleep,
};

typed_struct!(Pressure { memory_some, memory_full, cpu_some, io_some, io_full });
typed_struct!(DiskFacts { free_permille, free_kb, inodes_permille, free_inodes, turned_read_only });
typed_struct!(MachineFacts {
    memory_kb,
    available_kb,
    swap_kb,
    swap_free_kb,
    pressure,
    oom_kills,
    running,
    blocked,
    busy_permille,
    steal_permille,
    tasks,
    tasks_max,
    has_remote_disk,
    disks,
});
typed_enum!(Sleep { None, Local, Remote });
typed_struct!(AppFacts {
    memory_kb,
    grown_kb,
    memory_max_kb,
    oom_kills,
    cpu_permille,
    sleep,
    files,
    files_max,
    tasks,
    tasks_settled,
    tasks_max,
});
typed_enum!(HostFact {
    MemoryGone { available_kb, memory_kb, full_permille, app_kb, is_the_app },
    OwnMemory { used_kb, max_kb },
    Cpu { permille },
    ForkStorm { tasks, settled },
    KernelSleep { for_ms, is_remote },
    ReadOnly { disk },
    DiskFull { disk, free_permille, free_kb, inodes_permille, free_inodes },
    Descriptors { used, max },
    Tasks { used, max, is_own },
});
typed_struct!(Run { since, until, readings });
typed_struct!(Busy { run, block_from, failed, passed, overloaded, works });
typed_struct!(AppHost { at, facts, memory, storm, silent, sleep, busy });
