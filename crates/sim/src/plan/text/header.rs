//! What stands before the happenings: seed, times, machine, noise, apps, config.

use super::clock::{self, in_clock};
use super::words::{Fields, Names};
use crate::plan::{AppPlan, HostPlan, Keeper, MachinePlan, Noise, Plan};
use std::fmt::Write;

pub(super) fn write(plan: &Plan, text: &mut String) {
    let _ = writeln!(text, "seed {}", plan.seed);
    let _ = writeln!(text, "heals {}", in_clock(plan.healed_at_ms));
    let _ = writeln!(text, "ends {}", in_clock(plan.ends_at_ms));
    let machine = plan.machine;
    let _ = writeln!(
        text,
        "machine uptime={} down={} boot={} agent-restart={}{}",
        machine.uptime_ms,
        machine.down_ms,
        machine.boot_ms,
        machine.agent_restart_ms,
        machine.host.map_or_else(String::new, host_fields)
    );
    let noise = plan.noise;
    let _ = writeln!(
        text,
        "noise loss={} burst-every={} burst={} pause-every={} pause={} steal-every={} steal={} \
         steal-percent={} deploy-every={}",
        noise.loss_in_a_million,
        noise.burst_every_ms,
        noise.burst_ms,
        noise.pause_every_ms,
        noise.pause_ms,
        noise.steal_every_ms,
        noise.steal_ms,
        noise.steal_percent,
        noise.deploy_every_ms
    );
    for app in &plan.apps {
        write_app(app, text);
    }
    text.push_str("config\n");
    for line in plan.config.split_inclusive('\n') {
        let _ = write!(text, "| {line}");
    }
}

fn host_fields(host: HostPlan) -> String {
    let pressure = if host.has_pressure { " pressure" } else { "" };
    format!(" memory-kb={} tasks-max={}{pressure}", host.memory_kb, host.tasks_max)
}

fn write_app(app: &AppPlan, text: &mut String) {
    let keeper = match app.keeper {
        Keeper::Unit { restart_ms: Some(ms) } => format!("unit restart={ms}"),
        Keeper::Unit { restart_ms: None } => "unit".to_owned(),
        Keeper::Agent => "agent".to_owned(),
        Keeper::Command => "command".to_owned(),
    };
    let _ = write!(
        text,
        "app {} keeper={keeper} warm-up={} stop={} answer={}",
        app.name, app.warm_up_ms, app.stop_ms, app.answer_ms
    );
    let flags = [(app.deaf, " deaf"), (app.starts_at_boot, " starts-at-boot")];
    flags.iter().filter(|(is_set, _)| *is_set).for_each(|(_, word)| text.push_str(word));
    text.push('\n');
}

/// Reads up to the line `happens`.
pub(super) fn read<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
) -> Result<(Plan, Names), String> {
    let mut plan = Plan {
        seed: 0,
        config: String::new(),
        machine: MachinePlan::SMALL,
        apps: Vec::new(),
        noise: Noise::default(),
        happenings: Vec::new(),
        healed_at_ms: u64::MAX,
        ends_at_ms: 0,
    };
    for (number, line) in lines {
        if line == "happens" {
            let names = Names::of(&plan);
            return Ok((plan, names));
        }
        read_line(line, &mut plan).map_err(|why| format!("line {number}: {why}: {line}"))?;
    }
    Err("there is no line `happens`".to_owned())
}

fn read_line(line: &str, plan: &mut Plan) -> Result<(), String> {
    if let Some(config) = line.strip_prefix('|') {
        plan.config += config.strip_prefix(' ').unwrap_or(config);
        plan.config.push('\n');
        return Ok(());
    }
    let mut words = line.split_whitespace();
    let Some(head) = words.next().filter(|head| !head.starts_with('#')) else { return Ok(()) };
    let mut word = || words.next().ok_or_else(|| format!("`{head}` says nothing"));
    match head {
        "seed" => plan.seed = word()?.parse().map_err(|_| "the seed is no number")?,
        "heals" => {
            plan.healed_at_ms = clock::read_clock(word()?).ok_or("no time as h:mm:ss.mmm")?;
        }
        "ends" => plan.ends_at_ms = clock::read_clock(word()?).ok_or("no time as h:mm:ss.mmm")?,
        "machine" => plan.machine = read_machine(Fields::read(words)?)?,
        "noise" => plan.noise = read_noise(Fields::read(words)?)?,
        "app" => {
            let name = word()?.to_owned();
            plan.apps.push(read_app(name, Fields::read(words)?)?);
        }
        "config" => {}
        other => return Err(format!("`{other}` is not known")),
    }
    Ok(())
}

/// No value here names an app.
fn number<T: super::words::Word>(fields: &mut Fields<'_>, name: &str) -> Result<T, String> {
    fields.value(name, &Names(Vec::new()))
}

fn read_machine(mut fields: Fields<'_>) -> Result<MachinePlan, String> {
    let has_pressure = fields.take_if_any("pressure").is_some();
    let memory_kb = fields.take_if_any("memory-kb").map(str::parse).transpose();
    let host = match memory_kb.map_err(|_| "`memory-kb` is no number")? {
        Some(memory_kb) => {
            let tasks_max = number(&mut fields, "tasks-max")?;
            Some(HostPlan { memory_kb, tasks_max, has_pressure })
        }
        None => None,
    };
    let machine = MachinePlan {
        host,
        uptime_ms: number(&mut fields, "uptime")?,
        down_ms: number(&mut fields, "down")?,
        boot_ms: number(&mut fields, "boot")?,
        agent_restart_ms: number(&mut fields, "agent-restart")?,
    };
    fields.end().map(|()| machine)
}

fn read_noise(mut fields: Fields<'_>) -> Result<Noise, String> {
    let noise = Noise {
        loss_in_a_million: number(&mut fields, "loss")?,
        burst_every_ms: number(&mut fields, "burst-every")?,
        burst_ms: number(&mut fields, "burst")?,
        pause_every_ms: number(&mut fields, "pause-every")?,
        pause_ms: number(&mut fields, "pause")?,
        steal_every_ms: number(&mut fields, "steal-every")?,
        steal_ms: number(&mut fields, "steal")?,
        steal_percent: number(&mut fields, "steal-percent")?,
        deploy_every_ms: number(&mut fields, "deploy-every")?,
    };
    fields.end().map(|()| noise)
}

fn read_app(name: String, mut fields: Fields<'_>) -> Result<AppPlan, String> {
    let keeper = match fields.take("keeper")? {
        "unit" => {
            let restart = fields.take_if_any("restart").map(str::parse).transpose();
            Keeper::Unit { restart_ms: restart.map_err(|_| "`restart` is no number")? }
        }
        "agent" => Keeper::Agent,
        "command" => Keeper::Command,
        other => return Err(format!("`keeper` cannot be `{other}`")),
    };
    let app = AppPlan {
        name,
        keeper,
        warm_up_ms: number(&mut fields, "warm-up")?,
        stop_ms: number(&mut fields, "stop")?,
        answer_ms: number(&mut fields, "answer")?,
        deaf: fields.take_if_any("deaf").is_some(),
        starts_at_boot: fields.take_if_any("starts-at-boot").is_some(),
    };
    fields.end().map(|()| app)
}
