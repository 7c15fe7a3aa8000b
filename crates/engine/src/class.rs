//! Class: what kind of fault the evidence speaks of, in a fixed order of precedence.

use crate::effect::Rung;
use crate::note::Class;
use crate::policy::View;
use crate::seen::Seen;
use crate::state::{ProbeState, Process};
use crate::time::Moment;
use crate::turn::Turn;

/// From this many starts without a long healthy stretch between them it is a loop.
pub(crate) const CRASH_LOOP_STARTS: u16 = 3;
/// A dependency that failed this recently may still be why the app fails: stale pools take time.
pub(crate) const DEPENDENCY_SETTLE_MS: u64 = 30_000;

/// A verdict: the evidence is enough to speak of an incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Conviction {
    pub(crate) class: Class,
    pub(crate) since: Moment,
    pub(crate) score_db: i16,
    pub(crate) bar_db: i16,
    /// Only the CUSUM speaks: it fails now and then, not always.
    pub(crate) partial: bool,
    /// Kernel facts convict, so what voids looks does not void it.
    pub(crate) by_kernel: bool,
}

/// The classes of an app that answers badly or not, whose cause nothing else names.
fn is_of_looks(class: Class) -> bool {
    matches!(class, Class::Hung | Class::Spinning | Class::Erroring | Class::Unknown)
}

impl Turn<'_> {
    /// Whether the evidence reaches the bar of the class that it speaks of.
    pub(crate) fn convict(&self, app: usize) -> Option<Conviction> {
        if let Some(conviction) = self.convict_by_kernel(app) {
            return Some(conviction);
        }
        let class = self.classify(app)?;
        let since = self.since(app)?;
        let by_kernel = false;
        let bars = &self.policy.bars;
        let evidence = self.evidence(app);
        let (score_db, bar_db) = match class {
            Class::Dead | Class::CrashLoop => (evidence.score_db, bars.start_db),
            Class::Hung | Class::Spinning | Class::Memory | Class::KernelIo => {
                (evidence.score_db, bars.kill_db)
            }
            Class::Erroring | Class::Unknown | Class::Exhausted => {
                (evidence.score_db, bars.restart_db)
            }
            _ => (evidence.score_db.max(self.loudest_db(app)), bars.restart_db),
        };
        let partial = score_db < bar_db && evidence.cusum >= bars.cusum_alarm;
        let by_part = is_of_looks(class) && (score_db < bar_db || self.works_on(app));
        if let Some(since) = self.overload(app).filter(|_| by_part) {
            let (score_db, class) = (score_db.max(bar_db), Class::Spinning);
            return Some(Conviction { class, since, score_db, bar_db, partial: true, by_kernel });
        }
        // It takes the CPU and answers some: it works as fast as it can. Told, not restarted (S12).
        let busy = by_part && self.works_on(app);
        let class = if busy { Class::Busy } else { class };
        if partial {
            let (score_db, bar_db) = (evidence.cusum, bars.cusum_alarm);
            return Some(Conviction { class, since, score_db, bar_db, partial, by_kernel });
        }
        (score_db >= bar_db).then_some(Conviction {
            class,
            since,
            score_db,
            bar_db,
            partial,
            by_kernel,
        })
    }

    /// The class that the present evidence speaks of; `None` if nothing fails.
    pub(crate) fn classify(&self, app: usize) -> Option<Class> {
        let state = self.seen_app(app);
        let gone = matches!(state.process, Process::Gone { .. });
        let seen = self.failing_view(app).map(|(_, look)| look);
        if !gone && seen.is_none() {
            return None;
        }
        if self.is_intended(app) {
            return Some(Class::Intended);
        }
        if gone {
            // Orders that could not be carried out are another fault than a process that dies.
            let looping = state.starts.count >= CRASH_LOOP_STARTS && state.starts.undone == 0;
            return Some(if looping { Class::CrashLoop } else { Class::Dead });
        }
        let (view, seen) = self.failing_view(app)?;
        Some(self.class_of_answer(app, view, seen))
    }

    fn class_of_answer(&self, app: usize, view: View, seen: Seen) -> Class {
        if let Some(class) = self.class_above_looks(app) {
            return class;
        }
        if matches!(seen, Seen::Tls(fault) if fault.is_certificate()) {
            return Class::Certificate;
        }
        if view == View::UserPath && self.has_app_view(app) {
            return Class::Outside;
        }
        if self.dependency_down(app).is_some() {
            return Class::Dependency;
        }
        if self.nobody_listens(app, seen) {
            return Class::Dead;
        }
        if matches!(seen, Seen::Status { code: 300..=499, .. }) || !self.has_ever_passed(app) {
            return Class::Contract;
        }
        if let Some(class) = self.class_of_limits(app) {
            return class;
        }
        match seen {
            Seen::Timeout(_) | Seen::Refused if self.views_disagree(app) => Class::Unknown,
            Seen::Timeout(_) if self.is_spinning(app) => Class::Spinning,
            Seen::Timeout(_) | Seen::Refused => Class::Hung,
            _ => Class::Erroring,
        }
    }

    /// Its own view gets no answer at all, and no other view of it does.
    pub(crate) fn is_mute(&self, app: usize) -> bool {
        let seen = self.failing_view(app);
        let is_silent = matches!(seen, Some((View::App, Seen::Timeout(_) | Seen::Refused)));
        is_silent && !self.views_disagree(app)
    }

    pub(crate) fn is_intended(&self, app: usize) -> bool {
        let state = self.seen_app(app);
        state.stopped
            || state.held_until.is_some_and(|until| self.now < until)
            || state.announced.is_some_and(|announced| self.now < announced.until)
    }

    /// What the most telling failing probe saw: a view on the app before the users' path, a look that
    /// says what is wrong before a command, whose failure may be a 404 or a timeout just as well, then the
    /// one that has failed for longest.
    fn failing_view(&self, app: usize) -> Option<(View, Seen)> {
        self.probes(app)
            .filter(|(_, rules)| rules.view != View::Dependency)
            .filter_map(|(probe, rules)| {
                let stretch = probe.stretch?;
                let look = probe.last.filter(|look| look.seen.is_failure())?;
                let seen = probe.telling.unwrap_or(look.seen);
                let is_vague = matches!(seen, Seen::Command(_));
                Some(((rules.view, is_vague, stretch.since), seen))
            })
            .min_by_key(|(order, _)| *order)
            .map(|((view, ..), seen)| (view, seen))
    }

    /// Nothing listens and no process is known: there is nothing to kill, only to start.
    fn nobody_listens(&self, app: usize, seen: Seen) -> bool {
        seen == Seen::Refused
            && self.seen_app(app).identity().is_none()
            && !self.rules(app).rungs.has(Rung::Kill)
    }

    pub(crate) fn has_ever_passed(&self, app: usize) -> bool {
        self.probes(app).any(|(probe, rules)| rules.view != View::Dependency && probe.ever_passed)
    }

    /// One view on the app fails while another is well.
    fn views_disagree(&self, app: usize) -> bool {
        self.probes(app).any(|(probe, rules)| {
            rules.view == View::App
                && !probe.absent
                && probe.stretch.is_none()
                && probe.last.is_some_and(|look| look.seen.is_good())
                && probe.cusum < self.policy.bars.cusum_alarm
        })
    }

    /// The probe of a dependency that fails, or failed a moment ago.
    pub(crate) fn dependency_down(&self, app: usize) -> Option<usize> {
        self.probes(app).position(|(probe, rules)| {
            rules.view == View::Dependency
                && (probe.stretch.is_some()
                    || probe.failed_at.is_some_and(|at| self.now.since(at) < DEPENDENCY_SETTLE_MS))
        })
    }

    /// A dependency that has not been looked at since the fault began.
    pub(crate) fn dependency_unseen(&self, app: usize) -> Option<usize> {
        let since = self.since(app)?;
        self.probes(app).position(|(probe, rules)| {
            rules.view == View::Dependency && probe.last.is_none_or(|look| look.started < since)
        })
    }

    /// When the fault that goes on now began.
    fn since(&self, app: usize) -> Option<Moment> {
        let state = self.seen_app(app);
        let death = match state.process {
            Process::Gone { at, .. } => Some(at),
            _ => None,
        };
        let failing = self
            .probes(app)
            .filter(|(_, rules)| rules.view != View::Dependency)
            .filter_map(|(probe, _)| probe.stretch.map(|stretch| stretch.since))
            .min();
        death.into_iter().chain(failing).min().or(state.suspected_since)
    }

    /// The strongest single probe, whatever it looks at: for faults that are only reported.
    fn loudest_db(&self, app: usize) -> i16 {
        let (window_ms, cap_db) = (self.rules(app).window_ms, self.policy.weights.source_cap_db);
        self.probes(app)
            .filter(|(_, rules)| rules.view != View::Dependency)
            .map(|(probe, _): (&ProbeState, _)| probe.capped_db(window_ms, cap_db))
            .max()
            .unwrap_or(0)
    }
}
