//! Scripts, `sh -c` and functions are gone into; any other program is one that runs.

use super::condition::Condition;
use super::expand::Value;
use super::finding::{Act, Launch};
use super::prefix::{Stripped, name_of};
use super::test::Truth;
use super::tree::parse;
use super::walk::{DEPTH_MAX, Flow, Walk};

/// Programs that put an application into the background by themselves.
const DAEMONIZERS: [&str; 8] =
    ["tmux", "start-stop-daemon", "daemon", "daemonize", "systemd-run", "at", "batch", "forever"];

impl Walk<'_> {
    pub(super) fn script_or_launch(
        &mut self,
        program: &Value,
        stripped: &Stripped,
        line: usize,
    ) -> Flow {
        let path =
            program.whole().filter(|path| path.contains('/')).map(|path| self.absolute(path));
        let text = path.as_ref().and_then(|path| self.machine.read(path));
        if let (Some(path), Some(text)) = (path, text)
            && is_shell(&text)
        {
            return self.script(&text, &path, stripped, line);
        }
        let shown: Vec<&str> = stripped.words.iter().map(|word| word.shown.as_str()).collect();
        let shown = shown.join(" ");
        self.launch(stripped, line);
        Flow::of(Truth::Other(shown))
    }

    fn script(&mut self, text: &str, path: &str, stripped: &Stripped, line: usize) -> Flow {
        let before = (self.finding.looks.len(), self.finding.done.len(), self.finding.unread.len());
        let outer = self.enter(stripped);
        let arguments = stripped.words[1..].to_vec();
        let flow = self.call(&arguments, |walk| walk.inline(text, path, 1));
        self.leave(outer);
        let after = (self.finding.looks.len(), self.finding.done.len(), self.finding.unread.len());
        if before == after {
            self.launch(stripped, line);
        }
        flow
    }

    /// `sh -c TEXT`
    pub(super) fn text(&mut self, text: &Value, stripped: &Stripped, line: usize) -> Flow {
        let Some(known) = text.whole().map(str::to_owned) else {
            let place = self.place(line);
            self.finding.unread.insert(format!("{place}: its text is not known: {}", text.shown));
            return Flow::of(Truth::Other(text.shown.clone()));
        };
        let (file, base) = (self.file.clone(), self.place(line).line);
        let outer = self.enter(stripped);
        let flow = self.call(&[], |walk| walk.inline(&known, &file, base));
        self.leave(outer);
        flow
    }

    fn enter(&mut self, stripped: &Stripped) -> (Option<String>, Option<String>, bool) {
        let outer = (self.user.clone(), self.folder.clone(), self.is_detached);
        self.is_detached |= stripped.is_detached;
        if let Some(user) = &stripped.user {
            self.user = Some(user.clone());
            if stripped.is_login {
                self.folder = self.machine.home(user);
            }
        }
        for (name, value) in &stripped.environment {
            self.variables.set(name, value.clone());
            self.exported.insert(name.clone());
        }
        outer
    }

    fn leave(&mut self, outer: (Option<String>, Option<String>, bool)) {
        (self.user, self.folder, self.is_detached) = outer;
    }

    pub(super) fn inline(&mut self, text: &str, file: &str, base: usize) -> Flow {
        let node = match parse(text) {
            Ok(node) if self.depth < DEPTH_MAX => node,
            Ok(_) => return Flow::of(Truth::Other(file.to_owned())),
            Err(why) => {
                self.finding.unread.insert(format!("{file}: {why}"));
                return Flow::of(Truth::Other(file.to_owned()));
            }
        };
        let outer = (std::mem::replace(&mut self.file, file.to_owned()), self.base);
        self.base = base;
        self.depth += 1;
        let flow = self.node(&node);
        self.depth -= 1;
        (self.file, self.base) = outer;
        flow
    }

    /// A function or a script: its exits are its own, and tell what its success means.
    pub(super) fn call(
        &mut self,
        arguments: &[Value],
        inside: impl FnOnce(&mut Self) -> Flow,
    ) -> Flow {
        if self.depth >= DEPTH_MAX {
            return Flow::of(Truth::Other("what is nested too deeply".to_owned()));
        }
        for (at, value) in arguments.iter().enumerate().take(9) {
            self.variables.set(&(at + 1).to_string(), value.clone());
        }
        let exits = std::mem::take(&mut self.exits);
        self.depth += 1;
        let flow = inside(self);
        self.depth -= 1;
        let own = std::mem::replace(&mut self.exits, exits);
        Flow::of(own.iter().find_map(truth_of_exit).unwrap_or(flow.truth))
    }

    fn launch(&mut self, stripped: &Stripped, line: usize) {
        let place = self.place(line);
        let name = stripped.words.first().map(name_of).unwrap_or_default().to_owned();
        let argv: Option<Vec<String>> =
            stripped.words.iter().map(|word| word.whole().map(str::to_owned)).collect();
        if DAEMONIZERS.contains(&name.as_str()) {
            let what = format!("{place}: {name} puts it into the background by itself");
            self.finding.unread.insert(what);
            return;
        }
        let Some(mut argv) = argv else { return };
        if argv[0].starts_with(['.', '~']) {
            argv[0] = self.absolute(&argv[0]);
        }
        let mut environment: Vec<(String, String)> = Vec::new();
        let exported = self.exported.iter();
        for (name, value) in exported
            .filter_map(|name| Some((name, self.variables.get(name)?)))
            .chain(stripped.environment.iter().map(|(name, value)| (name, value)))
        {
            environment.retain(|(known, _)| known != name);
            environment.extend(value.whole().map(|text| (name.clone(), text.to_owned())));
        }
        let user = stripped.user.clone().or_else(|| self.user.clone());
        let folder = match (&stripped.user, stripped.is_login) {
            (Some(user), true) => self.machine.home(user),
            _ => self.folder.clone(),
        };
        let is_detached = self.is_detached || stripped.is_detached;
        self.done(Act::Run(Launch { argv, folder, user, environment, is_detached }), line);
    }
}

fn truth_of_exit(exit: &(bool, Vec<Condition>)) -> Option<Truth> {
    let (is_success, conditions) = exit;
    conditions.iter().rev().find_map(|condition| match condition {
        Condition::Look { look, failed } => Some(Truth::Look(*look, is_success != failed)),
        Condition::Other(_) => None,
    })
}

/// A text that a shell would run: by its first line; without one it is a shell's.
fn is_shell(text: &str) -> bool {
    match text.lines().next().and_then(|line| line.strip_prefix("#!")) {
        Some(shell) => {
            let words = shell.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(""));
            words.clone().any(|word| ["sh", "bash", "dash", "ash", "ksh", "zsh"].contains(&word))
        }
        None => true,
    }
}
