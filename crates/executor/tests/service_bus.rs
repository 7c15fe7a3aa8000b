//! The D-Bus client: its codec against arbitrary bytes and against the reference implementation.

#[path = "scripted_manager/mod.rs"]
mod scripted_manager;

use defib_engine::id::AppId;
use defib_executor::manager::{ManagerEvent, ServiceManager, UnitState};
use defib_executor::service::bus::MESSAGE_MAX;
use defib_executor::service::bus::address::Address;
use defib_executor::service::bus::auth::{Auth, Step};
use defib_executor::service::bus::frame::{Inbox, Next};
use defib_executor::service::bus::message::{Kind, Message};
use defib_executor::service::bus::read::Reader;
use defib_executor::service::bus::socket::Socket;
use defib_executor::service::bus::value::Value;
use defib_executor::service::bus::write::Writer;
use proptest::prelude::*;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use scripted_manager::rig::{Rig, settings};
use scripted_manager::server::{Server, unit_path};
use scripted_manager::{Bus, Folder, Sleeper};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::process::Command;

const NAMES: [&str; 2] = ["org.freedesktop.systemd1", "org.freedesktop.login1"];

/// A text without NUL, as D-Bus can carry it.
fn text() -> impl Strategy<Value = String> {
    "[^\\x00]{1,40}"
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        serial in 1u32..,
        path in text(),
        interface in text(),
        member in text(),
        destination in "[^\\x00]{0,40}",
        number in any::<u64>(),
        small in any::<u32>(),
        signed in any::<i32>(),
        flag in any::<bool>(),
        words in proptest::collection::vec("[^\\x00]{0,20}", 0..5),
    ) {
        let mut body = Writer::new();
        body.boolean(flag).u64(number).string(&member).u32(small).i32(signed);
        body.array(4, |list| words.iter().for_each(|word| { list.string(word); }));
        body.property(&path, "t", |value| { value.u64(number); });
        let message = Message {
            serial,
            path: &path,
            interface: &interface,
            member: &member,
            destination: &destination,
            signature: b"btsuias(sv)",
            body: body.bytes().expect("it fits"),
            ..Message::new(Kind::Call)
        };
        let mut bytes = Vec::new();
        message.write(&mut bytes).expect("it fits");
        let read = Message::parse(&bytes).expect("ours");
        prop_assert_eq!(read, message);

        let mut reader = read.reader();
        prop_assert_eq!(reader.boolean(), Some(flag));
        prop_assert_eq!(reader.u64(), Some(number));
        prop_assert_eq!(reader.string(), Some(member.as_str()));
        prop_assert_eq!(reader.u32(), Some(small));
        prop_assert_eq!(reader.i32(), Some(signed));
        let mut list = reader.array(4).expect("an array");
        let mut seen = Vec::new();
        while !list.is_done() {
            seen.push(list.string().expect("a string").to_owned());
        }
        prop_assert_eq!(seen, words);
        reader.align(8).expect("a structure");
        prop_assert_eq!(reader.string(), Some(path.as_str()));
        prop_assert_eq!(Value::read(&mut reader), Some(Value::U64(number)));
        prop_assert!(reader.is_done());

        let mut skipper = read.reader();
        prop_assert_eq!(skipper.skip(read.signature), Some(()));
        prop_assert!(skipper.is_done());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(message) = Message::parse(&bytes) {
            let _ = message.reader().skip(message.signature);
        }
        for big_endian in [false, true] {
            let _ = Value::read(&mut Reader::new(&bytes, big_endian));
            let _ = Reader::new(&bytes, big_endian).skip(&bytes);
            let _ = Reader::new(&bytes, big_endian).skip(b"a{sv}(aiai)asaayv");
        }
        let _ = Auth::default().feed(&bytes);
        let _ = Address::list(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_damaged_message_is_refused_or_read_but_never_panics(
        at in 0usize..400, byte in any::<u8>(), cut in 0usize..400,
    ) {
        let mut bytes = property_signal();
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        bytes.truncate(bytes.len().max(1).min(cut.max(16)));
        if let Some(message) = Message::parse(&bytes) {
            let _ = message.reader().skip(message.signature);
            prop_assert!(message.body.len() <= bytes.len());
        }
    }

    #[test]
    fn a_stream_is_cut_the_same_however_it_arrives(
        pieces in proptest::collection::vec(1usize..50, 1..40),
        noise in 0u32..300_000,
    ) {
        let one = property_signal();
        let mut stream = one.clone();
        stream.extend(oversize(noise));
        stream.extend(&one);
        let mut inbox = Inbox::default();
        let (mut whole, mut rest, mut turn) = (0, stream.as_slice(), 0);
        while !rest.is_empty() {
            // A big step now and then keeps the long stream quick.
            let len = if turn % 7 == 0 { 30_000 } else { pieces[turn % pieces.len()] };
            let taken = inbox.put(&rest[..len.min(rest.len())]);
            rest = &rest[taken..];
            turn += 1;
            loop {
                match inbox.next_message() {
                    Next::Whole(bytes) if bytes == one => whole += 1,
                    Next::Whole(_) => prop_assert!(noise < MESSAGE_MAX as u32, "a foreign one"),
                    Next::More => break,
                    Next::Garbage => prop_assert!(false, "garbage"),
                }
            }
        }
        prop_assert_eq!(whole, 2);
        let is_oversize = oversize(noise).len() > MESSAGE_MAX;
        prop_assert_eq!(inbox.oversize_count, u32::from(is_oversize));
    }
}

/// A PropertiesChanged signal.
fn property_signal() -> Vec<u8> {
    let mut body = Writer::new();
    body.string("org.freedesktop.systemd1.Service");
    body.array(8, |list| {
        list.property("MainPID", "u", |value| {
            value.u32(4711);
        });
    });
    body.array(4, |_| {});
    signal_of("sa{sv}as", body.bytes().expect("it fits"))
}

fn signal_of(signature: &str, body: &[u8]) -> Vec<u8> {
    let path = unit_path("shop.service");
    let message = Message {
        serial: 7,
        path: &path,
        interface: "org.freedesktop.DBus.Properties",
        member: "PropertiesChanged",
        signature: signature.as_bytes(),
        body,
        ..Message::new(Kind::Signal)
    };
    let mut bytes = Vec::new();
    message.write(&mut bytes).expect("it fits");
    bytes
}

/// A signal whose body is one byte array of this length: longer than our own writer makes them.
fn oversize(len: u32) -> Vec<u8> {
    let mut bytes = signal_of("ay", &[]);
    bytes[4..8].copy_from_slice(&(len + 4).to_le_bytes());
    bytes.extend(len.to_le_bytes());
    bytes.extend(std::iter::repeat_n(0x61, len as usize));
    bytes
}

#[test]
fn the_specification_s_example_is_read() {
    // A call of Hello as libdbus sends it, in both byte orders.
    let little: &[u8] = b"l\x01\0\x01\0\0\0\0\x01\0\0\0\x6e\0\0\0\
        \x01\x01o\0\x15\0\0\0/org/freedesktop/DBus\0\0\0\
        \x06\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0\
        \x02\x01s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0\
        \x03\x01s\0\x05\0\0\0Hello\0\0\0";
    let message = Message::parse(little).expect("it is one");
    assert_eq!((message.kind, message.member, message.serial), (Kind::Call, "Hello", 1));
    assert_eq!(
        (message.path, message.destination),
        ("/org/freedesktop/DBus", "org.freedesktop.DBus")
    );
    let big: &[u8] = b"B\x01\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x6e\
        \x01\x01o\0\0\0\0\x15/org/freedesktop/DBus\0\0\0\
        \x06\x01s\0\0\0\0\x14org.freedesktop.DBus\0\0\0\0\
        \x02\x01s\0\0\0\0\x14org.freedesktop.DBus\0\0\0\0\
        \x03\x01s\0\0\0\0\x05Hello\0\0\0";
    assert_eq!(Message::parse(big).map(|it| it.member), Some("Hello"));
}

#[test]
fn nesting_ends_somewhere() {
    // 200 variants in one another: within the limit of a body, beyond that of the specification.
    let mut bytes = Vec::new();
    for _ in 0..200 {
        bytes.extend([1, b'v', 0]);
    }
    assert_eq!(Reader::new(&bytes, false).skip(b"v"), None);
    assert_eq!(Reader::new(&[0; 400], false).skip(&[b'a'; 200]), None);
    assert_eq!(Reader::new(&[0; 8], false).skip(b"()"), None, "empty structures are forbidden");
}

#[test]
fn what_cannot_be_written_is_not_written() {
    let mut body = Writer::new();
    body.string("a\0b");
    assert_eq!(body.bytes(), None);
    let mut body = Writer::new();
    body.array(4, |list| {
        for _ in 0..200 {
            list.string(&"x".repeat(1000));
        }
    });
    assert_eq!(body.bytes(), None);
}

#[test]
fn addresses_are_read_as_the_specification_says() {
    let list = Address::list("tcp:host=::1;unix:path=/run/a%20b,guid=00;unix:abstract=x%2fy");
    assert_eq!(list, [Address::Path("/run/a b".into()), Address::Abstract(b"x/y".to_vec())]);
    assert_eq!(Address::list("unix:path=/a%zz;unix:path=%00;unix:tmpdir=/tmp;"), []);
}

#[test]
fn the_handshake_takes_only_ok() {
    assert_eq!(Auth::greeting(1000), b"\0AUTH EXTERNAL 31303030\r\nBEGIN\r\n");
    assert_eq!(Auth::default().feed(b"OK 12ab\r\nl\x01"), (9, Step::LetIn));
    assert!(matches!(Auth::default().feed(b"REJECTED EXTERNAL\r\n").1, Step::Refused(_)));
    assert!(matches!(Auth::default().feed(&[b'x'; 2000]).1, Step::Refused(_)));
}

#[test]
fn busctl_and_dbus_send_understand_what_the_codec_writes() {
    let folder = Folder::new();
    let bus = Bus::start(&folder.0);
    let server = Server::new();
    server.add_service("shop.service", "active", 4711);
    server.join(bus.socket(), &NAMES);
    let output = |command: &mut Command| {
        let done = command.output().expect("Debian's dbus and systemd packages are installed");
        let error = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{command:?}: {error}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    let get = |interface: &str, name: &str| {
        output(
            Command::new("busctl")
                .arg(format!("--address={}", bus.address()))
                .args(["get-property", NAMES[0], &unit_path("shop.service")])
                .args([&format!("org.freedesktop.systemd1.{interface}"), name]),
        )
    };
    assert_eq!(get("Service", "MainPID"), "u 4711");
    assert_eq!(get("Service", "RestartUSec"), "t 100000");
    assert_eq!(get("Service", "SuccessExitStatus"), "(aiai) 0 0");
    assert_eq!(get("Unit", "ActiveState"), "s \"active\"");
    assert_eq!(get("Unit", "Job"), "(uo) 0 \"/\"");
    let answer = output(
        Command::new("dbus-send")
            .arg(format!("--bus={}", bus.address()))
            .args(["--print-reply=literal", &format!("--dest={}", NAMES[0])])
            .args(["/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager.RestartUnit"])
            .args(["string:shop.service", "string:replace"]),
    );
    assert_eq!(answer, "/org/freedesktop/systemd1/job/1");
    assert_eq!(server.take_calls(), ["RestartUnit shop.service replace"]);
}

/// PID 1's own socket, as it was seen to behave: what comes in one read with BEGIN is not looked at
/// until more comes.
#[test]
fn no_message_can_arrive_together_with_begin() {
    let folder = Folder::new();
    let path = folder.0.join("private");
    let listener = UnixListener::bind(&path).expect("bind");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let patience = Some(std::time::Duration::from_secs(5));
        stream.set_read_timeout(patience).expect("a timeout");
        let mut handshake = [0; 200];
        let mut len = 0;
        while !handshake[..len].ends_with(b"BEGIN\r\n") {
            len += stream.read(&mut handshake[len..]).expect("BEGIN before any answer");
        }
        stream.write_all(b"OK 0123456789abcdef0123456789abcdef\r\n").expect("the client is there");
        let mut first = [0];
        stream.read_exact(&mut first).expect("a message after the answer");
        first
    });
    let mut socket = Socket::connect(&Address::Path(path)).expect("connect");
    let message = Message {
        path: "/org/freedesktop/systemd1",
        interface: "org.freedesktop.systemd1.Manager",
        member: "Subscribe",
        ..Message::new(Kind::Call)
    };
    let wait = Timespec { tv_sec: 5, tv_nsec: 0 };
    while !socket.is_open() {
        poll(&mut [PollFd::new(&socket, PollFlags::IN)], Some(&wait)).expect("poll");
        socket.fill().expect("it goes on");
    }
    socket.send(&message).expect("sent");
    assert_eq!(server.join().expect("the server is content"), *b"l");
}

#[test]
fn an_abstract_socket_is_connected_to_and_garbage_ends_the_connection() {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("defib-garbage-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).expect("a name");
    let listener = UnixListener::bind_addr(&address).expect("bound");
    let mut rig = Rig::new(settings(&format!("unix:abstract={name}")));
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().expect("accepted");
            let mut bytes = [0; 4096];
            assert!(stream.read(&mut bytes).expect("a greeting") > 0);
            stream.write_all(b"OK 00\r\n").expect("sent");
            // What follows the handshake is answered by noise.
            assert!(stream.read(&mut bytes).expect("calls") > 0);
            stream.write_all(&[0xff; 500]).expect("sent");
            while stream.read(&mut bytes).is_ok_and(|len| len > 0) {}
        }
    });
    let told = rig.for_ms(600);
    assert!(!told.contains(&ManagerEvent::Reached), "{told:?}");
    let why = rig.systemd.why_not().expect("it cannot be reached");
    assert!(why.contains("no D-Bus") || why.contains("refused"), "{why}");
    assert!(rig.turns < 60, "it spins: {} turns", rig.turns);
    // Twice served: it was tried again, with a pause.
    server.join().expect("no assertion failed there");
}

#[test]
fn garbage_in_the_middle_of_the_work_is_survived() {
    let folder = Folder::new();
    let socket = folder.0.join("private");
    let server = Server::new();
    let main = Sleeper::start();
    server.add_service("shop.service", "active", main.pid());
    server.listen(&socket);
    let mut settings = settings("");
    settings.private = Some(socket.clone());
    let mut rig = Rig::new(settings);
    rig.systemd.watch_unit(AppId(0), "shop.service");
    let active = ManagerEvent::State { app: AppId(0), state: UnitState::Active };
    rig.until(|event| *event == active);
    server.send_raw(&[0x99; 64]);
    rig.until(|event| *event == ManagerEvent::Lost);
    std::fs::remove_file(&socket).expect("removed");
    let again = Server::new();
    again.add_service("shop.service", "active", main.pid());
    again.listen(&socket);
    rig.until_reached();
    rig.until(|event| *event == active);
}

#[test]
fn an_oversize_message_is_skipped_and_the_next_one_read() {
    let folder = Folder::new();
    let socket = folder.0.join("private");
    let server = Server::new();
    let main = Sleeper::start();
    server.add_service("shop.service", "active", main.pid());
    server.listen(&socket);
    let mut settings = settings("");
    settings.private = Some(socket);
    let mut rig = Rig::new(settings);
    rig.systemd.watch_unit(AppId(0), "shop.service");
    let active = ManagerEvent::State { app: AppId(0), state: UnitState::Active };
    rig.until(|event| *event == active);
    let big = oversize(1_000_000);
    let sender = std::thread::spawn(move || {
        server.send_raw(&big);
        server.new_job("shop.service", "stop");
        server
    });
    let told = rig.until(|event| *event == ManagerEvent::StoppedByPerson { app: AppId(0) });
    assert!(!told.contains(&ManagerEvent::Lost), "{told:?}");
    drop(sender.join().expect("sent"));
}
