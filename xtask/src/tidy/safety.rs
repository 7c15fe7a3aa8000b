//! Where `unsafe` may stand, and that each crate says what it is for.

use super::finding::Finding;
use crate::rust_text::{code_only, is_word, line_of, occurrences};
use crate::tree::Tree;

/// Fails on `unsafe` in any file that xtask/tidy.toml does not list.
pub(crate) fn unsafe_files(tree: &Tree) -> Vec<Finding> {
    let files = tree.rust().filter_map(|file| {
        let code = code_only(&file.text);
        let is_keyword = |at: &usize| !code.as_bytes().get(at + 6).copied().is_some_and(is_word);
        let at = occurrences(&code, "unsafe").find(is_keyword)?;
        Some(Finding::new(
            "unsafe",
            &file.path,
            line_of(&code, at),
            "`unsafe` in a file that is not listed",
            "use rustix's safe call; if there is none, a small module of its own, listed in xtask/tidy.toml with the reason",
        ))
    });
    files.collect()
}

/// Fails on a target whose root file does not begin with what it is for.
pub(crate) fn crate_docs(tree: &Tree) -> Vec<Finding> {
    let roots = tree.packages.iter().flat_map(|package| &package.roots);
    let files = roots.filter_map(|root| tree.file(root));
    let silent = files.filter(|file| !file.text.trim_start().starts_with("//!"));
    silent
        .map(|file| {
            let reason = "the crate does not say what it is for";
            Finding::new("crate-docs", &file.path, 1, reason, "begin with a `//!` sentence")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{crate_docs, unsafe_files};
    use crate::tree::sample::{package, tree};

    #[test]
    fn unsafe_bites_as_code_only() {
        let found = unsafe_files(&tree(&[("a.rs", "// unsafe\nfn f() { unsafe { g() } }")]));
        assert_eq!((found.len(), found[0].line), (1, 2));
        let quiet = "#![expect(unsafe_code, reason = \"unsafe\")]";
        assert_eq!(unsafe_files(&tree(&[("a.rs", quiet)])), []);
    }

    #[test]
    fn a_crate_without_a_sentence_bites() {
        let mut tree = tree(&[("src/lib.rs", "pub mod a;"), ("src/main.rs", "//! Runs.\n")]);
        tree.packages = vec![package("a", "src/lib.rs", &[]), package("b", "src/main.rs", &[])];
        let found = crate_docs(&tree);
        assert_eq!((found.len(), found[0].file.as_str()), (1, "src/lib.rs"));
    }
}
