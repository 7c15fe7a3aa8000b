//! Our lines in a crontab's text. What others wrote there is kept byte for byte.

/// Where our block begins. Found by its start, so that the rest may say more one day.
const BEGIN: &str = "# >>> defib";
const BEGIN_LINE: &str =
    "# >>> defib: written by `defib install`; `defib install --remove` takes it away\n";
const END: &str = "# <<< defib";

/// What cron is to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    /// Our program, by its absolute path.
    pub(super) program: String,
    /// `--config FILE`, if one was named.
    pub(super) config: Option<String>,
    /// Where errors go.
    pub(super) log: String,
    /// The user's name, in a table that has such a field.
    pub(super) user: Option<&'static str>,
}

impl Start {
    /// At boot at once, and each minute if nobody answers: a daemon that is there already answers, and one that
    /// is just starting holds its lock.
    fn block(&self) -> String {
        let user = self.user.map_or_else(String::new, |user| format!("{user} "));
        let program = quoted(&self.program);
        let config = self
            .config
            .as_ref()
            .map_or_else(String::new, |path| format!(" --config {}", quoted(path)));
        let daemon = format!("{program} -q daemon{config} >>{} 2>&1", quoted(&self.log));
        let asks = format!("{program} -q status >/dev/null 2>&1");
        format!("{BEGIN_LINE}@reboot {user}{daemon}\n* * * * * {user}{asks} || {daemon}\n{END}\n")
    }
}

/// The table with our lines, at the end and once.
pub(super) fn with(table: &str, start: &Start) -> String {
    let mut text = without(table);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text + &start.block()
}

/// The table without them. A block whose end was cut off is only as long as its lines are ours.
pub(super) fn without(table: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in table.split_inclusive('\n') {
        if line.starts_with(BEGIN) {
            inside = true;
        } else if inside && line.starts_with(END) {
            inside = false;
        } else if !(inside && is_ours(line)) {
            inside = false;
            kept.push_str(line);
        }
    }
    kept
}

fn is_ours(line: &str) -> bool {
    (line.starts_with("@reboot ") || line.starts_with("* * * * * ")) && line.contains(" -q daemon")
}

/// For `sh`, and for cron, which takes a bare % for the end of the command.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''").replace('%', "\\%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHERS: &str = "MAILTO=me\n*/5 * * * * curl -s http://a/ || reboot\n";

    fn start() -> Start {
        let program = "/usr/bin/defib".to_owned();
        Start { program, config: None, log: "/var/log/defib.log".into(), user: None }
    }

    #[test]
    fn what_is_installed_twice_is_there_once_and_what_is_removed_leaves_no_trace() {
        for table in ["", OTHERS, "# no line end"] {
            let once = with(table, &start());
            assert_eq!(with(&once, &start()), once);
            assert_eq!(without(&once).trim_end(), table.trim_end());
        }
        assert_eq!(without(OTHERS), OTHERS);
    }

    #[test]
    fn lines_that_somebody_added_behind_a_torn_block_stay() {
        let torn = with("", &start()).replace(END, "0 4 * * * backup");
        assert_eq!(without(&torn), "0 4 * * * backup\n");
    }

    #[test]
    fn the_lines_say_what_cron_is_to_do() {
        let named =
            Start { config: Some("/srv/my app/50%.toml".into()), user: Some("root"), ..start() };
        let text = with("", &named);
        let daemon =
            "/usr/bin/defib -q daemon --config '/srv/my app/50\\%.toml' >>/var/log/defib.log 2>&1";
        assert!(text.contains(&format!("@reboot root {daemon}\n")), "{text}");
        let kept = format!("* * * * * root /usr/bin/defib -q status >/dev/null 2>&1 || {daemon}\n");
        assert!(text.contains(&kept), "{text}");
    }
}
