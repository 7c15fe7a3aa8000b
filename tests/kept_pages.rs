//! What of the program is in memory while it guards: all the code that acts, and little of what only a start or
//! a person's command runs. The groups are those of `layout.ld`.

mod support;

use std::fs;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use support::folder::Folder;
use support::port::free_port;
use support::wait::poll_until;
use support::whole::{Home, SOON};

/// Bytes of one page, here and in the program's own arithmetic.
const PAGE: u64 = 4096;

/// A whole number of little-endian bytes.
fn number(bytes: &[u8], at: u64, length: usize) -> u64 {
    let at = usize::try_from(at).expect("an offset");
    bytes[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Where a section lies in the file of a 64-bit program.
fn section(elf: &[u8], name: &str) -> Range<u64> {
    let (table, entries, names) = (number(elf, 40, 8), number(elf, 60, 2), number(elf, 62, 2));
    let header = |index: u64| table + index * 64;
    let names = number(elf, header(names) + 24, 8);
    let is_named = |header: &u64| {
        let at = usize::try_from(names + number(elf, *header, 4)).expect("an offset");
        elf[at..].starts_with(name.as_bytes()) && elf[at + name.len()] == 0
    };
    let found = (0..entries).map(header).find(is_named).expect("the linker made it");
    let from = number(elf, found + 24, 8);
    from..from + number(elf, found + 32, 8)
}

/// The pages that lie wholly in a part of the program's file, and how many of them are mapped in a process.
fn pages(pid: u32, part: &Range<u64>) -> (u64, u64) {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("it runs");
    let pagemap = fs::File::open(format!("/proc/{pid}/pagemap")).expect("it is ours");
    let (mut all, mut present) = (0, 0);
    for line in maps.lines().filter(|line| line.contains(" r-xp ") && line.ends_with("/defib")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let hex = |word: &str| u64::from_str_radix(word, 16).expect("a number");
        let (from, to) =
            words[0].split_once('-').map(|(from, to)| (hex(from), hex(to))).expect("two");
        for address in (from..to).step_by(usize::try_from(PAGE).expect("small")) {
            let offset = hex(words[2]) + (address - from);
            if offset < part.start || offset + PAGE > part.end {
                continue;
            }
            let mut entry = [0; 8];
            pagemap.read_exact_at(&mut entry, address / PAGE * 8).expect("an entry");
            all += 1;
            present += u64::from_le_bytes(entry) >> 63;
        }
    }
    (all, present)
}

#[test]
fn what_guards_is_in_memory_and_what_does_not_is_given_back() {
    // Elsewhere pages may be larger.
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    let url = format!("http://127.0.0.1:{}/", free_port());
    let config = format!("[machine]\nmode = \"observe\"\n\n[app.shop]\nurl = \"{url}\"\n");
    let home = Home::new(Folder::new("kept-pages"), &config);
    let daemon = home.daemon();
    poll_until("the control socket answers", SOON, || home.ask("{\"do\":\"status\"}"));
    let guardian = poll_until("there is a guardian", SOON, || daemon.guardian());
    let elf = fs::read(env!("CARGO_BIN_EXE_defib")).expect("readable");
    for (who, pid) in [("executor", daemon.pid()), ("guardian", guardian)] {
        for kept in [".text.shared", ".text"] {
            let (all, present) = pages(pid, &section(&elf, kept));
            assert!(all > 10 && present == all, "{who}, {kept}: {present} of {all} pages");
        }
        // What lies in one block of 64 KiB with something that is needed after all comes with it.
        let (all, present) = pages(pid, &section(&elf, ".text.aside"));
        assert!(present < all / 4, "{who}: {present} of {all} pages that were put aside");
    }
    assert_eq!(daemon.stop(), Some(0));
}
