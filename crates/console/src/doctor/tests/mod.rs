//! The doctor on machines made of files: its whole word, and single facts.

mod stalls;
mod tree;

use super::advice::Severity;
use super::draw;
use super::facts::Facts;
use super::facts::root::Root;
use super::json;
use super::report::{Read, Report};
use super::rungs::State;
use super::word::Word;
use crate::agents::{AgentStatus, AppStatus};
use crate::style::Style;
use defib_config::spec::Config;
use defib_config::{Host, load};
use tree::Tree;

const UNIT: &str = "[machine]\nmode = \"act\"\nreboot = \"allowed\"\n\
                    [app.shop]\nurl = \"http://127.0.0.1:8000/\"\nunit = \"shop.service\"\n";

const CHILD: &str = "[machine]\nmode = \"act\"\nreboot = \"allowed\"\n\
                     [app.shop]\nurl = \"http://127.0.0.1:8000/\"\n\
                     start = [\"/srv/shop\"]\nuser = \"www-data\"\n";

fn config(text: &str) -> Config {
    load(text, &Host { root: true }).expect("a good config").config
}

fn looked(tree: &Tree, text: &str, words: Vec<Word>) -> Report {
    let config = config(text);
    let pids: Vec<u64> = words.iter().filter_map(|word| word.status.as_ref().ok()?.pid).collect();
    let facts = Facts::read(&Root::at(tree.path()), Some(&config), &pids);
    let said = "/etc/defib/defib.toml".to_owned();
    Report::of(facts, Read { said, config: Some(config), ..Read::default() }, words, true)
}

fn shown(report: &Report) -> String {
    format!("{}exit code {}\n", draw::text(report, false, Style::PLAIN), report.code())
}

fn ids(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.id).collect()
}

fn state<'a>(report: &'a Report, about: &str, name: &str) -> &'a State {
    let mut rungs = report.table.iter();
    &rungs.find(|rung| rung.about == about && rung.name == name).expect("such a rung").state
}

#[test]
fn a_small_guest_as_debian_leaves_it() {
    insta::assert_snapshot!(shown(&looked(&Tree::small_guest(), UNIT, Vec::new())));
}

#[test]
fn a_small_guest_that_took_the_advice() {
    let report = looked(&Tree::cured_guest(), UNIT, Vec::new());
    assert_eq!(report.code(), 0, "{:?}", report.findings);
    insta::assert_snapshot!(shown(&report));
}

#[test]
fn a_container_can_restart_and_nothing_more() {
    insta::assert_snapshot!(shown(&looked(&Tree::container(), CHILD, Vec::new())));
}

#[test]
fn an_old_hybrid_without_systemd() {
    let report = looked(&Tree::hybrid(), CHILD, Vec::new());
    insta::assert_snapshot!(shown(&report));
    insta::assert_snapshot!("plain", draw::plain(&report));
}

#[test]
fn a_unit_where_systemd_is_not() {
    let report = looked(&Tree::hybrid(), UNIT, Vec::new());
    assert_eq!((report.code(), report.count(Severity::Impossible)), (2, 1));
    let why = "a unit needs systemd, and PID 1 is busybox".to_owned();
    assert_eq!(*state(&report, "shop", "restart"), State::Cannot(why));
}

#[test]
fn a_unit_that_is_missing_or_masked_breaks_the_promise() {
    let tree = Tree::cured_guest();
    tree.remove("/etc/systemd/system/shop.service");
    let report = looked(&tree, UNIT, Vec::new());
    assert_eq!((report.code(), ids(&report)), (2, vec!["rung-impossible"]));
    assert_eq!(report.findings[0].why, "there is no unit shop.service");
    tree.link("/etc/systemd/system/shop.service", "/dev/null");
    let report = looked(&tree, UNIT, Vec::new());
    assert_eq!(report.findings[0].why, "shop.service is masked");
}

#[test]
fn pid_1_has_the_watchdog() {
    let tree = Tree::cured_guest();
    tree.file("/etc/systemd/system.conf", "[Manager]\n#RuntimeWatchdogSec=off\n")
        .file("/etc/systemd/system.conf.d/10.conf", "[Manager]\nRuntimeWatchdogSec=20s\n")
        .file("/sys/class/watchdog/watchdog0/state", "active\n");
    let report = looked(&tree, UNIT, Vec::new());
    let how = "watchdog0 (i6300ESB timer), resets after 30 s unfed: PID 1 feeds it \
               (RuntimeWatchdogSec=20s), so PID 1's is used";
    assert_eq!(*state(&report, "machine", "watchdog"), State::Can(how.into()));
}

#[test]
fn another_daemon_has_the_watchdog() {
    let tree = Tree::cured_guest();
    tree.file("/sys/class/watchdog/watchdog0/state", "active\n").process(
        99,
        (1, "watchdog", 0, "/usr/sbin/watchdog"),
        (0, "0::/x\n"),
    );
    let report = looked(&tree, UNIT, Vec::new());
    let why = "watchdog0 (i6300ESB timer), resets after 30 s unfed: the watchdog daemon has it open, \
               and only one can";
    assert_eq!(*state(&report, "machine", "watchdog"), State::Cannot(why.into()));
    assert_eq!((ids(&report), report.code()), (vec!["healer-program"], 1));
}

#[test]
fn each_setting_is_advised_alone() {
    let dropped = |line: &str, id: &str| {
        let tree = Tree::cured_guest();
        let text = format!("[Service]\n{line}\n");
        tree.file("/etc/systemd/system/shop.service.d/99.conf", &text);
        let report = looked(&tree, UNIT, Vec::new());
        assert_eq!((ids(&report), report.code()), (vec![id], 1), "{line}");
        report.findings[0].what.clone()
    };
    let what = dropped("TimeoutStopSec=90", "stop-timeout");
    assert_eq!(what, "shop.service may take 90 s to stop (TimeoutStopSec=90)");
    let what = dropped("TimeoutStopSec=infinity", "stop-timeout");
    assert_eq!(what, "shop.service may take for ever to stop (TimeoutStopSec=infinity)");
    assert_eq!(dropped("OOMPolicy=stop", "oom-policy"), "shop.service has OOMPolicy=stop");
    let what = dropped("MemoryMax=4G", "memory-limit");
    assert_eq!(what, "the memory limit of shop.service (4G) is no limit here");
    dropped("WatchdogSec=10s", "healer-unit-watchdog");
}

#[test]
fn drop_ins_count_in_systemds_order() {
    let tree = Tree::cured_guest();
    let stop = |time: &str| format!("[Service]\nTimeoutStopSec={time}\n");
    let found = || ids(&looked(&tree, UNIT, Vec::new()));
    // Of two of one name the one in /etc counts, whatever the other says.
    tree.file("/usr/lib/systemd/system/shop.service.d/90.conf", &stop("90"));
    assert_eq!(found(), ["stop-timeout"]);
    tree.file("/etc/systemd/system/shop.service.d/90.conf", &stop("20"));
    assert_eq!(found(), [""; 0]);
    // By name, wherever they are; and what is for all services counts, too.
    tree.file("/etc/systemd/system/service.d/95.conf", &stop("95"));
    assert_eq!(found(), ["stop-timeout"]);
    tree.remove("/etc/systemd/system/service.d/95.conf");
    // Another name of a unit has the drop-ins of both.
    tree.remove("/etc/systemd/system/shop.service")
        .file("/usr/lib/systemd/system/store.service", "[Service]\nExecStart=/bin/true\n")
        .link("/etc/systemd/system/shop.service", "../../../usr/lib/systemd/system/store.service")
        .file("/etc/systemd/system/store.service.d/99.conf", &stop("90"));
    assert_eq!(found(), ["stop-timeout"]);
}

#[test]
fn kernel_settings_are_advised_alone() {
    let changed = |path: &str, text: &str| {
        let tree = Tree::cured_guest();
        tree.file(path, text);
        ids(&looked(&tree, UNIT, Vec::new()))
    };
    assert_eq!(changed("/proc/sys/kernel/panic", "0\n"), ["kernel-panic"]);
    assert_eq!(changed("/proc/sys/kernel/panic", "-1\n"), [""; 0]);
    assert_eq!(changed("/proc/sys/vm/panic_on_oom", "1\n"), ["panic-on-oom"]);
    assert_eq!(changed("/proc/pressure/memory", ""), ["pressure-off"]);
    let volatile = "[Journal]\nStorage=volatile\n";
    assert_eq!(changed("/etc/systemd/journald.conf", volatile), ["journal-volatile"]);
    assert_eq!(changed("/proc/410/oom_score_adj", "-17\n"), ["oom-score-sshd"]);
    let cron = "* * * * * root wget -q http://a/ || systemctl restart shop\n";
    assert_eq!(changed("/etc/cron.d/shop", cron), ["healer-cron"]);
    let root = "Name:\tdefib\nVmSize:\t9 kB\nPPid:\t700\nUid:\t0\t0\t0\t0\n";
    assert_eq!(changed("/proc/701/status", root), ["guardian-root"]);
}

#[test]
fn what_is_not_allowed_is_no_broken_promise() {
    let never = UNIT.replace("reboot = \"allowed\"\n", "");
    let report = looked(&Tree::cured_guest(), &never, Vec::new());
    let why = "reboot = \"never\" in [machine]".to_owned();
    assert_eq!(*state(&report, "machine", "reboot(2)"), State::NotAllowed(why));
    assert_eq!(report.code(), 0);
    let observing = UNIT.replace("\"act\"", "\"observe\"");
    let report = looked(&Tree::cured_guest(), &observing, Vec::new());
    assert!(matches!(state(&report, "shop", "kill"), State::NotAllowed(_)));
    assert!(matches!(state(&report, "machine", "sysrq s-u-b"), State::NotAllowed(_)));
    assert_eq!(report.code(), 0);
}

#[test]
fn a_user_without_power_is_told_so() {
    let config = config(UNIT);
    let facts = Facts::read(&Root::at(Tree::small_guest().path()), Some(&config), &[]);
    let read = Read { config: Some(config), ..Read::default() };
    let report = Report::of(facts, read, Vec::new(), false);
    assert_eq!(report.code(), 2);
    assert!(matches!(state(&report, "machine", "watchdog"), State::Cannot(_)));
}

#[test]
fn the_running_agent_is_believed_when_it_says_no() {
    let app = AppStatus {
        app: "shop".into(),
        rungs: ["start", "restart"].map(Into::into).into(),
        why_not: Some("kill: its cgroup is shared; reboot: an inhibitor".into()),
        ..AppStatus::default()
    };
    let status = AgentStatus { apps: vec![app], mode: "act".into(), ..AgentStatus::default() };
    let word = Word { socket: "/run/defib/defib.sock".into(), status: Ok(status) };
    let report = looked(&Tree::cured_guest(), UNIT, vec![word]);
    let why = |text: &str| State::Cannot(format!("the running agent says: {text}"));
    assert_eq!(*state(&report, "shop", "kill"), why("its cgroup is shared"));
    assert_eq!(*state(&report, "machine", "polite reboot"), why("an inhibitor"));
    assert!(matches!(state(&report, "shop", "restart"), State::Can(_)));
    assert_eq!((ids(&report), report.code()), (vec!["rung-impossible"; 2], 2));
}

#[test]
fn of_two_agents_the_one_that_answers_is_meant() {
    let tree = Tree::cured_guest();
    tree.process(90, (1, "defib", 0, "/opt/defib daemon"), (0, "0::/x\n")).process(
        91,
        (90, "defib", 0, "/opt/defib guardian"),
        (0, "0::/x\n"),
    );
    let status = AgentStatus { pid: Some(701), ..AgentStatus::default() };
    let word = Word { socket: "/run/defib/defib.sock".into(), status: Ok(status) };
    let report = looked(&tree, UNIT, vec![word]);
    assert_eq!(report.facts.executor.as_ref().map(|it| it.pid), Some(700));
    assert_eq!(report.code(), 0, "{:?}", report.findings);
    assert_eq!(ids(&looked(&tree, UNIT, Vec::new())), ["guardian-root"]);
}

#[test]
fn json_says_the_same() {
    let report = looked(&Tree::small_guest(), UNIT, Vec::new());
    let drawn = json::draw(&report);
    assert_eq!((&drawn["schema"], &drawn["code"]), (&"defib.doctor/1".into(), &1.into()));
    assert_eq!(drawn["findings"].as_array().map(Vec::len), Some(report.findings.len()));
    assert_eq!(drawn["machine"]["watchdogs"][0]["identity"], "i6300ESB timer");
    assert_eq!(drawn["units"][0]["pid"], 520);
    let text = "[Service]\nMemoryHigh=413M\nMemoryMax=472M\n";
    assert_eq!(drawn["findings"][0]["fixes"][0]["text"], text);
}

#[test]
fn a_machine_of_nothing_says_what_it_can() {
    let empty = Tree::new();
    let facts = Facts::read(&Root::at(empty.path()), None, &[]);
    let report = Report::of(facts, Read::default(), Vec::new(), true);
    assert_eq!(report.table.len(), 5);
    assert!(report.table.iter().all(|rung| !rung.is_promised));
    assert_eq!(report.code(), 0, "{:?}", report.findings);
}

#[test]
fn a_clean_up_needs_its_folder_and_not_a_link_to_it() {
    let text = UNIT.replace(
        "reboot = \"allowed\"\n",
        "reboot = \"allowed\"\nclean = [{ folder = \"/var/log/shop\", match = \"*.gz\", older = \"7d\" }]\n",
    );
    let tree = Tree::cured_guest();
    let report = looked(&tree, &text, Vec::new());
    let why = "/var/log/shop: there is no such folder".to_owned();
    assert_eq!(*state(&report, "full disk", "clean"), State::Cannot(why));
    assert_eq!(report.code(), 2);
    tree.folder("/srv/logs").link("/var/log/shop", "/srv/logs");
    let report = looked(&tree, &text, Vec::new());
    let why = "/var/log/shop: a symbolic link leads there; name the folder itself".to_owned();
    assert_eq!(*state(&report, "full disk", "clean"), State::Cannot(why));
    tree.remove("/var/log/shop");
    tree.folder("/var/log/shop");
    let report = looked(&tree, &text, Vec::new());
    let how = "*.gz in /var/log/shop older than 7d, when its disk is full".to_owned();
    assert_eq!(*state(&report, "full disk", "clean"), State::Can(how));
    assert_eq!(report.code(), 0, "{:?}", report.findings);
}
