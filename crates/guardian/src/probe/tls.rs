//! TLS: whom to trust, and what an error means.

use super::errno::Failure;
use defib_engine::seen::{Seen, TlsFault, UnknownWhy};
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, Error, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The authorities of one origin (the system, or a file), ready for use.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    config: Arc<ClientConfig>,
    verifier: Arc<WebPkiServerVerifier>,
}

/// All that are in use. Reading the system's takes 20 ms and 0.4 MB, so it is done once, and only
/// when a probe needs it.
#[derive(Debug, Default)]
pub(super) struct Trusts(Vec<(Option<PathBuf>, Trust)>);

impl Trusts {
    /// The trust in a file's authorities, or in the system's.
    pub(super) fn of(&mut self, ca_file: Option<&Path>) -> Result<Trust, Failure> {
        if let Some((_, trust)) = self.0.iter().find(|(origin, _)| origin.as_deref() == ca_file) {
            return Ok(trust.clone());
        }
        let cannot = |message: String| {
            Failure::new(Seen::Unknown(UnknownWhy::OurLimit), format_args!("{message}"))
        };
        let trust = read_roots(ca_file).and_then(Trust::new).map_err(cannot)?;
        self.0.push((ca_file.map(Path::to_owned), trust.clone()));
        Ok(trust)
    }

    /// Reads the file again at the next run: after an unknown authority, because it may have been
    /// replaced by a newer one.
    pub(super) fn forget(&mut self, ca_file: Option<&Path>) {
        self.0.retain(|(origin, _)| origin.as_deref() != ca_file);
    }
}

impl Trust {
    fn new(roots: RootCertStore) -> Result<Trust, String> {
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| format!("cannot use the certificate authorities: {error}"))?;
        let config = client_config(provider, Arc::clone(&verifier))
            .map_err(|error| format!("cannot set up TLS: {error}"))?;
        Ok(Trust { config: Arc::new(config), verifier })
    }

    /// A new session.
    pub(super) fn session(&self, name: ServerName<'static>) -> Result<ClientConnection, Failure> {
        ClientConnection::new(Arc::clone(&self.config), name).map_err(|error| failure_of(&error))
    }

    /// Whole days until the server's own certificate ends.
    ///
    /// The verifier is asked about a day far away. It checks the leaf's dates before anything that
    /// costs (no signature is computed) and names the end in its answer, so no second parser of
    /// certificates is needed.
    pub(super) fn days_left(&self, session: &ClientConnection) -> Option<i32> {
        let (leaf, others) = session.peer_certificates()?.split_first()?;
        // The year 9999 is the last that a certificate can name.
        let far_away = UnixTime::since_unix_epoch(Duration::from_hours(24 * 365 * 9000));
        let name = ServerName::try_from("localhost").ok()?;
        match self.verifier.verify_server_cert(leaf, others, &name, &[], far_away) {
            Err(error) => days_left_of(&error),
            Ok(_) => None,
        }
    }
}

fn client_config(
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    // A resumed session skips the certificate, which is a part of what is being looked at.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn read_roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let place = if let Some(path) = ca_file {
        let cannot = |error| format!("cannot read ca_file {}: {error}", path.display());
        for certificate in CertificateDer::pem_file_iter(path).map_err(cannot)? {
            let unusable = |error| format!("ca_file {}: {error}", path.display());
            roots.add(certificate.map_err(cannot)?).map_err(unusable)?;
        }
        path.display().to_string()
    } else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        "the system".to_owned()
    };
    if roots.is_empty() {
        return Err(format!("no certificate authority found in {place}"));
    }
    Ok(roots)
}

/// The verdict for an error of a session.
pub(super) fn failure_of(error: &Error) -> Failure {
    let fault = match error {
        Error::InvalidCertificate(error) => certificate_fault(error),
        _ => TlsFault::Protocol,
    };
    Failure::new(Seen::Tls(fault), format_args!("TLS: {error}"))
}

fn certificate_fault(error: &CertificateError) -> TlsFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongName
        }
        // All the others (self-signed, revoked, not for servers, a broken signature) say that
        // nobody who is trusted vouches for this certificate in this use.
        _ => TlsFault::UnknownAuthority,
    }
}

/// Days until (negative: since) the end that an error of expiry names.
pub(super) fn days_left_of(error: &Error) -> Option<i32> {
    let Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) = error
    else {
        return None;
    };
    let left_s = not_after.as_secs() as i64 - UnixTime::now().as_secs() as i64;
    i32::try_from(left_s.div_euclid(24 * 3600)).ok()
}
