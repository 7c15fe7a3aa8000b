//! Links between our own pages.

use super::finding::Finding;
use crate::tree::{TextFile, Tree};

/// Fails on each Markdown link to a local file that is not there.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let pages = tree.files.iter().filter(|file| file.has_ending("md"));
    pages.flat_map(|page| check_page(page, tree)).collect()
}

fn check_page(page: &TextFile, tree: &Tree) -> Vec<Finding> {
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut fenced = false;
    let mut found = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for target in targets(line).into_iter().filter(|target| is_local(target)) {
            let path = target.split('#').next().unwrap_or_default();
            if !tree.holds(&resolve(folder, path)) {
                let reason = format!("the link leads nowhere: {target}");
                found.push(Finding::new(
                    "links",
                    &page.path,
                    index + 1,
                    reason,
                    "mend or remove it",
                ));
            }
        }
    }
    found
}

/// The targets of `[text](target)`, outside inline code.
fn targets(line: &str) -> Vec<&str> {
    let prose = line.split('`').step_by(2);
    prose
        .flat_map(|part| part.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target.trim()))
        .collect()
}

fn is_local(target: &str) -> bool {
    !target.is_empty()
        && !target.starts_with('#')
        && !target.contains("://")
        && !target.starts_with("mailto:")
}

fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tree::sample::tree;

    #[test]
    fn a_link_to_nothing_bites() {
        let page = "[a](../b.md#part) [web](https://x.org) [self](#here) `[code](gone.md)`\n[dead](gone.md)\n```\n[x](gone.md)\n```\n[folder](../docs/)";
        let found = check(&tree(&[("docs/a.md", page), ("b.md", "")]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
    }
}
