//! The config that lines become.

use super::guard::{Guard, Target};
use super::plan::Plan;
use crate::page::put;
use defib_config::{toml_list, toml_string};

/// The longest look that is carried over: beyond it the line was not meant to have a deadline.
const TIMEOUT_MAX_S: u32 = 30;

/// The config's own deadline of a look, and its window (docs/config.md).
const TIMEOUT_S: u32 = 3;
const WINDOW_S: u32 = 16;

/// The whole config.
pub(crate) fn config_text(plan: &Plan, allow_reboot: bool) -> String {
    let mut text = String::from(
        "# Read from cron by `defib import cron`. All keys: docs/config.md\n\n[machine]\n\
         mode   = \"act\"      # the old lines acted\n",
    );
    match (plan.reboots(), allow_reboot) {
        (true, true) => {
            text += "reboot = \"allowed\"  # an old line rebooted, and you allowed it: at most 1 in 6 h\n";
        }
        (true, false) => {
            text += "reboot = \"never\"    # an old line rebooted; it was not allowed\n";
        }
        (false, _) => text += "reboot = \"never\"    # no line that this replaces rebooted\n",
    }
    for guard in &plan.guards {
        text.push('\n');
        for place in &guard.places {
            put!(text, "# {}\n", one_line(&place.to_string()));
        }
        text += &app_text(guard, allow_reboot && plan.reboots());
    }
    text
}

/// A path may hold a line break; a comment must not.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

/// The section of one app.
pub(crate) fn app_text(guard: &Guard, allow_reboot: bool) -> String {
    let mut text = format!("[app.{}]\n", guard.name);
    for (key, value) in keys(guard, allow_reboot) {
        put!(text, "{key} = {value}\n");
    }
    text
}

fn keys(guard: &Guard, allow_reboot: bool) -> Vec<(&'static str, String)> {
    let look = &guard.look;
    let mut keys = match look.url.strip_prefix("tcp://") {
        Some(place) => vec![("tcp", toml_string(place))],
        None => vec![("url", toml_string(&look.url))],
    };
    keys.extend(look.method.map(|method| ("method", toml_string(method))));
    keys.extend(look.host.as_ref().map(|host| ("host", toml_string(host))));
    let expect = look.expect.as_ref().filter(|expect| *expect != "200");
    keys.extend(expect.map(|expect| ("expect", expected(expect))));
    keys.extend(look.contains.as_ref().map(|text| ("body_contains", toml_string(text))));
    if look.follows && !look.url.starts_with("tcp") {
        keys.push(("redirects", "5".to_owned()));
    }
    if let Some(timeout_s) = carried_timeout(guard) {
        keys.push(("timeout", toml_string(&format!("{timeout_s}s"))));
        if timeout_s * 2 > WINDOW_S {
            keys.push(("window", toml_string(&format!("{}s", timeout_s * 2))));
        }
    }
    keys.extend(target_keys(&guard.target));
    if guard.target == Target::Nothing && allow_reboot {
        keys.push(("reboot_on", "[\"dead\", \"hung\", \"memory\", \"kernel-io\"]".to_owned()));
    }
    keys
}

/// The line's deadline, if it is longer than the config's own and no deadline in name only.
pub(crate) fn carried_timeout(guard: &Guard) -> Option<u32> {
    guard.look.timeout_s.filter(|timeout_s| (TIMEOUT_S + 1..=TIMEOUT_MAX_S).contains(timeout_s))
}

fn expected(expect: &str) -> String {
    let one = |text: &str| if text.contains('-') { toml_string(text) } else { text.to_owned() };
    let all: Vec<String> = expect.split(',').map(one).collect();
    if all.len() == 1 { all[0].clone() } else { format!("[{}]", all.join(", ")) }
}

fn target_keys(target: &Target) -> Vec<(&'static str, String)> {
    match target {
        Target::Nothing => Vec::new(),
        Target::Service(unit) => vec![("unit", toml_string(&format!("{unit}.service")))],
        Target::Recover(argv, user) => {
            let mut keys = vec![("recover", toml_list(argv))];
            if user != "root" {
                keys.push(("user", toml_string(user)));
            }
            keys
        }
        Target::Start(launch) => {
            let mut keys = vec![("start", toml_list(&launch.argv))];
            keys.push(("user", toml_string(launch.user.as_deref().unwrap_or("root"))));
            keys.extend(launch.folder.as_ref().map(|folder| ("directory", toml_string(folder))));
            if !launch.environment.is_empty() {
                let one =
                    |(name, value): &(String, String)| format!("{name} = {}", toml_string(value));
                let all: Vec<String> = launch.environment.iter().map(one).collect();
                keys.push(("environment", format!("{{ {} }}", all.join(", "))));
            }
            keys
        }
    }
}
