//! The composition root: one binary, few roles. Here, and only here, the crates meet.

mod demo;
mod pages;
mod roles;

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match arguments.get(1).and_then(|role| role.to_str()) {
        Some("guardian") => roles::guardian::become_guardian(&arguments[2..]),
        Some("exec-child") => defib_executor::exec_child(arguments.into_iter().skip(2)),
        Some("demo-app") => demo::demo_app(&roles::texts(&arguments[2..])),
        _ => roles::verbs::run(arguments),
    }
}
