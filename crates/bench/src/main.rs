//! What defib costs, measured beside its peers and beside the least that the kernel asks for. Never
//! shipped; started by `cargo xtask bench`.

mod checks;
mod dial;
mod failed;
mod footprint;
mod median;
mod options;
mod pause;
mod port;
mod process;
mod server;
mod table;

use failed::Failed;
use options::Options;
use std::process::ExitCode;

const USAGE: &str = "\
usage: defib-bench footprint --defib FILE [--seconds 60] [--rounds 5]
       defib-bench checks --defib FILE [--pairs 7] [--seconds 4] [--only WORD]
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("defib-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failed> {
    let (task, rest) = arguments.split_first().ok_or_else(|| Failed::of(USAGE))?;
    match task.as_str() {
        // The two roles that are started by what is measured.
        "act" => footprint::stamp::act(rest),
        "app" => footprint::stamp::app(rest),
        "footprint" => footprint::run(&Options::read(rest)?),
        "checks" => checks::run(&Options::read(rest)?),
        _ => Err(Failed::of(USAGE)),
    }
}
