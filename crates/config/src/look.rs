//! How one section of the text looks: where, how often, how long.

use crate::http;
use crate::section::{Section, Wrong};
use crate::spec::{CommandSpec, Endpoint, PhaseDeadlines, ProbeKind, ProbeSpec};
use crate::url::{self, Place};
use crate::value::{absolute_path, argv, choice, duration, in_words, text};
use defib_engine::policy::{ProbePolicy, View};
use std::path::PathBuf;

/// One probe, for the engine and for the driver.
pub(crate) type Probe = (ProbePolicy, ProbeSpec);

/// How often and how long, in milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) interval_ms: u64,
    pub(crate) fast_ms: u64,
    pub(crate) timeout_ms: u64,
    slow_ms: u64,
    phases: PhaseDeadlines,
}

/// The field's figures: 5 s between looks, 2 s from the first failure on, 3 s for one look. With
/// a window of 10 s a hang is convicted after 15 s on average and 18 s at worst.
const FIELD: Pace = Pace {
    interval_ms: 5_000,
    fast_ms: 2_000,
    timeout_ms: 3_000,
    slow_ms: 0,
    phases: PhaseDeadlines {
        resolve_ms: 0,
        connect_ms: 0,
        tls_ms: 0,
        first_byte_ms: 0,
        body_ms: 0,
    },
};

impl Pace {
    /// The pace of a section; what it leaves out is taken from `outer`.
    pub(crate) fn read(section: &Section<'_>, outer: Option<&Pace>) -> Pace {
        let outer = outer.unwrap_or(&FIELD);
        let get = |key, low, high| section.get(key, duration(low..=high));
        let interval_ms = get("interval", 100, 3_600_000).unwrap_or(outer.interval_ms);
        let fast_ms = get("fast", 50, 3_600_000).unwrap_or(outer.fast_ms.min(interval_ms));
        let timeout_ms = get("timeout", 50, 60_000).unwrap_or(outer.timeout_ms);
        let phase = |key, outer| get(key, 10, 60_000).map_or(outer, |ms| ms as u32);
        let phases = PhaseDeadlines {
            resolve_ms: phase("resolve_timeout", outer.phases.resolve_ms),
            connect_ms: phase("connect_timeout", outer.phases.connect_ms),
            tls_ms: phase("tls_timeout", outer.phases.tls_ms),
            first_byte_ms: phase("first_byte_timeout", outer.phases.first_byte_ms),
            body_ms: phase("body_timeout", outer.phases.body_ms),
        };
        let slow_ms = get("slow", 1, 60_000).unwrap_or(outer.slow_ms);
        let pace = Pace { interval_ms, fast_ms, timeout_ms, slow_ms, phases };
        pace.check(section);
        pace
    }

    fn check(&self, section: &Section<'_>) {
        if self.fast_ms > self.interval_ms {
            let (fast, interval) = (in_words(self.fast_ms), in_words(self.interval_ms));
            let message = format!("`fast` ({fast}) is slower than `interval` ({interval})");
            let hint = format!("fast = \"{interval}\" at most");
            section.refuse(section.span_of("fast"), &message, Some(hint));
        }
        let timeout = in_words(self.timeout_ms);
        if self.slow_ms >= self.timeout_ms {
            let message = format!("`slow` never applies: a look is over after {timeout}");
            let hint = format!("make `slow` shorter than `timeout` ({timeout})");
            section.refuse(section.span_of("slow"), &message, Some(hint));
        }
        for key in [
            "resolve_timeout",
            "connect_timeout",
            "tls_timeout",
            "first_byte_timeout",
            "body_timeout",
        ] {
            let given = section.raw(key).and_then(|value| duration(0..=u64::MAX)(value).ok());
            if given.is_some_and(|ms| ms > self.timeout_ms) {
                let message = format!("`{key}` never applies: a look is over after {timeout}");
                section
                    .problems
                    .warning(section.span_of(key), message)
                    .hint(format!("make it shorter than `timeout` ({timeout})"));
            }
        }
    }

    fn probe(&self, name: &str, view: View, kind: ProbeKind, derived: bool) -> Probe {
        let policy = ProbePolicy {
            name: name.to_owned(),
            view,
            interval_ms: self.interval_ms,
            fast_ms: self.fast_ms,
            timeout_ms: self.timeout_ms,
        };
        let spec = ProbeSpec { kind, slow_ms: self.slow_ms as u32, derived, phases: self.phases };
        (policy, spec)
    }
}

const VIEWS: [(&str, View); 2] = [("app", View::App), ("user", View::UserPath)];

/// A place that a section looks at over the network.
pub(crate) struct Look {
    pub(crate) kind: ProbeKind,
    pub(crate) place: Place,
    pub(crate) view: View,
    pub(crate) key: &'static str,
}

/// The `url` or `tcp` of a section.
pub(crate) fn network(section: &Section<'_>) -> Option<Look> {
    let url = section.get("url", |value| url::parse(text(value)?));
    let tcp = section.get("tcp", |value| tcp_place(text(value)?));
    let view = section.get("view", choice(&VIEWS));
    if section.has("url") && section.has("tcp") {
        section.refuse(
            section.span_of("tcp"),
            "`tcp` cannot stand beside `url`",
            Some(format!("give it a section of its own: [{}]", extra_section(section))),
        );
    }
    if !section.has("url") {
        http::refuse_without_url(section);
    }
    let (kind, place, key) = match (url, tcp) {
        (Some(url), _) => {
            let mut place = url.place.clone();
            let spec = http::read(section, url);
            if let Endpoint::Unix(path) = &spec.endpoint {
                place = Place::Unix(path.clone());
            }
            (ProbeKind::Http(Box::new(spec)), place, "url")
        }
        (None, Some(place)) => (ProbeKind::Tcp(http::endpoint(section, &place)), place, "tcp"),
        (None, None) => {
            know_http_keys(section);
            return None;
        }
    };
    let found = if place.is_local() { View::App } else { View::UserPath };
    Some(Look { kind, place, view: view.unwrap_or(found), key })
}

/// A section whose `url` is bad must not call its other keys unknown.
fn know_http_keys(section: &Section<'_>) {
    for key in ["family", "unix"] {
        section.raw(key);
    }
    if section.has("url") {
        let stand_in = url::parse("https://localhost/");
        if let Ok(stand_in) = stand_in {
            http::read(section, stand_in);
        }
    }
}

fn extra_section(section: &Section<'_>) -> String {
    match section.name.matches('.').count() {
        1 => format!("{}.probe.tcp", section.name),
        _ => "app.NAME.probe.tcp".to_owned(),
    }
}

fn tcp_place(text: &str) -> Result<Place, Wrong> {
    if let Some(path) = text.strip_prefix("unix:") {
        url::socket_fits(path)?;
        return match path.starts_with('/') {
            true => Ok(Place::Unix(PathBuf::from(path))),
            false => Err(Wrong::new("names no absolute path of a socket")),
        };
    }
    if let Some((_, rest)) = text.split_once("://") {
        return Err(Wrong::new("is a URL; a connect needs only host and port")
            .hint(format!("use url = \"{text}\", or tcp = \"{}\"", rest.trim_end_matches('/'))));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Wrong::new(format!("is not host:port: {text:?}")));
    }
    url::parse_place(text, None)
}

/// The probes of `url`, `tcp` and `command` of an app's own section. `with_derived` adds the
/// loopback view of a place that is not on the loopback.
pub(crate) fn own_probes(
    section: &Section<'_>,
    look: Option<&Look>,
    pace: &Pace,
    with_derived: bool,
) -> Vec<Probe> {
    let mut probes = Vec::new();
    if let Some(look) = look {
        probes.push(pace.probe(look.key, look.view, look.kind.clone(), false));
        if look.view == View::UserPath && with_derived {
            probes.extend(derived(section, look, pace));
        }
    }
    if let Some(argv) = section.get("command", argv) {
        let kind = ProbeKind::Command(CommandSpec { argv, user: None });
        probes.push(pace.probe("command", View::App, kind, false));
    }
    probes
}

/// The same request, sent to the local listener of the same port.
fn derived(section: &Section<'_>, look: &Look, pace: &Pace) -> Option<Probe> {
    let port = look.place.port()?;
    let address = match &look.place {
        Place::Ip(address, _) if address.is_ipv6() => http::loopback(crate::spec::Family::V6),
        _ => http::loopback(http::family(section)),
    };
    let local = Endpoint::Ip(address, port);
    let kind = match &look.kind {
        ProbeKind::Http(spec) => {
            let mut spec = spec.clone();
            spec.endpoint = local;
            ProbeKind::Http(spec)
        }
        ProbeKind::Tcp(_) => ProbeKind::Tcp(local),
        ProbeKind::Command(_) => return None,
    };
    Some(pace.probe("loopback", View::App, kind, true))
}

/// The probe of a section `[app.NAME.probe.X]` or `[app.NAME.depends.X]`.
pub(crate) fn extra_probe(
    section: &Section<'_>,
    name: &str,
    outer: &Pace,
    dependency: bool,
) -> Option<Probe> {
    let pace = Pace::read(section, Some(outer));
    let look = network(section);
    let command = section.get("command", argv);
    if dependency && section.has("view") {
        let hint = Some("a dependency is never the app itself".to_owned());
        section.refuse(section.span_of("view"), "`view` has no meaning here", hint);
    }
    let ways = ["url", "tcp", "command"].iter().filter(|key| section.has(key)).count();
    if ways == 0 {
        let message = format!("[{}] looks at nothing", section.name);
        let hint = "add one of `url`, `tcp`, `command`".to_owned();
        section.refuse(section.span.clone(), &message, Some(hint));
    }
    if section.has("command") && ways > 1 {
        let hint = Some("a section is one look: make a second section".to_owned());
        let span = section.span_of("command");
        section.refuse(span, "`command` cannot stand beside `url` or `tcp` here", hint);
    }
    section.finish();
    let (view, kind) = match (look, command) {
        (Some(look), _) => (look.view, look.kind),
        (None, Some(argv)) => (View::App, ProbeKind::Command(CommandSpec { argv, user: None })),
        (None, None) => return None,
    };
    let view = if dependency { View::Dependency } else { view };
    Some(pace.probe(name, view, kind, false))
}

/// A file that must be named from the root on; here so that `process` need not know paths.
pub(crate) fn pidfile(section: &Section<'_>) -> Option<PathBuf> {
    section.get("pidfile", absolute_path)
}
