//! A small web application that breaks once.
//!
//! One thread a connection, as simple servers do, and no more than [`CONNECTIONS_MAX`].

use crate::demo::lifeline;
use crate::demo::options::{AppOptions, Fault, Strike};
use rustix::process::{Signal, getpid, kill_process};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const CONNECTIONS_MAX: usize = 16;
const REQUEST_MAX: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(2);

/// What the threads share.
#[derive(Default)]
struct Health {
    hangs: AtomicBool,
    errs: AtomicBool,
    needs: Option<u16>,
    connections: AtomicUsize,
}

/// Serves until the demo ends.
pub(crate) fn serve(options: &AppOptions) -> ExitCode {
    let health = Arc::new(Health { needs: options.needs, ..Health::default() });
    let started = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).and_then(|listener| {
        let health = Arc::clone(&health);
        std::thread::Builder::new().spawn(move || accept(&listener, &health))
    });
    if let Err(error) = started {
        eprintln!("demo-app: 127.0.0.1:{}: {error}", options.port);
        return ExitCode::FAILURE;
    }
    println!("demo-app: listening on 127.0.0.1:{}", options.port);
    if let Some(strike) = &options.fault
        && lifeline::wait(options.demo_pid, strike.after)
    {
        break_once(strike, &health);
    }
    while lifeline::wait(options.demo_pid, Duration::from_hours(1)) {}
    ExitCode::SUCCESS
}

/// Strikes, unless an earlier life of this application was struck already.
fn break_once(strike: &Strike, health: &Health) {
    if std::fs::File::create_new(&strike.once).is_err() {
        return;
    }
    eprintln!("demo-app: the fault `{}` strikes", strike.fault.name());
    match strike.fault {
        Fault::Crash => std::process::abort(),
        Fault::Hang => health.hangs.store(true, Ordering::Relaxed),
        Fault::Errors => health.errs.store(true, Ordering::Relaxed),
        Fault::Stop => {
            if let Err(error) = kill_process(getpid(), Signal::STOP) {
                eprintln!("demo-app: could not stop itself: {error}");
            }
        }
    }
}

fn accept(listener: &TcpListener, health: &Arc<Health>) {
    for stream in listener.incoming().flatten() {
        // Hung for good: the kernel goes on accepting into the backlog, as with any stuck server.
        while health.hangs.load(Ordering::Relaxed) {
            std::thread::park();
        }
        if health.connections.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            health.connections.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let shared = Arc::clone(health);
        let spawned = std::thread::Builder::new().spawn(move || {
            // A client that goes away in the middle is no business of ours.
            drop(answer(stream, &shared));
            shared.connections.fetch_sub(1, Ordering::Relaxed);
        });
        if spawned.is_err() {
            health.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn answer(mut stream: TcpStream, health: &Health) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    read_head(&mut stream)?;
    let (status, body) = if health.errs.load(Ordering::Relaxed) {
        ("500 Internal Server Error", "a bug was deployed\n")
    } else if health.needs.is_some_and(|port| !is_open(port)) {
        ("500 Internal Server Error", "the database does not answer\n")
    } else {
        ("200 OK", "all is well\n")
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Reads to the end of the request's head. The request itself does not matter: there is one page.
fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    let mut piece = [0; 512];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let length = stream.read(&mut piece)?;
        if length == 0 || head.len() > REQUEST_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a request"));
        }
        head.extend_from_slice(&piece[..length]);
    }
    Ok(())
}

fn is_open(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Health, accept};
    use std::io::{ErrorKind, Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    fn start(needs: Option<u16>) -> (u16, Arc<Health>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback is there");
        let port = listener.local_addr().expect("it is bound").port();
        let health = Arc::new(Health { needs, ..Health::default() });
        let shared = Arc::clone(&health);
        std::thread::spawn(move || accept(&listener, &shared));
        (port, health)
    }

    fn get(port: u16) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_millis(300)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: demo\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn it_is_well_until_it_errs() {
        let (port, health) = start(None);
        assert!(get(port).expect("it answers").starts_with("HTTP/1.1 200 OK\r\n"));
        health.errs.store(true, Ordering::Relaxed);
        assert!(get(port).expect("it answers").starts_with("HTTP/1.1 500 "));
    }

    #[test]
    fn a_hung_one_accepts_and_never_answers() {
        let (port, health) = start(None);
        health.hangs.store(true, Ordering::Relaxed);
        for _ in 0..3 {
            let error = get(port).expect_err("nobody answers");
            assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        }
    }

    #[test]
    fn it_answers_500_while_its_dependency_is_closed() {
        let dependency =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback is there");
        let (port, _) = start(Some(dependency.local_addr().expect("it is bound").port()));
        assert!(get(port).expect("it answers").contains("200 OK"));
        drop(dependency);
        assert!(get(port).expect("it answers").contains("500"));
    }

    #[test]
    fn more_connections_than_it_bears_are_closed() {
        let (port, _) = start(None);
        let silent: Vec<TcpStream> = (0..super::CONNECTIONS_MAX)
            .map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens"))
            .collect();
        assert!(!get(port).is_ok_and(|text| text.contains("200")), "the seventeenth is closed");
        drop(silent);
    }
}
