//! What is known of one app, its acts and its probes.

use crate::fact::By;
use crate::plan::{AppFault, Remedy};
use defib_engine::effect::Order;
use defib_engine::id::Identity;
use defib_engine::policy::{AppPolicy, View};
use defib_engine::seen::Seen;

/// Of the memory that there is to take, in permille: so much is a tenth of the machine's.
pub(in crate::check) const A_TENTH: u64 = 170;

/// One app.
pub(in crate::check) struct AppScene {
    pub(in crate::check) process: Option<Identity>,
    pub(in crate::check) born_ms: u64,
    pub(in crate::check) born_by: By,
    pub(in crate::check) died_ms: u64,
    pub(in crate::check) permille: u16,
    pub(in crate::check) serves_since_ms: u64,
    pub(in crate::check) is_wanted: bool,
    pub(in crate::check) wanted_since_ms: u64,
    pub(in crate::check) held_since_ms: u64,
    pub(in crate::check) held_until_ms: u64,
    pub(in crate::check) faults: Vec<Active>,
    /// When a person was last busy with it.
    pub(super) person_ms: u64,
    /// When a fault of it last ended, and which did then.
    pub(in crate::check) cured_ms: u64,
    pub(in crate::check) cured: Vec<Active>,
    /// When more load than it carries last ended; the queue that it left behind stays with its process.
    pub(in crate::check) crowded_ms: u64,
    pub(in crate::check) acts: Vec<Act>,
    pub(in crate::check) probes: Vec<ProbeScene>,
    pub(in crate::check) void_ms: u64,
    /// A person was told that they have to come, and the incident is open.
    pub(in crate::check) handed_over: bool,
}

/// A fault that is there.
#[derive(Clone, Copy)]
pub(in crate::check) struct Active {
    pub(in crate::check) fault: AppFault,
    pub(super) remedy: Remedy,
    pub(in crate::check) since_ms: u64,
    pub(super) until_ms: u64,
}

/// An act, from its intent on.
#[derive(Clone, Copy, Debug)]
pub(in crate::check) struct Act {
    pub(in crate::check) order: Order,
    pub(in crate::check) intended_ms: u64,
    /// The disk took what was written of it.
    pub(in crate::check) is_kept: bool,
    pub(in crate::check) began_ms: Option<u64>,
    /// It was to end something that ran.
    pub(in crate::check) ends: bool,
    /// It did.
    pub(in crate::check) ended: bool,
    pub(in crate::check) is_over: bool,
    /// The hand could not do it.
    pub(in crate::check) failed: bool,
}

/// One probe.
#[derive(Clone, Copy)]
pub(in crate::check) struct ProbeScene {
    pub(in crate::check) began_ms: u64,
    pub(in crate::check) ended_ms: u64,
    pub(in crate::check) seen: Option<Seen>,
    /// Looks that began since what was seen last became void.
    pub(in crate::check) fresh: u32,
    /// Failing looks in a row, and when the first of them began.
    pub(in crate::check) failing: u32,
    pub(in crate::check) failing_since_ms: u64,
    /// When it last saw what it should.
    pub(in crate::check) good_ms: Option<u64>,
    /// When it last saw a failure.
    pub(in crate::check) failed_ms: Option<u64>,
}

impl AppScene {
    pub(super) fn new(rules: &AppPolicy) -> AppScene {
        let probe = ProbeScene {
            began_ms: 0,
            ended_ms: 0,
            seen: None,
            fresh: 0,
            failing: 0,
            failing_since_ms: 0,
            good_ms: None,
            failed_ms: None,
        };
        AppScene {
            process: None,
            born_ms: 0,
            born_by: By::Manager,
            died_ms: 0,
            permille: 0,
            serves_since_ms: 0,
            is_wanted: true,
            wanted_since_ms: 0,
            held_since_ms: 0,
            held_until_ms: 0,
            faults: Vec::new(),
            person_ms: 0,
            cured_ms: 0,
            cured: Vec::new(),
            crowded_ms: 0,
            acts: Vec::new(),
            probes: vec![probe; rules.probes.len()],
            void_ms: 0,
            handed_over: false,
        }
    }

    pub(super) fn born(&mut self, at_ms: u64, identity: Identity, by: By) {
        (self.process, self.born_ms, self.born_by) = (Some(identity), at_ms, by);
        self.end_faults(at_ms, |active| active.remedy.new_process);
    }

    pub(super) fn end_faults(&mut self, at_ms: u64, which: impl Fn(&Active) -> bool) {
        let (ended, left): (Vec<Active>, Vec<Active>) =
            self.faults.iter().partition(|it| which(it));
        if ended.iter().any(|active| matches!(active.fault, AppFault::Busy { .. })) {
            self.crowded_ms = at_ms;
        }
        if !ended.is_empty() {
            (self.faults, self.cured, self.cured_ms) = (left, ended, at_ms);
        }
    }

    pub(super) fn void(&mut self, at_ms: u64) {
        self.void_ms = at_ms;
        for probe in &mut self.probes {
            (probe.fresh, probe.failing) = (0, 0);
        }
    }

    /// Since when it is well, if it is: it runs, nothing is wrong with it (but that it is about to end)
    /// and nobody is busy with it.
    pub(in crate::check) fn well_since_ms(&self) -> Option<u64> {
        let is_sound = self.faults.iter().all(|it| matches!(it.fault, AppFault::Exit(_)));
        let changes =
            [self.born_ms, self.died_ms, self.cured_ms, self.person_ms, self.serves_since_ms];
        let is_well = is_sound && self.is_wanted && self.permille == 1_000;
        is_well.then(|| changes.into_iter().max().unwrap_or(0))
    }

    /// How much of the memory that there is to take its process has taken, in permille.
    pub(in crate::check) fn eaten(&self, at_ms: u64) -> u64 {
        let parts = self.faults.iter().filter_map(|active| match active.fault {
            AppFault::Eats { lasts_ms, .. } if self.process.is_some() => {
                let ate_ms = at_ms.saturating_sub(active.since_ms.max(self.born_ms));
                Some(ate_ms.min(lasts_ms) * 1_000 / lasts_ms.max(1))
            }
            _ => None,
        });
        parts.max().unwrap_or(0)
    }

    /// Whether a hold is in force, and known.
    pub(in crate::check) fn is_held(&self, at_ms: u64) -> bool {
        self.held_since_ms <= at_ms && at_ms < self.held_until_ms
    }

    /// The act that last ended something of it, or was to.
    pub(in crate::check) fn last_disruptive(&self) -> Option<&Act> {
        self.acts.iter().rev().find(|act| act.began_ms.is_some() && (act.ends || act.ended))
    }

    /// Acts that have begun and are not over.
    pub(in crate::check) fn in_flight(&self) -> impl Iterator<Item = &Act> {
        self.acts.iter().filter(|act| act.began_ms.is_some() && !act.is_over)
    }

    /// The probes that look at the app, and not at what it needs.
    pub(in crate::check) fn own_probes<'a>(
        &'a self,
        rules: &'a AppPolicy,
    ) -> impl Iterator<Item = &'a ProbeScene> {
        let pairs = self.probes.iter().zip(&rules.probes);
        pairs.filter(|(_, rules)| rules.view != View::Dependency).map(|(probe, _)| probe)
    }
}

impl ProbeScene {
    pub(super) fn looked(&mut self, began_ms: u64, ended_ms: u64, seen: Seen, void_ms: u64) {
        (self.began_ms, self.ended_ms, self.seen) = (began_ms, ended_ms, Some(seen));
        if began_ms >= void_ms {
            self.fresh += 1;
        }
        match (seen.is_failure(), self.failing) {
            (false, _) => self.failing = 0,
            (true, 0) => (self.failing, self.failing_since_ms) = (1, began_ms),
            (true, _) => self.failing += 1,
        }
        if seen.is_failure() {
            self.failed_ms = Some(ended_ms);
        } else if seen.is_good() {
            self.good_ms = Some(ended_ms);
        }
    }
}
