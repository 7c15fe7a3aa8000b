//! Whole machines: each `tests/import/X.case` holds files, and `X.txt` what a person is told of them.
//! `UPDATE_GOLDEN=1` writes the texts anew.

use super::crontab::Entry;
use super::gather::{Crontab, gather};
use super::plan::plan;
use super::say::say;
use super::surroundings::Rooted;
use super::text::config_text;
use defib_config::{Host, load};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import");
    let files = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("one").path());
    let mut cases: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|suffix| suffix == "case")).collect();
    cases.sort();
    cases
}

/// A folder with the files of a case.
pub(super) fn machine(case: &str) -> (tempfile::TempDir, Rooted) {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let root = Rooted(folder.path().to_path_buf());
    for part in case.split("==> ").skip(1) {
        let (name, text) = part.split_once('\n').expect("a name and a text");
        let path = root.place(name.trim());
        fs::create_dir_all(path.parent().expect("a folder")).expect("ours");
        fs::write(path, text).expect("ours");
    }
    (folder, root)
}

/// What a person is told, and the config.
fn told(root: &Rooted, allow_reboot: bool) -> (String, String) {
    let (crontabs, _) = gather(root);
    let entries: Vec<Entry> = crontabs.iter().flat_map(Crontab::entries).collect();
    let plan = plan(&entries, root, allow_reboot);
    let text = config_text(&plan, allow_reboot);
    if !plan.guards.is_empty() {
        let loaded = load(&text, &Host { root: true });
        let apps = loaded.map(|loaded| loaded.config.apps.len());
        assert_eq!(apps.map_err(|report| report.render("it", &text, false)), Ok(plan.guards.len()));
    }
    (say(&plan, &entries, allow_reboot), text)
}

#[test]
fn each_machine_is_told_as_it_was_reviewed() {
    let cases = cases();
    assert!(cases.len() >= 6);
    for path in cases {
        let case = fs::read_to_string(&path).expect("a text");
        let (_folder, root) = machine(&case);
        let (said, config) = told(&root, case.contains("# allow reboot"));
        let shown = format!("{said}\n{config}");
        let golden = path.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &shown).expect("write the golden text");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(shown, expected, "{} is told differently", path.display());
    }
}

/// Pieces of shell, so that chance finds more than syntax errors.
const PIECES: [&str; 40] = [
    "curl ",
    "-s ",
    "-w '%{http_code}' ",
    "http://127.0.0.1:8000/ ",
    "|| ",
    "&& ",
    "; ",
    "\n",
    "reboot ",
    "systemctl restart a ",
    "if ",
    "then ",
    "else ",
    "fi ",
    "[ \"$s\" != 200 ] ",
    "s=$(",
    ") ",
    "(",
    "{ ",
    "} ",
    "while ",
    "for i in 1 2; ",
    "do ",
    "done ",
    "case x in ",
    "esac ",
    "'",
    "\"",
    "`",
    "$",
    "${",
    "\\",
    "| grep -q OK ",
    "& ",
    "f() ",
    "f ",
    "exit 0 ",
    "<<E\n",
    "sh -c 'f' ",
    "@reboot root ",
];

proptest! {
    #[test]
    fn no_bytes_stop_it(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        any_text_is_read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_shell_text_stops_it(pieces in prop::collection::vec(0usize..PIECES.len(), 0..60)) {
        let text: String = pieces.into_iter().map(|at| PIECES[at]).collect();
        any_text_is_read(&text);
    }
}

/// As a crontab, as a command and as a script: it ends, and what it gives is a config.
fn any_text_is_read(text: &str) {
    let script = text.replace("==> ", "");
    let line = script.replace('\n', " ").replace('%', "\\%");
    let case = format!(
        "==> /etc/crontab\n* * * * * root /s.sh\n* * * * * root {line}\n==> /etc/cron.d/a\n{script}\n\
         ==> /s.sh\n{script}\n"
    );
    let (_folder, root) = machine(&case);
    told(&root, true);
}
