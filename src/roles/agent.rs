//! `guard` and `daemon`: the executor, with a config, folders and a guardian to start.

use defib_config::{GuardOptions, Host, guard_name, guard_text, load};
use defib_console::cli::args::{DaemonArgs, Global, GuardArgs};
use defib_console::narrate::Form;
use defib_console::places::{Places, guard_key};
use defib_console::style::Style;
use defib_executor::machine::PoliteMachine;
use defib_executor::manager::{NoManager, ServiceManager};
use defib_executor::notify::{NoNotify, Notify};
use defib_executor::service::notify::Notifier;
use defib_executor::service::systemd::Systemd;
use defib_executor::{AtEnd, Error, Setup, run};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `EX_CONFIG` of sysexits(3): with `RestartPreventExitStatus=78` the service manager does not start
/// us again, because nothing but a person can help.
const NO_CONFIG: u8 = 78;
const CONFIG_FILE: &str = "/etc/defib/defib.toml";

/// `defib guard`: in the foreground, for one target.
pub(crate) fn guard(args: &GuardArgs, global: &Global) -> ExitCode {
    let (text, path, key) = match guard_config(args, global) {
        Ok(config) => config,
        Err(error) => return complain(1, &error),
    };
    let name = path.as_deref().map_or("the command line".into(), Path::to_string_lossy);
    if let Err(code) = usable(&text, &name, global) {
        return code;
    }
    if global.dry_run {
        return show(&text);
    }
    let places = args.state.as_deref().map_or_else(|| Places::for_guard(&key), Places::in_folder);
    begin(text, path, &places, global, AtEnd::StopApps, Box::new(NoNotify))
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
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) => return last_good(&path, &places, global, &error),
    };
    let name = path.to_string_lossy();
    match usable(&text, &name, global) {
        Ok(()) if global.dry_run => show(&text),
        Ok(()) => serve(text, path, &places, global),
        Err(_) => last_good(&path, &places, global, "it is not usable"),
    }
}

/// The config file is no use: the last one that was goes on, because a typo must not end guarding.
fn last_good(path: &Path, places: &Places, global: &Global, why: &str) -> ExitCode {
    let kept = places.last_good_config();
    let Ok(text) = read(&kept) else {
        return complain(NO_CONFIG, &format!("no usable config: {}: {why}", path.display()));
    };
    if usable(&text, &kept.to_string_lossy(), global).is_err() {
        return complain(NO_CONFIG, &format!("no usable config: {}: {why}", path.display()));
    }
    eprintln!("defib: {}: {why}; the last good config is used: {}", path.display(), kept.display());
    serve(text, path.to_path_buf(), places, global)
}

fn serve(text: String, path: PathBuf, places: &Places, global: &Global) -> ExitCode {
    begin(
        text,
        Some(path),
        places,
        global,
        AtEnd::LeaveApps,
        Box::new(Notifier::from_environment()),
    )
}

/// Prints what is wrong with a config; a warning does not stop anybody.
fn usable(text: &str, name: &str, global: &Global) -> Result<(), ExitCode> {
    let host = Host { root: rustix::process::geteuid().is_root() };
    let color = Style::for_stdout(global.color, global.plain).color;
    match load(text, &host) {
        Ok(loaded) => {
            eprint!("{}", loaded.warnings.render(name, text, color));
            Ok(())
        }
        Err(report) => {
            eprint!("{}", report.render(name, text, color));
            Err(ExitCode::from(NO_CONFIG))
        }
    }
}

fn begin(
    text: String,
    path: Option<PathBuf>,
    places: &Places,
    global: &Global,
    at_end: AtEnd,
    notify: Box<dyn Notify>,
) -> ExitCode {
    let setup = match setup(text, path, places, global, at_end, notify) {
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
    config_text: String,
    config_path: Option<PathBuf>,
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
    Ok(Setup {
        config_text,
        config_path,
        state_dir: places.state.clone(),
        runtime_dir: places.runtime.clone(),
        guardian_argv: guardian_argv(&own, places, global, at_end),
        guardian_user: None,
        exec_child_argv: vec![own.into_os_string(), "exec-child".into()],
        at_end,
        manager: manager(),
        machine: Box::new(PoliteMachine),
        notify,
    })
}

fn guardian_argv(own: &Path, places: &Places, global: &Global, at_end: AtEnd) -> Vec<OsString> {
    let style = Style::for_stdout(global.color, global.plain);
    let form = match Form::choose(global.json, style) {
        // A service's log is read by people and journald, never redrawn.
        Form::Terminal if at_end == AtEnd::LeaveApps => Form::Plain,
        form => form,
    };
    let mut argv: Vec<OsString> = vec![own.into(), "guardian".into()];
    for (flag, value) in [("--state", &places.state), ("--runtime", &places.runtime)] {
        argv.extend([flag.into(), value.into()]);
    }
    argv.extend(["--form".into(), crate::roles::guardian::form_name(form).into()]);
    argv.extend(style.color.then(|| "--color".into()));
    argv.extend(style.unicode.then(|| "--unicode".into()));
    let verbose =
        if global.quiet { "0" } else { ["1", "2", "3"][usize::from(global.verbose.min(2))] };
    argv.extend(["--verbose".into(), verbose.into()]);
    argv
}

/// systemd where it is, or where a bus says that it is; else nothing that could act on units.
fn manager() -> Box<dyn ServiceManager> {
    match Systemd::detect() {
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
