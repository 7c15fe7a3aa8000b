//! Colour and glyphs. Neither carries meaning alone: the word is always there.

use crate::cli::args::ColorWhen;
use std::env;
use std::io::IsTerminal;

/// What the other side can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// SGR colours.
    pub color: bool,
    /// More than ASCII.
    pub unicode: bool,
    /// A terminal on which lines may be drawn again.
    pub terminal: bool,
}

/// How a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Look here.
    Warn,
    /// Something is down.
    Bad,
    /// Less important than the rest.
    Dim,
    /// A heading.
    Strong,
}

/// The variables that decide, as values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// `NO_COLOR` is set and not empty (no-color.org).
    pub no_color: bool,
    /// `CLICOLOR_FORCE` or `FORCE_COLOR` is set, and neither empty nor 0.
    pub force: bool,
    /// `TERM` is `dumb`, or not set.
    pub dumb: bool,
    /// The locale's characters are UTF-8.
    pub utf8: bool,
}

impl Hints {
    /// Those of this process.
    pub fn here() -> Hints {
        let text = |name| env::var(name).unwrap_or_default();
        let forced = |name| !matches!(text(name).as_str(), "" | "0");
        // The first of these that is not empty names the locale (locale(7)).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(text).into_iter().find(|l| !l.is_empty());
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        Hints {
            no_color: !text("NO_COLOR").is_empty(),
            force: forced("CLICOLOR_FORCE") || forced("FORCE_COLOR"),
            dumb: matches!(text("TERM").as_str(), "" | "dumb"),
            utf8: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }
}

impl Style {
    /// No colour, ASCII, nothing redrawn.
    pub const PLAIN: Style = Style { color: false, unicode: false, terminal: false };

    /// For this process' stdout.
    pub fn for_stdout(when: ColorWhen, plain: bool) -> Style {
        Style::decide(when, plain, std::io::stdout().is_terminal(), &Hints::here())
    }

    /// From the values alone.
    pub fn decide(when: ColorWhen, plain: bool, terminal: bool, hints: &Hints) -> Style {
        let color = match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto if hints.no_color => false,
            ColorWhen::Auto => hints.force || (terminal && !hints.dumb),
        };
        Style {
            color: color && !plain,
            unicode: hints.utf8 && !plain,
            terminal: terminal && !hints.dumb && !plain,
        }
    }

    /// The word in its tone.
    pub fn paint(self, tone: Tone, word: &str) -> String {
        if !self.color {
            return word.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
            Tone::Dim => "2",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{word}\x1b[0m")
    }

    /// A mark beside a state's word.
    pub fn mark(self, tone: Tone) -> &'static str {
        match (self.unicode, tone) {
            (true, Tone::Good) => "●",
            (true, Tone::Warn) => "◐",
            (true, Tone::Bad) => "○",
            (true, _) => "·",
            (false, Tone::Good) => "+",
            (false, Tone::Warn) => "~",
            (false, Tone::Bad) => "!",
            (false, _) => "-",
        }
    }
}

/// The tone of a state's name (docs/formats/control.md).
pub fn tone_of_state(state: &str) -> Tone {
    match state {
        "up" => Tone::Good,
        "down" | "acting" => Tone::Bad,
        "slow" | "suspect" | "verifying" | "waiting" | "starting" | "held" => Tone::Warn,
        _ => Tone::Dim,
    }
}

/// Text from outside (output of a guarded app, names from a journal), made harmless: no control
/// character reaches the terminal.
pub fn harmless(text: &str) -> String {
    let safe = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    text.chars().filter(|c| *c != '\r').map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(when: ColorWhen, terminal: bool, hints: &Hints) -> bool {
        Style::decide(when, false, terminal, hints).color
    }

    #[test]
    fn colour_follows_the_conventions() {
        let calm = Hints::default();
        let no = Hints { no_color: true, force: true, ..Hints::default() };
        let force = Hints { force: true, ..Hints::default() };
        let dumb = Hints { dumb: true, ..Hints::default() };
        assert!(color(ColorWhen::Auto, true, &calm));
        assert!(!color(ColorWhen::Auto, false, &calm));
        assert!(!color(ColorWhen::Auto, true, &no), "NO_COLOR wins over FORCE_COLOR");
        assert!(color(ColorWhen::Auto, false, &force));
        assert!(!color(ColorWhen::Auto, true, &dumb));
        assert!(color(ColorWhen::Always, false, &no), "a flag wins over the environment");
        assert!(!color(ColorWhen::Never, true, &force));
        assert!(!Style::decide(ColorWhen::Auto, false, true, &dumb).terminal);
    }

    #[test]
    fn marks_are_ascii_where_the_locale_is_not_utf8() {
        assert!(Style::PLAIN.mark(Tone::Bad).is_ascii());
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "down"), "down");
    }

    #[test]
    fn escape_sequences_of_others_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\r\nc"), "a\u{fffd}[2Jb\nc");
    }
}
