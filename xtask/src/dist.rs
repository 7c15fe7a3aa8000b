//! The static binary.

use crate::shell;
use serde_json::Value;
use std::path::PathBuf;

/// Static, and with its 5,700 relocations packed: 2 KiB of addresses to read at each start instead of 136. The C
/// library understands that since glibc 2.36; an older one would not get as far as `main`.
const FLAGS: &str = "-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs";

/// Which of the two builds of defib.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// What people get.
    Shipped,
    /// A sixtieth of the windows of budgets and of the freeze, for a lab that cannot wait for days.
    ForALab,
}

impl Build {
    /// Apart, so that one is never taken for the other.
    fn folder(self) -> &'static str {
        match self {
            Build::Shipped => "dist",
            Build::ForALab => "dist-lab",
        }
    }

    fn features(self) -> &'static [&'static str] {
        match self {
            Build::Shipped => &[],
            Build::ForALab => &["scaled-windows"],
        }
    }
}

/// Builds it, checks that it is static and starts, and says where it is.
pub(crate) fn run(which: Build) -> Result<PathBuf, String> {
    let built = build("defib", which.features())?;
    let folder = target_folder()?;
    let bytes = std::fs::read(&built).map_err(|error| format!("{}: {error}", built.display()))?;
    if wants_a_loader(&bytes)? {
        return Err(format!("{} is not static: it asks for a loader", built.display()));
    }
    shell::output(&built.to_string_lossy(), &["--version"])?;
    let folder = folder.join(which.folder());
    let shipped = folder.join("defib");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::copy(&built, &shipped))
        .map_err(|error| format!("{}: {error}", shipped.display()))?;
    println!("{}: static, {} bytes ({} KiB)", shipped.display(), bytes.len(), bytes.len() / 1024);
    Ok(shipped)
}

/// Builds one of our binaries the way the shipped one is built.
pub(crate) fn build(binary: &str, features: &[&str]) -> Result<PathBuf, String> {
    // Without an explicit target, crt-static would also reach build scripts and proc macros,
    // which have to be dynamic.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let features = features.join(",");
    let arguments = [
        "build",
        "--release",
        "--target",
        &target,
        "--package",
        binary,
        "--bin",
        binary,
        "--features",
        &features,
    ];
    let flags = [("RUSTFLAGS", FLAGS)];
    shell::run_with(&shell::cargo(), &arguments, &flags)?;
    Ok(target_folder()?.join(&target).join("release").join(binary))
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder() -> Result<PathBuf, String> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let text = shell::output(&shell::cargo(), &arguments)?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    let folder = metadata["target_directory"].as_str();
    folder.map(PathBuf::from).ok_or_else(|| "cargo metadata names no target folder".to_owned())
}

/// Whether a 64-bit little-endian ELF file has a PT_INTERP segment: only a dynamic one does. A
/// static position-independent one has PT_DYNAMIC too, so that tells nothing.
fn wants_a_loader(elf: &[u8]) -> Result<bool, String> {
    const PT_INTERP: u64 = 3;
    if elf.get(..6) != Some(&[0x7f, b'E', b'L', b'F', 2, 1]) {
        return Err("not a 64-bit little-endian ELF file".to_owned());
    }
    let table = number(elf, 32, 8)?;
    let entry_length = number(elf, 54, 2)?;
    let entries = number(elf, 56, 2)?;
    for index in 0..entries {
        if number(elf, table + index * entry_length, 4)? == PT_INTERP {
            return Ok(true);
        }
    }
    Ok(false)
}

fn number(bytes: &[u8], at: u64, length: u64) -> Result<u64, String> {
    let range = usize::try_from(at).ok().zip(usize::try_from(at + length).ok());
    let found = range.and_then(|(from, to)| bytes.get(from..to));
    let found = found.ok_or_else(|| "the ELF file is cut short".to_owned())?;
    Ok(found.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::wants_a_loader;

    fn header(segment: u8) -> Vec<u8> {
        let mut elf = vec![0; 64];
        elf[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        (elf[32], elf[54], elf[56]) = (64, 56, 1);
        elf.extend([segment, 0, 0, 0]);
        elf
    }

    #[test]
    fn only_an_interpreter_makes_it_dynamic() {
        const PT_DYNAMIC: u8 = 2;
        assert_eq!(wants_a_loader(&header(3)), Ok(true));
        assert_eq!(wants_a_loader(&header(PT_DYNAMIC)), Ok(false));
    }

    #[test]
    fn this_test_itself_is_dynamic() {
        let own = std::fs::read("/proc/self/exe").expect("Linux has it");
        assert_eq!(wants_a_loader(&own), Ok(true));
    }

    #[test]
    fn garbage_is_an_error() {
        assert!(wants_a_loader(b"#!/bin/sh").is_err());
        assert!(wants_a_loader(&header(3)[..60]).is_err());
    }
}
