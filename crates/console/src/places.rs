//! Where an agent keeps its things, and where to look for the agents that are there.
//!
//! The service: `/var/lib/defib` and `/run/defib`. An agent of a person (`defib guard`, or
//! `defib daemon` without root): `$XDG_STATE_HOME/defib/KEY` and `$XDG_RUNTIME_DIR/defib/KEY`,
//! one key a target. Without `XDG_RUNTIME_DIR` (cron, a container, sudo) the runtime folder is
//! `run` in the state folder.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The most bytes of a key. A socket's path may have 107 bytes (`unix(7)`), and the folders
/// above it need theirs.
const KEY_MAX: usize = 40;

/// An agent's folders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Places {
    /// What survives: journal, ledger, the last good config.
    pub state: PathBuf,
    /// What ends with the agent: control socket, hold files.
    pub runtime: PathBuf,
}

impl Places {
    /// The daily files.
    pub fn journal(&self) -> PathBuf {
        self.state.join("journal")
    }

    /// The ledger of intents and budgets.
    pub fn ledger(&self) -> PathBuf {
        self.state.join("ledger")
    }

    /// The output of a `start` app.
    pub fn output(&self, app: &str) -> PathBuf {
        self.state.join(format!("{app}.out"))
    }

    /// The last config that was in force.
    pub fn last_good_config(&self) -> PathBuf {
        self.state.join("config.last-good.toml")
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("defib.sock")
    }

    /// The folder in which a file named like an app holds that app.
    pub fn holds(&self) -> PathBuf {
        self.runtime.join("hold")
    }

    /// Makes the folders of a person's agent, for nobody else, and refuses those of somebody else: a
    /// stranger's ledger or hold file must not decide for us.
    pub fn prepare_private(&self) -> io::Result<()> {
        for folder in [&self.state, &self.runtime] {
            if rustix::process::geteuid().is_root() {
                // Under root the guardian is another user, and must get through what is above.
                fs::create_dir_all(folder.parent().unwrap_or(folder))?;
            }
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let owner = fs::symlink_metadata(folder)?.uid();
            if owner != rustix::process::geteuid().as_raw() {
                let message = format!("{} belongs to user {owner}, not to us", folder.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
        }
        Ok(())
    }

    /// An agent whose state folder a person has named.
    pub fn in_folder(state: &Path) -> Places {
        Places { state: state.to_path_buf(), runtime: state.join("run") }
    }

    /// The service's, or those of a person's own `defib daemon`.
    pub fn for_daemon() -> Places {
        Surroundings::here().for_daemon()
    }

    /// Those of `defib guard` for the target with this key (see [`guard_key`]).
    pub fn for_guard(key: &str) -> Places {
        Surroundings::here().for_guard(key)
    }

    /// Every agent of which there is a trace that this user may see, the service first.
    pub fn all_known() -> Vec<Places> {
        Surroundings::here().all_known()
    }
}

/// The key of a guarded target: its name if it has one, else what its URL (or the path of its
/// config file) can be read by, and a checksum because different targets must never share a
/// ledger.
pub fn guard_key(name: Option<&str>, target: &str) -> String {
    let readable: String = name
        .unwrap_or_else(|| target.split("://").last().unwrap_or(target))
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' })
        .collect();
    let readable = readable.trim_matches(|c| c == '-' || c == '.');
    let cut = &readable[..readable.len().min(KEY_MAX - 9)];
    format!("{cut}-{:08x}", fnv1a(target.as_bytes()))
}

/// FNV-1a: stable across versions, unlike the standard library's hasher; a key is a folder that
/// the next version must find again.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// What decides about places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether we are root.
    pub root: bool,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub xdg_state: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime: Option<PathBuf>,
    /// `STATE_DIRECTORY`, set by the service manager.
    pub service_state: Option<PathBuf>,
    /// `RUNTIME_DIRECTORY`, set by the service manager.
    pub service_runtime: Option<PathBuf>,
}

impl Surroundings {
    /// This process's.
    pub fn here() -> Surroundings {
        let root = rustix::process::geteuid().is_root();
        // Under root the guardian is another user: it could not get through /root, or a person's own
        // folders that sudo has kept the names of.
        let open = |variable| folder(variable).filter(|path| !root || is_open(path));
        Surroundings {
            root,
            home: open("HOME"),
            xdg_state: open("XDG_STATE_HOME"),
            xdg_runtime: open("XDG_RUNTIME_DIR"),
            service_state: folder("STATE_DIRECTORY"),
            service_runtime: folder("RUNTIME_DIRECTORY"),
        }
    }

    fn for_daemon(&self) -> Places {
        let place = if self.root { system() } else { self.for_guard("daemon") };
        Places {
            state: self.service_state.clone().unwrap_or(place.state),
            runtime: self.service_runtime.clone().unwrap_or(place.runtime),
        }
    }

    fn for_guard(&self, key: &str) -> Places {
        let state = self.user_states().join(key);
        let runtime = match &self.xdg_runtime {
            Some(base) => base.join("defib").join(key),
            None => state.join("run"),
        };
        Places { state, runtime }
    }

    fn user_states(&self) -> PathBuf {
        let base = match (&self.xdg_state, &self.home) {
            (Some(base), _) => base.clone(),
            (None, Some(home)) => home.join(".local/state"),
            (None, None) if self.root => return system().state.join("guard"),
            // Nobody's home (a service without one): a folder of this user alone.
            (None, None) => {
                env::temp_dir().join(format!("defib-{}", rustix::process::geteuid().as_raw()))
            }
        };
        base.join("defib")
    }

    fn all_known(&self) -> Vec<Places> {
        let daemon = self.for_daemon();
        let candidates = [system(), daemon].into_iter().chain(self.guarded());
        let mut known: Vec<Places> = Vec::new();
        for place in candidates {
            if (may_be_there(&place.socket()) || may_be_there(&place.journal()))
                && !known.contains(&place)
            {
                known.push(place);
            }
        }
        known
    }

    fn guarded(&self) -> Vec<Places> {
        let runtime_folders = self.xdg_runtime.as_ref().map(|base| base.join("defib"));
        let mut keys: Vec<String> = [Some(self.user_states()), runtime_folders]
            .into_iter()
            .flatten()
            .flat_map(|folder| names_in(&folder))
            .collect();
        keys.sort();
        keys.dedup();
        // A guard started without XDG_RUNTIME_DIR is looked for from a session that has one.
        let bare = Surroundings { xdg_runtime: None, ..self.clone() };
        keys.iter()
            .map(|key| {
                let inside = bare.for_guard(key);
                if inside.socket().exists() { inside } else { self.for_guard(key) }
            })
            .collect()
    }
}

/// What we may not see may be there: then asking says "you may not", which is the truth.
fn may_be_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

fn system() -> Places {
    Places { state: PathBuf::from("/var/lib/defib"), runtime: PathBuf::from("/run/defib") }
}

fn is_open(path: &Path) -> bool {
    path.ancestors().all(|above| fs::metadata(above).is_ok_and(|found| found.mode() & 0o001 != 0))
}

/// A relative path in these variables is to be ignored (XDG Base Directory Specification).
fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(base: &Path) -> Surroundings {
        Surroundings {
            home: Some(base.join("home")),
            xdg_runtime: Some(base.join("run")),
            ..Surroundings::default()
        }
    }

    #[test]
    fn the_service_uses_the_systems_folders_or_those_of_its_manager() {
        let root = Surroundings { root: true, ..Surroundings::default() };
        assert_eq!(root.for_daemon().socket(), Path::new("/run/defib/defib.sock"));
        let managed = Surroundings { service_state: Some("/var/lib/x".into()), ..root };
        assert_eq!(managed.for_daemon().journal(), Path::new("/var/lib/x/journal"));
    }

    #[test]
    fn without_a_runtime_folder_the_socket_is_in_the_state_folder() {
        let mut one = person(Path::new("/p"));
        assert_eq!(one.for_guard("k").socket(), Path::new("/p/run/defib/k/defib.sock"));
        one.xdg_runtime = None;
        let inside = Path::new("/p/home/.local/state/defib/k/run/defib.sock");
        assert_eq!(one.for_guard("k").socket(), inside);
    }

    #[test]
    fn root_without_an_open_home_guards_in_the_systems_folder() {
        let root = Surroundings { root: true, ..Surroundings::default() };
        let places = root.for_guard("k");
        assert_eq!(places.socket(), Path::new("/var/lib/defib/guard/k/run/defib.sock"));
    }

    #[test]
    fn private_folders_are_ours_alone() {
        let base = tempfile::tempdir().expect("a folder");
        let places = Places::in_folder(&base.path().join("a/b"));
        places.prepare_private().expect("our own folders");
        places.prepare_private().expect("again");
        let mode = fs::metadata(&places.runtime).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o700);
        let stolen = base.path().join("stolen");
        std::os::unix::fs::symlink(base.path().join("nowhere"), &stolen).expect("a link");
        assert!(Places::in_folder(&stolen).prepare_private().is_err(), "a dangling link");
    }

    #[test]
    fn keys_are_readable_and_never_shared() {
        let one = guard_key(None, "http://127.0.0.1:8000/");
        assert!(one.starts_with("127.0.0.1-8000-"), "{one}");
        assert_ne!(one, guard_key(None, "http://127.0.0.1-8000/"));
        assert_eq!(one, guard_key(None, "http://127.0.0.1:8000/"));
        assert!(guard_key(Some("shop"), "http://a/").starts_with("shop-"));
        let long = guard_key(None, &format!("http://{}/../../etc", "é".repeat(200)));
        assert!(long.len() <= KEY_MAX && !long.contains('/'), "{long}");
    }

    #[test]
    fn agents_are_found_by_their_traces() {
        let base = tempfile::tempdir().expect("a folder");
        let one = person(base.path());
        fs::create_dir_all(one.for_guard("shop").journal()).expect("a journal");
        fs::create_dir_all(one.for_guard("empty").state).expect("a folder without a journal");
        let bare = Surroundings { xdg_runtime: None, ..one.clone() };
        let inside = bare.for_guard("cron");
        fs::create_dir_all(&inside.runtime).expect("a runtime folder");
        fs::write(inside.socket(), "").expect("a socket's place");
        let found = one.all_known();
        assert!(found.contains(&one.for_guard("shop")) && found.contains(&inside), "{found:?}");
        assert!(!found.contains(&one.for_guard("empty")));
    }
}
