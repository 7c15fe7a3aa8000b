//! What a client may ask.

use defib_journal::drill::DrillKind;
use defib_journal::json::{In, ReadError};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Status,
    Why { app: String },
    Hold { app: String, for_ms: u64, reason: String },
    Release { app: String },
    Watch,
    Probe,
    Drill { app: String, kind: DrillKind },
}

/// A sentence about what is wrong, and one about what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) error: String,
    pub(crate) hint: String,
}

impl Problem {
    pub(crate) fn new(error: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem { error: error.into(), hint: hint.into() }
    }
}

/// The longest hold, as for hold files: a person who means "for good" changes the config.
const HOLD_MAX_MS: u64 = 86_400_000;

/// A reason is one line of a terminal.
const REASON_MAX: usize = 200;

#[derive(Debug, Default)]
struct Fields {
    verb: Option<String>,
    app: Option<String>,
    for_ms: Option<u64>,
    reason: Option<String>,
    kind: Option<String>,
}

/// Reads one line.
pub(crate) fn parse(line: &[u8]) -> Result<Request, Problem> {
    let fields = read(line).map_err(|error| {
        Problem::new(format!("not a request: {error}"), "send one JSON object a line")
    })?;
    let verb = fields
        .verb
        .as_deref()
        .ok_or_else(|| Problem::new("field 'do' is missing", "for example {\"do\":\"status\"}"))?;
    match verb {
        "status" => Ok(Request::Status),
        "watch" => Ok(Request::Watch),
        "probe" => Ok(Request::Probe),
        "why" => Ok(Request::Why { app: named(fields.app)? }),
        "release" => Ok(Request::Release { app: named(fields.app)? }),
        "hold" => hold(fields),
        "drill" => drill(fields),
        other => {
            let shown: String = other.chars().take(40).collect();
            let known = "known are status, why, hold, release, watch, probe, drill";
            Err(Problem::new(format!("unknown request '{shown}'"), known))
        }
    }
}

fn hold(fields: Fields) -> Result<Request, Problem> {
    let app = named(fields.app)?;
    let within = "give 'for_ms' between 1 and 86400000 (24 h)";
    let for_ms = fields.for_ms.ok_or_else(|| Problem::new("how long is not said", within))?;
    if !(1..=HOLD_MAX_MS).contains(&for_ms) {
        return Err(Problem::new(format!("a hold of {for_ms} ms is not possible"), within));
    }
    let reason = fields.reason.unwrap_or_default().chars().take(REASON_MAX).collect();
    Ok(Request::Hold { app, for_ms, reason })
}

fn drill(fields: Fields) -> Result<Request, Problem> {
    let kind = match fields.kind.as_deref() {
        Some("kill") => DrillKind::Kill,
        Some("hang") => DrillKind::Hang,
        _ => return Err(Problem::new("which drill is not said", "give 'kind': kill or hang")),
    };
    Ok(Request::Drill { app: named(fields.app)?, kind })
}

fn named(app: Option<String>) -> Result<String, Problem> {
    app.ok_or_else(|| Problem::new("field 'app' is missing", "name an app, or '*' for all"))
}

fn read(line: &[u8]) -> Result<Fields, ReadError> {
    let mut input = In::new(line);
    let mut object = input.object()?;
    let mut fields = Fields::default();
    while let Some(key) = object.key(&mut input)? {
        match key.as_ref() {
            "do" => fields.verb = Some(input.string()?.into_owned()),
            "app" => fields.app = Some(input.string()?.into_owned()),
            "kind" => fields.kind = Some(input.string()?.into_owned()),
            "reason" => fields.reason = Some(input.string()?.into_owned()),
            "for_ms" => fields.for_ms = Some(defib_journal::json::Shape::read(&mut input)?),
            _ => input.skip()?,
        }
    }
    input.end()?;
    Ok(fields)
}

/// The app that was probably meant: the one that needs the fewest letters changed, at most 2.
pub(crate) fn closest<'a>(asked: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (letters_changed(asked, name), name))
        .filter(|&(changed, _)| changed <= 2)
        .min_by_key(|&(changed, _)| changed)
        .map(|(_, name)| name)
}

/// Levenshtein's distance, one row at a time; cut at 64 letters, for names are short.
fn letters_changed(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, &other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(other != letter);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_read() {
        assert_eq!(parse(br#"{"do":"status","new":[1,{}]}"#), Ok(Request::Status));
        assert_eq!(parse(br#"{"do":"watch"}"#), Ok(Request::Watch));
        assert_eq!(parse(br#"{"do":"probe"}"#), Ok(Request::Probe));
        let shop = || "shop".to_owned();
        assert_eq!(parse(br#"{"do":"why","app":"shop"}"#), Ok(Request::Why { app: shop() }));
        assert_eq!(
            parse(br#"{"app":"shop","do":"release"}"#),
            Ok(Request::Release { app: shop() })
        );
        let hold = parse(br#"{"do":"hold","app":"shop","for_ms":600000,"reason":"deploy"}"#);
        let reason = "deploy".to_owned();
        assert_eq!(hold, Ok(Request::Hold { app: shop(), for_ms: 600_000, reason }));
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        for (line, error) in [
            (&br"[]"[..], "not a request: unexpected character at byte 0"),
            (br"{}", "field 'do' is missing"),
            (br#"{"do":"reboot"}"#, "unknown request 'reboot'"),
            (br#"{"do":"why"}"#, "field 'app' is missing"),
            (br#"{"do":"hold","app":"a"}"#, "how long is not said"),
            (br#"{"do":"hold","app":"a","for_ms":0}"#, "a hold of 0 ms is not possible"),
        ] {
            assert_eq!(parse(line).map_err(|problem| problem.error), Err(error.to_owned()));
        }
        assert!(parse(br#"{"do":"hold","app":"a","for_ms":86400001}"#).is_err());
        assert!(parse(b"\xff\xff").is_err());
    }

    #[test]
    fn the_closest_name_is_suggested_only_when_close() {
        let names = || ["shop", "blog", "api"].into_iter();
        assert_eq!(closest("shp", names()), Some("shop"));
        assert_eq!(closest("blok", names()), Some("blog"));
        assert_eq!(closest("database", names()), None);
    }
}
