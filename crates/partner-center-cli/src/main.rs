//! The command `partner-center`: a client of the Partner Center API on the command line.
//!
//! Standard output carries data only; errors, messages and progress go to standard error.

mod arguments;
mod commands;
mod credentials;
mod customer_names;
mod error;
mod error_format;
mod interruption;
mod messages;
mod output;
mod private_file;
mod progress;
mod recorder;
mod result_files;
mod session;
mod settings;
mod terminal;
mod text;

use arguments::{
    ApiCall, Arguments, AuthCommand, BuiltInCommand, Command, DoctorCommand, MessageOptions, Options, TransportName,
    VerifyCommand,
    operations::{CommandLineWords, OperationCall, naming::ResourceNoun},
};
use error::CommandError;
use messages::Messages;
use partner_center::{
    Reqwest, Transport, Ureq,
    transport::{DefaultTransport, Mode, Output},
};
use recorder::{Recorder, RecordingTransport};
use session::Session;
use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

fn main() -> ExitCode {
    if commands::print_requested_completions() {
        return ExitCode::SUCCESS;
    }
    let Arguments { command, options } = Arguments::parse_command_line();
    messages::init_tracing(options.messages.verbose);
    match run_command(command, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.print_and_exit_code(),
    }
}

fn run_command(command: Command, options: Options) -> Result<(), CommandError> {
    let messages = Messages::new(options.messages.quiet);
    result_files::begin_result_files(&command, &options.service)?;
    output::end_output_file(run_with_output(command, options), &messages)
}

fn run_with_output(command: Command, options: Options) -> Result<(), CommandError> {
    let may_make_changes = result_files::may_make_changes(&command);
    let task = match command {
        Command::Operation(call) if call.options.shows_example_body => {
            return commands::print_example_body(&call, &Messages::new(options.messages.quiet));
        }
        Command::Operation(call) => ServiceTask::Operation(call),
        Command::BuiltIn(command) => match command {
            BuiltInCommand::Api(call) => ServiceTask::Api(call),
            BuiltInCommand::Auth(command) => ServiceTask::Auth(command),
            BuiltInCommand::Config(command) => {
                let messages = Messages::new(options.messages.quiet);
                return commands::run_config(command, &options.service, &messages);
            }
            BuiltInCommand::Doctor(command) => ServiceTask::Doctor(command),
            BuiltInCommand::Emulator(emulator) => {
                return commands::serve_until_interrupted(*emulator, &Messages::new(options.messages.quiet));
            }
            BuiltInCommand::Verify(command) => ServiceTask::Verify(command),
            BuiltInCommand::Mcp(command) => return commands::serve_tools(&command, options),
            BuiltInCommand::Completions { shell } => return commands::print_completion_script(shell),
            BuiltInCommand::Man { folder } => return commands::write_manual(&folder),
            BuiltInCommand::Automation => return print_help_topic("automation"),
            BuiltInCommand::Options => return print_help_topic("options"),
        },
    };
    let messages = task.build_messages(&options.messages);
    let done = interruption::exit_on_interruption(&messages)
        .and_then(|()| run_over_transport(task, may_make_changes, &options, &messages));
    messages.progress_line().clear();
    done
}

/// A command that calls the service.
enum ServiceTask {
    Operation(Box<OperationCall>),
    Api(ApiCall),
    Auth(AuthCommand),
    Doctor(DoctorCommand),
    Verify(VerifyCommand),
}

impl ServiceTask {
    /// Whether it creates the profile that an option names.
    fn creates_profile(&self) -> bool {
        matches!(self, Self::Auth(AuthCommand::Login(_)))
    }

    /// Returns the messages of the command, with a progress line where it has one.
    fn build_messages(&self, options: &MessageOptions) -> Messages {
        match self {
            Self::Operation(call) if call.reads_ids_from_stdin() && io::stdin().is_terminal() => {
                // A progress line would mix with the input.
                let messages = Messages::new(options.quiet);
                messages.print("type the IDs, one per line, and end the input with Ctrl-D");
                messages
            }
            // So would the question whether to go on.
            Self::Operation(call) if call.may_need_confirmation() => Messages::new(options.quiet),
            Self::Operation(call) if call.options.bulk.prints_customers() => {
                Messages::with_progress(options, ResourceNoun::new("customers"))
            }
            Self::Operation(call) => Messages::with_progress(options, call.result_resource_noun()),
            Self::Api(call) if call.paginate => Messages::with_progress(options, ResourceNoun::new("items")),
            Self::Api(_) | Self::Auth(_) | Self::Doctor(_) | Self::Verify(_) => Messages::new(options.quiet),
        }
    }
}

/// Runs the task over the transport of the options: the async one needs a runtime.
fn run_over_transport(
    task: ServiceTask,
    may_make_changes: bool,
    options: &Options,
    messages: &Messages,
) -> Result<(), CommandError> {
    let emulator = session::start_emulator_if_requested(&options.service, messages)?;
    let session = Session::open(&options.service, emulator.as_ref(), task.creates_profile())?;
    let recorder = options.service.record.as_deref().map(Recorder::for_file).transpose()?;
    let outcome = match options.service.transport {
        TransportName::Ureq => {
            let transport = Ureq::with_defaults().map_err(|error| CommandError::from_transport_setup_error(&error))?;
            run_task(task, with_recorder(transport, recorder.as_ref(), &session), &session, messages)
        }
        TransportName::Reqwest => {
            let transport =
                Reqwest::with_defaults().map_err(|error| CommandError::from_transport_setup_error(&error))?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| CommandError::from_transport_setup_error(&error))?;
            runtime.block_on(run_task(task, with_recorder(transport, recorder.as_ref(), &session), &session, messages))
        }
    };
    let Some(recorder) = recorder else { return outcome };
    // The output does not depend on whether the recording can be written.
    let outcome = output::end_output_file(outcome, messages);
    let written = recorder.write_file(messages);
    // Also what led to a failure is recorded, which is the one to report then.
    outcome.and(written.map_err(|error| {
        if may_make_changes {
            error.after_change_without("the change was made", "its recording could not be written")
        } else {
            error
        }
    }))
}

/// Always of the same type, so that the commands are compiled once for each transport.
fn with_recorder<X>(transport: X, recorder: Option<&Recorder>, session: &Session<'_>) -> RecordingTransport<X> {
    match recorder {
        Some(recorder) => recorder.record(transport, &session.base_url),
        None => RecordingTransport::without_recording(transport),
    }
}

/// Runs the task: directly over a blocking transport, as a future over an async one.
fn run_task<'a, X: Transport>(
    task: ServiceTask,
    transport: X,
    session: &'a Session<'_>,
    messages: &'a Messages,
) -> Output<'a, X, Result<(), CommandError>> {
    X::Mode::block_or_box(async move {
        match task {
            ServiceTask::Operation(call) => commands::run_operation(*call, transport, session, messages).await,
            ServiceTask::Api(call) => commands::run_api_command(call, transport, session, messages).await,
            ServiceTask::Auth(AuthCommand::Login(command)) => {
                commands::sign_in(command, transport, session, messages).await
            }
            ServiceTask::Auth(AuthCommand::Logout) => commands::sign_out(session, messages),
            ServiceTask::Auth(AuthCommand::Status) => commands::print_status(transport, session, messages).await,
            ServiceTask::Auth(AuthCommand::Token) => commands::print_token(transport, session, messages).await,
            ServiceTask::Doctor(command) => commands::run_doctor(&command, transport, session, messages).await,
            ServiceTask::Verify(command) => commands::run_verify(command, transport, session, messages).await,
        }
    })
}

/// Prints the text of `partner-center help TOPIC`.
fn print_help_topic(topic: &str) -> Result<(), CommandError> {
    let mut command = Arguments::build_clap_command(CommandLineWords::Some { words: &[], command: Some(topic) });
    command.build();
    let help = command.find_subcommand_mut(topic).map(|topic| topic.render_long_help().to_string());
    Ok(output::write_output(help.unwrap_or_default().as_bytes())?)
}
