//! The IDs of the customers to get, from arguments and from standard input.

mod input;

use crate::{
    arguments::Wanted,
    failure::{Explanation, Failure},
};
use input::Word;
use std::{
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
    vec,
};
use uuid::Uuid;

/// Why there is no ID.
pub(super) enum Unusable {
    /// One word of standard input is none.
    Word(Explanation),
    /// Standard input cannot be read any further.
    Input(Failure),
}

/// The IDs that the arguments stand for, read as they are requested.
pub(super) struct Ids {
    arguments: vec::IntoIter<Wanted>,
    /// Standard input, once an argument has named it.
    input: Option<Receiver<io::Result<Word>>>,
    /// The end of the wait for standard input.
    deadline: Option<Instant>,
}

/// How long the rest of standard input is read only to be counted.
const COUNT_TIMEOUT: Duration = Duration::from_secs(1);

impl Ids {
    pub(super) fn new(arguments: Vec<Wanted>, deadline: Option<Instant>) -> Self {
        Self { arguments: arguments.into_iter(), input: None, deadline }
    }

    /// Counts the IDs that are left; `Err` is the count of those that were read if there may be more of them.
    pub(super) fn count_rest(mut self) -> Result<u64, u64> {
        self.deadline = Some(Instant::now() + COUNT_TIMEOUT);
        let mut count = 0;
        for id in self {
            if let Err(Unusable::Input(_)) = id {
                return Err(count);
            }
            count += 1;
        }
        Ok(count)
    }
}

impl Iterator for Ids {
    type Item = Result<Uuid, Unusable>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(words) = &self.input {
                match next(words, self.deadline) {
                    Some(Ok(word)) => return Some(id(&word).map_err(Unusable::Word)),
                    Some(Err(failure)) => return Some(Err(Unusable::Input(failure))),
                    None => self.input = None,
                }
            }
            match self.arguments.next()? {
                Wanted::Id(id) => return Some(Ok(id)),
                Wanted::Input => self.input = Some(read_input()),
            }
        }
    }
}

fn read_input() -> Receiver<io::Result<Word>> {
    // Reading has no end of its own: a thread waits for it, so that time can run out meanwhile.
    let (sender, words) = mpsc::sync_channel(1);
    thread::spawn(move || {
        if let Err(error) = input::read(io::stdin().lock(), &mut |word| sender.send(Ok(word)).is_ok()) {
            // Whoever does not wait any more need not know.
            let _ = sender.send(Err(error));
        }
    });
    words
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
        Failure::new(
            "standard input cannot be read any further",
            &error,
            "pipe or redirect IDs into the command, or what `customers list` printed as csv, json or jsonl",
        )
    }))
}

fn id(word: &Word) -> Result<Uuid, Explanation> {
    word.text.parse().map_err(|_| Explanation {
        what: format!("{} of standard input names no customer", word.place),
        why: format!("{:?} is not a GUID", word.text),
        remedy:
            "write IDs like 484e548c-f5f3-4528-93a9-c16c6373cb59, and comments behind a #; or CSV with a header that \
                 names the column `id`"
                .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_an_id_or_explained() {
        let word = |text: &str| id(&Word { text: text.to_owned(), place: "line 7".to_owned() });
        let id = "484e548c-f5f3-4528-93a9-c16c6373cb59";
        for spelling in [id, &id.to_uppercase(), &format!("{{{id}}}")] {
            assert_eq!(word(spelling).unwrap().to_string(), id);
        }
        let explanation = word("a\u{1b}[2Jb").unwrap_err();
        assert!(explanation.what.contains("line 7"), "{explanation:?}");
        assert_eq!(explanation.why, r#""a\u{1b}[2Jb" is not a GUID"#);
    }
}
