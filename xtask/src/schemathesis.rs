//! Holds the sandbox against the specification: `schemathesis` asks whatever the specification allows or forbids, and
//! judges the answers.

use crate::workspace::{cargo, succeed, target};
use anyhow::{Context as _, Result};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
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
    let schemathesis = installed(&target)?;
    cargo(root, "build --package partner-center-cli")?;
    let sandbox = Sandbox::start(&target.join("debug/partner-center"))?;
    let mut command = Command::new(schemathesis);
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

/// The program, in an environment of its own under `target`.
fn installed(target: &Path) -> Result<PathBuf> {
    let environment = target.join("schemathesis").join(VERSION);
    let program = environment.join("bin/schemathesis");
    if !program.exists() {
        fs::create_dir_all(&environment)?;
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let package = format!("schemathesis=={VERSION}");
        succeed(Command::new(environment.join("bin/pip")).args(["install", "--quiet", &package]))?;
    }
    Ok(program)
}

/// A sandbox that ends with this.
struct Sandbox {
    process: Child,
    url: String,
}

impl Sandbox {
    fn start(program: &Path) -> Result<Self> {
        let process = Command::new(program)
            .args(["sandbox", "--quiet", "--token", TOKEN])
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
