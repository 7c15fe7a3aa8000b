//! Promises with a check behind each: the tables of SPECIFICATION.md and docs/scenarios.md against the
//! tree.
//!
//! A table's head reads `| promise | figure | check |`, or `| scenario | right | check |`. A check is
//! `pending`, or names in backticks: tests by their function's name, or files by their path.

use super::arrows::{cells, ticked};
use super::finding::Finding;
use crate::rust_text::{code_only, is_word, occurrences};
use crate::tree::Tree;
use std::collections::BTreeSet;

/// A page with such a table, and the table's head.
struct Page {
    path: &'static str,
    head: [&'static str; 3],
}

const PAGES: [Page; 2] = [
    Page { path: "SPECIFICATION.md", head: ["promise", "figure", "check"] },
    Page { path: "docs/scenarios.md", head: ["scenario", "right", "check"] },
];

/// Fails on a promise whose check does not exist.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let functions = functions(tree);
    PAGES.iter().flat_map(|page| check_page(tree, page, &functions)).collect()
}

fn check_page(tree: &Tree, page: &Page, functions: &BTreeSet<String>) -> Vec<Finding> {
    let Some(file) = tree.file(page.path) else { return Vec::new() };
    let rows = promises(&file.text, page.head);
    if rows.is_empty() {
        let head = format!("| {} |", page.head.join(" | "));
        return vec![broken(page, 1, "the table with the checks is missing", &head)];
    }
    let exists = |name: &str| {
        functions.contains(name.rsplit("::").next().unwrap_or(name)) || tree.holds(name)
    };
    rows.iter().flat_map(|(line, cell)| check_row(page, *line, cell, &exists)).collect()
}

fn check_row(page: &Page, line: usize, cell: &str, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let names: Vec<&str> = ticked(cell).collect();
    if names.is_empty() && !cell.starts_with("pending") {
        let reason = "a promise without a check is a wish";
        return vec![broken(
            page,
            line,
            reason,
            "name a test or a file in backticks, or write `pending`",
        )];
    }
    let missing = names.into_iter().filter(|name| !exists(name));
    missing
        .map(|name| {
            let reason = format!("the check `{name}` does not exist");
            broken(page, line, &reason, "name one that does, or write pending")
        })
        .collect()
}

fn broken(page: &Page, line: usize, reason: &str, remedy: &str) -> Finding {
    Finding::new("promises", page.path, line, reason, remedy)
}

/// Line and check cell of each row of each table with the right head.
fn promises(page: &str, head: [&str; 3]) -> Vec<(usize, String)> {
    let mut rows = Vec::new();
    let mut inside = false;
    for (index, line) in page.lines().enumerate() {
        let cells = cells(line);
        if cells == head {
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
