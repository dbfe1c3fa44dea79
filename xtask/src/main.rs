//! The project's own tasks: `cargo xtask`.

mod api;
mod check;
mod dialect;
mod document;
mod emulator;
mod foreign_clients;
mod generate;
mod generators;
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
    /// Write what is generated from spec/partner-center.yaml.
    Codegen {
        /// Write nothing; fail if a file is not what would be written.
        #[arg(long)]
        check: bool,
        /// The workspace to work on, instead of this one.
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
    /// Write the public API of each library to its api.txt.
    Api {
        /// Write nothing; fail if an API is not the one that is listed.
        #[arg(long)]
        check: bool,
    },
    /// Check what `cargo test --workspace` does not see: formatting, lints, documentation, public APIs, feature sets,
    /// dependencies and their licences, packages. It installs `cargo hack` and `cargo deny` below target/.
    Check {
        /// Only the checks that have this in their names.
        #[arg(default_value = "", hide_default_value = true)]
        part: String,
    },
    /// Hold the emulator against the specification with `schemathesis`, which is installed from the Python Package Index
    /// under target/.
    Schemathesis,
    /// Hold the specification against generators of clients, a mock server and linters, which are installed from the Python
    /// Package Index, npm and crates.io under target/.
    Generators,
    /// Let MSAL and azure-identity get tokens from the emulator over TLS. They are installed from the Python Package Index
    /// under target/.
    ForeignClients,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the exit status has to do.
            let _ = writeln!(io::stderr().lock(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Option<Task>) -> Result<()> {
    match task {
        None => Ok(Arguments::command().print_help()?),
        Some(Task::Codegen { check, root }) => {
            let root = root.unwrap_or_else(workspace::workspace_root);
            for warning in if check { generate::check(&root) } else { generate::write(&root) }? {
                writeln!(io::stderr().lock(), "warning: {warning}")?;
            }
            Ok(())
        }
        Some(Task::Api { check }) => {
            let root = workspace::workspace_root();
            if check { api::check(&root) } else { api::write(&root) }
        }
        Some(Task::Check { part }) => check::run(&workspace::workspace_root(), &part),
        Some(Task::ForeignClients) => foreign_clients::run(&workspace::workspace_root()),
        Some(Task::Schemathesis) => schemathesis::run(&workspace::workspace_root()),
        Some(Task::Generators) => generators::run(&workspace::workspace_root()),
    }
}
