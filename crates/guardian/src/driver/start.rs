//! From nothing to the first turn: greeting, config, the mind, descriptors.

use super::host::Host;
use super::{Driver, token};
use crate::alone::wait_until_alone;
use crate::clock::{Clocks, SystemClocks};
use crate::control::listener::Listener;
use crate::executor_link::Link;
use crate::holds::Holds;
use crate::mind::{Birth, ConfigText, HoldFiles, Newborn, accept};
use crate::setup::{Ended, Setup};
use crate::signals::Signals;
use defib_config::TEXT_MAX;
use defib_journal::files::{Folder, Patient, Storage};
use rustix::event::epoll;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

impl Driver {
    pub(super) fn start(setup: Setup) -> Result<Driver, Ended> {
        // Before anything that takes time, so that a TERM during it is not lost.
        let signals = Signals::open().map_err(|error| failed("signalfd", error))?;
        let mut link = Link::new(setup.socket)?;
        let (greeting, config) = link.greet(|| SystemClocks.boot_us() / 1000)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|error| failed("epoll_create", error))?;
        let (argv, trigger) = (setup.exec_child_argv, setup.trigger);
        let mut host = Host::new(epoll, link, argv, &setup.state_dir, trigger);
        let accepted = accept(&mut host, read(&config), setup.executor_is_root)?;
        let (alone, beside) = match wait_until_alone(&setup.state_dir) {
            Ok(alone) => (alone, None),
            Err(beside) => (None, Some(beside)),
        };
        let (journal, in_the_loop) = journal(&setup.state_dir.join("journal"));
        let birth = Birth {
            greeting,
            accepted,
            clocks: Rc::new(SystemClocks),
            journal,
            narrator: setup.narrator,
            version: setup.version,
            pid: std::process::id(),
        };
        let newborn = Newborn::new(host, birth);
        let alarms = setup.alarms.into_iter().chain(beside).chain(in_the_loop).collect();
        let mut doors = Doors { holds: None, control: None, alarms };
        doors.open(newborn.body(), &signals, &setup.runtime_dir)?;
        let Doors { holds, control, mut alarms } = doors;
        let mut starts_none = false;
        if setup.is_confined && !newborn.body().has_commands() {
            // The journal's thread is there already, and gives it up with us.
            match crate::confine::start_no_programs() {
                Ok(()) => starts_none = true,
                Err(why) => alarms.push(why),
            }
        }
        let hold_files = holds.as_ref().map_or_else(HoldFiles::new, Holds::look);
        let mind = newborn.wake(alarms, hold_files);
        Ok(Driver { mind, signals, holds, control, starts_none, _alone: alone })
    }
}

/// A thread asks the disk, so that one that stalls holds up nobody who guards. And what to say if there
/// is none to be had.
fn journal(folder: &Path) -> (Rc<dyn Storage>, Option<String>) {
    let storage = Folder::at(folder);
    match Patient::start(folder, move || storage) {
        Ok(patient) => (Rc::new(patient), None),
        Err(error) => {
            let why =
                format!("no thread for the journal, so a slow disk holds up the guard: {error}");
            (Rc::new(Folder::at(folder)), Some(why))
        }
    }
}

/// Where people come in. Without a control socket or hold folder guarding goes on.
struct Doors {
    holds: Option<Holds>,
    control: Option<Listener>,
    alarms: Vec<String>,
}

impl Doors {
    /// Opens them, and tells epoll of everything.
    fn open(&mut self, host: &Host, signals: &Signals, runtime_dir: &Path) -> Result<(), Ended> {
        let add = |descriptor: BorrowedFd<'_>, token: u64| {
            let data = epoll::EventData::new_u64(token);
            epoll::add(&host.epoll, descriptor, data, epoll::EventFlags::IN)
                .map_err(|error| failed("epoll_ctl", error))
        };
        add(host.link.as_fd(), token::EXECUTOR)?;
        add(signals.as_fd(), token::SIGNALS)?;
        match Holds::open(runtime_dir) {
            Ok(holds) => {
                add(holds.as_fd(), token::HOLDS)?;
                self.holds = Some(holds);
            }
            Err(error) => self
                .alarms
                .push(format!("hold files do not work: {}/hold: {error}", runtime_dir.display())),
        }
        match Listener::open(runtime_dir, token::CLIENTS) {
            Ok(control) => {
                add(control.socket(), token::CONTROL)?;
                self.control = Some(control);
            }
            Err(error) => self.alarms.push(format!(
                "the control socket does not work: {}/defib.sock: {error}",
                runtime_dir.display()
            )),
        }
        Ok(())
    }
}

/// The text behind a descriptor.
pub(super) fn read(descriptor: &OwnedFd) -> ConfigText {
    read_all(descriptor).map_err(|error| format!("the config: {error}"))
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

fn failed(what: &str, error: rustix::io::Errno) -> Ended {
    Ended::Failed(format!("{what}: {error}"))
}
