//! Every act once, against nothing, before memory is locked: its code and its buffers are then in memory
//! when there is none left to read them into. `mlockall` with ONFAULT keeps only what was touched.
//!
//! Another executor is made for that, with [null targets](null): it admits, writes its ledger nowhere and
//! acts on nobody. What the real machine is asked for is asked about ourselves, whom nothing ever ends.

mod null;

use crate::boundary::{Call, Copies, Group, NoBoots, NoCleaner, NoWatchdog, Outside, Token};
use crate::executor::Executor;
use crate::machine::PoliteMachine;
use crate::notify::NoNotify;
use crate::process::{cgroup, evidence, handle, stat, tree};
use crate::{Assignment, AtEnd};
use defib_engine::effect::{Order, Purse, Rung};
use defib_engine::id::{AppId, IncidentId, IntentId};
use defib_engine::note::Class;
use defib_journal::ledger::Damaged;
use defib_journal::order::{PROTOCOL, Request};
use null::Null;

/// One app of each kind, with the shortest names.
const CONFIG: &str = "[machine]\nmode = \"act\"\n\
    [app.a]\nurl = \"http://127.0.0.1:1/\"\nstart = [\"true\"]\n\
    [app.b]\nurl = \"http://127.0.0.1:1/\"\nunit = \"b.service\"\n\
    [app.c]\nurl = \"http://127.0.0.1:1/\"\nrecover = [\"true\"]\n";

/// The acts, in an order that each finds what it is for.
const ACTS: [(u16, Rung, Class); 8] = [
    (0, Rung::Start, Class::Dead),
    (0, Rung::Restart, Class::Erroring),
    (0, Rung::Kill, Class::Hung),
    (0, Rung::Kill, Class::Memory),
    (1, Rung::Start, Class::Dead),
    (1, Rung::Restart, Class::Erroring),
    (1, Rung::Kill, Class::Spinning),
    (2, Rung::Restart, Class::Erroring),
];

/// The turns that an act may take here: each stage ends at once.
const TURNS: usize = 24;

/// We are never late here.
const NEVER_MS: u64 = u64::MAX / 2;

/// Does it. A few milliseconds, and nothing of it is left but pages in memory. `keep_program` is called when the
/// last of what only a start needs, the reading of a config, is done: what the acts need comes after it.
pub(crate) fn rehearse(keep_program: fn()) {
    rehearse_acts(keep_program);
    rehearse_calls();
}

/// Says how many acts ended as they should.
fn rehearse_acts(keep_program: fn()) -> usize {
    let null = Null::default();
    let assignment = Assignment {
        config_text: CONFIG.into(),
        config_path: None,
        config_fault: None,
        state_dir: "/".into(),
        at_end: AtEnd::LeaveApps,
    };
    let Ok(mut executor) = Executor::new(assignment, outside(&null)) else { return 0 };
    keep_program();
    executor.begin();
    executor.turn(&[], NEVER_MS);
    null.say(&Request::Hello { protocol: PROTOCOL });
    null.say(&Request::ConfigRead { accepted: true });
    executor.turn(&[Token::Guardian], NEVER_MS);
    for (number, (app, rung, class)) in ACTS.into_iter().enumerate() {
        let app = AppId(app);
        null.say(&Request::Identify { app });
        null.say(&Request::Evidence { app, incident: IncidentId(1) });
        null.say(&Request::Order(order(number as u64 + 1, app, rung, class)));
        for _ in 0..TURNS {
            null.say(&Request::Beat);
            executor.turn(&[Token::Guardian, Token::Manager, Token::Called(Call::Reap)], NEVER_MS);
        }
    }
    null.acted()
}

const fn order(intent: u64, app: AppId, rung: Rung, class: Class) -> Order {
    Order {
        intent: IntentId(intent),
        app,
        incident: IncidentId(1),
        rung,
        purse: if matches!(rung, Rung::Start) { Purse::Free } else { Purse::Ladder },
        class,
        identity: None,
        deadline_ms: 2_000,
    }
}

fn outside(null: &Null) -> Outside {
    Outside {
        clock: Box::new(null.clone()),
        boot_id: [0; 16],
        host: defib_config::Host { root: false },
        processes: Box::new(null.clone()),
        children: Box::new(null.clone()),
        ledger: Copies {
            fast: Box::new(null.clone()),
            fast_name: String::new(),
            on_disk: Err(Damaged::Empty),
            writer: Box::new(null.clone()),
        },
        files: Box::new(null.clone()),
        cleaner: Box::new(NoCleaner),
        guardians: Box::new(null.clone()),
        manager: Box::new(null.clone()),
        machine: Box::new(PoliteMachine),
        watchdog: Box::new(NoWatchdog("a rehearsal holds none")),
        boots: Box::new(NoBoots),
        notify: Box::new(NoNotify),
    }
}

/// The kernel's side, asked about ourselves: a signal to us is refused, and our cgroup is nobody's.
fn rehearse_calls() {
    let Some(own) = stat::read(std::process::id()).map(|stat| stat.identity) else { return };
    if let Some(held) = handle::open(own) {
        let _ = handle::is_gone(&held);
        let _ = handle::signal(&held, crate::boundary::Signal::Cont);
        if let Some(fd) = held.fd() {
            // Refused, because we are not dying.
            crate::sys::mrelease::mrelease(fd);
        }
    }
    let _ = (tree::members(own), evidence::of_process(own));
    let _ = (cgroup::of_unit(own, "-"), cgroup::of_child(own, "-"));
    if let Some(group) = cgroup::nothing(own) {
        let _ = (group.strike(), group.is_empty());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_act_is_done_on_nothing() {
        assert_eq!(super::rehearse_acts(|| ()), super::ACTS.len());
    }

    #[test]
    fn nothing_that_is_real_is_harmed() {
        super::rehearse(|| ());
    }
}
