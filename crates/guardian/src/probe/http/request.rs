//! The bytes of a request, and where they go.

use super::redirect::Place;
use defib_config::spec::{Endpoint, HttpSpec};
use rustls::pki_types::ServerName;
use std::fmt::Write;
use std::path::PathBuf;
use std::rc::Rc;

/// One request: the first, or one that follows a redirect.
#[derive(Debug)]
pub(super) struct Hop {
    pub(super) endpoint: Rc<Endpoint>,
    pub(super) tls: Option<HopTls>,
    pub(super) request: Vec<u8>,
    /// What the answer's `Location` is relative to: the Host header, not the address.
    pub(super) place: Place,
    pub(super) method: String,
    pub(super) headers: Vec<(String, String)>,
    /// The authorities of the first request, for redirects into TLS.
    pub(super) ca_file: Option<PathBuf>,
}

/// TLS of one request.
#[derive(Debug)]
pub(super) struct HopTls {
    pub(super) name: ServerName<'static>,
    pub(super) ca_file: Option<PathBuf>,
}

impl Hop {
    /// The request that the config asks for, to `endpoint`.
    pub(super) fn first(spec: &HttpSpec, endpoint: Endpoint) -> Result<Hop, String> {
        let place = Place {
            is_tls: spec.tls.is_some(),
            authority: spec.host.clone(),
            target: spec.target.clone(),
        };
        let ca_file = spec.tls.as_ref().and_then(|tls| tls.ca_file.clone());
        let tls = match &spec.tls {
            Some(tls) => Some(HopTls { name: name(&tls.server_name)?, ca_file: ca_file.clone() }),
            None => None,
        };
        let mut hop = Hop {
            endpoint: Rc::new(endpoint),
            tls,
            request: Vec::new(),
            place,
            method: spec.method.clone(),
            headers: spec.headers.clone(),
            ca_file,
        };
        hop.request = hop.spell()?.into_bytes();
        Ok(hop)
    }

    /// Whether no body will follow the answer's head.
    pub(super) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Spells the request. `Connection: close` and no more than one request on a connection: an
    /// idle connection occupies a worker of a pre-fork server.
    pub(super) fn spell(&self) -> Result<String, String> {
        let Hop { method, headers, place, .. } = self;
        let mut text =
            format!("{method} {} HTTP/1.1\r\nHost: {}\r\n", place.target, place.authority);
        for (name, value) in headers.iter().filter(|(name, _)| !is_ours(name)) {
            // A String takes all that is written to it.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let defaults = [
            ("User-Agent", concat!("defib/", env!("CARGO_PKG_VERSION"))),
            ("Accept", "*/*"),
            // A compressed body could not be searched.
            ("Accept-Encoding", "identity"),
        ];
        for (name, value) in defaults {
            if !headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                let _ = write!(text, "{name}: {value}\r\n");
            }
        }
        if matches!(method.as_str(), "POST" | "PUT" | "PATCH") {
            text.push_str("Content-Length: 0\r\n");
        }
        text.push_str("Connection: close\r\n\r\n");
        self.check(&text)?;
        Ok(text)
    }

    /// A line break or a control character inside a value would make another request of it.
    fn check(&self, text: &str) -> Result<(), String> {
        let lines = text.matches("\r\n").count();
        let line_feeds = text.matches('\n').count();
        let own = self.headers.iter().flat_map(|(name, value)| [name, value]);
        let broken = own.chain([&self.method, &self.place.target, &self.place.authority]);
        let has_control = broken.into_iter().any(|part| part.chars().any(char::is_control));
        let has_space = [&self.method, &self.place.target].iter().any(|part| part.contains(' '));
        if has_control || has_space || lines != line_feeds {
            return Err("a control character or a space in the request: take it out".to_owned());
        }
        Ok(())
    }
}

/// Headers that are not the user's to set: they belong to how the probe works.
fn is_ours(name: &str) -> bool {
    ["host", "connection", "content-length", "transfer-encoding"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
}

/// A name for SNI and the certificate.
pub(super) fn name(text: &str) -> Result<ServerName<'static>, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    ServerName::try_from(bare.to_owned())
        .map_err(|_| format!("\"{text}\" cannot be the name in a certificate"))
}
