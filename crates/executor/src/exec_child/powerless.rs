//! Giving up every privilege, for good, before the guardian is executed.
//!
//! Order matters: the bounding set can only be emptied while CAP_SETPCAP is there, and groups only be
//! set while CAP_SETGID is. Changing the user empties the other sets, since "keep" is off.

use crate::separation::Ids;
use crate::sys::credentials;
use rustix::io::Errno;
use rustix::process::Uid;
use rustix::thread::{
    CapabilitySet, capabilities, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_keep_capabilities, set_no_new_privs, set_thread_uid,
};

/// Becomes this user, without capabilities and without a way to any. `Err`: why the program must not
/// be started.
pub(super) fn become_powerless(ids: &Ids) -> Result<(), String> {
    empty_bounding_set()?;
    // Kernels before 4.3 have no ambient set to clear.
    let _ = clear_ambient_capability_set();
    set_keep_capabilities(false).map_err(|e| format!("cannot let capabilities go: {e}"))?;
    credentials::become_user(ids.uid, ids.gid, &ids.groups)
        .map_err(|e| format!("cannot become user {}: {e}", ids.uid))?;
    set_no_new_privs(true).map_err(|e| format!("cannot set no_new_privs: {e}"))?;
    prove()
}

fn empty_bounding_set() -> Result<(), String> {
    for bit in 0..64 {
        let one = CapabilitySet::from_bits_retain(1 << bit);
        match capability_is_in_bounding_set(one) {
            Ok(true) => {}
            Ok(false) => continue,
            // The first number that this kernel does not know.
            Err(_) => break,
        }
        match remove_capability_from_bounding_set(one) {
            // Without CAP_SETPCAP the set stays; no_new_privs makes it useless all the same.
            Ok(()) | Err(Errno::PERM) => {}
            Err(error) => return Err(format!("cannot empty the bounding set: {error}")),
        }
    }
    Ok(())
}

/// A privilege that is still there would be worse than no guardian: it is what the guardian is trusted
/// not to have.
fn prove() -> Result<(), String> {
    let left = capabilities(None).map_err(|e| format!("cannot read our capabilities: {e}"))?;
    if !(left.effective | left.permitted | left.inheritable).is_empty() {
        return Err("capabilities are left after the change of user".into());
    }
    match set_thread_uid(Uid::ROOT) {
        Err(_) => Ok(()),
        Ok(()) => Err("the way back to root is open after the change of user".into()),
    }
}
