//! The ledger's file, as the executor finds it: a test may have a machine's past written into it.

use super::whole::Home;
use defib_journal::ledger::{Ledger, SLOT_BYTES};
use std::fs;
use std::path::Path;

/// What a file of two slots holds, if one of them is whole.
fn in_file(path: &Path) -> Option<Ledger> {
    let bytes = fs::read(path).ok()?;
    let [a, b] = [bytes.get(..SLOT_BYTES)?, bytes.get(SLOT_BYTES..)?].map(Ledger::decode_slot);
    Ledger::newest(a, b).ok()
}

/// What the disk remembers.
pub fn on_disk(home: &Home) -> Option<Ledger> {
    in_file(&home.state().join("ledger"))
}

/// What survives the agent's death: the copy that each act waits for.
pub fn in_memory(home: &Home) -> Option<Ledger> {
    in_file(&home.runtime().join("ledger.run"))
}

/// Makes this the only ledger that there is. The agent must not run.
pub fn put(home: &Home, ledger: &Ledger) {
    let mut slot: Box<[u8; SLOT_BYTES]> =
        vec![0; SLOT_BYTES].into_boxed_slice().try_into().expect("of that size");
    let length = ledger.encode_slot(&mut slot);
    let mut file = vec![0; 2 * SLOT_BYTES];
    let at = usize::try_from(ledger.next_slot().offset()).expect("small");
    file[at..at + length].copy_from_slice(&slot[..length]);
    fs::create_dir_all(home.state()).expect("ours");
    fs::write(home.state().join("ledger"), file).expect("ours");
    let fast = home.runtime().join("ledger.run");
    if fast.exists() {
        fs::remove_file(fast).expect("ours");
    }
}

/// This boot, as the kernel names it.
pub fn boot_id() -> [u8; 16] {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("there");
    let digits = id.trim().replace('-', "");
    u128::from_str_radix(&digits, 16).expect("a number").to_be_bytes()
}
