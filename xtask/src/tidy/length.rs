//! Files and functions that have grown past what one reading holds.

use super::finding::Finding;
use crate::rust_text::{block_end, code_only, line_of, occurrences};
use crate::tree::{TextFile, Tree};

const FILE_WARNS: usize = 250;
const FILE_FAILS: usize = 400;
const FUNCTION_FAILS: usize = 100;

/// Measures files; tests, beside the code or in a folder of their own, are not counted.
pub(crate) fn files(tree: &Tree) -> Vec<Finding> {
    let code = tree.rust().filter(|file| !is_test(&file.path));
    code.filter_map(|file| {
        let lines = lines_without_tests(&file.text);
        let reason = format!("{lines} lines of Rust outside tests (wanted: {FILE_WARNS})");
        let remedy = "split it by subject, or list it in xtask/tidy.toml with a reason";
        let finding = Finding::new("file-length", &file.path, 1, reason, remedy).about("", lines);
        match lines {
            0..=FILE_WARNS => None,
            lines if lines <= FILE_FAILS => Some(finding.warning()),
            _ => Some(finding),
        }
    })
    .collect()
}

/// Measures functions, from `fn` to the closing brace.
pub(crate) fn functions(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(long_functions).collect()
}

fn long_functions(file: &TextFile) -> Vec<Finding> {
    let code = code_only(&file.text);
    let starts = occurrences(&code, "fn ");
    starts
        .filter_map(|at| {
            let name: String = code[at + 3..]
                .chars()
                .take_while(|one| one.is_alphanumeric() || *one == '_')
                .collect();
            let body = code[at..].find(['{', ';']).map(|offset| at + offset)?;
            // A declaration without a body, or a type like `fn (u8) -> u8`.
            if name.is_empty() || code.as_bytes()[body] == b';' {
                return None;
            }
            let lines = line_of(&code, block_end(&code, body)) - line_of(&code, at) + 1;
            let reason = format!("`{name}` has {lines} lines (at most {FUNCTION_FAILS})");
            let finding = Finding::new(
                "function-length",
                &file.path,
                line_of(&code, at),
                reason,
                "name its parts and call them",
            );
            (lines > FUNCTION_FAILS).then(|| finding.about(&name, lines))
        })
        .collect()
}

fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.split('/').any(|part| part == "tests") || name == "tests.rs" || name.ends_with("_tests.rs")
}

fn lines_without_tests(text: &str) -> usize {
    let code = code_only(text);
    let all = text.lines().count();
    let tests = code.match_indices("#[cfg(test)]").filter_map(|(at, _)| {
        let rest = code[at + "#[cfg(test)]".len()..].trim_start();
        let open = code.len() - rest.len() + rest.find('{')?;
        let is_block = rest.starts_with("mod ") && !rest[..rest.find('{')?].contains(';');
        is_block.then(|| line_of(&code, block_end(&code, open)) - line_of(&code, at) + 1)
    });
    all.saturating_sub(tests.sum())
}

#[cfg(test)]
mod tests {
    use super::{files, functions};
    use crate::tidy::finding::Weight;
    use crate::tree::sample::tree;

    #[test]
    fn a_long_file_warns_and_a_longer_one_fails() {
        let weights = |lines: usize| -> Vec<Weight> {
            let text = "// x\n".repeat(lines);
            files(&tree(&[("src/a.rs", &text)])).iter().map(|one| one.weight).collect()
        };
        assert_eq!(weights(250), []);
        assert_eq!(weights(251), [Weight::Warns]);
        assert_eq!(weights(401), [Weight::Fails]);
    }

    #[test]
    fn tests_are_not_counted() {
        let text = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "// x\n".repeat(500));
        assert_eq!(files(&tree(&[("src/a.rs", &text)])), []);
        let text = "// x\n".repeat(500);
        assert_eq!(files(&tree(&[("crates/a/tests/b.rs", &text)])), []);
    }

    #[test]
    fn a_long_function_bites_by_name() {
        let text = format!("fn short() {{}}\nfn long<'a>() {{\n{}}}\n", "    go();\n".repeat(100));
        let found = functions(&tree(&[("src/a.rs", &text)]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].item.as_str(), found[0].size, found[0].line), ("long", 102, 2));
    }
}
