//! Promises with a check behind each: the table of SPECIFICATION.md against the tree.
//!
//! The table's head reads `| promise | figure | check |`. A check is `pending`, or names in
//! backticks: tests by their function's name, or files by their path.

use super::arrows::{cells, ticked};
use super::finding::Finding;
use crate::rust_text::{code_only, is_word, occurrences};
use crate::tree::Tree;
use std::collections::BTreeSet;

const PAGE: &str = "SPECIFICATION.md";
const HEAD: [&str; 3] = ["promise", "figure", "check"];

/// Fails on a promise whose check does not exist.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else { return Vec::new() };
    let rows = promises(&page.text);
    if rows.is_empty() {
        return vec![broken(1, "the table of promises is missing", "| promise | figure | check |")];
    }
    let functions = functions(tree);
    let exists = |name: &str| {
        functions.contains(name.rsplit("::").next().unwrap_or(name)) || tree.holds(name)
    };
    rows.iter().flat_map(|(line, cell)| check_row(*line, cell, &exists)).collect()
}

fn check_row(line: usize, cell: &str, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let names: Vec<&str> = ticked(cell).collect();
    if names.is_empty() && !cell.starts_with("pending") {
        let reason = "a promise without a check is a wish";
        return vec![broken(
            line,
            reason,
            "name a test or a file in backticks, or write `pending`",
        )];
    }
    let missing = names.into_iter().filter(|name| !exists(name));
    missing
        .map(|name| {
            let reason = format!("the check `{name}` does not exist");
            broken(line, &reason, "name one that does, or write pending")
        })
        .collect()
}

fn broken(line: usize, reason: &str, remedy: &str) -> Finding {
    Finding::new("promises", PAGE, line, reason, remedy)
}

/// Line and check cell of each row of each table with the right head.
fn promises(page: &str) -> Vec<(usize, String)> {
    let mut rows = Vec::new();
    let mut inside = false;
    for (index, line) in page.lines().enumerate() {
        let cells = cells(line);
        if cells == HEAD {
            inside = true;
        } else if !line.trim_start().starts_with('|') {
            inside = false;
        } else if inside && !cells.iter().all(|cell| cell.trim_matches([':', '-']).is_empty()) {
            rows.push((index + 1, cells.get(2).copied().unwrap_or_default().to_owned()));
        }
    }
    rows
}

fn functions(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in tree.rust() {
        let code = code_only(&file.text);
        for at in occurrences(&code, "fn ") {
            let name = code.as_bytes()[at + 3..].iter().take_while(|byte| is_word(**byte));
            names.insert(name.map(|byte| char::from(*byte)).collect());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::sample::tree;

    fn reasons(checks: &str) -> Vec<String> {
        let page = format!(
            "| promise | figure | check |\n|---|---|---|\n| quick | 1 s | {checks} |\n\ntext\n"
        );
        let tree = tree(&[("SPECIFICATION.md", &page), ("benches/a.rs", "fn real_test() {}")]);
        check(&tree).into_iter().map(|finding| finding.reason).collect()
    }

    #[test]
    fn checks_that_exist_or_are_pending_pass() {
        for good in ["pending", "`real_test`", "`module::real_test` and `benches/a.rs`"] {
            assert_eq!(reasons(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn a_wish_and_an_invented_check_bite() {
        assert_eq!(reasons("surely"), ["a promise without a check is a wish"]);
        assert_eq!(reasons("`real_test`, `no_test`"), ["the check `no_test` does not exist"]);
    }

    #[test]
    fn a_page_without_the_table_bites() {
        assert_eq!(check(&tree(&[("SPECIFICATION.md", "# S\n")])).len(), 1);
    }
}
