//! The IDs of the customers to get, from arguments and from standard input.

use crate::{
    arguments::Wanted,
    failure::{Explanation, Failure},
};
use std::{
    io::{self, BufRead},
    iter,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Instant,
};
use uuid::Uuid;

/// Why there is no ID.
pub(super) enum Unusable {
    /// One word of standard input is none.
    Word(Explanation),
    /// Standard input cannot be read any further.
    Input(Failure),
}

/// The IDs that `wanted` stands for, read when they are asked for; standard input is waited for `until` then.
pub(super) fn read(wanted: Vec<Wanted>, until: Option<Instant>) -> impl Iterator<Item = Result<Uuid, Unusable>> + Send {
    wanted.into_iter().flat_map(move |wanted| -> Box<dyn Iterator<Item = _> + Send> {
        match wanted {
            Wanted::Id(id) => Box::new(iter::once(Ok(id))),
            Wanted::Input => Box::new(read_input(until)),
        }
    })
}

fn read_input(until: Option<Instant>) -> impl Iterator<Item = Result<Uuid, Unusable>> + Send {
    // Reading has no end of its own: a thread waits for it, so that time can run out meanwhile.
    let (sender, words) = mpsc::sync_channel(1);
    thread::spawn(move || Words::of(io::stdin().lock()).try_for_each(|word| sender.send(word)));
    iter::from_fn(move || {
        Some(match next(&words, until)? {
            Ok(word) => word.id().map_err(Unusable::Word),
            Err(failure) => Err(Unusable::Input(failure)),
        })
    })
}

fn next(words: &Receiver<io::Result<Word>>, until: Option<Instant>) -> Option<Result<Word, Failure>> {
    let word = match until {
        None => words.recv().ok()?,
        Some(until) => match words.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(word) => word,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                let failure = Failure::new(
                    "not all IDs were read from standard input",
                    &io::Error::new(io::ErrorKind::TimedOut, "the deadline passed while waiting for more"),
                    "give it more time with --deadline, or end the input",
                );
                return Some(Err(failure));
            }
        },
    };
    Some(word.map_err(|error| {
        Failure::new("standard input cannot be read", &error, "pipe or redirect the IDs into the command")
    }))
}

/// What some editors begin a file with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A GUID in its longest spelling is shorter.
const LONGEST_WORD: usize = 100;

/// A word of the input, and the line it is on, counted from 1.
#[derive(Debug, PartialEq)]
struct Word {
    text: Vec<u8>,
    line: u64,
}

impl Word {
    fn id(&self) -> Result<Uuid, Explanation> {
        let text = String::from_utf8_lossy(&self.text);
        text.parse().map_err(|_| Explanation {
            what: format!("line {} of standard input names no customer", self.line),
            why: format!("{text:?} is no GUID"),
            remedy: "write IDs like 484e548c-f5f3-4528-93a9-c16c6373cb59, and comments behind a #".to_owned(),
        })
    }
}

/// The words of a text, read one by one: blanks separate them, and a `#` hides the rest of its line.
struct Words<R> {
    input: R,
    /// How much of the mark is still to be skipped that some editors begin a file with.
    mark: &'static [u8],
    line: u64,
    has_failed: bool,
}

impl<R: BufRead> Words<R> {
    fn of(input: R) -> Self {
        Self { input, mark: BYTE_ORDER_MARK, line: 1, has_failed: false }
    }

    fn next_word(&mut self) -> io::Result<Option<Word>> {
        let mut text = Vec::new();
        let mut is_comment = false;
        loop {
            let byte = match self.input.fill_buf() {
                Ok(bytes) => bytes.first().copied(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if let (Some(byte), Some((next, rest))) = (byte, self.mark.split_first()) {
                if byte == *next {
                    self.input.consume(1);
                    self.mark = rest;
                    continue;
                }
                self.mark = &[];
            }
            let ends_word = byte.is_none_or(|byte| byte.is_ascii_whitespace() || byte == b'#');
            if ends_word && !text.is_empty() {
                return Ok(Some(Word { text, line: self.line }));
            }
            let Some(byte) = byte else { return Ok(None) };
            self.input.consume(1);
            match byte {
                b'\n' => {
                    self.line += 1;
                    is_comment = false;
                }
                b'#' => is_comment = true,
                // Of a word that is too long, the beginning will do: it is no ID.
                _ if !is_comment && !ends_word && text.len() < LONGEST_WORD => text.push(byte),
                _ => {}
            }
        }
    }
}

impl<R: BufRead> Iterator for Words<R> {
    type Item = io::Result<Word>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let word = self.next_word();
        self.has_failed = word.is_err();
        word.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_their_lines() {
        let text = format!("\u{feff}a b\tc\r\n\n# d e\n  f#g h\r\n{}\nlast", "x".repeat(1000));
        let words: Vec<_> = Words::of(text.as_bytes())
            .map(|word| word.map(|word| (String::from_utf8(word.text).unwrap(), word.line)).unwrap())
            .collect();
        let expected = [("a", 1), ("b", 1), ("c", 1), ("f", 4), (&"x".repeat(LONGEST_WORD), 5), ("last", 6)];
        assert_eq!(words, expected.map(|(text, line)| (text.to_owned(), line)));
    }

    #[test]
    fn a_byte_order_mark_is_no_word() {
        for (text, words) in [("\u{feff}# none\n", 0), ("\u{feff}\na", 1), ("\u{feff}", 0), ("a \u{feff}", 2)] {
            assert_eq!(Words::of(text.as_bytes()).count(), words, "{text:?}");
        }
    }

    #[test]
    fn a_word_is_an_id_or_explained() {
        let word = |text: &str| Word { text: text.into(), line: 7 }.id();
        let id = "484e548c-f5f3-4528-93a9-c16c6373cb59";
        for spelling in [id, &id.to_uppercase(), &format!("{{{id}}}")] {
            assert_eq!(word(spelling).unwrap().to_string(), id);
        }
        let explanation = word("a\u{1b}[2Jb").unwrap_err();
        assert!(explanation.what.contains("line 7"), "{explanation:?}");
        assert_eq!(explanation.why, r#""a\u{1b}[2Jb" is no GUID"#);
    }
}
