//! A machine's life as it was, beside the ledger that is told of it: what was ordered in this boot, and which
//! reboots nobody was seen well after.

use crate::deeds::Deed;
use crate::kept::{DAY_MS, read_back};
use crate::memory::{NAMES, intent};
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::Outcome;
use defib_engine::freeze::VAIN_MAX;
use defib_engine::id::IncidentId;
use defib_engine::note::Class;
use defib_engine::time::Moment;
use defib_journal::boot::{BootEnding, LastBoot, TraceSet};
use defib_journal::ledger::{INTENTS_MAX, Ledger, Name, RebootMark, WatchdogMark};

/// A reboot that was ordered in this boot.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    pub(crate) number: u64,
    pub(crate) name: &'static str,
    pub(crate) at: u64,
    pub(crate) outcome: Option<Outcome>,
}

/// A restart of the machine after which nobody was seen well; a reset has no name.
#[derive(Clone, Debug)]
pub(crate) struct InVain {
    /// The boot that it ended, or is to end.
    pub(crate) boot: u8,
    pub(crate) name: Option<&'static str>,
    pub(crate) at: u64,
}

/// The ledger, and what it was told.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) ledger: Ledger,
    pub(crate) boot: u8,
    pub(crate) up_ms: u64,
    pub(crate) ordered: Vec<Ordered>,
    pub(crate) vain: Vec<InVain>,
    /// Those below are of this boot.
    pub(crate) watchdog: Option<WatchdogMark>,
    pub(crate) farewell: Option<(u64, bool)>,
    pub(crate) is_judged: bool,
    /// Of the last reboot that came with a mark, in whatever boot.
    pub(crate) mark: Option<RebootMark>,
    number: u64,
    acts: [usize; NAMES.len()],
}

impl Life {
    /// A machine that has just come up for the first time.
    pub(crate) fn new() -> Life {
        Life {
            ledger: Ledger::fresh([0; 16]),
            boot: 0,
            up_ms: 1,
            ordered: Vec::new(),
            vain: Vec::new(),
            watchdog: None,
            farewell: None,
            is_judged: false,
            mark: None,
            number: 0,
            acts: [0; NAMES.len()],
        }
    }

    pub(crate) fn of(deeds: &[Deed]) -> Life {
        let mut life = Life::new();
        for deed in deeds {
            life.take(deed);
        }
        life
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(self.up_ms)
    }

    pub(crate) fn take(&mut self, deed: &Deed) {
        let boottime_ms = self.up_ms - self.ledger.booted_at().0;
        match *deed {
            Deed::Order { app, rung, is_told } => self.order(app, rung, is_told),
            Deed::Finish { ago, outcome } => {
                let number = self.number.saturating_sub(ago);
                self.ledger.finish(intent(number), outcome);
                if let Some(it) = self.ordered.iter_mut().find(|it| it.number == number) {
                    it.outcome = Some(outcome);
                }
            }
            Deed::Step(step) => {
                self.ledger.mark_step(step);
                if let Some(mark) = &mut self.mark {
                    mark.step = Some(step);
                }
            }
            Deed::Watchdog(mark) => {
                self.ledger.mark_watchdog(mark);
                self.watchdog = Some(mark);
            }
            Deed::Farewell { is_shutdown } => {
                self.ledger.say_farewell(boottime_ms, is_shutdown);
                self.farewell = Some((boottime_ms, is_shutdown));
            }
            Deed::Back => {
                self.ledger.take_farewell_back();
                self.farewell = None;
            }
            Deed::Boot { is_stamped, is_reset, is_judged } => {
                if is_stamped {
                    self.ledger.stamp(boottime_ms);
                }
                self.come_up(is_reset, is_judged);
            }
            Deed::Recovered(app) => self.recovered(app.map(|app| NAMES[app])),
            Deed::Thaw => {
                assert_eq!(self.ledger.thaw(), !self.vain.is_empty(), "is it news?");
                self.vain.clear();
            }
            Deed::Prune => {
                self.ledger.prune(self.now(), DAY_MS);
                let now = self.up_ms;
                self.vain.retain(|it| now - it.at < DAY_MS);
                self.ordered.retain(|it| now - it.at < DAY_MS);
            }
            Deed::Pass { ms } => {
                self.up_ms += ms;
                self.ledger = read_back(&self.ledger);
            }
        }
    }

    fn order(&mut self, app: usize, rung: Rung, is_told: bool) {
        // Of more in one boot the ledger promises nothing: the oldest go.
        if self.acts[app] == INTENTS_MAX {
            return;
        }
        self.acts[app] += 1;
        self.number += 1;
        let (number, name, at) = (self.number, NAMES[app], self.up_ms);
        let edit =
            self.ledger.charge_and_intend(name, intent(number), rung, Purse::Ladder, Moment(at));
        assert_eq!(edit, Ok(()));
        if rung != Rung::Reboot {
            return;
        }
        self.ordered.push(Ordered { number, name, at, outcome: None });
        self.in_vain(InVain { boot: self.boot, name: Some(name), at });
        if is_told {
            let mark = RebootMark {
                boot_id: [self.boot; 16],
                intent: intent(number),
                app: Name::new(name).expect("a short one"),
                incident: IncidentId(number as u32 + 70),
                class: Class::Hung,
                step: None,
            };
            self.mark = Some(mark);
            // Whoever orders need not know in which boot.
            self.ledger.mark_reboot(RebootMark { boot_id: [0xee; 16], ..mark });
        }
    }

    fn in_vain(&mut self, it: InVain) {
        self.vain.push(it);
        if self.vain.len() > VAIN_MAX {
            self.vain.remove(0);
        }
    }

    fn come_up(&mut self, is_reset: bool, is_judged: bool) {
        let before = self.boot;
        self.boot += 1;
        assert!(self.ledger.next_boot([self.boot; 16]));
        let at = self.ledger.booted_at();
        if is_reset {
            self.ledger.charge_reset(at);
            self.in_vain(InVain { boot: before, name: None, at: at.0 });
        }
        self.is_judged = is_judged;
        if is_judged {
            self.ledger.last_boot = Some(judgement(self.boot));
        }
        // Nothing is ordered in the first millisecond of a boot.
        self.up_ms = at.0 + 1;
        self.ordered.clear();
        (self.watchdog, self.farewell) = (None, None);
        self.acts = [0; NAMES.len()];
    }

    /// A reboot that is still to come has cured nobody.
    fn recovered(&mut self, who: Option<&'static str>) {
        let failed = |it: &Ordered| matches!(it.outcome, Some(Outcome::Failed(_)));
        let is_to_come = !self.ordered.iter().all(failed);
        let (before, boot) = (self.vain.len(), self.boot);
        self.vain.retain(|it| it.name != who || is_to_come && it.boot == boot);
        let is_news = self.ledger.recovered(|name| name == who);
        assert_eq!(is_news, self.vain.len() < before, "is it news?");
    }
}

/// What the first executor of a boot says of the one before.
pub(crate) fn judgement(boot: u8) -> LastBoot {
    LastBoot {
        boot_id: [boot; 16],
        ending: BootEnding::Cut,
        reboot: None,
        traces: TraceSet(5),
        last_wall_ms: Some(u64::from(boot)),
        began_wall_ms: None,
    }
}
