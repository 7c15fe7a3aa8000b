//! `defib probe URL`: one look, with the exit codes of a monitoring plugin.

use defib_config::spec::{ProbeKind, ProbeSpec};
use defib_config::{GuardOptions, Host, guard_text, load};
use defib_console::answer::Answer;
use defib_console::cli::args::{Global, ProbeArgs};
use defib_console::nagios::{LookSummary, look_json, nagios_line, no_look_json};
use defib_engine::seen::Seen;
use defib_guardian::probe::{Look, Looker, LookerSettings, look_once};

/// In the Nagios family a wrong argument is "unknown", never "critical".
const UNKNOWN: u8 = 3;

pub(crate) fn probe(args: &ProbeArgs, global: &Global) -> Answer {
    match aim(args) {
        Err(message) => {
            let first = message.lines().next().unwrap_or_default();
            let first = first.trim_start_matches("error: ");
            let out = if global.json {
                no_look_json(&args.url, first)
            } else {
                format!("PROBE UNKNOWN: {first}\n")
            };
            Answer { out, err: message, code: UNKNOWN }
        }
        Ok((spec, timeout_ms)) => {
            let look = look_once(&mut Looker::new(LookerSettings::default()), &spec, timeout_ms);
            let summary = summary(&spec, timeout_ms, &look);
            let (out, code) =
                if global.json { look_json(&args.url, &summary) } else { nagios_line(&summary) };
            Answer { out, err: String::new(), code }
        }
    }
}

/// The probe that a config with this url would have.
fn aim(args: &ProbeArgs) -> Result<(ProbeSpec, u32), String> {
    let settings = [
        ("timeout", args.timeout.clone()),
        ("slow", args.slow.clone()),
        ("expect", args.expect.clone()),
        ("body_contains", args.contains.clone()),
        ("ca_file", args.ca_file.as_ref().map(|path| path.to_string_lossy().into_owned())),
    ];
    let mut settings: Vec<_> =
        settings.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    // A look of its own has no window to fill: any timeout up to the config's limit will do.
    settings.push(("window", "60s".into()));
    let options = GuardOptions {
        url: args.url.clone(),
        name: Some("probe".into()),
        settings,
        ..GuardOptions::default()
    };
    let text = guard_text(&options);
    let loaded = load(&text, &Host { root: false })
        .map_err(|report| report.render("the command line", &text, false))?;
    let timeout_ms = loaded.config.policy.apps[0].probes[0].timeout_ms as u32;
    let mut spec = loaded.config.apps[0].probes[0].clone();
    add_headers(&mut spec, &args.headers)?;
    Ok((spec, timeout_ms))
}

fn add_headers(spec: &mut ProbeSpec, headers: &[String]) -> Result<(), String> {
    let ProbeKind::Http(http) = &mut spec.kind else { return Ok(()) };
    for header in headers {
        let (name, value) = header
            .split_once(':')
            .ok_or_else(|| format!("'{header}' is no header: write 'Name: value'"))?;
        http.headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(())
}

fn summary(spec: &ProbeSpec, timeout_ms: u32, look: &Look) -> LookSummary {
    let phases = [
        ("resolve", look.phases.resolve_us),
        ("connect", look.phases.connect_us),
        ("tls", look.phases.tls_us),
        ("first_byte", look.phases.first_byte_us),
        ("body", look.phases.body_us),
    ];
    LookSummary {
        kind: match &spec.kind {
            ProbeKind::Http(http) if http.tls.is_some() => "HTTPS".into(),
            ProbeKind::Http(_) => "HTTP".into(),
            ProbeKind::Tcp(_) => "TCP".into(),
            ProbeKind::Command(_) => "COMMAND".into(),
        },
        seen: look.seen,
        status: status(look),
        detail: look.detail.as_str().to_owned(),
        total_us: u64::from(look.total_us),
        slow_ms: spec.slow_ms,
        timeout_ms,
        phases_us: phases
            .into_iter()
            .filter_map(|(name, us)| us.map(|us| (name, u64::from(us))))
            .collect(),
        size_bytes: None,
    }
}

/// The status code, where the look got as far: the detail of a good look begins with it.
fn status(look: &Look) -> Option<u16> {
    match look.seen {
        Seen::Status { code, .. } => Some(code),
        _ => look.detail.as_str().split_whitespace().find_map(|word| word.parse().ok()),
    }
}
