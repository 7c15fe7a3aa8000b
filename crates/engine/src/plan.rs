//! Plan: the next rung that every guard agrees to, or the reason why there is none.

use crate::class::Conviction;
use crate::effect::{Purse, Rung};
use crate::guards::Plan;
use crate::host::HostFact;
use crate::ladder::{self, Ladder};
use crate::note::{Class, HandOver, Note, Refusal};
use crate::turn::{Turn, id};

impl Turn<'_> {
    /// The next rung that every guard agrees to.
    pub(crate) fn plan(
        &self,
        app: usize,
        conviction: Conviction,
    ) -> Result<Plan, (Option<Rung>, Refusal)> {
        let class = conviction.class;
        let Some(ladder) = self.ladder(app, &conviction) else {
            if self.is_mute_beside(app, &conviction) {
                return self.without_a_step(app, Rung::Restart, Purse::Gentle, conviction);
            }
            let plan = Plan { rung: Rung::Restart, purse: Purse::Ladder, step: None, conviction };
            let refusal = self.refusal(app, &plan);
            return Err((None, refusal.unwrap_or(Refusal::ClassForbids { class })));
        };
        let mut last = Err((None, Refusal::ClassForbids { class }));
        for (step, rung) in self.rungs_left(app, ladder) {
            if self.is_no_use(app, ladder, rung) {
                continue;
            }
            let plan = match rung {
                Rung::Start => Plan { rung, purse: Purse::Free, step: None, conviction },
                Rung::Clean => {
                    let step = Some((ladder, step));
                    Plan { rung, purse: Purse::Gentle, step, conviction }
                }
                _ => Plan { rung, purse: Purse::Ladder, step: Some((ladder, step)), conviction },
            };
            match self.refusal(app, &plan) {
                None => return Ok(plan),
                // A rung that is not to be had here is stepped over; any other refusal stands.
                Some(refusal @ (Refusal::NotPermitted { .. } | Refusal::NotPossible { .. })) => {
                    last = Err((Some(rung), refusal));
                }
                Some(refusal) => {
                    last = Err((Some(rung), refusal));
                    break;
                }
            }
        }
        self.gently(app, ladder, conviction, last)
    }

    /// Never a storm, never silence: a hung app, and one that is mute beside an ill disk, gets one restart
    /// every 15 min when its ladder or its budget is at an end.
    pub(crate) fn gently(
        &self,
        app: usize,
        ladder: Ladder,
        conviction: Conviction,
        last: Result<Plan, (Option<Rung>, Refusal)>,
    ) -> Result<Plan, (Option<Rung>, Refusal)> {
        let at_end = match &last {
            Err((_, refusal)) => matches!(
                refusal,
                Refusal::BudgetSpent { .. }
                    | Refusal::Frozen { .. }
                    | Refusal::IncidentSpent { .. }
                    | Refusal::NotPermitted { .. }
                    | Refusal::NotPossible { .. }
                    | Refusal::ClassForbids { .. }
                    | Refusal::MinUptime { .. }
            ),
            Ok(_) => false,
        };
        // What could not be started, nor cured by anything dearer, is tried again all the same.
        let (rung, purse) = match ladder {
            _ if at_end && (ladder == Ladder::Hung || self.is_mute_beside(app, &conviction)) => {
                (Rung::Restart, Purse::Gentle)
            }
            Ladder::Unstartable if last.is_err() && self.rules(app).rungs.has(Rung::Start) => {
                (Rung::Start, Purse::Free)
            }
            _ => return last,
        };
        self.without_a_step(app, rung, purse, conviction)
    }

    /// What stands on no ladder never runs out.
    fn without_a_step(
        &self,
        app: usize,
        rung: Rung,
        purse: Purse,
        conviction: Conviction,
    ) -> Result<Plan, (Option<Rung>, Refusal)> {
        let plan = Plan { rung, purse, step: None, conviction };
        self.refusal(app, &plan).map_or(Ok(plan), |refusal| Err((Some(rung), refusal)))
    }

    /// It answers nobody at all while a disk is full or read-only, or tasks are out. That is why, or it is
    /// not: a restart gives nothing back, but what is mute has nothing to lose either.
    fn is_mute_beside(&self, app: usize, conviction: &Conviction) -> bool {
        let is_ill = match conviction.class {
            Class::Exhausted => true,
            Class::KernelIo => self.wakes_until(app).is_none(),
            _ => false,
        };
        is_ill && !conviction.partial && !conviction.by_kernel && self.is_mute(app)
    }

    /// Only what the app itself holds is given back by ending it.
    fn restart_frees(&self, app: usize) -> bool {
        let ground = self.ground(app, Class::Exhausted);
        matches!(ground, Some(HostFact::Descriptors { .. } | HostFact::Tasks { is_own: true, .. }))
    }

    /// What is full may be cleaned, if the config names what.
    fn clean_frees(&self, app: usize) -> bool {
        let ground = self.ground(app, Class::Exhausted);
        matches!(ground, Some(HostFact::DiskFull { .. })) && self.rules(app).rungs.has(Rung::Clean)
    }

    /// A kill gives nothing back when it is another that has taken the memory.
    fn is_no_use(&self, app: usize, ladder: Ladder, rung: Rung) -> bool {
        ladder == Ladder::Memory && rung != Rung::Reboot && !self.kill_frees(app)
    }

    /// The ladder for this conviction.
    pub(crate) fn ladder(&self, app: usize, conviction: &Conviction) -> Option<Ladder> {
        let ladder = ladder::of(conviction.class)?;
        if conviction.class == Class::Exhausted && !self.restart_frees(app) {
            return self.clean_frees(app).then_some(Ladder::Clean);
        }
        let path_only = !self.has_app_view(app);
        Some(match ladder {
            Ladder::Start if self.seen_app(app).starts.failed >= 3 => Ladder::Unstartable,
            Ladder::Start if !self.rules(app).rungs.has(Rung::Start) => Ladder::Unstartable,
            Ladder::Hung if conviction.partial && conviction.class == Class::Spinning => {
                Ladder::Overload
            }
            _ if conviction.by_kernel => ladder,
            Ladder::Hung | Ladder::Erroring if conviction.partial || path_only => Ladder::Once,
            other => other,
        })
    }

    /// What is left of a ladder, with the place of each rung. A target that cannot be killed (a
    /// recovery command of the user's) is restarted instead.
    pub(crate) fn rungs_left(
        &self,
        app: usize,
        ladder: Ladder,
    ) -> impl Iterator<Item = (u8, Rung)> + use<> {
        let taken = self.seen_app(app).incident().map_or(0, |open| open.used.below(ladder));
        let rungs = self.rules(app).rungs;
        // What does not run is not restarted: without a kill nothing stands between start and reboot.
        let softens = ladder != Ladder::Unstartable;
        let softened = move |rung| match rung {
            Rung::Kill if softens && !rungs.has(Rung::Kill) && rungs.has(Rung::Restart) => {
                Rung::Restart
            }
            other => other,
        };
        (0..).zip(ladder.rungs().iter().copied().map(softened)).skip(usize::from(taken))
    }

    pub(crate) fn refuse(&mut self, app: usize, rung: Option<Rung>, refusal: Refusal) {
        let Some(incident) = self.app(app).incident_mut() else { return };
        let same = incident.refused.is_some_and(|(before, why)| {
            before == rung && core::mem::discriminant(&why) == core::mem::discriminant(&refusal)
        });
        incident.refused = Some((rung, refusal));
        let number = incident.id;
        if !same {
            self.note(Note::Refused { app: id(app), incident: number, rung, refusal });
            self.hand_over(app, refusal);
        }
    }

    pub(crate) fn hand_over(&mut self, app: usize, refusal: Refusal) {
        let Some(incident) = self.seen_app(app).incident() else { return };
        let why = match (refusal, incident.class) {
            (
                Refusal::ClassForbids { .. },
                Class::Contract | Class::Certificate | Class::Outside,
            ) => HandOver::NoCure,
            (Refusal::ClassForbids { .. }, Class::Intended | Class::Dependency) => return,
            (
                Refusal::ClassForbids { .. }
                | Refusal::NotPermitted { .. }
                | Refusal::NotPossible { .. },
                _,
            ) => HandOver::LadderEnds,
            (Refusal::BudgetSpent { .. }, _) => HandOver::BudgetSpent,
            (Refusal::Frozen { .. }, _) => HandOver::Frozen,
            (Refusal::IncidentSpent { .. }, _) => HandOver::IncidentSpent,
            (Refusal::BackOff { .. }, Class::CrashLoop) => HandOver::CrashLoop,
            _ => return,
        };
        self.tell_person(app, why);
    }

    pub(crate) fn tell_person(&mut self, app: usize, why: HandOver) {
        let why = match why {
            HandOver::LadderEnds | HandOver::BudgetSpent if self.is_frozen_over(app) => {
                HandOver::Frozen
            }
            other => other,
        };
        let Some(incident) = self.app(app).incident_mut() else { return };
        if incident.handed_over.is_none() {
            incident.handed_over = Some(why);
            let incident = incident.id;
            self.note(Note::HandedOver { app: id(app), incident, why });
        }
    }
}
