//! The files that options name for what comes of a command: its output, a recording, a journal, and a password.

use crate::{
    arguments::{AuthCommand, BuiltInCommand, Command, ServiceOptions},
    commands,
    error::{CommandError, ErrorReport, UsageError},
    output::{self, OutputAfterFailure},
    private_file::{self, NewFileReaders},
};
use std::path::Path;

/// Checks the files, and lets the output go to that of `--output-file`, if it is given.
pub(crate) fn begin_result_files(command: &Command, options: &ServiceOptions) -> Result<(), CommandError> {
    check_recording(command, options)?;
    check_files_differ(command, options)?;
    match &options.output_file {
        Some(path) => output::begin_output_file(path, output_after_failure(command), readers_of_new_file(command)),
        None => Ok(()),
    }
}

/// Whether the command may change something, so that it must not be repeated without care.
pub(crate) fn may_make_changes(command: &Command) -> bool {
    match command {
        Command::Operation(call) => !call.options.shows_example_body && commands::may_send_changes(call),
        Command::BuiltIn(BuiltInCommand::Api(call)) => commands::is_changing_api_call(call),
        Command::BuiltIn(_) => false,
    }
}

fn output_after_failure(command: &Command) -> OutputAfterFailure {
    match command {
        Command::BuiltIn(BuiltInCommand::Doctor(_) | BuiltInCommand::Auth(AuthCommand::Status)) => {
            OutputAfterFailure::Report
        }
        command if may_make_changes(command) => OutputAfterFailure::RecordOfChanges,
        _ => OutputAfterFailure::Deleted,
    }
}

/// Returns who may read the file of the output, if it is a new one: a secret is for its owner alone.
fn readers_of_new_file(command: &Command) -> NewFileReaders {
    match command {
        Command::Operation(call) if call.options.password.is_shown => NewFileReaders::Owner,
        Command::BuiltIn(BuiltInCommand::Auth(AuthCommand::Token)) => NewFileReaders::Owner,
        _ => NewFileReaders::Usual,
    }
}

/// Rejects a recording of a command that does not call the service.
fn check_recording(command: &Command, options: &ServiceOptions) -> Result<(), UsageError> {
    let has_no_responses = match command {
        Command::Operation(call) => call.options.shows_example_body,
        Command::BuiltIn(command) => matches!(
            command,
            BuiltInCommand::Auth(AuthCommand::Logout) | BuiltInCommand::Config(_) | BuiltInCommand::Options
        ),
    };
    if options.record.is_none() || !has_no_responses {
        return Ok(());
    }
    Err(UsageError(ErrorReport {
        message: "there is nothing to record".to_owned(),
        cause: "the command sends no request to the service".to_owned(),
        advice: "leave out --record".to_owned(),
    }))
}

/// Rejects two options that name the same file: one would replace what the other has written.
fn check_files_differ(command: &Command, options: &ServiceOptions) -> Result<(), UsageError> {
    let call = match command {
        Command::Operation(call) => Some(&call.options),
        Command::BuiltIn(_) => None,
    };
    let files: [(&str, Option<&Path>); 4] = [
        ("--output-file", options.output_file.as_deref()),
        ("--record", options.record.as_deref()),
        ("--journal", call.and_then(|call| call.bulk.journal.as_deref())),
        ("--password-file", call.and_then(|call| call.password.file.as_deref())),
    ];
    let mut earlier = Vec::new();
    for (option, path) in files {
        let Some(path) = path.map(private_file::resolve_path) else { continue };
        if let Some((other, _)) = earlier.iter().find(|(_, other)| *other == path) {
            return Err(UsageError(ErrorReport {
                message: format!("{other} and {option} name the same file"),
                cause: format!("one would replace what the other writes to {}", path.display()),
                advice: "name a file for each of them".to_owned(),
            }));
        }
        earlier.push((option, path));
    }
    Ok(())
}
