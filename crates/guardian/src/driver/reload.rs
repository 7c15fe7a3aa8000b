//! A new config text: in force as a whole, or not at all.

use super::Driver;
use crate::clock;
use crate::probe::{Looker, LookerSettings};
use crate::runs::Runs;
use defib_config::{Host, Loaded, TEXT_MAX, load};
use defib_engine::effect::Effect;
use defib_engine::event::Event;
use defib_engine::id::AppId;
use defib_journal::line::{Line, TextCrc};
use defib_journal::order::Request;
use rustix::fd::{AsFd, OwnedFd};
use std::borrow::Cow;
use std::ffi::OsString;

/// A config that was read, and the checksum of its text.
pub(super) struct Read {
    pub(super) loaded: Loaded,
    pub(super) crc: TextCrc,
}

/// Reads and validates the text behind a descriptor. The error is one line for people.
pub(super) fn read(descriptor: &OwnedFd) -> Result<Read, String> {
    let bytes = read_all(descriptor).map_err(|error| format!("the config: {error}"))?;
    let text = str::from_utf8(&bytes).map_err(|error| format!("the config: {error}"))?;
    let host = Host { root: rustix::process::geteuid().is_root() };
    let loaded = load(text, &host).map_err(|report| report.summary("config", text))?;
    Ok(Read { loaded, crc: TextCrc::of(&bytes) })
}

/// From the beginning, wherever the descriptor's offset is: the executor shares it with us.
fn read_all(descriptor: &OwnedFd) -> rustix::io::Result<Vec<u8>> {
    // One byte more than is allowed, so that a longer text is seen and refused.
    let mut bytes = vec![0_u8; TEXT_MAX + 1];
    let mut length = 0;
    while length < bytes.len() {
        let place = length as u64;
        match rustix::io::pread(descriptor.as_fd(), &mut bytes[length..], place)? {
            0 => break,
            count => length += count,
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// What probes share. Certificate authorities and resolver files are read anew for a new config.
pub(super) fn looker(exec_child_argv: &[OsString]) -> Looker {
    let exec_child = exec_child_argv.to_vec();
    Looker::new(LookerSettings { exec_child, ..LookerSettings::default() })
}

impl Driver {
    pub(super) fn reload(&mut self, descriptor: Option<OwnedFd>) {
        let read = descriptor
            .ok_or_else(|| "the executor sent no config with its message".to_owned())
            .and_then(|descriptor| read(&descriptor))
            .and_then(|read| Ok((Runs::new(&read.loaded.config, super::token::RUNS)?, read)));
        let accepted = read.is_ok();
        match read {
            Ok((runs, read)) => self.take_over(runs, read.loaded),
            Err(message) => self.refuse_config(message),
        }
        self.send(&Request::ConfigRead { accepted });
    }

    /// The last good config stays in force, and everybody is told.
    pub(super) fn refuse_config(&mut self, message: String) {
        self.identity.config_error = Some(message.clone());
        self.status_is_old = true;
        let line = Line::Config { accepted: false, message: message.into() };
        self.write(self.clock.now(), line);
    }

    fn take_over(&mut self, mut runs: Runs, loaded: Loaded) {
        // What is under way bears the old numbers, so it ends under the old rules.
        self.mailbox.extend(self.bundles.close_all());
        self.feed_all();
        let now = self.clock.now();
        for line in self.folds.drain() {
            self.write(now, line);
        }
        self.record.policy(&loaded.config.policy, now);
        let mut effects = Vec::new();
        let state = self.state.clone();
        self.state = state.reload(&self.config.policy, &loaded.config.policy, now, &mut effects);
        for effect in effects {
            if let Effect::Note(note) = effect {
                self.write(now, Line::Note { note: Cow::Owned(note) });
            }
        }
        runs.inherit(&self.runs);
        self.runs = runs;
        self.renumber(&loaded.config);
        self.config = loaded.config;
        self.record.checkpoint(&self.state, now);
        self.record.limit(loaded.journal);
        self.looker = looker(&self.identity.exec_child_argv);
        self.identity.config_loaded_wall_ms = clock::wall_ms();
        self.identity.config_error = None;
        let message = match self.config.apps.len() {
            1 => "1 app is guarded".to_owned(),
            count => format!("{count} apps are guarded"),
        };
        self.write(now, Line::Config { accepted: true, message: message.into() });
        self.status_is_old = true;
        // The engine starts the new probes when it is woken next.
        self.mailbox.push(Event::Woke);
    }

    /// Apps have new numbers: what is kept by number is carried over by name, or forgotten.
    fn renumber(&mut self, new: &defib_config::spec::Config) {
        let number = |old: AppId| {
            let name = &self.config.apps.get(usize::from(old.0))?.name;
            let place = new.apps.iter().position(|app| app.name == *name)?;
            Some(AppId(place as u16))
        };
        let commanded = self.commanded.iter();
        self.commanded =
            commanded.filter_map(|(app, until)| Some((number(*app)?, *until))).collect();
        let mut why_not = vec![String::new(); new.apps.len()];
        for (old, text) in self.why_not.iter().enumerate() {
            if let Some(app) = number(AppId(old as u16)) {
                why_not[usize::from(app.0)].clone_from(text);
            }
        }
        self.why_not = why_not;
        self.looks.clear();
        self.identify_asked.clear();
    }
}
