//! The datagrams of sd_notify, as a manager receives them.

#[path = "scripted_manager/mod.rs"]
mod scripted_manager;

use defib_executor::notify::Notify;
use defib_executor::service::notify::Notifier;
use scripted_manager::Folder;
use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

fn receive(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let len = socket.recv(&mut bytes).expect("a datagram");
    String::from_utf8(bytes[..len].to_vec()).expect("text")
}

fn monotonic_usec() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1000
}

#[test]
fn each_message_is_one_datagram() {
    let folder = Folder::new();
    let path = folder.0.join("notify");
    let socket = UnixDatagram::bind(&path).expect("bound");
    let mut notifier = Notifier::new(Some(path.as_os_str()), Some(30_000_000));
    notifier.ready();
    assert_eq!(receive(&socket), "READY=1");
    notifier.status("2 apps up\n1 down");
    assert_eq!(receive(&socket), "STATUS=2 apps up 1 down");
    notifier.status(&"ä".repeat(1000));
    assert_eq!(receive(&socket), format!("STATUS={}", "ä".repeat(200)));
    notifier.watchdog();
    assert_eq!(receive(&socket), "WATCHDOG=1");
    notifier.stopping();
    assert_eq!(receive(&socket), "STOPPING=1");
    notifier.extend_stop(60_000);
    assert_eq!(receive(&socket), "EXTEND_TIMEOUT_USEC=60000000");
    let before = monotonic_usec();
    notifier.reloading();
    let text = receive(&socket);
    let usec: u64 = text
        .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
        .and_then(|usec| usec.parse().ok())
        .unwrap_or_else(|| panic!("{text}"));
    assert!((before..=monotonic_usec()).contains(&usec));
    assert_eq!(notifier.watchdog_every_ms(), Some(15_000));
}

#[test]
fn an_abstract_socket_is_spoken_to() {
    let name = format!("defib-notify-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let socket = UnixDatagram::bind_addr(&address).expect("bound");
    let mut notifier = Notifier::new(Some(OsStr::new(&format!("@{name}"))), None);
    notifier.ready();
    assert_eq!(receive(&socket), "READY=1");
    assert_eq!(notifier.watchdog_every_ms(), None);
}

#[test]
fn without_a_listener_nothing_happens() {
    for socket in
        [None, Some(OsStr::new("")), Some(OsStr::new("vsock:2:1")), Some(OsStr::new("/nowhere"))]
    {
        let mut notifier = Notifier::new(socket, None);
        notifier.ready();
        notifier.stopping();
        assert_eq!(notifier.watchdog_every_ms(), None);
    }
}

#[test]
fn a_manager_that_does_not_read_is_not_waited_for() {
    let folder = Folder::new();
    let path = folder.0.join("notify");
    let socket = UnixDatagram::bind(&path).expect("bound");
    let mut notifier = Notifier::new(Some(path.as_os_str()), None);
    // Far more than net.unix.max_dgram_qlen (10 by default, up to 512) holds.
    for _ in 0..2000 {
        notifier.watchdog();
    }
    assert_eq!(receive(&socket), "WATCHDOG=1");
}
