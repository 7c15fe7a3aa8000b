//! Which agents a question is for.

use crate::cli::args::Global;
use crate::places::Places;
use std::path::{Path, PathBuf};

/// One agent's doors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its control socket.
    pub socket: PathBuf,
    /// Its journal's folder, if it is known.
    pub journal: Option<PathBuf>,
}

/// What the command line says about where to look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// `--socket`
    pub socket: Option<PathBuf>,
    /// `--state`
    pub state: Option<PathBuf>,
}

impl Asked {
    /// From the flags.
    pub fn of(global: &Global, state: Option<&Path>) -> Asked {
        Asked { socket: global.socket.clone(), state: state.map(Path::to_path_buf) }
    }
}

/// The agents that are meant: those named, else all of which there is a trace.
pub fn find(asked: &Asked) -> Vec<Agent> {
    match (&asked.socket, &asked.state) {
        (Some(socket), state) => vec![Agent {
            socket: socket.clone(),
            journal: match state {
                Some(state) => Some(journal_in(state)),
                None => journal_of(socket),
            },
        }],
        (None, Some(state)) => vec![in_state(state)],
        (None, None) => Places::all_known().iter().map(of_places).collect(),
    }
}

fn of_places(places: &Places) -> Agent {
    Agent { socket: places.socket(), journal: Some(places.journal()) }
}

/// A state folder that a known agent uses has that agent's socket, wherever it is.
fn in_state(state: &Path) -> Agent {
    let known = Places::all_known().into_iter().find(|places| places.state == state);
    let mut agent = of_places(&known.unwrap_or_else(|| Places::in_folder(state)));
    agent.journal = Some(journal_in(state));
    agent
}

/// Somebody may name the journal itself.
fn journal_in(state: &Path) -> PathBuf {
    let inside = state.join("journal");
    if inside.is_dir() { inside } else { state.to_path_buf() }
}

fn journal_of(socket: &Path) -> Option<PathBuf> {
    let known = Places::all_known().into_iter().find(|places| places.socket() == socket);
    known.map(|places| places.journal())
}
