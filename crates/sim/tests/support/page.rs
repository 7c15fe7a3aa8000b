//! The table of docs/mutants.md.

use std::path::Path;

const BEGIN: &str = "<!-- begin: written by crates/sim/tests/mutants.rs -->\n";
const END: &str = "<!-- end -->\n";
const HEAD: &str = "\n| what is wrong | caught by | worlds needed | worlds until only this checker saw it |\n\
                    |---|---|---|---|\n";

/// Compares the rows with the page, or writes them there with `UPDATE_MUTANTS=1`.
pub(crate) fn compare(rows: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mutants.md");
    let page = std::fs::read_to_string(&path).expect("docs/mutants.md");
    let (before, rest) = page.split_once(BEGIN).expect("the table's beginning");
    let (table, after) = rest.split_once(END).expect("the table's end");
    let fresh = format!("{HEAD}{rows}\n");
    if std::env::var_os("UPDATE_MUTANTS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{fresh}{END}{after}")).expect("written");
    } else {
        let names = |table: &str| table.lines().map(name_and_promise).collect::<Vec<_>>();
        assert_eq!(names(table), names(&fresh), "docs/mutants.md is old: UPDATE_MUTANTS=1");
    }
}

/// The first two columns: how many worlds it takes changes with the worlds.
fn name_and_promise(row: &str) -> String {
    row.split('|').take(3).collect::<Vec<_>>().join("|")
}
