//! Where the demo plays: a temporary folder, the agent, and the end of all that was started.

use crate::demo::options::{DependencyOptions, Fault};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs::{self, File, Permissions};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// `defib daemon` stops within 2 s of SIGTERM.
const STOP_LIMIT: Duration = Duration::from_secs(4);

/// The demo's place.
pub(crate) struct Stage {
    folder: PathBuf,
    binary: PathBuf,
    is_root: bool,
    agent: Option<Child>,
    dependencies: Vec<Child>,
}

impl Stage {
    /// Makes the folder. Under root the applications run as another user, and then need a copy of
    /// the binary that this user may run, and a folder that it may write to.
    pub(crate) fn build() -> io::Result<Stage> {
        let is_root = geteuid().is_root();
        // Root's TMPDIR may be closed to the user that the applications run as.
        let parent = if is_root { PathBuf::from("/tmp") } else { std::env::temp_dir() };
        let folder = parent.join(format!("defib-demo-{}", std::process::id()));
        fs::DirBuilder::new().mode(0o755).create(&folder)?;
        let mut stage = Stage {
            binary: std::env::current_exe()?,
            folder,
            is_root,
            agent: None,
            dependencies: Vec::new(),
        };
        let struck = stage.folder.join("struck");
        fs::create_dir(&struck)?;
        if is_root {
            fs::set_permissions(&struck, Permissions::from_mode(0o777))?;
            let copy = stage.folder.join("defib");
            fs::copy("/proc/self/exe", &copy)?;
            fs::set_permissions(&copy, Permissions::from_mode(0o755))?;
            stage.binary = copy;
        }
        Ok(stage)
    }

    /// Where all of it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the agent writes what it does.
    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.join("state/journal")
    }

    /// Where the agent's own messages go.
    pub(crate) fn agent_log(&self) -> PathBuf {
        self.folder.join("agent.log")
    }

    /// Whom the applications run as, where the agent asks for it.
    pub(crate) fn user(&self) -> Option<&'static str> {
        self.is_root.then_some("nobody")
    }

    /// The command of an application.
    pub(crate) fn app_argv(
        &self,
        port: u16,
        strike: Option<(Fault, Duration, &str)>,
        needs: Option<u16>,
    ) -> Vec<String> {
        let mut argv = self.role(port);
        if let Some((fault, after, name)) = strike {
            let once = self.folder.join("struck").join(name);
            argv.extend(["--fault".to_owned(), fault.name().to_owned()]);
            argv.extend(["--after".to_owned(), after.as_millis().to_string()]);
            argv.extend(["--once".to_owned(), once.to_string_lossy().into_owned()]);
        }
        if let Some(port) = needs {
            argv.extend(["--needs".to_owned(), port.to_string()]);
        }
        argv
    }

    /// Starts what an application needs. The demo does, not the agent: it is not guarded.
    pub(crate) fn start_dependency(&mut self, options: &DependencyOptions) -> io::Result<()> {
        let mut argv = self.role(options.port);
        argv.insert(2, "--dependency".to_owned());
        argv.extend(["--down-after".to_owned(), options.down_after.as_millis().to_string()]);
        argv.extend(["--down-for".to_owned(), options.down_for.as_millis().to_string()]);
        let child = Command::new(&argv[0]).args(&argv[1..]).stdin(Stdio::null()).spawn()?;
        self.dependencies.push(child);
        Ok(())
    }

    /// Starts the agent on this config.
    pub(crate) fn start_agent(&mut self, config: &str) -> io::Result<()> {
        let file = self.folder.join("defib.toml");
        fs::write(&file, config)?;
        let log = File::create(self.agent_log())?;
        let child = Command::new(&self.binary)
            .args(["demo-app", "--agent", "daemon", "--config"])
            .arg(&file)
            .arg("--state")
            .arg(self.folder.join("state"))
            .arg("--runtime")
            .arg(self.folder.join("run"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.agent = Some(child);
        Ok(())
    }

    /// How the agent ended, if it did.
    pub(crate) fn agent_ended(&mut self) -> Option<ExitStatus> {
        self.agent.as_mut().and_then(|agent| agent.try_wait().ok().flatten())
    }

    /// Stops the agent in order. It leaves the applications running, as a daemon must, so they
    /// are ended here.
    pub(crate) fn end(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            stop(&mut agent);
        }
        for mut dependency in self.dependencies.drain(..) {
            let _ = dependency.kill();
            let _ = dependency.wait();
        }
        for pid in own_applications() {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Removes the folder; it is kept where something went wrong.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn role(&self, port: u16) -> Vec<String> {
        let binary = self.binary.to_string_lossy().into_owned();
        let demo = std::process::id().to_string();
        let words = ["demo-app", "--port", &port.to_string(), "--demo", &demo].map(str::to_owned);
        std::iter::once(binary).chain(words).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.end();
    }
}

/// TERM, then KILL after a while.
fn stop(child: &mut Child) {
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let begun = Instant::now();
    while begun.elapsed() < STOP_LIMIT {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The applications of this very demo, known by its number among their arguments.
fn own_applications() -> Vec<Pid> {
    let demo = std::process::id().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = pids.filter(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let has_demo = words.windows(2).any(|pair| pair == [b"--demo", demo.as_bytes()]);
        words.get(1) == Some(&b"demo-app".as_slice()) && has_demo
    });
    ours.filter_map(Pid::from_raw).collect()
}

/// A port of the loopback that is free now. Somebody may take it before the application does; then
/// the application cannot start, and the demo says so.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
