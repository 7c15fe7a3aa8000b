//! Old lines are commented out with a mark, by which they can be brought back. Whatever else is in a
//! file stays as it is, byte by byte.

/// What stands before a line that was commented out; a date and `: ` follow.
const MARK: &[u8] = b"# defib import cron ";

/// `YYYY-MM-DD: `
const DATE_LEN: usize = 12;

/// The text with these lines (from 1) commented out.
pub(crate) fn comment_out(text: &[u8], lines: &[usize], date: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + lines.len() * 40);
    for (at, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if lines.contains(&(at + 1)) {
            out.extend_from_slice(MARK);
            out.extend_from_slice(date.as_bytes());
            out.extend_from_slice(b": ");
        }
        out.extend_from_slice(line);
    }
    out
}

/// The text with all such lines brought back, and how many they were.
pub(crate) fn bring_back(text: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(text.len());
    let mut count = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let kept = original(line);
        count += usize::from(kept.is_some());
        out.extend_from_slice(kept.unwrap_or(line));
    }
    (out, count)
}

fn original(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(MARK)?;
    let (date, kept) = rest.split_at_checked(DATE_LEN)?;
    (date.ends_with(b": ") && date[..4].iter().all(u8::is_ascii_digit)).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_line_is_still_there_behind_its_mark() {
        let text = b"MAILTO=x\n* * * * * a\n@reboot b";
        let out = comment_out(text, &[2, 3], "2026-11-27");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "MAILTO=x\n# defib import cron 2026-11-27: * * * * * a\n# defib import cron 2026-11-27: \
             @reboot b"
        );
        assert_eq!(bring_back(&out), (text.to_vec(), 2));
        let said = b"# defib import cron is what I ran\n# defib import cron \n";
        assert_eq!(bring_back(said), (said.to_vec(), 0));
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in prop::collection::vec(any::<u8>(), 0..400), line in 0usize..20) {
            prop_assume!(bring_back(&text).1 == 0);
            let out = comment_out(&text, &[line], "2026-11-27");
            prop_assert_eq!(bring_back(&out).0, text);
        }
    }
}
