//! Something that an application needs: a port that closes for a while.

use crate::demo::lifeline;
use crate::demo::options::DependencyOptions;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Listens, closes, and listens again until the demo ends.
pub(crate) fn serve(options: &DependencyOptions) -> ExitCode {
    let listened = listen(options, options.down_after).and_then(|demo_runs| {
        if demo_runs && lifeline::wait(options.demo_pid, options.down_for) {
            listen(options, Duration::from_hours(1))?;
        }
        Ok(())
    });
    match listened {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo-app: 127.0.0.1:{}: {error}", options.port);
            ExitCode::FAILURE
        }
    }
}

/// Accepts and closes connections for so long. Returns whether the demo still runs.
fn listen(options: &DependencyOptions, span: Duration) -> io::Result<bool> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
    // accept(2) obeys SO_RCVTIMEO: no second thread, no signal is needed to leave it.
    set_socket_timeout(&listener, Timeout::Recv, Some(Duration::from_millis(200)))?;
    let begun = Instant::now();
    while begun.elapsed() < span {
        if listener.accept().is_err() && !lifeline::wait(options.demo_pid, Duration::from_millis(1))
        {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{DependencyOptions, listen};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::time::Duration;

    #[test]
    fn it_is_open_for_its_span_and_then_closed() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback is there");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let span = Duration::from_millis(400);
        let demo_pid = std::process::id();
        let options = DependencyOptions { port, down_after: span, down_for: span, demo_pid };
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        std::thread::scope(|scope| {
            let listening = scope.spawn(|| listen(&options, span));
            while connect().is_err() {
                assert!(!listening.is_finished(), "it never opened");
            }
            let demo_runs = listening.join().expect("it does not panic").expect("it listened");
            assert!(demo_runs);
        });
        connect().expect_err("it is closed");
    }
}
