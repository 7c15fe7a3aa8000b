//! Who is compared: each guards a server of its own, and its act is to run our stamp.

use crate::failed::Failed;
use crate::server::Server;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// `defib guard` with `recover`, over HTTP.
    Defib,
    /// The same over HTTPS, with the system's authorities.
    DefibHttps,
    /// `defib guard` that starts and keeps the app itself.
    DefibStart,
    Monit,
    /// Ten lines of shell, as a loop.
    Script,
}

impl Who {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Who::Defib => "defib, http, `recover`",
            Who::DefibHttps => "defib, https, system CAs",
            Who::DefibStart => "defib, http, `start`",
            Who::Monit => "Monit, http, `exec`",
            Who::Script => "cron script as a loop",
        }
    }
}

/// Where one contender lives.
pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) folder: PathBuf,
    pub(crate) certs: PathBuf,
    pub(crate) defib: PathBuf,
    pub(crate) own: PathBuf,
    pub(crate) pace_s: u64,
}

/// One that runs.
pub(crate) struct Contender {
    pub(crate) who: Who,
    pub(crate) place: Place,
    /// Where its acts report.
    pub(crate) stamps: UnixListener,
    child: Child,
}

impl Contender {
    pub(crate) fn start(who: Who, mut place: Place) -> Result<Contender, Failed> {
        let stamps =
            UnixListener::bind(place.socket()).map_err(Failed::at("the stamp's socket"))?;
        if who != Who::DefibStart {
            place.server.start()?;
        }
        let child = match who {
            Who::Defib | Who::DefibHttps | Who::DefibStart => start_defib(who, &place),
            Who::Monit => start_monit(&place),
            Who::Script => start_script(&place),
        }?;
        if who == Who::DefibStart {
            place.server.wait_until_it_listens()?;
        }
        Ok(Contender { who, place, stamps, child })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            // TERM lets `guard` end the app that it started; bash waits for its `sleep` otherwise.
            let signal = if self.who == Who::Script { Signal::KILL } else { Signal::TERM };
            let _ = kill_process(pid, signal);
        }
        let _ = self.child.wait();
    }
}

impl Place {
    fn socket(&self) -> PathBuf {
        self.folder.join("stamps")
    }

    fn stamp(&self, role: &str) -> Vec<String> {
        vec![text(&self.own), role.to_owned(), text(&self.socket())]
    }

    /// The same limit for all: 3 s, or the pace itself where that is shorter.
    fn timeout_s(&self) -> u64 {
        self.pace_s.min(3)
    }

    fn write(&self, name: &str, contents: &str) -> Result<PathBuf, Failed> {
        let path = self.folder.join(name);
        std::fs::write(&path, contents).map_err(Failed::at(name))?;
        // Monit refuses a control file that others may read.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))
            .map_err(Failed::at(name))?;
        Ok(path)
    }

    fn spawn(&self, command: &mut Command) -> Result<Child, Failed> {
        let log = File::create(self.folder.join("output")).map_err(Failed::at("output"))?;
        let copy = log.try_clone().map_err(Failed::at("output"))?;
        command.stdin(Stdio::null()).stdout(log).stderr(copy);
        let program = command.get_program().to_string_lossy().into_owned();
        command.spawn().map_err(Failed::at(&program))
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn start_defib(who: Who, place: &Place) -> Result<Child, Failed> {
    let Server { http, https, .. } = place.server;
    let url = match who {
        Who::DefibHttps => format!("https://localhost:{https}/"),
        _ => format!("http://127.0.0.1:{http}/"),
    };
    let (key, argv) = match who {
        Who::DefibStart => ("start", [place.stamp("app"), place.server.argv()].concat()),
        _ => ("recover", place.stamp("act")),
    };
    // Without what only rounds in quick succession need, these would be the defaults.
    let mut config = format!(
        "[app.shop]\nurl = \"{url}\"\n{key} = {argv:?}\nbackoff = \"100ms\"\nhealthy_reset = \"1s\"\n\
         relapse = \"0s\"\nverify = \"0s\"\nstart_grace = \"1s\"\nrise = 1\nincident_limit = 20\n\
         budget = {{ hour = 20, day = 100 }}\ninterval = \"{}s\"\n",
        place.pace_s
    );
    if who == Who::DefibStart && rustix::process::geteuid().is_root() {
        config += "user = \"root\"\n";
    }
    // At 1 s somebody wants speed, and asks for a verdict from as little as the peers take.
    if place.pace_s == 1 {
        config += "fast = \"500ms\"\ntimeout = \"1s\"\nwindow = \"1s\"\n";
    }
    let file = place.write("defib.toml", &config)?;
    let mut command = Command::new(&place.defib);
    command.args(["--plain", "guard", "--config"]).arg(file).arg("--state");
    command.arg(place.folder.join("state")).env("SSL_CERT_FILE", place.certs.join("bundle.pem"));
    place.spawn(&mut command)
}

fn start_monit(place: &Place) -> Result<Child, Failed> {
    let folder = place.folder.display();
    let config = format!(
        "set daemon {pace}\nset logfile {folder}/monit.log\nset pidfile {folder}/monit.pid\n\
         set idfile {folder}/monit.id\nset statefile {folder}/monit.state\n\
         check host shop with address 127.0.0.1\n  if failed port {port} protocol http with timeout \
         {timeout} seconds then exec \"{act}\"\n",
        pace = place.pace_s,
        port = place.server.http,
        timeout = place.timeout_s(),
        act = place.stamp("act").join(" "),
    );
    let file = place.write("monitrc", &config)?;
    place.spawn(Command::new("monit").arg("-c").arg(file).arg("-I"))
}

/// As the script was, but with a time limit, without which it would never act on a hang, and with our
/// stamp for `reboot`.
fn start_script(place: &Place) -> Result<Child, Failed> {
    let script = format!(
        "#!/bin/bash\nwhile :; do\n  code=$(curl -s -o /dev/null -m {timeout} -w '%{{http_code}}' \
         http://127.0.0.1:{port}/)\n  if [ \"$code\" != 200 ]; then\n    echo \"$(date) down: $code\" \
         >> {folder}/script.log\n    {act}\n  fi\n  sleep {pace}\ndone\n",
        timeout = place.timeout_s(),
        port = place.server.http,
        folder = place.folder.display(),
        act = place.stamp("act").join(" "),
        pace = place.pace_s,
    );
    let file = place.write("script", &script)?;
    place.spawn(Command::new("bash").arg(file))
}
