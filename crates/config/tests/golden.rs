//! One file an idea, invalid or valid. Beside each `X.toml` stands `X.txt`, what a person is shown:
//! the errors, or the rules in words and the warnings.
//! `UPDATE_GOLDEN=1` writes the texts anew.

use defib_config::{Host, Level, load};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

fn file_name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

fn compare(path: &Path, shown: &str) {
    let golden = path.with_extension("txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, shown).expect("write the golden text");
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(shown, expected, "{} is shown differently", path.display());
}

#[test]
fn each_invalid_idea_is_refused_with_line_caret_and_advice() {
    let files = files("invalid");
    assert!(files.len() >= 40, "only {} files", files.len());
    for path in files {
        let text = fs::read_to_string(&path).expect("a text");
        let root = text.contains("# as root");
        let report = load(&text, &Host { root }).expect_err(&path.display().to_string());
        assert!(report.error_count() > 0, "{} has no error", path.display());
        compare(&path, &report.render(&file_name(&path), &text, false));
    }
}

#[test]
fn each_warning_is_shown_and_the_config_loads() {
    for path in files("valid") {
        let text = fs::read_to_string(&path).expect("a text");
        let host = Host { root: text.contains("# as root") };
        let loaded = match load(&text, &host) {
            Ok(loaded) => loaded,
            Err(report) => panic!("{}", report.render(&file_name(&path), &text, false)),
        };
        assert!(loaded.warnings.diagnostics.iter().all(|one| one.level == Level::Warning));
        let mut shown = String::new();
        for app in &loaded.config.policy.apps {
            writeln!(shown, "{}:", app.name).expect("room");
            for sentence in defib_config::rule_in_words(app, &loaded.config.policy) {
                writeln!(shown, "  {sentence}").expect("room");
            }
        }
        if !loaded.warnings.is_empty() {
            shown += "\n";
            shown += &loaded.warnings.render(&file_name(&path), &text, false);
        }
        compare(&path, &shown);
    }
}
