//! Where crontabs are.

use super::crontab::{Entry, Owner, entries};
use super::surroundings::Rooted;
use std::fs;
use std::path::PathBuf;

/// Folders of users' crontabs: Debian's, SUSE's, Red Hat's, Alpine's. The file's name is the user's.
const SPOOLS: [&str; 4] =
    ["/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron", "/etc/crontabs"];

/// A crontab is read up to here.
const FILE_MAX: u64 = 1 << 20;

/// A crontab.
#[derive(Debug)]
pub(crate) struct Crontab {
    /// Its path on the machine that is read.
    pub(crate) name: String,
    /// Its path on this one.
    pub(crate) path: PathBuf,
    /// Its content.
    pub(crate) content: Vec<u8>,
    owner: Owner,
}

impl Crontab {
    /// A text that somebody hands in (`crontab -l`).
    pub(crate) fn of_text(content: Vec<u8>, user: String) -> Crontab {
        let owner = Owner::User(user);
        Crontab { name: "crontab".to_owned(), path: PathBuf::new(), content, owner }
    }

    /// Its lines that run something.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        entries(&self.name, &String::from_utf8_lossy(&self.content), &self.owner)
    }
}

/// All crontabs of a machine, in a fixed order, and those that could not be read, with the reason.
pub(crate) fn gather(machine: &Rooted) -> (Vec<Crontab>, Vec<String>) {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    let mut paths = vec![("/etc/crontab".to_owned(), Owner::Lines)];
    paths.extend(
        files(machine, "/etc/cron.d", &mut unread).into_iter().map(|path| (path, Owner::Lines)),
    );
    for spool in SPOOLS {
        for path in files(machine, spool, &mut unread) {
            let user = path.rsplit('/').next().unwrap_or_default().to_owned();
            paths.push((path, Owner::User(user)));
        }
    }
    for (name, owner) in paths {
        let path = machine.place(&name);
        match fs::metadata(&path) {
            Ok(known) if known.is_file() && known.len() <= FILE_MAX => match fs::read(&path) {
                Ok(content) => found.push(Crontab { name, path, content, owner }),
                Err(error) => unread.push(format!("{name}: {error}")),
            },
            Ok(known) if known.is_file() => unread.push(format!("{name}: it is over 1 MiB long")),
            Ok(_) | Err(_) => {}
        }
    }
    (found, unread)
}

/// cron reads no file whose name has a dot at its beginning or a tilde at its end.
fn files(machine: &Rooted, folder: &str, unread: &mut Vec<String>) -> Vec<String> {
    let entries = match fs::read_dir(machine.place(folder)) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                unread.push(format!("{folder}: {error}"));
            }
            return Vec::new();
        }
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter(|name| !name.starts_with('.') && !name.ends_with('~')).collect();
    names.sort();
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}
