//! What holds for every text: no panic, nothing widened by damage, places that exist.

use defib_config::{Host, load};
use defib_engine::policy::{Mode, Permission};
use proptest::prelude::*;

const GUARDED: [&str; 3] = [
    include_str!("valid/everything.toml"),
    "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nstart = [\"a\"]\nhost = \"x\"\n\n\
     [app.shop.environment]\nPORT = \"1\"\n\n\
     [machine]\nmode = \"observe\"\nreboot = \"never\"\nmin_uptime = \"1h\"\n\n\
     [app.shop.headers]\nX = \"y\"\n",
    "[machine]\nmode = \"observe\"\n\n[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop\"\n",
];

/// The text with everything forbidden.
fn guarded(index: usize) -> String {
    GUARDED[index]
        .replace("mode = \"act\"", "mode = \"observe\"")
        .replace("reboot = \"allowed\"", "reboot = \"never\"")
}

/// What a loader makes of a text: what may be done, if it loads.
type Loader = fn(&str, bool) -> Option<(Mode, Permission)>;

fn real(text: &str, root: bool) -> Option<(Mode, Permission)> {
    let policy = load(text, &Host { root }).ok()?.config.policy;
    Some((policy.mode, policy.reboot))
}

/// S28: whatever loads of a damaged text must not permit more than the whole text did.
fn permits_no_more(text: &str) -> Result<(), TestCaseError> {
    permits_no_more_by(real, text)
}

fn permits_no_more_by(loader: Loader, text: &str) -> Result<(), TestCaseError> {
    for root in [false, true] {
        if let Some((mode, reboot)) = loader(text, root) {
            prop_assert_eq!(mode, Mode::Observe, "{}", text);
            prop_assert_eq!(reboot, Permission::Never, "{}", text);
        }
    }
    Ok(())
}

/// Loaders that are wrong, to prove that the check bites.
const MUTANTS: [(&str, Loader); 3] = [
    ("what cannot be read acts", |text, root| {
        real(text, root).or(Some((Mode::Act, Permission::Never)))
    }),
    ("a mode that is not said is act", |text, root| {
        let said = text.contains("mode = \"observe\"");
        real(text, root)
            .map(|(mode, reboot)| (if said { mode } else { Mode::Act }, reboot))
            .or_else(|| (!said && !text.contains("mode")).then_some((Mode::Act, Permission::Never)))
    }),
    ("a reboot that is not forbidden is allowed", |text, root| {
        let forbidden = text.contains("reboot = \"never\"");
        real(text, root)
            .map(|(mode, reboot)| (mode, if forbidden { reboot } else { Permission::Allowed }))
    }),
];

#[test]
fn s28_every_wrong_loader_is_noticed() {
    for (what, mutant) in MUTANTS {
        let noticed = (0..GUARDED.len()).any(|index| {
            let text = guarded(index);
            (0..text.lines().count())
                .any(|line| permits_no_more_by(mutant, &lines_with(&text, line, None)).is_err())
        });
        assert!(noticed, "not noticed: {what}");
    }
}

fn lines_with(text: &str, index: usize, line: Option<&str>) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    match line {
        Some(line) => lines[index] = line,
        None => {
            lines.remove(index);
        }
    }
    lines.join("\n")
}

#[test]
fn a_lost_line_never_widens_what_may_be_done() {
    for index in 0..GUARDED.len() {
        let text = guarded(index);
        assert!(load(&text, &Host { root: false }).is_ok(), "the whole text loads");
        for line in 0..text.lines().count() {
            permits_no_more(&lines_with(&text, line, None)).expect("no more than before");
        }
    }
}

#[test]
fn a_lost_character_never_widens_what_may_be_done() {
    for index in 0..GUARDED.len() {
        let text = guarded(index);
        for (at, _) in text.char_indices() {
            let mut damaged = text.clone();
            damaged.remove(at);
            permits_no_more(&damaged).expect("no more than before");
        }
    }
}

#[test]
fn a_text_without_a_machine_section_acts_and_never_reboots() {
    let text = "[app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n";
    let policy = load(text, &Host { root: true }).expect("three lines").config.policy;
    assert_eq!((policy.mode, policy.reboot), (Mode::Act, Permission::Never));
}

#[test]
fn a_large_text_that_is_wrong_throughout_is_answered_quickly() {
    let line = "a = [[[[{b={c=1}}]]]]\n";
    let keys: Vec<String> = (0..40_000).map(|key| format!("k{key} = 1")).collect();
    let mut text = keys.join("\n");
    let started = std::time::Instant::now();
    let report = load(&text, &Host { root: false }).expect_err("unknown keys");
    assert!(report.diagnostics.len() > 40_000);
    assert!(report.render("x.toml", &text, false).ends_with("more\n"));
    text = line.repeat(20_000);
    assert!(load(&text, &Host { root: false }).is_err());
    text = format!("a = {}", "[".repeat(500_000));
    assert!(load(&text, &Host { root: false }).is_err());
    text = "x".repeat(defib_config::TEXT_MAX + 1);
    assert!(load(&text, &Host { root: false }).is_err());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

/// Texts that look like configs, so that more than the parser is reached.
fn likely_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("[machine]".to_owned()),
        Just("[app.shop]".to_owned()),
        Just("[app.shop.probe.x]".to_owned()),
        Just("[app.shop.depends.db]".to_owned()),
        "(mode|reboot|url|tcp|unit|start|expect|interval|window|budget|process|headers|unix|family)",
        "(mode|reboot|url|tcp|unit|start|expect|interval|window|user|body_regex|reboot_on) = \
         (\"[ -~]{0,12}\"|[0-9]{1,20}|\\[\"[a-z0-9-]{0,7}\"\\]|\\{ [a-z]{1,6} = [0-9] \\})",
        "url = \"(http|https|http\\+unix)://[a-z0-9:@/%\\[\\].?#-]{0,20}\"",
        "tcp = \"[a-z0-9:/\\[\\].]{0,20}\"",
        "interval = \"[0-9]{1,20}(ms|s|m|h|d|x)[0-9]{0,2}(ms|s|m)?\"",
        "[ -~]{0,30}",
        "\\PC{0,10}",
    ];
    proptest::collection::vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

fn load_and_render(text: &str) -> Result<(), TestCaseError> {
    for root in [false, true] {
        let report = match load(text, &Host { root }) {
            Ok(loaded) => {
                for app in &loaded.config.policy.apps {
                    defib_config::rule_in_words(app, &loaded.config.policy);
                }
                loaded.warnings
            }
            Err(report) => {
                prop_assert!(report.error_count() > 0);
                report
            }
        };
        for one in &report.diagnostics {
            prop_assert!(!one.message.is_empty());
            prop_assert!(one.span.as_ref().is_none_or(|span| span.end <= text.len()));
        }
        report.render("x.toml", text, true);
        report.summary("x.toml", text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        load_and_render(&text)?;
    }

    #[test]
    fn any_likely_text_is_answered(text in likely_text()) {
        load_and_render(&text)?;
    }

    #[test]
    fn a_garbled_line_never_widens_what_may_be_done(
        which in 0..GUARDED.len(),
        at in any::<prop::sample::Index>(),
        garbage in "[ -~]{0,24}",
    ) {
        let text = guarded(which);
        let line = at.index(text.lines().count());
        permits_no_more(&lines_with(&text, line, Some(&garbage)))?;
    }

    #[test]
    fn a_line_with_one_wrong_character_never_widens_what_may_be_done(
        which in 0..GUARDED.len(),
        at in any::<prop::sample::Index>(),
        letter in any::<char>(),
    ) {
        let text = guarded(which);
        let (start, old) = text.char_indices().nth(at.index(text.chars().count())).expect("a char");
        let mut damaged = text.clone();
        damaged.replace_range(start..start + old.len_utf8(), letter.encode_utf8(&mut [0; 4]));
        permits_no_more(&damaged)?;
    }

    #[test]
    fn what_guard_writes_says_what_its_flags_say(
        url in "(http://127\\.0\\.0\\.1:[1-9][0-9]{0,3}/|\\PC{0,20})",
        command in proptest::option::of("\\PC{0,20}"),
        allow_reboot: bool,
        observe: bool,
        user in "\\PC{0,10}",
    ) {
        let options = defib_config::GuardOptions {
            url,
            start: command,
            allow_reboot,
            observe,
            settings: vec![("user", user)],
            ..Default::default()
        };
        let text = defib_config::guard_text(&options);
        load_and_render(&text)?;
        if let Ok(loaded) = load(&text, &Host { root: true }) {
            let policy = loaded.config.policy;
            prop_assert_eq!(policy.reboot == Permission::Allowed, allow_reboot);
            prop_assert_eq!(policy.mode == Mode::Observe, observe);
            prop_assert_eq!(policy.apps.len(), 1);
        }
    }
}
