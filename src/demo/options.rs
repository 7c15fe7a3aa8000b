//! The arguments of the demo's own roles.

use std::path::PathBuf;
use std::time::Duration;

/// What a process of the demo is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// A web application.
    App(AppOptions),
    /// Something that an application needs.
    Dependency(DependencyOptions),
    /// The agent, ended with the demo: the arguments to start it with.
    Agent(Vec<String>),
}

/// What goes wrong with an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process aborts.
    Crash,
    /// Connections are accepted and never answered.
    Hang,
    /// Every answer is 500.
    Errors,
    /// The process is stopped, as by SIGSTOP.
    Stop,
}

const FAULTS: [(&str, Fault); 4] = [
    ("crash", Fault::Crash),
    ("hang", Fault::Hang),
    ("errors", Fault::Errors),
    ("stop", Fault::Stop),
];

impl Fault {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        FAULTS.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}

/// A web application of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppOptions {
    /// Where it listens, on the loopback.
    pub(crate) port: u16,
    /// Its fault, if it has one.
    pub(crate) fault: Option<Strike>,
    /// The port of the loopback without which it answers 500.
    pub(crate) needs: Option<u16>,
    /// The demo's process: the application ends with it.
    pub(crate) demo_pid: u32,
}

/// When a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    /// Which.
    pub(crate) fault: Fault,
    /// How long after the start.
    pub(crate) after: Duration,
    /// Made when it strikes: a later start that finds this file is well.
    pub(crate) once: PathBuf,
}

/// Something that an application needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DependencyOptions {
    /// Where it listens, on the loopback.
    pub(crate) port: u16,
    /// It closes so long after its start.
    pub(crate) down_after: Duration,
    /// It stays closed for so long.
    pub(crate) down_for: Duration,
    /// The demo's process: the dependency ends with it.
    pub(crate) demo_pid: u32,
}

/// Reads the arguments behind `demo-app`.
pub(crate) fn parse(arguments: &[String]) -> Result<Role, String> {
    let (first, rest) = arguments.split_first().ok_or("no arguments")?;
    match first.as_str() {
        "--agent" => Ok(Role::Agent(rest.to_vec())),
        "--dependency" => Flags::read(rest)?.dependency(),
        _ => Flags::read(arguments)?.app(),
    }
}

/// `--name value` pairs, each taken once.
struct Flags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Flags<'a> {
    fn read(arguments: &'a [String]) -> Result<Flags<'a>, String> {
        let pairs = arguments.chunks(2).map(|pair| match pair {
            [name, value] if name.starts_with("--") => Ok((name.as_str(), value.as_str())),
            _ => Err(format!("not a flag with a value: {}", pair.join(" "))),
        });
        pairs.collect::<Result<_, _>>().map(Flags)
    }

    fn take(&mut self, name: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(flag, _)| *flag == name)?;
        Some(self.0.remove(at).1)
    }

    fn need<T: std::str::FromStr>(&mut self, name: &str) -> Result<T, String> {
        let text = self.take(name).ok_or_else(|| format!("{name} is missing"))?;
        text.parse().map_err(|_| format!("{name} {text}: not a number that fits"))
    }

    fn span(&mut self, name: &str) -> Result<Duration, String> {
        self.need(name).map(Duration::from_millis)
    }

    fn app(mut self) -> Result<Role, String> {
        let fault = match self.take("--fault") {
            Some(name) => Some(self.strike(name)?),
            None => None,
        };
        let needs = match self.take("--needs") {
            Some(text) => Some(text.parse().map_err(|_| format!("--needs {text}: not a port"))?),
            None => None,
        };
        let options =
            AppOptions { port: self.need("--port")?, fault, needs, demo_pid: self.need("--demo")? };
        self.end().map(|()| Role::App(options))
    }

    fn strike(&mut self, name: &str) -> Result<Strike, String> {
        let known = FAULTS.iter().find(|(known, _)| *known == name);
        let (_, fault) = known.ok_or_else(|| format!("no fault is called {name}"))?;
        let once = self.take("--once").ok_or("--once is missing")?;
        Ok(Strike { fault: *fault, after: self.span("--after")?, once: PathBuf::from(once) })
    }

    fn dependency(mut self) -> Result<Role, String> {
        let options = DependencyOptions {
            port: self.need("--port")?,
            down_after: self.span("--down-after")?,
            down_for: self.span("--down-for")?,
            demo_pid: self.need("--demo")?,
        };
        self.end().map(|()| Role::Dependency(options))
    }

    fn end(self) -> Result<(), String> {
        self.0.first().map_or(Ok(()), |(name, _)| Err(format!("unknown flag {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Role, parse};
    use std::time::Duration;

    fn read(line: &str) -> Result<Role, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    #[test]
    fn an_app_with_a_fault_is_read() {
        let line = "--port 8000 --demo 12 --fault errors --after 1500 --once /tmp/struck";
        let Ok(Role::App(options)) = read(line) else { panic!("{:?}", read(line)) };
        let strike = options.fault.expect("it has one");
        assert_eq!((options.port, options.demo_pid, options.needs), (8000, 12, None));
        assert_eq!((strike.fault, strike.after), (Fault::Errors, Duration::from_millis(1500)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, word) in [
            ("", "no arguments"),
            ("--port 99999 --demo 1", "--port 99999"),
            ("--demo 1", "--port is missing"),
            ("--port 1 --demo 1 --fault sleep", "sleep"),
            ("--port 1 --demo 1 --colour red", "--colour"),
            ("--dependency --port 1 --demo 1 --down-after 5", "--down-for"),
            ("--port", "--port"),
        ] {
            let message = read(line).expect_err(line);
            assert!(message.contains(word), "{line}: {message}");
        }
    }
}
