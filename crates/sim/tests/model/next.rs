//! What can happen next: deadlines, what is urgent, and which steps are open.

use super::hand::How;
use super::modelled::{Action, Fate, Modelled};
use super::rules as r;
use super::whole::{Act, Guardian, Health, Step, Whole};
use super::wrong::Wrong;
use defib_engine::next_deadline;

impl Modelled {
    /// Whether something has to be dealt with before time may pass.
    pub(crate) fn is_urgent(&self, whole: &Whole) -> bool {
        let is_late = |act: &Act| whole.now >= act.accepted + u64::from(act.order.deadline_ms);
        match (&whole.guardian, &whole.hands) {
            (_, None) => true,
            (Guardian::Down(_), Some(hands)) => {
                // While an act is at work the guardian may stay away until it is over.
                hands.iter().all(|hand| hand.acts.is_empty() || hand.acts.iter().any(is_late))
            }
            (Guardian::Up { .. }, Some(hands)) => {
                !whole.orders.is_empty()
                    || !whole.reports.is_empty()
                    || whole.going_down
                    || self.is_engine_due(whole)
                    || self.answer(whole).is_some()
                    || hands.iter().flat_map(|hand| &hand.acts).any(is_late)
            }
        }
    }

    pub(super) fn is_engine_due(&self, whole: &Whole) -> bool {
        self.wrong != Wrong::Oversleeps
            && self.engine_deadline(whole).is_some_and(|due| due <= whole.now)
    }

    pub(super) fn engine_deadline(&self, whole: &Whole) -> Option<u64> {
        let Guardian::Up { state, offset_ms, .. } = &whole.guardian else { return None };
        Some((next_deadline(state)?.0 + whole.booted).saturating_sub(*offset_ms))
    }

    /// The next moment at which anything is due.
    pub(super) fn pass(&self, whole: &mut Whole) {
        let runs = match &whole.guardian {
            Guardian::Up { runs, .. } => runs.as_slice(),
            Guardian::Down(_) => &[],
        };
        let sights = runs.iter().map(|run| self.sight(whole, run).0);
        let acts = whole.hands.iter().flatten().flat_map(|hand| &hand.acts);
        let ends = acts.map(|act| act.accepted + u64::from(act.order.deadline_ms));
        let next = sights.chain(ends).chain(self.engine_deadline(whole));
        whole.now = next.filter(|at| *at > whole.now).min().unwrap_or(whole.now + r::PACE_MS);
    }

    pub(super) fn fates(&self, whole: &Whole) -> &'static [Fate] {
        match whole.left.guardian {
            0 => &[Fate::Whole],
            _ => &[Fate::Whole, Fate::LineLost, Fate::OrdersLost],
        }
    }

    pub(super) fn acts(&self, whole: &Whole, actions: &mut Vec<Action>) {
        for (app, hand) in whole.hands.iter().flatten().enumerate() {
            let Some(act) = hand.acts.last() else { continue };
            let is_late = whole.now >= act.accepted + u64::from(act.order.deadline_ms);
            let may_fail = whole.left.failing > 0;
            let may_be_vain = whole.left.stubborn > 0 && whole.lives[app].health != Health::Well;
            if may_fail && act.step != Step::Started {
                // What is asked of the machine may never happen.
                let is_asked = act.step == Step::Asked;
                match is_late {
                    true => actions.push(Action::Act(app, How::Late)),
                    false if is_asked => {}
                    false => {
                        actions
                            .extend([How::OurLimit, How::Fails].map(|how| Action::Act(app, how)));
                    }
                }
            }
            actions.push(Action::Act(app, How::Well));
            if act.step == Step::Ended && may_be_vain {
                actions.push(Action::Act(app, How::InVain));
            }
        }
    }

    pub(super) fn guardian_actions(&self, whole: &Whole, actions: &mut Vec<Action>) {
        for fate in self.fates(whole) {
            if self.is_engine_due(whole) {
                actions.push(Action::Wake(*fate));
            }
            if self.answer(whole).is_some() {
                actions.push(Action::Answer(*fate));
            }
            if !whole.reports.is_empty() {
                actions.push(Action::Hear(*fate));
            }
        }
        if whole.left.guardian > 0 {
            actions.push(Action::KillGuardian);
        }
    }
}
