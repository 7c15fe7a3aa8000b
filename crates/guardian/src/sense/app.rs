//! What one app uses: its control group where it has one of its own, else its main process and that
//! one's children. Nothing here walks through all of /proc.

use super::machine::Source;
use super::size::Size;
use super::text::{ProcPath, after, named, number, permille};
use defib_config::{is_starter, unit_in};
use defib_engine::host::{AppFacts, Sleep};
use defib_engine::id::Identity;
use rustix::fs::stat;
use std::path::{Path, PathBuf};

/// Children that are counted where there is no control group.
const CHILDREN_MAX: usize = 32;
/// A page, in kB, on every machine that defib is built for.
pub(super) const PAGE_KB: u64 = 4;

/// A control group with the files that are wanted.
#[derive(Debug)]
struct Group {
    path: String,
    memory: Source,
    memory_max: Source,
    cpu: Source,
    tasks: Source,
    tasks_max: Source,
}

/// One app's process, followed from one reading to the next.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) identity: Identity,
    main: Source,
    children: Source,
    group: Option<Group>,
    files_max: Option<u32>,
    ticks: Option<u64>,
    size: Size,
}

/// What `/proc/PID/stat` says of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    state: u8,
    ticks: u64,
    tasks: u64,
    start_ticks: u64,
    memory_kb: u64,
}

impl App {
    /// Follows a process. It may be gone already: then nothing is measured.
    pub(crate) fn open(identity: Identity, buffer: &mut [u8]) -> App {
        let pid = identity.pid;
        let source = |rest: &[u8]| Source::open(ProcPath::new(pid, rest).as_bytes());
        let children = format!("/proc/{pid}/task/{pid}/children");
        let limits = source(b"/limits");
        let files_max = after(limits.read(buffer), b"Max open files").and_then(number);
        App {
            identity,
            main: source(b"/stat"),
            children: Source::open(children),
            group: Group::of(pid),
            files_max: files_max.and_then(|max| u32::try_from(max).ok()),
            ticks: None,
            size: Size::default(),
        }
    }

    /// One reading. `None` when the process is gone.
    pub(crate) fn read(
        &mut self,
        is_well: bool,
        is_paced: bool,
        passed_ticks: u64,
        buffer: &mut [u8],
    ) -> Option<AppFacts> {
        let main = member(self.main.read(buffer))?;
        if main.start_ticks != self.identity.start_ticks {
            return None;
        }
        let mut facts = AppFacts::default();
        let ticks = match &self.group {
            Some(group) => group.read(&mut facts, buffer),
            None => self.family(main, &mut facts, buffer),
        };
        let before = self.ticks.replace(ticks);
        let used = before.map_or(0, |before| ticks.saturating_sub(before));
        facts.cpu_permille = permille(used, passed_ticks);
        facts.sleep = if main.state == b'D' { Sleep::Local } else { Sleep::None };
        facts.files = self.files();
        facts.files_max = self.files_max.filter(|_| facts.files.is_some());
        self.size.measure(is_well, is_paced, &mut facts);
        Some(facts)
    }

    /// The main process and its children, added up. The ticks that they have used.
    fn family(&self, main: Member, facts: &mut AppFacts, buffer: &mut [u8]) -> u64 {
        let mut pids = [0_u32; CHILDREN_MAX];
        let mut count = 0;
        let mut all = 0_u64;
        for field in self.children.read(buffer).split(|byte| *byte == b' ') {
            let Some(pid) = number(field).and_then(|pid| u32::try_from(pid).ok()) else { continue };
            all += 1;
            if let Some(place) = pids.get_mut(count) {
                (*place, count) = (pid, count + 1);
            }
        }
        (facts.memory_kb, facts.tasks) = (main.memory_kb, main.tasks + all);
        let mut ticks = main.ticks;
        for pid in &pids[..count] {
            let stat = Source::open(ProcPath::new(*pid, b"/stat").as_bytes());
            if let Some(child) = member(stat.read(buffer)) {
                facts.memory_kb += child.memory_kb;
                facts.tasks += child.tasks.saturating_sub(1);
                ticks += child.ticks;
            }
        }
        ticks
    }

    /// Whether what is in this control group is the app's: in its own, or below it.
    pub(super) fn owns_group(&self, path: &[u8]) -> bool {
        let Some(group) = &self.group else { return false };
        let rest = path.strip_prefix(group.path.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// Since Linux 6.2 the size of the folder is the number of descriptors; before, it is 0.
    fn files(&self) -> Option<u32> {
        let size = stat(ProcPath::new(self.identity.pid, b"/fd").as_bytes()).ok()?.st_size;
        u32::try_from(size).ok().filter(|count| *count > 0)
    }
}

impl Group {
    /// The group of the process, on the unified hierarchy only, and only if we are not in it ourselves, nor
    /// the jobs of a cron or all that a person runs: their memory is not this app's.
    fn of(pid: u32) -> Option<Group> {
        let own = unified(&format!("/proc/{pid}/cgroup"))?;
        if own == "/" || unified("/proc/self/cgroup").is_none_or(|ours| ours.starts_with(&own)) {
            return None;
        }
        if unit_in(&own).is_some_and(is_starter) {
            return None;
        }
        let root = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].map(Path::new);
        let folder: PathBuf = root
            .into_iter()
            .find(|root| root.join("cgroup.controllers").exists())?
            .join(own.trim_start_matches('/'));
        let source = |name: &str| Source::open(folder.join(name).as_path());
        let group = Group {
            path: own,
            // What can be taken back (the page cache) is not in use: a log that is written fills
            // memory.current up to any limit.
            memory: source("memory.stat"),
            memory_max: source("memory.max"),
            cpu: source("cpu.stat"),
            tasks: source("pids.current"),
            tasks_max: source("pids.max"),
        };
        (group.memory.is_there() && group.cpu.is_there()).then_some(group)
    }

    /// Its use. The CPU time comes in ticks of 10 ms, like that of the machine.
    fn read(&self, facts: &mut AppFacts, buffer: &mut [u8]) -> u64 {
        let text = self.memory.read(buffer);
        let bytes = |name: &[u8]| named(text, name).unwrap_or(0);
        facts.memory_kb = bytes(b"anon ").saturating_add(bytes(b"shmem ")) / 1024;
        // A limit that is "max" is no number, and so none.
        facts.memory_max_kb = self.memory_max.number().map(|max| max / 1024);
        facts.tasks = self.tasks.number().unwrap_or(0);
        facts.tasks_max = self.tasks_max.number();
        named(self.cpu.read(buffer), b"usage_usec ").unwrap_or(0) / 10_000
    }
}

fn unified(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned)
}

/// The fields behind the name, which may hold anything, brackets too.
fn member(text: &[u8]) -> Option<Member> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let mut fields = text.get(end + 2..)?.split(|byte| *byte == b' ');
    let state = *fields.next()?.first()?;
    // Numbered as in proc(5): the state is field 3.
    let mut at = 4;
    let mut field = |wanted: usize| {
        let found = fields.nth(wanted - at)?;
        at = wanted + 1;
        number(found)
    };
    let ticks = field(14)?.checked_add(field(15)?)?;
    // Of children that have ended: a fork storm's work is theirs.
    let ended = field(16)?.saturating_add(field(17)?);
    let tasks = field(20)?;
    let start_ticks = field(22)?;
    let memory_kb = field(24)?.saturating_mul(PAGE_KB);
    Some(Member { state, ticks: ticks.saturating_add(ended), tasks, start_ticks, memory_kb })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_kind_hides_no_field() {
        let text = b"77 (a) D 9 (x) D 1 7 7 0 -1 4 5 0 6 0 100 20 3 4 20 0 9 0 5000 1000 250 1\n";
        let expected =
            Member { state: b'D', ticks: 127, tasks: 9, start_ticks: 5_000, memory_kb: 1_000 };
        assert_eq!(member(text), Some(expected));
        assert_eq!(member(b"77 (a) R 1"), None);
        assert_eq!(member(b""), None);
    }
}
