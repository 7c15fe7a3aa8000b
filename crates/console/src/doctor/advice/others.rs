//! Advice about other healers, and about defib itself.

use super::Finding;
use crate::doctor::facts::healer::{Healer, Kind};
use crate::doctor::rungs::{Case, MACHINE};

/// The guardian's own user.
const GUARDIAN: &str = "defib";

pub(super) fn findings(case: Case<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = case.facts.healers.iter().map(healer).collect();
    found.extend(guardian(case));
    found.extend(nobody(case));
    found
}

fn healer(healer: &Healer) -> Finding {
    match healer.kind {
        Kind::Program => Finding::advice(
            "healer-program",
            MACHINE,
            format!("{} runs here too", healer.what),
            "two healers of one app undo each other's restarts, and each has a budget of its own"
                .to_owned(),
        )
        .person(format!("let only one of the two act on an app: take it out of {}", healer.what)),
        Kind::Cron => Finding::advice(
            "healer-cron",
            MACHINE,
            format!("a line of cron heals too ({})", healer.what),
            "it has no budget: it restarts or reboots at every run while the site is down"
                .to_owned(),
        )
        .run("defib import cron"),
    }
}

/// The one that reads foreign bytes should own nothing.
fn guardian(case: Case<'_>) -> Option<Finding> {
    let guardian = case.facts.guardian.as_ref().filter(|guardian| guardian.user == 0)?;
    let found = Finding::advice(
        "guardian-root",
        MACHINE,
        format!("the guardian (pid {}) runs as root", guardian.pid),
        "it reads what applications and networks send: with a user of its own, who breaks into it has \
         not the machine yet"
            .to_owned(),
    );
    let found = found
        .run(format!("useradd --system --no-create-home --shell /usr/sbin/nologin {GUARDIAN}"));
    Some(if case.facts.manager.is_systemd {
        found.run("systemctl restart defib")
    } else {
        found.person("start defib again")
    })
}

/// A config, and nobody who reads it.
fn nobody(case: Case<'_>) -> Option<Finding> {
    let is_idle = case.config.is_some() && case.facts.executor.is_none();
    (is_idle && case.words.iter().all(|word| word.status.is_err())).then(|| {
        let found = Finding::advice(
            "nobody-guards",
            MACHINE,
            "no agent runs: there is a config, and nothing is guarded".to_owned(),
            "none of its apps would be brought back".to_owned(),
        );
        if case.facts.manager.is_systemd && case.as_root {
            found.run("systemctl enable --now defib")
        } else {
            found.run("defib daemon")
        }
    })
}
