//! All lines together: which application each belongs to, and what can become a config.

use super::classify::{Classified, Heal, Kind, classify};
use super::crontab::Entry;
use super::guard::{Guard, Start, Target, guard};
use super::surroundings::Surroundings;
use super::text::app_text;

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its work is done by the app of this name.
    Understood(String),
    /// It has to do with this, and stays as it is; the reason is for people.
    Left(String),
    /// It has nothing to do with this.
    Unrelated,
}

/// What an import would do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The apps.
    pub(crate) guards: Vec<Guard>,
    /// What became of each line, in the order of the lines.
    pub(crate) fates: Vec<Fate>,
    /// What the lines do that the config does not, by line.
    pub(crate) besides: Vec<Vec<String>>,
}

impl Plan {
    /// How many lines have to do with this, and how many of them were understood.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let is_understood = |fate: &&Fate| matches!(fate, Fate::Understood(_));
        let related = self.fates.iter().filter(|fate| **fate != Fate::Unrelated).count();
        (self.fates.iter().filter(is_understood).count(), related)
    }

    /// Whether any line reboots the machine.
    pub(crate) fn reboots(&self) -> bool {
        self.guards.iter().any(|guard| guard.reboot.is_some())
    }
}

/// A look of one or more lines, with all their acts.
struct Group {
    heal: Heal,
    lines: Vec<usize>,
}

/// Reads all lines. `allow_reboot`: whether the person let the machine be rebooted.
pub(crate) fn plan(entries: &[Entry], machine: &dyn Surroundings, allow_reboot: bool) -> Plan {
    let read: Vec<Classified> = entries.iter().map(|entry| classify(entry, machine)).collect();
    let mut fates: Vec<Fate> = read.iter().map(first_fate).collect();
    let groups = groups(&read);
    let mut starts = starts(&read, entries, machine);
    let mut guards: Vec<Guard> = Vec::new();
    let alone = groups.len() == 1;
    for group in groups {
        let made = guard(&group.heal, &entries[group.lines[0]], &mut starts, alone, machine);
        let made = made.and_then(|made| usable(made, &guards, allow_reboot));
        match made {
            Ok(mut made) => {
                made.lines.splice(0..0, group.lines);
                guards.push(made);
            }
            Err(why) => {
                for line in group.lines {
                    fates[line] = Fate::Left(why.clone());
                }
            }
        }
    }
    drop_half_understood(&mut guards, &mut fates);
    for guard in &guards {
        for &line in &guard.lines {
            fates[line] = Fate::Understood(guard.name.clone());
        }
    }
    Plan { guards, fates, besides: read.into_iter().map(|one| one.besides).collect() }
}

fn first_fate(read: &Classified) -> Fate {
    match &read.kind {
        Kind::Left(why) => Fate::Left(why.clone()),
        Kind::Unrelated => Fate::Unrelated,
        Kind::Starts(launch, _) => Fate::Left(format!(
            "it starts `{}`, and nothing says at which URL that is looked at",
            launch.argv.join(" ")
        )),
        Kind::Heals(_) => Fate::Left("it belongs to a line that is not understood".to_owned()),
    }
}

fn groups(read: &[Classified]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (line, one) in read.iter().enumerate() {
        let Kind::Heals(heals) = &one.kind else { continue };
        for heal in heals {
            match groups.iter_mut().find(|group| group.heal.look.url == heal.look.url) {
                Some(group) => {
                    group.heal.acts.extend(heal.acts.iter().cloned());
                    group.heal.also.extend(heal.also.iter().cloned());
                    group.lines.push(line);
                }
                None => groups.push(Group { heal: heal.clone(), lines: vec![line] }),
            }
        }
    }
    groups
}

fn starts(read: &[Classified], entries: &[Entry], machine: &dyn Surroundings) -> Vec<Start> {
    let mut starts = Vec::new();
    for (line, one) in read.iter().enumerate() {
        if let Kind::Starts(launch, place) = &one.kind {
            let launch = super::guard::settled(launch, &entries[line].user, machine);
            starts.push(Start { launch, line, place: place.clone() });
        }
    }
    starts
}

/// What the config loader says of it counts, not what we think.
fn usable(mut made: Guard, others: &[Guard], allow_reboot: bool) -> Result<Guard, String> {
    if made.target == Target::Nothing && !allow_reboot {
        return Err("its only act is a reboot, and a reboot was not allowed: --allow-reboot".into());
    }
    let stem = made.name.clone();
    let mut count = 2;
    while others.iter().any(|other| other.name == made.name) {
        made.name = format!("{stem}-{count}");
        count += 1;
    }
    let text = format!("[machine]\nmode = \"act\"\n\n{}", app_text(&made, allow_reboot));
    match defib_config::load(&text, &defib_config::Host { root: true }) {
        Ok(_) => Ok(made),
        Err(report) => {
            let first =
                report.diagnostics.iter().find(|one| one.level == defib_config::Level::Error);
            Err(first.map_or_else(|| "the config refuses it".to_owned(), |one| one.message.clone()))
        }
    }
}

/// A line of which only a part is understood stays; then no app may do that part beside it.
fn drop_half_understood(guards: &mut Vec<Guard>, fates: &mut [Fate]) {
    let is_refused = |fate: &Fate| !matches!(fate, Fate::Left(why) if why == "it belongs to a line that is not understood");
    loop {
        let half = guards.iter().position(|guard| {
            guard.lines.iter().any(|&line| {
                matches!(fates[line], Fate::Left(_))
                    && is_refused(&fates[line])
                    && !guard.starts(line)
            })
        });
        let Some(half) = half else { return };
        let guard = guards.remove(half);
        for line in guard.lines {
            if !is_refused(&fates[line]) || guard.start_line == Some(line) {
                fates[line] = Fate::Left(format!(
                    "it belongs with a line that is understood only in part ({})",
                    guard.look.url
                ));
            }
        }
    }
}
