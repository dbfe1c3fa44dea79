//! The command `partner-center`: the customers of a Microsoft partner, from the command line.
//!
//! Standard output carries data and nothing else; everything that is said about it goes to standard error.

mod arguments;
mod auth;
mod completions;
mod customers;
mod doctor;
mod emulator;
mod failure;
mod identity;
mod interruption;
mod notes;
mod output;
mod progress;
mod session;
mod settings;
mod terminal;
mod text;

use arguments::{Arguments, AuthCommand, Command, CustomersCommand, NotesOptions, Options, TransportName};
use failure::Failure;
use notes::Notes;
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
    let Arguments { command, options } = Arguments::read();
    notes::trace(options.notes.verbose);
    match run(command, &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command, options: &Options) -> Result<(), Failure> {
    let task = match command {
        Command::Customers(command) => Task::Customers(command),
        Command::Auth(AuthCommand::Check) => Task::CheckCredential,
        Command::Doctor => Task::Doctor,
        Command::Emulator(emulator) => return emulator::serve(emulator, &Notes::new(options.notes.quiet)),
        Command::Completions { shell } => return completions::print(shell),
        Command::Options => return explain_options(),
    };
    let notes = task.notes(&options.notes);
    let done = interruption::exits(notes.progress()).and_then(|()| over_transport(task, options, &notes));
    notes.progress().end();
    done
}

/// What there is to do with the service.
enum Task {
    Customers(CustomersCommand),
    CheckCredential,
    Doctor,
}

impl Task {
    /// Where it says what it is doing.
    fn notes(&self, options: &NotesOptions) -> Notes {
        match self {
            Self::Customers(command) if command.inputs() > 0 && io::stdin().is_terminal() => {
                // A line of progress would mix with what is typed.
                let notes = Notes::new(options.quiet);
                notes.say("type the IDs, one a line; the end of the input (Ctrl-D) ends them");
                notes
            }
            Self::Customers(_) => Notes::with_progress(options),
            Self::CheckCredential | Self::Doctor => Notes::new(options.quiet),
        }
    }
}

/// The one place where the transports differ: one is done when it returns, the other needs a runtime to drive it.
fn over_transport(task: Task, options: &Options, notes: &Notes) -> Result<(), Failure> {
    let emulator = session::emulator(&options.service)?;
    let session = Session::open(&options.service, emulator.as_ref())?;
    match options.service.transport {
        TransportName::Ureq => {
            let transport = Ureq::with_defaults().map_err(|error| Failure::of_transport(&error))?;
            perform(task, transport, &session, notes)
        }
        TransportName::Reqwest => {
            let transport = Reqwest::with_defaults().map_err(|error| Failure::of_transport(&error))?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Failure::of_transport(&error))?;
            runtime.block_on(perform(task, transport, &session, notes))
        }
    }
}

/// At once over a blocking transport, as a future over an async one.
fn perform<'a, X: Transport>(
    task: Task,
    transport: X,
    session: &'a Session<'_>,
    notes: &'a Notes,
) -> Output<'a, X, Result<(), Failure>> {
    X::Mode::block_or_box(async move {
        match task {
            Task::Customers(command) => customers::perform(command, transport, session, notes).await,
            Task::CheckCredential => auth::check(transport, session, notes).await,
            Task::Doctor => doctor::examine(transport, session, notes).await,
        }
    })
}

/// As `partner-center help options` has it.
fn explain_options() -> Result<(), Failure> {
    let mut grammar = Arguments::grammar();
    grammar.build();
    let help = grammar.find_subcommand_mut("options").map(|options| options.render_long_help().to_string());
    let mut stdout = io::stdout().lock();
    stdout.write_all(help.unwrap_or_default().as_bytes())?;
    Ok(stdout.flush()?)
}
