//! The package in a Debian of its own: installed, installed again over itself, removed and purged.

use crate::{deb, shell};
use std::path::{Path, PathBuf};

/// What a purge must leave no trace of.
const TRACES: [&str; 7] = [
    "usr/bin/defib",
    "etc/defib",
    "var/lib/defib",
    "run/defib",
    "usr/lib/systemd/system/defib.service",
    "etc/systemd/system/multi-user.target.wants/defib.service",
    "var/lib/systemd/deb-systemd-helper-enabled/defib.service.dsh-also",
];

/// The tier. Needs root, mmdebstrap and a Debian mirror; what it changes is below one temporary folder.
pub(crate) fn run() -> Result<(), String> {
    if !shell::works("mmdebstrap", &["--version"]) {
        return Err("the deb tier needs mmdebstrap: sudo apt-get install mmdebstrap".to_owned());
    }
    let package = deb::run(crate::dist::Build::Shipped)?;
    let root = Root::make()?;
    std::fs::copy(&package, root.path.join("defib.deb")).map_err(|error| error.to_string())?;
    root.inside(&["dpkg", "--install", "/defib.deb"])?;
    root.look_installed()?;
    // A person's change of the config outlives an upgrade.
    let config = root.path.join("etc/defib/defib.toml");
    let text = std::fs::read_to_string(&config).map_err(|error| error.to_string())?;
    std::fs::write(&config, format!("{text}\n# mine\n")).map_err(|error| error.to_string())?;
    root.inside(&["dpkg", "--install", "/defib.deb"])?;
    let kept = std::fs::read_to_string(&config).map_err(|error| error.to_string())?;
    expect(kept.ends_with("# mine\n"), "an upgrade keeps the config")?;
    root.look_installed()?;
    root.inside(&["dpkg", "--remove", "defib"])?;
    expect(config.exists(), "a removal keeps the config")?;
    root.inside(&["dpkg", "--purge", "defib"])?;
    for trace in TRACES {
        expect(!root.has(trace), &format!("a purge leaves no {trace}"))?;
    }
    let users = std::fs::read_to_string(root.path.join("etc/passwd")).unwrap_or_default();
    expect(!users.contains("defib"), "a purge removes the user")?;
    println!("deb: installed, upgraded, removed and purged without a trace");
    Ok(())
}

fn expect(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("not so: {what}")) }
}

/// A Debian below one folder, which goes with us.
struct Root {
    path: PathBuf,
}

impl Root {
    fn make() -> Result<Root, String> {
        let path = std::env::temp_dir().join(format!("defib-deb-{}", std::process::id()));
        let root = Root { path };
        let place = root.path.to_string_lossy();
        // A mirror may be some days old; what is tried here is not how fresh it is.
        let old = "--aptopt=Acquire::Check-Valid-Until \"false\"";
        let what = ["--variant=essential", "--include=passwd", old, "stable", &place];
        shell::run("mmdebstrap", &what)?;
        Ok(root)
    }

    fn inside(&self, words: &[&str]) -> Result<(), String> {
        let place = self.path.to_string_lossy();
        shell::run("chroot", &[&[&*place], words].concat())
    }

    fn has(&self, path: &str) -> bool {
        self.path.join(Path::new(path)).symlink_metadata().is_ok()
    }

    fn look_installed(&self) -> Result<(), String> {
        for path in ["usr/bin/defib", "etc/defib/defib.toml", "var/lib/defib", TRACES[4], TRACES[5]]
        {
            expect(self.has(path), &format!("{path} is there"))?;
        }
        self.inside(&["getent", "passwd", "defib"])?;
        self.inside(&["defib", "check", "/etc/defib/defib.toml"])
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
