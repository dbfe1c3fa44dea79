//! The command `partner-center`: a client of the Partner Center API on the command line.
//!
//! Standard output carries data only; errors, messages and progress go to standard error.

mod arguments;
mod auth;
mod completions;
mod credentials;
mod customers;
mod doctor;
mod emulator;
mod error;
mod interruption;
mod messages;
mod output;
mod progress;
mod session;
mod settings;
mod terminal;
mod text;

use arguments::{Arguments, AuthCommand, Command, CustomersCommand, MessageOptions, Options, TransportName};
use error::CommandError;
use messages::Messages;
use partner_center::{
    Reqwest, Transport, Ureq,
    transport::{DefaultTransport, Mode, Output},
};
use session::Session;
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    let Arguments { command, options } = Arguments::parse_command_line();
    messages::init_tracing(options.messages.verbose);
    match run(command, &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn run(command: Command, options: &Options) -> Result<(), CommandError> {
    let task = match command {
        Command::Customers(command) => Task::Customers(command),
        Command::Auth(AuthCommand::Status) => Task::AuthStatus,
        Command::Doctor => Task::Doctor,
        Command::Emulator(emulator) => {
            return emulator::serve_until_interrupted(emulator, &Messages::new(options.messages.quiet));
        }
        Command::Completions { shell } => return completions::print_script(shell),
        Command::Options => return print_options_help(),
    };
    let messages = task.messages(&options.messages);
    let done = interruption::exit_on_interruption(messages.progress())
        .and_then(|()| run_over_transport(task, options, &messages));
    messages.progress().clear();
    done
}

/// A command that calls the service.
enum Task {
    Customers(CustomersCommand),
    AuthStatus,
    Doctor,
}

impl Task {
    /// Returns the messages of the command, with a progress line where it has one.
    fn messages(&self, options: &MessageOptions) -> Messages {
        match self {
            Self::Customers(command) if command.stdin_count() > 0 && io::stdin().is_terminal() => {
                // A progress line would mix with the input.
                let messages = Messages::new(options.quiet);
                messages.print("type the IDs, one per line, and end the input with Ctrl-D");
                messages
            }
            Self::Customers(_) => Messages::with_progress(options),
            Self::AuthStatus | Self::Doctor => Messages::new(options.quiet),
        }
    }
}

/// Runs the task over the transport of the options: the async one needs a runtime.
fn run_over_transport(task: Task, options: &Options, messages: &Messages) -> Result<(), CommandError> {
    let emulator = session::start_emulator(&options.service)?;
    let session = Session::open(&options.service, emulator.as_ref())?;
    match options.service.transport {
        TransportName::Ureq => {
            let transport = Ureq::with_defaults().map_err(|error| CommandError::from_transport_setup(&error))?;
            run_task(task, transport, &session, messages)
        }
        TransportName::Reqwest => {
            let transport = Reqwest::with_defaults().map_err(|error| CommandError::from_transport_setup(&error))?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| CommandError::from_transport_setup(&error))?;
            runtime.block_on(run_task(task, transport, &session, messages))
        }
    }
}

/// Runs the task: directly over a blocking transport, as a future over an async one.
fn run_task<'a, X: Transport>(
    task: Task,
    transport: X,
    session: &'a Session<'_>,
    messages: &'a Messages,
) -> Output<'a, X, Result<(), CommandError>> {
    X::Mode::block_or_box(async move {
        match task {
            Task::Customers(command) => customers::run_command(command, transport, session, messages).await,
            Task::AuthStatus => auth::print_status(transport, session, messages).await,
            Task::Doctor => doctor::run(transport, session, messages).await,
        }
    })
}

/// Prints the text of `partner-center help options`.
fn print_options_help() -> Result<(), CommandError> {
    let mut command = Arguments::full_command();
    command.build();
    let help = command.find_subcommand_mut("options").map(|options| options.render_long_help().to_string());
    let mut stdout = io::stdout().lock();
    stdout.write_all(help.unwrap_or_default().as_bytes())?;
    Ok(stdout.flush()?)
}
