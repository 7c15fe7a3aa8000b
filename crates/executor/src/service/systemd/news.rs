//! What arrives, cut loose from the buffer: signals that we know, and answers.

use super::call::{LOGIND, LOGIND_MANAGER, MANAGER, PROPERTIES, SYSTEMD, SYSTEMD_PATH, UNIT};
use super::property::{Owned, Property};
use crate::service::bus::message::{BUS_NAME, Kind, Message};
use crate::service::bus::read::Reader;
use crate::service::bus::value::Value;

/// A signal that matters to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    JobNew {
        id: u32,
        path: String,
        unit: String,
    },
    JobRemoved {
        path: String,
        unit: String,
        result: String,
    },
    Changed {
        path: String,
        of_unit: bool,
        changes: Vec<(Property, Owned)>,
    },
    /// Unit files were read again, enabled or disabled.
    FilesChanged,
    ShuttingDown,
    Owner {
        name: String,
        owner: String,
    },
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its first value, if we know the type.
    Value(Owned),
    /// A refusal: the error's name and text.
    Refused(String, String),
    /// None came in time, or the connection was lost first.
    None,
}

impl Answer {
    /// Reads a return or an error.
    pub(super) fn read(message: &Message<'_>) -> Answer {
        if message.kind == Kind::Error {
            return Answer::Refused(message.error.into(), message.error_text().into());
        }
        let mut body = message.reader();
        let value = match message.signature {
            b"s" | b"o" => body.string().map(|text| Owned::Text(text.into())),
            b"v" => Value::read(&mut body).map(Owned::from),
            b"a(usssoo)" => count_running(&mut body).map(Owned::Number),
            _ => None,
        };
        Answer::Value(value.unwrap_or(Owned::Nothing))
    }
}

/// How many of these jobs run: id, unit, type, state, and the objects of job and unit.
fn count_running(body: &mut Reader<'_>) -> Option<u64> {
    let mut jobs = body.array(8)?;
    let mut running = 0;
    while !jobs.is_done() {
        jobs.align(8)?;
        let (_id, _unit, _kind) = (jobs.u32()?, jobs.string()?, jobs.string()?);
        running += u64::from(jobs.string()? == "running");
        let (_job, _unit) = (jobs.string()?, jobs.string()?);
    }
    Some(running)
}

/// Reads a signal; `None` if it is none of ours. The caller has checked who sent it.
pub(super) fn read_signal(message: &Message<'_>) -> Option<Signal> {
    let mut body = message.reader();
    match (message.interface, message.member) {
        (MANAGER, _) if message.path != SYSTEMD_PATH => None,
        (MANAGER, "JobNew") => {
            let (id, path) = (body.u32()?, body.string()?.into());
            Some(Signal::JobNew { id, path, unit: body.string()?.into() })
        }
        (MANAGER, "JobRemoved") => {
            let (_id, path) = (body.u32()?, body.string()?.into());
            let (unit, result) = (body.string()?.into(), body.string()?.into());
            Some(Signal::JobRemoved { path, unit, result })
        }
        (MANAGER, "UnitFilesChanged") => Some(Signal::FilesChanged),
        // True when the reload begins, false when it is over.
        (MANAGER, "Reloading") => (!body.boolean()?).then_some(Signal::FilesChanged),
        (LOGIND_MANAGER, "PrepareForShutdown") => body.boolean()?.then_some(Signal::ShuttingDown),
        (PROPERTIES, "PropertiesChanged") => read_changes(message),
        (BUS_NAME, "NameOwnerChanged") => {
            let (name, _old) = (body.string()?.into(), body.string()?);
            Some(Signal::Owner { name, owner: body.string()?.into() })
        }
        _ => None,
    }
}

/// `s interface, a{sv} changed, as invalidated`. None of ours is ever only invalidated.
fn read_changes(message: &Message<'_>) -> Option<Signal> {
    let mut body = message.reader();
    let interface = body.string()?;
    let mut changed = body.array(8)?;
    let mut changes = Vec::new();
    while !changed.is_done() {
        changed.align(8)?;
        let name = changed.string()?;
        let value = Value::read(&mut changed)?;
        if let Some(property) = Property::find(interface, name) {
            changes.push((property, Owned::from(value)));
        }
    }
    let of_unit = interface == UNIT;
    Some(Signal::Changed { path: message.path.into(), of_unit, changes })
}

/// Who is who on this bus. Only the bus may write a sender, so a name learnt from the bus cannot
/// be forged; anybody may send us a signal that merely looks like PID 1's.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    systemd: String,
    logind: String,
}

impl Owners {
    /// `owner` owns `name` now; empty: nobody.
    pub(super) fn learn(&mut self, name: &str, owner: &str) {
        match name {
            SYSTEMD => self.systemd = owner.into(),
            LOGIND => self.logind = owner.into(),
            _ => {}
        }
    }

    /// Whether a signal comes from whom it claims to come.
    pub(super) fn believe(&self, message: &Message<'_>) -> bool {
        let expected = match message.interface {
            BUS_NAME => BUS_NAME,
            LOGIND_MANAGER => &self.logind,
            _ => &self.systemd,
        };
        !expected.is_empty() && message.sender == expected
    }
}
