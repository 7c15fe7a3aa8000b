//! The apps of a plan: who keeps each, how it is looked at, what its section of the config says.

use super::Profile;
use super::draw::Spread;
use super::settings;
use crate::chance::Chance;
use crate::plan::{AppPlan, Keeper};
use std::fmt::Write;

/// In the order of the config.
const NAMES: [&str; 4] = ["api", "cart", "mail", "shop"];

/// The port of the first; the others follow.
const FIRST_PORT: usize = 8_000;

/// One app and what its faults depend on.
pub(super) struct Drawn {
    pub(super) plan: AppPlan,
    pub(super) section: String,
    /// It is also looked at from outside.
    pub(super) has_user_path: bool,
    pub(super) is_https: bool,
    /// It has a dependency that is no app of this machine.
    pub(super) has_service: bool,
    /// A command of the user's recovers it.
    pub(super) has_recover: bool,
}

pub(super) fn draw(chance: &mut Chance, profile: Profile) -> Vec<Drawn> {
    let apps_max = if profile == Profile::Agent { 2 } else { NAMES.len() as u64 };
    let count = chance.spread(1, apps_max);
    (0..count as usize).map(|index| one(chance, index)).collect()
}

fn one(chance: &mut Chance, index: usize) -> Drawn {
    let name = NAMES[index];
    let target =
        chance.pick([Target::Unit, Target::Unit, Target::Start, Target::Recover, Target::None]);
    let look = chance.pick([Look::Loopback, Look::Loopback, Look::Outside, Look::Several]);
    let is_https = look == Look::Outside && chance.below(2) == 0;
    let plan = AppPlan {
        name: name.to_owned(),
        keeper: target.keeper(chance),
        warm_up_ms: chance.spread(100, 90_000),
        stop_ms: chance.spread(20, 5_000),
        answer_ms: chance.spread(1, 200),
        deaf: chance.once_in(6),
        starts_at_boot: target != Target::Start && !chance.once_in(8),
    };
    let mut section = format!("\n[app.{name}]\n");
    section += &look.lines(name, FIRST_PORT + index, is_https);
    section += &target.lines(name);
    // Of what the agent or the manager started it knows the process without being told.
    let is_stranger = matches!(target, Target::Recover | Target::None);
    if look == Look::Outside && is_stranger && chance.below(2) == 0 {
        let _ = writeln!(section, "process = {{ pidfile = \"/run/{name}.pid\" }}");
    }
    let has_grace = matches!(target, Target::Unit | Target::Start);
    section += &settings::of_app(chance, plan.warm_up_ms, has_grace);
    if chance.once_in(4) {
        section += &settings::reboot_on(chance);
    }
    let (needs, has_service) = needs(chance, index);
    section += &needs;
    section += &look.sections(name, FIRST_PORT + index);
    let has_user_path = look == Look::Outside;
    let has_recover = target == Target::Recover;
    Drawn { plan, section, has_user_path, is_https, has_service, has_recover }
}

/// What it needs: services of others, and apps that stand before it.
fn needs(chance: &mut Chance, index: usize) -> (String, bool) {
    let mut entries = Vec::new();
    let has_service = chance.once_in(3);
    if has_service {
        // One database for all: when it is down, every app that needs it suffers.
        entries.push("db = { tcp = \"127.0.0.1:5432\" }".to_owned());
    }
    if index > 0 && chance.once_in(4) {
        let other = chance.below(index as u64) as usize;
        let port = FIRST_PORT + other;
        entries.push(format!("{} = {{ url = \"http://127.0.0.1:{port}/\" }}", NAMES[other]));
    }
    if entries.is_empty() {
        return (String::new(), false);
    }
    (format!("depends = {{ {} }}\n", entries.join(", ")), has_service)
}

/// What is acted on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Unit,
    Start,
    Recover,
    None,
}

impl Target {
    fn keeper(self, chance: &mut Chance) -> Keeper {
        match self {
            Target::Unit | Target::None if chance.below(2) == 0 => {
                Keeper::Unit { restart_ms: Some(chance.spread(100, 30_000)) }
            }
            Target::Unit => Keeper::Unit { restart_ms: None },
            Target::Start => Keeper::Agent,
            Target::Recover | Target::None => Keeper::Command,
        }
    }

    fn lines(self, name: &str) -> String {
        match self {
            Target::Unit => format!("unit = \"{name}.service\"\n"),
            Target::Start => format!("start = [\"/srv/{name}/run\"]\nuser = \"www-data\"\n"),
            Target::Recover => format!("recover = [\"/usr/local/bin/recover-{name}\"]\n"),
            Target::None => String::new(),
        }
    }
}

/// How it is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// One request on the loopback.
    Loopback,
    /// The users' way, and the loopback that defib derives from it.
    Outside,
    /// A request, a connect and a command.
    Several,
}

impl Look {
    fn lines(self, name: &str, port: usize, is_https: bool) -> String {
        match self {
            Look::Loopback | Look::Several => format!("url = \"http://127.0.0.1:{port}/\"\n"),
            Look::Outside if is_https => format!("url = \"https://{name}.example.com/\"\n"),
            Look::Outside => format!("url = \"http://{name}.example.com/\"\n"),
        }
    }

    fn sections(self, name: &str, port: usize) -> String {
        match self {
            Look::Loopback | Look::Outside => String::new(),
            Look::Several => format!(
                "\n[app.{name}.probe.check]\ncommand = [\"/usr/lib/check-{name}\"]\n\
                 \n[app.{name}.probe.port]\ntcp = \"127.0.0.1:{port}\"\n"
            ),
        }
    }
}
