//! Rust source with its comments and literals blanked out, so that a rule never mistakes prose
//! for code. Lengths and line breaks stay: an offset means the same place in both texts.

/// Blanks comments, strings and character literals.
pub(crate) fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = skip_end(source, at);
        if end > at {
            for byte in &mut code[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = end.max(at + 1);
    }
    // Only whole ASCII-delimited stretches were blanked, so this is still UTF-8.
    String::from_utf8_lossy(&code).into_owned()
}

/// Where the comment or literal that starts at `at` ends; `at` itself if none starts there.
fn skip_end(source: &str, at: usize) -> usize {
    let rest = &source.as_bytes()[at..];
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + block_comment_length(rest),
        [b'"', ..] => at + string_length(rest),
        [b'r', ..] if !continues_a_word(source, at) => at + raw_string_length(rest),
        [b'b' | b'c', b'r', ..] if !continues_a_word(source, at) => {
            let inner = raw_string_length(&rest[1..]);
            if inner == 0 { at } else { at + 1 + inner }
        }
        [b'\'', ..] => at + character_length(source, at),
        _ => at,
    }
}

fn continues_a_word(source: &str, at: usize) -> bool {
    at > 0 && is_word(source.as_bytes()[at - 1])
}

/// Whether the byte can be part of an identifier.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn block_comment_length(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at + 1 < rest.len() {
        match &rest[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// 0 if no raw string starts here.
fn raw_string_length(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    let open = 1 + hashes;
    if rest.get(open) != Some(&b'"') {
        return 0;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let body = &rest[open + 1..];
    let end = body.windows(close.len()).position(|window| window == close);
    end.map_or(rest.len(), |end| open + 1 + end + close.len())
}

/// 0 if this is a lifetime.
fn character_length(source: &str, at: usize) -> usize {
    let mut rest = source[at + 1..].chars();
    match (rest.next(), rest.next()) {
        (Some('\\'), Some(_)) => {
            source[at + 3..].find('\'').map_or(source.len() - at, |close| close + 4)
        }
        (Some(one), Some('\'')) => 2 + one.len_utf8(),
        _ => 0,
    }
}

/// The line number, from 1, of an offset.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text[..offset].matches('\n').count()
}

/// Offsets at which `word` stands and is not a part of a longer identifier to its left.
pub(crate) fn occurrences<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        !continues_a_word(code, *at) || !word.as_bytes().first().copied().is_some_and(is_word)
    })
}

/// The offset just behind the brace that closes the one at `open`.
pub(crate) fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, byte) in code.as_bytes().iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return index + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::{block_end, code_only, line_of, occurrences};

    #[test]
    fn comments_and_literals_are_blank_and_code_stays() {
        let source = "let a = \"x{\\\"}\"; // todo!\n/* a /* b */ c */ let b = '{';\nlet c = r#\"}\"\"#; fn f<'a>() {}";
        let code = code_only(source);
        assert_eq!(code.len(), source.len());
        for gone in ["todo", "x{", "'{'", "\"", "b */"] {
            assert!(!code.contains(gone), "{gone} is still in {code}");
        }
        for kept in ["let a =", "let b =", "let c =", "fn f<'a>() {}"] {
            assert!(code.contains(kept), "{kept} is not in {code}");
        }
    }

    #[test]
    fn a_quote_in_a_character_does_not_open_a_string() {
        let code = code_only("if c == '\"' || c == '\\'' || c == '→' { go() } // \"");
        assert!(code.contains("{ go() }"), "{code}");
    }

    #[test]
    fn words_inside_words_are_not_found() {
        assert_eq!(occurrences("my_dbg!(1) dbg!(2)", "dbg!").count(), 1);
        assert_eq!(occurrences("a#[ignore]", "#[ignore]").count(), 1);
    }

    #[test]
    fn blocks_end_at_their_own_brace() {
        let code = "fn f() { if x { y } }\nfn g() {}";
        assert_eq!(&code[..block_end(code, 7)], "fn f() { if x { y } }");
        assert_eq!(line_of(code, code.find("fn g").expect("it is there")), 2);
    }
}
