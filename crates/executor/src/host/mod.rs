//! The real machine behind the [boundary](crate::boundary).

mod aside;
mod boots;
mod children;
mod clock;
mod disk_thread;
mod files;
mod guardians;
mod last_good;
mod output;
mod privileges;
mod processes;
mod pstore;
mod slot_file;
mod spawn;
mod survive;
mod sweep;
mod waits;
pub(crate) mod watchdog;

pub(crate) use privileges::keep_needed;
pub(crate) use survive::{harden, has_capability};
pub(crate) use waits::Waits;

use crate::boundary::{Copies, Outside, newest};
use crate::error::Error;
use crate::{Assignment, Setup};
use disk_thread::DiskThread;
use slot_file::SlotFile;
use spawn::Spawner;
use std::path::Path;
use std::rc::Rc;

/// Opens all that is needed before the first child starts.
pub(crate) fn open(mut setup: Setup, waits: &Rc<Waits>) -> Result<(Assignment, Outside), Error> {
    let boot_id = clock::boot_id().map_err(Error::io("cannot read boot_id"))?;
    let ledger = copies(&setup.state_dir, &setup.runtime_dir)?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|e| Error::io("cannot become the subreaper")(e.into()))?;
    setup.machine.open();
    let spawner = Rc::new(Spawner::new(setup.exec_child_argv));
    let guardians =
        guardians::Sockets::new(setup.guardian_argv, setup.guardian_user, Rc::clone(&spawner));
    let journal = setup.state_dir.join("journal");
    let boots = boots::Witness::new(Path::new("/"), journal, setup.login_dir);
    let outside = Outside {
        clock: Box::new(clock::BootTime),
        boot_id,
        host: defib_config::Host { root: rustix::process::geteuid().is_root() },
        processes: Box::new(processes::Kernel::new(Rc::clone(waits))),
        children: Box::new(children::Spawned::new(&setup.state_dir, spawner, Rc::clone(waits))),
        ledger,
        files: Box::new(files::Folder::new(&setup.state_dir)),
        cleaner: Box::new(sweep::Sweeper::default()),
        guardians: Box::new(guardians),
        manager: setup.manager,
        machine: setup.machine,
        watchdog: setup.watchdog,
        boots: Box::new(boots),
        notify: setup.notify,
    };
    let assignment = Assignment {
        config_text: setup.config_text,
        config_path: setup.config_path,
        config_fault: setup.config_fault,
        state_dir: setup.state_dir,
        at_end: setup.at_end,
    };
    Ok((assignment, outside))
}

fn copies(state_dir: &Path, runtime_dir: &Path) -> Result<Copies, Error> {
    let disk = SlotFile::open_in(state_dir, "ledger")?;
    if !disk.lock() {
        return Err(Error::Taken(state_dir.to_owned()));
    }
    let fast = SlotFile::open_own_in(runtime_dir, "ledger.run")?;
    let on_disk = newest(&disk);
    let writer =
        DiskThread::start(disk).map_err(Error::io("cannot start the ledger's helper thread"))?;
    Ok(Copies {
        fast: Box::new(fast),
        fast_name: runtime_dir.join("ledger.run").display().to_string(),
        on_disk,
        writer: Box::new(writer),
    })
}
