//! Any text as a config: refused in words, or a policy that is sound. No line that is lost and no cut gives
//! more permission than the text had.

use super::bytes::Bytes;
use defib_config::{APPS_MAX, Host, Loaded, load, rule_in_words};
use defib_engine::effect::Rung;
use defib_engine::policy::{Mode, Permission, Policy};
use std::collections::BTreeSet;

/// Two bytes that say what is lost of it, and a text.
pub fn config(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let (host, place) = (Host { root: bytes.coin() }, bytes.below(256));
    let text = String::from_utf8_lossy(bytes.rest()).into_owned();
    let Some(loaded) = sound(&text, host) else { return };
    assert_eq!(load(&text, &host).ok().as_ref(), Some(&loaded), "the same text, another policy");

    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let lost = place % lines.len().max(1);
    let without: String =
        lines.iter().enumerate().filter(|(at, _)| *at != lost).map(|(_, line)| *line).collect();
    never_wider(&loaded, &without, host);
    let mut end = text.len() * place / 256;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    never_wider(&loaded, &text[..end], host);
}

fn sound(text: &str, host: Host) -> Option<Loaded> {
    match load(text, &host) {
        Err(report) => {
            assert!(report.error_count() > 0, "refused without a reason");
            assert!(!report.render("defib.toml", text, false).is_empty());
            None
        }
        Ok(loaded) => {
            judge(&loaded.config.policy, text);
            assert_eq!(loaded.config.apps.len(), loaded.config.policy.apps.len());
            Some(loaded)
        }
    }
}

fn judge(policy: &Policy, text: &str) {
    // A word may be spelled with escapes; without any, what is not there was not said.
    if !text.contains('\\') {
        assert!(policy.reboot == Permission::Never || text.contains("allowed"), "S5: a reboot");
    }
    assert!((1..=APPS_MAX).contains(&policy.apps.len()));
    let names: BTreeSet<&str> = policy.apps.iter().map(|app| app.name.as_str()).collect();
    assert_eq!(names.len(), policy.apps.len(), "two apps of one name");
    for app in &policy.apps {
        assert!(!app.probes.is_empty() && app.probes.len() <= 256, "{} looks", app.probes.len());
        assert!(app.window_ms > 0 && app.rise > 0 && app.backoff_first_ms > 0);
        assert!(app.backoff_first_ms <= app.backoff_max_ms);
        // The ledger remembers so many.
        assert!(app.budget.short_limit <= 32 && app.budget.long_limit <= 32);
        assert!(policy.reboot == Permission::Allowed || !app.rungs.has(Rung::Reboot));
        for probe in &app.probes {
            assert!(probe.timeout_ms > 0 && probe.fast_ms > 0 && probe.interval_ms > 0);
        }
    }
    for app in &policy.apps {
        assert!(!rule_in_words(app, policy).is_empty());
    }
}

fn never_wider(before: &Loaded, text: &str, host: Host) {
    let Some(after) = sound(text, host) else { return };
    let (before, after) = (&before.config.policy, &after.config.policy);
    let wider = before.reboot == Permission::Never && after.reboot == Permission::Allowed;
    assert!(!wider, "a lost line allows reboots:\n{text}");
    assert!(before.mode == Mode::Act || after.mode == Mode::Observe, "a lost line acts:\n{text}");
}
