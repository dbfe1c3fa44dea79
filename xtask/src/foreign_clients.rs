//! Clients of other vendors against the emulator over TLS: MSAL and azure-identity get tokens from it.

use crate::{
    emulator::{Emulator, build_command_line},
    workspace::{ensure_python_environment, run_successfully, target_folder},
};
use anyhow::Result;
use std::{path::Path, process::Command};

/// The packages that are installed from the Python Package Index. Their dependencies are not pinned.
const PYTHON_PACKAGES: [&str; 2] = ["azure-identity==1.27.0", "msal==1.39.0"];

/// Runs the check. Needs Python 3.10 or newer, and the network on the first run.
pub(crate) fn run_foreign_clients_check(root: &Path) -> Result<()> {
    let target = target_folder(root);
    let environment = ensure_python_environment(&target, "foreign-clients", &PYTHON_PACKAGES)?;
    let ca_file = target.join("foreign-clients.pem");
    let ca_option = format!("--ca-file={}", ca_file.display());
    let emulator = Emulator::start(&build_command_line(root)?, &["--tls", &ca_option])?;
    let mut command = Command::new(environment.join("bin/python"));
    command.arg(root.join("xtask/src/foreign_clients/authenticate.py")).arg(&emulator.url).arg(&ca_file);
    run_successfully(&mut command)
}
