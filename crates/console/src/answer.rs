//! What a verb has to say, before anything is printed: so that every verb is a function of its
//! input, and only one place writes.

use std::io::{self, Write};

/// The whole result of a verb that ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// For stdout.
    pub out: String,
    /// For stderr.
    pub err: String,
    /// The exit code.
    pub code: u8,
}

impl Answer {
    /// Done, with this to show.
    pub fn done(out: impl Into<String>) -> Answer {
        Answer { out: out.into(), ..Answer::default() }
    }

    /// Not done, with a message for a person.
    pub fn failed(code: u8, err: impl Into<String>) -> Answer {
        let mut err = err.into();
        if !err.ends_with('\n') {
            err.push('\n');
        }
        Answer { err, code, ..Answer::default() }
    }

    /// The same with another exit code.
    #[must_use]
    pub fn with_code(self, code: u8) -> Answer {
        Answer { code, ..self }
    }

    /// Writes both streams and returns the exit code. A reader that has gone away (`| head`) is
    /// not an error.
    pub fn print(&self) -> u8 {
        let shown = write_all(&mut io::stdout().lock(), &self.out)
            .and_then(|()| write_all(&mut io::stderr().lock(), &self.err));
        match shown {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => 1,
            _ => self.code,
        }
    }
}

fn write_all(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}
