//! One program with its arguments.

use super::{Node, Parser, Simple};
use crate::import::shell::word::{Part, Token, Word};

impl Parser {
    pub(super) fn simple(&mut self) -> Result<Node, String> {
        let mut simple = Simple { line: self.line(), ..Simple::default() };
        let begin = self.at;
        let mut in_brackets = false;
        while let Some(placed) = self.peek() {
            match placed.token.clone() {
                Token::Word(word) => {
                    in_brackets |= simple.words.is_empty() && word.bare() == Some("[[");
                    in_brackets &= word.bare() != Some("]]");
                    take_word(&mut simple, word);
                    self.at += 1;
                }
                Token::Redirect if in_brackets => {
                    simple.words.push(Word::plain("<"));
                    self.at += 1;
                }
                Token::Redirect => self.at += 2,
                // Inside [[ ]] these are part of the condition.
                Token::Operator(operator) if in_brackets && operator != ";" => {
                    simple.words.push(Word::plain(operator));
                    self.at += 1;
                }
                Token::Operator(_) | Token::Newline => break,
            }
        }
        if simple.assigned.is_empty() {
            if let Some(function) = self.short_function(&simple.words) {
                return function;
            }
            if self.at == begin {
                return Err(format!("line {}: a command is missing", simple.line));
            }
        }
        Ok(Node::Simple(simple))
    }
}

fn take_word(simple: &mut Simple, word: Word) {
    match assignment(&word).filter(|_| simple.words.is_empty()) {
        Some((name, value)) => simple.assigned.push((name, value)),
        None => simple.words.push(word),
    }
}

/// `NAME=VALUE`: the name and the equals sign are never quoted.
pub(crate) fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Part::Text(first)) = word.parts.first() else { return None };
    let (name, rest) = first.split_once('=')?;
    let starts_well =
        name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if !starts_well || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return None;
    }
    let mut value = word.clone();
    value.parts[0] = Part::Text(rest.to_owned());
    Some((name.to_owned(), value))
}
