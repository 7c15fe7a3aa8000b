//! Programs that act, and programs that only speak.

use super::finding::Act;

/// What a program does, by its name and arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// An act.
    Act(Act),
    /// Nothing that the config must know.
    Nothing,
    /// It asks something: only its success matters.
    Asks,
    /// It tells somebody.
    Tells,
    /// Something that a config of defib does not do, for people.
    Foreign(&'static str),
    /// A program like any other.
    Program,
}

/// Programs without an effect on a site.
const QUIET: [&str; 38] = [
    "echo", "printf", "date", "sleep", "touch", "rm", "true", ":", "cat", "tee", "sync", "wait",
    "ulimit", "umask", "mkdir", "hostname", "uname", "head", "tail", "awk", "sed", "cut", "tr",
    "wc", "basename", "dirname", "seq", "trap", "shift", "free", "df", "ps", "uptime", "vmstat",
    "ls", "chmod", "chown", "read",
];

/// Programs that are run for what they say.
const ASKING: [&str; 22] = [
    "pgrep",
    "pidof",
    "ping",
    "ping6",
    "ss",
    "netstat",
    "lsof",
    "which",
    "find",
    "stat",
    "dig",
    "host",
    "nslookup",
    "getent",
    "expr",
    "bc",
    "jq",
    "openssl",
    "dmesg",
    "journalctl",
    "mountpoint",
    "telnet",
];

/// Programs that tell somebody.
const TELLING: [&str; 7] = ["logger", "mail", "mailx", "sendmail", "mutt", "wall", "ssmtp"];

/// What this program with these arguments does.
pub(crate) fn meaning(program: &str, arguments: &[&str]) -> Meaning {
    let has = |wanted: &str| arguments.contains(&wanted);
    let first_word = arguments.iter().find(|argument| !argument.starts_with('-')).copied();
    match program {
        "reboot" => Meaning::Act(Act::Reboot),
        "shutdown" if has("-r") => Meaning::Act(Act::Reboot),
        "init" | "telinit" if first_word == Some("6") => Meaning::Act(Act::Reboot),
        "shutdown" | "poweroff" | "halt" | "init" | "telinit" => {
            Meaning::Foreign("it turns the machine off")
        }
        "systemctl" => systemctl(arguments, first_word),
        "service" | "rc-service" | "invoke-rc.d" => named_service(arguments),
        "initctl" | "start" | "restart" => {
            Meaning::Foreign("it speaks to upstart, which defib does not")
        }
        "docker" | "podman" => container(program, arguments, first_word),
        "supervisorctl" | "pm2" | "lxc" | "svc" | "sv" | "s6-svc" | "monit" => {
            keeper(program, arguments, first_word)
        }
        "pkill" | "killall" | "kill" | "fuser" | "killall5" => kill(program, arguments),
        _ if TELLING.contains(&program) => Meaning::Tells,
        _ if ASKING.contains(&program) => Meaning::Asks,
        _ if QUIET.contains(&program) => Meaning::Nothing,
        _ => Meaning::Program,
    }
}

/// `/etc/init.d/NAME restart`
pub(crate) fn init_script(path: &str, arguments: &[&str]) -> Option<Meaning> {
    let name = path.strip_prefix("/etc/init.d/").or_else(|| path.strip_prefix("/etc/rc.d/"))?;
    Some(service(&[name], arguments.first().copied()))
}

fn systemctl(arguments: &[&str], verb: Option<&str>) -> Meaning {
    if arguments.iter().any(|argument| *argument == "--user" || argument.starts_with("--machine")) {
        return Meaning::Foreign("it speaks to the services of one user, which defib does not");
    }
    if matches!(verb, Some("reboot" | "kexec")) {
        return Meaning::Act(Act::Reboot);
    }
    let words = arguments.iter().filter(|argument| !argument.starts_with('-')).copied();
    let units: Vec<&str> = words.skip(1).collect();
    service(&units, verb)
}

fn named_service(arguments: &[&str]) -> Meaning {
    let words: Vec<&str> = arguments.iter().filter(|a| !a.starts_with('-')).copied().collect();
    match words.as_slice() {
        [name, verb, ..] => service(&[name], Some(verb)),
        _ => Meaning::Asks,
    }
}

fn service(units: &[&str], verb: Option<&str>) -> Meaning {
    let is_start = verb.is_some_and(|verb| verb == "start" || verb.contains("restart"));
    if is_start && !units.is_empty() {
        let units = units.iter().map(|unit| unit.trim_end_matches(".service").to_owned());
        return Meaning::Act(Act::Service(units.collect()));
    }
    match verb {
        Some("stop" | "kill") => Meaning::Act(Act::Kill(units.join(" "))),
        Some("reload" | "force-reload") => Meaning::Foreign("it reloads a service"),
        Some("poweroff" | "halt" | "suspend") => Meaning::Foreign("it turns the machine off"),
        _ => Meaning::Asks,
    }
}

fn container(program: &str, arguments: &[&str], verb: Option<&str>) -> Meaning {
    match verb {
        Some("compose" | "run") => Meaning::Program,
        Some("restart" | "start") => Meaning::Act(Act::Keeper(line(program, arguments))),
        Some("stop" | "kill" | "rm") => Meaning::Act(Act::Kill(arguments[1..].join(" "))),
        _ => Meaning::Asks,
    }
}

fn keeper(program: &str, arguments: &[&str], verb: Option<&str>) -> Meaning {
    let is_act = verb.is_some_and(|verb| ["restart", "start", "reload"].contains(&verb))
        || ["svc", "s6-svc"].contains(&program);
    if is_act { Meaning::Act(Act::Keeper(line(program, arguments))) } else { Meaning::Asks }
}

fn line(program: &str, arguments: &[&str]) -> Vec<String> {
    std::iter::once(&program).chain(arguments).map(|&word| word.to_owned()).collect()
}

fn kill(program: &str, arguments: &[&str]) -> Meaning {
    // `kill -0` and `fuser` without -k only ask.
    if arguments.contains(&"-0") || program == "fuser" && !arguments.iter().any(|a| a.contains('k'))
    {
        return Meaning::Asks;
    }
    let named = arguments.iter().filter(|argument| !argument.starts_with('-'));
    Meaning::Act(Act::Kill(named.copied().collect::<Vec<_>>().join(" ")))
}
