//! Words that must not stand in the repository.

use super::finding::Finding;
use crate::rust_text::{code_only, line_of, occurrences};
use crate::tree::{TextFile, Tree};

/// Where a word is banned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// In Rust code: comments and strings may name it.
    Code,
    /// In Rust code outside `tests/support/`, which holds the one polling loop.
    CodeButSupport,
    /// In any text, where it begins an absolute path.
    Path,
    /// In any text.
    Text,
}

struct Ban {
    word: &'static str,
    scope: Scope,
    reason: &'static str,
    remedy: &'static str,
}

const UNFINISHED: &str = "unfinished code must not be called done";
const FINISH: &str = "finish it, or leave it out and say so in SPECIFICATION.md";
const MACHINE: &str = "a path of one machine: it means nothing on another";
const RELATIVE: &str = "use a relative path, an environment variable or a temporary folder";
const REGISTRY: &str =
    "where packages come from is the machine's configuration, not the repository's";
const DEFAULT_SOURCE: &str = "name the package and its version only";

const BANS: &[Ban] = &[
    Ban { word: "todo!", scope: Scope::Code, reason: UNFINISHED, remedy: FINISH },
    Ban { word: "unimplemented!", scope: Scope::Code, reason: UNFINISHED, remedy: FINISH },
    Ban {
        word: "dbg!",
        scope: Scope::Code,
        reason: "a leftover of debugging",
        remedy: "remove it",
    },
    Ban {
        word: "#[ignore]",
        scope: Scope::Code,
        reason: "an ignored test without a reason is a hidden failure",
        remedy: "write `#[ignore = \"soak: ...\"]` or `\"lab: ...\"`, which name its tier",
    },
    Ban {
        word: "thread::sleep",
        scope: Scope::CodeButSupport,
        reason: "a sleep is either too short or too long",
        remedy: "wait for the thing with a deadline: `support::poll_until` in tests, epoll in loops",
    },
    Ban { word: "/home/", scope: Scope::Path, reason: MACHINE, remedy: RELATIVE },
    Ban { word: "/root/", scope: Scope::Path, reason: MACHINE, remedy: RELATIVE },
    Ban { word: "/work/", scope: Scope::Path, reason: MACHINE, remedy: RELATIVE },
    Ban { word: "/Users/", scope: Scope::Path, reason: MACHINE, remedy: RELATIVE },
    Ban { word: "index.crates.io", scope: Scope::Text, reason: REGISTRY, remedy: DEFAULT_SOURCE },
    Ban { word: "static.crates.io", scope: Scope::Text, reason: REGISTRY, remedy: DEFAULT_SOURCE },
    Ban { word: "pypi.org", scope: Scope::Text, reason: REGISTRY, remedy: DEFAULT_SOURCE },
    Ban { word: "pythonhosted.org", scope: Scope::Text, reason: REGISTRY, remedy: DEFAULT_SOURCE },
    Ban {
        word: "registry.npmjs.org",
        scope: Scope::Text,
        reason: REGISTRY,
        remedy: DEFAULT_SOURCE,
    },
    Ban { word: "deb.debian.org", scope: Scope::Text, reason: REGISTRY, remedy: DEFAULT_SOURCE },
    Ban { word: "index-url", scope: Scope::Text, reason: REGISTRY, remedy: DEFAULT_SOURCE },
];

/// This file, which has to name what it bans.
const SELF: &str = "xtask/src/tidy/banned.rs";

/// Fails on each banned word.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().filter(|file| file.path != SELF).flat_map(check_file).collect()
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let code = if file.has_ending("rs") { code_only(&file.text) } else { String::new() };
    let mut found = Vec::new();
    for ban in BANS {
        let text = match ban.scope {
            Scope::Code => &code,
            Scope::CodeButSupport if !file.path.contains("tests/support/") => &code,
            Scope::CodeButSupport => continue,
            Scope::Path | Scope::Text => &file.text,
        };
        let places = occurrences(text, ban.word);
        let places = places.filter(|at| ban.scope != Scope::Path || begins_a_path(text, *at));
        found.extend(places.map(|at| {
            let reason = format!("`{}`: {}", ban.word, ban.reason);
            Finding::new("banned", &file.path, line_of(text, at), reason, ban.remedy)
                .about(ban.word, 0)
        }));
    }
    found
}

/// Whether the slash at `at` is the first of a path, not a later one (`docs/work/`, `~/home/`).
fn begins_a_path(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    !before.is_some_and(|one| one.is_alphanumeric() || "._-~}>)".contains(one))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::sample::tree;

    fn words(path: &str, text: &str) -> Vec<String> {
        check(&tree(&[(path, text)])).into_iter().map(|finding| finding.item).collect()
    }

    #[test]
    fn unfinished_code_bites_but_its_name_in_prose_does_not() {
        assert_eq!(words("a.rs", "fn f() { todo!() }"), ["todo!"]);
        assert_eq!(
            words("a.rs", "fn f() { unimplemented!(); dbg!(1); }"),
            ["unimplemented!", "dbg!"]
        );
        assert!(words("a.rs", "// todo! is banned\nlet a = \"dbg!\";").is_empty());
    }

    #[test]
    fn an_ignored_test_needs_a_reason() {
        assert_eq!(words("a.rs", "#[ignore]\nfn f() {}"), ["#[ignore]"]);
        assert!(words("a.rs", "#[ignore = \"soak: an hour\"]\nfn f() {}").is_empty());
    }

    #[test]
    fn sleeping_is_for_the_test_support_only() {
        let text = "fn f() { std::thread::sleep(d) }";
        assert_eq!(words("crates/a/src/b.rs", text), ["thread::sleep"]);
        assert!(words("tests/support/poll.rs", text).is_empty());
    }

    #[test]
    fn machine_paths_and_registries_bite_in_any_text() {
        assert_eq!(words("a.md", "see /home/me/x and ~/home/ and docs/work/x"), ["/home/"]);
        assert_eq!(words("a.toml", "path = \"/root/x\""), ["/root/"]);
        assert_eq!(words("a.txt", "https://pypi.org/simple"), ["pypi.org"]);
    }
}
