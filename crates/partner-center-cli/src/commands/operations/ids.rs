//! The IDs that a command is performed for, from arguments, from standard input, and from files.

mod parser;

use super::input::input_name_for_messages;
use crate::{
    arguments::operations::{
        IdArg, InputFile,
        naming::ResourceNoun,
        tables::{id_path_parameter, is_customer_id},
        value::{normalize_argument_value, normalize_customer, parameter_value_type},
    },
    error::{CommandError, ErrorReport},
};
use parser::IdWord;
use partner_center_spec::{Operation, Type};
use std::{
    fs::File,
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
    vec,
};

/// Why an ID cannot be read.
pub(super) enum IdError {
    /// An entry of an input is not an ID.
    Invalid(ErrorReport),
    /// The rest of an input cannot be read.
    Input(CommandError),
}

/// What comes next.
pub(super) enum NextId {
    Id(Result<String, IdError>),
    /// It is not there yet.
    Pending,
    End,
}

/// The IDs of the arguments and of an input, which is read as IDs are taken.
pub(super) struct RequestedIds {
    noun: ResourceNoun,
    /// The type of an ID.
    id_type: Type,
    /// Whether an ID is that of a customer, which a domain can stand for.
    is_customer: bool,
    arguments: vec::IntoIter<IdArg>,
    /// Standard input or a file, once an argument has named it.
    input: Option<OpenInput>,
    /// The end of the wait for an input.
    deadline: Option<Instant>,
}

/// An input, which a thread reads.
struct OpenInput {
    name: String,
    words: Receiver<io::Result<IdWord>>,
}

/// The maximum time to read the rest of an input only to count it.
const COUNT_REMAINING_TIMEOUT: Duration = Duration::from_secs(1);

impl RequestedIds {
    pub(super) fn new(operation: &Operation, arguments: Vec<IdArg>, deadline: Option<Instant>) -> Self {
        let parameter = id_path_parameter(operation);
        let id_type = parameter.map_or(Type::String, parameter_value_type);
        let noun = ResourceNoun::new(operation.command.resource);
        let is_customer = parameter.is_some_and(is_customer_id);
        Self { noun, id_type, is_customer, arguments: arguments.into_iter(), input: None, deadline }
    }

    /// Returns the customers that a file or standard input names.
    pub(super) fn of_customers(file: &InputFile, deadline: Option<Instant>) -> Self {
        Self {
            noun: ResourceNoun::new("customers"),
            id_type: Type::Uuid,
            is_customer: true,
            arguments: Vec::new().into_iter(),
            input: Some(OpenInput::open(file)),
            deadline,
        }
    }

    /// Returns the next ID. If it is not there yet, it is waited for if `waits`.
    pub(super) fn next_id(&mut self, waits: bool) -> NextId {
        loop {
            if let Some(input) = &self.input {
                match input.next_word(waits, self.deadline) {
                    NextWord::Word(word) => {
                        let id = parse_input_id(self.id_type, self.is_customer, &word, &input.name, self.noun);
                        return NextId::Id(id.map_err(IdError::Invalid));
                    }
                    NextWord::Failed(error) => return NextId::Id(Err(IdError::Input(error))),
                    NextWord::Pending => return NextId::Pending,
                    NextWord::End => self.input = None,
                }
            }
            match self.arguments.next() {
                Some(IdArg::Id(id)) => return NextId::Id(Ok(id)),
                Some(IdArg::Stdin) => self.input = Some(OpenInput::open(&InputFile::Stdin)),
                None => return NextId::End,
            }
        }
    }

    /// Counts the remaining IDs; `Err` is the count so far if there may be more.
    pub(super) fn count_remaining_ids(mut self) -> Result<u64, u64> {
        self.deadline = Some(Instant::now() + COUNT_REMAINING_TIMEOUT);
        let mut count = 0;
        for id in self {
            if let Err(IdError::Input(_)) = id {
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
        match self.next_id(true) {
            NextId::Id(id) => Some(id),
            NextId::Pending | NextId::End => None,
        }
    }
}

/// The next word of an input.
enum NextWord {
    Word(IdWord),
    Failed(CommandError),
    Pending,
    End,
}

impl OpenInput {
    fn open(file: &InputFile) -> Self {
        // A read cannot time out: it is done by a thread, so that the deadline applies to the wait for it.
        let (sender, words) = mpsc::sync_channel(MAX_WORDS_AHEAD);
        let (name, file) = (input_name_for_messages(file), file.clone());
        thread::spawn(move || {
            let take = &mut |word| sender.send(Ok(word)).is_ok();
            let read = match file {
                InputFile::Stdin => parser::read_id_words(io::stdin().lock(), take),
                InputFile::Inline(text) => parser::read_id_words(io::Cursor::new(text), take),
                InputFile::Path(path) => File::open(path).and_then(|file| parser::read_id_words(file, take)),
            };
            if let Err(error) = read {
                // After a timeout, there is no receiver any more.
                let _ = sender.send(Err(error));
            }
        });
        Self { name, words }
    }

    fn next_word(&self, waits: bool, deadline: Option<Instant>) -> NextWord {
        let timeout = match deadline {
            _ if !waits => Duration::ZERO,
            Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            None => match self.words.recv() {
                Ok(word) => return self.to_next_word(word),
                Err(_) => return NextWord::End,
            },
        };
        match self.words.recv_timeout(timeout) {
            Ok(word) => self.to_next_word(word),
            Err(RecvTimeoutError::Disconnected) => NextWord::End,
            Err(RecvTimeoutError::Timeout) if !waits => NextWord::Pending,
            Err(RecvTimeoutError::Timeout) => NextWord::Failed(CommandError::new(
                &format!("{} could not be read to its end", self.name),
                &io::Error::new(io::ErrorKind::TimedOut, "the deadline passed while waiting for more IDs"),
                "give it more time with --deadline, or close the input",
            )),
        }
    }

    fn to_next_word(&self, word: io::Result<IdWord>) -> NextWord {
        match word {
            Ok(word) => NextWord::Word(word),
            Err(error) => NextWord::Failed(CommandError::new(
                &format!("{} cannot be read", self.name),
                &error,
                "give it IDs, or what `customers list` printed as csv, json or jsonl",
            )),
        }
    }
}

/// The number of words that are read before they are taken.
const MAX_WORDS_AHEAD: usize = 64;

fn parse_input_id(
    id_type: Type,
    is_customer: bool,
    word: &IdWord,
    input: &str,
    noun: ResourceNoun,
) -> Result<String, ErrorReport> {
    let explained = |cause: String, example: &str| ErrorReport {
        message: format!("{} of {input} is not a {} ID", word.position, noun.singular()),
        cause,
        advice: format!("write IDs{example}, and comments behind a #; or CSV with a header that names the column `id`"),
    };
    match id_type {
        _ if is_customer => normalize_customer(&word.text).map_err(|_| {
            let example = " like 484e548c-f5f3-4528-93a9-c16c6373cb59 or domains";
            explained(format!("{:?} is neither a GUID nor a domain", word.text), example)
        }),
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
            let word = IdWord { text: text.to_owned(), position: "line 7".to_owned() };
            parse_input_id(Type::Uuid, false, &word, "standard input", noun)
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
