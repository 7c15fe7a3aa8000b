//! The verb: which journals, and what to say.

use crate::agents::{Asked, find};
use crate::answer::Answer;
use crate::cli::args::{Global, ReplayArgs};
use crate::page::put;
use crate::replay::run::{Difference, Replayer, Side, Tally};
use crate::replay::weight::Nudge;
use defib_journal::files::Reader;
use defib_journal::json::{Shape, to_vec};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};

/// Nothing could be replayed: that is neither equal nor different.
const NOTHING: u8 = 3;

/// `replay [DIR] [--weight NAME=CHANGE]`
pub fn replay(args: &ReplayArgs, global: &Global) -> Answer {
    let nudge = match args.weight.as_deref().map(str::parse::<Nudge>).transpose() {
        Ok(nudge) => nudge,
        Err(error) => return Answer::failed(2, error),
    };
    let asked = Asked { socket: global.socket.clone(), state: args.directory.clone() };
    let folders: Vec<PathBuf> = find(&asked).into_iter().filter_map(|a| a.journal).collect();
    let mut answer = Answer::default();
    let mut code = None;
    for folder in &folders {
        let (one, events) = replay_one(folder, nudge, global.json);
        answer.out.push_str(&one.out);
        answer.err.push_str(&one.err);
        if events > 0 || one.code == 1 {
            code = code.max(Some(one.code));
        }
    }
    if code.is_none() && answer.err.is_empty() {
        answer.err.push_str("nothing to replay: no journal with a checkpoint and an event\n");
    }
    answer.code = code.unwrap_or(NOTHING);
    answer
}

fn replay_one(folder: &Path, nudge: Option<Nudge>, as_json: bool) -> (Answer, u64) {
    let mut replayer = Replayer::new(nudge);
    let outcome = run(folder, &mut replayer);
    let tally = replayer.tally();
    let answer = match outcome {
        Err(error) => {
            Answer::failed(NOTHING, format!("{} cannot be read: {error}", folder.display()))
        }
        Ok(difference) if as_json => json_line(folder, tally, nudge, difference.as_deref()),
        Ok(difference) => text(folder, tally, nudge, difference.as_deref()),
    };
    (answer, tally.events)
}

fn run(folder: &Path, replayer: &mut Replayer) -> io::Result<Option<Box<Difference>>> {
    let mut reader = Reader::open(folder)?;
    while let Some(entry) = reader.next_entry()? {
        if let Err(difference) = replayer.take(&entry) {
            return Ok(Some(difference));
        }
    }
    replayer.end();
    Ok(None)
}

fn text(
    folder: &Path,
    tally: Tally,
    nudge: Option<Nudge>,
    difference: Option<&Difference>,
) -> Answer {
    let with = nudge.map_or_else(String::new, |nudge| format!(" with {nudge}"));
    let mut out = format!(
        "{}: replayed {} events, {} decisions{with}",
        folder.display(),
        tally.events,
        tally.decisions
    );
    let Some(difference) = difference else {
        out.push_str(", all equal\n");
        if tally.cut_off > 0 {
            put!(out, "({} decisions of a guardian that was cut off)\n", tally.cut_off);
        }
        if tally.unfounded > 0 {
            put!(
                out,
                "({} decisions stand where nothing was suspected, and have no events)\n",
                tally.unfounded
            );
        }
        return Answer::done(out);
    };
    put!(out, ", then a difference at line {} (up {} ms)\n", difference.seq, difference.up.0);
    if let Some(event) = &difference.event {
        put!(out, "  event:    {}\n", plain(event));
    }
    put!(out, "  recorded: {}\n", side(difference.recorded.as_ref()));
    put!(out, "  replayed: {}\n", side(difference.replayed.as_ref()));
    Answer::done(out).with_code(1)
}

fn side(side: Option<&Side>) -> String {
    match side {
        None => "nothing".to_owned(),
        Some(Side::Note(note)) => format!("note {}", plain(note)),
        Some(Side::Order(order)) => format!("order {}", plain(order)),
    }
}

/// As it stands in the journal: the two can be compared with the files by eye.
fn plain<T: Shape>(value: &T) -> String {
    String::from_utf8_lossy(&to_vec(value)).into_owned()
}

fn json_line(
    folder: &Path,
    tally: Tally,
    nudge: Option<Nudge>,
    difference: Option<&Difference>,
) -> Answer {
    let shown = difference.map(|difference| {
        json!({
            "seq": difference.seq,
            "up_seconds": difference.up.0 as f64 / 1000.0,
            "event": difference.event.as_ref().map(|event| value(&plain(event))),
            "recorded": json_side(difference.recorded.as_ref()),
            "replayed": json_side(difference.replayed.as_ref()),
        })
    });
    let line = json!({
        "schema": "defib.replay/1",
        "journal": folder,
        "equal": difference.is_none(),
        "events": tally.events,
        "decisions": tally.decisions,
        "cut_off": tally.cut_off,
        "unfounded": tally.unfounded,
        "weight": nudge.map(|nudge| nudge.to_string()),
        "difference": shown,
    });
    Answer::done(format!("{line}\n")).with_code(u8::from(difference.is_some()))
}

fn json_side(side: Option<&Side>) -> Value {
    match side {
        None => Value::Null,
        Some(Side::Note(note)) => json!({"note": value(&plain(note))}),
        Some(Side::Order(order)) => json!({"order": value(&plain(order))}),
    }
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}
