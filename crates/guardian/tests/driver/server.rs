//! A web application that can be told to be ill.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::thread;

const UP: u8 = 0;
const ERRORS: u8 = 1;
const HANGS: u8 = 2;

/// Serves until the test's process ends.
pub(crate) struct Server {
    pub(crate) port: u16,
    mood: Arc<AtomicU8>,
    requests: Arc<AtomicU32>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mood = Arc::new(AtomicU8::new(UP));
        let requests = Arc::new(AtomicU32::new(0));
        let server = Server { port, mood: mood.clone(), requests: requests.clone() };
        thread::spawn(move || {
            let mut hanging = Vec::new();
            for stream in listener.incoming().flatten() {
                requests.fetch_add(1, Ordering::SeqCst);
                match mood.load(Ordering::SeqCst) {
                    HANGS => hanging.push(stream),
                    mood => answer(stream, mood),
                }
            }
        });
        server
    }

    pub(crate) fn is_well(&self) {
        self.mood.store(UP, Ordering::SeqCst);
    }

    pub(crate) fn answers_500(&self) {
        self.mood.store(ERRORS, Ordering::SeqCst);
    }

    pub(crate) fn hangs(&self) {
        self.mood.store(HANGS, Ordering::SeqCst);
    }

    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, mood: u8) {
    let mut request = [0; 2048];
    let _ = stream.read(&mut request);
    let status = if mood == ERRORS { "500 Internal Server Error" } else { "200 OK" };
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}
