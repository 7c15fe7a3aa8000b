//! The whole command line, as one type.

use crate::cli::help;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `defib ...`
#[derive(Parser, Debug, Clone, PartialEq)]
#[command(
    name = "defib",
    version = crate::VERSION,
    about = "Brings a web application back when it goes down, and says why",
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = help::EXAMPLES,
    before_long_help = help::EXAMPLES,
    after_long_help = "Exit codes, files and JSON: see docs/cli.md",
    infer_subcommands = false
)]
pub struct Cli {
    /// Flags that every verb takes, before or after it.
    #[command(flatten)]
    pub global: Global,
    /// What to do; none asks for the short help.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Flags that every verb takes.
#[derive(Args, Debug, Clone, Default, PartialEq)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Read this config file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true, conflicts_with = "plain")]
    pub json: bool,
    /// One record a line, nothing redrawn, nothing wrapped
    #[arg(long, global = true)]
    pub plain: bool,
    /// Say less
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more (twice: still more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colour the output
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub color: ColorWhen,
    /// Never ask a question
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Say what would be done, and do nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// The control socket of the agent to talk to
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

/// When to colour.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Subcommand, Debug, Clone, PartialEq)]
pub enum Verb {
    /// Guard one application from this terminal
    #[command(before_long_help = help::GUARD)]
    Guard(GuardArgs),
    /// Guard what the config file names, as a service
    #[command(before_long_help = help::DAEMON)]
    Daemon(DaemonArgs),
    /// Show how the guarded applications are
    #[command(before_long_help = help::STATUS)]
    Status(StatusArgs),
    /// List what went wrong
    #[command(before_long_help = help::INCIDENTS)]
    Incidents(IncidentsArgs),
    /// Tell the story of one incident
    #[command(before_long_help = help::EXPLAIN)]
    Explain(ExplainArgs),
    /// Say what is believed about an application now, and what would be done next
    #[command(before_long_help = help::WHY)]
    Why(AppArgs),
    /// Do not act on an application for a while (a deploy, maintenance)
    #[command(before_long_help = help::HOLD)]
    Hold(HoldArgs),
    /// End a hold
    #[command(before_long_help = help::RELEASE)]
    Release(AppArgs),
    /// Allow reboots again, after those in vain
    #[command(before_long_help = help::RESUME)]
    Resume(ResumeArgs),
    /// Break an application on purpose, and see that it is healed
    #[command(before_long_help = help::DRILL)]
    Drill(DrillArgs),
    /// Look at a URL once, with Nagios' exit codes
    #[command(before_long_help = help::PROBE)]
    Probe(ProbeArgs),
    /// Check a config file, and say its rules in words
    #[command(before_long_help = help::CHECK)]
    Check(CheckArgs),
    /// Say what this machine can do, rung by rung, and what to change
    #[command(before_long_help = help::DOCTOR)]
    Doctor,
    /// Read the old cron lines as a config, and put them out of service after a yes
    #[command(before_long_help = help::IMPORT)]
    Import(ImportArgs),
    /// Make cron start defib, on a host without systemd
    #[command(before_long_help = help::INSTALL)]
    Install(InstallArgs),
    /// Decide again what a journal holds, and compare
    #[command(before_long_help = help::REPLAY)]
    Replay(ReplayArgs),
    /// Watch defib heal small real web applications
    #[command(before_long_help = help::DEMO)]
    Demo,
    /// Print a shell's completions
    Completions(CompletionsArgs),
    /// Print the manual page (roff)
    Man,
}

/// `guard`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct GuardArgs {
    /// The URL to look at; it must answer 200
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    pub url: Option<String>,
    /// The command that starts the application; split as a shell would, run without one
    #[arg(long, value_name = "CMD", conflicts_with_all = ["unit", "recover", "config"])]
    pub start: Option<String>,
    /// The systemd unit of the application
    #[arg(long, value_name = "UNIT", conflicts_with_all = ["recover", "config"])]
    pub unit: Option<String>,
    /// The command that brings the application back
    #[arg(long, value_name = "CMD", conflicts_with = "config")]
    pub recover: Option<String>,
    /// Let the machine be rebooted when nothing else helps
    #[arg(long, conflicts_with = "config")]
    pub allow_reboot: bool,
    /// From one look to the next, such as 5s
    #[arg(long, value_name = "DURATION", conflicts_with = "config")]
    pub interval: Option<String>,
    /// After this long a look has failed, such as 3s
    #[arg(long, value_name = "DURATION", conflicts_with = "config")]
    pub timeout: Option<String>,
    /// How long one view alone must fail before an act, such as 10s
    #[arg(long, value_name = "DURATION", conflicts_with = "config")]
    pub window: Option<String>,
    /// Run the start command as this user
    #[arg(long, value_name = "USER", conflicts_with = "config")]
    pub user: Option<String>,
    /// Call the application this
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub name: Option<String>,
    /// Look, decide, record, and do nothing
    #[arg(long, conflicts_with = "config")]
    pub observe: bool,
    /// Keep the journal and the ledger in this folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `daemon`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct DaemonArgs {
    /// Keep the journal and the ledger in this folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Keep the control socket and the hold files in this folder
    #[arg(long, value_name = "DIR")]
    pub runtime: Option<PathBuf>,
}

/// `status`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct StatusArgs {
    /// Only this application
    pub app: Option<String>,
    /// One line and the exit code for Nagios and its relatives
    #[arg(long)]
    pub nagios: bool,
    /// Look in this state folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `incidents`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct IncidentsArgs {
    /// Only this application's
    pub app: Option<String>,
    /// At most this many, the newest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub last: usize,
    /// Look in this state folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `explain`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct ExplainArgs {
    /// The incident's number, or `last`
    #[arg(value_name = "ID", value_parser = parse_which)]
    pub which: Which,
    /// Of this application, where several agents have an incident of that number
    #[arg(long, value_name = "APP")]
    pub app: Option<String>,
    /// Look in this state folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// Which incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The newest.
    Last,
    /// This one.
    Number(u32),
}

fn parse_which(text: &str) -> Result<Which, String> {
    if text == "last" {
        return Ok(Which::Last);
    }
    let number = text.trim_start_matches('#').parse();
    number.map(Which::Number).map_err(|_| "give the incident's number, or 'last'".to_owned())
}

/// `install`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct InstallArgs {
    /// Take the lines away again
    #[arg(long)]
    pub remove: bool,
    /// Edit this file, in the form of a user's crontab
    #[arg(long, value_name = "FILE")]
    pub crontab: Option<PathBuf>,
}

/// `why` and `release`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct AppArgs {
    /// The application's name; `*` is all of them
    pub app: String,
    /// Ask the agent of this state folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `resume`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct ResumeArgs {
    /// Say it to the agent of this state folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `hold`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct HoldArgs {
    /// The application's name; `*` is all of them
    pub app: String,
    /// For how long, such as 10m; at most 24h
    #[arg(value_parser = crate::cli::duration::parse_duration)]
    pub duration: std::time::Duration,
    /// Why, for whoever asks
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Ask the agent of this state folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `drill`
#[derive(Args, Debug, Clone, PartialEq)]
#[command(group(clap::ArgGroup::new("fault").required(true)))]
pub struct DrillArgs {
    /// The application's name
    pub app: String,
    /// SIGKILL its main process
    #[arg(long, group = "fault")]
    pub kill: bool,
    /// SIGSTOP its processes
    #[arg(long, group = "fault")]
    pub hang: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Ask the agent of this state folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `probe`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct ProbeArgs {
    /// `http://`, `https://` or `tcp://`
    pub url: String,
    /// After this long the look has failed
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// A slower answer is a warning
    #[arg(long, value_name = "DURATION")]
    pub slow: Option<String>,
    /// The expected statuses, such as 200 or 200-299,401
    #[arg(long, value_name = "CODES")]
    pub expect: Option<String>,
    /// Text that the body must contain
    #[arg(long, value_name = "TEXT")]
    pub contains: Option<String>,
    /// A further header, `Name: value`; may be given more than once
    #[arg(long = "header", value_name = "HEADER")]
    pub headers: Vec<String>,
    /// Trust only this file's authorities
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// `check`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct CheckArgs {
    /// The config file; /etc/defib/defib.toml if none is named
    pub file: Option<PathBuf>,
    /// Warnings are errors
    #[arg(long)]
    pub strict: bool,
}

/// `import`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct ImportArgs {
    /// From where: `cron`
    #[arg(value_enum)]
    pub from: ImportFrom,
    /// `-`: one user's lines on stdin, as `crontab -l` gives them; the machine's crontabs if none is named
    pub file: Option<PathBuf>,
    /// Write the config and comment the old lines out without asking
    #[arg(long)]
    pub yes: bool,
    /// Let defib reboot the machine where an old line did
    #[arg(long)]
    pub allow_reboot: bool,
    /// Bring the old lines back
    #[arg(long, conflicts_with_all = ["yes", "file"])]
    pub undo: bool,
    /// Take this folder for the root of the machine
    #[arg(long, value_name = "DIR", hide = true)]
    pub root: Option<PathBuf>,
}

/// What can be imported.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFrom {
    /// Crontabs, and the scripts that they name
    Cron,
}

/// `replay`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct ReplayArgs {
    /// The journal's folder, or a state folder; the known ones if none is named
    pub directory: Option<PathBuf>,
    /// Change one weight, such as `timeout_db=+1`, and show what it would have changed
    #[arg(long, value_name = "NAME=CHANGE", allow_hyphen_values = true)]
    pub weight: Option<String>,
}

/// `completions`
#[derive(Args, Debug, Clone, PartialEq)]
pub struct CompletionsArgs {
    /// Which shell
    pub shell: clap_complete::Shell,
}
