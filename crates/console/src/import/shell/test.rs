//! Conditions: `[ "$status" != 200 ]`, `grep -q`, and what they say about a look.

use super::expand::{Told, Value};
use super::finding::Look;

/// What a command's success means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// About this look; whether success means that it was good.
    Look(usize, bool),
    /// Always this.
    Known(bool),
    /// Something else, for people.
    Other(String),
}

impl Truth {
    /// The opposite.
    pub(crate) fn not(self) -> Truth {
        match self {
            Truth::Look(look, good) => Truth::Look(look, !good),
            Truth::Known(yes) => Truth::Known(!yes),
            Truth::Other(what) => Truth::Other(match what.strip_prefix("not: ") {
                Some(what) => what.to_owned(),
                None => format!("not: {what}"),
            }),
        }
    }
}

/// `[ ... ]`, without the brackets.
pub(crate) fn condition(words: &[Value], looks: &mut [Look]) -> Truth {
    let shown = || words.iter().map(|word| word.shown.as_str()).collect::<Vec<_>>().join(" ");
    let is_joint = |word: &Value| ["&&", "||", "-a", "-o"].contains(&word.text.as_str());
    let mut truths = words.split(is_joint).map(|part| single(part, looks));
    let first = truths.next().unwrap_or_else(|| Truth::Other(shown()));
    let rest: Vec<Truth> = truths.collect();
    match (&first, rest.iter().all(|truth| *truth == first)) {
        (Truth::Other(_), _) | (_, false) => Truth::Other(shown()),
        (_, true) => first,
    }
}

fn single(words: &[Value], looks: &mut [Look]) -> Truth {
    let shown = words.iter().map(|word| word.shown.as_str()).collect::<Vec<_>>().join(" ");
    let found = match words {
        [not, rest @ ..] if not.text == "!" => return single(rest, looks).not(),
        [one] => one.told.map(|told| of(told, true)),
        [flag, one] if flag.text == "-z" => one.told.map(|told| of(told, false)),
        [flag, one] if flag.text == "-n" => one.told.map(|told| of(told, true)),
        [left, operator, right] => match (left.told, right.told) {
            (Some(told), None) => compare(told, &left.text, &operator.text, right, looks),
            (None, Some(told)) => compare(told, &right.text, mirror(&operator.text), left, looks),
            _ => None,
        },
        _ => None,
    };
    found.unwrap_or(Truth::Other(shown))
}

fn of(told: Told, good: bool) -> Truth {
    match told {
        // An exit code is never empty.
        Told::Exit(_) => Truth::Known(good),
        Told::Status(look) | Told::Body(look) => Truth::Look(look, good),
    }
}

fn mirror(operator: &str) -> &str {
    match operator {
        "-lt" => "-gt",
        "-le" => "-ge",
        "-gt" => "-lt",
        "-ge" => "-le",
        other => other,
    }
}

fn compare(
    told: Told,
    prefix: &str,
    operator: &str,
    with: &Value,
    looks: &mut [Look],
) -> Option<Truth> {
    let text = with.whole()?;
    // `x$status` = `x200`: what stands before the variable stands before the text too.
    let text = text.strip_prefix(prefix).unwrap_or(text);
    let (operator, is_not) = match operator {
        "!=" => ("=", true),
        "-ne" => ("-eq", true),
        other => (other, false),
    };
    let truth = match told {
        Told::Exit(look) => exit_code(look, operator, text)?,
        Told::Status(look) => status(look, operator, text, looks.get_mut(look)?)?,
        Told::Body(look) => body(look, operator, text, looks.get_mut(look)?)?,
    };
    Some(if is_not { truth.not() } else { truth })
}

fn exit_code(look: usize, operator: &str, text: &str) -> Option<Truth> {
    match (operator, text) {
        ("=" | "==" | "-eq", "0") | ("-lt", "1") => Some(Truth::Look(look, true)),
        ("=" | "==" | "-eq", _) | ("-gt", "0") | ("-ge", "1") => Some(Truth::Look(look, false)),
        _ => None,
    }
}

fn status(look: usize, operator: &str, text: &str, looked: &mut Look) -> Option<Truth> {
    if let ("=" | "==" | "=~", Some(expect)) = (operator, pattern_of_statuses(text)) {
        add(looked, expect);
        return Some(Truth::Look(look, true));
    }
    let number: u16 = text.parse().ok()?;
    let below = |bound: u16| format!("200-{}", bound.saturating_sub(1).clamp(200, 599));
    match (operator, number) {
        // 000 is what curl says when there was no answer: then any answer was good.
        ("=" | "==" | "-eq" | "-lt", 0) => {
            add(looked, "100-599".to_owned());
            Some(Truth::Look(look, false))
        }
        ("=" | "==" | "-eq", 100..400) => {
            add(looked, number.to_string());
            Some(Truth::Look(look, true))
        }
        ("=" | "==" | "-eq", 400..600) => {
            add(looked, below(if number < 500 { 400 } else { 500 }));
            Some(Truth::Look(look, false))
        }
        ("-ge" | "-gt", 299..600) => {
            add(looked, below(number + u16::from(operator == "-gt")));
            Some(Truth::Look(look, false))
        }
        ("-lt" | "-le", 299..600) => {
            add(looked, below(number + u16::from(operator == "-le")));
            Some(Truth::Look(look, true))
        }
        ("-ge" | "-gt", 1..299) => Some(Truth::Look(look, true)),
        ("-lt" | "-le", 1..299) => Some(Truth::Look(look, false)),
        _ => None,
    }
}

/// `2*`, `2??`, `^2`, `^[23]`, `20[0-9]`: by what the first digit may be.
fn pattern_of_statuses(text: &str) -> Option<String> {
    let text = text.trim_start_matches(['^', '(']).trim_end_matches(['$', ')']);
    if text.parse::<u16>().is_ok_and(|number| number >= 100) {
        return None;
    }
    if text.starts_with("[23]") || text.starts_with("2|3") {
        return Some("200-399".to_owned());
    }
    let rest = text.strip_prefix('2')?;
    rest.chars().all(|letter| "0123456789*?.[]-+".contains(letter)).then(|| "200-299".to_owned())
}

fn add(look: &mut Look, expect: String) {
    match &mut look.expect {
        Some(known) if known.split(',').any(|one| one == expect) => {}
        Some(known) => {
            known.push(',');
            known.push_str(&expect);
        }
        None => look.expect = Some(expect),
    }
}

fn body(look: usize, operator: &str, text: &str, looked: &mut Look) -> Option<Truth> {
    if !["=", "==", "=~"].contains(&operator) {
        return None;
    }
    contains(looked, text.trim_matches('*'));
    Some(Truth::Look(look, true))
}

fn contains(look: &mut Look, text: &str) {
    let is_plain =
        |letter: char| letter.is_alphanumeric() || " _-:,/\"'{}=<>!&;#@".contains(letter);
    if text.is_empty() || text.len() > 4096 || !text.chars().all(is_plain) {
        let why =
            "it looks for a pattern in the answer: body_regex can, once it is written by hand";
        look.obstacle.get_or_insert_with(|| why.to_owned());
    } else {
        look.contains = Some(text.to_owned());
    }
}

/// `grep` on what a look gave.
pub(crate) fn grep(arguments: &[Value], input: Option<Told>, looks: &mut [Look]) -> Truth {
    let shown: Vec<&str> = arguments.iter().map(|word| word.shown.as_str()).collect();
    let shown = format!("grep {}", shown.join(" "));
    let options = arguments.iter().filter(|word| word.text.starts_with('-'));
    let has = |letter: char| {
        options.clone().any(|word| !word.text.starts_with("--") && word.text.contains(letter))
    };
    let pattern = arguments.iter().find(|word| !word.text.starts_with('-') || !word.is_known);
    let (Some(told), Some(pattern)) = (input, pattern.and_then(Value::whole)) else {
        return Truth::Other(shown);
    };
    let (look, is_status) = match told {
        Told::Status(look) => (look, true),
        Told::Body(look) => (look, false),
        Told::Exit(_) => return Truth::Other(shown),
    };
    let Some(looked) = looks.get_mut(look) else { return Truth::Other(shown) };
    if has('v') {
        return Truth::Other(shown);
    }
    if !is_status {
        contains(looked, if has('i') { "" } else { pattern });
        return Truth::Look(look, true);
    }
    match pattern {
        text if text.contains('5') && !text.contains("200") => Truth::Look(look, false),
        text if text.contains("200") || text.contains("OK") => {
            add(looked, "200".to_owned());
            Truth::Look(look, true)
        }
        _ => Truth::Other(shown),
    }
}
