//! What the machine says of itself, from descriptors that were opened at the start.

use super::text::{avg10, named, number, permille};
use defib_engine::host::{DISKS_MAX, DiskFacts, MachineFacts, Pressure};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, StatVfsMountFlags, fstat, fstatfs, fstatvfs, open};
use std::path::Path;

/// Room for `/proc/stat` of a small machine, whose long line of interrupts stands before what is wanted.
pub(crate) const BUFFER: usize = 16 * 1024;

/// Room for a number and its newline. A read of `/proc/sys` costs the kernel what was asked for, not what there is to
/// say (`proc_sys_call_handler`: `kvzalloc(count + 1)`). With [`BUFFER`] that was five pages, and where none were left
/// the reading itself waited for the kernel's memory killer (seen in Linux 6.1).
const NUMBER_ROOM: usize = 32;

/// File systems whose answers come over a network: to ask them may take for ever.
const REMOTE: [i64; 7] =
    [0x6969, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x00C3_6400, 0x517B];

/// A file of the kernel's that is read again and again.
#[derive(Debug)]
pub(crate) struct Source(Option<OwnedFd>);

impl Source {
    pub(crate) fn open(path: impl rustix::path::Arg) -> Source {
        Source(open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok())
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Its beginning; nothing if it is not there, or does not fit into memory just now.
    pub(crate) fn read<'a>(&self, buffer: &'a mut [u8]) -> &'a [u8] {
        let count = self.0.as_ref().and_then(|file| rustix::io::pread(file, &mut *buffer, 0).ok());
        &buffer[..count.unwrap_or(0)]
    }

    /// The number that it begins with.
    pub(crate) fn number(&self) -> Option<u64> {
        number(self.read(&mut [0; NUMBER_ROOM]))
    }
}

/// CPU time by the kernel's own count, in ticks of all CPUs together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ticks {
    pub(crate) total: u64,
    idle: u64,
    steal: u64,
}

#[derive(Debug)]
struct Disk {
    file: OwnedFd,
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Machine {
    meminfo: Source,
    stat: Source,
    loadavg: Source,
    vmstat: Source,
    pressure: [Source; 3],
    pid_max: Source,
    disks: Vec<Disk>,
    ticks: Ticks,
    /// Ticks that passed between the last two readings.
    pub(crate) passed: u64,
}

impl Machine {
    /// Opens what there is, and the file systems of these folders: those that are local and writable.
    pub(crate) fn open(folders: &[&Path]) -> Machine {
        Machine {
            meminfo: Source::open("/proc/meminfo"),
            stat: Source::open("/proc/stat"),
            loadavg: Source::open("/proc/loadavg"),
            vmstat: Source::open("/proc/vmstat"),
            pressure: ["memory", "cpu", "io"]
                .map(|what| Source::open(format!("/proc/pressure/{what}"))),
            pid_max: Source::open("/proc/sys/kernel/pid_max"),
            disks: disks(folders),
            ticks: Ticks::default(),
            passed: 0,
        }
    }

    /// One reading.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> MachineFacts {
        let mut facts = MachineFacts::default();
        let text = self.meminfo.read(buffer);
        let kb = |name: &[u8]| named(text, name).unwrap_or(0);
        facts.memory_kb = kb(b"MemTotal:");
        facts.available_kb = kb(b"MemAvailable:");
        (facts.swap_kb, facts.swap_free_kb) = (kb(b"SwapTotal:"), kb(b"SwapFree:"));
        facts.pressure = self.pressure(buffer);
        self.cpu(&mut facts, buffer);
        if let Some((running, tasks)) = tasks(self.loadavg.read(buffer)) {
            (facts.running, facts.tasks) = (running, tasks);
        }
        facts.tasks_max = self.pid_max.number().unwrap_or(0);
        for (place, disk) in facts.disks.iter_mut().zip(&self.disks) {
            *place = disk.read();
        }
        // The counter stands near the end of a long file: read only when it is worth it.
        if facts.matters() {
            facts.oom_kills = named(self.vmstat.read(buffer), b"oom_kill ").unwrap_or(0);
        }
        facts
    }

    /// `None` on kernels without it, and where the file is there but cannot be read (psi=0).
    fn pressure(&self, buffer: &mut [u8]) -> Option<Pressure> {
        let [memory, cpu, io] = &self.pressure;
        let memory = memory.read(buffer);
        let mut found = Pressure {
            memory_some: avg10(memory, b"some")?,
            memory_full: avg10(memory, b"full")?,
            ..Pressure::default()
        };
        found.cpu_some = avg10(cpu.read(buffer), b"some").unwrap_or(0);
        let io = io.read(buffer);
        found.io_some = avg10(io, b"some").unwrap_or(0);
        found.io_full = avg10(io, b"full").unwrap_or(0);
        Some(found)
    }

    fn cpu(&mut self, facts: &mut MachineFacts, buffer: &mut [u8]) {
        let text = self.stat.read(buffer);
        facts.blocked = named(text, b"procs_blocked ").unwrap_or(0) as u32;
        let Some(now) = ticks(text) else { return };
        let before = std::mem::replace(&mut self.ticks, now);
        self.passed = now.total.saturating_sub(before.total);
        if before.total == 0 {
            self.passed = 0;
            return;
        }
        let idle = now.idle.saturating_sub(before.idle);
        facts.busy_permille = permille(self.passed.saturating_sub(idle), self.passed);
        facts.steal_permille = permille(now.steal.saturating_sub(before.steal), self.passed);
    }
}

/// `cpu  user nice system idle iowait irq softirq steal ...`
fn ticks(text: &[u8]) -> Option<Ticks> {
    let line = super::text::after(text, b"cpu ")?;
    let mut found = Ticks::default();
    let fields = line.split(|byte| *byte == b' ').filter(|field| !field.is_empty()).take(8);
    for (index, field) in fields.enumerate() {
        let value = number(field)?;
        found.total = found.total.saturating_add(value);
        match index {
            3 | 4 => found.idle = found.idle.saturating_add(value),
            7 => found.steal = value,
            _ => {}
        }
    }
    Some(found)
}

/// `0.00 0.01 0.05 running/tasks last_pid`
fn tasks(text: &[u8]) -> Option<(u32, u64)> {
    let field = text.split(|byte| *byte == b' ').nth(3)?;
    let slash = field.iter().position(|byte| *byte == b'/')?;
    Some((u32::try_from(number(field)?).ok()?, number(&field[slash + 1..])?))
}

fn disks(folders: &[&Path]) -> Vec<Disk> {
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for folder in folders {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(file) = open(*folder, flags, Mode::empty()) else { continue };
        let (Ok(info), Ok(place)) = (fstatfs(&file), fstat(&file)) else { continue };
        let disk = Disk { file };
        let kept = !REMOTE.contains(&info.f_type)
            && !seen.contains(&place.st_dev)
            && disk.read().is_some_and(|facts| !facts.turned_read_only);
        if kept && found.len() < DISKS_MAX {
            seen.push(place.st_dev);
            found.push(disk);
        }
    }
    found
}

impl Disk {
    /// Only disks that were writable at the start are kept: one that is not any more has turned so.
    fn read(&self) -> Option<DiskFacts> {
        let facts = fstatvfs(&self.file).ok().filter(|facts| facts.f_blocks > 0)?;
        let counts_inodes = facts.f_files > 0;
        Some(DiskFacts {
            free_permille: permille(facts.f_bavail, facts.f_blocks),
            free_kb: Some(facts.f_bavail.saturating_mul(facts.f_frsize) / 1024),
            inodes_permille: if counts_inodes {
                permille(facts.f_favail, facts.f_files)
            } else {
                1000
            },
            free_inodes: counts_inodes.then_some(facts.f_favail),
            turned_read_only: facts.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_lines_are_read() {
        let text = b"cpu  10 0 20 100 30 0 0 40 0 0\ncpu0 1 2 3\nprocs_running 2\n";
        let found = ticks(text).unwrap();
        assert_eq!((found.total, found.idle, found.steal), (200, 130, 40));
        assert_eq!(tasks(b"0.00 0.01 0.05 3/417 9120\n"), Some((3, 417)));
        assert!(ticks(b"intr 1\n").is_none() && tasks(b"0.1 0.2").is_none());
    }

    #[test]
    fn no_more_is_asked_for_than_a_number_needs() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, format!("{}7", "0".repeat(NUMBER_ROOM))).unwrap();
        assert_eq!(Source::open(file.path()).number(), Some(0));
        std::fs::write(&file, "4194304\n").unwrap();
        assert_eq!(Source::open(file.path()).number(), Some(4_194_304));
    }

    #[test]
    fn this_machine_can_be_read() {
        let mut machine = Machine::open(&[Path::new("/"), Path::new("/tmp"), Path::new("/")]);
        let mut buffer = vec![0; BUFFER];
        machine.read(&mut buffer);
        let facts = machine.read(&mut buffer);
        assert!(facts.available_kb > 0 && facts.available_kb <= facts.memory_kb);
        assert!(facts.tasks > 1 && facts.tasks_max >= facts.tasks);
        let disk = facts.disks[0].expect("the root's file system");
        let one_permille_less = u64::from(disk.free_permille.saturating_sub(1));
        assert!(disk.free_kb.is_some_and(|free| free >= one_permille_less), "{disk:?}");
    }
}
