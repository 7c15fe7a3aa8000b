//! Quotes, `$` and backquotes inside a word.

use super::lex::Lexer;
use super::word::{Part, Word};

/// How deep brackets are followed.
const DEPTH_MAX: usize = 32;

impl Lexer {
    pub(super) fn letter_of_word(&mut self, word: &mut Word) -> Result<(), String> {
        match self.peek(0) {
            Some('\'') => self.single_quoted(word),
            Some('"') => self.double_quoted(word),
            Some('\\') => {
                self.escaped(word);
                Ok(())
            }
            Some('$') => self.dollar(word),
            Some('`') => self.backquoted(word),
            Some(letter) => {
                word.push_text(letter);
                self.at += 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn escaped(&mut self, word: &mut Word) {
        if self.peek(1) == Some('\n') {
            return self.skip_line_end();
        }
        word.quoted = true;
        if let Some(letter) = self.peek(1) {
            word.push_text(letter);
        }
        self.at += 2;
    }

    fn single_quoted(&mut self, word: &mut Word) -> Result<(), String> {
        word.quoted = true;
        word.parts.push(Part::Text(String::new()));
        self.at += 1;
        while let Some(letter) = self.peek(0) {
            self.at += 1;
            match letter {
                '\'' => return Ok(()),
                '\n' => self.line += 1,
                _ => {}
            }
            word.push_text(letter);
        }
        Err("a quote is not closed".to_owned())
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), String> {
        word.quoted = true;
        word.parts.push(Part::Text(String::new()));
        self.at += 1;
        while let Some(letter) = self.peek(0) {
            match letter {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '$' => self.dollar(word)?,
                '`' => self.backquoted(word)?,
                '\\' => self.escaped_in_quotes(word),
                _ => {
                    self.line += usize::from(letter == '\n');
                    word.push_text(letter);
                    self.at += 1;
                }
            }
        }
        Err("a quote is not closed".to_owned())
    }

    fn escaped_in_quotes(&mut self, word: &mut Word) {
        match self.peek(1) {
            Some('\n') => self.skip_line_end(),
            Some(letter @ ('"' | '\\' | '$' | '`')) => {
                word.push_text(letter);
                self.at += 2;
            }
            _ => {
                word.push_text('\\');
                self.at += 1;
            }
        }
    }

    fn dollar(&mut self, word: &mut Word) -> Result<(), String> {
        match self.peek(1) {
            Some('(') if self.peek(2) == Some('(') => {
                self.at += 1;
                let text = self.balanced()?;
                word.parts.push(Part::Unread(text));
            }
            Some('(') => {
                self.at += 1;
                let text = self.balanced()?;
                let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
                word.parts.push(Part::Command(inner.unwrap_or(&text).to_owned()));
            }
            Some('{') => self.braces(word)?,
            Some(letter) if letter.is_ascii_alphanumeric() || letter == '_' => {
                self.at += 1;
                let name = self.name();
                word.parts.push(Part::Variable(name, None));
            }
            Some(letter @ ('?' | '@' | '*' | '#' | '$' | '!' | '-')) => {
                self.at += 2;
                word.parts.push(Part::Variable(letter.to_string(), None));
            }
            _ => {
                self.at += 1;
                word.push_text('$');
            }
        }
        Ok(())
    }

    /// A digit is a name by itself.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(letter) = self.peek(0).filter(|l| l.is_ascii_alphanumeric() || *l == '_') {
            self.at += 1;
            name.push(letter);
            if name.len() == 1 && letter.is_ascii_digit() {
                break;
            }
        }
        name
    }

    /// `${NAME}` and `${NAME:-text}`; the others are not read.
    fn braces(&mut self, word: &mut Word) -> Result<(), String> {
        let mut inside = String::new();
        self.at += 2;
        loop {
            match self.peek(0) {
                None => return Err("a ${ is not closed".to_owned()),
                Some('}') => break,
                Some(letter) => inside.push(letter),
            }
            self.line += usize::from(self.peek(0) == Some('\n'));
            self.at += 1;
        }
        self.at += 1;
        let is_name = |text: &str| {
            !text.is_empty()
                && text.chars().all(|l| l.is_ascii_alphanumeric() || l == '_' || l == '?')
        };
        let (name, fallback) = match inside.split_once(":-").or_else(|| inside.split_once('-')) {
            Some((name, fallback)) => (name, Some(fallback.trim_matches(['"', '\'']).to_owned())),
            None => (inside.as_str(), None),
        };
        let is_plain = fallback.as_ref().is_none_or(|text| !text.contains(['$', '`']));
        word.parts.push(if is_name(name) && is_plain {
            Part::Variable(name.to_owned(), fallback)
        } else {
            Part::Unread(format!("${{{inside}}}"))
        });
        Ok(())
    }

    fn backquoted(&mut self, word: &mut Word) -> Result<(), String> {
        self.at += 1;
        let mut inside = String::new();
        while let Some(letter) = self.peek(0) {
            self.at += 1;
            match letter {
                '`' => {
                    word.parts.push(Part::Command(inside));
                    return Ok(());
                }
                '\\' if self.peek(0) == Some('`') => {
                    inside.push('`');
                    self.at += 1;
                }
                _ => {
                    self.line += usize::from(letter == '\n');
                    inside.push(letter);
                }
            }
        }
        Err("a backquote is not closed".to_owned())
    }

    /// From the bracket that stands here to the one that closes it, brackets included.
    pub(super) fn balanced(&mut self) -> Result<String, String> {
        let mut depth = 0;
        let mut quote = None;
        let mut text = String::new();
        while let Some(letter) = self.peek(0) {
            self.at += 1;
            self.line += usize::from(letter == '\n');
            text.push(letter);
            match (quote, letter) {
                (Some('"') | None, '\\') => {
                    text.extend(self.peek(0));
                    self.at += 1;
                }
                (Some(open), _) if open == letter => quote = None,
                (None, '\'' | '"') => quote = Some(letter),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            if depth > DEPTH_MAX {
                return Err(format!("it has more than {DEPTH_MAX} brackets in each other"));
            }
            if depth == 0 && quote.is_none() {
                return Ok(text);
            }
        }
        Err("a bracket is not closed".to_owned())
    }
}
