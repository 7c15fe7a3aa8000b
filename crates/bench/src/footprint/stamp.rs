//! What an act runs: it says when it began, as the first thing that it does.

use crate::failed::Failed;
use crate::pause::now_us;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// How long the one who measures may take to put the app right.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stamp as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) at_us: u64,
    pub(crate) pid: i32,
}

/// Says when, and waits until the app is right again.
pub(crate) fn act(arguments: &[String]) -> Result<(), Failed> {
    let mut stream = say(arguments)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(Failed::at("the stamp's socket"))?;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).map(|_| ()).map_err(Failed::at("nobody put the app right"))
}

/// Says when, and becomes the app.
pub(crate) fn app(arguments: &[String]) -> Result<(), Failed> {
    say(arguments)?;
    let [program, arguments @ ..] = &arguments[1..] else {
        return Err(Failed::of("app SOCKET PROGRAM ARGUMENT..."));
    };
    Err(Failed::at(program)(Command::new(program).args(arguments).exec()))
}

fn say(arguments: &[String]) -> Result<UnixStream, Failed> {
    let at_us = now_us();
    let socket = arguments.first().ok_or_else(|| Failed::of("where to say it?"))?;
    let mut stream = UnixStream::connect(socket).map_err(Failed::at(socket))?;
    let words = format!("{at_us} {}\n", std::process::id());
    stream.write_all(words.as_bytes()).map_err(Failed::at(socket))?;
    Ok(stream)
}

/// Reads what `say` said.
pub(crate) fn read(stream: &mut UnixStream) -> Result<Stamp, Failed> {
    stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
        .map_err(Failed::at("a stamp"))?;
    let mut words = Vec::new();
    let mut byte = [0];
    while words.last() != Some(&b'\n') {
        stream.read_exact(&mut byte).map_err(Failed::at("a stamp"))?;
        words.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&words);
    let mut numbers = text.split_whitespace();
    let at_us = numbers.next().and_then(|word| word.parse().ok());
    let pid = numbers.next().and_then(|word| word.parse().ok());
    let (at_us, pid) = at_us.zip(pid).ok_or_else(|| Failed::of("a stamp that is none"))?;
    Ok(Stamp { at_us, pid })
}
