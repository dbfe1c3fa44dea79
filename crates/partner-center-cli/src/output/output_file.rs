//! `--output-file`: the output in place of standard output, in a file that is written completely or not at all.
//!
//! It is collected in a temporary file beside that file, which takes its place when the command has succeeded; if the command changes
//! something, also when it has not. There is one for the process, as there is one standard output.

use crate::{
    error::{CommandError, ErrorReport, UsageError},
    error_format::ErrorDetails,
    messages::Messages,
    private_file::{self, NewFileReaders},
    terminal::{self, replace_control_characters},
};
use console::Term;
use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tempfile::{NamedTempFile, PersistError};

const ADVICE_AFTER_CHANGES: &str = "look at what is there before you run it again";

static OUTPUT_FILE: Mutex<Option<OutputFile>> = Mutex::new(None);

struct OutputFile {
    path: PathBuf,
    temporary: NamedTempFile,
    has_content: bool,
    after_failure: OutputAfterFailure,
}

/// What becomes of the output if the command does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputAfterFailure {
    /// It is deleted: it is a part, which could be taken for all.
    Deleted,
    /// It is put in its place: a report is complete whatever it says. After an interruption, it is deleted.
    Report,
    /// It is put in its place, also after an interruption: it is the only record of the changes that were made.
    RecordOfChanges,
}

/// Lets the output go to the file at `path` from now on.
pub(crate) fn begin_output_file(
    path: &Path,
    after_failure: OutputAfterFailure,
    readers: NewFileReaders,
) -> Result<(), CommandError> {
    let failed = |error: &io::Error| {
        let message = format!("the output file {} cannot be written", path.display());
        UsageError(ErrorReport::new(&message, error, "name a file in a folder that exists and can be written to"))
    };
    *lock_output_file() = Some(OutputFile::create(path, after_failure, readers).map_err(|error| failed(&error))?);
    Ok(())
}

/// Puts the output file in its place before the command ends, if there is one and it is not there yet; `advice` is for an error.
pub(crate) fn put_output_file_in_place(advice: &str) -> Result<(), CommandError> {
    // The lock is held until the file is in its place: an interruption waits for it.
    let mut output_file = lock_output_file();
    Ok(output_file.take().map_or(Ok(()), |file| file.put_in_place(advice))?)
}

/// Ends the output file: puts it in its place, or deletes it after a failure and leaves what was there. Returns the result of the
/// command, which is `done` without the file.
pub(crate) fn end_output_file(done: Result<(), CommandError>, messages: &Messages) -> Result<(), CommandError> {
    // The lock is held until the file is in its place: an interruption waits for it.
    let mut output_file = lock_output_file();
    let Some(file) = output_file.take() else { return done };
    let path = replace_control_characters(&file.path.display().to_string());
    let is_put_in_place = done.is_ok() || file.is_kept_after_failure();
    let is_change = file.after_failure == OutputAfterFailure::RecordOfChanges;
    let advice =
        if is_change { ADVICE_AFTER_CHANGES } else { "free disk space, or name another file, and run it again" };
    let put = if is_put_in_place { file.put_in_place(advice) } else { Ok(()) };
    drop(output_file);
    match (done, put) {
        (Ok(()), Ok(())) => Ok(()),
        (Ok(()), Err(error_report)) if is_change => Err(CommandError::from(error_report)
            .after_change_without("the change was made", "its output file could not be written")),
        (Ok(()), Err(error_report)) => Err(error_report.into()),
        (Err(error), put) => {
            match put {
                Err(error_report) => messages.print_error(&error_report, &ErrorDetails::default()),
                Ok(()) if !is_put_in_place => {
                    messages.print(format_args!("note: {path} was not written, as the command did not succeed"));
                }
                Ok(()) if is_change => messages.print(note_on_record_of_changes(&path)),
                Ok(()) => {}
            }
            Err(error)
        }
    }
}

/// Ends the output file after an interruption. The process is to end before the guard that is returned is dropped, as the command
/// would else end as if there were no such file.
pub(crate) fn end_interrupted_output_file(messages: &Messages) -> OutputFileGuard {
    let mut output_file = lock_output_file();
    end_interrupted(output_file.take(), messages);
    OutputFileGuard { _output_file: output_file }
}

/// The same, unless the file is being written or put in its place.
pub(crate) fn end_interrupted_output_file_without_waiting(messages: &Messages) -> Option<OutputFileGuard> {
    let mut output_file = OUTPUT_FILE.try_lock().ok()?;
    end_interrupted(output_file.take(), messages);
    Some(OutputFileGuard { _output_file: output_file })
}

/// Keeps the command from going on with its output.
pub(crate) struct OutputFileGuard {
    _output_file: MutexGuard<'static, Option<OutputFile>>,
}

fn end_interrupted(file: Option<OutputFile>, messages: &Messages) {
    let Some(file) = file else { return };
    if file.after_failure != OutputAfterFailure::RecordOfChanges || !file.has_content {
        return;
    }
    let path = replace_control_characters(&file.path.display().to_string());
    match file.put_in_place(ADVICE_AFTER_CHANGES) {
        Ok(()) => messages.print(note_on_record_of_changes(&path)),
        Err(error_report) => messages.print_error(&error_report, &ErrorDetails::default()),
    }
}

fn note_on_record_of_changes(path: &str) -> String {
    format!("note: {path} was written all the same: it says what was done until then")
}

/// Writes to standard output, or to the output file.
pub(crate) fn write_output(data: &[u8]) -> io::Result<()> {
    // An interruption waits for this lock before it ends the process: see `interruption.rs`.
    let mut stdout = io::stdout().lock();
    if let Some(file) = &mut *lock_output_file() {
        file.has_content |= !data.is_empty();
        return file.temporary.write_all(data);
    }
    stdout.write_all(data)?;
    stdout.flush()
}

/// Whether the output is read by a person.
pub(crate) fn is_output_terminal() -> bool {
    lock_output_file().is_none() && io::stdout().is_terminal()
}

/// Returns the number of columns of the terminal that the output goes to.
pub(crate) fn output_width() -> Option<usize> {
    if lock_output_file().is_some() { None } else { terminal::terminal_width(&Term::stdout()) }
}

fn lock_output_file() -> MutexGuard<'static, Option<OutputFile>> {
    OUTPUT_FILE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OutputFile {
    fn create(path: &Path, after_failure: OutputAfterFailure, readers: NewFileReaders) -> io::Result<Self> {
        // Replacing a symbolic link would not change the file that it points to.
        let path = private_file::resolve_symbolic_link(path);
        let temporary = private_file::create_temporary_file_beside(&path, readers)?;
        Ok(Self { path, temporary, has_content: false, after_failure })
    }

    /// Whether the output takes the place of the file although the command has failed: only if there is any, as nothing says less
    /// than what was there.
    fn is_kept_after_failure(&self) -> bool {
        self.has_content && self.after_failure != OutputAfterFailure::Deleted
    }

    /// Puts the output in its place. If that fails, a record of changes stays where it was collected.
    fn put_in_place(self, advice: &str) -> Result<(), ErrorReport> {
        let Self { path, temporary, has_content, after_failure } = self;
        let (error, temporary) = match temporary.as_file().sync_all() {
            Ok(()) => match temporary.persist(&path) {
                Ok(_) => {
                    // It is in its place; some folders cannot be synchronized.
                    let _ = private_file::sync_folder_of_file(&path);
                    return Ok(());
                }
                Err(PersistError { error, file }) => (error, file),
            },
            Err(error) => (error, temporary),
        };
        let mut error_report =
            ErrorReport::new(&format!("the output file {} could not be written", path.display()), &error, advice);
        if has_content
            && after_failure == OutputAfterFailure::RecordOfChanges
            && let Ok((_, kept)) = temporary.keep()
        {
            error_report.cause = format!("{}; what was printed is in {}", error_report.cause, kept.display());
        }
        Err(error_report)
    }
}
