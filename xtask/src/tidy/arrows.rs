//! Which of our crates may use which: ARCHITECTURE.md's table against what cargo sees.
//!
//! The table is the one whose head reads `| crate | may use of ours |`; names stand in
//! backticks, and `nothing` means none.

use super::finding::Finding;
use crate::tree::{Package, Tree};

const PAGE: &str = "ARCHITECTURE.md";
const HEAD: [&str; 2] = ["crate", "may use of ours"];

struct Row {
    line: usize,
    name: String,
    may_use: Vec<String>,
}

/// Fails on an arrow that the table does not have, and on crates that only one side knows.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    if tree.packages.is_empty() {
        return Vec::new();
    }
    let rows = tree.file(PAGE).map_or_else(Vec::new, |page| read_table(&page.text));
    if rows.is_empty() {
        return vec![broken(
            PAGE,
            1,
            "the table of crates is missing",
            "| crate | may use of ours |",
        )];
    }
    let mut found: Vec<Finding> =
        tree.packages.iter().flat_map(|package| check_package(package, &rows)).collect();
    let known = |name: &str| tree.packages.iter().any(|package| package.name == name);
    for row in rows.iter().filter(|row| !known(&row.name)) {
        let reason = format!("the table names `{}`, which is not a crate", row.name);
        found.push(broken(PAGE, row.line, &reason, "remove the row"));
    }
    found
}

fn check_package(package: &Package, rows: &[Row]) -> Vec<Finding> {
    let Some(row) = rows.iter().find(|row| row.name == package.name) else {
        let reason = format!("`{}` is not in the table of {PAGE}", package.name);
        return vec![broken(&package.manifest, 1, &reason, "add a row that says what it may use")];
    };
    let new = package.uses.iter().filter(|name| !row.may_use.contains(name));
    new.map(|name| {
        let reason = format!("a new arrow: `{}` uses `{name}`", package.name);
        let remedy = "move what is shared downward; a new arrow needs a decision note and a change of the table";
        broken(&package.manifest, 1, &reason, remedy)
    })
    .collect()
}

fn broken(file: &str, line: usize, reason: &str, remedy: &str) -> Finding {
    Finding::new("arrows", file, line, reason, remedy)
}

fn read_table(page: &str) -> Vec<Row> {
    let lines = page.lines().enumerate();
    let from_head = lines.skip_while(|(_, line)| cells(line) != HEAD).skip(2);
    let rows = from_head.take_while(|(_, line)| line.trim_start().starts_with('|'));
    rows.filter_map(|(index, line)| read_row(index + 1, &cells(line))).collect()
}

fn read_row(line: usize, cells: &[&str]) -> Option<Row> {
    let name = ticked(cells.first()?).next()?.to_owned();
    Some(Row { line, name, may_use: ticked(cells.get(1)?).map(str::to_owned).collect() })
}

/// The cells of a Markdown table's row.
pub(super) fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// What stands in backticks.
pub(super) fn ticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::sample::{package, tree};

    const TABLE: &str = "# A\n\n| crate | may use of ours |\n|---|---|\n| `low` | nothing |\n| `high` | `low` |\n\ntext\n";

    #[test]
    fn a_new_arrow_bites() {
        let mut tree = tree(&[("ARCHITECTURE.md", TABLE)]);
        tree.packages = vec![package("low", "a.rs", &[]), package("high", "b.rs", &["low"])];
        assert_eq!(check(&tree), Vec::new());
        tree.packages[0].uses.push("high".into());
        let found = check(&tree);
        assert_eq!(found.len(), 1);
        assert!(found[0].reason.contains("`low` uses `high`"), "{}", found[0]);
    }

    #[test]
    fn a_crate_and_a_row_must_know_each_other() {
        let mut tree = tree(&[("ARCHITECTURE.md", TABLE)]);
        tree.packages = vec![package("low", "a.rs", &[]), package("new", "c.rs", &[])];
        let reasons: Vec<String> = check(&tree).into_iter().map(|one| one.reason).collect();
        assert_eq!(reasons.len(), 2);
        assert!(reasons[0].contains("`new` is not in the table"), "{reasons:?}");
        assert!(reasons[1].contains("`high`, which is not a crate"), "{reasons:?}");
    }

    #[test]
    fn a_page_without_the_table_bites() {
        let mut tree = tree(&[("ARCHITECTURE.md", "# A\n")]);
        tree.packages = vec![package("low", "a.rs", &[])];
        assert_eq!(check(&tree).len(), 1);
    }
}
