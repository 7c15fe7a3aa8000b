//! The control socket: answers, bounds, patience.

use crate::server::Server;
use crate::world::{World, config, read_line};
use defib_journal::line::Line;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

#[test]
fn each_request_gets_its_answer() {
    let server = Server::start();
    let world = World::start(&config(&server));
    world.wait_until_up();
    let status = world.ask("{\"do\":\"status\"}");
    for part in [
        "{\"schema\":\"defib.status/1\",\"ok\":true,\"mode\":\"act\",\"reboot\":\"never\"",
        &format!("\"pid\":{}", world.pid()),
        "\"app\":\"shop\"",
        "\"seen\":\"pass\"",
        "\"why_not\":\"reboot: not allowed\"",
        "\"rungs\":[\"start\",\"restart\",\"kill\"]",
        "\"hour_limit\":4",
    ] {
        assert!(status.contains(part), "{part} is not in {status}");
    }
    let why = world.ask("{\"do\":\"why\",\"app\":\"shop\"}");
    assert!(why.starts_with("{\"schema\":\"defib.why/1\",\"ok\":true,\"state\":\"up\""), "{why}");
    let wrong = world.ask("{\"do\":\"why\",\"app\":\"shp\"}");
    assert_eq!(
        wrong,
        "{\"schema\":\"defib.error/1\",\"ok\":false,\"error\":\"no app 'shp'\",\
         \"hint\":\"did you mean 'shop'?\"}\n"
    );
    let before = server.requests();
    assert!(world.ask("{\"do\":\"probe\"}").contains("defib.probe/1"));
    crate::world::until("an extra look", Duration::from_secs(2), || {
        (server.requests() > before).then_some(())
    });
    let mode = world.runtime.path().join("defib.sock").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
}

#[test]
fn a_watcher_gets_the_lines_as_they_are_written() {
    let server = Server::start();
    let world = World::start(&config(&server));
    world.wait_until_up();
    let mut watcher = world.connect();
    watcher.write_all(b"{\"do\":\"watch\"}\n").unwrap();
    let mut lines = BufReader::new(watcher);
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(first.contains("defib.watch/1"));
    server.answers_500();
    let mut line = String::new();
    while !line.contains("\"Suspected\"") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0);
    }
    let entry = defib_journal::line::decode_line(line.trim_end().as_bytes()).unwrap();
    assert!(matches!(entry.line, Line::Note { .. }));
    assert!(world.journal().contains(&entry), "what is watched is what is written");
}

#[test]
fn requests_are_bounded_in_bytes_and_time_and_clients_in_number() {
    let server = Server::start();
    let world = World::start(&config(&server));
    world.wait_until_up();

    let mut long = world.connect();
    long.write_all(&[b'x'; 5000]).unwrap();
    let mut answer = String::new();
    long.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("longer than 4096 bytes"), "{answer}");

    let mut slow = world.connect();
    let began = Instant::now();
    slow.write_all(b"{\"do\":").unwrap();
    assert_eq!(slow.read(&mut [0; 16]).unwrap(), 0, "closed without an answer");
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(1900) && took < Duration::from_secs(5), "{took:?}");

    let clients: Vec<_> = (0..16).map(|_| world.connect()).collect();
    let refused = read_line(world.connect());
    assert!(refused.contains("16 clients"), "{refused}");
    drop(clients);
    crate::world::until("a free place", Duration::from_secs(2), || {
        world.ask("{\"do\":\"status\"}").contains("defib.status/1").then_some(())
    });
}
