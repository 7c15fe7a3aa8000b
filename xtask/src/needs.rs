//! What the tests need from outside cargo: a few Debian packages, and Python's web server in a
//! venv of its own.

use crate::shell;
use std::path::{Path, PathBuf};

struct Need {
    /// A command that works once the package is there.
    proof: &'static [&'static str],
    package: &'static str,
}

const NEEDS: &[Need] = &[
    Need { proof: &["nginx", "-v"], package: "nginx-light" },
    Need { proof: &["openssl", "version"], package: "openssl" },
    Need { proof: &["dbus-daemon", "--version"], package: "dbus" },
    Need { proof: &["systemd-analyze", "--version"], package: "systemd" },
    Need { proof: &["python3", "-c", "import venv, ensurepip"], package: "python3-venv" },
];

/// Installs what is missing, as root; otherwise says what to run.
pub(crate) fn packages() -> Result<(), String> {
    let missing: Vec<&str> = NEEDS
        .iter()
        .filter(|need| !shell::works(need.proof[0], &need.proof[1..]))
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    let is_root = shell::output("id", &["-u"])?.trim() == "0";
    if !is_root || !shell::works("apt-get", &["--version"]) {
        let list = missing.join(" ");
        return Err(format!(
            "the tests need packages that are not installed; run:\n    sudo apt-get update && sudo apt-get install --no-install-recommends {list}"
        ));
    }
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    let _no_services = NoServices::begin()?;
    shell::run_with("apt-get", &["update", "--quiet"], &quiet)?;
    shell::run_with("apt-get", &install, &quiet)
}

/// While this lives, Debian's maintainer scripts start no service: installing nginx for the
/// tests must not put a web server on port 80.
struct NoServices {
    /// The policy file, if it is ours to remove.
    written: Option<PathBuf>,
}

impl NoServices {
    fn begin() -> Result<NoServices, String> {
        let path = Path::new("/usr/sbin/policy-rc.d");
        if path.exists() {
            return Ok(NoServices { written: None });
        }
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        std::fs::write(path, "#!/bin/sh\nexit 101\n").map_err(failed)?;
        let guard = NoServices { written: Some(path.to_owned()) };
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode).map_err(failed)?;
        Ok(guard)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.written
            && let Err(error) = std::fs::remove_file(path)
        {
            eprintln!("{} could not be removed: {error}; remove it yourself", path.display());
        }
    }
}

/// Makes `target/venv` with gunicorn and Flask, unless it already holds what
/// `tests/subject/requirements.txt` asks for.
pub(crate) fn venv() -> Result<(), String> {
    let root = shell::workspace();
    let venv = root.join("target/venv");
    let wanted = root.join("tests/subject/requirements.txt");
    let installed = venv.join("installed.txt");
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let wanted_text = read(&wanted)?;
    if read(&installed).is_ok_and(|text| text == wanted_text) && venv.join("bin/gunicorn").exists()
    {
        return Ok(());
    }
    shell::run("python3", &["-m", "venv", "--clear", &venv.to_string_lossy()])?;
    let pip = venv.join("bin/pip");
    let arguments = ["install", "--quiet", "--requirement", &wanted.to_string_lossy()];
    shell::run(&pip.to_string_lossy(), &arguments)?;
    // Last, so that an interrupted installation is begun again.
    std::fs::write(&installed, wanted_text)
        .map_err(|error| format!("{}: {error}", installed.display()))
}
