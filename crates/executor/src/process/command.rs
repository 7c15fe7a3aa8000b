//! Whether a process runs a configured command.
//!
//! What counts as the same: the same program with the same arguments, byte for byte and in their order; or the
//! interpreter that a script's first line names, with nothing before the script but options of its own. The
//! program is compared by its file, since `gunicorn` and `/usr/bin/gunicorn` are one. This is no question of
//! safety (a process may write what it likes into its own command line) but of not mistaking one for another:
//! whom it runs as is what nobody can forge, and that is looked at by others.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest command line that is compared. The kernel shows all of it, which may be 2 MiB.
const LINE_MAX: u64 = 64 * 1024;

/// A program, and how the kernel runs it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command<'a> {
    program: PathBuf,
    arguments: &'a [String],
    interpreter: Option<Interpreter>,
}

/// Who runs a script.
#[derive(Debug, PartialEq, Eq)]
enum Interpreter {
    /// This file.
    File(PathBuf),
    /// Whatever `env` finds by this name.
    Named(String),
}

/// What a process shows of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its arguments, the program's name first.
    pub(crate) argv: Vec<Vec<u8>>,
    /// The file that it executes.
    pub(crate) exe: PathBuf,
    /// Its working directory, against which a relative path is read.
    pub(crate) cwd: PathBuf,
}

impl<'a> Command<'a> {
    /// `program`: where the first word of the command was found. `None` if there is no such file.
    pub(crate) fn of(program: &Path, arguments: &'a [String]) -> Option<Command<'a>> {
        let program = program.canonicalize().ok()?;
        let interpreter = interpreter_of(&program);
        Some(Command { program, arguments, interpreter })
    }

    /// Whether a process that shows this runs it.
    pub(crate) fn is_run_by(&self, shown: &Shown) -> bool {
        match &self.interpreter {
            None => {
                shown.exe == self.program && (self.has_arguments(shown) || self.is_in_title(shown))
            }
            Some(interpreter) => {
                interpreter.is(&shown.exe) && self.is_script_of(shown) || self.is_behind_shim(shown)
            }
        }
    }

    /// A script that only chooses which program of its own name is executed, as pyenv's and rbenv's do.
    fn is_behind_shim(&self, shown: &Shown) -> bool {
        let name = self.program.file_name().and_then(|name| name.to_str());
        let word = shown.argv.first().and_then(|word| std::str::from_utf8(word).ok());
        let is_named = word.and_then(|word| Path::new(word).file_name()?.to_str()) == name;
        is_named
            && name.is_some_and(|name| is_named_as(&shown.exe, name))
            && self.has_arguments(shown)
    }

    fn has_arguments(&self, shown: &Shown) -> bool {
        shown.argv.get(1..).is_some_and(|rest| is_same(rest, self.arguments))
    }

    /// `nginx: master process nginx -g daemon off;`: a program that writes over its command line and keeps the
    /// arguments at its end.
    fn is_in_title(&self, shown: &Shown) -> bool {
        let [title, rest @ ..] = &shown.argv[..] else { return false };
        let (Some(name), Ok(title)) =
            (self.program.file_name().and_then(|name| name.to_str()), std::str::from_utf8(title))
        else {
            return false;
        };
        let is_title = title.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
        let end = format!(" {}", self.arguments.join(" "));
        is_title
            && !self.arguments.is_empty()
            && rest.iter().all(Vec::is_empty)
            && title.trim_end().ends_with(&end)
    }

    /// `[interpreter, options..., script, arguments...]`
    fn is_script_of(&self, shown: &Shown) -> bool {
        let at = shown.argv.len().checked_sub(self.arguments.len() + 1);
        let Some(at) = at.filter(|at| *at > 0) else { return false };
        let Ok(script) = std::str::from_utf8(&shown.argv[at]) else { return false };
        shown.argv[1..at].iter().all(|word| word.starts_with(b"-"))
            && is_same(&shown.argv[at + 1..], self.arguments)
            && shown.cwd.join(script).canonicalize().is_ok_and(|path| path == self.program)
    }
}

impl Interpreter {
    fn is(&self, exe: &Path) -> bool {
        match self {
            Interpreter::File(file) => exe == file,
            Interpreter::Named(name) => is_named_as(exe, name),
        }
    }
}

/// `python3` is found as a link to `python3.11`.
fn is_named_as(exe: &Path, name: &str) -> bool {
    let rest = exe.file_name().and_then(|exe| exe.to_str()?.strip_prefix(name));
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
}

fn is_same(shown: &[Vec<u8>], wanted: &[String]) -> bool {
    shown.len() == wanted.len() && shown.iter().zip(wanted).all(|(a, b)| a == b.as_bytes())
}

/// The kernel reads 256 bytes of a script's first line (`BINPRM_BUF_SIZE`).
fn interpreter_of(program: &Path) -> Option<Interpreter> {
    let mut bytes = Vec::new();
    File::open(program).ok()?.take(256).read_to_end(&mut bytes).ok()?;
    let line = bytes.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
    let first = Path::new(words.next()?);
    if first.file_name().is_some_and(|name| name == "env") {
        let name = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        return Some(Interpreter::Named(name.to_owned()));
    }
    Some(Interpreter::File(first.canonicalize().ok()?))
}

/// What the process of this number shows. `None`: it is gone, or not ours to look at.
pub(crate) fn shown_by(pid: u32) -> Option<Shown> {
    let mut line = Vec::new();
    File::open(format!("/proc/{pid}/cmdline")).ok()?.take(LINE_MAX).read_to_end(&mut line).ok()?;
    let line = line.strip_suffix(&[0]).unwrap_or(&line);
    let exe = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    // An upgrade has put another file in its place; the process is the same.
    let exe = exe
        .to_str()
        .and_then(|text| text.strip_suffix(" (deleted)"))
        .map_or(exe.clone(), PathBuf::from);
    Some(Shown {
        argv: line.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect(),
        exe,
        cwd: std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?,
    })
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
