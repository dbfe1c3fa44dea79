//! The emulator process that the manual checks test against.

use crate::workspace::{run_cargo, target_folder};
use anyhow::{Context as _, Result};
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The command that starts it.
const EMULATOR_COMMAND: &str = "emulator";

/// The access token that it expects.
pub(crate) const EMULATOR_TOKEN: &str = "emulator-token";

/// Builds the command line and returns its path.
pub(crate) fn build_command_line(root: &Path) -> Result<PathBuf> {
    run_cargo(root, "build --package partner-center-cli")?;
    Ok(target_folder(root).join("debug/partner-center"))
}

/// An emulator, which is stopped on drop.
pub(crate) struct Emulator {
    process: Child,
    pub(crate) url: String,
}

impl Emulator {
    /// Starts an emulator with these options and [`EMULATOR_TOKEN`]; `program` is the command line.
    pub(crate) fn start(program: &Path, options: &[&str]) -> Result<Self> {
        let process = Command::new(program)
            .args([EMULATOR_COMMAND, "--quiet", "--token", EMULATOR_TOKEN])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut emulator = Self { process, url: String::new() };
        let mut line = String::new();
        if let Some(output) = emulator.process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let url = line.trim_end().strip_prefix("listening on ").context("the emulator does not print its address")?;
        url.clone_into(&mut emulator.url);
        Ok(emulator)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
