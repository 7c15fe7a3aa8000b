//! CPU per check of defib's own probe machines, beside the least that the same work can cost: a bare
//! epoll loop, and a bare rustls handshake. Runs of both take turns, so that both meet the same machine.

mod bare;
mod bare_tls;
mod guarded;
mod pace;
mod probed;

use crate::failed::Failed;
use crate::median::{Spread, spread};
use crate::options::Options;
use crate::pause::own_cpu_us;
use crate::server::{self, Server};
use crate::{port, table};
use pace::{Flights, Pace, fly};
use std::path::Path;

/// One sample, if nobody says otherwise.
const SECONDS: u64 = 4;

/// A way of checking that is measured.
struct Runner<'a> {
    name: &'static str,
    flights: Box<dyn Flights + 'a>,
}

impl<'a> Runner<'a> {
    fn of(name: &'static str, flights: impl Flights + 'a) -> Runner<'a> {
        Runner { name, flights: Box::new(flights) }
    }
}

/// Takes everything and prints the tables.
pub(crate) fn run(options: &Options) -> Result<(), Failed> {
    let folder = std::env::temp_dir().join(format!("defib-bench-{}", std::process::id()));
    let result = run_in(&folder, options);
    // What cannot be removed stays for people to look at.
    let _ = std::fs::remove_dir_all(&folder);
    result
}

fn run_in(folder: &Path, options: &Options) -> Result<(), Failed> {
    let certs = folder.join("certs");
    server::certificates(&certs)?;
    let ports = port::free(2)?;
    let mut server = Server::new(&folder.join("nginx"), [ports[0], ports[1]], &certs)?;
    server.start()?;
    compare(http(&server)?, options)?;
    compare(https(&server, &certs.join("ca.pem"))?, options)?;
    if "guarded".contains(&options.only) {
        guarded::run(folder, &server, options)?;
    }
    Ok(())
}

/// Ways of checking that are compared with the first of them.
struct Comparison<'a> {
    title: &'static str,
    paces: Vec<Pace>,
    runners: Vec<Runner<'a>>,
}

fn http<'a>(server: &Server) -> Result<Comparison<'a>, Failed> {
    let url = format!("http://127.0.0.1:{}/", server.http);
    Ok(Comparison {
        title: "HTTP",
        paces: vec![Pace::every(100, 10), Pace::every(50, 50), Pace::saturated(32)],
        runners: vec![
            Runner::of("bare epoll loop", bare::Bare::new(server.http)),
            Runner::of("defib's http probe", probed::Probed::new(&url, None)?),
        ],
    })
}

fn https<'a>(server: &Server, ca: &Path) -> Result<Comparison<'a>, Failed> {
    let url = format!("https://localhost:{}/", server.https);
    let bare = |asks| bare_tls::BareTls::new(server.https, ca, asks);
    Ok(Comparison {
        title: "HTTPS",
        paces: vec![Pace::every(100, 10), Pace::saturated(8)],
        runners: vec![
            Runner::of("bare rustls handshake", bare(false)?),
            Runner::of("bare rustls handshake, request, answer", bare(true)?),
            Runner::of("defib's https probe", probed::Probed::new(&url, Some(ca))?),
        ],
    })
}

/// Samples of all, in turns; ratios are taken within a turn.
fn compare(mut all: Comparison<'_>, options: &Options) -> Result<(), Failed> {
    let runners = &mut all.runners;
    runners.retain(|runner| runner.name.contains(&options.only));
    if runners.is_empty() {
        return Ok(());
    }
    let (turns, seconds) = (options.pairs, options.seconds.unwrap_or(SECONDS));
    println!("## {}: CPU per check, {turns} turns of {seconds} s", all.title);
    let mut rows = Vec::new();
    for pace in &all.paces {
        let mut costs = vec![Vec::new(); runners.len()];
        for turn in 0..turns {
            // Who goes first changes, so that a machine that warms up favours nobody.
            for step in 0..runners.len() {
                let which = (turn + step) % runners.len();
                costs[which].push(sample(&mut runners[which], *pace, seconds)?);
            }
        }
        for (runner, own) in runners.iter().zip(&costs) {
            let ratios: Vec<f64> =
                own.iter().zip(&costs[0]).map(|(own, bare)| own / bare).collect();
            if let (Some(cost), Some(ratio)) = (spread(own), spread(&ratios)) {
                rows.push(row(&pace.words(), runner.name, cost, ratio));
            }
        }
    }
    let head = ["pace", "", "µs a check, median", "min - max", "ratio, median", "min - max"];
    table::print(&head, &rows);
    Ok(())
}

fn row(pace: &str, name: &str, cost: Spread, ratio: Spread) -> Vec<String> {
    vec![
        pace.to_owned(),
        name.to_owned(),
        format!("{:.1}", cost.median),
        format!("{:.1} - {:.1}", cost.min, cost.max),
        format!("{:.2}", ratio.median),
        format!("{:.2} - {:.2}", ratio.min, ratio.max),
    ]
}

/// Microseconds of CPU a check.
fn sample(runner: &mut Runner<'_>, pace: Pace, seconds: u64) -> Result<f64, Failed> {
    // What is touched for the first time is not what a check costs.
    fly(runner.flights.as_mut(), pace, 200)?;
    let before_us = own_cpu_us();
    let landed = fly(runner.flights.as_mut(), pace, seconds * 1000)?;
    let cpu_us = own_cpu_us() - before_us;
    if landed.failed * 100 > landed.passed {
        let message = format!("{}: {} of {} failed", runner.name, landed.failed, landed.passed);
        return Err(Failed::of(message));
    }
    Ok(cpu_us / (landed.passed + landed.failed) as f64)
}
