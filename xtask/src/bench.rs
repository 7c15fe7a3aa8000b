//! What defib costs, beside its peers: `crates/bench` does it, on the binary that is shipped.

use crate::{dist, shell};

/// Builds both and hands the words on.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let Some((task, options)) = words.split_first() else {
        return Err("bench what? footprint or checks".to_owned());
    };
    let defib = dist::run(dist::Build::Shipped)?.display().to_string();
    let bench = dist::build("defib-bench", &[])?.display().to_string();
    if *task == "footprint" && !shell::works("monit", &["--version"]) {
        return Err("Monit is not installed; run:\n    sudo apt-get install --no-install-recommends monit\n(its service is not used and may be switched off)".to_owned());
    }
    shell::run(&bench, &[&[task, "--defib", &defib][..], options].concat())
}
