//! The config that the package installs: it loads, it forbids, it names every key, and each default that it
//! shows is the one that is in force without it.

use defib_config::{Host, Loaded, load};
use defib_engine::policy::{Mode, Permission};

const SHIPPED: &str = include_str!("../../../dist/etc/defib/defib.toml");

const MINIMAL: &str = "[machine]\nmode = \"observe\"\n\n[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n";

fn loaded(text: &str) -> Loaded {
    load(text, &Host { root: true })
        .unwrap_or_else(|report| panic!("{}", report.render("defib.toml", text, false)))
}

/// A line that shows a default: `#key = value` or `#[section]`, without a space.
fn shown(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('#')?;
    rest.starts_with(|first: char| first.is_ascii_lowercase() || first == '[').then_some(rest)
}

#[test]
fn as_it_is_it_guards_nothing_and_forbids_everything() {
    let policy = loaded(SHIPPED).config.policy;
    assert_eq!((policy.mode, policy.reboot), (Mode::Observe, Permission::Never));
    assert!(policy.apps.is_empty());
}

#[test]
fn every_default_that_is_shown_is_the_real_one() {
    let all: Vec<&str> = SHIPPED.lines().map(|line| shown(line).unwrap_or(line)).collect();
    let all = loaded(&all.join("\n"));
    let minimal = loaded(MINIMAL);
    assert_eq!(all.config, minimal.config);
    assert_eq!(all.journal, minimal.journal);
    assert!(SHIPPED.lines().filter_map(shown).count() > 30);
}

#[test]
fn every_key_is_shown() {
    let everything = include_str!("valid/everything.toml");
    let keys = everything.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
    for key in keys.chain(["recover", "unit", "process", "view"]) {
        let is_shown = |line: &str| {
            let key_of = line.trim_start_matches('#').split_once(" = ").map(|(name, _)| name);
            key_of == Some(key)
        };
        assert!(SHIPPED.lines().any(is_shown), "`{key}` is not in dist/etc/defib/defib.toml");
    }
}
