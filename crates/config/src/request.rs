//! The values of an HTTP request and of the answer that is expected.

use crate::section::{Entry, Value, Wrong, entries};
use crate::spec::StatusSet;
use crate::value::{number, text, word};
use toml::de::DeValue;

fn is_token(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.len() <= 128 && text.bytes().all(letter)
}

pub(crate) fn method(value: &Value<'_>) -> Result<String, Wrong> {
    let method = word(value)?;
    if !is_token(&method) || method.len() > 16 {
        return Err(Wrong::new(format!("is not an HTTP method: \"{method}\"")));
    }
    if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let upper = method.to_ascii_uppercase();
        return Err(Wrong::new("is case-sensitive").hint(format!("did you mean \"{upper}\"?")));
    }
    if method == "CONNECT" {
        return Err(Wrong::new("cannot be CONNECT").hint("for a mere connect use `tcp`"));
    }
    Ok(method)
}

pub(crate) fn host(value: &Value<'_>) -> Result<String, Wrong> {
    let host = word(value)?;
    let letter = |byte: u8| byte.is_ascii_graphic() && !b"/?#@\\\"".contains(&byte);
    if host.len() <= 300 && host.bytes().all(letter) {
        return Ok(host);
    }
    Err(Wrong::new(format!("is not a Host header: \"{host}\"")).hint("a name, or name:port"))
}

pub(crate) fn body_text(value: &Value<'_>) -> Result<String, Wrong> {
    let text = text(value)?;
    if text.is_empty() || text.len() > 4096 {
        return Err(Wrong::new("must have 1 to 4096 bytes"));
    }
    Ok(text.to_owned())
}

pub(crate) fn pattern(value: &Value<'_>) -> Result<String, Wrong> {
    let pattern = body_text(value)?;
    match regex_lite::RegexBuilder::new(&pattern).size_limit(1 << 18).build() {
        Ok(_) => Ok(pattern),
        Err(fault) => Err(Wrong::new(format!("is not a pattern that can be used: {fault}"))
            .hint("the syntax of the regex-lite crate; a literal text belongs in `body_contains`")),
    }
}

/// Headers that the prober sets itself, with the reason.
const OWN_HEADERS: [(&str, &str); 4] = [
    ("host", "use the key `host`"),
    ("connection", "every look closes its connection, so that none is left idle on the app"),
    ("content-length", "a look sends no body"),
    ("transfer-encoding", "a look sends no body"),
];

pub(crate) fn headers(value: &Value<'_>) -> Result<Vec<(String, String)>, Wrong> {
    let Some(table) = value.as_ref().as_table() else {
        let kind = value.as_ref().type_str();
        return Err(Wrong::new(format!("must be a table, not {kind}"))
            .hint("headers = { Accept = \"text/html\" }"));
    };
    if table.len() > 32 {
        return Err(Wrong::new("has more than 32 headers"));
    }
    entries(table)
        .iter()
        .map(|entry| header(entry).map_err(|wrong| wrong.at(entry.span.clone())))
        .collect()
}

fn header(entry: &Entry<'_>) -> Result<(String, String), Wrong> {
    let name = entry.name;
    crate::target::refuse_machine_key(name)?;
    if !is_token(name) {
        return Err(Wrong::new(format!("has a bad name: \"{name}\"")));
    }
    let own = OWN_HEADERS.iter().find(|(own, _)| name.eq_ignore_ascii_case(own));
    if let Some((_, why)) = own {
        return Err(Wrong::new(format!("cannot set {name}")).hint(*why));
    }
    let before = format!("has a bad value: {name}");
    let text = word(entry.value).map_err(|wrong| wrong.within(&before).at(entry.value.span()))?;
    Ok((name.to_owned(), text))
}

const STATUS_FORMS: &str = "write 200, [200, 204], \"200-299\" or [\"200-204\", 301]";

pub(crate) fn statuses(value: &Value<'_>) -> Result<StatusSet, Wrong> {
    let ranges = match value.as_ref() {
        DeValue::Array(items) => items.iter().map(status_range).collect::<Result<Vec<_>, _>>()?,
        _ => vec![status_range(value)?],
    };
    if ranges.is_empty() {
        return Err(Wrong::new("expects nothing, so every look would fail").hint(STATUS_FORMS));
    }
    Ok(StatusSet(ranges))
}

fn status_range(value: &Value<'_>) -> Result<(u16, u16), Wrong> {
    read_status_range(value).map_err(|wrong| wrong.at(value.span()))
}

fn read_status_range(value: &Value<'_>) -> Result<(u16, u16), Wrong> {
    if let DeValue::Integer(_) = value.as_ref() {
        let code = number(100..=599)(value).map_err(|wrong| wrong.hint(STATUS_FORMS))? as u16;
        return Ok((code, code));
    }
    let text = value.as_ref().as_str().ok_or_else(|| {
        let kind = value.as_ref().type_str();
        Wrong::new(format!("must be a status or a range, not {kind}")).hint(STATUS_FORMS)
    })?;
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.trim().parse::<u16>(), high.trim().parse::<u16>()) {
        (Ok(low), Ok(high)) if 100 <= low && low <= high && high <= 599 => Ok((low, high)),
        (Ok(low), Ok(high)) if low > high => {
            Err(Wrong::new(format!("has a range that runs backwards: \"{text}\""))
                .hint(format!("did you mean \"{high}-{low}\"?")))
        }
        _ => Err(Wrong::new(format!("is not a status or a range: \"{text}\"")).hint(STATUS_FORMS)),
    }
}
