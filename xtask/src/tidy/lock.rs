//! Libraries that are built twice.

use super::finding::Finding;
use crate::tree::Tree;
use std::collections::BTreeMap;

const LOCK: &str = "Cargo.lock";

/// Fails on each library that is there in more than one version.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(LOCK) else { return Vec::new() };
    let Ok(lock) = file.text.parse::<toml::Table>() else {
        return vec![Finding::new("lock", LOCK, 1, "not readable", "let cargo write it again")];
    };
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let packages = lock.get("package").and_then(toml::Value::as_array);
    for package in packages.map_or(&[][..], Vec::as_slice) {
        let word = |key| package.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        versions.entry(word("name")).or_default().push(word("version"));
    }
    // The lock file also lists what only Windows would build: nobody here does.
    let built = versions.into_iter().filter(|(name, _)| !name.starts_with("windows"));
    let twice = built.filter(|(_, versions)| versions.len() > 1);
    twice.map(|(name, versions)| finding(name, &versions, &file.text)).collect()
}

fn finding(name: &str, versions: &[&str], lock: &str) -> Finding {
    let at = lock.find(&format!("name = \"{name}\"")).unwrap_or(0);
    let reason = format!("`{name}` is built {} times: {}", versions.len(), versions.join(", "));
    let remedy = "ask `cargo tree --duplicates` who wants it, and move to one version";
    Finding::new("lock", LOCK, crate::rust_text::line_of(lock, at), reason, remedy).about(name, 0)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::sample::tree;

    #[test]
    fn a_library_in_two_versions_bites() {
        let entry = |name: &str, version: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n")
        };
        let once = entry("a", "1.0.0") + &entry("b", "1.0.0");
        assert_eq!(check(&tree(&[("Cargo.lock", &once)])), []);
        let found = check(&tree(&[("Cargo.lock", &(once + &entry("a", "2.0.0")))]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].item, "a");
    }
}
