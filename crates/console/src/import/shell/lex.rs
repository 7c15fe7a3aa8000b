//! Letters to tokens. Whatever the bytes are, this ends, and an error is a sentence.

use super::word::{Part, Placed, Token, Word};

/// A script of more tokens does more than guard a site.
const TOKENS_MAX: usize = 20_000;

/// Longer operators first: the first that fits is taken.
const OPERATORS: [&str; 10] = [";;", "&&", "||", "|&", ";", "|", "&", "(", ")", "\n"];

/// The tokens of a script.
pub(crate) fn lex(text: &str) -> Result<Vec<Placed>, String> {
    let letters: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { letters, at: 0, line: 1, tokens: Vec::new(), heredocs: Vec::new() };
    lexer.run()?;
    Ok(lexer.tokens)
}

pub(super) struct Lexer {
    pub(super) letters: Vec<char>,
    pub(super) at: usize,
    pub(super) line: usize,
    tokens: Vec<Placed>,
    /// Ends of here-documents that begin at the next line.
    heredocs: Vec<String>,
}

impl Lexer {
    fn run(&mut self) -> Result<(), String> {
        while let Some(letter) = self.peek(0) {
            if self.tokens.len() > TOKENS_MAX {
                return Err(format!("it is longer than {TOKENS_MAX} words"));
            }
            match letter {
                ' ' | '\t' | '\r' => self.at += 1,
                '\\' if self.peek(1) == Some('\n') => self.skip_line_end(),
                '#' => self.skip_comment(),
                '(' if self.peek(1) == Some('(') => self.arithmetic()?,
                _ if self.redirection() => {}
                _ => match self.operator() {
                    Some("\n") => self.end_line(),
                    Some(operator) => self.push(Token::Operator(operator)),
                    None => self.word()?,
                },
            }
        }
        Ok(())
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, letter)| self.peek(ahead) == Some(letter))
    }

    fn push(&mut self, token: Token) {
        self.tokens.push(Placed { token, line: self.line });
    }

    pub(super) fn skip_line_end(&mut self) {
        self.at += 2;
        self.line += 1;
    }

    fn skip_comment(&mut self) {
        while self.peek(0).is_some_and(|letter| letter != '\n') {
            self.at += 1;
        }
    }

    fn operator(&mut self) -> Option<&'static str> {
        let found = OPERATORS.into_iter().find(|operator| self.starts_with(operator))?;
        self.at += found.len();
        Some(found)
    }

    fn end_line(&mut self) {
        self.push(Token::Newline);
        self.line += 1;
        for end in std::mem::take(&mut self.heredocs) {
            self.skip_heredoc(&end);
        }
    }

    fn skip_heredoc(&mut self, end: &str) {
        while self.at < self.letters.len() {
            let rest = &self.letters[self.at..];
            let length = rest.iter().position(|&letter| letter == '\n').unwrap_or(rest.len());
            let line: String = rest[..length].iter().collect();
            self.at += (length + 1).min(rest.len());
            self.line += 1;
            if line.trim() == end {
                return;
            }
        }
    }

    /// `((...))`: arithmetic, which nobody needs to guard a site.
    fn arithmetic(&mut self) -> Result<(), String> {
        let text = self.balanced()?;
        let word = Word { parts: vec![Part::Unread(text)], quoted: true };
        self.push(Token::Word(word));
        Ok(())
    }

    /// `2>file`, `>>file`, `&>file`, `2>&1`, `<file`, `<<END`, `<<<word`.
    fn redirection(&mut self) -> bool {
        let mut ahead = 0;
        while self.peek(ahead).is_some_and(|letter| letter.is_ascii_digit()) {
            ahead += 1;
        }
        if ahead == 0 && self.peek(0) == Some('&') && self.peek(1) == Some('>') {
            ahead = 1;
        }
        let Some(arrow @ ('<' | '>')) = self.peek(ahead) else { return false };
        if self.peek(ahead + 1) == Some('(') {
            // A process substitution is a word, and one that is not read.
            return false;
        }
        self.at += ahead;
        let mut length = 0;
        while length < 3 && self.peek(length) == Some(arrow) {
            length += 1;
        }
        self.at += length;
        if arrow == '<' && length == 2 {
            self.heredoc();
            return true;
        }
        if self.peek(0) == Some('|') {
            self.at += 1;
        }
        if self.peek(0) == Some('&') {
            self.at += 1;
            while self.peek(0).is_some_and(|letter| letter.is_ascii_digit() || letter == '-') {
                self.at += 1;
            }
            return true;
        }
        self.push(Token::Redirect);
        true
    }

    fn heredoc(&mut self) {
        let is_between = |letter: char| letter == ' ' || letter == '-';
        while self.peek(0).is_some_and(is_between) {
            self.at += 1;
        }
        let mut end = String::new();
        while let Some(letter) = self.peek(0).filter(|letter| !" \t\n;|&<>()".contains(*letter)) {
            if !"'\"\\".contains(letter) {
                end.push(letter);
            }
            self.at += 1;
        }
        self.heredocs.push(end);
    }

    fn word(&mut self) -> Result<(), String> {
        let mut word = Word::default();
        let line = self.line;
        let start = self.at;
        while let Some(letter) = self.peek(0) {
            match letter {
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | '&' | ')' => break,
                '(' | '<' | '>' if self.at > start => break,
                '(' | '<' | '>' => {
                    self.at += 1;
                    let text = self.balanced()?;
                    word.parts.push(Part::Unread(text));
                }
                _ => self.letter_of_word(&mut word)?,
            }
        }
        self.tokens.push(Placed { token: Token::Word(word), line });
        Ok(())
    }
}
