use super::state::{JournalRecord, JournalState, WrittenLine};
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// The file of a journal, which is locked while it is open.
pub(super) struct JournalFile {
    file: File,
    /// The length of what was written, in bytes.
    length: u64,
    /// The first error of writing. After it, nothing is written any more, as a line may have been cut off.
    failure: Option<io::Error>,
}

/// A line: when it was written, in seconds since 1970, and what it says.
#[derive(Deserialize, Serialize)]
struct JournalLine<R> {
    at: u64,
    #[serde(flatten)]
    record: R,
}

/// The maximum length of an output, in bytes.
pub(super) const MAX_OUTPUT_LENGTH: usize = 32 << 20;

/// The maximum length of a line, in bytes, without an output: items, paths and errors are short.
const MAX_LINE_LENGTH_WITHOUT_OUTPUT: usize = 1 << 20;
/// The maximum length of a line with an output, each of whose characters may be escaped.
const MAX_OUTPUT_LINE_LENGTH: usize = 6 * MAX_OUTPUT_LENGTH + MAX_LINE_LENGTH_WITHOUT_OUTPUT;
/// The beginning of each line.
const LINE_START: &[u8] = br#"{"at":"#;
/// What a line has near its beginning if it can have an output.
const DONE_STATUS: &[u8] = br#""status":"done""#;

impl JournalFile {
    pub(super) fn open(path: &Path, purpose: &str) -> io::Result<(Self, JournalState)> {
        let mut options = OpenOptions::new();
        // Not in append mode: on Windows, such a file cannot be truncated.
        options.read(true).write(true).create(true).truncate(false);
        // It may have outputs, which are the data of customers.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another process has the journal open: wait for its end, or name another file",
            ),
            TryLockError::Error(error) => error,
        })?;
        let mut journal = Self { file, length: 0, failure: None };
        let (state, length, is_new) = read_journal_file(&journal.file, purpose)?;
        journal.file.set_len(length)?;
        journal.length = length;
        journal.file.seek(SeekFrom::End(0))?;
        if is_new {
            journal.append_record(&JournalRecord::Opened { purpose: purpose.to_owned() })?;
        }
        Ok((journal, state))
    }

    /// Writes a line, and returns where it is.
    pub(super) fn append_record(&mut self, record: &JournalRecord) -> io::Result<WrittenLine> {
        if let Some(failure) = &self.failure {
            return Err(copy_io_error(failure));
        }
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut line = serde_json::to_vec(&JournalLine { at, record })?;
        line.push(b'\n');
        self.file.write_all(&line).inspect_err(|error| self.failure = Some(copy_io_error(error)))?;
        let position = WrittenLine { at, start: self.length, length: line.len() as u64 };
        self.length += position.length;
        Ok(position)
    }

    /// Reads the output in a line.
    pub(super) fn read_output(&mut self, position: WrittenLine) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        self.file.seek(SeekFrom::Start(position.start))?;
        let read = Read::by_ref(&mut self.file).take(position.length).read_to_end(&mut line);
        // What is written next comes at the end.
        self.file.seek(SeekFrom::Start(self.length)).inspect_err(|error| self.failure = Some(copy_io_error(error)))?;
        read?;
        match serde_json::from_slice::<JournalLine<JournalRecord>>(&line)?.record {
            JournalRecord::Done { output, .. } => Ok(output),
            _ => Ok(None),
        }
    }

    /// Forces what was written to the disk; reports the first error of writing, if there was one.
    pub(super) fn sync_to_disk(&mut self) -> io::Result<()> {
        match &self.failure {
            Some(failure) => Err(copy_io_error(failure)),
            None => self.file.sync_data(),
        }
    }
}

/// A process that is just being started has the file, too, until it executes its program, and would keep the lock until then.
impl Drop for JournalFile {
    fn drop(&mut self) {
        // If it cannot be unlocked, it is when the last handle is closed.
        let _ = self.file.unlock();
    }
}

/// Returns what the file says, the length of its complete lines, and whether it is empty.
fn read_journal_file(file: &File, purpose: &str) -> io::Result<(JournalState, u64, bool)> {
    let (mut state, mut length, mut number) = (JournalState::default(), 0, 0_u64);
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut read = read_line(&mut reader, MAX_LINE_LENGTH_WITHOUT_OUTPUT + 1, &mut line)?;
        let mut max_length = MAX_LINE_LENGTH_WITHOUT_OUTPUT;
        if read > MAX_LINE_LENGTH_WITHOUT_OUTPUT
            && line[..100].windows(DONE_STATUS.len()).any(|part| part == DONE_STATUS)
        {
            max_length = MAX_OUTPUT_LINE_LENGTH;
            if !line.ends_with(b"\n") {
                read += read_line(&mut reader, max_length + 1 - read, &mut line)?;
            }
        }
        number += 1;
        let invalid = |problem: &str| {
            let advice = "the file is not a journal, or was changed: name another file";
            io::Error::new(io::ErrorKind::InvalidData, format!("line {number} {problem}; {advice}"))
        };
        if read > max_length {
            return Err(invalid("is too long"));
        }
        let Some(text) = line.strip_suffix(b"\n") else {
            // It is removed, as it was not written to its end; the only line of a file of another kind is not.
            if number == 1 && !line.starts_with(LINE_START) && !LINE_START.starts_with(&line) {
                return Err(invalid("is not a record of a journal"));
            }
            return Ok((state, length, number == 1));
        };
        let JournalLine { at, record } = match serde_json::from_slice::<JournalLine<JournalRecord>>(text) {
            Ok(line) => line,
            Err(error) => return Err(invalid(&format!("is not a record of a journal ({error})"))),
        };
        match &record {
            JournalRecord::Opened { purpose: other } if other != purpose => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("the journal is for another purpose (`{other}`): name another file for `{purpose}`"),
                ));
            }
            JournalRecord::Opened { .. } => {}
            _ if number == 1 => return Err(invalid("does not say what the journal is for")),
            _ => state.apply_line(&record, WrittenLine { at, start: length, length: read as u64 }),
        }
        length += read as u64;
    }
}

/// Reads to the end of a line, but no more than so many bytes.
fn read_line(reader: &mut impl BufRead, max_length: usize, line: &mut Vec<u8>) -> io::Result<usize> {
    reader.take(max_length as u64).read_until(b'\n', line)
}

fn copy_io_error(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::JournalFile;
    use crate::{Client, Credential, ErrorKind, journal::Journal};
    use partner_center_core::{Blocking, Method, RawRequest};
    use partner_center_emulator::Emulator;
    use std::{
        env,
        fs::{self, File},
        process,
    };

    #[test]
    fn closed_journal_is_free_while_a_started_process_has_its_handle() {
        let path = env::temp_dir().join(format!("closed-{}.jsonl", process::id()));
        let (journal, _) = JournalFile::open(&path, "test").unwrap();
        let handle_of_process = journal.file.try_clone().unwrap();
        assert!(JournalFile::open(&path, "test").is_err());
        drop(journal);
        assert!(JournalFile::open(&path, "another purpose").is_err());
        drop(JournalFile::open(&path, "test").unwrap());
        drop(handle_of_process);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn only_line_is_removed_if_it_is_the_beginning_of_a_journal() {
        let path = env::temp_dir().join(format!("one-line-{}.jsonl", process::id()));
        for (text, is_kept) in [("a customer's ID", true), (r#"{"id":1}"#, true), (r#"{"at":1"#, false), ("{", false)] {
            fs::write(&path, text).unwrap();
            assert_eq!(Journal::open(&path, "post").is_err(), is_kept, "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap() == text, is_kept, "{text}");
        }
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn nothing_is_sent_that_is_not_in_the_journal() {
        let path = env::temp_dir().join(format!("read-only-{}.jsonl", process::id()));
        let journal = Journal::open(&path, "post").unwrap();
        // Writing fails: the file is open for reading only.
        journal.lock_shared_state().file.file = File::open(&path).unwrap();
        let emulator = Emulator::builder().build();
        let client = Client::builder(emulator.transport::<Blocking>(), Credential::token(Emulator::TOKEN));
        let client = client.base_url("http://127.0.0.1").build().unwrap();
        let outcomes = journal
            .for_each(&client, ["a"], 1, |client, _| client.request(RawRequest::new(Method::Post, "/v1/a").json("{}")));
        let errors: Vec<_> = outcomes.map(|outcome| outcome.result.unwrap_err().kind()).collect();
        assert_eq!((errors, emulator.requests().len()), (vec![ErrorKind::Request], 0));
        assert!(journal.finish().is_err());
        fs::remove_file(path).unwrap();
    }
}
