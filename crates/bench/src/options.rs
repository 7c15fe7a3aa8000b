//! The few words on the command line.

use crate::failed::Failed;
use std::path::PathBuf;

pub(crate) struct Options {
    /// The static binary.
    pub(crate) defib: PathBuf,
    /// How long one quiet window, or one sample, lasts.
    pub(crate) seconds: Option<u64>,
    pub(crate) rounds: usize,
    pub(crate) pairs: usize,
    /// Only what has this in its name: for a profiler.
    pub(crate) only: String,
}

impl Options {
    pub(crate) fn read(words: &[String]) -> Result<Options, Failed> {
        let mut options = Options {
            defib: PathBuf::new(),
            seconds: None,
            rounds: 5,
            pairs: 7,
            only: String::new(),
        };
        for pair in words.chunks(2) {
            let [flag, value] = pair else {
                return Err(Failed::of(format!("{} needs a value", pair[0])));
            };
            let number = || value.parse::<u64>().map_err(Failed::at(flag));
            match flag.as_str() {
                "--defib" => options.defib = PathBuf::from(value),
                "--seconds" => options.seconds = Some(number()?.max(1)),
                "--rounds" => options.rounds = number()? as usize,
                "--only" => options.only.clone_from(value),
                "--pairs" => options.pairs = number()?.max(1) as usize,
                _ => return Err(Failed::of(format!("no such option: {flag}"))),
            }
        }
        if options.defib.is_file() {
            Ok(options)
        } else {
            Err(Failed::of(format!("--defib {}: no such file", options.defib.display())))
        }
    }
}
