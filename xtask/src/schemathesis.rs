//! The emulator against the specification: `schemathesis` sends requests that the specification allows or forbids, and verifies
//! the responses.

use crate::{
    emulator::{EMULATOR_TOKEN, Emulator, build_command_line},
    workspace::{BUNDLE_FILE, python_environment, run_successfully, target_folder},
};
use anyhow::Result;
use std::{path::Path, process::Command};

/// The release that is installed from the Python Package Index. Its dependencies are not pinned.
const SCHEMATHESIS_VERSION: &str = "4.32.5";

/// The number of requests that are made up for each operation, besides those that cover its parameters one by one.
const MAX_EXAMPLES: &str = "200";

/// The number of customers; some of them are those of Microsoft's documentation.
const EMULATOR_CUSTOMER_COUNT: &str = "1000";

/// Runs the check. Needs Python 3.10 or newer, and the network on the first run.
pub(crate) fn run(root: &Path) -> Result<()> {
    let target = target_folder(root);
    let environment = python_environment(&target, "schemathesis", &[&format!("schemathesis=={SCHEMATHESIS_VERSION}")])?;
    let schemathesis = environment.join("bin/schemathesis");
    let emulator = Emulator::start(&build_command_line(root)?, &["--customers", EMULATOR_CUSTOMER_COUNT])?;
    let command = |phases: &str| {
        let mut command = Command::new(&schemathesis);
        command
            // It writes files to the current folder.
            .current_dir(&target)
            .arg("run")
            .arg(root.join(BUNDLE_FILE))
            .args(["--url", &emulator.url, "--checks", "all", "--continue-on-failure", "--phases", phases])
            .args(["--max-examples", MAX_EXAMPLES, "--header", &format!("Authorization: Bearer {EMULATOR_TOKEN}")])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    run_successfully(
        command("examples,coverage,fuzzing")
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("PYTHONPATH", root.join("xtask/src/schemathesis"))
            .env("EMULATOR_URL", &emulator.url)
            .env("EMULATOR_TOKEN", EMULATOR_TOKEN),
    )?;
    // From a list to its customers and its next page by the links of the specification alone. Without hooks, most filters are
    // invalid, and the 400 they get is correct.
    run_successfully(command("stateful").args(["--exclude-checks", "positive_data_acceptance"]))
}
