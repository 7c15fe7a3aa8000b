//! Ports for servers that must know theirs beforehand.

use crate::failed::Failed;
use std::net::{Ipv4Addr, TcpListener};

/// `count` ports of the loopback that nobody listens on, below the kernel's ephemeral range (32768
/// and up), so that none of our own many connections takes one.
pub(crate) fn free(count: usize) -> Result<Vec<u16>, Failed> {
    let first = 20_000 + (std::process::id().wrapping_mul(31) % 8_000) as u16;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let ports: Vec<u16> = (first..32_000).filter(is_free).take(count).collect();
    if ports.len() == count { Ok(ports) } else { Err(Failed::of("not enough free ports")) }
}
