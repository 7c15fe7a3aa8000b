//! The part of a state's shape that is the engine's memory. Every structure is taken apart field by field:
//! a field that is added to it does not compile here until somebody has thought about it.

use super::rules as r;
use super::shape::{LONGEST_MS, Print};
use defib_engine::note::{Class, Refusal};
use defib_engine::state::{AppPhase, AppState, Incident, ProbeState, Process, Stage, State};
use std::hash::Hasher;
use std::mem::discriminant;

impl<H: Hasher> Print<'_, H> {
    pub(super) fn state(&mut self, state: &State) {
        let State {
            now,
            next_incident: _,
            next_intent,
            booted_at,
            doubt,
            shutting_down,
            charges,
            apps,
            // Read by no body of the model.
            machine: _,
            vain,
            frozen_until,
        } = state;
        self.woken = now.0;
        self.number(*next_intent);
        self.moment(*booted_at, r::UPTIME_MS);
        self.put((doubt.level, shutting_down));
        self.until((doubt.level > 0).then_some(doubt.falls_at));
        let longest_ms = r::REBOOTS.long_ms;
        for charge in charges {
            if self.is_within(charge.at, longest_ms) {
                self.put((charge.app, charge.rung, charge.purse));
                self.moment(charge.at, longest_ms);
            }
        }
        // A freeze lasts for a day, of which the model sees minutes: how old it is decides nothing here.
        for reboot in &vain.0 {
            self.put((reboot.app, reboot.at > *booted_at));
        }
        self.put(frozen_until.is_some());
        for app in apps {
            self.app(app);
        }
    }

    fn app(&mut self, app: &AppState) {
        let AppState {
            probes,
            process,
            grace_until,
            stopped,
            stop_told,
            held_until,
            announced,
            capable,
            starts,
            healthy_since,
            suspected_since,
            again_at,
            recovery,
            alarmed,
            phase,
            host: _,
        } = app;
        self.put((stopped, stop_told, announced, capable, alarmed, discriminant(process)));
        match process {
            Process::Alive { identity, since: _ } => self.identity(Some(*identity)),
            Process::Gone { at, supervisor_until } => {
                self.moment(*at, LONGEST_MS);
                self.until(*supervisor_until);
            }
            Process::Unknown | Process::NotStarted => {}
        }
        self.put((grace_until.is_some(), held_until.is_some()));
        self.until(*grace_until);
        self.until(*held_until);
        self.put((
            starts.count.min(4),
            starts.undone.min(4),
            starts.failed.min(4),
            starts.retry_soon,
        ));
        if starts.count > 0 || starts.undone > 0 {
            self.moment(starts.last, r::HEALTHY_MS);
        }
        self.optional(*healthy_since, r::HEALTHY_MS);
        self.optional(*suspected_since, LONGEST_MS);
        self.until(Some(*again_at));
        self.put(recovery.map(|recovery| (recovery.rung, recovery.used, recovery.disruptive)));
        self.optional(recovery.map(|recovery| recovery.at), r::RELAPSE_MS);
        self.put(discriminant(phase));
        match phase {
            AppPhase::Watching => {}
            AppPhase::Launching { intent } => self.number(intent.0),
            AppPhase::Incident(incident) => self.incident(incident),
        }
        self.probe_ages = if matches!(phase, AppPhase::Incident(_)) || suspected_since.is_some() {
            LONGEST_MS
        } else {
            // Nothing is compared with a look of a quiet app but its freshness and its span.
            2_001.max(r::VERIFY_MS)
        };
        for (index, probe) in probes.iter().enumerate() {
            self.probe(probe, index > 0);
        }
    }

    fn incident(&mut self, incident: &Incident) {
        let Incident {
            id: _,
            class,
            since: _,
            stage,
            used,
            disruptive,
            acted,
            back_at,
            // Told to people only: nothing is decided by it.
            away_ms: _,
            bundled,
            refused,
            handed_over,
        } = incident;
        self.put((class, used, disruptive, back_at.is_some(), bundled, handed_over));
        self.put(acted.map(|act| (act.rung, act.done)));
        self.identity(acted.and_then(|act| act.spared));
        self.put(discriminant(stage));
        match stage {
            Stage::Judging => {}
            Stage::Looking { rung, purse, since } | Stage::Bundling { rung, purse, since } => {
                self.put((rung, purse));
                self.moment(*since, LONGEST_MS);
            }
            Stage::Acting { intent, rung, since: _, until, before } => {
                self.put((rung, before));
                self.number(intent.0);
                self.until(Some(*until));
            }
            Stage::Verifying { rung, since: _ } => self.put(rung),
        }
        self.put(refused.is_some());
        if let Some((rung, why)) = refused {
            self.put((rung, discriminant(why)));
            self.refusal(why, *class);
        }
    }

    fn refusal(&mut self, why: &Refusal, class: Class) {
        self.put(class);
        self.until(why.until());
    }

    fn probe(&mut self, probe: &ProbeState, is_dependency: bool) {
        let ProbeState {
            next_at,
            attempt: _,
            asked_at,
            last,
            db,
            stretch,
            telling,
            failed_at,
            passes,
            passing_since,
            fresh,
            cusum,
            cusum_at,
            ever_passed,
            absent,
        } = probe;
        let cap_ms = self.probe_ages;
        self.moment(*next_at, 0);
        self.optional(*asked_at, LONGEST_MS);
        self.put((last.map(|look| look.seen), db, passes.min(&r::RISE), fresh.min(&3)));
        self.optional(last.map(|look| look.started), cap_ms);
        self.optional(last.map(|look| look.ended), cap_ms);
        self.put((stretch.map(|stretch| stretch.count.min(9)), telling));
        self.optional(stretch.map(|stretch| stretch.since), LONGEST_MS);
        self.optional(stretch.map(|stretch| stretch.until), LONGEST_MS);
        self.optional(failed_at.filter(|_| is_dependency), r::SETTLE_MS);
        if *passes > 0 {
            let span_ms = last.map_or(0, |look| look.ended.since(*passing_since));
            self.put(span_ms.min(r::VERIFY_MS));
        }
        self.put((cusum, ever_passed, absent));
        if *cusum > 0 {
            self.moment(*cusum_at, r::PACE_MS.max(r::WINDOW_MS / 2));
        }
    }
}
