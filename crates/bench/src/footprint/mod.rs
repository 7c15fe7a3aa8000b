//! Memory, CPU and speed of defib, Monit and the cron script, each on the same small app, all at the
//! same time, so that the machine is the same for all.

mod contender;
mod faults;
mod quiet;
pub(crate) mod stamp;

use crate::failed::Failed;
use crate::options::Options;
use crate::{port, server};
use contender::{Contender, Place, Who};
use faults::Fault;
use std::path::Path;

/// One quiet window, if nobody says otherwise.
const SECONDS: u64 = 60;

/// Both paces of the promises.
const PACES_S: [u64; 2] = [5, 1];

/// Takes everything and prints two tables a pace.
pub(crate) fn run(options: &Options) -> Result<(), Failed> {
    let seconds = options.seconds.unwrap_or(SECONDS);
    let folder = std::env::temp_dir().join(format!("defib-bench-{}", std::process::id()));
    let result = run_in(&folder, options, seconds);
    if result.is_ok() {
        // What cannot be removed stays for people to look at, as does everything of a failure.
        let _ = std::fs::remove_dir_all(&folder);
    }
    result
}

fn run_in(folder: &Path, options: &Options, seconds: u64) -> Result<(), Failed> {
    let certs = folder.join("certs");
    server::certificates(&certs)?;
    let own = std::env::current_exe().map_err(Failed::at("our own program"))?;
    for pace_s in PACES_S {
        let all = [&quiet_ones()[..], &[Who::DefibStart]].concat();
        let ports = port::free(all.len() * 2)?;
        let mut places = Vec::new();
        for (who, pair) in all.iter().zip(ports.chunks(2)) {
            let folder = folder.join(format!("{pace_s}s-{who:?}"));
            let server = server::Server::new(&folder, [pair[0], pair[1]], &certs)?;
            // A copy each: the pages of one file would be shared out over all who run it.
            let defib = folder.join("defib");
            std::fs::copy(&options.defib, &defib).map_err(Failed::at("a copy of defib"))?;
            let place =
                Place { server, folder, certs: certs.clone(), defib, own: own.clone(), pace_s };
            places.push((*who, place));
        }
        // Pages of files that are not written yet would count as private and dirty.
        rustix::fs::sync();
        let mut contenders = Vec::new();
        for (who, place) in places {
            contenders.push(Contender::start(who, place)?);
        }
        quiet::measure(&mut contenders, pace_s, seconds)?;
        let raced = |one: &Contender| !matches!(one.who, Who::DefibHttps);
        let racers: Vec<Contender> = contenders.into_iter().filter(raced).collect();
        faults::race(racers, pace_s, options.rounds, &[Fault::Kill, Fault::Stop])?;
    }
    Ok(())
}

fn quiet_ones() -> Vec<Who> {
    vec![Who::Defib, Who::DefibHttps, Who::Monit, Who::Script]
}
