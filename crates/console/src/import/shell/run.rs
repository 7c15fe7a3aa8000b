//! One program with its arguments: a look, a condition, an act, or none of these.

use super::act::{Meaning, init_script, meaning};
use super::expand::{Told, Value};
use super::finding::Act;
use super::look::look;
use super::prefix::{Stripped, name_of, strip};
use super::test::{Truth, condition, grep};
use super::walk::{Flow, Walk};

/// Programs that hand on what they are given.
const FILTERS: [&str; 10] =
    ["awk", "cut", "head", "tail", "tr", "sed", "tee", "cat", "sort", "xargs"];

impl Walk<'_> {
    pub(super) fn run(
        &mut self,
        words: Vec<Value>,
        assigned: Vec<(String, Value)>,
        line: usize,
    ) -> Flow {
        let mut stripped = strip(words);
        stripped.environment.splice(0..0, assigned);
        if let Some(text) = stripped.text.take() {
            return self.text(&text, &stripped, line);
        }
        let Some(program) = stripped.words.first().cloned() else {
            return Flow::of(Truth::Known(true));
        };
        if let Some(flow) = self.builtin(&program.text, &stripped.words[1..]) {
            return flow;
        }
        match name_of(&program) {
            "curl" | "wget" | "nc" | "ncat" => self.look(&stripped, line),
            "[" | "[[" | "test" => {
                let inside = |word: &&Value| word.text != "]" && word.text != "]]";
                let words: Vec<Value> =
                    stripped.words[1..].iter().filter(inside).cloned().collect();
                Flow::of(condition(&words, &mut self.finding.looks))
            }
            "grep" | "egrep" | "fgrep" => {
                let truth = grep(&stripped.words[1..], self.input, &mut self.finding.looks);
                self.printed = self.input;
                Flow::of(truth)
            }
            _ => self.program(&program, &stripped, line),
        }
    }

    /// What the shell itself does.
    fn builtin(&mut self, name: &str, arguments: &[Value]) -> Option<Flow> {
        match name {
            "exit" | "return" | "break" | "continue" => {
                let code = arguments.first().map(|word| word.text.as_str());
                if name == "exit" || name == "return" {
                    self.exits.push((code.is_none_or(|code| code == "0"), self.conditions.clone()));
                }
                return Some(Flow { ends: true, ..Flow::of(Truth::Known(true)) });
            }
            "cd" | "pushd" => {
                let to = arguments.iter().find(|word| !word.text.starts_with('-'));
                self.folder = to.and_then(|to| Some(self.absolute(to.whole()?)));
            }
            "export" | "local" | "declare" | "readonly" | "typeset" => {
                for word in arguments {
                    let (known, value) = match word.text.split_once('=') {
                        Some((known, text)) => (known, Some(text)),
                        None => (word.text.as_str(), None),
                    };
                    if let Some(text) = value {
                        self.variables.set(known, Value { text: text.to_owned(), ..word.clone() });
                    }
                    if name == "export" {
                        self.exported.insert(known.to_owned());
                    }
                }
            }
            "set" | "unset" | "shopt" | "alias" | "true" | ":" => {}
            "false" => return Some(Flow::of(Truth::Known(false))),
            "." | "source" => {
                let path = self.absolute(arguments.first()?.whole()?);
                let text = self.machine.read(&path)?;
                return Some(self.inline(&text, &path, 1));
            }
            _ => {
                let body = self.functions.get(name).cloned()?;
                return Some(self.call(arguments, |walk| walk.node(&body)));
            }
        }
        Some(Flow::of(Truth::Known(true)))
    }

    pub(super) fn absolute(&self, path: &str) -> String {
        let home = || self.user.as_deref().and_then(|user| self.machine.home(user));
        if let Some(rest) =
            path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            return format!("{}{rest}", home().unwrap_or_default());
        }
        if path.starts_with('/') {
            return path.to_owned();
        }
        let folder = self.folder.clone().or_else(home).unwrap_or_default();
        format!("{}/{}", folder.trim_end_matches('/'), path.trim_start_matches("./"))
    }

    fn look(&mut self, stripped: &Stripped, line: usize) -> Flow {
        let program = name_of(&stripped.words[0]).to_owned();
        let Some(mut found) = look(&program, &stripped.words[1..]) else {
            return Flow::of(Truth::Other(program));
        };
        found.place = self.place(line);
        if let Some(limit_s) = stripped.limit_s {
            found.timeout_s = Some(found.timeout_s.map_or(limit_s, |own_s| own_s.min(limit_s)));
        }
        let number = self.finding.looks.len();
        self.printed =
            Some(if found.prints_status { Told::Status(number) } else { Told::Body(number) });
        self.finding.looks.push(found);
        Flow::of(Truth::Look(number, true))
    }

    fn program(&mut self, program: &Value, stripped: &Stripped, line: usize) -> Flow {
        let name = name_of(program).to_owned();
        let arguments: Vec<&str> =
            stripped.words[1..].iter().map(|word| word.text.as_str()).collect();
        self.pass_on(&name, stripped);
        if let Some(found) = self.sysrq(&name, &arguments, line) {
            return found;
        }
        let meant =
            init_script(&program.text, &arguments).unwrap_or_else(|| meaning(&name, &arguments));
        let shown = || {
            let words: Vec<&str> = stripped.words.iter().map(|word| word.shown.as_str()).collect();
            words.join(" ")
        };
        match meant {
            Meaning::Nothing => return Flow::of(Truth::Known(true)),
            Meaning::Asks => return Flow::of(Truth::Other(shown())),
            Meaning::Tells => {
                self.finding.besides.insert(shown());
                return Flow::of(Truth::Known(true));
            }
            Meaning::Foreign(what) => {
                let place = self.place(line);
                self.finding.unread.insert(format!("{place}: {what}"));
            }
            Meaning::Act(act) if stripped.words.iter().all(|word| word.is_known) => {
                self.done(act, line);
            }
            Meaning::Act(Act::Reboot) => self.done(Act::Reboot, line),
            Meaning::Act(_) => {
                let place = self.place(line);
                let what = format!("{place}: what it acts on is not known: {}", shown());
                self.finding.unread.insert(what);
            }
            Meaning::Program => return self.script_or_launch(program, stripped, line),
        }
        Flow::of(Truth::Other(shown()))
    }

    /// `echo "$body" | grep`, `curl ... | head -1 | grep`
    fn pass_on(&mut self, name: &str, stripped: &Stripped) {
        if name == "echo" || name == "printf" {
            self.printed = stripped.words.iter().find_map(|word| word.told);
        } else if FILTERS.contains(&name) {
            self.printed = self.input;
        }
    }

    /// `echo b > /proc/sysrq-trigger`: the redirection is not kept, and nobody echoes a lone `b` elsewhere.
    fn sysrq(&mut self, name: &str, arguments: &[&str], line: usize) -> Option<Flow> {
        if name != "echo" || arguments != ["b"] {
            return None;
        }
        self.done(Act::Reboot, line);
        Some(Flow::of(Truth::Known(true)))
    }
}
