//! Each feature alone and in combination. A build of the workspace unifies features, and so does not notice one that lacks
//! another.

use crate::workspace::{
    LIBRARY_CRATES, ensure_tool_installed, package_metadata, published_crates, run_cargo, run_successfully,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::{path::Path, process::Command};

/// The release of `cargo hack` that is installed.
const CARGO_HACK_VERSION: &str = "0.6.46";

/// The crate with the areas and the conversions.
const MODELS_CRATE: &str = "partner-center-models";

/// What `cargo test` runs, but for building the examples, which have checks of their own.
const TESTS_WITHOUT_EXAMPLES: [&str; 2] = ["--tests", "--doc"];

/// Features that only add conversions into the types of a library.
const CONVERSION_FEATURES: [&str; 4] = ["chrono", "jiff", "rust_decimal", "time"];

/// Crates whose features are many, with those that are combined as if they were one: they do not depend on each other, and all
/// combinations would take hours.
const GROUPED_FEATURES: [(&str, &[&str]); 3] = [
    ("partner-center-core", &["gzip,rustls,sign-in,webhook-events"]),
    ("partner-center-emulator", &["persistence,tls"]),
    ("partner-center", &["rustls,no-wire-log,sign-in", "journal,webhook-events,full"]),
];

/// Verifies that each published crate builds without a warning with each combination of its features, and the models with each
/// area and each conversion alone.
pub(super) fn check_feature_combinations(root: &Path) -> Result<()> {
    run_with_feature_combinations(
        root,
        "clippy --all-targets --feature-powerset",
        &published_crates().collect::<Vec<_>>(),
        &["--", "-D", "warnings"],
    )?;
    let mut hack = cargo_hack_command(root, "clippy --all-targets --each-feature", [MODELS_CRATE])?;
    run_successfully(hack.args(["--", "-D", "warnings"]))
}

/// Runs the task with the combinations of the features of each crate.
fn run_with_feature_combinations(root: &Path, task: &str, crates: &[&'static str], arguments: &[&str]) -> Result<()> {
    let is_grouped = |name: &str| GROUPED_FEATURES.iter().any(|(grouped, _)| *grouped == name);
    let mut hack = cargo_hack_command(root, task, crates.iter().copied().filter(|name| !is_grouped(name)))?;
    run_successfully(exclude_independent_features(root, &mut hack)?.args(arguments))?;
    for (name, groups) in GROUPED_FEATURES.into_iter().filter(|(name, _)| crates.contains(name)) {
        let mut hack = cargo_hack_command(root, task, [name])?;
        hack.args(groups.iter().flat_map(|group| ["--group-features", group]));
        run_successfully(exclude_independent_features(root, &mut hack)?.args(arguments))?;
    }
    Ok(())
}

/// Leaves out the features of areas and conversions, which do not depend on each other: all combinations would take days. All
/// areas together are the feature `full`.
fn exclude_independent_features<'a>(root: &Path, hack: &'a mut Command) -> Result<&'a mut Command> {
    let packages = package_metadata(root, "--no-deps")?;
    let models = packages.iter().find(|package| package["name"] == MODELS_CRATE);
    let areas = models.and_then(|package| package["features"]["full"].as_array());
    let areas = areas.with_context(|| format!("{MODELS_CRATE} has no feature `full`"))?;
    let areas = areas.iter().filter_map(Value::as_str);
    let names: Vec<_> = areas.chain(CONVERSION_FEATURES).collect();
    Ok(hack.args(["--exclude-features", &names.join(",")]))
}

/// Verifies that the tests of each library pass with each combination of its features. All features at once are tested by the
/// check of the packages.
pub(super) fn check_feature_tests(root: &Path) -> Result<()> {
    for tests in TESTS_WITHOUT_EXAMPLES {
        let powerset = format!("test --quiet {tests} --feature-powerset --exclude-all-features");
        run_with_feature_combinations(root, &powerset, &LIBRARY_CRATES, &[])?;
        let each = format!("test --quiet {tests} --each-feature --exclude-all-features");
        run_successfully(&mut cargo_hack_command(root, &each, [MODELS_CRATE])?)?;
    }
    Ok(())
}

fn cargo_hack_command(root: &Path, task: &str, crates: impl IntoIterator<Item = &'static str>) -> Result<Command> {
    let mut hack = ensure_tool_installed(root, "cargo-hack", CARGO_HACK_VERSION)?;
    // `default` only names other features.
    hack.arg("hack").args(task.split(' ')).args(["--optional-deps", "--exclude-features", "default"]);
    hack.args(crates.into_iter().flat_map(|name| ["--package", name]));
    Ok(hack)
}

/// Verifies that nothing logged at `trace` holds a secret, without the feature that caps the log.
pub(super) fn check_uncapped_log_hides_secrets(root: &Path) -> Result<()> {
    run_cargo(root, "test -p partner-center-tests --no-default-features --test secrets")
}

/// Verifies the transports with features of the HTTP libraries that another crate of a program may turn on.
pub(super) fn check_transports_with_decompressing_libraries(root: &Path) -> Result<()> {
    run_cargo(root, "test --quiet -p partner-center-tests --features decompressing-libraries --test it transports::")
}

/// Verifies the models with `serde_json/arbitrary_precision`, which another crate of a program may turn on; it changes how
/// `serde_json` passes numbers.
pub(super) fn check_models_with_arbitrary_precision(root: &Path) -> Result<()> {
    run_cargo(root, "test --quiet -p partner-center-models --features serde_json/arbitrary_precision")
}

/// Verifies that each example succeeds with the features that it requires and no others.
pub(super) fn check_examples_run(root: &Path) -> Result<()> {
    let packages = package_metadata(root, "--no-deps")?;
    let facade = packages.iter().find(|package| package["name"] == "partner-center");
    let targets = facade.and_then(|package| package["targets"].as_array()).context("partner-center has no targets")?;
    let mut count = 0;
    for example in targets.iter().filter(|target| target["kind"][0] == "example") {
        let name = example["name"].as_str().context("an example has no name")?;
        let features: Vec<_> =
            example["required-features"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let features = features.join(",");
        let arguments =
            format!("run --quiet -p partner-center --example {name} --no-default-features --features={features}");
        run_cargo(root, &arguments)?;
        count += 1;
    }
    ensure!(count > 0, "partner-center has no examples");
    Ok(())
}
