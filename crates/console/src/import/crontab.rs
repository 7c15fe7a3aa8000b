//! The lines of a crontab.

use super::shell::finding::Place;

/// More lines than that are not read in one file.
const LINES_MAX: usize = 5_000;

/// Whose lines they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Each line names its user.
    Lines,
    /// All lines are of this one.
    User(String),
}

/// One line that runs something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it stands.
    pub(crate) place: Place,
    /// When it runs, as it stands there.
    pub(crate) schedule: String,
    /// Whom it runs as.
    pub(crate) user: String,
    /// What it runs, as the shell gets it.
    pub(crate) command: String,
    /// Whether cron cuts it at an unescaped `%`.
    pub(crate) is_cut: bool,
    /// Variables that stand above it.
    pub(crate) environment: Vec<(String, String)>,
}

impl Entry {
    /// Whether it runs once, when the machine comes up.
    pub(crate) fn is_boot(&self) -> bool {
        self.schedule == "@reboot"
    }

    /// `every 5 min`, or as it stands.
    pub(crate) fn pace(&self) -> String {
        let fields: Vec<&str> = self.schedule.split(' ').collect();
        match fields.as_slice() {
            ["*" | "*/1", "*", "*", "*", "*"] => "every minute".to_owned(),
            [minutes, "*", "*", "*", "*"] => match minutes.strip_prefix("*/") {
                Some(count) => format!("every {count} min"),
                None => self.schedule.clone(),
            },
            _ => self.schedule.clone(),
        }
    }
}

/// The lines of `file` that run something.
pub(crate) fn entries(file: &str, text: &str, owner: &Owner) -> Vec<Entry> {
    let mut environment: Vec<(String, String)> = Vec::new();
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate().take(LINES_MAX) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some((name, value)) = variable(line) {
            environment.retain(|(known, _)| *known != name);
            environment.push((name, value));
            continue;
        }
        let place = Place { file: file.to_owned(), line: at + 1 };
        entries.extend(entry(line, place, owner, &environment));
    }
    entries
}

/// `NAME = value`
fn variable(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim().trim_matches(['"', '\'']);
    let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then(|| (name.to_owned(), value.trim().trim_matches(['"', '\'']).to_owned()))
}

fn entry(
    line: &str,
    place: Place,
    owner: &Owner,
    environment: &[(String, String)],
) -> Option<Entry> {
    let mut rest = line.trim_start_matches('-');
    let mut schedule = Vec::new();
    let count = if rest.starts_with('@') { 1 } else { 5 };
    for _ in 0..count {
        schedule.push(next_word(&mut rest)?);
    }
    let user = match owner {
        Owner::Lines => next_word(&mut rest)?.to_owned(),
        Owner::User(user) => user.clone(),
    };
    let (command, is_cut) = command(rest.trim_start());
    (!command.is_empty()).then(|| Entry {
        place,
        schedule: schedule.join(" "),
        user,
        command,
        is_cut,
        environment: environment.to_vec(),
    })
}

fn next_word<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let text = rest.trim_start();
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    *rest = after;
    (!word.is_empty()).then_some(word)
}

/// cron ends a command at the first `%`; `\%` is a percent sign.
fn command(text: &str) -> (String, bool) {
    let mut command = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some('%')) => {
                command.push('%');
                letters.next();
            }
            ('%', _) => return (command, true),
            _ => command.push(letter),
        }
    }
    (command, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_variables_and_percent_signs() {
        let text = "# m h\nPATH=/usr/bin:/opt/bin\n\n*/5 * * * * root curl -w '\\%{x}' a\n\
                    @reboot\twww-data  /srv/start.sh\n5 4 * *\n* * * * * root date +%s\n";
        let found = entries("/etc/crontab", text, &Owner::Lines);
        let shown: Vec<String> = found
            .iter()
            .map(|e| format!("{} [{}] {}: {} {}", e.place, e.pace(), e.user, e.command, e.is_cut))
            .collect();
        assert_eq!(
            shown,
            [
                "/etc/crontab:4 [every 5 min] root: curl -w '%{x}' a false",
                "/etc/crontab:5 [@reboot] www-data: /srv/start.sh false",
                "/etc/crontab:7 [every minute] root: date + true",
            ]
        );
        assert_eq!(found[0].environment, [("PATH".to_owned(), "/usr/bin:/opt/bin".to_owned())]);
    }
}
