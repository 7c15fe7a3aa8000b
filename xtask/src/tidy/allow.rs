//! Exceptions, as a ratchet: an entry names a rule, a file and a reason, for measured rules a
//! limit, and fails the run itself once it is no longer needed.

use super::finding::{Finding, Weight};

/// One exception.
pub(crate) struct Allowance {
    rule: String,
    file: String,
    /// Which thing in the file; `None` is every one.
    item: Option<String>,
    /// The largest size that is let through; 0 where the rule does not measure.
    limit: usize,
}

/// A measured thing may shrink this much below its limit before the limit must follow.
const SLACK: usize = 25;

/// Reads `[[allow]]` entries. An entry without a reason is refused.
pub(crate) fn read(text: &str) -> Result<Vec<Allowance>, String> {
    let document: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let entries = document.get("allow").and_then(toml::Value::as_array);
    entries.map_or(&[][..], Vec::as_slice).iter().map(read_entry).collect()
}

fn read_entry(entry: &toml::Value) -> Result<Allowance, String> {
    let word = |key: &str| entry.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let needed = |key: &str| word(key).ok_or_else(|| format!("an entry has no `{key}`: {entry:?}"));
    if needed("reason")?.trim().len() < 10 {
        return Err(format!("a reason is a sentence: {entry:?}"));
    }
    let limit = entry.get("limit").and_then(toml::Value::as_integer).unwrap_or(0);
    Ok(Allowance {
        rule: needed("rule")?,
        file: needed("file")?,
        item: word("item"),
        limit: usize::try_from(limit).map_err(|_| format!("a limit is not negative: {entry:?}"))?,
    })
}

impl Allowance {
    fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule
            && self.file == finding.file
            && self.item.as_ref().is_none_or(|item| *item == finding.item)
            && finding.size <= self.limit
    }
}

/// Takes out what is allowed, and adds what is wrong with the allowances themselves.
pub(crate) fn apply(allowances: &[Allowance], found: Vec<Finding>, list: &str) -> Vec<Finding> {
    let mut left: Vec<Finding> =
        allowances.iter().filter_map(|allowance| outdated(allowance, &found, list)).collect();
    left.extend(
        found.into_iter().filter(|finding| !allowances.iter().any(|one| one.covers(finding))),
    );
    left
}

fn outdated(allowance: &Allowance, found: &[Finding], list: &str) -> Option<Finding> {
    let failing = found.iter().filter(|finding| finding.weight == Weight::Fails);
    let largest = failing.filter(|one| allowance.covers(one)).map(|one| one.size).max();
    let what = format!("the allowance `{}` for {}", allowance.rule, allowance.file);
    match largest {
        None => Some(Finding::new(
            "allowance",
            list,
            1,
            format!("{what} is no longer needed, or its limit is exceeded"),
            "remove the entry, or mend what outgrew it",
        )),
        Some(size) if size + SLACK < allowance.limit => Some(Finding::new(
            "allowance",
            list,
            1,
            format!("{what} allows {}, but {size} is enough by now", allowance.limit),
            format!("lower the limit to {size}"),
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{apply, read};
    use crate::tidy::finding::Finding;

    fn long(size: usize) -> Finding {
        Finding::new("file-length", "a.rs", 1, "long", "split").about("", size)
    }

    fn entry(limit: usize) -> String {
        format!(
            "[[allow]]\nrule = \"file-length\"\nfile = \"a.rs\"\nlimit = {limit}\nreason = \"one table of syscalls\""
        )
    }

    #[test]
    fn an_entry_lets_through_up_to_its_limit() {
        let allowances = read(&entry(500)).expect("it is valid");
        assert_eq!(apply(&allowances, vec![long(490)], "tidy.toml"), Vec::new());
        let rules: Vec<&str> =
            apply(&allowances, vec![long(501)], "tidy.toml").iter().map(|one| one.rule).collect();
        assert_eq!(rules, ["allowance", "file-length"]);
    }

    #[test]
    fn an_entry_that_is_not_needed_or_too_wide_is_reported() {
        let allowances = read(&entry(500)).expect("it is valid");
        assert_eq!(apply(&allowances, Vec::new(), "tidy.toml").len(), 1);
        let left = apply(&allowances, vec![long(420)], "tidy.toml");
        assert!(left[0].remedy.contains("420"), "{}", left[0]);
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        assert!(read("[[allow]]\nrule = \"dead\"\nfile = \"a.rs\"\nreason = \"because\"").is_err());
        assert!(read("[[allow]]\nrule = \"dead\"\nfile = \"a.rs\"").is_err());
    }
}
