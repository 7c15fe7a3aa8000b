//! `defib install`: on a host without systemd, cron starts defib at boot and again when it is gone.

mod place;
mod table;

use crate::answer::Answer;
use crate::cli::args::{Global, InstallArgs};
use crate::places::Places;
use place::Place;
use std::path::{Path, PathBuf};
use table::Start;

/// There while systemd is the init of this machine, sd_booted(3).
const SYSTEMD: &str = "/run/systemd/system";
const CONFIG_FILE: &str = "/etc/defib/defib.toml";

/// Writes our lines, or takes them away.
pub fn install(args: &InstallArgs, global: &Global) -> Answer {
    if args.crontab.is_none() && !args.remove && Path::new(SYSTEMD).is_dir() {
        return failed("systemd runs here, and starts defib better than cron could", UNIT_ADVICE);
    }
    let is_root = rustix::process::geteuid().is_root();
    let place = Place::choose(args.crontab.as_deref(), is_root);
    let done = if args.remove { remove(&place, global) } else { write(&place, is_root, global) };
    done.unwrap_or_else(|error| failed(&error, "nothing was changed"))
}

const UNIT_ADVICE: &str = "with the package: systemctl enable --now defib.service";

fn write(place: &Place, is_root: bool, global: &Global) -> Result<Answer, String> {
    let config = global.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG_FILE));
    let config = std::path::absolute(&config).map_err(|e| format!("{}: {e}", config.display()))?;
    if !config.is_file() {
        return Err(format!(
            "there is no config {}: cron would start defib in vain",
            config.display()
        ));
    }
    let start = Start {
        program: own_program()?,
        config: global.config.as_ref().map(|_| config.to_string_lossy().into_owned()),
        log: log(is_root)?,
        user: place.has_users().then_some("root"),
    };
    let before = place.read()?;
    let after = table::with(&before, &start);
    if global.dry_run {
        return Ok(told(&after));
    }
    if after == before {
        return Ok(told(&format!("{}: cron starts defib already\n", place.name())));
    }
    place.write(&after)?;
    let name = place.name();
    Ok(told(&format!("{name}: cron starts defib at boot, and within a minute when it is gone\n")))
}

fn remove(place: &Place, global: &Global) -> Result<Answer, String> {
    let before = place.read()?;
    let after = table::without(&before);
    if global.dry_run {
        return Ok(told(&after));
    }
    if after == before {
        return Ok(told(&format!("{}: holds no lines of defib's\n", place.name())));
    }
    place.write(&after)?;
    let name = place.name();
    Ok(told(&format!(
        "{name}: cron starts defib no more; one that runs goes on until it gets TERM\n"
    )))
}

fn own_program() -> Result<String, String> {
    let own = std::env::current_exe().map_err(|e| format!("cannot find our own program: {e}"))?;
    own.into_os_string().into_string().map_err(|_| "our own path is no text".to_owned())
}

/// Only errors go there, since the journal holds the rest. Its folder must be there: a shell whose redirection
/// fails starts nothing.
fn log(is_root: bool) -> Result<String, String> {
    let folder = if is_root { PathBuf::from("/var/log") } else { Places::for_daemon().state };
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let name = if is_root { "defib.log" } else { "daemon.log" };
    Ok(folder.join(name).to_string_lossy().into_owned())
}

fn told(text: &str) -> Answer {
    Answer { out: text.to_owned(), err: String::new(), code: 0 }
}

fn failed(what: &str, advice: &str) -> Answer {
    Answer { out: String::new(), err: format!("defib: {what}; {advice}\n"), code: 1 }
}
