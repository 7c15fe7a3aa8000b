//! The stories in `stories/*.txt`: prose and script above the line, what the engine did below it.
//! `UPDATE_STORIES=1 cargo test -p defib-engine --test stories` writes them anew; the diff is the review.

mod support;

use std::path::Path;

const LINE: &str = "----";

#[test]
fn every_story_is_told_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .expect("the stories")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    names.sort();
    assert!(names.len() >= 20, "only {} stories", names.len());
    let update = std::env::var_os("UPDATE_STORIES").is_some();
    let mut wrong = Vec::new();
    for path in names {
        let text = std::fs::read_to_string(&path).expect("a story");
        let script = text.split_once(LINE).map_or(text.as_str(), |(script, _)| script).trim_end();
        let told = format!("{script}\n\n{LINE}\n{}", support::story::play(script));
        if update {
            std::fs::write(&path, &told).expect("written");
        } else if told != text {
            wrong.push(format!("{}:\n{told}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "stories told differently:\n{}", wrong.join("\n"));
}
