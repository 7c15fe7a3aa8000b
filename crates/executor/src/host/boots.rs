//! What the real machine tells of its last boot, and the message that its people read at login.

use super::pstore::{Between, panic_between};
use crate::boundary::{Boots, Signs};
use defib_journal::recorder::{FILE_NAME, Past, Summary};
use rustix::fs::{Mode, OFlags, open};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Our file among those that pam_motd shows.
const LOGIN_FILE: &str = "defib";

/// pam_motd reads the files as the user who logs in.
const LOGIN_MODE: u32 = 0o644;

/// The machine.
#[derive(Debug)]
pub(super) struct Witness {
    root: PathBuf,
    journal: PathBuf,
    login_dir: Option<PathBuf>,
}

impl Witness {
    /// `root` is `/`; `login_dir` is `/run/motd.d`, or nothing where nobody is told.
    pub(super) fn new(root: &Path, journal: PathBuf, login_dir: Option<PathBuf>) -> Witness {
        Witness { root: root.to_path_buf(), journal, login_dir }
    }

    /// `btime` is the wall clock minus CLOCK_BOOTTIME, in seconds: it follows a clock that is set.
    fn began_s(&self) -> Option<u64> {
        let text = fs::read_to_string(self.root.join("proc/stat")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
        line.trim().parse().ok()
    }

    /// When the youngest of the journal's files was written to last.
    fn last_wall_ms(&self) -> Option<u64> {
        let entries = fs::read_dir(&self.journal).ok()?.flatten();
        let lines = entries.filter(|it| it.path().extension().is_some_and(|it| it == "jsonl"));
        let times = lines.filter_map(|entry| entry.metadata().ok()?.modified().ok());
        let last = times.max()?.duration_since(UNIX_EPOCH).ok()?;
        u64::try_from(last.as_millis()).ok()
    }
}

impl Boots for Witness {
    fn signs(&mut self) -> Signs {
        let (began_s, last_wall_ms) = (self.began_s(), self.last_wall_ms());
        let seconds = began_s.zip(last_wall_ms.map(|ms| ms / 1_000));
        let between = seconds.and_then(|(began_s, last_s)| {
            let (last_s, began_s) = (i64::try_from(last_s).ok()?, i64::try_from(began_s).ok()?);
            Some(Between { last_s, began_s })
        });
        Signs {
            began_wall_ms: began_s.and_then(|seconds| seconds.checked_mul(1_000)),
            last_wall_ms,
            panic: between.and_then(|between| panic_between(&self.root, between)),
        }
    }

    fn recorded(&mut self, boot_id: [u8; 16]) -> Option<Summary> {
        let file = open_ring_file(&self.journal.join(FILE_NAME)).ok()?;
        let past = Past::read(boot_id, |offset, into| file.read_exact_at(into, offset));
        past.ok()?.end
    }

    fn show_at_login(&mut self, text: Option<&str>) -> io::Result<()> {
        let Some(folder) = &self.login_dir else { return Ok(()) };
        match text {
            Some(text) => write(folder, text),
            None => match fs::remove_file(folder.join(LOGIN_FILE)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }
}

/// The guardian's user may put anything there: no link is followed, and nothing that makes its reader wait is
/// opened.
fn open_ring_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(file)
}

/// Whole or not at all: a login in between sees the old one.
fn write(folder: &Path, text: &str) -> io::Result<()> {
    // The modes are said again: our umask takes them from everybody.
    if !folder.exists() {
        fs::DirBuilder::new().mode(0o755).create(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    }
    let fresh = folder.join(format!(".{LOGIN_FILE}.new"));
    // What an earlier try left goes, and a link is not followed.
    let _ = fs::remove_file(&fresh);
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(&fresh)?;
    file.set_permissions(Permissions::from_mode(LOGIN_MODE))?;
    file.write_all(text.as_bytes())?;
    fs::rename(&fresh, folder.join(LOGIN_FILE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use defib_journal::recorder::{RING_BYTES, SLOT_BYTES, Sample};

    fn witness(root: &Path) -> Witness {
        Witness::new(root, root.join("journal"), Some(root.join("run/motd.d")))
    }

    #[test]
    fn both_ends_of_the_gap_are_read() {
        let root = tempfile::tempdir().expect("a folder");
        let mut machine = witness(root.path());
        assert_eq!(machine.signs(), Signs::default());
        for folder in ["proc", "journal"] {
            fs::create_dir_all(root.path().join(folder)).expect("made");
        }
        fs::write(root.path().join("proc/stat"), "cpu  1 2\nbtime 1795317127\nprocesses 4\n")
            .expect("written");
        let wall = |seconds| UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        for (name, seconds) in [
            ("20261121.jsonl", 1_795_200_000),
            ("20261122.jsonl", 1_795_317_079),
            ("x", 1_800_000_000),
        ] {
            let file = File::create(root.path().join("journal").join(name)).expect("made");
            file.set_modified(wall(seconds)).expect("set");
        }
        let signs = machine.signs();
        assert_eq!(signs.began_wall_ms, Some(1_795_317_127_000));
        assert_eq!(signs.last_wall_ms, Some(1_795_317_079_000));
        assert_eq!(signs.panic, None);
    }

    #[test]
    fn the_message_is_everybody_s_to_read_and_gone_when_there_is_none() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join("run")).expect("made");
        let mut machine = witness(root.path());
        machine.show_at_login(None).expect("nothing to remove");
        for text in ["one\n", "two\n"] {
            machine.show_at_login(Some(text)).expect("written");
            let place = root.path().join("run/motd.d/defib");
            assert_eq!(fs::read_to_string(&place).expect("there"), text);
            let mode =
                |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode(&place), 0o644);
            assert_eq!(mode(&root.path().join("run/motd.d")), 0o755);
        }
        assert_eq!(fs::read_dir(root.path().join("run/motd.d")).expect("there").count(), 1);
        machine.show_at_login(None).expect("removed");
        assert_eq!(fs::read_dir(root.path().join("run/motd.d")).expect("there").count(), 0);
    }

    #[test]
    fn the_recorder_is_read_and_whatever_else_lies_there_is_not() {
        let root = tempfile::tempdir().expect("a folder");
        let (mut machine, journal) = (witness(root.path()), root.path().join("journal"));
        assert_eq!(machine.recorded([2; 16]), None);
        fs::create_dir(&journal).expect("made");
        let place = journal.join(FILE_NAME);
        let mut ring = vec![0; RING_BYTES];
        Sample { boot_id: [1; 16], wall_ms: 77, is_short: true, ..Sample::default() }
            .encode(ring.first_chunk_mut::<SLOT_BYTES>().expect("a slot"));
        let elsewhere = root.path().join("elsewhere");
        fs::write(&elsewhere, ring).expect("written");
        std::os::unix::fs::symlink(&elsewhere, &place).expect("made");
        assert_eq!(machine.recorded([2; 16]), None, "a link");
        fs::remove_file(&place).expect("removed");
        rustix::fs::mkfifoat(rustix::fs::CWD, &place, Mode::RUSR).expect("made");
        assert_eq!(machine.recorded([2; 16]), None, "nobody writes to a fifo");
        fs::rename(&elsewhere, &place).expect("moved");
        assert_eq!(machine.recorded([2; 16]).map(|it| it.wall_ms), Some(77));
        assert_eq!(machine.recorded([1; 16]), None, "that is this boot");
    }

    #[test]
    fn without_a_folder_nobody_is_told() {
        let root = tempfile::tempdir().expect("a folder");
        let mut machine = Witness::new(root.path(), root.path().join("journal"), None);
        machine.show_at_login(Some("text")).expect("nothing to do");
        assert_eq!(fs::read_dir(root.path()).expect("there").count(), 0);
    }
}
