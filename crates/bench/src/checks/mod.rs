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
use crate::{port, server, table};
use pace::{Flights, Pace, fly};
use std::path::Path;

/// One sample, if nobody says otherwise.
const SECONDS: u64 = 4;

/// A way of checking that is measured.
struct Runner<'a> {
    name: &'static str,
    flights: Box<dyn Flights + 'a>,
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
    let mut server = server::Server::new(&folder.join("nginx"), [ports[0], ports[1]], &certs)?;
    server.start()?;
    let seconds = options.seconds.unwrap_or(SECONDS);
    let ca = certs.join("ca.pem");
    let http = [
        Runner { name: "bare epoll loop", flights: Box::new(bare::Bare::new(server.http)?) },
        Runner {
            name: "defib's http probe",
            flights: Box::new(probed::Probed::new(
                &format!("http://127.0.0.1:{}/", server.http),
                None,
            )?),
        },
    ];
    compare(
        "HTTP",
        http,
        &[Pace::every(100, 10), Pace::every(50, 50), Pace::saturated(32)],
        seconds,
        options.pairs,
    )?;
    let secure = |asks| bare_tls::BareTls::new(server.https, &ca, asks);
    let url = format!("https://localhost:{}/", server.https);
    let https = [
        Runner { name: "bare rustls handshake", flights: Box::new(secure(false)?) },
        Runner {
            name: "bare rustls handshake, request and answer",
            flights: Box::new(secure(true)?),
        },
        Runner {
            name: "defib's https probe",
            flights: Box::new(probed::Probed::new(&url, Some(&ca))?),
        },
    ];
    compare("HTTPS", https, &[Pace::every(100, 10), Pace::saturated(8)], seconds, options.pairs)?;
    guarded::run(folder, &server, options)
}

/// Samples of all, in turns; ratios are taken within a turn.
fn compare<const N: usize>(
    title: &str,
    mut runners: [Runner<'_>; N],
    paces: &[Pace],
    seconds: u64,
    turns: usize,
) -> Result<(), Failed> {
    println!("## {title}: CPU per check, {turns} turns of {seconds} s");
    let mut rows = Vec::new();
    for pace in paces {
        let mut costs = [const { Vec::new() }; N];
        for turn in 0..turns {
            // Who goes first changes, so that a machine that warms up favours nobody.
            for step in 0..N {
                let which = (turn + step) % N;
                costs[which].push(sample(&mut runners[which], *pace, seconds)?);
            }
        }
        for which in 0..N {
            let ratios: Vec<f64> =
                costs[which].iter().zip(&costs[0]).map(|(ours, bare)| ours / bare).collect();
            let (Some(cost), Some(ratio)) = (spread(&costs[which]), spread(&ratios)) else {
                continue;
            };
            rows.push(row(&pace.words(), runners[which].name, cost, ratio));
        }
    }
    table::print(
        &["pace", "", "µs a check, median", "min - max", "ratio, median", "min - max"],
        &rows,
    );
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
