//! Runs the binary.

use std::process::{Command, Output, Stdio};

pub(crate) const DOCUMENTED: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";

/// The variables that would change the command.
pub(crate) const UNSET: [&str; 35] = [
    "PARTNER_CENTER_TOKEN",
    "PARTNER_CENTER_TOKEN_FILE",
    "PARTNER_CENTER_TENANT_ID",
    "PARTNER_CENTER_CLIENT_ID",
    "PARTNER_CENTER_CLIENT_SECRET",
    "PARTNER_CENTER_CLIENT_SECRET_FILE",
    "PARTNER_CENTER_REFRESH_TOKEN",
    "PARTNER_CENTER_REFRESH_TOKEN_FILE",
    "PARTNER_CENTER_CLIENT_CERTIFICATE_FILE",
    "PARTNER_CENTER_FEDERATED_TOKEN_FILE",
    "PARTNER_CENTER_PROFILE",
    "PARTNER_CENTER_TOKEN_CACHE",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "PARTNER_CENTER_CLOUD",
    "PARTNER_CENTER_BASE_URL",
    "PARTNER_CENTER_AUTHORITY",
    "PARTNER_CENTER_AUDIENCE",
    "PARTNER_CENTER_MAX_ATTEMPTS",
    "PARTNER_CENTER_MAX_RETRY_AFTER",
    "PARTNER_CENTER_CONFIG",
    "XDG_CONFIG_HOME",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Returns the command with `arguments` and an environment that is the same on every machine.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partner-center"));
    command.args(arguments).stdin(Stdio::null());
    for name in UNSET {
        command.env_remove(name);
    }
    // There is no configuration file in this folder.
    command.env("HOME", env!("CARGO_TARGET_TMPDIR"));
    // Tests that run at the same time would share the tokens.
    command.env("PARTNER_CENTER_TOKEN_CACHE", "off");
    command
}

/// The exit status and output of a command.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for CommandOutput {
    fn from(output: Output) -> Self {
        let ended = Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ended.stderr.contains("note: the emulator's verdict is"), "the command is found guilty: {ended:?}");
        ended
    }
}

pub(crate) fn run(arguments: &[&str]) -> CommandOutput {
    command(arguments).output().unwrap().into()
}

/// Runs the command against the service at `url`.
pub(crate) fn run_at(url: &str, arguments: &[&str]) -> CommandOutput {
    let mut command = command(arguments);
    command.env("PARTNER_CENTER_TOKEN", "token").env("PARTNER_CENTER_BASE_URL", url).output().unwrap().into()
}

/// Returns the standard output of a command that succeeds without messages.
pub(crate) fn stdout(arguments: &[&str]) -> String {
    let ended = run(arguments);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ended.stdout
}
