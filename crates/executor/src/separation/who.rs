//! The guardian's user: `defib`, or a number that is nobody's.

use crate::exec_child::users;
use std::os::unix::fs::MetadataExt;

/// The user that the package makes.
const NAME: &str = "defib";

/// Taken where there is no user of that name. Neither Debian (its policy, 9.2) nor systemd ("Users,
/// Groups, UIDs and GIDs": 65520 to 65533 are unused) gives it to anybody. Not 65534: `nobody` is
/// whom apps run as, and a guardian must not share its user with what it guards.
const NAMELESS: u32 = 65_530;

/// The numbers of a user that is not root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The user.
    pub uid: u32,
    /// Its own group.
    pub gid: u32,
    /// All its groups, its own included.
    pub groups: Vec<u32>,
}

impl Ids {
    /// Reads what [`Ids::text`] wrote. Nothing that is root's is read.
    pub(crate) fn parse(text: &str) -> Option<Ids> {
        let mut parts = text.split(':');
        let uid = parts.next()?.parse().ok()?;
        let gid = parts.next()?.parse().ok()?;
        let groups: Option<Vec<u32>> =
            parts.next()?.split(',').map(|group| group.parse().ok()).collect();
        let ids = Ids { uid, gid, groups: groups? };
        (parts.next().is_none() && ids.is_harmless()).then_some(ids)
    }

    /// `UID:GID:GROUP,GROUP`.
    pub(crate) fn text(&self) -> String {
        let groups: Vec<String> = self.groups.iter().map(ToString::to_string).collect();
        format!("{}:{}:{}", self.uid, self.gid, groups.join(","))
    }

    fn is_harmless(&self) -> bool {
        self.uid != 0 && self.gid != 0 && !self.groups.contains(&0)
    }
}

/// Whom the guardian becomes, and what is to be said about it. `Err`: there is nobody.
pub(super) fn choose() -> Result<(Ids, Option<String>), String> {
    let (ids, remark) = match users::find(NAME) {
        Ok(user) => (Ids { uid: user.uid, gid: user.gid, groups: user.groups }, None),
        Err(_) => (nameless()?, Some(advice())),
    };
    if !ids.is_harmless() {
        return Err(format!("user {NAME} is root, or in root's group"));
    }
    for map in ["uid_map", "gid_map"] {
        let number = if map == "uid_map" { ids.uid } else { ids.gid };
        let text = std::fs::read_to_string(format!("/proc/self/{map}")).unwrap_or_default();
        if !is_mapped(number, &text) {
            return Err(format!("this container does not know the number {number} ({map})"));
        }
    }
    Ok((ids, remark))
}

/// The guardian is this very program, executed by a user that may have no part in its folder, but must have one in
/// the file itself.
pub(super) fn may_execute(ids: &Ids) -> Result<(), String> {
    let own = std::fs::metadata("/proc/self/exe").map_err(|e| format!("/proc/self/exe: {e}"))?;
    let is_ours = ids.groups.contains(&own.gid()) && own.mode() & 0o010 != 0;
    if is_ours || own.mode() & 0o001 != 0 {
        return Ok(());
    }
    Err(format!("the file of this program may not be executed by user {}", ids.uid))
}

fn nameless() -> Result<Ids, String> {
    if users::is_taken(NAMELESS) {
        return Err(format!("there is no user {NAME}, and the number {NAMELESS} is somebody's"));
    }
    Ok(Ids { uid: NAMELESS, gid: NAMELESS, groups: vec![NAMELESS] })
}

fn advice() -> String {
    format!(
        "there is no user {NAME}: the guardian runs as the number {NAMELESS}, which belongs to nobody; \
         `useradd --system --user-group --no-create-home --shell /usr/sbin/nologin {NAME}` gives it a name"
    )
}

/// Whether a user namespace has this number: lines of first, first outside, count. Outside of
/// containers one line maps all. Without /proc there is no map to ask.
fn is_mapped(number: u32, map: &str) -> bool {
    let mut ranges = map.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().map(str::parse::<u64>);
        let (first, _, count) = (fields.next()?.ok()?, fields.next()?.ok()?, fields.next()?.ok()?);
        Some(first..first + count)
    });
    map.is_empty() || ranges.any(|range| range.contains(&u64::from(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written_and_never_roots() {
        let ids = Ids { uid: 104, gid: 107, groups: vec![107, 33] };
        assert_eq!(ids.text(), "104:107:107,33");
        assert_eq!(Ids::parse(&ids.text()), Some(ids));
        for text in ["0:1:1", "1:0:1", "1:1:1,0", "1:1:", "1:1", "1:1:1:1", "a:1:1", ""] {
            assert_eq!(Ids::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_container_may_lack_a_number() {
        assert!(is_mapped(65_530, "         0          0 4294967295\n"));
        assert!(!is_mapped(65_530, "0 100000 1000\n"));
        assert!(is_mapped(65_530, "0 100000 1000\n65530 70000 1\n"));
    }
}
