//! An HTTP/1 answer, fed byte by byte or in any pieces, to a verdict. No socket, no clock.

use super::super::look::Detail;
use super::body::Body;
use super::chunked::{Chunked, Part};
use super::head::{HEAD_MAX, Head, is_http_so_far};
use super::needle::Needle;
use defib_config::spec::{HttpSpec, StatusSet};
use defib_engine::seen::{BodyFault, Seen};
use regex_lite::Regex;
use std::fmt::Write;
use std::rc::Rc;

/// What is expected of an answer.
#[derive(Debug)]
pub(super) struct Rules {
    expect: StatusSet,
    pub(super) needle: Option<Needle>,
    pub(super) pattern: Option<Regex>,
    pub(super) body_max: u64,
    pub(super) cap_is_fault: bool,
    wanted: String,
}

impl Rules {
    pub(super) fn new(spec: &HttpSpec) -> Result<Rules, String> {
        let pattern = match &spec.body_regex {
            Some(text) => {
                let compiled = Regex::new(text);
                Some(compiled.map_err(|error| format!("body_regex \"{text}\": {error}"))?)
            }
            None => None,
        };
        let wanted = match (&spec.body_contains, &spec.body_regex) {
            (Some(text), None) => format!("has no \"{text}\""),
            (None, Some(text)) => format!("does not match \"{text}\""),
            _ => "lacks the expected text".to_owned(),
        };
        Ok(Rules {
            expect: spec.expect.clone(),
            needle: spec.body_contains.as_deref().map(Needle::new),
            pattern,
            body_max: u64::from(spec.body_max),
            cap_is_fault: spec.body_cap_is_fault,
            wanted,
        })
    }
}

/// How an answer was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The verdict.
    Judged(Seen),
    /// This status sends us to this `Location`.
    Redirected(u16, Vec<u8>),
}

/// Reads one answer.
#[derive(Debug)]
pub(super) struct Machine {
    rules: Rc<Rules>,
    to_head: bool,
    may_follow: bool,
    /// A head that has not come whole yet.
    stash: Vec<u8>,
    status: Option<u16>,
    reason: Detail,
    framing: Option<Framing>,
    body: Body,
    /// Whether any byte came: closing without one is another verdict than closing in the middle.
    heard: bool,
}

/// How the end of the body is known.
#[derive(Clone, Debug)]
enum Framing {
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

const MALFORMED: Outcome = Outcome::Judged(Seen::Body(BodyFault::Malformed));
const TRUNCATED: Outcome = Outcome::Judged(Seen::Body(BodyFault::Truncated));

impl Machine {
    /// `to_head`: the request was HEAD, so no body follows whatever the head promises.
    /// `may_follow`: a redirect is to be reported as such.
    pub(super) fn new(rules: Rc<Rules>, to_head: bool, may_follow: bool) -> Machine {
        Machine {
            rules,
            to_head,
            may_follow,
            stash: Vec::new(),
            status: None,
            reason: Detail::EMPTY,
            framing: None,
            body: Body::default(),
            heard: false,
        }
    }

    /// Takes the next bytes; `Some` when the verdict stands, and then nothing more is to be fed.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<Outcome> {
        self.heard |= !bytes.is_empty();
        if self.framing.is_some() {
            return self.feed_body(bytes);
        }
        // Mostly the whole head comes with the first bytes: then nothing is copied.
        if self.stash.is_empty() {
            return self.feed_head(bytes, bytes.contains(&b'\n'));
        }
        let mut stash = std::mem::take(&mut self.stash);
        stash.extend_from_slice(bytes);
        self.feed_head(&stash, bytes.contains(&b'\n'))
    }

    /// The other side has closed.
    pub(super) fn end(&mut self) -> Outcome {
        if !self.heard {
            return Outcome::Judged(Seen::Reset);
        }
        match &self.framing {
            Some(Framing::UntilClose) => Outcome::Judged(self.body.judge(&self.rules)),
            None if Head::parse(&self.stash).is_err() => MALFORMED,
            Some(_) | None => TRUNCATED,
        }
    }

    /// What a person would like to read about the verdict.
    pub(super) fn detail(&self, seen: Seen) -> Detail {
        let Some(status) = self.status else {
            return match seen {
                Seen::Reset => Detail::of(format_args!("closed without an answer")),
                Seen::Body(BodyFault::Malformed) => Detail::of(format_args!("this is not HTTP/1")),
                _ => Detail::EMPTY,
            };
        };
        let Seen::Body(fault) = seen else {
            return Detail::of(format_args!("HTTP {status} {}", self.reason));
        };
        let Rules { wanted, body_max, .. } = &*self.rules;
        let mut detail = Detail::of(format_args!("HTTP {status}, but "));
        // What does not fit is dropped.
        let _ = match fault {
            BodyFault::Missing => write!(detail, "the body {wanted}"),
            BodyFault::TooLarge => write!(detail, "the body is longer than {body_max} bytes"),
            BodyFault::Truncated => write!(detail, "closed before the end of the body"),
            BodyFault::Malformed => write!(detail, "the body's coding is broken"),
        };
        detail
    }

    fn feed_head(&mut self, bytes: &[u8], has_new_line: bool) -> Option<Outcome> {
        let mut rest = bytes;
        // A head can only end with a line, so bytes without one are not worth parsing yet.
        if !has_new_line && rest.len() < HEAD_MAX && is_http_so_far(rest) {
            self.stash.extend_from_slice(rest);
            return None;
        }
        loop {
            match Head::parse(rest) {
                Err(()) => return Some(MALFORMED),
                Ok(None) => {
                    self.stash.extend_from_slice(rest);
                    return None;
                }
                // Interim answers; after 101 the connection speaks another protocol.
                Ok(Some(head)) if is_interim(head.code) => rest = &rest[head.len..],
                Ok(Some(head)) => {
                    let rest = &rest[head.len..];
                    return self.judge_head(head).or_else(|| self.feed_body(rest));
                }
            }
        }
    }

    fn judge_head(&mut self, head: Head) -> Option<Outcome> {
        let code = head.code;
        self.status = Some(code);
        self.reason = head.reason;
        if !self.rules.expect.has(code) {
            if let Some(location) = head.location
                && self.may_follow
                && matches!(code, 301 | 302 | 303 | 307 | 308)
            {
                return Some(Outcome::Redirected(code, location));
            }
            let retry_after_s = head.retry_after_s;
            return Some(Outcome::Judged(Seen::Status { code, retry_after_s }));
        }
        let framing = if self.to_head || matches!(code, 100..=199 | 204 | 304) {
            Framing::Length(0)
        } else if head.is_chunked {
            Framing::Chunked(Chunked::new())
        } else {
            head.length.map_or(Framing::UntilClose, Framing::Length)
        };
        // A cap that the head already breaks needs no reading.
        if self.rules.cap_is_fault
            && matches!(framing, Framing::Length(length) if length > self.rules.body_max)
        {
            return Some(Outcome::Judged(Seen::Body(BodyFault::TooLarge)));
        }
        self.framing = Some(framing);
        None
    }

    fn feed_body(&mut self, mut bytes: &[u8]) -> Option<Outcome> {
        let rules = Rc::clone(&self.rules);
        match self.framing.as_mut()? {
            Framing::UntilClose => self.body.take(bytes, &rules),
            Framing::Length(left) => {
                let len = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= len as u64;
                let is_over = *left == 0;
                let stop = self.body.take(&bytes[..len], &rules);
                stop.or_else(|| is_over.then(|| self.body.judge(&rules)))
            }
            Framing::Chunked(chunked) => loop {
                match chunked.next(&mut bytes) {
                    Part::Data(data) => {
                        if let stop @ Some(_) = self.body.take(data, &rules) {
                            break stop;
                        }
                    }
                    Part::More => break None,
                    Part::End => break Some(self.body.judge(&rules)),
                    Part::Malformed => return Some(MALFORMED),
                }
            },
        }
        .map(Outcome::Judged)
    }
}

fn is_interim(code: u16) -> bool {
    (100..200).contains(&code) && code != 101
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
