//! How soon a stall of memory is seen.

use super::tree::Tree;
use super::{UNIT, looked};
use crate::agents::AgentStatus;
use crate::doctor::summary::lines;
use crate::doctor::word::Word;

fn said(tree: &Tree, status: Option<AgentStatus>) -> String {
    let word = |status| Word { socket: "/run/defib/defib.sock".into(), status: Ok(status) };
    let report = looked(tree, UNIT, status.map(word).into_iter().collect());
    let line = lines(&report).into_iter().find(|(heading, _)| *heading == "stalls");
    line.expect("it is said").1
}

#[test]
fn the_kernel_tells_where_no_agent_does() {
    let tree = Tree::small_guest();
    assert!(said(&tree, None).contains("within 2 s (a PSI trigger) if this kernel"));
    tree.file("/proc/sys/kernel/osrelease", "6.5.0-1-amd64\n");
    assert_eq!(said(&tree, None), "one of memory wakes defib within 2 s (a PSI trigger)");
    tree.file("/proc/pressure/memory", "");
    assert!(said(&tree, None).ends_with("each 5 s: pressure (PSI) is switched off"));
    tree.remove("/proc/pressure/memory");
    assert!(said(&tree, None).ends_with("each 5 s: there is no pressure (PSI)"));
}

#[test]
fn an_agent_that_says_so_is_believed_and_an_older_one_does_not_say() {
    let tree = Tree::small_guest();
    let agent = |trigger_readings, error: Option<&str>| AgentStatus {
        trigger_readings,
        trigger_error: error.map(str::to_owned),
        ..AgentStatus::default()
    };
    let has = said(&tree, Some(agent(Some(3), None)));
    assert_eq!(has, "one of memory wakes defib within 2 s (a PSI trigger)");
    let has_not = said(&tree, Some(agent(Some(0), Some("not for us"))));
    assert_eq!(has_not, "one of memory is found by the reading each 5 s: not for us");
    assert_eq!(said(&tree, Some(agent(None, None))), said(&tree, None));
}
