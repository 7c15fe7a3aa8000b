//! One HTTP or HTTPS request over TCP or a unix socket, and the redirects that it is allowed to
//! follow.
//!
//! The rules of HTTP are in [`machine`], which knows no socket; [`channel`] moves bytes, in clear
//! or through TLS; this file says what happens after what, and in which phase.

mod body;
mod channel;
mod chunked;
mod head;
mod machine;
mod needle;
mod redirect;
mod request;
mod talk;

use super::dial::{Dial, Dialed, doubt_refusal, local_view};
use super::errno::Failure;
use super::look::Detail;
use super::poller::Interest;
use super::stopwatch::Stopwatch;
use super::{Kind, Look, Looker, Micros, Poller, Progress, Run, Terms};
use channel::Channel;
use defib_config::spec::HttpSpec;
use defib_engine::seen::{Seen, TlsFault};
use machine::{Machine, Outcome, Rules};
use request::Hop;
use std::rc::Rc;
use talk::{Talk, Turn};

/// The kind.
pub(super) struct HttpKind(Rc<Prepared>);

/// What all runs of one probe share.
struct Prepared {
    first: Rc<Hop>,
    rules: Rc<Rules>,
    redirects_max: u8,
    derived: bool,
}

impl HttpKind {
    pub(super) fn new(spec: &HttpSpec, derived: bool) -> Result<HttpKind, String> {
        let endpoint = if derived { local_view(&spec.endpoint) } else { spec.endpoint.clone() };
        Ok(HttpKind(Rc::new(Prepared {
            first: Rc::new(Hop::first(spec, endpoint)?),
            rules: Rc::new(Rules::new(spec)?),
            redirects_max: spec.redirects_max,
            derived,
        })))
    }
}

impl Kind for HttpKind {
    fn start(&self, terms: Terms, watch: Stopwatch) -> Box<dyn Run> {
        let first = &self.0.first;
        Box::new(HttpRun {
            stage: Stage::Dialing(Dial::new(&first.endpoint)),
            hop: Rc::clone(first),
            redirects_left: self.0.redirects_max,
            never_answered: self.0.derived && !terms.listener_seen,
            answered: false,
            certificate_days_left: None,
            prepared: Rc::clone(&self.0),
            watch,
        })
    }
}

struct HttpRun {
    prepared: Rc<Prepared>,
    hop: Rc<Hop>,
    stage: Stage,
    redirects_left: u8,
    never_answered: bool,
    answered: bool,
    certificate_days_left: Option<i32>,
    watch: Stopwatch,
}

enum Stage {
    Dialing(Dial),
    Talking(Box<Talk>),
}

impl Run for HttpRun {
    fn advance(&mut self, looker: &mut Looker, poller: &Poller<'_>, now: Micros) -> Progress {
        match self.go(looker, poller, now) {
            Ok(progress) => progress,
            Err(failure) => self.fail(failure, looker, now),
        }
    }
}

impl HttpRun {
    fn go(
        &mut self,
        looker: &mut Looker,
        poller: &Poller<'_>,
        now: Micros,
    ) -> Result<Progress, Failure> {
        loop {
            if let Stage::Dialing(dial) = &mut self.stage {
                match dial.advance(looker, poller, &mut self.watch, now) {
                    Dialed::Open(socket) => self.talk(socket, looker)?,
                    Dialed::Waiting(at) => return Ok(self.watch.wait(now, false).by(at)),
                    Dialed::Failed(failure) => return Err(failure),
                }
            }
            match self.converse(looker, now)? {
                Turn::Wait(interest, moved) => return self.wait(interest, moved, poller, now),
                Turn::Outcome(Outcome::Judged(seen)) => return Ok(self.done(seen, now)),
                Turn::Outcome(Outcome::Redirected(status, location)) => {
                    let Some(hop) = self.hop.follow(status, &location) else {
                        let seen = Seen::Status { code: status, retry_after_s: None };
                        return Err(Failure::new(
                            seen,
                            format_args!("HTTP {status} to an address that cannot be followed"),
                        ));
                    };
                    // Closes the old connection first: it would keep a worker busy.
                    self.stage = Stage::Dialing(Dial::new(&hop.endpoint));
                    self.hop = Rc::new(hop);
                    self.redirects_left -= 1;
                    self.never_answered = false;
                }
            }
        }
    }

    /// The request is written in the turn in which the connection was begun: on the loopback it
    /// mostly stands already, and a pre-fork server's worker is kept no longer than needed.
    fn talk(&mut self, socket: rustix::fd::OwnedFd, looker: &mut Looker) -> Result<(), Failure> {
        let hop = &self.hop;
        let channel = match &hop.tls {
            Some(tls) => {
                let trust = looker.trusts.of(tls.ca_file.as_deref())?;
                let session = trust.session(tls.name.clone())?;
                Channel::tls(socket, session, trust)
            }
            None => Channel::Plain(socket),
        };
        let machine =
            Machine::new(Rc::clone(&self.prepared.rules), hop.is_head(), self.redirects_left > 0);
        self.stage = Stage::Talking(Box::new(Talk::new(channel, machine)));
        Ok(())
    }

    fn converse(&mut self, looker: &mut Looker, now: Micros) -> Result<Turn, Failure> {
        let Stage::Talking(talk) = &mut self.stage else {
            return Ok(Turn::Wait(Interest::Write, false));
        };
        let watch = &mut self.watch;
        if let Some(interest) = talk.channel.shake_hands(watch, now)? {
            let moved = talk.channel.has_just_heard();
            self.answered |= moved;
            return Ok(Turn::Wait(interest, moved));
        }
        if self.certificate_days_left.is_none() {
            self.certificate_days_left = talk.channel.certificate_days_left();
        }
        if let Some(interest) = talk.ask(&self.hop.request, watch, now)? {
            return Ok(Turn::Wait(interest, false));
        }
        if talk.begins_to_wait() {
            return Ok(Turn::Wait(Interest::Read, false));
        }
        talk.listen(&mut looker.buffer, watch, &mut self.answered, now)
    }

    fn wait(
        &mut self,
        interest: Interest,
        moved: bool,
        poller: &Poller<'_>,
        now: Micros,
    ) -> Result<Progress, Failure> {
        let progress = self.watch.wait(now, moved);
        if let (Progress::Waiting { .. }, Stage::Talking(talk)) = (&progress, &mut self.stage) {
            talk.registration
                .want(poller, talk.channel.socket(), interest)
                .map_err(|errno| Failure::of_errno(errno, self.watch.phase(), "epoll"))?;
        }
        Ok(self.finish(progress))
    }

    fn done(&mut self, seen: Seen, now: Micros) -> Progress {
        let detail = match &self.stage {
            Stage::Talking(talk) => talk.machine.detail(seen),
            Stage::Dialing(_) => Detail::EMPTY,
        };
        let progress = self.watch.done(seen, detail, now);
        self.finish(progress)
    }

    fn fail(&mut self, failure: Failure, looker: &mut Looker, now: Micros) -> Progress {
        if let (Seen::Tls(fault), Some(tls)) = (failure.seen, &self.hop.tls) {
            self.answered = true;
            if fault == TlsFault::UnknownAuthority && tls.ca_file.is_some() {
                looker.trusts.forget(tls.ca_file.as_deref());
            }
        }
        if let Stage::Talking(talk) = &self.stage {
            let days_left = talk.channel.certificate_days_left();
            self.certificate_days_left = self.certificate_days_left.or(days_left);
        }
        let failure = doubt_refusal(failure, self.never_answered);
        let progress = self.watch.done(failure.seen, *failure.detail, now);
        self.finish(progress)
    }

    /// Adds what this run alone knows.
    fn finish(&self, progress: Progress) -> Progress {
        match progress {
            Progress::Done(look) => Progress::Done(Box::new(Look {
                certificate_days_left: self.certificate_days_left,
                answered: self.answered,
                ..*look
            })),
            waiting @ Progress::Waiting { .. } => waiting,
        }
    }
}

/// For fuzzers ([`crate::fuzz`]): an answer in these pieces, and then a close. What it is judged to be, and
/// the request that follows a redirect.
pub(crate) fn judge_pieces(
    spec: &HttpSpec,
    pieces: &[&[u8]],
) -> Result<(String, Option<Vec<u8>>), String> {
    let rules = Rc::new(Rules::new(spec)?);
    let hop = Hop::first(spec, spec.endpoint.clone())?;
    let mut machine = Machine::new(rules, hop.is_head(), spec.redirects_max > 0);
    let verdict = pieces.iter().find_map(|piece| machine.feed(piece));
    Ok(match verdict.unwrap_or_else(|| machine.end()) {
        Outcome::Judged(seen) => (format!("{seen:?}: {}", machine.detail(seen)), None),
        Outcome::Redirected(status, location) => {
            let next = hop.follow(status, &location).map(|hop| hop.request);
            (format!("{status} to {}", location.escape_ascii()), next)
        }
    })
}
