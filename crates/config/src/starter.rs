//! Units that start what is not theirs.

/// Services by whose hand apps come to run: what they leave behind is nobody's, and many share their control group.
const STARTERS: [&str; 11] = [
    "cron", "crond", "cronie", "anacron", "atd", "fcron", "rc-local", "ssh", "sshd", "defib",
    "user",
];

/// Whether the unit of this name (`cron.service`, `session-3.scope`) starts what is not its own: what runs in its
/// control group is not one app, and nobody starts it again.
pub fn is_starter(unit: &str) -> bool {
    let Some((name, kind)) = unit.rsplit_once('.') else { return false };
    // user@1000, serial-getty@ttyS0
    let name = name.split('@').next().unwrap_or(name);
    match kind {
        "service" => STARTERS.contains(&name) || name.ends_with("getty"),
        "scope" => name == "init" || name.starts_with("session-"),
        _ => false,
    }
}

/// The unit whose control group this path lies in: its innermost part that is one.
pub fn unit_in(path: &str) -> Option<&str> {
    let is_unit = |part: &&str| matches!(part.rsplit_once('.'), Some((_, "service" | "scope")));
    path.rsplit('/').find(is_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_unit_has_the_process() {
        let own = "/user.slice/user-0.slice/user@0.service/app.slice/shop.service/workers";
        assert_eq!(unit_in(own), Some("shop.service"));
        assert_eq!(unit_in("/user.slice/user-0.slice/session-3.scope"), Some("session-3.scope"));
        assert_eq!(unit_in("/"), None);
    }

    #[test]
    fn cron_and_logins_start_what_is_not_theirs() {
        let starters = [
            "cron.service",
            "user@1000.service",
            "serial-getty@ttyS0.service",
            "session-3.scope",
            "init.scope",
        ];
        for unit in starters {
            assert!(is_starter(unit), "{unit}");
        }
        for unit in
            ["shop.service", "cronjob.service", "shop@cron.service", "docker-1.scope", "cron"]
        {
            assert!(!is_starter(unit), "{unit}");
        }
    }
}
