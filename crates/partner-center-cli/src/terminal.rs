//! Text for a terminal: its width, and characters that would control it.

use console::Term;
use textwrap::{Options, WordSplitter};

/// Returns the number of columns of `terminal`, if it is one.
pub(crate) fn terminal_width(terminal: &Term) -> Option<usize> {
    terminal.size_checked().map(|(_rows, columns)| columns.into())
}

/// Replaces the characters that control a terminal or the direction of text.
pub(crate) fn replace_control_characters(text: &str) -> String {
    text.chars().map(|character| if is_terminal_control(character) { '\u{fffd}' } else { character }).collect()
}

/// Escapes the characters of JSON that control a terminal; the result has the same value.
pub(crate) fn escape_control_characters_in_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        // Line breaks are between values; other control characters are only in strings.
        match character {
            '\n' => text.push('\n'),
            character if is_terminal_control(character) => {
                text.extend(format!("\\u{:04x}", u32::from(character)).chars());
            }
            character => text.push(character),
        }
    }
    text
}

fn is_terminal_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Formats `text` behind `label`, wrapped at the width.
pub(crate) fn wrap_paragraph(label: &str, text: &str, width: Option<usize>) -> String {
    let indent = " ".repeat(label.len());
    // IDs and paths are useful only when they are complete.
    let options = Options::new(width.unwrap_or(usize::MAX))
        .initial_indent(label)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(&replace_control_characters(text), options) + "\n"
}

#[cfg(test)]
mod tests {
    use super::{escape_control_characters_in_json, replace_control_characters, wrap_paragraph};
    use serde_json::{Value, json};

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            replace_control_characters("a\u{1b}[2Jb\u{202e}c\u{200f}d\u{9b}"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}"
        );
        let value = json!({"name": "a\u{1b}[2J\u{7f}\u{9b}\u{202e}\n ü 東"});
        let written = escape_control_characters_in_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(
            !written.chars().any(|character| character != '\n' && super::is_terminal_control(character)),
            "{written:?}"
        );
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
    }

    #[test]
    fn paragraph_fits_and_keeps_its_words_complete() {
        let text = "customer 484e548c-f5f3-4528-93a9-c16c6373cb59 is gone";
        assert_eq!(wrap_paragraph("why: ", text, None), format!("why: {text}\n"));
        assert_eq!(
            wrap_paragraph("why: ", text, Some(30)),
            "why: customer\n     484e548c-f5f3-4528-93a9-c16c6373cb59\n     is gone\n"
        );
    }
}
