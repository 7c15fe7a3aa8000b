//! The parser against serde_json: what one takes the other takes, except where we are stricter.

use super::{DEPTH_MAX, Fault, In, ReadError, from_slice, to_vec};
use proptest::collection::vec;
use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};

fn skip_all(bytes: &[u8]) -> Result<(), ReadError> {
    let mut input = In::new(bytes);
    input.skip()?;
    input.end()
}

/// Texts that are nearly JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        "[{}\\[\\]:,]",
        Just("\"a\"".to_owned()),
        Just("\"\\u00e9\\ud83d\\ude91\"".to_owned()),
        Just("\"\\ud83d\"".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2})?([eE][+-]?[0-9])?",
        "[-+.0-9eE]{1,4}",
        "[ \\n\\t]",
        "\"[ -~]{0,4}\"",
    ];
    vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn we_take_what_serde_json_takes(text in nearly_json()) {
        let ours = skip_all(text.as_bytes()).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        // serde_json refuses floats that overflow; we pass over them unread.
        let overflow = theirs.as_ref().is_err_and(|error| error.to_string().contains("range"));
        prop_assert!(ours == theirs.is_ok() || overflow, "{text} ours {ours} theirs {theirs:?}");
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..64)) {
        let ours = skip_all(&bytes).is_ok();
        let theirs = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn strings_come_back(text in any::<String>()) {
        let written = to_vec(&text);
        prop_assert_eq!(from_slice(&written), Ok(text.clone()));
        prop_assert_eq!(&serde_json::from_slice::<String>(&written).expect("text"), &text);
        let foreign = serde_json::to_vec(&text).expect("text");
        prop_assert_eq!(from_slice(&foreign), Ok(text));
    }

    #[test]
    fn numbers_are_exact(signed in any::<i64>(), unsigned in any::<u64>()) {
        prop_assert_eq!(from_slice::<i64>(&to_vec(&signed)), Ok(signed));
        prop_assert_eq!(from_slice::<u64>(&to_vec(&unsigned)), Ok(unsigned));
        prop_assert_eq!(to_vec(&signed), signed.to_string().into_bytes());
        prop_assert_eq!(to_vec(&unsigned), unsigned.to_string().into_bytes());
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let fault = |result: Result<u8, ReadError>| result.map_err(|error| error.fault);
    assert_eq!(fault(from_slice(b"255")), Ok(255));
    assert_eq!(fault(from_slice(b"256")), Err(Fault::Range));
    assert_eq!(fault(from_slice(b"-1")), Err(Fault::Range));
    assert_eq!(fault(from_slice(b"1.0")), Err(Fault::Number));
    assert_eq!(fault(from_slice(b"01")), Err(Fault::Number));
    assert_eq!(fault(from_slice(&[b'9'; 200])), Err(Fault::Range));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert_eq!(skip_all(&nested(usize::from(DEPTH_MAX))), Ok(()));
    let too_deep = skip_all(&nested(usize::from(DEPTH_MAX) + 1)).map_err(|error| error.fault);
    assert_eq!(too_deep, Err(Fault::TooDeep));
    assert_eq!(skip_all(&vec![b'['; 1 << 20]).map_err(|error| error.fault), Err(Fault::TooDeep));
}

#[test]
fn lists_of_fixed_length_are_strict() {
    assert_eq!(from_slice::<[u8; 2]>(b"[1,2]"), Ok([1, 2]));
    assert!(from_slice::<[u8; 2]>(b"[1]").is_err());
    assert!(from_slice::<[u8; 2]>(b"[1,2,3]").is_err());
    assert_eq!(from_slice::<(u8, bool)>(b"[ 1 , true ]"), Ok((1, true)));
    assert!(from_slice::<(u8, bool)>(b"[1]").is_err());
    assert!(from_slice::<(u8, bool)>(b"[1,true,2]").is_err());
    assert_eq!(from_slice::<Vec<Option<u8>>>(b"[1,null]"), Ok(vec![Some(1), None]));
}
