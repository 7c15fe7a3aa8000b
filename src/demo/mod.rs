//! `defib demo`: small real web applications, one per fault, broken and healed live by the real
//! agent.

mod app;
mod config;
mod dependency;
mod judge;
mod lifeline;
mod options;
mod report;
mod run;
mod scenario;
mod stage;

pub(crate) use run::run;

use options::Role;
use std::process::ExitCode;

/// `defib demo-app ARGS`: the roles that the demo starts of its own binary.
pub(crate) fn demo_app(arguments: &[String]) -> ExitCode {
    match options::parse(arguments) {
        Ok(Role::App(options)) => app::serve(&options),
        Ok(Role::Dependency(options)) => dependency::serve(&options),
        Ok(Role::Agent(arguments)) => lifeline::become_agent(&arguments),
        Err(message) => {
            eprintln!("defib demo-app: {message} (this is a part of `defib demo`)");
            ExitCode::from(2)
        }
    }
}
