//! Whether the app that is not known to run runs all the same: who listens at its address, what that process and
//! those above it run, as whom, and who keeps them.
//!
//! It is taken for the app only if all of this holds; else it is a stranger, and nothing is done to it.

use super::cgroup::unit_of;
use super::command::{Command, shown_by};
use super::listener::{self, Taken};
use super::protect;
use super::setting::contradiction;
use super::stat::Stat;
use super::tree;
use crate::app::address;
use crate::boundary::Claim;
use crate::exec_child::users;
use defib_config::is_starter;
use defib_config::spec::{App, ChildSpec};
use defib_engine::id::Identity;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A chain of processes is short; the bound is against a /proc that lies.
const CHAIN_MAX: usize = 64;

/// What the app would be.
struct Wanted<'a> {
    uid: u32,
    user: &'a str,
    child: &'a ChildSpec,
    command: Command<'a>,
    own_unit: String,
}

/// The app's address, if somebody listens there who is not left of the life whose main process was `last`. Cheap, and
/// asked first: a death must not wait for a search of all descriptors.
pub(crate) fn taken_address(app: &App, last: Option<Identity>) -> Option<SocketAddr> {
    let is_left = |last| tree::members(last).map_or(true, |left| !left.is_empty());
    let address = address(app).filter(|address| listener::is_taken(address.port()))?;
    (!last.is_some_and(is_left)).then_some(address)
}

/// Who has the address of an app of this name. `None`: nobody, or it cannot be said. It reads what a process
/// that is stuck in the kernel may keep it waiting for.
pub(crate) fn of(
    app: &str,
    address: SocketAddr,
    child: &ChildSpec,
    find_program: impl Fn(&str) -> Result<String, String>,
) -> Option<Claim> {
    let taken = listener::look(address.port()).ok().flatten()?;
    let wanted = Wanted::of(app, child, find_program)?;
    let (mut own, mut stranger) = (Vec::new(), None);
    for holder in &taken.holders {
        match wanted.root_above(holder, &taken) {
            Ok(root) if own.contains(&root) => {}
            Ok(root) => own.push(root),
            Err(why) => stranger = stranger.or(Some((holder.identity, why))),
        }
    }
    if !own.is_empty() {
        own.sort_by_key(|root| (root.start_ticks, root.pid));
        return Some(Claim::Own(own));
    }
    if is_free(address) || stranger.as_ref().is_some_and(|(_, why)| why == &Not::Left) {
        return None;
    }
    let port = address.port();
    let (identity, who) = match stranger {
        Some((identity, why)) => {
            let (pid, name, why) = (identity.pid, name_of(identity.pid), why.words(&wanted));
            (Some(identity), format!("port {port} is held by pid {pid} ({name}), which {why}"))
        }
        None => (None, format!("port {port} is held by a process of user {}", taken.uid)),
    };
    Some(Claim::Stranger { identity, who })
}

/// Why a process is not the app.
#[derive(Debug, PartialEq, Eq)]
enum Not {
    /// It runs something else.
    Command,
    /// It runs as somebody else.
    User(u32),
    /// It was started somewhere else, or with another environment.
    Setting(String),
    /// The service manager keeps it, and would start it again.
    Kept(String),
    /// It is what is left of the app's own unit, which the next start clears away.
    Left,
}

impl Not {
    fn words(&self, wanted: &Wanted<'_>) -> String {
        match self {
            Not::Command | Not::Left => "is not this app".into(),
            Not::Setting(why) => why.clone(),
            Not::User(uid) => format!("runs as user {uid}, not as {}", wanted.user),
            Not::Kept(unit) => format!("belongs to {unit}: write `unit` instead of `start`"),
        }
    }
}

impl<'a> Wanted<'a> {
    fn of(
        app: &str,
        child: &'a ChildSpec,
        find_program: impl Fn(&str) -> Result<String, String>,
    ) -> Option<Wanted<'a>> {
        let (program, arguments) = child.argv.split_first()?;
        let found = PathBuf::from(find_program(program).ok()?);
        let found = child.directory.as_ref().map_or(found.clone(), |folder| folder.join(&found));
        let uid = match &child.user {
            Some(user) => users::find(user).ok()?.uid,
            None => rustix::process::getuid().as_raw(),
        };
        Some(Wanted {
            uid,
            user: child.user.as_deref().unwrap_or("the user of this defib"),
            child,
            command: Command::of(&found, arguments)?,
            own_unit: crate::act::transient_name(app),
        })
    }

    /// The topmost process at or above `holder` that runs the command: a master rather than its worker.
    fn root_above(&self, holder: &Stat, taken: &Taken) -> Result<Identity, Not> {
        let (mut at, mut root) = (*holder, None);
        for _ in 0..CHAIN_MAX {
            let pid = at.identity.pid;
            if protect::why_never(pid, b"", protect::lineage()).is_some() || at.is_sshd {
                break;
            }
            if shown_by(pid).is_some_and(|shown| self.command.is_run_by(&shown)) {
                root = Some(at.identity);
            }
            let Some(parent) = taken.all.iter().find(|it| it.identity.pid == at.parent) else {
                break;
            };
            at = *parent;
        }
        self.judge(root, holder.identity)
    }

    fn judge(&self, root: Option<Identity>, holder: Identity) -> Result<Identity, Not> {
        let kept = unit_of(holder.pid).filter(|unit| is_kept(unit));
        if kept.as_ref() == Some(&self.own_unit) {
            return Err(Not::Left);
        }
        let root = root.ok_or(Not::Command)?;
        if !is_of_our_namespace(root.pid) {
            return Err(Not::Command);
        }
        let uid = real_uid(root.pid).ok_or(Not::Command)?;
        if uid != self.uid {
            return Err(Not::User(uid));
        }
        if let Some(why) = contradiction(root.pid, self.child) {
            return Err(Not::Setting(why));
        }
        kept.map_or(Ok(root), |unit| Err(Not::Kept(unit)))
    }
}

/// A scope is kept by nobody: when it is empty it is gone.
fn is_kept(unit: &str) -> bool {
    unit.rsplit_once('.').is_some_and(|(_, kind)| kind == "service") && !is_starter(unit)
}

/// Who started it. The effective user may be lower (a server that gives up its rights for a while) or higher;
/// nobody without rights can take another real one.
fn real_uid(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What lives in a container of its own is kept by another, whatever it runs.
fn is_of_our_namespace(pid: u32) -> bool {
    let of = |who: &str| std::fs::read_link(format!("/proc/{who}/ns/pid")).ok();
    of(&pid.to_string()).is_some_and(|theirs| of("self") == Some(theirs))
}

fn name_of(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
    name.trim_end().chars().map(|c| if is_plain(c) { c } else { '?' }).collect()
}

/// Whether a start could take the address all the same: the other listens at another one. Nothing ever
/// listens on the socket that tries it.
fn is_free(address: SocketAddr) -> bool {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let Ok(socket) = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None) else {
        return false;
    };
    let _ = sockopt::set_socket_reuseaddr(&socket, true);
    bind(&socket, &address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_keeps_what_runs_in_it_and_a_login_does_not() {
        assert!(is_kept("shop.service"));
        for unit in ["cron.service", "session-3.scope", "run-r1.scope"] {
            assert!(!is_kept(unit), "{unit}");
        }
    }

    #[test]
    fn an_address_is_free_until_somebody_listens_there() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        assert!(!is_free(address));
        assert!(is_free(SocketAddr::from(([127, 0, 0, 2], address.port()))));
        drop(listener);
        assert!(is_free(address));
    }

    #[test]
    fn this_process_has_a_real_user() {
        assert_eq!(real_uid(std::process::id()), Some(rustix::process::getuid().as_raw()));
        assert!(is_of_our_namespace(std::process::id()));
    }
}
