//! The IDs of the customers to get, from arguments and from standard input.

mod input;

use crate::{
    arguments::Wanted,
    failure::{Explanation, Failure},
};
use input::Word;
use std::{
    io, iter,
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
    thread::spawn(move || {
        if let Err(error) = input::read(io::stdin().lock(), &mut |word| sender.send(Ok(word)).is_ok()) {
            // Whoever does not wait any more need not know.
            let _ = sender.send(Err(error));
        }
    });
    iter::from_fn(move || {
        Some(match next(&words, until)? {
            Ok(word) => id(&word).map_err(Unusable::Word),
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
