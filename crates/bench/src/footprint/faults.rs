//! How long it takes from a fault to the begin of the act that is to end it.

use super::contender::{Contender, Who};
use super::stamp::{self, Stamp};
use crate::failed::Failed;
use crate::median::spread;
use crate::pause::{now_us, pause, random_ms};
use crate::table;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::net::UnixStream;

/// After a recovery: the app is seen well, its process is known again (defib asks at most every 10 s).
const SETTLE_MS: u64 = 13_000;

/// Who has not acted by then never will.
const PATIENCE_MS: u64 = 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9` of the app.
    Kill,
    /// SIGSTOP of the app: it accepts connections and never answers.
    Stop,
}

/// The rounds of all contenders, side by side.
pub(crate) fn race(
    contenders: Vec<Contender>,
    pace_s: u64,
    rounds: usize,
    faults: &[Fault],
) -> Result<(), Failed> {
    if rounds == 0 {
        return Ok(());
    }
    let results: Vec<Result<Vec<Vec<String>>, Failed>> = std::thread::scope(|scope| {
        let threads: Vec<_> = contenders
            .into_iter()
            .map(|one| scope.spawn(move || all_rounds(one, rounds, faults)))
            .collect();
        let panicked = |_| Err(Failed::of("a thread panicked"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    let mut rows = Vec::new();
    for result in results {
        rows.extend(result?);
    }
    rows.sort();
    println!(
        "## From fault to act, a look every {pace_s} s, {rounds} rounds, random phase\n\nSeconds."
    );
    table::print(&["fault", "", "least", "median", "greatest", "never"], &rows);
    Ok(())
}

fn all_rounds(
    mut one: Contender,
    rounds: usize,
    faults: &[Fault],
) -> Result<Vec<Vec<String>>, Failed> {
    let mut rows = Vec::new();
    let mut app = None;
    for fault in faults {
        let mut times_s = Vec::new();
        for _ in 0..rounds {
            pause(SETTLE_MS + random_ms(one.place.pace_s * 1000));
            times_s.extend(round(&mut one, *fault, &mut app)?);
        }
        rows.push(row(one.who, *fault, rounds, &times_s));
    }
    Ok(rows)
}

fn row(who: Who, fault: Fault, rounds: usize, times_s: &[f64]) -> Vec<String> {
    let word = match fault {
        Fault::Kill => "killed",
        Fault::Stop => "stopped",
    };
    let mut cells = vec![word.to_owned(), who.name().to_owned()];
    match spread(times_s) {
        Some(all) => {
            cells.extend([all.min, all.median, all.max].map(|time_s| format!("{time_s:.3}")));
        }
        None => cells.extend(["-"; 3].map(str::to_owned)),
    }
    cells.push((rounds - times_s.len()).to_string());
    cells
}

/// One fault; the seconds until the act, if there was one.
fn round(
    one: &mut Contender,
    fault: Fault,
    app: &mut Option<Stamp>,
) -> Result<Option<f64>, Failed> {
    // Acts of an earlier round that came again, and the first start of a kept app.
    while let Some((stamp, _)) = next_stamp(one, 0)? {
        *app = Some(stamp);
    }
    let kept = app.and_then(|stamp| Pid::from_raw(stamp.pid));
    let pid = if one.who == Who::DefibStart { kept } else { one.place.server.pid() };
    let pid =
        pid.ok_or_else(|| Failed::of(format!("{:?}: the app's process is unknown", one.who)))?;
    let signal = if fault == Fault::Kill { Signal::KILL } else { Signal::STOP };
    let begun_us = now_us();
    kill_process(pid, signal).map_err(Failed::at("the app cannot be signalled"))?;
    let heard = next_stamp(one, PATIENCE_MS)?;
    if one.who != Who::DefibStart {
        one.place.server.end();
        one.place.server.start()?;
    }
    let Some((stamp, stream)) = heard else { return Ok(None) };
    // Tells the act that the app is right again.
    drop(stream);
    *app = Some(stamp);
    Ok(Some(stamp.at_us.saturating_sub(begun_us) as f64 / 1e6))
}

fn next_stamp(one: &Contender, patience_ms: u64) -> Result<Option<(Stamp, UnixStream)>, Failed> {
    let mut wanted = [PollFd::new(&one.stamps, PollFlags::IN)];
    let patience = Timespec {
        tv_sec: (patience_ms / 1000) as i64,
        tv_nsec: (patience_ms % 1000 * 1_000_000) as i64,
    };
    if poll(&mut wanted, Some(&patience)).map_err(Failed::at("poll"))? == 0 {
        return Ok(None);
    }
    let (mut stream, _) = one.stamps.accept().map_err(Failed::at("accept"))?;
    let stamp = stamp::read(&mut stream)?;
    Ok(Some((stamp, stream)))
}
