//! Messages go out and come back, and nothing else is taken.

use super::{ActStep, MESSAGE_MAX, Malformed, Report, Request};
use crate::boot::{LastBoot, TraceSet};
use crate::ledger::{Name, RebootMark};
use crate::sample::{Dice, Sample, sample_enum, sample_struct, samples};
use defib_engine::effect::Rung;
use defib_engine::event::Outcome;
use defib_engine::id::{AppId, IncidentId, IntentId};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

sample_enum!(Request {
    Hello { protocol },
    Beat,
    Order(order),
    Identify { app },
    Evidence { app, incident },
    ConfigRead { accepted },
    Fresh { until_ms },
    Recovered { app },
});
sample_enum!(Report {
    Welcome { protocol, line_offset_ms, booted_at, boot_id, last_intent },
    LedgerCharge(charge),
    LedgerIntent(intent),
    LedgerStarts(starts),
    LedgerEnd,
    Capable { app, rungs, why_not },
    Found { app, identity },
    Died { app, identity, exit, restart_in_ms },
    Stopped { app },
    Resumed { app },
    Step { app, intent, step, at },
    Acted { app, intent, rung, outcome, detail },
    Evidence { app, incident, name, bytes, last },
    Config,
    ConfigRefused { message },
    LastBoot(last),
    ShuttingDown,
    Stop,
    LedgerVain(reboot),
    Thawed,
});

sample_struct!(LastBoot { boot_id, ending, reboot, traces, last_wall_ms, began_wall_ms });
sample_struct!(RebootMark { boot_id, intent, app, incident, class, step });

impl Sample for TraceSet {
    fn sample(dice: &mut Dice) -> Self {
        TraceSet(u16::sample(dice))
    }
}

impl Sample for Name {
    fn sample(dice: &mut Dice) -> Self {
        let text = format!("a{}", String::sample(dice));
        Name::new(&text[..text.floor_char_boundary(64)])
            .unwrap_or_else(|| unreachable!("1 to 64 bytes"))
    }
}

proptest! {
    #[test]
    fn requests_come_back(request in samples::<Request>()) {
        let mut message = vec![7; 9];
        request.encode(&mut message);
        prop_assert!(message.len() <= MESSAGE_MAX);
        for end in 0..message.len() {
            prop_assert!(Request::decode(&message[..end]).is_err());
        }
        prop_assert_eq!(Request::decode(&message), Ok(request));
        message.push(0);
        prop_assert_eq!(Request::decode(&message), Err(Malformed::Trailing));
    }

    #[test]
    fn reports_come_back(report in samples::<Report>()) {
        let mut message = Vec::new();
        report.encode(&mut message);
        prop_assert!(message.len() <= MESSAGE_MAX);
        for end in 0..message.len() {
            prop_assert!(Report::decode(&message[..end]).is_err());
        }
        prop_assert_eq!(Report::decode(&message), Ok(report));
        message.push(0);
        prop_assert_eq!(Report::decode(&message), Err(Malformed::Trailing));
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_what_is_taken_is_said_the_same_way(
        tag in 0_u8..48,
        rest in vec(any::<u8>(), 0..120),
    ) {
        let message = [vec![tag], rest].concat();
        let mut again = Vec::new();
        if let Ok(request) = Request::decode(&message) {
            request.encode(&mut again);
            prop_assert_eq!(&again, &message);
        }
        if let Ok(report) = Report::decode(&message) {
            report.encode(&mut again);
            prop_assert_eq!(&again, &message);
        }
    }
}

fn evidence(name: &str, length: usize) -> Report {
    Report::Evidence {
        app: AppId(1),
        incident: IncidentId(2),
        name: name.to_owned(),
        bytes: vec![0xff; length],
        last: true,
    }
}

#[test]
fn what_is_too_long_is_cut_when_said_and_refused_when_heard() {
    let mut message = Vec::new();
    evidence(&"n".repeat(40), 5000).encode(&mut message);
    assert_eq!(Report::decode(&message), Ok(evidence(&"n".repeat(32), 3072)));
    // The name's length, low byte, stands after the tag, the app and the incident.
    message[7] = 33;
    assert_eq!(Report::decode(&message), Err(Malformed::TooLong));
    assert_eq!(Report::decode(&[0; MESSAGE_MAX + 1]), Err(Malformed::TooLong));
    assert_eq!(Report::decode(&[]), Err(Malformed::Short));
}

#[test]
fn a_text_is_cut_between_characters() {
    let acted = |detail: String| Report::Acted {
        app: AppId(0),
        intent: IntentId(1),
        rung: Rung::Kill,
        outcome: Outcome::Done,
        detail,
    };
    let mut message = Vec::new();
    acted("é".repeat(150)).encode(&mut message);
    assert_eq!(Report::decode(&message), Ok(acted("é".repeat(100))));
    acted(format!("x{}", "é".repeat(150))).encode(&mut message);
    assert_eq!(Report::decode(&message), Ok(acted(format!("x{}", "é".repeat(99)))));
}

#[test]
fn a_step_keeps_its_tag() {
    let step = |step| Report::Step {
        app: AppId(0x0102),
        intent: IntentId(3),
        step,
        at: defib_engine::time::Moment(4),
    };
    let mut message = Vec::new();
    step(ActStep::RebootAsked).encode(&mut message);
    let expected = [&[11, 2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 10, 4, 0, 0, 0, 0, 0, 0, 0][..]].concat();
    assert_eq!(message, expected);
}
