//! `--output-file`: the output in place of standard output, in a file that is written completely or not at all.
//!
//! It is collected in a temporary file beside that file, which takes its place when the command has succeeded. There is one for the
//! process, as there is one standard output.

use crate::{
    error::{CommandError, ErrorReport, UsageError},
    messages::Messages,
    private_file,
    terminal::{self, replace_control_characters},
};
use console::Term;
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tempfile::NamedTempFile;

static OUTPUT_FILE: Mutex<Option<OutputFile>> = Mutex::new(None);

struct OutputFile {
    path: PathBuf,
    temporary: NamedTempFile,
}

/// Lets the output go to the file at `path` from now on.
pub(crate) fn begin_output_file(path: &Path) -> Result<(), CommandError> {
    let failed = |error: &io::Error| {
        let message = format!("the output file {} cannot be written", path.display());
        UsageError(ErrorReport::new(&message, error, "name a file in a folder that exists and can be written to"))
    };
    *lock_output_file() = Some(OutputFile::create(path).map_err(|error| failed(&error))?);
    Ok(())
}

/// Puts the output file in its place if the command has succeeded, or else leaves what was there; returns what the command has.
pub(crate) fn end_output_file(done: Result<(), CommandError>, messages: &Messages) -> Result<(), CommandError> {
    let Some(file) = lock_output_file().take() else { return done };
    let path = file.path.clone();
    if done.is_err() {
        let path = replace_control_characters(&path.display().to_string());
        messages.print(format_args!("note: {path} was not written, as the command did not succeed"));
        return done;
    }
    file.put_in_place().map_err(|error| {
        let advice =
            "what the command does was done: look before you run it again; free disk space, or name another file";
        CommandError::new(&format!("the output file {} could not be written", path.display()), &error, advice)
    })
}

/// Deletes what was collected, when the process ends.
pub(crate) fn discard_output_file() {
    if let Ok(mut file) = OUTPUT_FILE.try_lock() {
        *file = None;
    }
}

/// Writes to standard output, or to the output file.
pub(crate) fn write_output(data: &[u8]) -> io::Result<()> {
    // An interruption waits for this lock before it ends the process: see `interruption.rs`.
    let mut stdout = io::stdout().lock();
    if let Some(file) = &mut *lock_output_file() {
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
    fn create(path: &Path) -> io::Result<Self> {
        // Replacing a symbolic link would not change the file that it points to.
        let path = private_file::resolve_symbolic_link(path);
        let permissions = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => Some(metadata.permissions()),
            Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let temporary = private_file::create_temporary_file_beside(&path, permissions)?;
        Ok(Self { path, temporary })
    }

    fn put_in_place(self) -> io::Result<()> {
        self.temporary.as_file().sync_all()?;
        self.temporary.persist(&self.path)?;
        Ok(())
    }
}
