//! Where one section of the text looks.

use crate::http;
use crate::pace::Pace;
use crate::section::{Section, Wrong};
use crate::spec::{CommandSpec, Endpoint, ProbeKind, ProbeSpec};
use crate::url::{self, Place};
use crate::value::{argv, choice, text};
use defib_engine::policy::{ProbePolicy, View};
use std::path::PathBuf;

/// One probe, for the engine and for the driver.
pub(crate) type Probe = (ProbePolicy, ProbeSpec);

fn probe(pace: &Pace, name: &str, view: View, kind: ProbeKind, derived: bool) -> Probe {
    let policy = ProbePolicy {
        name: name.to_owned(),
        view,
        fingerprint: fingerprint(&kind),
        interval_ms: pace.interval_ms,
        fast_ms: pace.fast_ms,
        timeout_ms: pace.timeout_ms,
    };
    let slow_ms = pace.slow_ms as u32;
    (policy, ProbeSpec { kind, slow_ms, derived, phases: pace.phases })
}

/// FNV-1a of all that says where a look goes and what it expects. The same text gives the same
/// number in every run of one binary; a number that changes with a new binary only costs the memory
/// of having seen a pass.
fn fingerprint(kind: &ProbeKind) -> u64 {
    format!("{kind:?}").bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
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
        return if path.starts_with('/') {
            Ok(Place::Unix(PathBuf::from(path)))
        } else {
            Err(Wrong::new("names no absolute path of a socket"))
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
        probes.push(probe(pace, look.key, look.view, look.kind.clone(), false));
        if look.view == View::UserPath && with_derived {
            probes.extend(derived(section, look, pace));
        }
    }
    if let Some(argv) = section.get("command", argv) {
        let kind = ProbeKind::Command(CommandSpec { argv, user: None });
        probes.push(probe(pace, "command", View::App, kind, false));
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
    Some(probe(pace, "loopback", View::App, kind, true))
}

/// The probe of a section `[app.NAME.probe.X]` or `[app.NAME.depends.X]`.
pub(crate) fn extra_probe(
    section: &Section<'_>,
    name: &str,
    outer: &Pace,
    dependency: bool,
) -> Option<Probe> {
    let pace = &Pace::read(section, Some(outer));
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
    Some(probe(pace, name, view, kind, false))
}
