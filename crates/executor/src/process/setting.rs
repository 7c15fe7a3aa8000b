//! Where a process was started and with what in its environment: two sites may run one command in two folders.

use defib_config::spec::ChildSpec;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The longest environment that is read.
const ENVIRONMENT_MAX: u64 = 256 * 1024;

/// They differ between cron, a person's shell and a service manager, and make no other app.
const OF_THE_STARTER: [&str; 7] = ["PATH", "HOME", "SHELL", "USER", "LOGNAME", "LANG", "PWD"];

/// How the process speaks against being the app, if it does. What cannot be read says nothing.
pub(crate) fn contradiction(pid: u32, child: &ChildSpec) -> Option<String> {
    let mut bytes = Vec::new();
    // As it was when the program was executed, unless the program has written over it.
    if let Ok(file) = File::open(format!("/proc/{pid}/environ")) {
        let _ = file.take(ENVIRONMENT_MAX).read_to_end(&mut bytes);
    }
    let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).ok();
    other_folder(&bytes, folder.as_deref(), child).or_else(|| other_variable(&bytes, child))
}

/// A program may change its folder (gunicorn's `--chdir`): the shell that started it has left word of the first.
fn other_folder(environment: &[u8], now: Option<&Path>, child: &ChildSpec) -> Option<String> {
    let wanted = child.directory.as_ref()?.canonicalize().ok()?;
    let now = now?;
    let first = value_of(environment, "PWD").and_then(|path| Path::new(path).canonicalize().ok());
    let is_there = now == wanted || first.is_some_and(|first| first == wanted);
    (!is_there).then(|| format!("runs in {}, not in {}", now.display(), wanted.display()))
}

fn other_variable(environment: &[u8], child: &ChildSpec) -> Option<String> {
    let settings = child.environment.iter();
    settings
        .filter(|(name, _)| !OF_THE_STARTER.contains(&name.as_str()))
        .find(|(name, wanted)| value_of(environment, name).is_some_and(|value| value != wanted))
        .map(|(name, _)| format!("has another {name}"))
}

fn value_of<'a>(environment: &'a [u8], name: &str) -> Option<&'a str> {
    let mut pairs = environment.split(|&byte| byte == 0);
    let value = |pair: &'a [u8]| {
        pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
    };
    std::str::from_utf8(pairs.find_map(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(directory: Option<&str>, environment: &[(&str, &str)]) -> ChildSpec {
        ChildSpec {
            argv: vec!["app".into()],
            user: None,
            directory: directory.map(Into::into),
            environment: environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            reload_by_hup: false,
            grace_ms: 1_000,
        }
    }

    #[test]
    fn a_folder_is_the_one_of_now_or_of_the_start() {
        let child = child(Some("/etc"), &[]);
        assert_eq!(other_folder(b"", Some(Path::new("/etc")), &child), None);
        assert_eq!(other_folder(b"A=1\0PWD=/etc\0", Some(Path::new("/usr")), &child), None);
        let other = other_folder(b"PWD=/root\0", Some(Path::new("/usr")), &child);
        assert_eq!(other.as_deref(), Some("runs in /usr, not in /etc"));
        assert_eq!(other_folder(b"", None, &child), None);
    }

    #[test]
    fn a_variable_speaks_only_if_it_is_there_and_the_apps_own() {
        let child = child(None, &[("SITE", "shop"), ("PATH", "/opt/bin")]);
        assert_eq!(other_variable(b"SITE=shop\0PATH=/bin\0", &child), None);
        assert_eq!(other_variable(b"MYSITE=blog\0SITES=blog\0", &child), None);
        let other = other_variable(b"PATH=/bin\0SITE=blog\0", &child);
        assert_eq!(other.as_deref(), Some("has another SITE"));
    }

    #[test]
    fn this_process_runs_where_it_runs() {
        let here = std::env::current_dir().expect("known");
        let ours = child(here.to_str(), &[]);
        assert_eq!(contradiction(std::process::id(), &ours), None);
        let there = child(Some("/proc"), &[]);
        assert!(contradiction(std::process::id(), &there).is_some());
    }
}
