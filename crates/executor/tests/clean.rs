//! The clean-up, by a real executor: on a file system that is really full (one of its own, in its own mount
//! namespace), and on one that is not.
#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![allow(dead_code, reason = "each test file uses its part of the bench")]

mod bench;

use bench::{Bench, start_config};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Failure, OrderRefusal, Outcome};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

const CLEAN: &str =
    "mode = \"act\"\nclean = [{ folder = \"FOLDER/full\", match = \"*.log.*\", older = \"7d\" }]\n";

fn config() -> String {
    start_config("[\"sleep\", \"60\"]", "").replace("mode = \"act\"\n", CLEAN)
}

/// An executor that sees a file system of 1 MiB at FOLDER/full, to the last byte full of logs.
const FULL: &str = "#!/bin/sh
exec unshare -m sh -c '
mount -t tmpfs -o size=1m none FOLDER/full || exit 1
for days in 9 30 20; do
    head -c 200000 /dev/zero > FOLDER/full/shop.log.$days
    touch -d \"$days days ago\" FOLDER/full/shop.log.$days
done
cat /dev/zero > FOLDER/full/shop.log 2> /dev/null
exec EXE \"$@\"' -- \"$@\"
";

fn on_a_full_disk(name: &str) -> Option<Bench> {
    let may = Command::new("unshare").args(["-m", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("no mount namespace is to be had here");
        return None;
    }
    let mut bench = Bench::prepare(name, &config(), "leave");
    std::fs::create_dir(bench.folder.join("full")).expect("made");
    let script = bench.folder.join("executor.sh");
    let text = FULL
        .replace("FOLDER", &bench.folder.to_string_lossy())
        .replace("EXE", &bench.exe.to_string_lossy());
    std::fs::write(&script, text).expect("written");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("ours");
    bench.exe = script;
    bench.start_executor();
    Some(bench)
}

/// What lies there, as the executor sees it.
fn names(bench: &Bench) -> Vec<String> {
    let executor = bench.executor.as_ref().expect("running").id();
    let folder = bench.folder.join("full");
    let seen = PathBuf::from(format!("/proc/{executor}/root{}", folder.display()));
    let entries = std::fs::read_dir(seen).expect("a folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_gets_room_back_once() {
    let Some(mut bench) = on_a_full_disk("clean") else { return };
    bench.greeted();
    assert_eq!(names(&bench), ["shop.log", "shop.log.20", "shop.log.30", "shop.log.9"]);
    let order = bench.order(Rung::Clean, Purse::Gentle, None);
    let (outcome, detail) = bench.act(order);
    assert_eq!((outcome, detail.as_str()), (Outcome::Done, "deleted 1 file, 196 kB"));
    // The oldest was enough.
    assert_eq!(names(&bench), ["shop.log", "shop.log.20", "shop.log.9"]);
    let order = bench.order(Rung::Clean, Purse::Gentle, None);
    assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Budget));
    // Paid for across a restart of the executor, which sees another full disk.
    bench.kill_executor();
    bench.start_executor();
    bench.greeted();
    let order = bench.order(Rung::Clean, Purse::Gentle, None);
    assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Budget));
    assert_eq!(names(&bench).len(), 4);
}

#[test]
fn nothing_is_deleted_on_a_disk_that_is_not_full_whoever_asks() {
    let mut bench = Bench::prepare("clean-room", &config(), "leave");
    let folder = bench.folder.join("full");
    std::fs::create_dir(&folder).expect("made");
    let old = folder.join("shop.log.1");
    let touched = Command::new("touch").args(["-d", "30 days ago"]).arg(&old).status();
    assert!(touched.expect("touch").success());
    bench.start_executor();
    bench.greeted();
    let order = bench.order(Rung::Clean, Purse::Gentle, None);
    let (outcome, detail) = bench.act(order);
    assert_eq!(outcome, Outcome::Failed(Failure::StillFull), "{detail}");
    assert_eq!(detail, "no folder that the config names lies on a full disk");
    assert!(old.exists());
}

#[test]
fn another_purse_or_a_config_without_the_key_gets_nothing() {
    let mut bench = Bench::start("clean-purse", &config(), "leave");
    bench.greeted();
    for purse in [Purse::Free, Purse::Ladder] {
        let order = bench.order(Rung::Clean, purse, None);
        assert_eq!(bench.act(order).0, Outcome::Refused(OrderRefusal::Budget));
    }
    let mut bench = Bench::start("clean-none", &start_config("[\"sleep\", \"60\"]", ""), "leave");
    bench.greeted();
    let order = bench.order(Rung::Clean, Purse::Gentle, None);
    assert_eq!(bench.act(order).0, Outcome::Failed(Failure::NotPossible));
}
