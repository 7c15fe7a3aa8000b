//! Others that restart or reboot on their own judgement. Two healers of one app undo each other's work.

use super::process::Process;
use super::root::Root;

/// The programs that are known, by the name that the kernel shows, and how each is named to people.
const PROGRAMS: [(&str, &str); 6] = [
    ("monit", "Monit"),
    ("watchdog", "the watchdog daemon"),
    ("wd_keepalive", "the watchdog daemon (wd_keepalive)"),
    ("watchdogd", "watchdogd"),
    ("supervisord", "supervisord"),
    ("PM2", "PM2"),
];

/// Where lines for cron are, apart from `/etc/crontab`.
const FOLDERS: [&str; 3] = ["/etc/cron.d", "/var/spool/cron/crontabs", "/var/spool/cron"];

const ASKING: [&str; 3] = ["curl", "wget", "defib probe"];
const ACTING: [&str; 6] = ["reboot", "restart", "shutdown", "init 6", "systemctl start", "sysrq"];

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Healer {
    /// Which kind.
    pub(crate) kind: Kind,
    /// Its name, or where the line stands.
    pub(crate) what: String,
}

/// Which kind of healer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A daemon.
    Program,
    /// A line of cron.
    Cron,
}

impl Healer {
    pub(super) fn read_all(root: &Root, processes: &[Process]) -> Vec<Healer> {
        let mut found: Vec<Healer> = Vec::new();
        for process in processes {
            if let Some(what) = known(process) {
                let healer = Healer { kind: Kind::Program, what };
                if !found.contains(&healer) {
                    found.push(healer);
                }
            }
        }
        found.extend(cron(root));
        found
    }
}

/// By the name that the kernel shows, which is a script's own; PM2 calls its daemon `PM2 v5.3.0: God`.
fn known(process: &Process) -> Option<String> {
    let name = process.name.split(' ').next()?;
    let (_, shown) = PROGRAMS.iter().find(|(program, _)| *program == name)?;
    Some((*shown).to_owned())
}

fn cron(root: &Root) -> Vec<Healer> {
    let in_folders = FOLDERS.iter().flat_map(|folder| {
        root.names(folder).into_iter().map(move |name| format!("{folder}/{name}"))
    });
    let files = std::iter::once("/etc/crontab".to_owned()).chain(in_folders);
    let lines = files.flat_map(|file| {
        let text = root.text(&file).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
        let places = (1..).map(move |number| format!("{file}:{number}"));
        places.zip(lines)
    });
    // The line itself may hold a password, and a doctor's word is shown to others.
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#') && heals(root, line))
        .map(|(place, _)| Healer { kind: Kind::Cron, what: place })
        .collect()
}

/// Whether it asks a site and restarts something, itself or in a script that it names.
fn heals(root: &Root, line: &str) -> bool {
    let is_healing = |text: &str| {
        ASKING.iter().any(|word| text.contains(word))
            && ACTING.iter().any(|word| text.contains(word))
    };
    let mut scripts = line.split_whitespace().filter(|word| word.starts_with('/'));
    is_healing(line)
        || scripts.any(|path| {
            let text = root.text(path).unwrap_or_default();
            text.starts_with("#!") && is_healing(&text)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn healers_are_known_by_the_kernels_name_for_them() {
        let shown = |name: &str| known(&Process { name: name.into(), ..Process::default() });
        assert_eq!(shown("monit"), Some("Monit".into()));
        assert_eq!(shown("supervisord"), Some("supervisord".into()));
        assert_eq!(shown("PM2 v5.3.0: God"), Some("PM2".into()));
        assert_eq!(shown("vim"), None);
    }
}
