//! The head of an answer: parsed by httparse, and what of it counts.

use super::super::look::Detail;
use httparse::Status;

/// The most bytes of a head. nginx sends at most 8 KiB of it by default, most servers 16 KiB.
pub(super) const HEAD_MAX: usize = 32 * 1024;

/// The most header lines, as in Apache's default `LimitRequestFields`.
const HEADERS_MAX: usize = 100;

/// What is used of a head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) len: usize,
    pub(super) code: u16,
    pub(super) reason: Detail,
    pub(super) length: Option<u64>,
    pub(super) is_chunked: bool,
    pub(super) location: Option<Vec<u8>>,
    pub(super) retry_after_s: Option<u32>,
}

/// Whether the bytes could be the begin of an answer: what cannot is told at once, and not only
/// when a line ends, which in a foreign protocol may be never.
pub(super) fn is_http_so_far(bytes: &[u8]) -> bool {
    let start = b"HTTP/1.";
    bytes.iter().zip(start).all(|(byte, expected)| byte == expected)
}

impl Head {
    /// Reads a head: `None` if it is not whole yet, an error if it never will be one.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Head>, ()> {
        if !is_http_so_far(bytes) {
            return Err(());
        }
        let window = &bytes[..bytes.len().min(HEAD_MAX)];
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(window) {
            Ok(Status::Complete(len)) => Head::of(len, &response).map(Some),
            Ok(Status::Partial) if bytes.len() < HEAD_MAX => Ok(None),
            Ok(Status::Partial) | Err(_) => Err(()),
        }
    }

    fn of(len: usize, response: &httparse::Response<'_, '_>) -> Result<Head, ()> {
        let mut head = Head {
            len,
            code: response.code.ok_or(())?,
            reason: Detail::of(format_args!("{}", response.reason.unwrap_or_default())),
            length: None,
            is_chunked: false,
            location: None,
            retry_after_s: None,
        };
        let mut retry_after = None;
        let mut date = None;
        for header in &*response.headers {
            let (name, value) = (header.name, header.value);
            if name.eq_ignore_ascii_case("content-length") {
                head.add_length(value)?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.is_chunked = last_coding(value).eq_ignore_ascii_case(b"chunked");
            } else if name.eq_ignore_ascii_case("location") {
                head.location = Some(value.to_vec());
            } else if name.eq_ignore_ascii_case("retry-after") {
                retry_after = Some(value);
            } else if name.eq_ignore_ascii_case("date") {
                date = Some(value);
            }
        }
        head.retry_after_s = retry_after.and_then(|value| retry_after_s(value, date));
        Ok(head)
    }

    /// The same length twice is harmless, two different ones are not HTTP (RFC 9112, 6.3).
    fn add_length(&mut self, value: &[u8]) -> Result<(), ()> {
        for item in value.split(|&byte| byte == b',') {
            let item = item.trim_ascii();
            let is_number = !item.is_empty() && item.iter().all(u8::is_ascii_digit);
            let text = std::str::from_utf8(item).map_err(|_| ())?;
            let length = if is_number { text.parse().map_err(|_| ())? } else { return Err(()) };
            if self.length.replace(length).is_some_and(|other| other != length) {
                return Err(());
            }
        }
        Ok(())
    }
}

fn last_coding(value: &[u8]) -> &[u8] {
    value.rsplit(|&byte| byte == b',').next().unwrap_or(value).trim_ascii()
}

/// Seconds of a `Retry-After`. A date is measured against the answer's own `Date`, which needs no
/// clock of ours and is right even if the two disagree.
fn retry_after_s(value: &[u8], date: Option<&[u8]>) -> Option<u32> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let sent = httpdate::parse_http_date(std::str::from_utf8(date?).ok()?.trim()).ok()?;
    let seconds = until.duration_since(sent).unwrap_or_default().as_secs();
    Some(u32::try_from(seconds).unwrap_or(u32::MAX))
}
