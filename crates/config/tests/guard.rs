//! The command line of `guard` as a config.

use defib_config::spec::{CommandSpec, ProbeKind, Target};
use defib_config::{GuardOptions, Host, guard_name, guard_text, load};
use defib_engine::effect::Rung;
use defib_engine::policy::{Mode, Permission};

const URL: &str = "http://127.0.0.1:8000/";

fn options() -> GuardOptions {
    GuardOptions { url: URL.to_owned(), ..GuardOptions::default() }
}

#[test]
fn flags_become_a_text_that_a_person_can_keep() {
    let options = GuardOptions {
        start: Some("gunicorn -w 2 'shop:make_app(\"x\")'".to_owned()),
        settings: vec![
            ("interval", "1s".to_owned()),
            ("rise", "3".to_owned()),
            ("expect", "200".to_owned()),
        ],
        ..options()
    };
    let text = guard_text(&options);
    let expected = r#"[machine]
mode = "act"
reboot = "never"

[app.app-8000]
url = "http://127.0.0.1:8000/"
start = ["gunicorn", "-w", "2", "shop:make_app(\"x\")"]
interval = "1s"
rise = 3
expect = "200"
"#;
    assert_eq!(text, expected);
    let config = load(&text, &Host { root: false }).expect("a config").config;
    let Target::Child(child) = &config.apps[0].target else { panic!("a child") };
    assert_eq!(child.argv, ["gunicorn", "-w", "2", "shop:make_app(\"x\")"]);
    assert_eq!(
        (config.policy.apps[0].probes[0].interval_ms, config.policy.apps[0].rise),
        (1_000, 3)
    );
}

#[test]
fn a_command_is_split_but_no_shell_is_run() {
    let options = GuardOptions { recover: Some("a $HOME `b` ; c > d".to_owned()), ..options() };
    let config = load(&guard_text(&options), &Host { root: true }).expect("a config").config;
    let argv = ["a", "$HOME", "`b`", ";", "c", ">", "d"].map(str::to_owned).to_vec();
    assert_eq!(config.apps[0].target, Target::Recover(CommandSpec { argv, user: None }));
}

#[test]
fn an_open_quote_is_an_error_and_not_a_guess() {
    let options = GuardOptions { start: Some("gunicorn 'x".to_owned()), ..options() };
    let text = guard_text(&options);
    let report = load(&text, &Host { root: false }).expect_err("an error");
    let summary = report.summary("guard", &text);
    assert!(summary.contains("a quote is not closed"), "{summary}");
}

#[test]
fn a_reboot_needs_its_flag_even_without_a_target() {
    let allowed = GuardOptions { allow_reboot: true, ..options() };
    for (options, permission) in [(options(), Permission::Never), (allowed, Permission::Allowed)] {
        let loaded = load(&guard_text(&options), &Host { root: false }).expect("a config");
        let policy = loaded.config.policy;
        assert_eq!((policy.mode, policy.reboot), (Mode::Act, permission));
        assert_eq!(policy.apps[0].rungs.has(Rung::Reboot), permission == Permission::Allowed);
        assert!(loaded.warnings.is_empty());
    }
}

#[test]
fn root_must_name_a_user_for_what_it_starts() {
    let mut options = GuardOptions { start: Some("app".to_owned()), ..options() };
    let root = Host { root: true };
    let report = load(&guard_text(&options), &root).expect_err("an error");
    assert_eq!(report.error_count(), 1);
    options.settings.push(("user", "www-data".to_owned()));
    assert!(load(&guard_text(&options), &root).is_ok());
}

#[test]
fn names_come_from_the_target() {
    let of = |url: &str, unit: Option<&str>, name: Option<&str>| {
        guard_name(&GuardOptions {
            url: url.to_owned(),
            unit: unit.map(str::to_owned),
            name: name.map(str::to_owned),
            ..GuardOptions::default()
        })
    };
    assert_eq!(of(URL, Some("Shop@1.service"), Some("mine")), "mine");
    assert_eq!(of(URL, Some("Shop@1.service"), None), "shop-1");
    assert_eq!(of("http://localhost:9000/x", None, None), "app-9000");
    assert_eq!(of("https://shop.example.com/", None, None), "shop-example-com");
    assert_eq!(of("http+unix:///run/shop.sock", None, None), "shop");
    assert_eq!(of("http://192.0.2.1:81/", None, None), "192-0-2-1-81");
    assert_eq!(of("nonsense", None, None), "app");
}

#[test]
fn a_mere_connect_is_a_url_too() {
    let options = GuardOptions { url: "tcp://127.0.0.1:5432/".to_owned(), ..options() };
    let text = guard_text(&options);
    assert!(text.ends_with("[app.app-5432]\ntcp = \"127.0.0.1:5432\"\n"), "{text}");
    let config = load(&text, &Host { root: false }).expect("a config").config;
    assert!(matches!(config.apps[0].probes[0].kind, ProbeKind::Tcp(_)));
}
