//! The only task runner: `cargo xtask tidy`, `test`, `dist`, `deb`, `bench`, `soak`.

mod bench;
mod deb;
mod deb_trial;
mod dist;
mod fuzz;
mod mutants;
mod needs;
mod rust_text;
mod shell;
mod soak;
mod test;
mod tidy;
mod tree;

use dist::Build;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  tidy                 house rules, formatting, clippy
  tidy --text          house rules alone: seconds, no build
  test                 all that must be green before a commit: tidy, doc tests, tests
  test --tier soak     the long random tests
  test --tier lab      a whole machine with a real systemd; asks for DEFIB_LAB (docs/lab.md)
  test --tier deb      the package in a Debian of its own; asks for root and mmdebstrap
  dist                 the static binary, in target/dist/defib
  deb                  the Debian package, in target/dist
  deb --scaled-windows the same for the lab alone, in target/dist-lab: its windows are a sixtieth
  fuzz [TARGET] [--seconds N]  look for inputs that break a promise (docs/fuzzing.md)
  fuzz keep            take over what was found
  bench footprint      memory, CPU and speed beside Monit and the cron script
  bench checks         CPU per check beside a bare epoll loop and a bare rustls handshake
  mutants [--shard K/N]  wrong engines and ledgers by the hundred (docs/mutants.md)
  soak --minutes N     simulated worlds on every core, judged; beside what defib is compared with
  soak --noise --years N
                       false acts a server-year under the fixed noise, kept from 100000 years on
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["tidy"] => tidy::run(tidy::Depth::Full),
        ["tidy", "--text"] => tidy::run(tidy::Depth::Text),
        ["test"] => test::ordinary(),
        ["test", "--tier", tier] => test::tier(tier),
        ["dist"] => dist::run(Build::Shipped).map(|_| ()),
        ["deb"] => deb::run(Build::Shipped).map(|_| ()),
        ["deb", "--scaled-windows"] => deb::run(Build::ForALab).map(|_| ()),
        ["bench", rest @ ..] => bench::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["mutants", rest @ ..] => mutants::run(rest),
        ["soak", rest @ ..] => soak::run(rest),
        ["-h" | "--help" | "help"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("no such task: {}\n\n{USAGE}", words.join(" "))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
