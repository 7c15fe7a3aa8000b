//! Lines in any order, for apps that are not there: a journal may be cut, pruned or of another
//! version, and a report must still be drawn, within its bounds.

mod fixture;

use defib_console::explain::{Detail, json, summary, text};
use defib_console::narrate::{Form, Narrator};
use defib_console::view::View;
use defib_engine::effect::{Purse, Rung};
use defib_engine::event::{Exit, Outcome};
use defib_engine::id::{AppId, IncidentId, IntentId, ProbeId};
use defib_engine::note::{Class, Ending, HandOver, Note, Refusal, RungFault, Tally};
use defib_engine::policy::Policy;
use defib_engine::seen::Seen;
use defib_engine::time::Moment;
use defib_journal::line::{Entry, Line};
use fixture::{HANGS, PLAIN, clock, policy};
use std::borrow::Cow;

/// Numbers without a pattern, the same in each run (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn note(dice: &mut Dice, up: u64) -> Note {
    // Three apps where the policy has two.
    let app = AppId(dice.below(3) as u16);
    let incident = IncidentId(dice.below(3) as u32);
    let intent = IntentId(dice.below(4));
    let probe = ProbeId { app, index: dice.below(4) as u8 };
    let rung = [Rung::Start, Rung::Restart, Rung::Kill, Rung::Reboot][dice.below(4) as usize];
    let class =
        [Class::Hung, Class::CrashLoop, Class::Outside, Class::Intended][dice.below(4) as usize];
    // Some lie in the future, some before the machine was up.
    let since = Moment(up.saturating_sub(5_000).saturating_add(dice.below(10_000)));
    match dice.below(16) {
        0 => Note::Up { app },
        1 => Note::Suspected { app, source: Some((probe, HANGS)), score_db: 27 },
        2 => Note::Suspected { app, source: None, score_db: i16::MAX },
        3 => Note::Cleared { app, after_ms: u64::MAX },
        4 => Note::Died { app, identity: None, exit: Exit::Signal(dice.below(256) as u8) },
        5 => Note::Opened { app, incident, class, since },
        6 => Note::Reclassed { app, incident, from: Class::Dead, to: class },
        7 => Note::Decided {
            app,
            incident,
            class,
            rung,
            purse: Purse::Ladder,
            score_db: -3,
            bar_db: 61,
            evidence: vec![Tally { source: Some((probe, Seen::Reset)), count: 0, db: -1 }],
        },
        8 => {
            let refusal = Refusal::BudgetSpent { used: 4, limit: 4, until: since };
            Note::Refused { app, incident, rung: Some(rung), refusal }
        }
        9 => Note::Ordered { app, incident, intent, rung, purse: Purse::Ladder },
        10 => {
            let outcome = Outcome::Interrupted;
            Note::Acted { app, incident: None, intent, rung, outcome }
        }
        11 => Note::Back { app, incident, down_ms: u64::MAX },
        12 => {
            let fault = RungFault::Relapsed { after_ms: u64::MAX };
            Note::RungFailed { app, incident, rung, fault }
        }
        13 => Note::HandedOver { app, incident, why: HandOver::LadderEnds },
        14 => Note::Held { app, until: Moment(u64::MAX) },
        _ => {
            let ending = Ending::Recovered { rung };
            Note::Closed { app, incident, class, ending, down_ms: u64::MAX }
        }
    }
}

fn entry(dice: &mut Dice, seq: u64, rules: &Policy) -> Entry {
    let up = [0, 1_000 * seq, u64::MAX][usize::from(dice.below(20) < 2) + usize::from(seq > 0)];
    let line = match dice.below(8) {
        0 => Line::Policy { policy: Cow::Owned(rules.clone()) },
        1 => Line::Acted {
            app: AppId(9),
            intent: IntentId(dice.below(4)),
            rung: Rung::Kill,
            outcome: Outcome::Done,
            detail: "\u{1b}[2J".into(),
        },
        2 => Line::Evidence {
            app: AppId(0),
            incident: IncidentId(dice.below(3) as u32),
            name: "\u{7}".into(),
            text: "\u{1b}]0;title\u{7}\n".into(),
        },
        _ => Line::Note { note: Cow::Owned(note(dice, up)) },
    };
    Entry { seq, wall_ms: up, up: Moment(up), line }
}

#[test]
fn any_order_of_lines_is_drawn_within_bounds() {
    let mut dice = Dice(0x5eed_0007);
    let rules = policy();
    let mut drawn = 0;
    for _ in 0..300 {
        let mut view = View::new();
        let form = [Form::Plain, Form::JsonLines, Form::Journald][dice.below(3) as usize];
        let mut narrator = Narrator::to(Box::new(std::io::sink()), form, PLAIN, clock(), 1);
        for seq in 0..80 {
            let entry = entry(&mut dice, seq, &rules);
            view.take(&entry);
            narrator.entry(&rules, &entry);
        }
        for incident in view.incidents() {
            drawn += 1;
            let line = summary(incident, view.now());
            assert!(line.chars().count() <= 120, "{line}");
            assert!(line.contains(&format!("[incident {}]", incident.id)), "{line}");
            let report = text(incident, view.now(), Detail::All, &clock(), PLAIN);
            assert!(!report.contains(['\u{1b}', '\u{7}']), "{report}");
            assert_eq!(json(&[], incident, view.now())["schema"], "defib.explain/1");
        }
    }
    assert!(drawn > 500, "the noise must open incidents: {drawn}");
}

#[test]
fn memory_is_bounded_over_a_very_long_incident() {
    let mut dice = Dice(7);
    let rules = policy();
    let mut view = View::new();
    let mut narrator = Narrator::to(Box::new(std::io::sink()), Form::Plain, PLAIN, clock(), 0);
    for seq in 0..20_000 {
        let entry = entry(&mut dice, seq, &rules);
        view.take(&entry);
        narrator.entry(&rules, &entry);
    }
    assert!(view.incidents().count() <= 4096);
    let longest = view.incidents().map(|one| one.items.iter().count()).max();
    assert!(longest <= Some(240), "{longest:?}");
}
