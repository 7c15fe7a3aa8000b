//! What a valid text means: defaults, places, targets, processes, rungs.

use defib_config::spec::{
    App, ChildSpec, Config, Endpoint, Family, HttpSpec, ProbeKind, ProcessSource, StatusSet,
    Target, TlsSpec, UnitSpec,
};
use defib_config::{Host, load};
use defib_engine::effect::Rung;
use defib_engine::policy::{AppPolicy, Budget, ClassSet, Deadlines, RungSet, View};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn config(text: &str) -> Config {
    match load(text, &Host { root: false }) {
        Ok(loaded) => loaded.config,
        Err(report) => panic!("{}", report.render("text", text, false)),
    }
}

/// The only app of a text that has `lines` in its section.
fn app(lines: &str) -> (AppPolicy, App) {
    let mut config = config(&format!("[app.shop]\n{lines}\n"));
    (config.policy.apps.remove(0), config.apps.remove(0))
}

fn http(probe: &ProbeKind) -> &HttpSpec {
    match probe {
        ProbeKind::Http(spec) => spec,
        other => panic!("not http: {other:?}"),
    }
}

#[test]
fn the_defaults_are_the_fields_figures() {
    let (policy, app) = app("url = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"");
    let [probe] = policy.probes.as_slice() else { panic!("one probe") };
    assert_eq!((probe.name.as_str(), probe.view), ("url", View::App));
    assert_eq!((probe.interval_ms, probe.fast_ms, probe.timeout_ms), (5_000, 2_000, 3_000));
    let hour_and_day =
        Budget { short_ms: 3_600_000, short_limit: 4, long_ms: 86_400_000, long_limit: 10 };
    let expected = AppPolicy {
        name: "shop".to_owned(),
        probes: policy.probes.clone(),
        rungs: RungSet::NONE
            .with(Rung::Start)
            .with(Rung::Reload)
            .with(Rung::Restart)
            .with(Rung::Kill),
        process_known: true,
        reboot_on: ClassSet::REBOOT_DEFAULT,
        window_ms: 16_000,
        rise: 5,
        verify_ms: 20_000,
        start_grace_ms: 60_000,
        relapse_ms: 600_000,
        healthy_reset_ms: 600_000,
        backoff_first_ms: 10_000,
        backoff_max_ms: 300_000,
        budget: hour_and_day,
        incident_limit: 5,
        gentle_every_ms: 900_000,
        unknown_wait_ms: 300_000,
        deadlines: Deadlines {
            start_ms: 90_000,
            reload_ms: 20_000,
            restart_ms: 90_000,
            kill_ms: 90_000,
            reboot_ms: 180_000,
        },
    };
    assert_eq!(policy, expected);
    let spec = http(&app.probes[0].kind);
    assert_eq!(spec.endpoint, Endpoint::Ip(V4, 8000));
    assert_eq!((spec.method.as_str(), spec.target.as_str()), ("GET", "/"));
    assert_eq!((spec.host.as_str(), spec.tls.as_ref()), ("127.0.0.1:8000", None));
    assert_eq!(spec.expect, StatusSet(vec![(200, 200)]));
    assert_eq!((spec.body_max, spec.body_cap_is_fault, spec.redirects_max), (1 << 20, false, 0));
    let unit = UnitSpec { name: "shop.service".to_owned(), grace_ms: 3_000 };
    assert_eq!((app.target, app.process), (Target::Unit(unit), ProcessSource::Unit));
}

#[test]
fn a_public_url_is_also_looked_at_on_the_loopback() {
    let (policy, app) = app("url = \"https://shop.example.com/health\"");
    let views: Vec<_> = policy.probes.iter().map(|one| (one.name.as_str(), one.view)).collect();
    assert_eq!(views, [("url", View::UserPath), ("loopback", View::App)]);
    assert_eq!((app.probes[0].derived, app.probes[1].derived), (false, true));
    let (path, local) = (http(&app.probes[0].kind), http(&app.probes[1].kind));
    let host = "shop.example.com".to_owned();
    let named = Endpoint::Name { host: host.clone(), port: 443, family: Family::Any };
    assert_eq!((&path.endpoint, &local.endpoint), (&named, &Endpoint::Ip(V4, 443)));
    let tls = Some(TlsSpec { server_name: host.clone(), ca_file: None });
    assert_eq!((&local.host, &local.tls, &path.tls), (&host, &tls, &tls));
    assert_eq!(app.process, ProcessSource::Unknown);
    assert_ne!(policy.probes[0].fingerprint, policy.probes[1].fingerprint);
}

#[test]
fn a_connect_beside_a_look_that_asks_tells_only_whether_somebody_listens() {
    let views =
        |text: &str| -> Vec<View> { app(text).0.probes.iter().map(|probe| probe.view).collect() };
    let port = "[app.shop.probe.port]\ntcp = \"127.0.0.1:8000\"";
    assert_eq!(
        views(&format!("url = \"http://127.0.0.1:8000/\"\n{port}")),
        [View::App, View::Listener]
    );
    assert_eq!(views(&format!("command = [\"/bin/true\"]\n{port}")), [View::App, View::Listener]);
    assert_eq!(views("tcp = \"127.0.0.1:5432\""), [View::App], "the only witness there is");
    // It does not stand for the loopback's answer either.
    assert_eq!(
        views(&format!("url = \"http://192.0.2.7:8000/\"\n{port}")),
        [View::UserPath, View::App, View::Listener]
    );
}

#[test]
fn a_view_of_ones_own_replaces_the_derived_one() {
    let (policy, _) = app("url = \"https://shop.example.com/\"\n\
         [app.shop.probe.gunicorn]\nurl = \"http+unix:///run/shop.sock\"");
    let names: Vec<_> = policy.probes.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["url", "gunicorn"]);
    let (policy, _) = app("url = \"http://192.0.2.7:8000/\"\nview = \"app\"");
    assert_eq!(policy.probes.len(), 1);
    assert_eq!(policy.probes[0].view, View::App);
}

#[test]
fn urls_mean_places() {
    let cases: [(&str, Endpoint, &str, &str); 9] = [
        ("http://localhost", Endpoint::Ip(V4, 80), "localhost", "/"),
        ("HTTP://LocalHost:8000/a?b=c", Endpoint::Ip(V4, 8000), "localhost:8000", "/a?b=c"),
        ("http://shop.localhost:8000?b", Endpoint::Ip(V4, 8000), "shop.localhost:8000", "/?b"),
        ("http://[::1]:8000/", Endpoint::Ip(V6, 8000), "[::1]:8000", "/"),
        ("http://[::1]/", Endpoint::Ip(V6, 80), "[::1]", "/"),
        ("https://127.0.0.1:443/", Endpoint::Ip(V4, 443), "127.0.0.1", "/"),
        (
            "http+unix:///run/app.sock:/path?q=1:2",
            Endpoint::Unix(PathBuf::from("/run/app.sock")),
            "localhost",
            "/path?q=1:2",
        ),
        (
            "http+unix:///run/app.sock",
            Endpoint::Unix(PathBuf::from("/run/app.sock")),
            "localhost",
            "/",
        ),
        (
            "http://127.0.0.1:8000/?next=http://x/",
            Endpoint::Ip(V4, 8000),
            "127.0.0.1:8000",
            "/?next=http://x/",
        ),
    ];
    for (url, endpoint, host, target) in cases {
        let (policy, app) = app(&format!("url = \"{url}\""));
        let spec = http(&app.probes[0].kind);
        assert_eq!(spec.endpoint, endpoint, "{url}");
        assert_eq!((spec.host.as_str(), spec.target.as_str()), (host, target), "{url}");
        assert_eq!(policy.probes[0].view, View::App, "{url}");
    }
}

#[test]
fn a_socket_keeps_the_urls_host_and_name() {
    let (_, app) = app("url = \"https://shop.example.com/health\"\nunix = \"/run/shop.sock\"\n\
         ca_file = \"/etc/ca.pem\"");
    let [probe] = app.probes.as_slice() else { panic!("one probe") };
    let spec = http(&probe.kind);
    assert_eq!(spec.endpoint, Endpoint::Unix(PathBuf::from("/run/shop.sock")));
    assert_eq!(spec.host, "shop.example.com");
    let tls = TlsSpec {
        server_name: "shop.example.com".to_owned(),
        ca_file: Some(PathBuf::from("/etc/ca.pem")),
    };
    assert_eq!(spec.tls, Some(tls));
}

#[test]
fn the_process_is_known_where_it_can_be() {
    let url = "url = \"http://127.0.0.1:8000/\"\n";
    let cases = [
        ("start = [\"app\"]", ProcessSource::Child),
        ("unit = \"shop\"", ProcessSource::Unit),
        ("recover = [\"true\"]", ProcessSource::Port(8000)),
        ("", ProcessSource::Port(8000)),
        ("unix = \"/run/shop.sock\"", ProcessSource::Unknown),
        ("process = { pidfile = \"/run/a.pid\" }", ProcessSource::Pidfile("/run/a.pid".into())),
        ("process = { port = 9000 }", ProcessSource::Port(9000)),
        ("process = { pid = 4711 }", ProcessSource::Pid(4711)),
    ];
    for (lines, process) in cases {
        let (policy, app) = app(&format!("{url}{lines}"));
        assert_eq!(policy.process_known, process != ProcessSource::Unknown, "{lines}");
        assert_eq!(app.process, process, "{lines}");
    }
}

fn rungs(machine: &str, lines: &str) -> Vec<Rung> {
    let text = format!("{machine}[app.shop]\nurl = \"http://127.0.0.1:8000/\"\n{lines}\n");
    let set = config(&text).policy.apps[0].rungs;
    [Rung::Start, Rung::Reload, Rung::Restart, Rung::Kill, Rung::Reboot]
        .into_iter()
        .filter(|&rung| set.has(rung))
        .collect()
}

#[test]
fn rungs_follow_the_target() {
    use Rung::{Kill, Reboot, Reload, Restart, Start};
    assert_eq!(rungs("", "start = [\"app\"]"), [Start, Restart, Kill]);
    let by_hup = "start = [\"app\"]\nreload_by_hup = true";
    assert_eq!(rungs("", by_hup), [Start, Reload, Restart, Kill]);
    assert_eq!(rungs("", "unit = \"shop\""), [Start, Reload, Restart, Kill]);
    assert_eq!(rungs("", "recover = [\"true\"]"), [Start, Restart]);
    assert_eq!(rungs("", ""), []);
    assert_eq!(rungs("", "reboot_on = [\"dead\"]"), []);
    let allowed = "[machine]\nmode = \"act\"\nreboot = \"allowed\"\n";
    assert_eq!(rungs(allowed, "recover = [\"true\"]"), [Start, Restart, Reboot]);
    assert_eq!(rungs(allowed, ""), [], "only reported on");
    assert_eq!(rungs(allowed, "reboot_on = [\"dead\"]"), [Reboot]);
}

#[test]
fn apps_and_environment_keep_the_order_of_the_text() {
    let config = config(
        "[app.zoo]\nurl = \"http://127.0.0.1:1/\"\nstart = [\"zoo\", \"-v\"]\n\
         environment = { Z = \"1\", A = \"2\" }\n\
         [app.ant]\nurl = \"http://127.0.0.1:2/\"\n",
    );
    let names: Vec<_> = config.apps.iter().map(|app| app.name.as_str()).collect();
    assert_eq!(names, ["zoo", "ant"]);
    let child = ChildSpec {
        argv: vec!["zoo".to_owned(), "-v".to_owned()],
        user: None,
        directory: None,
        environment: vec![("Z".to_owned(), "1".to_owned()), ("A".to_owned(), "2".to_owned())],
        reload_by_hup: false,
        grace_ms: 3_000,
    };
    assert_eq!(config.apps[0].target, Target::Child(child));
}

#[test]
fn a_fingerprint_changes_with_the_aim_and_with_nothing_else() {
    let of = |lines: &str| app(lines).0.probes[0].fingerprint;
    let first = of("url = \"http://127.0.0.1:8000/\"");
    assert_eq!(first, of("url = \"http://127.0.0.1:8000/\"\ninterval = \"1s\""));
    assert_ne!(first, of("url = \"http://127.0.0.1:8001/\""));
    assert_ne!(first, of("url = \"http://127.0.0.1:8000/\"\nexpect = 204"));
}

#[test]
fn durations_are_read_as_they_are_shown() {
    for ms in [0, 1, 999, 1_000, 90_000, 5_400_000, 86_400_000, 90_061_001] {
        let shown = defib_config::duration_in_words(ms);
        assert_eq!(defib_config::parse_duration_ms(&shown), Some(ms), "{shown}");
    }
    for bad in ["", "5", "s", "5 s", "-5s", "5s5s", "5S", "1.5s", "99999999999999999999s"] {
        assert_eq!(defib_config::parse_duration_ms(bad), None, "{bad}");
    }
}
