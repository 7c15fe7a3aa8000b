//! What `guard` and `daemon` say while they run: the journal's lines that mean something to a
//! person, as sentences.

mod form;
mod outlet;
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
use rustix::fd::{AsFd, OwnedFd};
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
    left_out: u64,
}

impl Narrator {
    /// To stdout (to stderr for [`Form::Journald`], where the service manager reads), as `form`.
    /// Never waits for the reader: what is not taken at once is left out, and said later.
    pub fn new(form: Form, style: Style, verbose: u8) -> io::Result<Narrator> {
        let descriptor = match form {
            Form::Journald => io::stderr().as_fd().try_clone_to_owned()?,
            _ => io::stdout().as_fd().try_clone_to_owned()?,
        };
        Ok(Narrator::into_descriptor(descriptor, form, style, verbose))
    }

    /// The same to this descriptor.
    pub fn into_descriptor(descriptor: OwnedFd, form: Form, style: Style, verbose: u8) -> Narrator {
        let outlet = Box::new(outlet::Outlet::new(descriptor));
        Narrator::to(outlet, form, style, Clock::local(), verbose)
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
            left_out: 0,
        }
    }

    /// Whether [`status`](Narrator::status) shows anything: then it is worth working out.
    pub fn wants_status(&self) -> bool {
        self.form == Form::Terminal && !self.silent
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
        if self.wants_status() {
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
        let mut text = String::new();
        if self.left_out > 0 {
            let sentence = format!("{} lines were not taken here; see the journal", self.left_out);
            let gap = Told::of_defib(Level::Warning, "gap", sentence, told.wall_ms);
            text.push_str(&self.draw(&gap));
        }
        text.push_str(&self.draw(told));
        let whole = match self.form {
            Form::Terminal => self.screen.above(&text),
            _ => text,
        };
        self.left_out = if self.write(&whole) { 0 } else { self.left_out + 1 };
    }

    fn draw(&self, told: &Told) -> String {
        self.form.draw(told, &self.clock, self.style, self.teller.name_width())
    }

    /// Whether all of it was taken.
    fn write(&mut self, text: &str) -> bool {
        if text.is_empty() || self.silent {
            return true;
        }
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // Nobody knows where the cursor is now.
                self.screen = Screen::default();
                false
            }
            Err(_) => {
                self.silent = true;
                true
            }
        }
    }
}
