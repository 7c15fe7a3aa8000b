//! Through a script, without running it: which look, under which condition which act.

use super::condition::Condition;
use super::expand::{Told, Value, Variables, expand};
use super::finding::{Act, Done, Finding, Place, When};
use super::test::Truth;
use super::tree::{Node, Simple, parse};
use super::word::Word;
use crate::import::surroundings::Surroundings;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How many commands are read in all, loops and functions included.
const FUEL: usize = 5_000;

/// How deep scripts, functions and `sh -c` stand in each other.
pub(super) const DEPTH_MAX: usize = 8;

/// Where a text stands and who runs it.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Where its first line is.
    pub(crate) place: Place,
    /// Whom it runs as.
    pub(crate) user: Option<String>,
    /// Variables that are set before it.
    pub(crate) environment: Vec<(String, String)>,
}

/// What came of a command.
pub(super) struct Flow {
    pub(super) truth: Truth,
    /// What must be so for the rest to be reached: otherwise the script has ended.
    pub(super) after: Vec<Condition>,
    /// The script ends here.
    pub(super) ends: bool,
}

impl Flow {
    pub(super) fn of(truth: Truth) -> Flow {
        Flow { truth, after: Vec::new(), ends: false }
    }
}

pub(super) struct Walk<'m> {
    pub(super) machine: &'m dyn Surroundings,
    pub(super) variables: Variables,
    pub(super) exported: BTreeSet<String>,
    pub(super) functions: BTreeMap<String, Rc<Node>>,
    pub(super) conditions: Vec<Condition>,
    pub(super) finding: Finding,
    pub(super) file: String,
    /// The line of the text's first line.
    pub(super) base: usize,
    pub(super) folder: Option<String>,
    pub(super) user: Option<String>,
    /// What a pipe gives to the next program.
    pub(super) input: Option<Told>,
    /// What the last program printed.
    pub(super) printed: Option<Told>,
    pub(super) is_detached: bool,
    /// Where the script, or the function, ended: with success, and under which conditions.
    pub(super) exits: Vec<(bool, Vec<Condition>)>,
    fuel: usize,
    pub(super) depth: usize,
}

/// Reads a text, and the scripts that it names.
pub(crate) fn read(
    text: &str,
    setting: Setting,
    machine: &dyn Surroundings,
) -> Result<Finding, String> {
    let node = parse(text)?;
    let mut variables = Variables::default();
    let mut exported = BTreeSet::new();
    for (name, value) in setting.environment {
        variables.set(&name, Value::known(value));
        exported.insert(name);
    }
    if let Some(home) = setting.user.as_deref().and_then(|user| machine.home(user)) {
        variables.set("HOME", Value::known(home));
    }
    let mut walk = Walk {
        machine,
        variables,
        exported,
        functions: BTreeMap::new(),
        conditions: Vec::new(),
        finding: Finding::default(),
        file: setting.place.file,
        base: setting.place.line,
        folder: None,
        user: setting.user,
        input: None,
        printed: None,
        is_detached: false,
        exits: Vec::new(),
        fuel: FUEL,
        depth: 0,
    };
    walk.node(&node);
    Ok(walk.finding)
}

impl Walk<'_> {
    pub(super) fn place(&self, line: usize) -> Place {
        Place { file: self.file.clone(), line: self.base + line - 1 }
    }

    pub(super) fn node(&mut self, node: &Node) -> Flow {
        if self.fuel == 0 {
            self.finding.unread.insert("it goes on for too long".to_owned());
            return Flow::of(Truth::Other("what comes after that".to_owned()));
        }
        self.fuel -= 1;
        match node {
            Node::Simple(simple) => self.simple(simple),
            Node::Not(inner) => {
                let flow = self.node(inner);
                Flow { truth: flow.truth.not(), ..flow }
            }
            Node::Pipe(parts) => self.pipe(parts),
            Node::Chain(first, rest) => self.chain(first, rest),
            Node::Seq(nodes) => self.seq(nodes),
            Node::Background(inner) => {
                let outer = std::mem::replace(&mut self.is_detached, true);
                self.node(inner);
                self.is_detached = outer;
                Flow::of(Truth::Known(true))
            }
            Node::If(branches, otherwise) => self.conditional(branches, otherwise.as_deref()),
            Node::For(name, words, body) => self.for_each(name, words, body),
            Node::While(condition, body, is_until) => self.while_loop(condition, body, *is_until),
            Node::Function(name, body) => {
                self.functions.insert(name.clone(), Rc::new((**body).clone()));
                Flow::of(Truth::Known(true))
            }
            Node::Unread(what, line) => {
                let place = self.place(*line);
                self.finding.unread.insert(format!("{place}: a `{what}` is not read"));
                Flow::of(Truth::Other(format!("a `{what}`")))
            }
        }
    }

    pub(super) fn value(&mut self, word: &Word, line: usize) -> Value {
        let mut commands: Vec<(String, Value)> = Vec::new();
        for part in &word.parts {
            if let super::word::Part::Command(text) = part {
                let value = self.captured(text, line);
                commands.push((text.clone(), value));
            }
        }
        expand(word, &self.variables, |text| {
            let found = commands.iter().find(|(known, _)| known == text);
            found.map_or_else(|| Value::unknown(text), |(_, value)| value.clone())
        })
    }

    /// `$(...)`: what it prints.
    fn captured(&mut self, text: &str, line: usize) -> Value {
        let shown = format!("$({text})");
        if self.depth >= DEPTH_MAX {
            return Value::unknown(shown);
        }
        let Ok(node) = parse(text) else { return Value::unknown(shown) };
        let outer = (self.printed.take(), self.input.take());
        let inner = self.place(line).line;
        let base = std::mem::replace(&mut self.base, inner);
        self.depth += 1;
        self.node(&node);
        self.depth -= 1;
        self.base = base;
        let told = self.printed;
        (self.printed, self.input) = outer;
        Value::telling(told, shown)
    }

    pub(super) fn simple(&mut self, simple: &Simple) -> Flow {
        let line = simple.line;
        let assigned: Vec<(String, Value)> = simple
            .assigned
            .iter()
            .map(|(name, word)| (name.clone(), self.value(word, line)))
            .collect();
        if simple.words.is_empty() {
            return self.assign(assigned);
        }
        let mut words = Vec::new();
        for word in &simple.words {
            let value = self.value(word, line);
            words.extend(super::expand::split(word, value));
        }
        let flow = self.run(words, assigned, line);
        let exit = match &flow.truth {
            Truth::Look(look, true) => Some(Told::Exit(*look)),
            _ => None,
        };
        self.variables.set("?", Value::telling(exit, "$?"));
        flow
    }

    /// The exit code of `status=$(curl ...)` is curl's.
    fn assign(&mut self, assigned: Vec<(String, Value)>) -> Flow {
        let mut truth = Truth::Known(true);
        for (name, value) in assigned {
            if let Some(Told::Status(look) | Told::Body(look)) = value.told
                && value.shown.starts_with("$(")
            {
                truth = Truth::Look(look, true);
                self.variables.set("?", Value::telling(Some(Told::Exit(look)), "$?"));
            }
            self.variables.set(&name, value);
        }
        Flow::of(truth)
    }

    pub(super) fn done(&mut self, act: Act, line: usize) {
        let mut failed = Vec::new();
        let mut passed = None;
        let mut also = Vec::new();
        for condition in &self.conditions {
            match condition {
                Condition::Look { look, failed: true } if !failed.contains(look) => {
                    failed.push(*look);
                }
                Condition::Look { failed: true, .. } => {}
                Condition::Look { look, failed: false } => passed = Some(*look),
                Condition::Other(what) => also.push(what.clone()),
            }
        }
        let when = match (failed.is_empty(), passed, also.is_empty()) {
            (false, _, _) => When::Failed(failed),
            (true, Some(look), _) => When::Passed(look),
            (true, None, false) => When::Other(also.join("; ")),
            (true, None, true) => When::Always,
        };
        let place = self.place(line);
        self.finding.done.push(Done { act, when, also, place });
    }
}
