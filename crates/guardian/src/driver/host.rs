//! The mind's body on a real machine: a socket to the executor, and probes in the one epoll.

use super::token;
use crate::executor_link::Link;
use crate::mind::{Body, Broken, Landing, Reading, Watched};
use crate::probe::{Looker, LookerSettings};
use crate::runs::Runs;
use crate::sense::host::HostReader;
use crate::sense::trigger::Trigger;
use defib_config::spec::Config;
use defib_engine::event::Event;
use defib_engine::id::ProbeId;
use defib_journal::order::Request;
use rustix::event::epoll;
use rustix::fd::{AsFd, OwnedFd};
use std::ffi::OsString;
use std::path::Path;

/// Everything of the mind's that waits.
pub(super) struct Host {
    pub(super) epoll: OwnedFd,
    pub(super) link: Link,
    link_waits_for_room: bool,
    runs: Runs,
    looker: Looker,
    exec_child_argv: Vec<OsString>,
    reader: HostReader,
    /// Or why there is none.
    trigger: Result<Trigger, String>,
}

impl Host {
    pub(super) fn new(
        epoll: OwnedFd,
        link: Link,
        exec_child_argv: Vec<OsString>,
        state_dir: &Path,
        trigger: Result<Trigger, String>,
    ) -> Host {
        let trigger = trigger.and_then(|trigger| {
            let watched = trigger.watch(epoll.as_fd(), token::PRESSURE);
            watched.map(|()| trigger).map_err(|error| format!("epoll: {error}"))
        });
        Host {
            epoll,
            link,
            link_waits_for_room: false,
            runs: Runs::default(),
            looker: looker(&exec_child_argv),
            exec_child_argv,
            reader: HostReader::open(state_dir),
            trigger,
        }
    }

    /// Whether looks start programs.
    pub(super) fn has_commands(&self) -> bool {
        self.runs.has_commands()
    }

    /// Before memory is locked: [`Looker::read_authorities`].
    pub(super) fn read_authorities(&mut self) {
        self.looker.read_authorities(self.runs.specs());
    }

    /// Goes on with the look that a token belongs to, if it is one of ours.
    pub(super) fn ready(&mut self, token: u64) -> Option<Landing> {
        self.runs.ready(token, &mut self.looker, self.epoll.as_fd())
    }

    /// The trigger was reported. The error is why it never will be again: we go on without it.
    pub(super) fn fired(&mut self, flags: epoll::EventFlags) -> Result<(), String> {
        let goes_on = self.trigger.as_mut().is_ok_and(|trigger| trigger.fire(flags));
        if goes_on { Ok(()) } else { self.lose_trigger("the kernel has taken its trigger back") }
    }

    /// Hears the trigger again, if it has fired.
    pub(super) fn arm_trigger(&mut self) -> Result<(), String> {
        let Ok(trigger) = &mut self.trigger else { return Ok(()) };
        let armed = trigger.arm(self.epoll.as_fd(), token::PRESSURE);
        armed.or_else(|error| self.lose_trigger(&format!("epoll: {error}")))
    }

    /// Closed, it is gone from epoll, too.
    fn lose_trigger(&mut self, why: &str) -> Result<(), String> {
        self.trigger = Err(why.to_owned());
        Err(why.to_owned())
    }

    /// Sends what waits. Epoll is told about room only while something waits for it.
    pub(super) fn flush_link(&mut self) -> Result<(), Broken> {
        let waits = self.link.flush()?;
        if waits == self.link_waits_for_room {
            return Ok(());
        }
        let mut interest = epoll::EventFlags::IN;
        interest.set(epoll::EventFlags::OUT, waits);
        let data = epoll::EventData::new_u64(token::EXECUTOR);
        if epoll::modify(&self.epoll, &self.link, data, interest).is_ok() {
            self.link_waits_for_room = waits;
        }
        Ok(())
    }
}

/// What probes share. Certificate authorities and resolver files are read anew for a new config.
fn looker(exec_child_argv: &[OsString]) -> Looker {
    let exec_child = exec_child_argv.to_vec();
    Looker::new(LookerSettings { exec_child, ..LookerSettings::default() })
}

impl Body for Host {
    type Probes = Runs;

    fn send(&mut self, request: &Request) -> Result<(), Broken> {
        self.link.send(request)
    }

    fn is_backed_up(&self) -> bool {
        self.link.wants_writing()
    }

    fn prepare(&self, config: &Config) -> Result<Runs, String> {
        Runs::new(config, token::RUNS)
    }

    fn adopt(&mut self, mut probes: Runs) {
        probes.inherit(&self.runs);
        self.runs = probes;
        self.looker = looker(&self.exec_child_argv);
    }

    fn look(&mut self, probe: ProbeId, attempt: u32) {
        self.runs.start(probe, attempt);
    }

    fn look_at_all(&mut self) {
        self.runs.start_all();
    }

    fn landings(&mut self) -> Vec<Landing> {
        self.runs.due(&mut self.looker, self.epoll.as_fd())
    }

    fn deadline_us(&self) -> Option<u64> {
        self.runs.deadline_us()
    }

    fn has_host(&self) -> bool {
        true
    }

    fn why_no_trigger(&self) -> Option<&str> {
        self.trigger.as_ref().err().map(String::as_str)
    }

    fn read_host(&mut self, watched: &[Watched], events: &mut Vec<Event>) {
        self.reader.pass(watched, events);
    }

    fn reading(&self) -> Option<&Reading> {
        Some(self.reader.reading())
    }
}
