use console::Term;
use indicatif::TermLike;
use std::io;

/// The number of columns that stay empty. A terminal echoes Ctrl-C as `^C` behind the line: if that did not fit, the cursor would move
/// to the next line, and the progress line could not be cleared.
const MARGIN_COLUMNS: u16 = 4;

/// A terminal whose last columns stay empty.
#[derive(Debug)]
pub(super) struct TerminalWithMargin(pub(super) Term);

impl TermLike for TerminalWithMargin {
    fn width(&self) -> u16 {
        TermLike::width(&self.0).saturating_sub(MARGIN_COLUMNS)
    }
    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }
    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }
    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }
    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }
    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
