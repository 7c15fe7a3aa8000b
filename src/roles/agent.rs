//! `guard` and `daemon`: the executor, with a config, folders and a guardian to start.

use crate::roles::argv::guardian_argv;
use defib_config::{GuardOptions, Host, guard_name, guard_text, load};
use defib_console::cli::args::{DaemonArgs, Global, GuardArgs};
use defib_console::places::{Places, guard_key};
use defib_console::style::Style;
use defib_executor::boundary::{NoWatchdog, Watchdog};
use defib_executor::manager::{NoManager, ServiceManager};
use defib_executor::notify::{NoNotify, Notify};
use defib_executor::separation::Separation;
use defib_executor::service::notify::Notifier;
use defib_executor::service::systemd::{Settings, Systemd};
use defib_executor::{AtEnd, Error, Setup, hardware_watchdog, run};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `EX_CONFIG` of sysexits(3): with `RestartPreventExitStatus=78` the service manager does not start
/// us again, because nothing but a person can help.
const NO_CONFIG: u8 = 78;
const CONFIG_FILE: &str = "/etc/defib/defib.toml";

/// Where the machine's own agent has its socket.
const RUNTIME_DIR: &str = "/run/defib";

/// pam_motd(8) shows the files there at login; /run is empty after a boot.
const LOGIN_DIR: &str = "/run/motd.d";

/// Flags that make no config are wrong usage.
const USAGE: u8 = 2;

/// `defib guard`: in the foreground, for one target.
pub(crate) fn guard(args: &GuardArgs, global: &Global) -> ExitCode {
    let (text, path, key) = match guard_config(args, global) {
        Ok(config) => config,
        Err(error) => return complain(NO_CONFIG, &error),
    };
    let name = path.as_deref().map_or("the command line".into(), Path::to_string_lossy);
    if let Err(report) = usable(&text, &name, global) {
        eprint!("{report}");
        return ExitCode::from(if path.is_some() { NO_CONFIG } else { USAGE });
    }
    if global.dry_run {
        return show(&text);
    }
    let places = args.state.as_deref().map_or_else(|| Places::for_guard(&key), Places::in_folder);
    let source = Source { text, path, fault: None };
    begin(source, &places, global, AtEnd::StopApps, Box::new(NoNotify))
}

/// The config text, its file if it has one, and the key of the state folder.
fn guard_config(
    args: &GuardArgs,
    global: &Global,
) -> Result<(String, Option<PathBuf>, String), String> {
    if let Some(path) = &global.config {
        let text = read(path)?;
        let key = guard_key(None, &path.to_string_lossy());
        return Ok((text, Some(path.clone()), key));
    }
    let options = GuardOptions {
        url: args.url.clone().unwrap_or_default(),
        name: args.name.clone(),
        start: args.start.clone(),
        unit: args.unit.clone(),
        recover: args.recover.clone(),
        allow_reboot: args.allow_reboot,
        observe: args.observe,
        settings: settings(args),
    };
    let key = guard_key(Some(&guard_name(&options)), &options.url);
    Ok((guard_text(&options), None, key))
}

fn settings(args: &GuardArgs) -> Vec<(&'static str, String)> {
    [
        ("interval", &args.interval),
        ("timeout", &args.timeout),
        ("window", &args.window),
        ("user", &args.user),
    ]
    .into_iter()
    .filter_map(|(key, value)| value.clone().map(|value| (key, value)))
    .collect()
}

/// `defib daemon`: what the config file names, as a service.
pub(crate) fn daemon(args: &DaemonArgs, global: &Global) -> ExitCode {
    let path = global.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG_FILE));
    let mut places = args.state.as_deref().map_or_else(Places::for_daemon, Places::in_folder);
    if let Some(runtime) = &args.runtime {
        places.runtime.clone_from(runtime);
    }
    match named_config(&path, global) {
        Ok(text) if global.dry_run => show(&text),
        Ok(text) => serve(Source { text, path: Some(path), fault: None }, &places, global),
        Err(fault) => last_good(path, fault, &places, global),
    }
}

/// The text of the file, if it can be used.
fn named_config(path: &Path, global: &Global) -> Result<String, String> {
    let text = read(path)?;
    usable(&text, &path.to_string_lossy(), global)?;
    Ok(text)
}

/// The config file is no use: the last one that was goes on, because a typo must not end guarding.
fn last_good(path: PathBuf, fault: String, places: &Places, global: &Global) -> ExitCode {
    let kept = places.last_good_config();
    let Ok(text) = named_config(&kept, global) else {
        return complain(NO_CONFIG, &format!("{fault}\nno usable config: {}", path.display()));
    };
    if global.dry_run {
        return complain(NO_CONFIG, &fault);
    }
    eprintln!("defib: {}", fault.trim_end());
    eprintln!("defib: the last good config is used instead: {}", kept.display());
    serve(Source { text, path: Some(path), fault: Some(fault) }, places, global)
}

fn serve(source: Source, places: &Places, global: &Global) -> ExitCode {
    let notify = Box::new(Notifier::from_environment());
    begin(source, places, global, AtEnd::LeaveApps, notify)
}

/// A config that can be used, and where it is from.
struct Source {
    text: String,
    path: Option<PathBuf>,
    /// What is wrong with the file at `path`, if the text is not from there.
    fault: Option<String>,
}

/// Prints a config's warnings, which stop nobody; its errors are for the caller.
fn usable(text: &str, name: &str, global: &Global) -> Result<(), String> {
    let host = Host { root: rustix::process::geteuid().is_root() };
    let color = Style::for_stdout(global.color, global.plain).color;
    let loaded = load(text, &host).map_err(|report| report.render(name, text, color))?;
    if !loaded.warnings.is_empty() {
        eprint!("{}", loaded.warnings.render(name, text, color));
    }
    Ok(())
}

fn begin(
    source: Source,
    places: &Places,
    global: &Global,
    at_end: AtEnd,
    notify: Box<dyn Notify>,
) -> ExitCode {
    let setup = match setup(source, places, global, at_end, notify) {
        Ok(setup) => setup,
        Err(error) => return complain(1, &error),
    };
    match run(setup) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error @ Error::Config(_)) => complain(NO_CONFIG, &error.to_string()),
        Err(error) => complain(1, &error.to_string()),
    }
}

fn setup(
    source: Source,
    places: &Places,
    global: &Global,
    at_end: AtEnd,
    notify: Box<dyn Notify>,
) -> Result<Setup, String> {
    places
        .prepare_private()
        .map_err(|error| format!("the state folder cannot be used: {error}"))?;
    let own =
        std::env::current_exe().map_err(|error| format!("cannot find our own program: {error}"))?;
    let separation = Separation::arrange(&places.state, &places.runtime);
    if let Some(said) = separation.remark.as_ref().or(separation.alarm.as_ref()) {
        eprintln!("defib: {said}");
    }
    Ok(Setup {
        config_text: source.text,
        config_path: source.path,
        config_fault: source.fault,
        state_dir: places.state.clone(),
        runtime_dir: places.runtime.clone(),
        guardian_argv: guardian_argv(&own, &separation, places, global, at_end),
        guardian_user: separation.ids,
        exec_child_argv: vec![own.into_os_string(), "exec-child".into()],
        at_end,
        manager: manager(at_end),
        machine: defib_executor::machine::host::of_this_machine(),
        watchdog: watchdog(at_end),
        login_dir: login_dir(places, at_end),
        notify,
        keep_program: crate::pages::keep_what_guards,
    })
}

/// Only the machine's own agent speaks to everybody who logs in; a second one in a folder of its own does not.
fn login_dir(places: &Places, at_end: AtEnd) -> Option<PathBuf> {
    let is_own = at_end == AtEnd::LeaveApps
        && rustix::process::geteuid().is_root()
        && places.runtime == Path::new(RUNTIME_DIR);
    is_own.then(|| LOGIN_DIR.into())
}

/// A watchdog is only armed by an agent that is started again when it dies: else our death would be the
/// machine's. PID 1 with a notification socket does that; a trial in a terminal is nobody's child.
fn watchdog(at_end: AtEnd) -> Box<dyn Watchdog> {
    let by_init = rustix::process::getppid().is_some_and(rustix::process::Pid::is_init);
    let is_kept = by_init && std::env::var_os("NOTIFY_SOCKET").is_some();
    if at_end == AtEnd::LeaveApps && is_kept {
        return hardware_watchdog();
    }
    Box::new(NoWatchdog("only a service that PID 1 starts again when it dies may hold one"))
}

/// systemd where it is the service manager; else nothing that could act on units.
fn manager(at_end: AtEnd) -> Box<dyn ServiceManager> {
    let mut settings = Settings::of_this_machine();
    // A transient unit would outlive us, and Ctrl-C on `guard` ends what `guard` started.
    settings.has_transient &= at_end == AtEnd::LeaveApps;
    match Systemd::detect(settings) {
        Ok(Some(systemd)) => Box::new(systemd),
        Ok(None) => Box::new(NoManager::default()),
        Err(error) => {
            eprintln!("defib: systemd cannot be used: {error}");
            Box::new(NoManager::default())
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn show(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(code: u8, message: &str) -> ExitCode {
    eprintln!("defib: {}", message.trim_end());
    ExitCode::from(code)
}
