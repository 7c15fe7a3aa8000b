//! Names of closed sets, as commands of the user's see them.

use defib_config::spec::Config;
use defib_engine::effect::Rung;
use defib_engine::note::Class;
use defib_engine::policy::Mode;

/// A rung in one word.
pub(crate) const fn rung(rung: Rung) -> &'static str {
    match rung {
        Rung::Start => "start",
        Rung::Reload => "reload",
        Rung::Restart => "restart",
        Rung::Kill => "kill",
        Rung::Reboot => "reboot",
        Rung::Clean => "clean",
    }
}

/// A fault class in one word.
pub(crate) const fn class(class: Class) -> &'static str {
    match class {
        Class::Intended => "intended",
        Class::Dead => "dead",
        Class::CrashLoop => "crash-loop",
        Class::KernelIo => "kernel-io",
        Class::Memory => "memory",
        Class::Certificate => "certificate",
        Class::Outside => "outside",
        Class::Dependency => "dependency",
        Class::Contract => "contract",
        Class::Hung => "hung",
        Class::Spinning => "spinning",
        Class::Erroring => "erroring",
        Class::Busy => "busy",
        Class::BadChange => "bad-change",
        Class::Exhausted => "exhausted",
        Class::Proxy => "proxy",
        Class::Unknown => "unknown",
    }
}

/// What `systemctl status` shows: what is guarded, and whether by the file's own config.
pub(crate) fn service_status(config: &Config, is_file_refused: bool) -> String {
    let verb = match config.policy.mode {
        Mode::Act => "guards",
        Mode::Observe => "observes",
    };
    let names: Vec<&str> = config.apps.iter().map(|app| app.name.as_str()).collect();
    let names = names.join(", ");
    if is_file_refused {
        format!("the config file was refused, the last good one stays in force: {verb} {names}")
    } else {
        format!("{verb} {names}")
    }
}

/// At most `max` bytes of a text, cut between characters.
pub(crate) fn cut(text: &str, max: usize) -> String {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// A JSON string, quotes included.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => out.extend(format!("\\u{:04x}", c as u32).chars()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_manager_is_told_what_is_guarded_and_by_which_config() {
        let app = |name| format!("[app.{name}]\nurl = \"http://127.0.0.1/\"\n");
        let text = format!("[machine]\nmode = \"act\"\n{}{}", app("shop"), app("blog"));
        let load = |text: &str| {
            let loaded = defib_config::load(text, &defib_config::Host { root: false });
            loaded.expect("a good config").config
        };
        assert_eq!(service_status(&load(&text), false), "guards shop, blog");
        let refused = service_status(&load(&text.replace("act", "observe")), true);
        assert_eq!(
            refused,
            "the config file was refused, the last good one stays in force: observes shop, blog"
        );
    }

    #[test]
    fn texts_are_cut_and_quoted_safely() {
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(json_string("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }
}
