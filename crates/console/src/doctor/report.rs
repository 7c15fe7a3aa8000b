//! All that the doctor found, before it is drawn.

use super::advice::{Finding, Fix, Severity, findings};
use super::facts::Facts;
use super::rungs::{Case, Rung, table};
use super::word::Word;
use defib_config::spec::Config;
use defib_engine::scale::FOR_A_LAB_ONLY;

/// What the config was, for the report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Read {
    /// The file.
    pub(crate) path: String,
    /// The file and what came of it, in words.
    pub(crate) said: String,
    /// The config, if it is good.
    pub(crate) config: Option<Config>,
    /// Whether it is wrong, or was named and cannot be read: then nothing is guarded.
    pub(crate) is_broken: bool,
    /// Whether only another user may read it.
    pub(crate) is_unseen: bool,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Report {
    /// The config in words.
    pub(crate) config: String,
    /// What was read.
    pub(crate) facts: Facts,
    /// What agents said.
    pub(crate) words: Vec<Word>,
    /// Whether it was judged for a defib of root's.
    pub(crate) as_root: bool,
    /// The rungs.
    pub(crate) table: Vec<Rung>,
    /// The advice.
    pub(crate) findings: Vec<Finding>,
    /// What this user was not allowed to see.
    pub(crate) unseen: Vec<String>,
}

impl Report {
    /// Judges what was read.
    pub(crate) fn of(facts: Facts, read: Read, words: Vec<Word>, as_root: bool) -> Report {
        let config = read.config.as_ref();
        let case = Case { facts: &facts, config, as_root, words: &words };
        let table = table(case);
        let mut findings = findings(case, &table);
        if read.is_broken {
            findings.insert(0, broken(&read));
        }
        findings.splice(0..0, FOR_A_LAB_ONLY.map(lab_build));
        let only_root = |what: &String| format!("{what} (only root may)");
        let mut unseen: Vec<String> = facts.unseen.iter().map(only_root).collect();
        if read.is_unseen {
            unseen.push(format!("the config, and so the apps: {}", read.said));
        }
        for word in &words {
            if let Err(error) = &word.status {
                let said = error.sentence(&word.socket).replace('\n', "; ");
                unseen.push(format!("what the agent says: {said}"));
            }
        }
        Report { config: read.said, facts, words, as_root, table, findings, unseen }
    }

    /// How many findings are so bad.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// 0: nothing to say; 1: advice; 2: something promised is impossible.
    pub(crate) fn code(&self) -> u8 {
        match (self.count(Severity::Impossible), self.findings.len()) {
            (0, 0) => 0,
            (0, _) => 1,
            _ => 2,
        }
    }
}

fn lab_build(words: &str) -> Finding {
    Finding {
        id: "lab-build",
        severity: Severity::Impossible,
        about: super::rungs::MACHINE.to_owned(),
        what: words.to_owned(),
        why: "it may reboot this machine sixty times as often as it should".to_owned(),
        fixes: vec![Fix::Do("install an ordinary build".to_owned())],
    }
}

fn broken(read: &Read) -> Finding {
    Finding {
        id: "config-broken",
        severity: Severity::Impossible,
        about: super::rungs::MACHINE.to_owned(),
        what: format!("the config cannot be used: {}", read.said),
        why: "none of its apps is guarded after the next start".to_owned(),
        fixes: vec![Fix::Run(format!("defib check {}", read.path))],
    }
}
