//! What any local user may send to the control socket: the same lines however they are cut, and each either a request
//! within its bounds or an answer that is one line of JSON.

use super::bytes::Bytes;
use defib_guardian::fuzz::{control_lines, control_request};
use defib_journal::json::In;

/// The cuts, then the bytes.
pub fn control_socket(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let pieces = bytes.pieces();
    let whole = pieces.concat();
    let lines = control_lines(&[&whole]);
    assert_eq!(control_lines(&pieces), lines);
    for line in lines.iter().flatten() {
        judge(line);
    }
    judge(&whole);
}

fn judge(line: &[u8]) {
    match control_request(line) {
        Ok(asked) => {
            if let Some((for_ms, reason)) = asked.hold {
                assert!((1..=86_400_000).contains(&for_ms), "a hold of {for_ms} ms");
                assert!(reason.chars().count() <= 200, "a reason of {} bytes", reason.len());
            }
        }
        Err(answer) => {
            let body = answer.strip_suffix('\n').expect("an answer ends its line");
            assert!(!body.contains('\n'), "{body:?}");
            let mut json = In::new(body.as_bytes());
            json.skip().expect("an answer is JSON");
            json.end().expect("and nothing else");
        }
    }
}
