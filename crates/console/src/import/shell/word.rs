//! Words as they stand in a script, before anything is put into them.

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it stands.
    Text(String),
    /// `$NAME`, `${NAME}`, `$?`, `$1`; the second is what stands for it when it is not set.
    Variable(String, Option<String>),
    /// `$(...)` and backquotes: the text inside.
    Command(String),
    /// What is not read, such as arithmetic and most of `${...}`.
    Unread(String),
}

/// A word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its pieces, in order.
    pub(crate) parts: Vec<Part>,
    /// Whether any of it was quoted: then it is no keyword.
    pub(crate) quoted: bool,
}

impl Word {
    /// A word that is only text.
    pub(crate) fn plain(text: &str) -> Word {
        Word { parts: vec![Part::Text(text.to_owned())], quoted: false }
    }

    /// Its text, if it is plain and not quoted: what can be a keyword.
    pub(crate) fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] if !self.quoted => Some(text),
            _ => None,
        }
    }

    pub(crate) fn push_text(&mut self, letter: char) {
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.push(letter);
        } else {
            self.parts.push(Part::Text(letter.to_string()));
        }
    }
}

/// What a script consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word.
    Word(Word),
    /// `;`, `&&`, `||`, `|`, `&`, `(`, `)`, `;;`
    Operator(&'static str),
    /// A redirection; its word follows, unless it was a copied descriptor (`2>&1`).
    Redirect,
    /// The end of a line.
    Newline,
}

/// A token and its line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The token.
    pub(crate) token: Token,
    /// Its line.
    pub(crate) line: usize,
}
