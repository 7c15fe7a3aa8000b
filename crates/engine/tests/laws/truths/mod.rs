//! The truth of a small world (what is wrong, who keeps the app, what can be seen, what is permitted) determines what
//! is told, what is done, when, and how it ends. `reference.rs` says what ought to be, and this compares.

mod lived;
mod reference;
mod rows;

use crate::support::world::{HANG, Trace, World};
use defib_engine::effect::{Effect, Order, Purse, Rung};
use defib_engine::note::{Class, Ending, HandOver, Note};
use defib_engine::policy::View;
use defib_engine::seen::{BodyFault, Seen, TlsFault};
use defib_engine::time::Moment;

const MINUTE: u64 = 60_000;
/// Long enough for every rung, and for a second gentle restart.
const SICK_MS: u64 = 50 * MINUTE;

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    Dies,
    Hangs,
    Refuses,
    Resets,
    Errs,
    WrongBody,
    BrokenTls,
    NotFound,
    NeverPassed,
    CertificateExpired,
    PathCut,
    OneViewHangs,
    LosesOneLook,
    Spins,
    LeaksMemory,
    OthersMemory,
    SleepsOnDisk,
    SleepsOnServer,
    DiskReadOnly,
    DiskFull,
    HangsBesideFullDisk,
    NoDescriptors,
}

impl Fault {
    fn seen(self) -> Seen {
        match self {
            Fault::Refuses | Fault::Dies => Seen::Refused,
            Fault::Resets => Seen::Reset,
            Fault::Errs | Fault::DiskFull | Fault::NoDescriptors => status(500),
            Fault::WrongBody => Seen::Body(BodyFault::Missing),
            Fault::BrokenTls => Seen::Tls(TlsFault::Protocol),
            Fault::NotFound => status(404),
            Fault::CertificateExpired => Seen::Tls(TlsFault::Expired),
            _ => HANG,
        }
    }

    /// No answer at all, rather than a wrong one. (A reset is an answer: somebody has closed the connection.)
    fn is_silent(self) -> bool {
        matches!(self.seen(), Seen::Timeout(_) | Seen::Refused)
    }
}

const fn status(code: u16) -> Seen {
    Seen::Status { code, retry_after_s: None }
}

/// Who starts it and ends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Keeper {
    Child,
    Unit,
    Command,
    Nobody,
}

impl Keeper {
    fn knows_its_process(self) -> bool {
        self != Keeper::Command
    }

    fn target(self) -> &'static str {
        match self {
            Keeper::Child => "child",
            Keeper::Unit => "unit",
            Keeper::Command => "recover",
            Keeper::Nobody => "known",
        }
    }
}

/// How it is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Views {
    App,
    Path,
    AppAndPath,
    AppAndListener,
    TwoOfApp,
    AppAndDependency,
    AppAndBrokenDependency,
}

impl Views {
    fn all(self) -> &'static [View] {
        match self {
            Views::App => &[View::App],
            Views::Path => &[View::UserPath],
            Views::AppAndPath => &[View::App, View::UserPath],
            Views::AppAndListener => &[View::App, View::Listener],
            Views::TwoOfApp => &[View::App, View::App],
            Views::AppAndDependency | Views::AppAndBrokenDependency => {
                &[View::App, View::Dependency]
            }
        }
    }
}

/// All that there is to know.
#[derive(Clone, Copy, Debug)]
struct Truth {
    fault: Fault,
    keeper: Keeper,
    views: Views,
    reboot: bool,
    observes: bool,
    /// Whether the first act cures it.
    cured: bool,
    /// How far into an interval of looks the fault begins.
    phase_ms: u64,
}

fn orders(world: &World) -> Vec<(Moment, Order)> {
    let order = |(at, trace): &(Moment, Trace)| match trace {
        Trace::Effect(Effect::Order(order)) => Some((*at, *order)),
        _ => None,
    };
    world.trace.iter().filter_map(order).collect()
}

/// Lives through it, and compares what was told and done with what was due.
fn holds(truth: &Truth) {
    let mut world = lived::world(truth);
    let began = world.now;
    world.run(if truth.cured { 6 * MINUTE } else { SICK_MS });
    let due = reference::due(truth);
    let context = |what: &str| format!("{what}: {truth:?}\n{due:?}\n{:?}", orders(&world));
    let opened = world.notes().find_map(|(_, note)| match note {
        Note::Opened { class, .. } => Some(*class),
        _ => None,
    });
    assert_eq!(opened, due.class, "{}", context("class"));
    acts(&world, began, truth, &due, &context);
    let why = |(_, note): (Moment, &Note)| match note {
        Note::HandedOver { why, .. } => Some(*why),
        _ => None,
    };
    let told: Vec<HandOver> = world.notes().filter_map(why).collect();
    if due.told.is_empty() {
        assert_eq!(told, [], "{}", context("told"));
    } else {
        let is_due = told.first().is_some_and(|why| due.told.contains(why));
        assert!(is_due, "{}", context(&format!("told {told:?}")));
    }
    lived::mend(&mut world);
    let ending: Vec<Ending> = world
        .notes()
        .filter_map(|(_, note)| match note {
            Note::Closed { ending, .. } => Some(*ending),
            _ => None,
        })
        .collect();
    let expected: Vec<Ending> = due.class.iter().map(|_| due.ending).collect();
    assert_eq!(ending, expected, "ending: {truth:?}\n{due:?}");
    assert_eq!(world.state.apps[0].incident(), None);
}

fn acts(
    world: &World,
    began: Moment,
    truth: &Truth,
    due: &reference::Due,
    context: &dyn Fn(&str) -> String,
) {
    let orders = orders(world);
    let ladder: Vec<Rung> = orders
        .iter()
        .filter(|(_, order)| order.purse == Purse::Ladder)
        .map(|(_, order)| order.rung)
        .collect();
    assert_eq!(ladder, due.rungs, "{}", context("rungs"));
    let others: Vec<&(Moment, Order)> =
        orders.iter().filter(|(_, order)| order.purse != Purse::Ladder).collect();
    let all_as = others.iter().all(|(_, order)| Some(order.rung) == due.for_ever);
    assert!(all_as, "{}", context("for ever"));
    if let Some((at, order)) = orders.first() {
        let took_ms = at.since(began);
        let (earliest, latest) = due.first_ms;
        assert!((earliest..=latest).contains(&took_ms), "{}", context(&format!("{took_ms} ms")));
        assert!(
            orders
                .iter()
                .all(|(_, it)| Some(it.class) == due.class || it.class == Class::CrashLoop)
        );
        assert_eq!(order.incident.0, 1);
    }
    let expected = match due.for_ever {
        Some(_) if truth.cured => usize::from(due.rungs.is_empty())..2,
        Some(_) => 2..20,
        None => 0..1,
    };
    assert!(expected.contains(&others.len()), "{}", context("how often"));
}
