//! The role's command line. It is written by the executor only, so it is small and strict.

use crate::separation::Ids;
use std::ffi::OsString;
use std::path::PathBuf;

/// What to set before exec.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) user: Option<String>,
    /// The user to become without any privilege, instead of `user`.
    pub(super) powerless: Option<Ids>,
    pub(super) directory: Option<PathBuf>,
    pub(super) oom_score_adj: i32,
    pub(super) keep_session: bool,
    pub(super) keep_scheduling: bool,
    pub(super) gate: bool,
    pub(super) may_lock_memory: bool,
    pub(super) socket_as_3: bool,
    /// The app that is to have a cgroup of its own.
    pub(super) own_group: Option<String>,
    pub(super) argv: Vec<OsString>,
}

/// Reads `[OPTIONS] -- PROGRAM [ARGUMENTS]`.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Options, String> {
    let mut args = args.into_iter();
    let mut options = Options::default();
    loop {
        let Some(name) = args.next() else { return Err("no -- before the program".into()) };
        let mut value = || {
            let text = args.next().and_then(|value| value.into_string().ok());
            text.ok_or_else(|| format!("{} needs a value", name.display()))
        };
        match name.to_str() {
            Some("--") => break,
            Some("--user") => options.user = Some(value()?),
            Some("--powerless") => {
                let ids = Ids::parse(&value()?);
                options.powerless = Some(ids.ok_or("--powerless: UID:GID:GROUP,GROUP is wanted")?);
            }
            Some("--own-group") => options.own_group = Some(value()?),
            Some("--dir") => options.directory = Some(value()?.into()),
            Some("--oom") => {
                options.oom_score_adj = value()?.parse().map_err(|e| format!("--oom: {e}"))?;
            }
            Some("--keep-session") => options.keep_session = true,
            Some("--keep-scheduling") => options.keep_scheduling = true,
            Some("--gate") => options.gate = true,
            Some("--may-lock-memory") => options.may_lock_memory = true,
            Some("--socket-as-3") => options.socket_as_3 = true,
            _ => return Err(format!("unknown option {}", name.display())),
        }
    }
    options.argv = args.collect();
    if options.argv.is_empty() { Err("no program after --".into()) } else { Ok(options) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Options, String> {
        parse(text.split(' ').map(OsString::from))
    }

    #[test]
    fn options_end_at_the_two_dashes() {
        let options = parse_text("--user www --oom -5 --gate -- app --user x").expect("valid");
        assert_eq!(options.user.as_deref(), Some("www"));
        assert_eq!((options.oom_score_adj, options.gate), (-5, true));
        assert_eq!(options.argv, ["app", "--user", "x"]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["--", "app", "--what -- app", "--user", "--oom x -- app", "--powerless 0:0:0 -- app"]
        {
            assert!(parse_text(text).is_err(), "{text}");
        }
    }
}
