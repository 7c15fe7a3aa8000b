//! The whole of guarding: both processes of a real `defib guard` with many probes, engine, journal and
//! beats included, per check.

use crate::failed::Failed;
use crate::options::Options;
use crate::pause::pause;
use crate::process::{memory, tree, work};
use crate::server::Server;
use crate::table;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Apps and probes each: 10, 100 and 640 looks a second.
const SIZES: [(usize, usize); 3] = [(10, 1), (50, 2), (64, 10)];

/// A quiet window.
const SECONDS: u64 = 20;

pub(super) fn run(folder: &Path, server: &Server, options: &Options) -> Result<(), Failed> {
    println!("## The real guardian and executor, every probe each 1 s, {SECONDS} s");
    let mut rows = Vec::new();
    for (apps, probes) in SIZES {
        rows.push(one(folder, server, options, apps, probes)?);
    }
    table::print(&["apps", "probes each", "µs a look", "% of a core", "PSS KiB"], &rows);
    Ok(())
}

fn one(
    folder: &Path,
    server: &Server,
    options: &Options,
    apps: usize,
    probes: usize,
) -> Result<Vec<String>, Failed> {
    let state = folder.join(format!("guarded-{apps}-{probes}"));
    std::fs::create_dir_all(&state).map_err(Failed::at("a folder"))?;
    let file = state.join("defib.toml");
    std::fs::write(&file, config(server.http, apps, probes)).map_err(Failed::at("defib.toml"))?;
    let mut command = Command::new(&options.defib);
    command.args(["--quiet", "guard", "--config"]).arg(file).arg("--state").arg(&state);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().map_err(Failed::at("defib"))?;
    pause(3_000);
    let pids = tree(child.id());
    let before = work(&pids);
    pause(SECONDS * 1000);
    let after = work(&pids);
    let kib = memory(&pids).pss;
    if let Some(pid) = rustix::process::Pid::from_raw(child.id() as i32) {
        // Had it ended by itself, the figures above would be 0.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    child.wait().map_err(Failed::at("defib"))?;
    let cpu_us = after.cpu_us - before.cpu_us;
    let looks = (apps * probes) as u64 * SECONDS;
    Ok(vec![
        apps.to_string(),
        probes.to_string(),
        format!("{:.1}", cpu_us / looks as f64),
        format!("{:.3}", cpu_us / 1e4 / SECONDS as f64),
        kib.to_string(),
    ])
}

fn config(port: u16, apps: usize, probes: usize) -> String {
    let mut text = String::new();
    for app in 0..apps {
        // A String takes all that is written to it.
        let _ = write!(
            text,
            "[app.a{app}]\nurl = \"http://127.0.0.1:{port}/\"\ninterval = \"1s\"\nfast = \"1s\"\n"
        );
        for probe in 1..probes {
            let _ =
                write!(text, "[app.a{app}.probe.p{probe}]\nurl = \"http://127.0.0.1:{port}/\"\n");
        }
    }
    text
}
