//! The least with TLS: rustls on an epoll loop, a full handshake with a verified chain each time.

use super::pace::Flights;
use crate::dial::{dial, watch};
use crate::failed::Failed;
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::net::{RecvFlags, SendFlags};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

pub(super) struct BareTls {
    port: u16,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    /// `None`: ends with the handshake.
    request: Option<Vec<u8>>,
    flights: Vec<Option<(OwnedFd, ClientConnection)>>,
    buffer: Vec<u8>,
}

impl BareTls {
    pub(super) fn new(port: u16, ca: &Path, asks: bool) -> Result<BareTls, Failed> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(ca).map_err(Failed::at("ca.pem"))? {
            let certificate = certificate.map_err(Failed::at("ca.pem"))?;
            roots.add(certificate).map_err(Failed::at("ca.pem"))?;
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Failed::at("rustls"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(BareTls {
            port,
            config: Arc::new(config),
            name: ServerName::try_from("localhost").map_err(Failed::at("a name"))?,
            request: asks.then(|| super::bare::request(&format!("localhost:{port}"))),
            flights: Vec::new(),
            buffer: vec![0; 16 * 1024],
        })
    }

    /// `Ok(Some)` at the end.
    fn go(&mut self, slot: usize) -> io::Result<Option<bool>> {
        let Some(Some((socket, session))) = self.flights.get_mut(slot) else { return Ok(None) };
        session.read_tls(&mut Socket(socket))?;
        session.process_new_packets().map_err(io::Error::other)?;
        if session.is_handshaking() {
            flush(socket, session)?;
            return Ok(None);
        }
        match (&self.request, session.wants_write()) {
            (None, _) => {
                flush(socket, session)?;
                return Ok(Some(true));
            }
            // The client's last message of the handshake waits: nothing has been asked yet.
            (Some(request), true) => {
                session.writer().write_all(request)?;
                flush(socket, session)?;
                return Ok(None);
            }
            (Some(_), false) => {}
        }
        match session.reader().read(&mut self.buffer) {
            Ok(len) => Ok(Some(self.buffer[..len].starts_with(b"HTTP/1.1 200"))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn begin(&mut self, slot: usize, epoll: BorrowedFd<'_>) -> io::Result<()> {
        if self.flights.len() <= slot {
            self.flights.resize_with(slot + 1, || None);
        }
        let socket = dial(self.port)?;
        let session = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let mut session = session.map_err(io::Error::other)?;
        flush(&socket, &mut session)?;
        watch(epoll, &socket, slot)?;
        self.flights[slot] = Some((socket, session));
        Ok(())
    }
}

impl Flights for BareTls {
    fn start(&mut self, slot: usize, epoll: BorrowedFd<'_>) -> Option<bool> {
        self.begin(slot, epoll).is_err().then_some(false)
    }

    fn ready(&mut self, slot: usize, _: BorrowedFd<'_>) -> Option<bool> {
        let end = self.go(slot).unwrap_or(Some(false));
        if end.is_some() {
            self.flights[slot] = None;
        }
        end
    }
}

fn flush(socket: &OwnedFd, session: &mut ClientConnection) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(&mut Socket(socket))?;
    }
    Ok(())
}

struct Socket<'a>(&'a OwnedFd);

impl Read for Socket<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let received = rustix::net::recv(self.0, into, RecvFlags::empty());
        received.map(|(len, _)| len).map_err(io::Error::from)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        rustix::net::send(self.0, bytes, SendFlags::NOSIGNAL).map_err(io::Error::from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
