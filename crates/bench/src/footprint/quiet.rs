//! What guarding costs while nothing happens.

use super::contender::Contender;
use crate::failed::Failed;
use crate::pause::pause;
use crate::process::{Memory, Work, memory, tree, work};
use crate::table;

/// Starting, the first looks and the first minute's files are not what is measured.
const SETTLE_MS: u64 = 12_000;

struct Sample {
    name: &'static str,
    memory: Memory,
    cpu_us: f64,
    wakeups: u64,
}

/// One window for all.
pub(crate) fn measure(
    contenders: &mut [Contender],
    pace_s: u64,
    seconds: u64,
) -> Result<(), Failed> {
    pause(SETTLE_MS);
    let before: Vec<Work> = contenders.iter().map(|one| work(&tree_of(one))).collect();
    pause(seconds * 1000);
    let mut samples = Vec::new();
    for (one, before) in contenders.iter().zip(before) {
        let pids = tree_of(one);
        let after = work(&pids);
        samples.push(Sample {
            name: one.who.name(),
            memory: memory(&pids),
            cpu_us: after.cpu_us - before.cpu_us,
            wakeups: after.wakeups.saturating_sub(before.wakeups),
        });
    }
    println!("## Quiet, a look every {pace_s} s, {seconds} s\n\nMemory in KiB.");
    let first = samples.first().ok_or_else(|| Failed::of("nobody was measured"))?;
    let rows: Vec<Vec<String>> = samples.iter().map(|sample| row(sample, first, seconds)).collect();
    let head = [
        "",
        "processes",
        "PSS",
        "RSS",
        "private dirty",
        "anonymous",
        "locked (VmLck)",
        "CPU ms/min",
        "% of a core",
        "CPU to defib's",
        "wake-ups/min",
    ];
    table::print(&head, &rows);
    Ok(())
}

/// What guards, without the app that it may have started.
fn tree_of(one: &Contender) -> Vec<u32> {
    let is_app = |pid: &u32| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.trim() == "nginx"
    };
    tree(one.pid()).into_iter().filter(|pid| !is_app(pid)).collect()
}

fn row(sample: &Sample, first: &Sample, seconds: u64) -> Vec<String> {
    let Sample { memory, cpu_us, .. } = sample;
    let seconds = seconds as f64;
    vec![
        sample.name.to_owned(),
        memory.processes.to_string(),
        memory.pss.to_string(),
        memory.rss.to_string(),
        memory.private_dirty.to_string(),
        memory.anonymous.to_string(),
        memory.locked.to_string(),
        format!("{:.2}", cpu_us / 1e3 / seconds * 60.0),
        format!("{:.4}", cpu_us / 1e6 / seconds * 100.0),
        format!("{:.1}", cpu_us / first.cpu_us),
        format!("{:.0}", sample.wakeups as f64 / seconds * 60.0),
    ]
}
