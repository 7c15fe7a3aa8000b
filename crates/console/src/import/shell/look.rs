//! `curl`, `wget` and `nc`: what they look at.

use super::expand::Value;
use super::finding::Look;

/// Options of curl that take a value, and mean nothing to us.
const CURL_VALUES: &str = "AbcCDeEFhKoPQrtTuUwxXyYzdHm";
/// Options of wget that take a value.
const WGET_VALUES: &str = "OoaePtTUQwDARlIXB";

/// Long options that take a value; the others do not, or have it after `=`.
const LONG_VALUES: [&str; 34] = [
    "--max-time",
    "--connect-timeout",
    "--output",
    "--write-out",
    "--header",
    "--user",
    "--user-agent",
    "--request",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-urlencode",
    "--form",
    "--retry",
    "--retry-delay",
    "--retry-max-time",
    "--cacert",
    "--cert",
    "--key",
    "--resolve",
    "--proxy",
    "--cookie",
    "--cookie-jar",
    "--url",
    "--unix-socket",
    "--referer",
    "--interface",
    "--timeout",
    "--tries",
    "--output-document",
    "--max-redirs",
    "--connect-to",
    "--stderr",
    "--password",
];

/// One option or operand.
enum Given<'v> {
    Option(String, Option<&'v Value>),
    Operand(&'v Value),
}

/// What the program looks at; `None` if it looks at nothing (`curl --version`).
pub(crate) fn look(program: &str, arguments: &[Value]) -> Option<Look> {
    match program {
        "curl" => fetch(arguments, CURL_VALUES, curl_option, false),
        "wget" => fetch(arguments, WGET_VALUES, wget_option, true),
        _ => connect(arguments),
    }
}

fn fetch(
    arguments: &[Value],
    with_value: &str,
    option: fn(&mut Look, &str, Option<&Value>),
    fails_on_status: bool,
) -> Option<Look> {
    // wget gives up after 900 s of silence and follows 20 redirects by itself.
    let timeout_s = fails_on_status.then_some(900);
    let mut look = Look { fails_on_status, timeout_s, follows: fails_on_status, ..Look::default() };
    let mut urls = Vec::new();
    for given in given(arguments, with_value) {
        match given {
            Given::Operand(value) => urls.push(value),
            Given::Option(name, Some(value)) if name == "--url" => urls.push(value),
            Given::Option(name, value) => option(&mut look, &name, value),
        }
    }
    look.prints_status = look.method == Some("HEAD")
        || arguments.iter().any(|value| {
            value.text.contains("http_code")
                || ["-i", "-S", "--server-response"].contains(&&*value.text)
        });
    match urls.as_slice() {
        [] => return None,
        [url] => {
            if let Some(text) = url.whole() {
                look.url = with_scheme(text);
            } else {
                look.obstacle = Some(format!("its URL is not known: {}", url.shown));
                look.url.clone_from(&url.shown);
            }
        }
        _ => {
            look.obstacle = Some("it fetches several URLs at once".to_owned());
            look.url = with_scheme(&urls[0].text);
        }
    }
    Some(look)
}

fn with_scheme(url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { format!("http://{url}") }
}

fn given<'v>(arguments: &'v [Value], with_value: &str) -> Vec<Given<'v>> {
    let mut given = Vec::new();
    let mut at = 0;
    while let Some(value) = arguments.get(at) {
        at += 1;
        let text = value.text.as_str();
        if text.starts_with("--") && text.len() > 2 {
            let takes = LONG_VALUES.contains(&text);
            given.push(Given::Option(text.to_owned(), arguments.get(at).filter(|_| takes)));
            at += usize::from(takes);
        } else if text.starts_with('-') && text.len() > 1 {
            at += usize::from(cluster(text, with_value, arguments.get(at), &mut given));
        } else {
            given.push(Given::Operand(value));
        }
    }
    given
}

/// `-sSfo FILE`, `-m5`: letters, of which one may take the rest or the next word. Whether it took that.
fn cluster<'v>(
    text: &str,
    with_value: &str,
    next: Option<&'v Value>,
    given: &mut Vec<Given<'v>>,
) -> bool {
    for (at, letter) in text.char_indices().skip(1) {
        let rest = &text[at + letter.len_utf8()..];
        if with_value.contains(letter) {
            if rest.is_empty() {
                given.push(Given::Option(format!("-{letter}"), next));
                return true;
            }
            given.push(Given::Option(format!("-{letter}={rest}"), None));
            return false;
        }
        given.push(Given::Option(format!("-{letter}"), None));
    }
    false
}

/// A name and its value, wherever that stood.
fn named<'t>(name: &'t str, value: Option<&'t Value>) -> (&'t str, Option<&'t str>) {
    match name.split_once('=') {
        Some((name, text)) => (name, Some(text)),
        None => (name, value.and_then(Value::whole)),
    }
}

fn seconds(text: Option<&str>) -> Option<u32> {
    let text = text?.trim_end_matches('s');
    let whole = text.split('.').next()?.parse::<u32>().ok()?;
    Some(whole.saturating_add(u32::from(text.contains('.'))).max(1))
}

fn curl_option(look: &mut Look, name: &str, value: Option<&Value>) {
    match named(name, value) {
        ("-m" | "--max-time", text) => look.timeout_s = seconds(text),
        ("-f" | "--fail" | "--fail-with-body", _) => look.fails_on_status = true,
        ("-L" | "--location", _) => look.follows = true,
        ("-k" | "--insecure", _) => look.trusts_all = true,
        ("-I" | "--head", _) | ("-X" | "--request", Some("HEAD")) => look.method = Some("HEAD"),
        ("-X" | "--request", Some("GET")) => {}
        ("-X" | "--request", _) => hinder(look, "it asks with a method other than GET and HEAD"),
        ("-d" | "-F" | "-T" | "--form", _) => hinder(look, "it sends data"),
        ("-u" | "--user" | "-b" | "--cookie" | "-E" | "--cert", _) => hinder(look, "it logs in"),
        ("-x" | "--proxy", _) => hinder(look, "it goes through a proxy"),
        ("-K" | "--config", _) => hinder(look, "its options are in a file of their own"),
        ("--resolve" | "--connect-to" | "--unix-socket", _) => {
            hinder(look, "it connects to another place than the URL's");
        }
        ("-H" | "--header", text) => header(look, text),
        (name, _) if name.starts_with("--data") => hinder(look, "it sends data"),
        _ => {}
    }
}

fn wget_option(look: &mut Look, name: &str, value: Option<&Value>) {
    match named(name, value) {
        ("-T" | "--timeout", text) => look.timeout_s = seconds(text).or(look.timeout_s),
        ("--spider", _) => look.method = Some("HEAD"),
        ("--no-check-certificate", _) => look.trusts_all = true,
        ("--header", text) => header(look, text),
        ("--max-redirect", Some("0")) => look.follows = false,
        (name, _) if name.starts_with("--post") || name.starts_with("--body") => {
            hinder(look, "it sends data");
        }
        (name, _)
            if name.contains("user") && !name.contains("agent") || name.contains("password") =>
        {
            hinder(look, "it logs in");
        }
        _ => {}
    }
}

fn header(look: &mut Look, text: Option<&str>) {
    let header = text.and_then(|text| text.split_once(':'));
    match header.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim())) {
        Some((name, value)) if name == "host" => look.host = Some(value.to_owned()),
        Some((name, _)) if name == "authorization" || name == "cookie" => {
            hinder(look, "it logs in");
        }
        _ => {}
    }
}

fn hinder(look: &mut Look, why: &str) {
    look.obstacle.get_or_insert_with(|| why.to_owned());
}

/// `nc -z HOST PORT`
fn connect(arguments: &[Value]) -> Option<Look> {
    let mut look = Look { fails_on_status: true, ..Look::default() };
    let mut operands = Vec::new();
    let mut only_connects = false;
    for given in given(arguments, "wipqsTXxI") {
        match given {
            Given::Operand(value) => operands.push(value.whole()?),
            Given::Option(name, value) => match named(&name, value) {
                ("-w", text) => look.timeout_s = seconds(text),
                ("-z", _) => only_connects = true,
                _ => {}
            },
        }
    }
    let [host, port] = operands.as_slice() else { return None };
    look.url = format!("tcp://{host}:{port}");
    if !only_connects {
        look.obstacle = Some("it talks to a port, and what it says is not read".to_owned());
    }
    Some(look)
}
