//! One wait: until the first deadline of all, and then whoever is ready is served.

use super::{Driver, start, token};
use crate::clock::{Clocks, SystemClocks};
use crate::control::Heard;
use crate::control::answers;
use crate::control::listener::Listener;
use crate::control::request::Problem;
use crate::mind::Answer;
use crate::mind::Body;
use crate::setup::Ended;
use crate::signals::Told;
use rustix::event::epoll::EventFlags;
use rustix::event::{Timespec, epoll};
use rustix::fd::AsFd;
use rustix::io::Errno;
use std::mem::MaybeUninit;

/// Ready descriptors taken at once; more wait for the next turn.
const READY_MAX: usize = 64;

/// Reports of the executor taken at once.
const REPORTS_MAX: usize = 64;

impl Driver {
    pub(super) fn wait_and_serve(&mut self) -> Result<(), Errno> {
        let control_ms = self.control.as_ref().and_then(Listener::deadline_ms);
        let asked_ms = self.mind.rest(control_ms);
        let mut buffer = [MaybeUninit::<epoll::Event>::uninit(); READY_MAX];
        let epoll = &self.mind.body().epoll;
        let ready: Vec<epoll::Event> = match epoll::wait(epoll, &mut buffer, Some(&until(asked_ms)))
        {
            Ok((ready, _)) => ready.to_vec(),
            Err(Errno::INTR) => Vec::new(),
            Err(error) => return Err(error),
        };
        self.mind.woke(asked_ms);
        for event in ready {
            self.serve(event.data.u64(), event.flags);
        }
        Ok(())
    }

    fn serve(&mut self, token: u64, flags: EventFlags) {
        match token {
            token::PRESSURE => self.hear_pressure(flags),
            token::EXECUTOR => self.hear_executor(),
            token::SIGNALS => self.hear_signals(),
            token::HOLDS => {
                if let Some(holds) = &self.holds {
                    self.mind.see_hold_files(holds.look());
                }
            }
            token::CONTROL => {
                if let Some(control) = &mut self.control {
                    control.accept(self.mind.body().epoll.as_fd());
                }
            }
            token::CLIENTS..token::RUNS => self.hear_client(token),
            _ => {
                if let Some(landing) = self.mind.body_mut().ready(token) {
                    self.mind.landed(&landing);
                }
            }
        }
    }

    fn hear_executor(&mut self) {
        for _ in 0..REPORTS_MAX {
            if !self.mind.has_room() {
                return;
            }
            match self.mind.body_mut().link.receive() {
                Ok(Some((report, descriptor))) => {
                    let text = descriptor.as_ref().map(start::read);
                    self.mind.report(report, text);
                }
                Ok(None) => return,
                Err(broken) => return self.mind.lose_link(broken),
            }
        }
    }

    fn hear_pressure(&mut self, flags: EventFlags) {
        match self.mind.body_mut().fired(flags) {
            Ok(()) => self.mind.press(),
            Err(why) => self.mind.lose_trigger(&why),
        }
    }

    /// Once the machine was read for it: what fires all the time wakes us twice a second, not for ever.
    pub(super) fn hear_pressure_again(&mut self) {
        if self.mind.is_pressed() {
            return;
        }
        if let Err(why) = self.mind.body_mut().arm_trigger() {
            self.mind.lose_trigger(&why);
        }
    }

    fn hear_signals(&mut self) {
        while let Some(told) = self.signals.next() {
            match told {
                Told::Stop => self.mind.end(Ended::Stopped),
                Told::LookNow => self.mind.body_mut().look_at_all(),
            }
        }
    }

    fn hear_client(&mut self, token: u64) {
        let now_ms = SystemClocks.boot_us() / 1000;
        let Some(control) = &mut self.control else { return };
        let Some(client) = control.client_of(token) else { return };
        for heard in control.ready(client, now_ms) {
            let answer = match heard {
                Heard::Line(line) => self.mind.ask(&line),
                Heard::TooLong => too_long(),
            };
            if answer.watches {
                control.watch(client);
                self.mind.set_watched(true);
            }
            control.say(client, &answer.line, now_ms);
            if answer.refused {
                // What follows a line that makes no sense is not to be trusted either.
                control.end(client);
                return;
            }
        }
    }
}

fn too_long() -> Answer {
    let problem =
        Problem::new("the request is longer than 4096 bytes", "send one JSON object a line");
    Answer { line: answers::error(&problem), refused: true, watches: false }
}

/// The time that is left until a CLOCK_BOOTTIME millisecond.
fn until(deadline_ms: u64) -> Timespec {
    let left_us = deadline_ms.saturating_mul(1000).saturating_sub(SystemClocks.boot_us());
    Timespec { tv_sec: (left_us / 1_000_000) as i64, tv_nsec: (left_us % 1_000_000) as i64 * 1000 }
}
