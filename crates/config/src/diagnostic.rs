//! What is wrong with a config, and how it is shown to a person.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level as Severity, Renderer, Snippet};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The config cannot be used.
    Error,
    /// The config can be used, and may not do what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Option<Range<usize>>,
    /// What to do.
    pub hint: Option<String>,
}

/// How many are drawn. Each costs a walk over the text, so a large text that is wrong throughout
/// would take minutes; nobody reads so many at once.
const DRAWN_MAX: usize = 50;

/// Everything that is wrong with one text, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All of it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// How many errors there are; the rest are warnings.
    pub fn error_count(&self) -> usize {
        self.diagnostics.iter().filter(|one| one.level == Level::Error).count()
    }

    /// The same without warnings: for a place that has little room, and where only what prevents
    /// loading is of interest.
    #[must_use]
    pub fn errors(mut self) -> Report {
        self.diagnostics.retain(|one| one.level == Level::Error);
        self
    }

    /// Shows each with its line, a caret and what to do. `text` is the text that was loaded.
    pub fn render(&self, file_name: &str, text: &str, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut shown = String::new();
        for one in self.diagnostics.iter().take(DRAWN_MAX) {
            shown.push_str(&renderer.render(&[one.group(file_name, text)]));
            shown.push_str("\n\n");
        }
        if self.diagnostics.len() > DRAWN_MAX {
            let more = self.diagnostics.len() - DRAWN_MAX;
            let _ = writeln!(shown, "... and {more} more");
        }
        shown.truncate(shown.trim_end().len());
        shown.push('\n');
        shown
    }

    /// One line for a log or a status: the first error, and how many more there are.
    pub fn summary(&self, file_name: &str, text: &str) -> String {
        let first = self.diagnostics.iter().find(|one| one.level == Level::Error);
        let Some(first) = first.or(self.diagnostics.first()) else {
            return format!("{file_name}: nothing is wrong");
        };
        let line = first
            .span
            .as_ref()
            .map_or(String::new(), |span| format!(":{}", line_number(text, span.start)));
        let hint = first.hint.as_ref().map_or(String::new(), |hint| format!(" ({hint})"));
        let more = match self.diagnostics.len() - 1 {
            0 => String::new(),
            more => format!("; {more} more"),
        };
        format!("{file_name}{line}: {}{hint}{more}", first.message)
    }
}

impl Diagnostic {
    fn group<'a>(&'a self, file_name: &'a str, text: &'a str) -> Group<'a> {
        let severity = match self.level {
            Level::Error => Severity::ERROR,
            Level::Warning => Severity::WARNING,
        };
        let title = severity.primary_title(self.message.as_str());
        let mut group = Group::with_title(title);
        match &self.span {
            Some(span) => {
                let span = clamp(text, span);
                let snippet = Snippet::source(text).path(file_name);
                group = group.element(snippet.annotation(AnnotationKind::Primary.span(span)));
            }
            None => group = group.element(annotate_snippets::Origin::path(file_name)),
        }
        match &self.hint {
            Some(hint) => group.element(Severity::HELP.message(hint.as_str())),
            None => group,
        }
    }
}

fn line_number(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

/// A span that the renderer can show: inside the text, on character borders.
fn clamp(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// Collects what is wrong while a text is read.
#[derive(Default)]
pub(crate) struct Problems {
    found: RefCell<Vec<Diagnostic>>,
}

impl Problems {
    pub(crate) fn error(&self, span: Range<usize>, message: impl Into<String>) -> Hint<'_> {
        self.add(Level::Error, Some(span), message.into())
    }

    pub(crate) fn warning(&self, span: Range<usize>, message: impl Into<String>) -> Hint<'_> {
        self.add(Level::Warning, Some(span), message.into())
    }

    pub(crate) fn error_nowhere(&self, message: impl Into<String>) -> Hint<'_> {
        self.add(Level::Error, None, message.into())
    }

    fn add(&self, level: Level, span: Option<Range<usize>>, message: String) -> Hint<'_> {
        self.found.borrow_mut().push(Diagnostic { level, message, span, hint: None });
        Hint { problems: self }
    }

    /// All of it in the order of the text; what has no place comes last.
    pub(crate) fn into_report(self) -> Report {
        let mut diagnostics = self.found.into_inner();
        diagnostics.sort_by_key(|one| one.span.as_ref().map_or(usize::MAX, |span| span.start));
        Report { diagnostics }
    }
}

/// The problem that was just added, to say what to do about it.
pub(crate) struct Hint<'p> {
    problems: &'p Problems,
}

impl Hint<'_> {
    pub(crate) fn hint(self, hint: impl Into<String>) {
        if let Some(last) = self.problems.found.borrow_mut().last_mut() {
            last.hint = Some(hint.into());
        }
    }
}
