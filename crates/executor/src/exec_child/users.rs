//! `/etc/passwd` and `/etc/group`, read by hand: NSS may ask the network and may block.

use std::fs::read_to_string;
use std::path::Path;

/// What it takes to be a user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) home: String,
}

/// Finds a user by name.
pub(crate) fn find(name: &str) -> Result<User, String> {
    find_in(name, Path::new("/etc/passwd"), Path::new("/etc/group"))
}

/// Whether a number belongs to some user or group.
pub(crate) fn is_taken(number: u32) -> bool {
    let holds = |path: &str, field: usize| {
        let text = read_to_string(path).unwrap_or_default();
        text.lines().any(|line| line.split(':').nth(field) == Some(&*number.to_string()))
    };
    holds("/etc/passwd", 2) || holds("/etc/passwd", 3) || holds("/etc/group", 2)
}

fn find_in(name: &str, passwd: &Path, group: &Path) -> Result<User, String> {
    let read = |path: &Path| read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let passwd = read(passwd)?;
    let groups = read(group).unwrap_or_default();
    let entry = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&name))
        .ok_or_else(|| format!("there is no user {name} in /etc/passwd"))?;
    let number = |index: usize| {
        let text = entry.get(index).and_then(|text| text.parse::<u32>().ok());
        text.ok_or_else(|| format!("the line of user {name} in /etc/passwd is broken"))
    };
    let gid = number(3)?;
    Ok(User {
        name: name.to_owned(),
        uid: number(2)?,
        gid,
        groups: groups_of(name, gid, &groups),
        home: (*entry.get(5).unwrap_or(&"/")).to_owned(),
    })
}

/// `group:x:gid:member,member`; the user's own group comes first.
fn groups_of(name: &str, own: u32, text: &str) -> Vec<u32> {
    let listed = text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let is_member = fields.get(3)?.split(',').any(|member| member == name);
        is_member.then(|| fields.get(2)?.parse().ok()).flatten()
    });
    std::iter::once(own).chain(listed.filter(|&gid| gid != own)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_all_its_groups() {
        let folder = std::env::temp_dir().join(format!("defib-users-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let (passwd, group) = (folder.join("passwd"), folder.join("group"));
        std::fs::write(
            &passwd,
            "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/srv:/bin/sh\nodd:x:a:1\n",
        )
        .expect("written");
        std::fs::write(&group, "www:x:33:\nlogs:x:7:root,www\nssl:x:8:www\nno:x:9:wwww\n")
            .expect("written");
        let www = find_in("www", &passwd, &group).expect("listed");
        assert_eq!((www.uid, www.gid, www.home.as_str()), (33, 33, "/srv"));
        assert_eq!(www.groups, [33, 7, 8]);
        assert!(find_in("ww", &passwd, &group).is_err());
        assert!(find_in("odd", &passwd, &group).is_err());
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
