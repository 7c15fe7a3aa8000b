//! The verb on whole machines: what it writes, and what it leaves alone.

use super::import_cron;
use super::tests::machine;
use crate::answer::Answer;
use crate::cli::args::{Global, ImportArgs, ImportFrom};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const CASE: &str = "\
==> /etc/crontab
MAILTO=root
*/5 * * * * root curl -sf http://127.0.0.1:8000/ || systemctl restart shop
0 4 * * * root /sbin/reboot
";

fn run(root: &Path, change: impl FnOnce(&mut ImportArgs)) -> Answer {
    let mut args = ImportArgs {
        from: ImportFrom::Cron,
        file: None,
        yes: true,
        allow_reboot: false,
        undo: false,
        root: Some(root.to_path_buf()),
    };
    change(&mut args);
    import_cron(&args, &Global { no_input: true, ..Global::default() })
}

fn read(root: &Path, name: &str) -> String {
    fs::read_to_string(root.join(name)).unwrap_or_default()
}

#[test]
fn a_yes_writes_the_config_and_retires_the_line_and_undo_brings_it_back() {
    let (folder, _) = machine(CASE);
    let root = folder.path();
    let crontab = root.join("etc/crontab");
    fs::set_permissions(&crontab, fs::Permissions::from_mode(0o640)).expect("ours");
    let before = read(root, "etc/crontab");
    let answer = run(root, |_| {});
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(read(root, "etc/defib/defib.toml").contains("unit = \"shop.service\""));
    let after = read(root, "etc/crontab");
    let lines: Vec<&str> = after.lines().collect();
    assert!(lines[1].starts_with("# defib import cron 2"), "{after}");
    assert!(lines[1].ends_with("|| systemctl restart shop") && lines[2].starts_with("0 4 "));
    let mode = fs::metadata(&crontab).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    let again = run(root, |_| {});
    assert_eq!((again.code, read(root, "etc/crontab")), (1, after), "{again:?}");
    let undone = run(root, |args| (args.undo, args.yes) = (true, false));
    assert_eq!((undone.code, read(root, "etc/crontab")), (0, before), "{undone:?}");
    assert!(undone.out.contains("is still there"), "{undone:?}");
    let left: Vec<_> = fs::read_dir(root.join("etc")).expect("there").collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn another_config_is_not_touched_and_then_no_line_is_either() {
    let (folder, _) = machine(CASE);
    let root = folder.path();
    let own = "[app.mine]\nurl = \"http://127.0.0.1:1/\"\n";
    fs::create_dir_all(root.join("etc/defib")).expect("ours");
    fs::write(root.join("etc/defib/defib.toml"), own).expect("ours");
    let before = read(root, "etc/crontab");
    let answer = run(root, |_| {});
    assert_eq!(answer.code, 1, "{answer:?}");
    assert_eq!(read(root, "etc/defib/defib.toml"), own);
    assert_eq!(read(root, "etc/crontab"), before);
    assert!(read(root, "etc/defib/defib.toml.imported").contains("shop.service"));
}

#[test]
fn a_config_that_guards_nothing_is_kept_aside() {
    let (folder, _) = machine(CASE);
    let root = folder.path();
    let empty = "# as it was installed\n[machine]\nmode = \"observe\"\n";
    fs::create_dir_all(root.join("etc/defib")).expect("ours");
    fs::write(root.join("etc/defib/defib.toml"), empty).expect("ours");
    let answer = run(root, |_| {});
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(read(root, "etc/defib/defib.toml.before-import"), empty);
    assert!(read(root, "etc/defib/defib.toml").contains("shop.service"));
}

#[test]
fn without_a_yes_nothing_is_changed() {
    let (folder, _) = machine(CASE);
    let root = folder.path();
    let before = read(root, "etc/crontab");
    let answer = run(root, |args| args.yes = false);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.out.contains("1 of 2 lines are understood"), "{answer:?}");
    assert!(answer.out.contains("nothing was changed"), "{answer:?}");
    assert_eq!(read(root, "etc/crontab"), before);
    assert!(!root.join("etc/defib").exists());
}
