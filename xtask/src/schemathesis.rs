//! The emulator against the specification: `schemathesis` sends requests that the specification allows or forbids, and verifies
//! the responses.

use crate::{
    emulator::{EMULATOR_TOKEN, Emulator, build_command_line},
    generate::write_emulator_test_bundle,
    workspace::{ensure_python_environment, run_successfully, target_folder},
};
use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::Path,
    process::Command,
};

/// The release that is installed from the Python Package Index. Its dependencies are not pinned.
const SCHEMATHESIS_VERSION: &str = "4.32.5";

/// The number of customers; some of them are those of Microsoft's documentation.
const EMULATOR_CUSTOMER_COUNT: &str = "1000";

/// The checks that those of the hooks replace.
const REPLACED_CHECKS: &str = "negative_data_rejection,positive_data_acceptance";

/// The maximum number of requests of a sequence. Hypothesis bounds the random bytes of one, which are used up at about ten requests
/// with bodies.
const MAX_STEPS_OF_SEQUENCE: u32 = 30;

/// What to run, and for how long.
#[derive(Args)]
pub(crate) struct SchemathesisOptions {
    /// Run this phase only, instead of all of them.
    #[arg(long)]
    phase: Option<Phase>,
    /// The seed of what is made up.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of requests that are made up for each operation, besides those that cover its parameters one by one.
    #[arg(long, default_value_t = 200)]
    examples: u32,
    /// The time for sequences of requests, in minutes.
    #[arg(long, default_value_t = 15)]
    minutes: u32,
}

/// A phase, which begins with an emulator as it starts.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Phase {
    /// The examples of the specification, and each parameter on its own.
    Coverage,
    /// Made-up requests.
    Fuzzing,
    /// Sequences of requests, along what the responses have in common with the parameters of others.
    Stateful,
}

/// Runs the check. Needs Python 3.10 or newer, and the network on the first run.
pub(crate) fn run_schemathesis(root: &Path, options: &SchemathesisOptions) -> Result<()> {
    let target = target_folder(root);
    write_emulator_test_bundle(root, &target.join("openapi-strict.yaml"))?;
    ensure_python_environment(&target, "schemathesis", &[&format!("schemathesis=={SCHEMATHESIS_VERSION}")])?;
    let command_line = build_command_line(root)?;
    for phase in [Phase::Coverage, Phase::Fuzzing, Phase::Stateful] {
        if options.phase.is_none_or(|wanted| wanted == phase) {
            run_phase(root, &target, &command_line, phase, options)?;
        }
    }
    Ok(())
}

fn run_phase(
    root: &Path,
    target: &Path,
    command_line: &Path,
    phase: Phase,
    options: &SchemathesisOptions,
) -> Result<()> {
    let settings = target.join("schemathesis.toml");
    fs::write(&settings, format!("[phases.stateful]\nmax-steps = {MAX_STEPS_OF_SEQUENCE}\n"))?;
    let responses = target.join("schemathesis-responses.json");
    // Those of an earlier phase say nothing of this one.
    if responses.exists() {
        fs::remove_file(&responses)?;
    }
    let package = format!("schemathesis/schemathesis=={SCHEMATHESIS_VERSION}/bin/schemathesis");
    let emulator = Emulator::start(command_line, &["--customers", EMULATOR_CUSTOMER_COUNT])?;
    let mut command = Command::new(target.join(package));
    // It writes files to the current folder.
    command.current_dir(target).arg("--config-file").arg(&settings).arg("run").arg(target.join("openapi-strict.yaml"));
    command.args(["--url", &emulator.url, "--continue-on-failure"]);
    command.args(["--checks", "all", "--exclude-checks", REPLACED_CHECKS]);
    command.args(["--header", &format!("Authorization: Bearer {EMULATOR_TOKEN}")]);
    command.args(["--seed", &options.seed.to_string(), "--max-examples", &options.examples.to_string()]);
    match phase {
        Phase::Coverage => command.args(["--phases", "examples,coverage"]),
        Phase::Fuzzing => command.args(["--phases", "fuzzing"]),
        // It repeats its sequences until the time is over; without one, it ends at the first that it takes for flaky.
        Phase::Stateful => command.args(["--phases", "stateful", "--max-time", &(options.minutes * 60).to_string()]),
    };
    let result = run_successfully(
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("PYTHONPATH", root.join("xtask/src/schemathesis"))
            .env("EMULATOR_URL", &emulator.url)
            .env("EMULATOR_TOKEN", EMULATOR_TOKEN)
            .env("RESPONSES_FILE", &responses),
    );
    let described = describe_responses(&responses);
    result.and(described)
}

/// Prints how many operations had a successful response, and those that had none.
fn describe_responses(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).context("the hooks have written no report")?;
    let responses: BTreeMap<String, BTreeMap<String, u64>> = serde_json::from_str(&text)?;
    let is_successful = |statuses: &BTreeMap<String, u64>| statuses.keys().any(|status| status.starts_with('2'));
    let others: Vec<_> = responses.iter().filter(|(_, statuses)| !is_successful(statuses)).collect();
    let requests: u64 = responses.values().flat_map(BTreeMap::values).sum();
    let (all, reached) = (responses.len(), responses.len() - others.len());
    let mut output = io::stdout().lock();
    writeln!(output, "{requests} requests; {reached} of {all} operations had a successful response")?;
    for (id, statuses) in others {
        writeln!(
            output,
            "  {id}: {}",
            if statuses.is_empty() { "not reached".into() } else { format!("{statuses:?}") }
        )?;
    }
    Ok(())
}
