//! Programs that run another: `sudo`, `timeout`, `flock`, `nohup`, `su -c`, `sh -c`, ...

use super::expand::Value;

/// What stood before the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stripped {
    /// The program and its arguments.
    pub(crate) words: Vec<Value>,
    /// Whom it runs as.
    pub(crate) user: Option<String>,
    /// Whether that user's login shell runs it, in the user's home.
    pub(crate) is_login: bool,
    /// Variables given to it.
    pub(crate) environment: Vec<(String, Value)>,
    /// Whether it outlives whoever started it.
    pub(crate) is_detached: bool,
    /// How long it may take.
    pub(crate) limit_s: Option<u32>,
    /// A text that a shell reads (`sh -c TEXT`).
    pub(crate) text: Option<Value>,
}

/// How many of them may stand before each other.
const PREFIXES_MAX: usize = 16;

/// Takes away what stands before the program.
pub(crate) fn strip(words: Vec<Value>) -> Stripped {
    let mut stripped = Stripped { words, ..Stripped::default() };
    for _ in 0..PREFIXES_MAX {
        if stripped.text.is_some() || !strip_one(&mut stripped) {
            break;
        }
    }
    stripped
}

/// The name of a program, without its folder.
pub(crate) fn name_of(word: &Value) -> &str {
    word.text.rsplit('/').next().unwrap_or_default()
}

fn strip_one(stripped: &mut Stripped) -> bool {
    let Some(first) = stripped.words.first() else { return false };
    match name_of(first).to_owned().as_str() {
        "nohup" | "setsid" => {
            stripped.is_detached = true;
            drop_options(stripped, "");
        }
        "exec" | "command" | "builtin" | "time" | "chronic" | "cronic" | "stdbuf" => {
            drop_options(stripped, "a");
        }
        "nice" => drop_options(stripped, "n"),
        "ionice" => drop_options(stripped, "cnp"),
        "chrt" | "taskset" => {
            drop_options(stripped, "");
            drop_words(stripped, 1);
        }
        "timeout" => {
            drop_options(stripped, "ks");
            stripped.limit_s = stripped.words.first().and_then(|word| limit(&word.text));
            drop_words(stripped, 1);
        }
        "flock" => return flock(stripped),
        "screen" => screen(stripped),
        "env" => environment(stripped),
        "sudo" | "doas" => {
            take_user(stripped, "ugpCDhrtT");
            environment_words(stripped);
        }
        "su" | "runuser" => return become_user(stripped),
        "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" => return shell(stripped),
        _ => return false,
    }
    true
}

fn limit(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u32 = digits.split('.').next()?.parse().ok()?;
    Some(number.saturating_mul(match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        _ => 1,
    }))
}

fn drop_words(stripped: &mut Stripped, count: usize) {
    let count = count.min(stripped.words.len());
    stripped.words.drain(..count);
}

/// Drops the program and its options; those in `with_value` take the next word if nothing is joined to
/// them.
fn drop_options(stripped: &mut Stripped, with_value: &str) {
    drop_words(stripped, 1);
    while let Some(option) = next_option(stripped) {
        drop_words(stripped, 1);
        if option == "--" {
            break;
        }
        let mut letters = option.chars().skip(1);
        let takes = letters.next().is_some_and(|letter| with_value.contains(letter));
        drop_words(stripped, usize::from(takes && letters.next().is_none()));
    }
}

fn next_option(stripped: &Stripped) -> Option<String> {
    let word = stripped.words.first()?;
    (word.text.starts_with('-') && word.text.len() > 1).then(|| word.text.clone())
}

fn environment(stripped: &mut Stripped) {
    drop_options(stripped, "uCS");
    environment_words(stripped);
}

fn environment_words(stripped: &mut Stripped) {
    while let Some((name, value)) = stripped.words.first().and_then(|word| {
        let (name, text) = word.text.split_once('=')?;
        let value = Value { text: text.to_owned(), ..word.clone() };
        (!name.contains('/')).then(|| (name.to_owned(), value))
    }) {
        stripped.environment.push((name, value));
        drop_words(stripped, 1);
    }
}

fn take_user(stripped: &mut Stripped, with_value: &str) {
    let at = stripped.words.iter().position(|word| word.text == "-u" || word.text == "--user");
    let joined = stripped.words.iter().find_map(|word| word.text.strip_prefix("--user="));
    let named = at.and_then(|at| stripped.words.get(at + 1)).and_then(Value::whole);
    if let Some(user) = named.or(joined) {
        stripped.user = Some(user.to_owned());
    } else if stripped.user.is_none() {
        stripped.user = Some("root".to_owned());
    }
    stripped.is_login |= stripped.words.iter().any(|word| word.text == "-i" || word.text == "-iu");
    drop_options(stripped, with_value);
}

/// `flock -n FILE COMMAND ...`, or `flock FILE -c TEXT`.
fn flock(stripped: &mut Stripped) -> bool {
    drop_options(stripped, "wE");
    drop_words(stripped, 1);
    if stripped.words.first().is_some_and(|word| word.text == "-c") {
        stripped.text = stripped.words.get(1).cloned();
    }
    true
}

/// `screen -dmS NAME COMMAND ...`
fn screen(stripped: &mut Stripped) {
    stripped.is_detached = true;
    drop_words(stripped, 1);
    while let Some(option) = next_option(stripped) {
        drop_words(stripped, 1 + usize::from(option.ends_with('S')));
    }
}

/// `su - USER -c TEXT`, `runuser -u USER -- COMMAND`.
fn become_user(stripped: &mut Stripped) -> bool {
    let words = std::mem::take(&mut stripped.words);
    let mut rest = words.into_iter().skip(1);
    stripped.user = None;
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            "-" | "-l" | "--login" => stripped.is_login = true,
            "-c" | "--command" | "-lc" => {
                stripped.is_login |= word.text == "-lc";
                stripped.text = rest.next();
            }
            "-s" | "--shell" | "-g" | "-G" => drop(rest.next()),
            "-u" => stripped.user = rest.next().map(|word| word.text),
            "--" => {
                stripped.words = rest.collect();
                break;
            }
            option if option.starts_with('-') => {}
            _ if stripped.user.is_none() => stripped.user = Some(word.text),
            _ => {
                stripped.words = std::iter::once(word).chain(rest).collect();
                break;
            }
        }
    }
    stripped.user.get_or_insert_with(|| "root".to_owned());
    true
}

/// `sh -c TEXT` is a text, `sh FILE` a file.
fn shell(stripped: &mut Stripped) -> bool {
    let is_text = |word: &Value| word.text.starts_with('-') && word.text.ends_with('c');
    if let Some(at) = stripped.words.iter().take(4).position(is_text) {
        stripped.text = stripped.words.get(at + 1).cloned();
        return true;
    }
    drop_options(stripped, "");
    let Some(file) = stripped.words.first_mut() else { return false };
    // A file that a shell is given is a script, executable or not.
    if !file.text.contains('/') {
        file.text = format!("./{}", file.text);
    }
    true
}
