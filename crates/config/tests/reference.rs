//! The reference for users says what the code does: its examples load, and it names every key.

use defib_config::{Host, load};
use std::path::Path;

fn reference() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    std::fs::read_to_string(path).expect("the reference")
}

#[test]
fn every_example_loads_without_a_warning() {
    let reference = reference();
    let examples: Vec<&str> =
        reference.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 5, "{} examples", examples.len());
    for example in examples {
        match load(example, &Host { root: false }) {
            Ok(loaded) => assert!(loaded.warnings.is_empty(), "{example}"),
            Err(report) => panic!("{}", report.render("config.md", example, false)),
        }
    }
}

/// `everything.toml` uses every key but these four.
const OTHERS: [&str; 4] = ["recover", "unit", "process", "view"];

#[test]
fn every_key_is_explained() {
    let reference = reference();
    let everything = include_str!("valid/everything.toml");
    let keys = everything
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, _)| key)
        .filter(|key| *key != "depends");
    for key in keys.chain(OTHERS) {
        assert!(reference.contains(&format!("`{key}`")), "`{key}` is not explained");
    }
}
