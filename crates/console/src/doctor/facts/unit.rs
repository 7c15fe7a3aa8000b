//! The unit of a guarded app, as it stands on disk. systemd itself is not asked: that would need a
//! process or a bus, and its answer is the same unless a file was edited and not reloaded.

use super::conf::{Settings, add_drop_ins};
use super::process::{Process, main_of};
use super::root::Root;

/// Where units are, the more important place first (systemd.unit(5)).
const FOLDERS: [&str; 11] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// One unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its name.
    pub(crate) name: String,
    /// Whether it can be started.
    pub(crate) file: UnitFile,
    /// Whether it can be reloaded.
    pub(crate) has_reload: bool,
    /// `Restart=`
    pub(crate) restart: Option<String>,
    /// `OOMPolicy=`
    pub(crate) oom_policy: Option<String>,
    /// `TimeoutStopSec=`
    pub(crate) timeout_stop: Option<String>,
    /// `MemoryHigh=`
    pub(crate) memory_high: Option<String>,
    /// `MemoryMax=`
    pub(crate) memory_max: Option<String>,
    /// `OOMScoreAdjust=`
    pub(crate) oom_score_adjust: Option<i64>,
    /// `WatchdogSec=`
    pub(crate) watchdog: Option<String>,
    /// `StartLimitIntervalSec=`
    pub(crate) start_limit_interval: Option<String>,
    /// `StartLimitBurst=`
    pub(crate) start_limit_burst: Option<String>,
    /// Its main process.
    pub(crate) pid: Option<u32>,
    /// That one's place with the memory killer.
    pub(crate) oom_score_adj: Option<i64>,
}

/// What stands on disk for a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum UnitFile {
    /// This file.
    At(String),
    /// A link to `/dev/null`: somebody does not want it started.
    Masked,
    /// Nothing.
    #[default]
    Missing,
}

impl Unit {
    pub(super) fn read(root: &Root, name: &str, processes: &[Process]) -> Unit {
        let (file, names) = find(root, name);
        let mut settings = Settings::default();
        if let UnitFile::At(path) = &file {
            settings.add(&root.text(path).unwrap_or_default());
            add_drop_ins(root, drop_in_folders(&names), &mut settings);
        }
        let main = main_of(processes, name);
        let service = |key: &str| settings.get("Service", key).map(ToOwned::to_owned);
        let unit = |key: &str| settings.get("Unit", key).map(ToOwned::to_owned);
        Unit {
            name: name.to_owned(),
            has_reload: service("ExecReload").is_some()
                || service("Type").as_deref() == Some("notify-reload"),
            restart: service("Restart"),
            oom_policy: service("OOMPolicy"),
            timeout_stop: service("TimeoutStopSec").or_else(|| service("TimeoutSec")),
            memory_high: service("MemoryHigh"),
            memory_max: service("MemoryMax").or_else(|| service("MemoryLimit")),
            oom_score_adjust: service("OOMScoreAdjust").and_then(|text| text.parse().ok()),
            watchdog: service("WatchdogSec").filter(|text| text != "0"),
            start_limit_interval: unit("StartLimitIntervalSec"),
            start_limit_burst: unit("StartLimitBurst"),
            pid: main.map(|process| process.pid),
            oom_score_adj: main.and_then(|process| process.oom_score_adj),
            file,
        }
    }
}

/// The unit's file, and the names under which its drop-ins may stand: its own, and that of what it is
/// another name for.
fn find(root: &Root, name: &str) -> (UnitFile, Vec<String>) {
    let mut names = vec![name.to_owned()];
    names.extend(template_of(name));
    for file in names.clone() {
        for folder in FOLDERS {
            let path = format!("{folder}/{file}");
            let link = root.link(&path);
            if link.as_deref() == Some("/dev/null") {
                return (UnitFile::Masked, names);
            }
            if root.has(&path) {
                let target = link.as_deref().and_then(|to| to.rsplit('/').next());
                names.extend(target.filter(|to| *to != file).map(ToOwned::to_owned));
                return (UnitFile::At(path), names);
            }
        }
    }
    (UnitFile::Missing, names)
}

/// `shop@.service` of `shop@1.service`.
fn template_of(name: &str) -> Option<String> {
    let (stem, rest) = name.split_once('@')?;
    let (_, kind) = rest.rsplit_once('.')?;
    (!rest.starts_with('.')).then(|| format!("{stem}@.{kind}"))
}

/// The folders of drop-ins, the more important first: of the unit's names, of the beginnings of its
/// name up to each dash, and of all services.
fn drop_in_folders(names: &[String]) -> Vec<String> {
    let mut all = names.to_vec();
    for name in names {
        let dashes: Vec<usize> = name.match_indices('-').map(|(at, _)| at).collect();
        all.extend(dashes.iter().rev().map(|at| format!("{}.service", &name[..=*at])));
    }
    all.push("service".to_owned());
    let in_each = |name: &String| FOLDERS.map(|folder| format!("{folder}/{name}.d"));
    all.iter().flat_map(in_each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_folders_of_drop_ins_are_named_as_systemd_names_them() {
        assert_eq!(template_of("shop@1.service"), Some("shop@.service".into()));
        assert_eq!(template_of("shop@.service"), None);
        assert_eq!(template_of("shop.service"), None);
        let folders = drop_in_folders(&["a-b.service".into()]);
        let etc: Vec<&str> = folders
            .iter()
            .filter_map(|folder| folder.strip_prefix("/etc/systemd/system/"))
            .collect();
        assert_eq!(etc, ["a-b.service.d", "a-.service.d", "service.d"]);
    }
}
