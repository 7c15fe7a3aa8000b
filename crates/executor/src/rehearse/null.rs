//! A machine on which everything succeeds and nothing happens.

use crate::boundary::{
    Attachment, Blow, Children, Clock, DiskJob, DiskWriter, Files, Gate, GateNews, Group, GroupOf,
    Guardians, Held, NotTaken, Peer, Piece, Processes, Signal, Slots, Token,
};
use crate::manager::{JobId, ManagerEvent, ServiceManager, TransientUnit, UnitJob};
use defib_config::spec::{App, ChildSpec, CommandSpec, ProcessSource};
use defib_engine::event::{Exit, Outcome};
use defib_engine::id::{AppId, Identity};
use defib_journal::ledger::Slot;
use defib_journal::order::{Report, Request};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The only process there is. No kernel is ever asked for it.
const MAIN: Identity = Identity { pid: u32::MAX, start_ticks: 1 };

/// How much later each look at the clock is.
const STEP_MS: u64 = 100;

/// The machine. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Null(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    now_ms: Cell<u64>,
    lives: Cell<bool>,
    has_ended: Cell<bool>,
    jobs: RefCell<Vec<JobId>>,
    next_job: Cell<u64>,
    said: RefCell<VecDeque<Vec<u8>>>,
    acted: Cell<usize>,
}

impl Null {
    /// The guardian says this.
    pub(super) fn say(&self, request: &Request) {
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        self.0.said.borrow_mut().push_back(bytes);
    }

    /// How many acts were done.
    pub(super) fn acted(&self) -> usize {
        self.0.acted.get()
    }

    fn job(&self) -> JobId {
        self.0.next_job.set(self.0.next_job.get() + 1);
        let job = JobId(self.0.next_job.get());
        self.0.jobs.borrow_mut().push(job);
        job
    }
}

impl Clock for Null {
    /// Each look at the clock is a while after the last.
    fn now_ms(&self) -> u64 {
        self.0.now_ms.set(self.0.now_ms.get() + STEP_MS);
        self.0.now_ms.get()
    }
}

impl Processes for Null {
    fn hold(&self, identity: Identity, _token: Option<Token>) -> Option<Held> {
        Some(Held::new(identity, None))
    }

    fn is_gone(&self, _held: &Held) -> bool {
        !self.0.lives.get()
    }

    fn signal(&self, _held: &Held, signal: Signal) -> io::Result<()> {
        if signal == Signal::Kill {
            self.0.lives.set(false);
        }
        Ok(())
    }

    fn identify(&self, _pid: u32) -> Option<Identity> {
        Some(MAIN)
    }

    fn is_alive(&self, _identity: Identity) -> bool {
        self.0.lives.get()
    }

    fn members(&self, main: Identity) -> io::Result<Vec<Identity>> {
        Ok(self.0.lives.get().then_some(main).into_iter().collect())
    }

    fn group(&self, _main: Identity, _of: GroupOf<'_>) -> Option<Box<dyn Group>> {
        Some(Box::new(self.clone()))
    }

    fn reclaim(&self, _held: &Held) {}

    fn look(&self, _source: &ProcessSource) -> Option<Identity> {
        None
    }

    fn listener(&self, _port: u16) -> Option<Identity> {
        None
    }

    fn evidence(&self, _identity: Identity) -> Vec<Piece> {
        Vec::new()
    }
}

impl Group for Null {
    fn main(&self) -> Identity {
        MAIN
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn strike(&self) -> io::Result<Blow> {
        self.0.lives.set(false);
        Ok(Blow::Killed)
    }

    fn is_empty(&self) -> bool {
        !self.0.lives.get()
    }
}

impl Gate for Null {
    fn pid(&self) -> u32 {
        MAIN.pid
    }

    fn open(&self) -> io::Result<()> {
        Ok(())
    }

    fn news(&self) -> GateNews {
        GateNews::Closed
    }
}

impl Children for Null {
    fn start_app(&mut self, _: AppId, _: &App, _: &ChildSpec) -> io::Result<Box<dyn Gate>> {
        self.0.lives.set(true);
        Ok(Box::new(self.clone()))
    }

    fn start_command(
        &mut self,
        _spec: &App,
        _command: &CommandSpec,
        _facts: &[(&'static str, String)],
    ) -> io::Result<u32> {
        self.0.has_ended.set(true);
        Ok(MAIN.pid - 1)
    }

    fn end_command(&mut self, _pid: u32) {}

    fn reap(&mut self) -> Option<(u32, Exit)> {
        self.0.has_ended.take().then_some((MAIN.pid - 1, Exit::Code(0)))
    }

    fn find_program(&self, program: &str) -> Result<String, String> {
        Ok(program.to_owned())
    }
}

impl Slots for Null {
    fn read(&self, _slot: Slot, _bytes: &mut [u8]) -> usize {
        0
    }

    fn write(&self, _slot: Slot, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

impl DiskWriter for Null {
    fn offer(&mut self, _job: DiskJob) -> Result<(), NotTaken> {
        Ok(())
    }

    fn done(&mut self) -> Option<(u64, bool)> {
        None
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Files for Null {
    fn config(&self, _path: &Path) -> io::Result<String> {
        Ok(String::new())
    }

    fn keep_config(&self, _text: &str) {}

    fn take_resume(&self) -> bool {
        false
    }

    fn output_path(&self, name: &str) -> PathBuf {
        name.into()
    }

    fn make_output(&self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    fn cut_output(&self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    fn output_tail(&self, _name: &str, _len: u64) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

impl Guardians for Null {
    fn start(&mut self) -> io::Result<Box<dyn Peer>> {
        Ok(Box::new(self.clone()))
    }

    fn attach(&self, text: &str) -> io::Result<Attachment> {
        Ok(Attachment::Text(text.to_owned()))
    }
}

impl Peer for Null {
    fn pid(&self) -> u32 {
        MAIN.pid - 2
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let said = self.0.said.borrow_mut().pop_front();
        let bytes = said.ok_or(io::ErrorKind::WouldBlock)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn send(&mut self, bytes: &[u8], _attached: Option<&Attachment>) -> io::Result<()> {
        if let Ok(Report::Acted { outcome: Outcome::Done, .. }) = Report::decode(bytes) {
            self.0.acted.set(self.0.acted.get() + 1);
        }
        Ok(())
    }

    fn kill(&self) {}
}

impl ServiceManager for Null {
    fn is_reached(&self) -> bool {
        true
    }

    fn why_not(&self) -> Option<String> {
        None
    }

    fn has_transient(&self) -> bool {
        false
    }

    fn fd(&self) -> Option<(BorrowedFd<'_>, bool)> {
        None
    }

    fn deadline_ms(&self) -> Option<u64> {
        None
    }

    fn advance(&mut self, _now_ms: u64, events: &mut Vec<ManagerEvent>) {
        let jobs = self.0.jobs.take().into_iter();
        events.extend(jobs.map(|job| ManagerEvent::JobDone { job, result: Ok(()) }));
    }

    fn watch_unit(&mut self, _app: AppId, _unit: &str) {}

    fn forget_units(&mut self) {}

    fn begin(&mut self, _job: UnitJob, _unit: &str, _deadline_ms: u64) -> JobId {
        self.job()
    }

    fn start_transient(&mut self, _unit: &TransientUnit, _deadline_ms: u64) -> JobId {
        self.job()
    }

    fn reboot(&mut self, _deadline_ms: u64) -> JobId {
        self.job()
    }

    fn force_reboot(&mut self, _deadline_ms: u64) -> JobId {
        self.job()
    }
}
