//! `if`, `for`, `while`, `case`, functions.

use super::{Node, Parser};
use crate::import::shell::word::{Placed, Token, Word};

impl Parser {
    pub(super) fn conditional(&mut self) -> Result<Node, String> {
        self.expect("if")?;
        let mut branches = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            self.expect("then")?;
            let body = self.list(&["elif", "else", "fi"])?;
            branches.push((condition, body));
            if !self.take_keyword("elif") {
                break;
            }
        }
        let has_else = self.take_keyword("else");
        let otherwise = if has_else { Some(Box::new(self.list(&["fi"])?)) } else { None };
        self.expect("fi")?;
        Ok(Node::If(branches, otherwise))
    }

    pub(super) fn for_loop(&mut self) -> Result<Node, String> {
        self.expect("for")?;
        let name = self.keyword().unwrap_or_default().to_owned();
        self.at += 1;
        self.skip_newlines();
        let mut words = Vec::new();
        if self.take_keyword("in") {
            while let Some(Placed { token: Token::Word(word), .. }) = self.peek() {
                words.push(word.clone());
                self.at += 1;
            }
        }
        self.skip_separators();
        let body = self.group("do", "done")?;
        Ok(Node::For(name, words, Box::new(body)))
    }

    pub(super) fn while_loop(&mut self) -> Result<Node, String> {
        let is_until = self.keyword() == Some("until");
        self.at += 1;
        let condition = self.list(&["do"])?;
        let body = self.group("do", "done")?;
        Ok(Node::While(Box::new(condition), Box::new(body), is_until))
    }

    /// Skipped to its end: what it does depends on texts.
    pub(super) fn case(&mut self, line: usize) -> Result<Node, String> {
        let is_case = self.keyword() == Some("case");
        let (open, close, what) =
            if is_case { ("case", "esac", "case") } else { ("do", "done", "select") };
        let mut open_count = 0;
        while self.peek().is_some() {
            open_count += usize::from(self.keyword() == Some(open));
            let is_close = self.keyword() == Some(close);
            self.at += 1;
            if is_close && open_count <= 1 {
                return Ok(Node::Unread(what, line));
            }
            open_count -= usize::from(is_close);
        }
        Err(format!("line {line}: `{close}` is missing"))
    }

    pub(super) fn function(&mut self) -> Result<Node, String> {
        self.expect("function")?;
        let name = self.keyword().unwrap_or_default().to_owned();
        self.at += 1;
        if self.take_operator("(") {
            self.take_operator(")");
        }
        self.body_of(name)
    }

    /// `NAME()`, if that stands here.
    pub(super) fn short_function(&mut self, words: &[Word]) -> Option<Result<Node, String>> {
        let [word] = words else { return None };
        let name = word.bare()?.to_owned();
        if !self.take_operator("(") {
            return None;
        }
        if !self.take_operator(")") {
            return Some(Err(format!("line {}: a bracket is out of place", self.line())));
        }
        Some(self.body_of(name))
    }

    fn body_of(&mut self, name: String) -> Result<Node, String> {
        self.skip_newlines();
        let body = self.command()?;
        Ok(Node::Function(name, Box::new(body)))
    }
}
