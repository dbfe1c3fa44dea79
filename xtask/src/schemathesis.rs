//! Holds the sandbox against the specification: `schemathesis` asks whatever the specification allows or forbids, and
//! judges the answers.

use crate::workspace::{cargo, python_environment, succeed, target};
use anyhow::{Context as _, Result};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// The release that is installed from the Python Package Index.
const VERSION: &str = "4.32.5";

/// How many requests are made up for each operation, besides those that cover its parameters one by one.
const EXAMPLES: &str = "200";

const TOKEN: &str = "sandbox-token";

/// Needs Python 3.10 or newer, and the network when it runs for the first time.
pub(crate) fn run(root: &Path) -> Result<()> {
    let target = target(root);
    let environment = python_environment(&target, "schemathesis", &[&format!("schemathesis=={VERSION}")])?;
    cargo(root, "build --package partner-center-cli")?;
    let sandbox = Sandbox::start(&target.join("debug/partner-center"), &["--token", TOKEN])?;
    let mut command = Command::new(environment.join("bin/schemathesis"));
    command
        // It leaves its own files where it runs.
        .current_dir(&target)
        .arg("run")
        .arg(root.join("spec/partner-center.yaml"))
        .args(["--url", &sandbox.url, "--checks", "all", "--continue-on-failure"])
        .args(["--max-examples", EXAMPLES, "--header", &format!("Authorization: Bearer {TOKEN}")])
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", root.join("xtask/src/schemathesis"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SANDBOX_URL", &sandbox.url)
        .env("SANDBOX_TOKEN", TOKEN);
    succeed(&mut command)
}

/// A sandbox that ends with this.
pub(crate) struct Sandbox {
    process: Child,
    pub(crate) url: String,
}

impl Sandbox {
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let process = Command::new(program)
            .args(["sandbox", "--quiet"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut sandbox = Self { process, url: String::new() };
        let mut line = String::new();
        if let Some(output) = sandbox.process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let url = line.trim_end().strip_prefix("listening on ").context("the sandbox does not say where it listens")?;
        url.clone_into(&mut sandbox.url);
        Ok(sandbox)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
