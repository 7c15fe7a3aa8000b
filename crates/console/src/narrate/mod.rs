//! What `guard` and `daemon` say while they run: the journal's lines that mean something to a
//! person, as sentences.

mod form;
mod screen;
mod sentences;
mod teller;
mod told;

pub use form::Form;
pub use screen::Row;
pub use told::{Level, Told};

use crate::clock::Clock;
use crate::style::Style;
use defib_engine::policy::Policy;
use defib_journal::line::Entry;
use screen::Screen;
use std::io::{self, Write};
use teller::Teller;

/// Tells a run, line by line. Memory is bounded by the number of apps. When nobody reads any more
/// (a closed pipe), it falls silent: guarding goes on.
pub struct Narrator {
    out: Box<dyn Write>,
    form: Form,
    style: Style,
    clock: Clock,
    teller: Teller,
    screen: Screen,
    silent: bool,
}

impl Narrator {
    /// To stdout (to stderr for [`Form::Journald`], where the service manager reads), as `form`.
    pub fn new(form: Form, style: Style, verbose: u8) -> Narrator {
        let out: Box<dyn Write> = match form {
            Form::Journald => Box::new(io::stderr()),
            _ => Box::new(io::stdout()),
        };
        Narrator::to(out, form, style, Clock::local(), verbose)
    }

    /// To anything, with this clock's face.
    pub fn to(
        out: Box<dyn Write>,
        form: Form,
        style: Style,
        clock: Clock,
        verbose: u8,
    ) -> Narrator {
        Narrator {
            out,
            form,
            style,
            clock,
            teller: Teller::new(verbose),
            screen: Screen::default(),
            silent: false,
        }
    }

    /// A journal line was written.
    pub fn entry(&mut self, policy: &Policy, entry: &Entry) {
        // Told even when nobody reads: the teller's memory is of the run, not of the reader.
        if let Some(told) = self.teller.tell(policy, entry) {
            self.show(&told);
        }
    }

    /// How the apps are. Only the living lines of a terminal show it.
    pub fn status(&mut self, rows: &[Row]) {
        if self.form == Form::Terminal {
            let change = self.screen.redraw(rows, self.style, screen::terminal_size());
            self.write(&change);
        }
    }

    /// A sentence of our own, such as what a first Ctrl-C began.
    pub fn say(&mut self, sentence: &str) {
        let now_ms = crate::clock::now_ms();
        self.show(&Told::of_defib(Level::Notice, "said", sentence.to_owned(), now_ms));
    }

    fn show(&mut self, told: &Told) {
        let text = self.form.draw(told, &self.clock, self.style, self.teller.name_width());
        let whole = match self.form {
            Form::Terminal => self.screen.above(&text),
            _ => text,
        };
        self.write(&whole);
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() || self.silent {
            return;
        }
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.silent = written.is_err();
    }
}
