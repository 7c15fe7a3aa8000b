//! The living lines: one an app, drawn again in place.

use crate::page::put;
use crate::style::{Style, Tone, harmless, tone_of_state};
use crate::words::span;
use rustix::termios::tcgetwinsize;

/// How one app is, now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub app: String,
    /// One of the states of docs/formats/control.md.
    pub state: String,
    /// In this state for so long, in milliseconds.
    pub for_ms: Option<u64>,
    /// The last look's length, in milliseconds, where it was good.
    pub latency_ms: Option<u64>,
    /// What the last look said, where it was not good.
    pub trouble: Option<String>,
    /// The open incident.
    pub incident: Option<u32>,
    /// What comes next.
    pub next: Option<String>,
}

/// A terminal's columns and lines.
pub(crate) type Size = (usize, usize);

/// This terminal's; 80 x 24 where it does not say (a serial line).
pub(crate) fn terminal_size() -> Size {
    match tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        _ => (80, 24),
    }
}

/// What stands at the terminal's end.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    block: String,
}

impl Screen {
    /// What to write so that `text` stands above the living lines.
    pub(crate) fn above(&self, text: &str) -> String {
        format!("{}{text}{}", self.erase(), self.block)
    }

    /// What to write so that the living lines show `rows`; nothing if they do already.
    pub(crate) fn redraw(&mut self, rows: &[Row], style: Style, size: Size) -> String {
        let block = draw(rows, style, size);
        if block == self.block {
            return String::new();
        }
        let change = format!("{}{block}", self.erase());
        self.block = block;
        change
    }

    /// Up to the block's first line, and clear from there to the end (ECMA-48 CPL and ED).
    fn erase(&self) -> String {
        match self.block.matches('\n').count() {
            0 => String::new(),
            lines => format!("\x1b[{lines}F\x1b[J"),
        }
    }
}

fn draw(rows: &[Row], style: Style, (columns, lines): Size) -> String {
    // The worst first: if not all fit, it is the healthy ones that are counted only.
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| match tone_of_state(&row.state) {
        Tone::Bad => 0,
        Tone::Warn => 1,
        _ => 2,
    });
    // A block higher than the terminal cannot be drawn again in place.
    let room = lines.saturating_sub(2).max(1);
    let shown = if sorted.len() > room { room - 1 } else { sorted.len() };
    let width = sorted.iter().map(|row| row.app.chars().count()).max().unwrap_or(0).min(24);
    let mut block = String::new();
    for row in &sorted[..shown] {
        block.push_str(&line(row, width, style, columns));
    }
    if shown < sorted.len() {
        put!(block, "... and {} more\n", sorted.len() - shown);
    }
    block
}

fn line(row: &Row, width: usize, style: Style, columns: usize) -> String {
    let tone = tone_of_state(&row.state);
    let state = format!("{} {:<9}", style.mark(tone), row.state.to_uppercase());
    let app = clean(&row.app);
    let app: String = app.chars().take(width).collect();
    let mut facts = Vec::new();
    facts.extend(row.for_ms.map(|ms| format!("for {}", span(ms / 1000 * 1000))));
    facts.extend(row.latency_ms.map(|ms| format!("answers in {ms} ms")));
    facts.extend(row.trouble.as_ref().map(|trouble| clean(trouble)));
    facts.extend(row.incident.map(|id| format!("incident {id}")));
    facts.extend(row.next.as_ref().map(|next| clean(next)));
    // One column is left free: a full line would wrap, and a block that wraps cannot be erased.
    let room = columns.saturating_sub(state.chars().count() + 1 + width + 2 + 1);
    let facts: String = facts.join(", ").chars().take(room).collect();
    let pad = width.saturating_sub(app.chars().count());
    format!("{} {app}{:pad$}  {facts}\n", style.paint(tone, &state), "")
}

fn clean(text: &str) -> String {
    harmless(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: Style = Style { color: false, unicode: false, terminal: true };

    fn row(app: &str, state: &str) -> Row {
        Row { app: app.to_owned(), state: state.to_owned(), ..Row::default() }
    }

    #[test]
    fn lines_are_drawn_again_in_place_and_only_when_they_change() {
        let mut screen = Screen::default();
        let first = screen.redraw(&[row("shop", "up"), row("db", "up")], LIVE, (80, 24));
        assert_eq!(first, "+ UP        shop  \n+ UP        db    \n");
        assert_eq!(screen.redraw(&[row("shop", "up"), row("db", "up")], LIVE, (80, 24)), "");
        let second = screen.redraw(&[row("shop", "up"), row("db", "down")], LIVE, (80, 24));
        assert_eq!(second, "\x1b[2F\x1b[J! DOWN      db    \n+ UP        shop  \n");
        assert_eq!(screen.above("an event\n").matches("an event\n").count(), 1);
        assert!(screen.above("an event\n").ends_with("shop  \n"));
    }

    #[test]
    fn a_line_says_what_the_last_look_saw() {
        let well = Row { latency_ms: Some(3), ..row("shop", "up") };
        assert_eq!(draw(&[well], LIVE, (80, 24)), "+ UP        shop  answers in 3 ms\n");
        let trouble = Some("no answer in 3 s".to_owned());
        let ill = Row { trouble, incident: Some(7), ..row("shop", "down") };
        assert_eq!(
            draw(&[ill], LIVE, (80, 24)),
            "! DOWN      shop  no answer in 3 s, incident 7\n"
        );
    }

    #[test]
    fn no_line_is_as_wide_as_the_terminal_and_no_block_as_high() {
        let mut rows: Vec<Row> = (0..50).map(|n| row(&format!("app{n}"), "up")).collect();
        rows[49].state = "down".to_owned();
        rows[49].next = Some("kill + start in a moment ".repeat(20));
        let block = draw(&rows, LIVE, (60, 10));
        assert_eq!(block.lines().count(), 8);
        assert!(block.starts_with("! DOWN") && block.contains("app49"));
        assert!(block.ends_with("... and 43 more\n"), "{block}");
        assert!(block.lines().all(|line| line.chars().count() < 60), "{block}");
        assert!(draw(&rows, LIVE, (5, 1)).lines().count() <= 1);
    }
}
