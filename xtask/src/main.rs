//! The project's own tasks: `cargo xtask`.

mod api;
mod check;
mod dialect;
mod diff;
mod document;
mod emulator;
mod foreign_clients;
mod generate;
mod generators;
mod problems;
mod schemathesis;
mod workspace;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

/// The tasks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Write the files that are generated from spec/partner-center.yaml.
    Codegen {
        /// Write nothing; fail if a file is not up to date.
        #[arg(long)]
        check: bool,
        /// The root of another workspace to work on.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
    /// Write the specification as one file for other tools, as `codegen` does with spec/openapi.yaml.
    Bundle {
        /// The file to write, instead of spec/openapi.yaml.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The root of another workspace to work on.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
    /// Write the public API of each library to its api.txt.
    Api {
        /// Write nothing; fail if an API differs from its api.txt.
        #[arg(long)]
        check: bool,
    },
    /// Say what has changed for users since a revision: an entry of the changelog, and the version that it asks for.
    ///
    /// It compares the specification and the api.txt of each library with those of the revision.
    Diff {
        /// A revision of git, such as the tag of the last release.
        revision: String,
    },
    /// Write the recording docs/first-list.cast, which `asciinema play` shows.
    Record,
    /// Run the checks that `cargo test --workspace` does not make.
    ///
    /// The first run installs `cargo hack` and `cargo deny` below target/.
    #[command(after_help = format!("Checks:\n{}", check::describe_checks()))]
    Check {
        /// Run this check only, instead of all of them.
        name: Option<String>,
    },
    /// Test the emulator against the specification with `schemathesis`.
    ///
    /// It is installed from the Python Package Index below target/.
    Schemathesis(schemathesis::SchemathesisOptions),
    /// Test the specification with generators of clients, a mock server and linters.
    ///
    /// They are installed from the Python Package Index, npm and crates.io below target/.
    Generators,
    /// Get tokens from the emulator over TLS with MSAL and azure-identity.
    ///
    /// They are installed from the Python Package Index below target/.
    ForeignClients,
}

fn main() -> ExitCode {
    match run_task(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the exit status alone tells.
            let _ = writeln!(io::stderr().lock(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_task(task: Option<Task>) -> Result<()> {
    match task {
        None => Ok(Arguments::command().print_help()?),
        Some(Task::Codegen { check, root }) => {
            let root = root.unwrap_or_else(workspace::workspace_root);
            for warning in
                if check { generate::check_generated_files(&root) } else { generate::write_generated_files(&root) }?
            {
                writeln!(io::stderr().lock(), "warning: {warning}")?;
            }
            Ok(())
        }
        Some(Task::Bundle { output, root }) => {
            let root = root.unwrap_or_else(workspace::workspace_root);
            generate::write_bundle(&root, output.as_deref())
        }
        Some(Task::Api { check }) => {
            let root = workspace::workspace_root();
            if check { api::check_api_listings(&root) } else { api::write_api_listings(&root) }
        }
        Some(Task::Diff { revision }) => {
            let changes = diff::describe_changes(&workspace::workspace_root(), &revision)?;
            Ok(write!(io::stdout().lock(), "{changes}")?)
        }
        Some(Task::Record) => record_terminal_session(),
        Some(Task::Check { name }) => check::run_checks(&workspace::workspace_root(), name.as_deref()),
        Some(Task::ForeignClients) => foreign_clients::run_foreign_clients_check(&workspace::workspace_root()),
        Some(Task::Schemathesis(options)) => schemathesis::run_schemathesis(&workspace::workspace_root(), &options),
        Some(Task::Generators) => generators::run_generator_checks(&workspace::workspace_root()),
    }
}

/// Runs the test that makes the recording.
fn record_terminal_session() -> Result<()> {
    let arguments = "test --package partner-center-cli --test cli recording";
    let mut test = workspace::cargo_command(&workspace::workspace_root(), arguments);
    workspace::run_successfully(test.env("PARTNER_CENTER_RECORD", "1"))
}
