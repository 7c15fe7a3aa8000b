//! Rust files that no crate compiles: they rot unseen.

use super::finding::Finding;
use crate::rust_text::{block_end, code_only, is_word, occurrences};
use crate::tree::Tree;
use std::collections::BTreeSet;

const FUZZ_TARGETS: &str = "fuzz/fuzz_targets/";

/// Fails on each `.rs` file that no `mod` leads to.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    if tree.packages.is_empty() {
        return Vec::new();
    }
    let mut reached = BTreeSet::new();
    let roots = tree.packages.iter().flat_map(|package| &package.roots);
    // The fuzz targets are programs of a workspace of their own.
    let targets = tree.rust().map(|file| &file.path).filter(|path| path.starts_with(FUZZ_TARGETS));
    let mut left: Vec<(String, bool)> =
        roots.chain(targets).map(|root| (root.clone(), true)).collect();
    while let Some((path, is_root)) = left.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        if let Some(file) = tree.file(&path) {
            let candidates = modules(&path, &file.text, is_root);
            left.extend(
                candidates
                    .into_iter()
                    .filter(|path| tree.file(path).is_some())
                    .map(|path| (path, false)),
            );
        }
    }
    let dead = tree.rust().filter(|file| !reached.contains(&file.path));
    dead.map(|file| {
        Finding::new(
            "dead",
            &file.path,
            1,
            "no `mod` leads to this file: nothing compiles it",
            "name it in its parent module, or remove it",
        )
    })
    .collect()
}

/// The paths at which the modules that `path` names may lie.
fn modules(path: &str, text: &str, is_root: bool) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let own_folder = if is_root || name == "mod.rs" {
        folder.to_owned()
    } else {
        join(folder, name.trim_end_matches(".rs"))
    };
    let code = code_only(text);
    let mut found = Vec::new();
    collect(&code, text, 0..code.len(), (folder, &own_folder), &mut found);
    found
}

fn collect(
    code: &str,
    text: &str,
    range: std::ops::Range<usize>,
    (folder, own_folder): (&str, &str),
    found: &mut Vec<String>,
) {
    let mut behind = range.start;
    for at in occurrences(code, "mod ").filter(|at| range.contains(at)) {
        if at < behind {
            continue;
        }
        let name = word_at(code, at + 4);
        let rest = code[at + 4 + name.len()..].trim_start();
        if rest.starts_with(';') {
            match path_attribute(code, text, at) {
                Some(path) => found.push(join(folder, path)),
                None => found.extend([
                    join(own_folder, &format!("{name}.rs")),
                    join(own_folder, &format!("{name}/mod.rs")),
                ]),
            }
        } else if rest.starts_with('{') {
            let open = code.len() - rest.len();
            behind = block_end(code, open);
            let inner = join(own_folder, name);
            collect(code, text, open..behind, (folder, &inner), found);
        }
    }
}

fn word_at(code: &str, at: usize) -> &str {
    let length = code.as_bytes()[at..].iter().take_while(|byte| is_word(**byte)).count();
    &code[at..at + length]
}

/// The string of a `#[path = "..."]` directly before the `mod` at `at`. Attributes in between are
/// looked over.
fn path_attribute<'a>(code: &str, text: &'a str, at: usize) -> Option<&'a str> {
    let from = code[..at].rfind([';', '}', '{']).map_or(0, |end| end + 1);
    let attribute = from + code[from..at].find("#[path")?;
    text[attribute..at].split('"').nth(1)
}

fn join(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::sample::{package, tree};

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let mut tree = tree(files);
        tree.packages = vec![package("a", "src/main.rs", &[])];
        check(&tree).into_iter().map(|finding| finding.file).collect()
    }

    #[test]
    fn a_file_that_no_module_names_bites() {
        let files =
            [("src/main.rs", "mod one;\n// mod two;\n"), ("src/one.rs", ""), ("src/two.rs", "")];
        assert_eq!(dead(&files), ["src/two.rs"]);
    }

    #[test]
    fn modules_are_followed_through_folders_blocks_and_paths() {
        let files = [
            (
                "src/main.rs",
                "mod one;\nmod inline { mod four; }\n#[path = \"odd/name.rs\"]\nmod five;",
            ),
            ("src/one/mod.rs", "pub mod two;"),
            ("src/one/two.rs", "#[cfg(test)]\nmod three;"),
            ("src/one/two/three.rs", ""),
            ("src/inline/four.rs", ""),
            ("src/odd/name.rs", ""),
        ];
        assert!(dead(&files).is_empty(), "{:?}", dead(&files));
    }
}
