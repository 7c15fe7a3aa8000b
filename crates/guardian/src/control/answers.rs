//! The answers, as lines: `docs/formats/control.md`.

use super::request::Problem;
use crate::looks::{kebab, seen_word};
use crate::status::{AppStatus, ProbeStatus, rung_word};
use defib_engine::effect::Rung;
use defib_engine::id::{AppId, Identity};
use defib_engine::policy::{Mode, Permission, Policy};
use defib_journal::boot::{BootEnding, LastBoot};
use defib_journal::drill::DrillKind;
use defib_journal::json::{Out, Shape};
use defib_journal::line::{BootId, format_wall};
use defib_journal::recorder::Summary;

const RUNGS: [Rung; 6] =
    [Rung::Start, Rung::Reload, Rung::Clean, Rung::Restart, Rung::Kill, Rung::Reboot];

/// What the guardian says about itself.
pub(crate) struct About<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) version: &'static str,
    pub(crate) pid: u32,
    pub(crate) boot: BootId,
    pub(crate) config_loaded_wall_ms: u64,
    pub(crate) config_error: Option<&'a str>,
    pub(crate) journal_error: Option<&'a str>,
    /// Why nothing wakes us when memory is short.
    pub(crate) trigger_error: Option<&'a str>,
    /// Readings of the machine that memory pressure has brought forward.
    pub(crate) brought_forward: u64,
    pub(crate) doubt: u8,
    pub(crate) last_boot: Option<&'a LastBoot>,
    /// What the flight recorder says of the machine at its end.
    pub(crate) last_summary: Option<&'a Summary>,
    /// What the machine is like now, while memory is short.
    pub(crate) shortage: Option<Summary>,
    /// Reboots in vain that forbid the next, and until when, as wall time in milliseconds.
    pub(crate) frozen: Option<(u8, u64)>,
}

/// `defib.status/1`
pub(crate) fn status(about: &About<'_>, apps: &[AppStatus]) -> String {
    answer("defib.status/1", |out| {
        let mode = if about.policy.mode == Mode::Act { "act" } else { "observe" };
        let reboot = if about.policy.reboot == Permission::Allowed { "allowed" } else { "never" };
        text(out, "mode", mode);
        text(out, "reboot", reboot);
        about.pid.write_field("pid", out);
        text(out, "version", about.version);
        about.boot.write_field("boot", out);
        object(out, "config", |out| {
            wall(out, "loaded", Some(about.config_loaded_wall_ms));
            about.config_error.map(str::to_owned).write_field("error", out);
        });
        object(out, "journal", |out| {
            about.journal_error.map(str::to_owned).write_field("error", out);
        });
        object(out, "trigger", |out| {
            about.trigger_error.map(str::to_owned).write_field("error", out);
            about.brought_forward.write_field("readings", out);
        });
        about.doubt.write_field("doubt", out);
        last_boot(out, about);
        frozen(out, about.frozen);
        list(out, "apps", apps, one_app);
    })
}

/// Only while it is so.
fn frozen(out: &mut Out<'_>, frozen: Option<(u8, u64)>) {
    let Some((reboots, until_ms)) = frozen else { return };
    object(out, "frozen", |out| {
        reboots.write_field("reboots", out);
        wall(out, "until", Some(until_ms));
    });
}

fn list<T>(
    out: &mut Out<'_>,
    key: &str,
    items: impl IntoIterator<Item = T>,
    mut one: impl FnMut(&mut Out<'_>, T),
) {
    out.key(key);
    out.open_array();
    for item in items {
        out.separate();
        one(out, item);
    }
    out.close_array();
}

fn object(out: &mut Out<'_>, key: &str, fields: impl FnOnce(&mut Out<'_>)) {
    out.key(key);
    out.open_object();
    fields(out);
    out.close_object();
}

/// How the boot before this one ended, or `null`.
fn last_boot(out: &mut Out<'_>, about: &About<'_>) {
    out.key("last_boot");
    let Some(last) = about.last_boot else { return out.null() };
    let mark = last.reboot.filter(|_| last.ending == BootEnding::Ours);
    out.open_object();
    last.ending.write_field("ending", out);
    mark.map(|it| it.app.as_str().to_owned()).write_field("app", out);
    mark.map(|it| it.incident).filter(|it| it.0 > 0).write_field("incident", out);
    mark.map(|it| it.class).write_field("class", out);
    mark.and_then(|it| it.step).write_field("step", out);
    last.traces.iter().collect::<Vec<_>>().write_field("traces", out);
    wall(out, "last", last.last_wall_ms);
    wall(out, "began", last.began_wall_ms);
    last.gap_ms().write_field("gap_ms", out);
    about.last_summary.cloned().write_field("machine", out);
    out.close_object();
}

fn one_app(out: &mut Out<'_>, status: &AppStatus) {
    out.open_object();
    text(out, "app", &status.app);
    judgement(out, status);
    wall(out, "since", status.since_wall_ms);
    status.up_for_ms.map(|ms| ms / 1000).write_field("up_for_s", out);
    status.view.incident.map(|incident| incident.0).write_field("incident", out);
    text(out, "next", &status.next);
    wall(out, "held_until", status.held_until_wall_ms);
    let rungs = RUNGS.into_iter().filter(|rung| status.rungs.has(*rung));
    list(out, "rungs", rungs, |out, rung| out.string(&rung_word(rung)));
    text(out, "why_not", &status.why_not);
    list(out, "probes", &status.probes, one_probe);
    object(out, "budget", |out| {
        status.view.short_used.write_field("hour_used", out);
        status.limits.0.write_field("hour_limit", out);
        status.view.long_used.write_field("day_used", out);
        status.limits.1.write_field("day_limit", out);
    });
    status.starts.write_field("starts", out);
    status.drill.write_field("drill", out);
    out.close_object();
}

fn one_probe(out: &mut Out<'_>, probe: &ProbeStatus) {
    out.open_object();
    text(out, "probe", &probe.probe);
    text(out, "view", &kebab(&format!("{:?}", probe.view)));
    probe.seen.map(seen_word).write_field("seen", out);
    probe.latency_us.map(|us| us.div_ceil(1000)).write_field("latency_ms", out);
    probe.age_ms.map(|ms| ms / 1000).write_field("age_s", out);
    text(out, "detail", &probe.detail);
    out.close_object();
}

fn judgement(out: &mut Out<'_>, status: &AppStatus) {
    text(out, "state", &kebab(&format!("{:?}", status.view.word)));
    status.view.class.map(|class| kebab(&format!("{class:?}"))).write_field("class", out);
}

/// `defib.why/1`
pub(crate) fn why(about: &About<'_>, status: &AppStatus) -> String {
    let bars = about.policy.bars;
    answer("defib.why/1", |out| {
        judgement(out, status);
        frozen(out, about.frozen);
        last_boot(out, about);
        about.shortage.as_ref().map(ToString::to_string).write_field("machine", out);
        status.view.score_db.write_field("score_db", out);
        object(out, "bars", |out| {
            bars.start_db.write_field("start", out);
            bars.kill_db.write_field("kill", out);
            bars.restart_db.write_field("restart", out);
            bars.reboot_db.write_field("reboot", out);
        });
        list(out, "evidence", &status.view.evidence, |out, part| {
            out.open_object();
            let source = part.source.map(|(probe, seen)| {
                let name = status.probes.get(usize::from(probe.index));
                let name = name.map_or("?", |probe| probe.probe.as_str());
                format!("{name} saw {}", seen_word(seen))
            });
            let source = source.unwrap_or_else(|| "its process ended".into());
            let line = format!("{source}, {} in a row: {} dB", part.count, part.db);
            text(out, "text", &line);
            part.count.write_field("count", out);
            part.db.write_field("db", out);
            out.close_object();
        });
        list(out, "refusals", &status.view.guards, |out, (guard, refusal)| {
            out.open_object();
            text(out, "guard", guard);
            refusal.is_some().write_field("holds", out);
            refusal.write_field("refusal", out);
            out.close_object();
        });
        text(out, "why_not", &status.why_not);
        text(out, "next", &status.next);
    })
}

/// `defib.hold/1`
pub(crate) fn hold(until_wall_ms: u64) -> String {
    answer("defib.hold/1", |out| wall(out, "until", Some(until_wall_ms)))
}

/// `defib.drill/1`
pub(crate) fn drill(app: AppId, kind: DrillKind, identity: Identity) -> String {
    answer("defib.drill/1", |out| {
        app.0.write_field("app", out);
        text(out, "kind", kind.word());
        identity.pid.write_field("pid", out);
    })
}

/// An answer that only says yes.
pub(crate) fn done(schema: &str) -> String {
    answer(schema, |_| {})
}

/// `defib.error/1`
pub(crate) fn error(problem: &Problem) -> String {
    line(|out| {
        text(out, "schema", "defib.error/1");
        false.write_field("ok", out);
        text(out, "error", &problem.error);
        text(out, "hint", &problem.hint);
    })
}

fn answer(schema: &str, fields: impl FnOnce(&mut Out<'_>)) -> String {
    line(|out| {
        text(out, "schema", schema);
        true.write_field("ok", out);
        fields(out);
    })
}

fn line(fields: impl FnOnce(&mut Out<'_>)) -> String {
    let mut bytes = Vec::new();
    let mut out = Out::new(&mut bytes);
    out.open_object();
    fields(&mut out);
    out.close_object();
    bytes.push(b'\n');
    // The writer only copies from strings, so this cannot lose anything.
    String::from_utf8(bytes).unwrap_or_default()
}

fn text(out: &mut Out<'_>, name: &str, value: &str) {
    out.key(name);
    out.string(value);
}

fn wall(out: &mut Out<'_>, name: &str, wall_ms: Option<u64>) {
    let value = wall_ms.map(format_wall);
    let value = value.and_then(|digits| String::from_utf8(digits.to_vec()).ok());
    value.write_field(name, out);
}
