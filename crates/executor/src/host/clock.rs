//! CLOCK_BOOTTIME and the identity of this boot.

use crate::boundary::Clock;
use rustix::time::{ClockId, clock_gettime};
use std::io;

/// CLOCK_BOOTTIME: it counts sleep too, so deadlines keep their meaning.
#[derive(Debug)]
pub(super) struct BootTime;

impl Clock for BootTime {
    fn now_ms(&self) -> u64 {
        let now = clock_gettime(ClockId::Boottime);
        now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
    }
}

/// `/proc/sys/kernel/random/boot_id` as bytes.
pub(super) fn boot_id() -> io::Result<[u8; 16]> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    parse_boot_id(&text).ok_or_else(|| io::Error::other(format!("boot_id is odd: {text:?}")))
}

fn parse_boot_id(text: &str) -> Option<[u8; 16]> {
    let mut digits = text.trim().bytes().filter(|&b| b != b'-');
    let mut id = [0; 16];
    for byte in &mut id {
        let high = char::from(digits.next()?).to_digit(16)?;
        let low = char::from(digits.next()?).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    digits.next().is_none().then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_ids_are_read_strictly() {
        let id = parse_boot_id("00112233-4455-6677-8899-aabbccddeeff\n").expect("valid");
        assert_eq!((id[0], id[1], id[15]), (0, 0x11, 0xff));
        assert_eq!(parse_boot_id("0011"), None);
        assert_eq!(parse_boot_id("00112233-4455-6677-8899-aabbccddeeffaa"), None);
        assert!(boot_id().is_ok());
    }
}
