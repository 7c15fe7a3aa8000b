//! After an import the service reads its new config at once: until then nothing guards the site, since the old
//! lines are commented out.

use std::path::Path;
use std::process::{Command, Stdio};

/// Tells the service, where systemd keeps one; whether that was done. A machine whose root is another folder has
/// no service, and a config elsewhere is not the service's.
pub(super) fn tell_service(is_this_machine: bool) -> bool {
    is_this_machine && Path::new("/run/systemd/system").exists() && reload("systemctl")
}

/// False, too, if the service does not run: then it reads its config when it is started.
fn reload(systemctl: &str) -> bool {
    let mut command = Command::new(systemctl);
    command.args(["reload", "defib.service"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_cannot_be_told_is_not_said_to_be() {
        // Programs that say yes or no to everything stand for systemctl.
        assert!(reload("true"));
        assert!(!reload("false"));
        assert!(!reload("/no/such/systemctl"));
        assert!(!tell_service(false));
    }
}
