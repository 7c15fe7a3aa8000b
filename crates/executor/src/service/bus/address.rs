//! Where a bus listens, as in `DBUS_SYSTEM_BUS_ADDRESS`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// In the file system.
    Path(PathBuf),
    /// In Linux' abstract name space, without the leading NUL.
    Abstract(Vec<u8>),
}

/// The system bus unless the environment names another.
pub const SYSTEM_BUS: &str = "unix:path=/run/dbus/system_bus_socket";

impl Address {
    /// The addresses of a list, in its order. Transports other than unix sockets are left out:
    /// there the kernel could not vouch for either side.
    pub fn list(text: &str) -> Vec<Address> {
        text.split(';').filter_map(Address::parse).collect()
    }

    fn parse(text: &str) -> Option<Address> {
        let pairs = text.trim().strip_prefix("unix:")?;
        pairs.split(',').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let value = unescape(value)?;
            match key {
                "path" => Some(Address::Path(OsString::from_vec(value).into())),
                "abstract" => Some(Address::Abstract(value)),
                _ => None,
            }
        })
    }
}

impl core::fmt::Display for Address {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Address::Path(path) => write!(out, "{}", path.display()),
            Address::Abstract(name) => write!(out, "@{}", String::from_utf8_lossy(name)),
        }
    }
}

/// `%xx` to bytes. A NUL is refused: no socket has one in its name.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = core::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    (!bytes.is_empty() && !bytes.contains(&0)).then_some(bytes)
}
