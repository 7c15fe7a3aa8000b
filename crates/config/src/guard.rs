//! The config that `defib guard` stands for: flags become a text, and the text is loaded like any
//! other. So there is one way to a policy, and a person can keep the text as a file.

use crate::url::{self, Place};
use crate::value::{toml_list, toml_string};
use std::fmt::Write as _;

/// What stands on the command line of `defib guard`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardOptions {
    /// Where to look.
    pub url: String,
    /// A name for the app; `None` derives one.
    pub name: Option<String>,
    /// `--start CMD`, to be split like a shell does it.
    pub start: Option<String>,
    /// `--unit UNIT`.
    pub unit: Option<String>,
    /// `--recover CMD`, to be split like a shell does it.
    pub recover: Option<String>,
    /// `--allow-reboot`.
    pub allow_reboot: bool,
    /// Decide and record, and do nothing.
    pub observe: bool,
    /// Further keys of the app as they stand after a flag: `("interval", "1s")`,
    /// `("user", "www-data")`, `("expect", "200-299")`. The loader judges them.
    pub settings: Vec<(&'static str, String)>,
}

/// Keys whose values TOML wants without quotes.
const BARE_KEYS: [&str; 5] =
    ["rise", "incident_limit", "redirects", "reload_by_hup", "body_max_is_fault"];

/// The config text that `options` stand for. It need not be valid: [`load`](crate::load) judges.
pub fn guard_text(options: &GuardOptions) -> String {
    let mode = if options.observe { "observe" } else { "act" };
    let reboot = if options.allow_reboot { "allowed" } else { "never" };
    let mut text = format!("[machine]\nmode = \"{mode}\"\nreboot = \"{reboot}\"\n\n");
    let _ = writeln!(text, "[app.{}]", toml_key(&guard_name(options)));
    let (key, place) = place(&options.url);
    let _ = writeln!(text, "{key} = {}", toml_string(place));
    for (key, line) in [("start", &options.start), ("recover", &options.recover)] {
        if let Some(line) = line {
            let _ = writeln!(text, "{key} = {}", command(line));
        }
    }
    if let Some(unit) = &options.unit {
        let _ = writeln!(text, "unit = {}", toml_string(unit));
    }
    for (key, value) in &options.settings {
        let _ = writeln!(text, "{key} = {}", setting(key, value));
    }
    let has_target = options.start.is_some() || options.unit.is_some() || options.recover.is_some();
    if options.allow_reboot && !has_target {
        text.push_str("reboot_on = [\"dead\", \"hung\", \"memory\", \"kernel-io\"]\n");
    }
    text
}

/// On a command line `tcp://HOST:PORT` is a URL like the others; a config has a key for it.
fn place(url: &str) -> (&'static str, &str) {
    match url.strip_prefix("tcp://") {
        Some(place) => ("tcp", place.trim_end_matches('/')),
        None => ("url", url),
    }
}

/// A line that cannot be split stays one string, which the loader refuses with the reason.
fn command(line: &str) -> String {
    shlex::split(line).map_or_else(|| toml_string(line), |words| toml_list(&words))
}

fn setting(key: &str, value: &str) -> String {
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !value.is_empty();
    if BARE_KEYS.contains(&key) && plain { value.to_owned() } else { toml_string(value) }
}

fn toml_key(name: &str) -> String {
    if crate::app::check_name(name).is_ok() { name.to_owned() } else { toml_string(name) }
}

/// The app's name: the given one, or the unit's, the host's, the socket's, or the port's. It also
/// names the state folder, so it must not change from one start to the next.
pub fn guard_name(options: &GuardOptions) -> String {
    if let Some(name) = &options.name {
        return name.clone();
    }
    let source = match &options.unit {
        Some(unit) => unit.trim_end_matches(".service").to_owned(),
        None => name_of_url(&options.url),
    };
    let name: String = source
        .to_ascii_lowercase()
        .chars()
        .map(|letter| if crate::app::is_name_letter(letter) { letter } else { '-' })
        .take(40)
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}

fn name_of_url(text: &str) -> String {
    let text = text.replacen("tcp://", "http://", 1);
    let Ok(url) = url::parse(&text) else {
        return "app".to_owned();
    };
    match &url.place {
        Place::Unix(path) => {
            path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned())
        }
        place if place.is_local() => format!("app-{}", place.port().unwrap_or_default()),
        Place::Ip(address, port) => format!("{address}-{port}"),
        Place::Name(name, _) => name.clone(),
    }
}
