//! The IDs to fetch, from arguments and from standard input.

mod parser;

use crate::{
    arguments::operations::{
        IdArg,
        naming::ResourceNoun,
        tables::id_path_parameter,
        value::{normalize_argument_value, parameter_value_type},
    },
    error::{CommandError, ErrorReport},
};
use parser::IdWord;
use partner_center_spec::{Operation, Type};
use std::{
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
    vec,
};

/// Why an ID cannot be read.
pub(super) enum IdError {
    /// An entry of standard input is not an ID.
    Invalid(ErrorReport),
    /// The rest of standard input cannot be read.
    Stdin(CommandError),
}

/// An iterator over the IDs of the arguments and of standard input, which is read as IDs are taken.
pub(super) struct RequestedIds {
    noun: ResourceNoun,
    /// The type of an ID.
    id_type: Type,
    arguments: vec::IntoIter<IdArg>,
    /// Standard input, once an argument has named it.
    stdin: Option<Receiver<io::Result<IdWord>>>,
    /// The end of the wait for standard input.
    deadline: Option<Instant>,
}

/// The maximum time to read the rest of standard input only to count it.
const COUNT_REMAINING_TIMEOUT: Duration = Duration::from_secs(1);

impl RequestedIds {
    pub(super) fn new(operation: &Operation, arguments: Vec<IdArg>, deadline: Option<Instant>) -> Self {
        let id_type = id_path_parameter(operation).map_or(Type::String, parameter_value_type);
        let noun = ResourceNoun::new(operation.command.resource);
        Self { noun, id_type, arguments: arguments.into_iter(), stdin: None, deadline }
    }

    /// Counts the remaining IDs; `Err` is the count so far if there may be more.
    pub(super) fn count_remaining(mut self) -> Result<u64, u64> {
        self.deadline = Some(Instant::now() + COUNT_REMAINING_TIMEOUT);
        let mut count = 0;
        for id in self {
            if let Err(IdError::Stdin(_)) = id {
                return Err(count);
            }
            count += 1;
        }
        Ok(count)
    }
}

impl Iterator for RequestedIds {
    type Item = Result<String, IdError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(words) = &self.stdin {
                match receive_next_word(words, self.deadline) {
                    Some(Ok(word)) => {
                        return Some(parse_stdin_id(self.id_type, &word, self.noun).map_err(IdError::Invalid));
                    }
                    Some(Err(error)) => return Some(Err(IdError::Stdin(error))),
                    None => self.stdin = None,
                }
            }
            match self.arguments.next()? {
                IdArg::Id(id) => return Some(Ok(id)),
                IdArg::Stdin => self.stdin = Some(read_words_from_stdin()),
            }
        }
    }
}

fn read_words_from_stdin() -> Receiver<io::Result<IdWord>> {
    // A read cannot time out: it is done by a thread, so that the deadline applies to the wait for it.
    let (sender, words) = mpsc::sync_channel(1);
    thread::spawn(move || {
        if let Err(error) = parser::read_id_words(io::stdin().lock(), &mut |word| sender.send(Ok(word)).is_ok()) {
            // After a timeout, there is no receiver any more.
            let _ = sender.send(Err(error));
        }
    });
    words
}

fn receive_next_word(
    words: &Receiver<io::Result<IdWord>>,
    deadline: Option<Instant>,
) -> Option<Result<IdWord, CommandError>> {
    let word = match deadline {
        None => words.recv().ok()?,
        Some(deadline) => match words.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(word) => word,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                let error = CommandError::new(
                    "standard input could not be read to its end",
                    &io::Error::new(io::ErrorKind::TimedOut, "the deadline passed while waiting for more IDs"),
                    "give it more time with --deadline, or close the input",
                );
                return Some(Err(error));
            }
        },
    };
    Some(word.map_err(|error| {
        CommandError::new(
            "standard input cannot be read",
            &error,
            "pipe or redirect IDs into the command, or what `customers list` printed as csv, json or jsonl",
        )
    }))
}

fn parse_stdin_id(id_type: Type, word: &IdWord, noun: ResourceNoun) -> Result<String, ErrorReport> {
    let explained = |cause: String, example: &str| ErrorReport {
        message: format!("{} of standard input is not a {} ID", word.position, noun.singular()),
        cause,
        advice: format!("write IDs{example}, and comments behind a #; or CSV with a header that names the column `id`"),
    };
    match id_type {
        Type::Uuid => normalize_argument_value(id_type, &word.text).map_err(|_| {
            explained(format!("{:?} is not a GUID", word.text), " like 484e548c-f5f3-4528-93a9-c16c6373cb59")
        }),
        _ if word.text.is_empty() => Err(explained("it has no ID".to_owned(), "")),
        _ => normalize_argument_value(id_type, &word.text).map_err(|cause| explained(cause, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_is_an_id_or_explained() {
        let noun = ResourceNoun::new("customers");
        let word = |text: &str| {
            parse_stdin_id(Type::Uuid, &IdWord { text: text.to_owned(), position: "line 7".to_owned() }, noun)
        };
        let id = "484e548c-f5f3-4528-93a9-c16c6373cb59";
        for spelling in [id, &id.to_uppercase(), &format!("{{{id}}}")] {
            assert_eq!(word(spelling).unwrap(), id);
        }
        let error_report = word("a\u{1b}[2Jb").unwrap_err();
        assert!(error_report.message.contains("line 7"), "{error_report:?}");
        assert_eq!(error_report.cause, r#""a\u{1b}[2Jb" is not a GUID"#);
    }
}
