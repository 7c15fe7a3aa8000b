//! Where cron reads: a file of our own in /etc/cron.d, somebody's crontab, or a file that was named.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FOLDER: &str = "/etc/cron.d";

/// The place of our lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file of cron.d, which has a field for the user.
    Ours(PathBuf),
    /// A file that holds a crontab.
    Named(PathBuf),
    /// The crontab of this user, by crontab(1).
    Crontab,
}

impl Place {
    pub(super) fn choose(named: Option<&Path>, is_root: bool) -> Place {
        match named {
            Some(path) => Place::Named(path.to_path_buf()),
            None if is_root && Path::new(FOLDER).is_dir() => {
                Place::Ours(Path::new(FOLDER).join("defib"))
            }
            None => Place::Crontab,
        }
    }

    /// For people.
    pub(super) fn name(&self) -> String {
        match self {
            Place::Ours(path) | Place::Named(path) => path.display().to_string(),
            Place::Crontab => "crontab".to_owned(),
        }
    }

    /// Whether each line names its user.
    pub(super) fn has_users(&self) -> bool {
        matches!(self, Place::Ours(_))
    }

    /// What is there; nothing is an empty table.
    pub(super) fn read(&self) -> Result<String, String> {
        match self {
            Place::Ours(path) | Place::Named(path) => match fs::read_to_string(path) {
                Ok(text) => Ok(text),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
                Err(error) => Err(format!("{}: {error}", path.display())),
            },
            Place::Crontab => read_crontab(),
        }
    }

    /// Puts the whole table there. A file is replaced in one step: cron never sees half of it.
    pub(super) fn write(&self, table: &str) -> Result<(), String> {
        let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        match self {
            Place::Ours(path) if table.is_empty() => {
                fs::remove_file(path).map_err(|error| failed(path, error))
            }
            Place::Ours(path) | Place::Named(path) => {
                // cron ignores names with a dot.
                let fresh = path.with_extension("defib-new");
                fs::write(&fresh, table)
                    .and_then(|()| match fs::metadata(path) {
                        Ok(found) => fs::set_permissions(&fresh, found.permissions()),
                        Err(_) => Ok(()),
                    })
                    .and_then(|()| fs::rename(&fresh, path))
                    .map_err(|error| failed(path, error))
            }
            Place::Crontab => write_crontab(table),
        }
    }
}

fn read_crontab() -> Result<String, String> {
    let output = Command::new("crontab").arg("-l").stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("crontab: {error}; install cron"))?;
    // "no crontab for ..." is a failure, too; a table that cannot be read must not be overwritten.
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && !said.contains("no crontab") {
        return Err(format!("crontab -l: {}", said.trim()));
    }
    String::from_utf8(output.stdout).map_err(|_| "the crontab is no text".to_owned())
}

fn write_crontab(table: &str) -> Result<(), String> {
    let child = Command::new("crontab").arg("-").stdin(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("crontab: {error}; install cron"))?;
    let mut input = child.stdin.take().ok_or("crontab took no input")?;
    input.write_all(table.as_bytes()).map_err(|error| format!("crontab: {error}"))?;
    drop(input);
    let status = child.wait().map_err(|error| format!("crontab: {error}"))?;
    if status.success() { Ok(()) } else { Err("crontab did not take the lines".to_owned()) }
}
