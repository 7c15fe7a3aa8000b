//! The config that the demo's agent runs on.

use std::fmt::Write;

/// The pace of the demo, the same for each application; printed, because figures mean nothing
/// without it. The defaults are 5 to 20 times slower.
pub(crate) const PACE: &str = "\
interval    = \"1s\"
fast        = \"500ms\"
timeout     = \"1s\"
window      = \"3s\"
rise        = 3
verify      = \"3s\"
start_grace = \"5s\"
";

/// One application, as the config names it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) argv: Vec<String>,
    /// Whom it runs as; an agent that is root asks for one.
    pub(crate) user: Option<&'static str>,
    /// The port of what it needs.
    pub(crate) needs: Option<u16>,
}

/// The whole text.
pub(crate) fn text(entries: &[Entry]) -> String {
    let mut text = "[machine]\nmode   = \"act\"\nreboot = \"never\"\n".to_owned();
    for entry in entries {
        let argv: Vec<String> = entry.argv.iter().map(|word| quoted(word)).collect();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n[app.{}]\nurl         = \"http://127.0.0.1:{}/\"\nstart       = [{}]\n{PACE}",
            entry.name,
            entry.port,
            argv.join(", ")
        );
        if let Some(user) = entry.user {
            let _ = writeln!(text, "user        = {}", quoted(user));
        }
        if let Some(port) = entry.needs {
            let _ =
                write!(text, "[app.{}.depends.database]\ntcp = \"127.0.0.1:{port}\"\n", entry.name);
        }
    }
    text
}

/// A TOML basic string: a temporary folder may be called anything.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::{Entry, text};
    use defib_config::spec::Target;
    use defib_engine::policy::{Mode, View};

    fn entries() -> Vec<Entry> {
        let entry = |name: &str, needs| Entry {
            name: name.to_owned(),
            port: 8001,
            argv: vec!["/tmp/odd \"folder\"\\/defib".to_owned(), "demo-app".to_owned()],
            user: Some("nobody"),
            needs,
        };
        vec![entry("demo-crash", None), entry("demo-orders", Some(8002))]
    }

    #[test]
    fn the_agent_takes_it_as_it_is_meant() {
        let text = text(&entries());
        let loaded = defib_config::load(&text, &defib_config::Host { root: true });
        let config = loaded.unwrap_or_else(|report| panic!("{report:?}\n{text}")).config;
        assert_eq!(config.policy.mode, Mode::Act);
        assert_eq!(config.policy.apps[0].window_ms, 3000);
        let Target::Child(child) = &config.apps[0].target else { panic!("it is started by us") };
        assert_eq!(child.argv[0], "/tmp/odd \"folder\"\\/defib");
        let views: Vec<View> =
            config.policy.apps[1].probes.iter().map(|probe| probe.view).collect();
        assert_eq!(views, [View::App, View::Dependency]);
    }
}
