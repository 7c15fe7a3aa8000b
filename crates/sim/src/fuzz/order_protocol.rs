//! Messages between guardian and executor: any bytes are refused or mean exactly one thing.

use defib_journal::order::{MESSAGE_MAX, Report, Request};

/// The bytes as a request, and as a report.
pub fn order_protocol(input: &[u8]) {
    let mut again = Vec::with_capacity(MESSAGE_MAX);
    if let Ok(request) = Request::decode(input) {
        request.encode(&mut again);
        assert!(again.len() <= MESSAGE_MAX, "{} bytes", again.len());
        assert_eq!(Request::decode(&again), Ok(request));
    }
    again.clear();
    if let Ok(report) = Report::decode(input) {
        report.encode(&mut again);
        assert!(again.len() <= MESSAGE_MAX, "{} bytes", again.len());
        assert_eq!(Report::decode(&again), Ok(report));
    }
}
