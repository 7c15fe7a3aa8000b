//! Tokens to what they mean together.

use super::lex::lex;
use super::word::{Placed, Token, Word};

/// How deep `if` stands in `if`: the reader calls itself, and a stack has an end.
const DEPTH_MAX: usize = 24;

/// A command, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// One program with its arguments.
    Simple(Simple),
    /// `! COMMAND`
    Not(Box<Node>),
    /// `A | B | C`
    Pipe(Vec<Node>),
    /// `A && B || C`: each with whether it runs after success.
    Chain(Box<Node>, Vec<(bool, Node)>),
    /// One after the other.
    Seq(Vec<Node>),
    /// `COMMAND &`
    Background(Box<Node>),
    /// Conditions with what is done, and what is done else.
    If(Vec<(Node, Node)>, Option<Box<Node>>),
    /// `for NAME in WORDS`
    For(String, Vec<Word>, Box<Node>),
    /// `while` (or `until`, if true).
    While(Box<Node>, Box<Node>, bool),
    /// `NAME() { ... }`
    Function(String, Box<Node>),
    /// What is not read: `case`.
    Unread(&'static str, usize),
}

/// One program with its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Simple {
    /// `NAME=VALUE` before it.
    pub(crate) assigned: Vec<(String, Word)>,
    /// The program and its arguments.
    pub(crate) words: Vec<Word>,
    /// Its line.
    pub(crate) line: usize,
}

/// Reads a whole text.
pub(crate) fn parse(text: &str) -> Result<Node, String> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let node = parser.list(&[])?;
    match parser.peek() {
        None => Ok(node),
        Some(placed) => Err(format!("line {}: something is out of place", placed.line)),
    }
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Placed> {
        self.tokens.get(self.at)
    }

    fn line(&self) -> usize {
        let placed = self.peek().or_else(|| self.tokens.last());
        placed.map_or(1, |placed| placed.line)
    }

    fn is_operator(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(Placed { token: Token::Operator(found), .. }) if *found == wanted)
    }

    fn take_operator(&mut self, wanted: &str) -> bool {
        let is_there = self.is_operator(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn keyword(&self) -> Option<&str> {
        match self.peek() {
            Some(Placed { token: Token::Word(word), .. }) => word.bare(),
            _ => None,
        }
    }

    fn take_keyword(&mut self, wanted: &str) -> bool {
        let is_there = self.keyword() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        if self.take_keyword(wanted) {
            return Ok(());
        }
        Err(format!("line {}: `{wanted}` is missing", self.line()))
    }

    fn skip_newlines(&mut self) {
        while matches!(self.peek(), Some(Placed { token: Token::Newline, .. })) {
            self.at += 1;
        }
    }

    fn skip_separators(&mut self) {
        loop {
            self.skip_newlines();
            if !self.take_operator(";") {
                return;
            }
        }
    }

    /// Commands up to one of the keywords, or a closing bracket.
    fn list(&mut self, ends: &[&str]) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("line {}: it is nested too deeply", self.line()));
        }
        let mut nodes = Vec::new();
        loop {
            self.skip_separators();
            let is_over = self.peek().is_none()
                || self.is_operator(")")
                || self.is_operator(";;")
                || self.keyword().is_some_and(|word| ends.contains(&word));
            if is_over {
                break;
            }
            let node = self.chain()?;
            let is_background = self.take_operator("&");
            nodes.push(if is_background { Node::Background(Box::new(node)) } else { node });
        }
        self.depth -= 1;
        Ok(if nodes.len() == 1 { nodes.swap_remove(0) } else { Node::Seq(nodes) })
    }

    fn chain(&mut self) -> Result<Node, String> {
        let first = self.pipe()?;
        let mut rest = Vec::new();
        loop {
            let after_success = self.take_operator("&&");
            if !after_success && !self.take_operator("||") {
                break;
            }
            self.skip_newlines();
            rest.push((after_success, self.pipe()?));
        }
        Ok(if rest.is_empty() { first } else { Node::Chain(Box::new(first), rest) })
    }

    fn pipe(&mut self) -> Result<Node, String> {
        let is_not = self.take_keyword("!");
        let mut parts = vec![self.command()?];
        while self.take_operator("|") || self.take_operator("|&") {
            self.skip_newlines();
            parts.push(self.command()?);
        }
        let node = if parts.len() == 1 { parts.swap_remove(0) } else { Node::Pipe(parts) };
        Ok(if is_not { Node::Not(Box::new(node)) } else { node })
    }

    fn command(&mut self) -> Result<Node, String> {
        let line = self.line();
        if self.take_operator("(") {
            let node = self.list(&[])?;
            if !self.take_operator(")") {
                return Err(format!("line {line}: a bracket is not closed"));
            }
            self.skip_redirections();
            return Ok(node);
        }
        let node = match self.keyword() {
            Some("if") => self.conditional()?,
            Some("for") => self.for_loop()?,
            Some("while" | "until") => self.while_loop()?,
            Some("case" | "select") => self.case(line)?,
            Some("{") => self.group("{", "}")?,
            Some("function") => self.function()?,
            _ => return self.simple(),
        };
        self.skip_redirections();
        Ok(node)
    }

    /// What follows a compound command can only be redirections.
    fn skip_redirections(&mut self) {
        while matches!(self.peek(), Some(Placed { token: Token::Redirect, .. })) {
            self.at += 2;
        }
    }

    fn group(&mut self, open: &str, close: &str) -> Result<Node, String> {
        self.expect(open)?;
        let node = self.list(&[close])?;
        self.expect(close)?;
        Ok(node)
    }
}

mod compound;
mod simple;
