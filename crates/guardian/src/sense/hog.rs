//! Who has the memory: the largest process, looked for only while memory is short.
//!
//! Nothing else here walks through /proc, and this does it in steps of bounded time, with buffers that were there
//! before. `statm` is for everybody to read, and costs a tenth of `status`.

use super::app::{App, PAGE_KB};
use super::text::{ProcPath, number};
use defib_engine::id::AppId;
use defib_journal::recorder::{Hog, Text};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, RawDir, SeekFrom, open, openat, seek};
use std::mem::MaybeUninit;
use std::path::Path;
use std::time::{Duration, Instant};

/// From one walk to the next, or to the next step of one that was not at its end.
const EVERY: Duration = Duration::from_millis(4_500);

/// A step takes no longer, but for what one bufferful more takes. At one each 4.5 s this is 0.16 % of a core.
const STEP: Duration = Duration::from_millis(7);

/// Processes at most in one step, whatever the clock says.
const STEP_PROCESSES: usize = 4_096;

/// Names at once: about 80. The clock is looked at before each bufferful.
const ENTRIES_BYTES: usize = 2_048;

/// How far up the parents an app's process is looked for.
const PARENTS_MAX: usize = 8;

/// The walk.
#[derive(Debug)]
pub(crate) struct Finder {
    /// The folder, whose offset is how far the walk is. `None` where others' processes are hidden.
    proc: Option<OwnedFd>,
    entries: Box<[MaybeUninit<u8>; ENTRIES_BYTES]>,
    stepped: Option<Instant>,
    is_under_way: bool,
    /// Of the walk under way: its number and its pages.
    largest: Option<(u32, u64)>,
    /// Of the last walk, or of this one if it has found more.
    found: Option<(u64, Hog, Option<AppId>)>,
}

impl Finder {
    /// `root` is `/proc`. With `hidepid=` we would see ourselves only, and call that the largest.
    pub(crate) fn open(root: &Path) -> Finder {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let proc = open(root, flags, Mode::empty()).ok();
        let sees_others = |proc: &OwnedFd| pages(proc, 1).is_some();
        Finder {
            proc: proc.filter(sees_others),
            entries: Box::new([MaybeUninit::uninit(); ENTRIES_BYTES]),
            stepped: None,
            is_under_way: false,
            largest: None,
            found: None,
        }
    }

    /// Goes on looking, if it is time, and gives the largest that is known.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        apps: &[(AppId, App)],
        buffer: &mut [u8],
    ) -> Option<(Hog, Option<AppId>)> {
        if self.stepped.is_none_or(|stepped| now.duration_since(stepped) >= EVERY) {
            self.stepped = Some(now);
            let is_whole = self.step(now + STEP);
            self.conclude(is_whole, apps, buffer);
        }
        self.found.map(|(_, hog, app)| (hog, app))
    }

    /// Memory is not short any more.
    pub(crate) fn forget(&mut self) {
        (self.stepped, self.is_under_way, self.largest, self.found) = (None, false, None, None);
    }

    /// One step. Whether the walk is at its end.
    fn step(&mut self, ends: Instant) -> bool {
        let Some(proc) = &self.proc else { return true };
        if !self.is_under_way {
            self.largest = None;
            if seek(proc, SeekFrom::Start(0)).is_err() {
                return true;
            }
        }
        self.is_under_way = true;
        let mut names = RawDir::new(proc, &mut self.entries[..]);
        let mut left = STEP_PROCESSES;
        loop {
            let is_begun = left < STEP_PROCESSES;
            if names.is_buffer_empty() && is_begun && (left == 0 || Instant::now() >= ends) {
                return false;
            }
            let Some(Ok(entry)) = names.next() else { break };
            left = left.saturating_sub(1);
            let name = entry.file_name().to_bytes();
            let pid = number(name).filter(|_| name.iter().all(u8::is_ascii_digit));
            let Some(pid) = pid.and_then(|pid| u32::try_from(pid).ok()) else { continue };
            let Some(pages) = pages(proc, pid) else { continue };
            if self.largest.is_none_or(|(_, most)| pages > most) {
                self.largest = Some((pid, pages));
            }
        }
        self.is_under_way = false;
        true
    }

    fn conclude(&mut self, is_whole: bool, apps: &[(AppId, App)], buffer: &mut [u8]) {
        let (Some(proc), Some((pid, pages))) = (&self.proc, self.largest) else { return };
        let is_more = self.found.is_none_or(|(most, ..)| pages > most);
        if pages > 0 && (is_whole || is_more) {
            let (hog, app) = describe(proc, pid, pages, apps, buffer);
            self.found = Some((pages, hog, app));
        }
    }
}

/// Pages in memory, the second field; none for what has ended and for the kernel's own.
fn pages(proc: &OwnedFd, pid: u32) -> Option<u64> {
    let mut text = [0; 128];
    let text = read(proc, pid, b"/statm", &mut text);
    text.split(|byte| *byte == b' ').nth(1).and_then(number)
}

fn describe(
    proc: &OwnedFd,
    pid: u32,
    pages: u64,
    apps: &[(AppId, App)],
    buffer: &mut [u8],
) -> (Hog, Option<AppId>) {
    let comm = Text::of(read(proc, pid, b"/comm", buffer).trim_ascii_end());
    let by_parents = || app_by_parents(proc, pid, apps);
    let group = group(read(proc, pid, b"/cgroup", buffer));
    let owner = apps.iter().find(|(_, app)| app.owns_group(group)).map(|(app, _)| *app);
    let rss_kb = pages.saturating_mul(PAGE_KB);
    let hog = Hog { pid, rss_kb, comm, unit: Text::of(last_part(group)), app: None };
    (hog, owner.or_else(by_parents))
}

/// The app whose main process this is, or that one's child or grandchild.
fn app_by_parents(proc: &OwnedFd, pid: u32, apps: &[(AppId, App)]) -> Option<AppId> {
    let mut pid = pid;
    for _ in 0..PARENTS_MAX {
        if let Some((app, _)) = apps.iter().find(|(_, app)| app.identity.pid == pid) {
            return Some(*app);
        }
        pid = parent(proc, pid).filter(|parent| *parent > 1)?;
    }
    None
}

fn parent(proc: &OwnedFd, pid: u32) -> Option<u32> {
    let mut text = [0; 512];
    let text = read(proc, pid, b"/stat", &mut text);
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let field = text.get(end + 2..)?.split(|byte| *byte == b' ').nth(1)?;
    number(field).and_then(|parent| u32::try_from(parent).ok())
}

/// The path on the unified hierarchy, else on systemd's own.
fn group(text: &[u8]) -> &[u8] {
    let lines = || text.split(|byte| *byte == b'\n');
    let unified = lines().find_map(|line| line.strip_prefix(b"0::")).filter(|path| *path != b"/");
    let of_systemd = || {
        let mark = b":name=systemd:";
        let at = |line: &[u8]| line.windows(mark.len()).position(|part| part == mark);
        lines().find_map(|line| Some(&line[at(line)? + mark.len()..]))
    };
    unified.or_else(of_systemd).unwrap_or_default()
}

/// The unit: of what a service has below it, the innermost that systemd has named.
fn last_part(path: &[u8]) -> &[u8] {
    let parts = || path.split(|byte| *byte == b'/').rev().filter(|part| !part.is_empty());
    let is_unit = |part: &&[u8]| part.ends_with(b".service") || part.ends_with(b".scope");
    parts().find(is_unit).or_else(|| parts().next()).unwrap_or_default()
}

fn read<'a>(proc: &OwnedFd, pid: u32, rest: &[u8], buffer: &'a mut [u8]) -> &'a [u8] {
    let path = ProcPath::below(pid, rest);
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = openat(proc.as_fd(), path.as_bytes(), flags, Mode::empty());
    let count = file.ok().and_then(|file| rustix::io::read(file, &mut *buffer).ok());
    &buffer[..count.unwrap_or(0)]
}

#[cfg(test)]
#[path = "hog_tests.rs"]
mod tests;
