//! The command `partner-center`: the customers of a Microsoft partner, from the command line.
//!
//! Standard output carries data and nothing else; everything that is said about it goes to standard error.

mod arguments;
mod customers;
mod failure;
mod interruption;
mod notes;
mod output;
mod sandbox;
mod session;

use arguments::{Arguments, Command, Options, TransportName};
use clap::CommandFactory;
use failure::Failure;
use notes::Notes;
use output::Printer;
use partner_center::{DefaultTransport, Reqwest, Ureq};
use session::Session;
use std::{
    io::{self, Write},
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
    match command {
        Command::Customers(command) => customers(command, options),
        Command::Sandbox(sandbox) => sandbox::serve(sandbox, Notes::new(options.notes.quiet)),
        Command::Completions { shell } => completions(shell),
    }
}

/// The one place where the transports differ: one is done when it returns, the other needs a runtime to drive it.
fn customers(command: arguments::CustomersCommand, options: &Options) -> Result<(), Failure> {
    interruption::exits()?;
    let session = Session::open(&options.customers)?;
    let printer = Printer::new(options.customers.output, Notes::new(options.notes.quiet));
    match options.customers.transport {
        TransportName::Ureq => {
            let transport = Ureq::with_defaults().map_err(|error| Failure::of_transport(&error))?;
            customers::perform(session.client(transport)?, command, printer)
        }
        TransportName::Reqwest => {
            let transport = Reqwest::with_defaults().map_err(|error| Failure::of_transport(&error))?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Failure::of_transport(&error))?;
            runtime.block_on(customers::perform(session.client(transport)?, command, printer))
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    // By way of memory: written straight to a pipe that is closed, it would panic.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "partner-center", &mut script);
    let mut stdout = io::stdout().lock();
    stdout.write_all(&script)?;
    Ok(stdout.flush()?)
}
