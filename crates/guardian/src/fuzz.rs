//! For fuzzers: the places where strangers' bytes arrive, as functions without a socket around them
//! (`docs/fuzzing.md`). No interface: nothing else may use them, and they change without notice.
//!
//! They are here because what they call is private to this crate, and should stay so.

use crate::control::request::{self, Request};
use crate::control::{answers, hear_pieces};
use crate::probe::judge_pieces;
use defib_config::spec::HttpSpec;

/// What an answer that comes in these pieces, and then a close, is judged to be, with what people are told; and
/// the request that is sent next if it is a redirect that is followed.
pub fn http_answer(spec: &HttpSpec, pieces: &[&[u8]]) -> Result<(String, Option<Vec<u8>>), String> {
    judge_pieces(spec, pieces)
}

/// The lines that a client is heard to say in these pieces; `None` where one is too long, and then nothing more.
pub fn control_lines(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
    hear_pieces(pieces)
}

/// What a client's line asks for; or the line that it is answered.
pub fn control_request(line: &[u8]) -> Result<Asked, String> {
    let request = request::parse(line).map_err(|problem| answers::error(&problem))?;
    Ok(match request {
        Request::Why { app } | Request::Release { app } | Request::Drill { app, .. } => {
            Asked { app: Some(app), hold: None }
        }
        Request::Hold { app, for_ms, reason } => {
            Asked { app: Some(app), hold: Some((for_ms, reason)) }
        }
        Request::Status | Request::Watch | Request::Probe => Asked { app: None, hold: None },
    })
}

/// The parts of a request that a stranger chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The app that is named.
    pub app: Option<String>,
    /// For how long a hold is asked for, in milliseconds, and why.
    pub hold: Option<(u64, String)>,
}
