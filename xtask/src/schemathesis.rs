//! The emulator against the specification: `schemathesis` sends requests that the specification allows or forbids, and verifies
//! the responses.

use crate::{
    emulator::{EMULATOR_TOKEN, Emulator, build_command_line},
    generate::write_emulator_test_bundle,
    workspace::{ensure_python_environment, run_successfully, target_folder},
};
use anyhow::Result;
use std::{path::Path, process::Command};

/// The release that is installed from the Python Package Index. Its dependencies are not pinned.
const SCHEMATHESIS_VERSION: &str = "4.32.5";

/// The number of requests that are made up for each operation, besides those that cover its parameters one by one.
const MAX_EXAMPLES_PER_OPERATION: &str = "200";

/// The number of customers; some of them are those of Microsoft's documentation.
const EMULATOR_CUSTOMER_COUNT: &str = "1000";

/// The checks that those of the hooks replace.
const REPLACED_CHECKS: &str = "negative_data_rejection,positive_data_acceptance";

/// Runs the check. Needs Python 3.10 or newer, and the network on the first run.
///
/// First come the examples and each parameter on its own, then made-up requests, and then sequences of requests along what the
/// responses have in common with the parameters of others. Each begins with an emulator as it starts.
pub(crate) fn run_schemathesis(root: &Path) -> Result<()> {
    let target = target_folder(root);
    let specification = target.join("openapi-strict.yaml");
    write_emulator_test_bundle(root, &specification)?;
    let environment =
        ensure_python_environment(&target, "schemathesis", &[&format!("schemathesis=={SCHEMATHESIS_VERSION}")])?;
    let command_line = build_command_line(root)?;
    for phases in ["examples,coverage", "fuzzing", "stateful"] {
        let emulator = Emulator::start(&command_line, &["--customers", EMULATOR_CUSTOMER_COUNT])?;
        run_successfully(
            Command::new(environment.join("bin/schemathesis"))
                // It writes files to the current folder.
                .current_dir(&target)
                .arg("run")
                .arg(&specification)
                .args(["--url", &emulator.url, "--continue-on-failure", "--phases", phases])
                .args(["--checks", "all", "--exclude-checks", REPLACED_CHECKS])
                .args([
                    "--max-examples",
                    MAX_EXAMPLES_PER_OPERATION,
                    "--header",
                    &format!("Authorization: Bearer {EMULATOR_TOKEN}"),
                ])
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("SCHEMATHESIS_HOOKS", "hooks")
                .env("PYTHONPATH", root.join("xtask/src/schemathesis"))
                .env("EMULATOR_URL", &emulator.url)
                .env("EMULATOR_TOKEN", EMULATOR_TOKEN),
        )?;
    }
    Ok(())
}
