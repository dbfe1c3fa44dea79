//! What fits a terminal.

use console::Term;
use textwrap::{Options, WordSplitter};

/// How many columns of characters `terminal` has, if it is one.
pub(crate) fn width(terminal: &Term) -> Option<usize> {
    terminal.size_checked().map(|(_rows, columns)| columns.into())
}

/// `text` behind `label`: on a line of its own, or on as many as it takes to fit the width.
pub(crate) fn paragraph(label: &str, text: &str, width: Option<usize>) -> String {
    let indent = " ".repeat(label.len());
    // An ID or a path is of use only when it is whole.
    let options = Options::new(width.unwrap_or(usize::MAX))
        .initial_indent(label)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options) + "\n"
}

#[cfg(test)]
mod tests {
    use super::paragraph;

    #[test]
    fn a_paragraph_fits_and_keeps_its_words_whole() {
        let text = "customer 484e548c-f5f3-4528-93a9-c16c6373cb59 is gone";
        assert_eq!(paragraph("why: ", text, None), format!("why: {text}\n"));
        assert_eq!(
            paragraph("why: ", text, Some(30)),
            "why: customer\n     484e548c-f5f3-4528-93a9-c16c6373cb59\n     is gone\n"
        );
    }
}
