//! A config text: in force as a whole, or not at all.

use super::{Body, Mind};
use crate::setup::Ended;
use defib_config::{Host, Loaded, load};
use defib_engine::effect::Effect;
use defib_engine::event::Event;
use defib_engine::id::AppId;
use defib_engine::policy::Mode;
use defib_journal::line::{Line, TextCrc};
use defib_journal::order::Request;
use std::borrow::Cow;

/// The config text that came with [`Report::Config`](defib_journal::order::Report::Config), or why it
/// could not be read, for people.
pub type ConfigText = Result<Vec<u8>, String>;

/// A config that was read, with its probes.
pub struct Accepted<B: Body> {
    pub(super) loaded: Loaded,
    pub(super) probes: B::Probes,
    /// Of the text.
    pub(super) crc: TextCrc,
    pub(super) is_root: bool,
}

/// Reads the first config, and tells the executor whether it is one.
pub fn accept<B: Body>(
    body: &mut B,
    text: ConfigText,
    is_root: bool,
) -> Result<Accepted<B>, Ended> {
    let accepted = read(body, text, is_root);
    body.send(&Request::ConfigRead { accepted: accepted.is_ok() })?;
    accepted.map_err(Ended::Failed)
}

/// Reads and validates a text. The error is one line for people.
fn read<B: Body>(body: &B, text: ConfigText, is_root: bool) -> Result<Accepted<B>, String> {
    let bytes = text?;
    let text = str::from_utf8(&bytes).map_err(|error| format!("the config: {error}"))?;
    let host = Host { root: is_root };
    let loaded = load(text, &host).map_err(|report| report.summary("config", text))?;
    let probes = body.prepare(&loaded.config)?;
    Ok(Accepted { loaded, probes, crc: TextCrc::of(&bytes), is_root })
}

/// A guardian that is only to observe does so whatever its config allows, also after a reload.
pub(super) fn obey(is_observe_only: bool, loaded: &mut Loaded) {
    if is_observe_only {
        loaded.config.policy.mode = Mode::Observe;
    }
}

impl<B: Body> Mind<B> {
    pub(super) fn reload(&mut self, text: Option<ConfigText>) {
        let none = || Err("the executor sent no config with its message".to_owned());
        let read = read(&self.body, text.unwrap_or_else(none), self.identity.is_root);
        let accepted = read.is_ok();
        match read {
            Ok(read) => self.take_over(read.probes, read.loaded),
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

    fn take_over(&mut self, probes: B::Probes, mut loaded: Loaded) {
        obey(self.identity.is_observe_only, &mut loaded);
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
        self.body.adopt(probes);
        self.renumber(&loaded.config);
        self.config = loaded.config;
        self.record.checkpoint(&self.state, now);
        self.record.limit(loaded.journal);
        self.identity.config_loaded_wall_ms = self.clock.wall_ms();
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
        let commanded = self.holds.commanded.iter();
        self.holds.commanded =
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
        self.drilled.clear();
    }
}
