//! The properties of a unit that we ask for and listen to.

use super::call::{SERVICE, UNIT};
use crate::service::bus::value::{ExitSet, Value};

/// One property of a watched unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    /// The primary name, which job signals carry.
    Id,
    LoadState,
    ActiveState,
    SubState,
    UnitFileState,
    Job,
    /// Whether it has an ExecReload=, or a Type= that stands for one.
    CanReload,
    MainPid,
    Restart,
    RestartUsec,
    ExecMainCode,
    ExecMainStatus,
    RestartPrevent,
    RestartForce,
    Success,
}

impl Property {
    /// In the order in which they are asked for.
    pub(super) const ALL: [Property; 15] = [
        Property::Id,
        Property::LoadState,
        Property::ActiveState,
        Property::SubState,
        Property::UnitFileState,
        Property::Job,
        Property::CanReload,
        Property::Restart,
        Property::RestartUsec,
        Property::RestartPrevent,
        Property::RestartForce,
        Property::Success,
        Property::ExecMainCode,
        Property::ExecMainStatus,
        Property::MainPid,
    ];

    /// Its interface and name.
    pub(super) const fn name(self) -> (&'static str, &'static str) {
        match self {
            Property::Id => (UNIT, "Id"),
            Property::LoadState => (UNIT, "LoadState"),
            Property::ActiveState => (UNIT, "ActiveState"),
            Property::SubState => (UNIT, "SubState"),
            Property::UnitFileState => (UNIT, "UnitFileState"),
            Property::Job => (UNIT, "Job"),
            Property::CanReload => (UNIT, "CanReload"),
            Property::MainPid => (SERVICE, "MainPID"),
            Property::Restart => (SERVICE, "Restart"),
            Property::RestartUsec => (SERVICE, "RestartUSec"),
            Property::ExecMainCode => (SERVICE, "ExecMainCode"),
            Property::ExecMainStatus => (SERVICE, "ExecMainStatus"),
            Property::RestartPrevent => (SERVICE, "RestartPreventExitStatus"),
            Property::RestartForce => (SERVICE, "RestartForceExitStatus"),
            Property::Success => (SERVICE, "SuccessExitStatus"),
        }
    }

    /// The property of this name, if it is one of ours.
    pub(super) fn find(interface: &str, name: &str) -> Option<Property> {
        Property::ALL.into_iter().find(|property| property.name() == (interface, name))
    }
}

/// A value that outlives the message it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    Number(u64),
    Signed(i32),
    Text(String),
    Job(u32, String),
    Exits(ExitSet),
    Nothing,
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Owned {
        match value {
            Value::Bool(value) => Owned::Number(u64::from(value)),
            Value::U32(value) => Owned::Number(u64::from(value)),
            Value::U64(value) => Owned::Number(value),
            Value::I32(value) => Owned::Signed(value),
            Value::Text(text) | Value::Path(text) => Owned::Text(text.into()),
            Value::Job(id, path) => Owned::Job(id, path.into()),
            Value::Exits(set) => Owned::Exits(set),
            Value::Other => Owned::Nothing,
        }
    }
}
