//! The method calls that we make, each with its signature from systemd 252's introspection data.

use crate::manager::TransientUnit;
use crate::service::bus::message::{BUS_NAME, Kind, Message};
use crate::service::bus::write::Writer;

/// The manager's bus name.
pub(super) const SYSTEMD: &str = "org.freedesktop.systemd1";
/// The manager's object.
pub(super) const SYSTEMD_PATH: &str = "/org/freedesktop/systemd1";
/// The manager's interface.
pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";
/// The interface of every unit.
pub(super) const UNIT: &str = "org.freedesktop.systemd1.Unit";
/// The interface of services.
pub(super) const SERVICE: &str = "org.freedesktop.systemd1.Service";
/// The interface of jobs.
pub(super) const JOB: &str = "org.freedesktop.systemd1.Job";
/// logind's bus name.
pub(super) const LOGIND: &str = "org.freedesktop.login1";
/// logind's interface.
pub(super) const LOGIND_MANAGER: &str = "org.freedesktop.login1.Manager";
/// The standard interface for properties.
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// `SD_LOGIND_SKIP_INHIBITORS` (org.freedesktop.login1(5)).
const SKIP_INHIBITORS: u64 = 1 << 4;

/// A call, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Call {
    destination: &'static str,
    path: String,
    interface: &'static str,
    member: &'static str,
    signature: &'static str,
    body: Writer,
}

impl Call {
    fn new(to: (&'static str, &str, &'static str), member: &'static str) -> Call {
        let (destination, path, interface) = to;
        Call {
            destination,
            path: path.into(),
            interface,
            member,
            signature: "",
            body: Writer::new(),
        }
    }

    fn bus(member: &'static str) -> Call {
        Call::new((BUS_NAME, "/org/freedesktop/DBus", BUS_NAME), member)
    }

    fn manager(member: &'static str) -> Call {
        Call::new((SYSTEMD, SYSTEMD_PATH, MANAGER), member)
    }

    fn with(mut self, signature: &'static str, write: impl FnOnce(&mut Writer)) -> Call {
        self.signature = signature;
        write(&mut self.body);
        self
    }

    fn with_text(self, text: &str) -> Call {
        self.with("s", |body| {
            body.string(text);
        })
    }

    /// The message, unless an argument cannot be written.
    pub(super) fn message(&self) -> Option<Message<'_>> {
        Some(Message {
            destination: self.destination,
            path: &self.path,
            interface: self.interface,
            member: self.member,
            signature: self.signature.as_bytes(),
            body: self.body.bytes()?,
            ..Message::new(Kind::Call)
        })
    }

    /// The first call on a bus.
    pub(super) fn hello() -> Call {
        Call::bus("Hello")
    }

    /// Who owns a name now.
    pub(super) fn name_owner(name: &str) -> Call {
        Call::bus("GetNameOwner").with_text(name)
    }

    /// Ask the bus for signals.
    pub(super) fn add_match(rule: &str) -> Call {
        Call::bus("AddMatch").with_text(rule)
    }

    /// Ask the bus for them no more.
    pub(super) fn remove_match(rule: &str) -> Call {
        Call::bus("RemoveMatch").with_text(rule)
    }

    /// Ask PID 1 to send signals at all.
    pub(super) fn subscribe() -> Call {
        Call::manager("Subscribe")
    }

    /// The object of a unit, which is loaded if need be.
    pub(super) fn load_unit(unit: &str) -> Call {
        Call::manager("LoadUnit").with_text(unit)
    }

    /// One property.
    pub(super) fn get(path: &str, interface: &str, property: &str) -> Call {
        Call::new((SYSTEMD, path, PROPERTIES), "Get").with("ss", |body| {
            body.string(interface).string(property);
        })
    }

    /// `StartUnit`, `StopUnit`, `RestartUnit`, `ReloadUnit`.
    pub(super) fn unit_job(method: &'static str, unit: &str) -> Call {
        Call::manager(method).with("ss", |body| {
            body.string(unit).string("replace");
        })
    }

    /// Forgets failures and the start-limit counter.
    pub(super) fn reset_failed(unit: &str) -> Call {
        Call::manager("ResetFailedUnit").with_text(unit)
    }

    /// A signal to every process of the unit.
    pub(super) fn kill(unit: &str, signal: u8) -> Call {
        Call::manager("KillUnit").with("ssi", |body| {
            body.string(unit).string("all").i32(i32::from(signal));
        })
    }

    /// logind's reboot: an orderly stop of everything. The flag for kexec and the two for a soft reboot
    /// are not set: what is to be reset is the machine.
    pub(super) fn logind_reboot_with_flags() -> Call {
        Call::logind("RebootWithFlags").with("t", |body| {
            body.u64(SKIP_INHIBITORS);
        })
    }

    /// The same of an old logind, which asks for no inhibitors of root's.
    pub(super) fn logind_reboot() -> Call {
        Call::logind("Reboot").with("b", |body| {
            body.boolean(false);
        })
    }

    fn logind(member: &'static str) -> Call {
        Call::new((LOGIND, "/org/freedesktop/login1", LOGIND_MANAGER), member)
    }

    /// Every job there is.
    pub(super) fn list_jobs() -> Call {
        Call::manager("ListJobs")
    }

    /// What `systemctl reboot` does without logind: an orderly stop too.
    pub(super) fn reboot_target() -> Call {
        Call::manager("StartUnit").with("ss", |body| {
            body.string("reboot.target").string("replace-irreversibly");
        })
    }

    /// PID 1's own reboot, without stop jobs.
    pub(super) fn manager_reboot() -> Call {
        Call::manager("Reboot")
    }

    /// A `start` app's service.
    pub(super) fn start_transient(unit: &TransientUnit) -> Call {
        Call::manager("StartTransientUnit").with("ssa(sv)a(sa(sv))", |body| {
            body.string(&unit.unit).string("fail");
            body.array(8, |list| super::transient::write_properties(list, unit));
            body.array(8, |_| {});
        })
    }
}
