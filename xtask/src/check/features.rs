//! Each feature by itself and with the others. The workspace unifies features, so building all of it would not notice one
//! that lacks another.

use crate::workspace::{LIBRARIES, cargo, packages, published, succeed, tool};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::{path::Path, process::Command};

/// The release of `cargo hack` that is installed.
const CARGO_HACK: &str = "0.6.46";

/// Each combination of the features of each published crate builds without a warning.
pub(super) fn combinations(root: &Path) -> Result<()> {
    let mut hack = hack(root, "clippy --all-targets --feature-powerset", published())?;
    succeed(hack.args(["--", "-D", "warnings"]))
}

/// The tests of each library pass with each combination of its features. With all of them, they are run from the packages.
pub(super) fn tests(root: &Path) -> Result<()> {
    const TASK: &str = "test --quiet --feature-powerset --exclude-all-features";
    const FACADE: &str = "partner-center";
    succeed(&mut hack(root, TASK, LIBRARIES.into_iter().filter(|name| *name != FACADE))?)?;
    // The facade only hands on what these two are about, so they come together: half of the time goes into it as it is.
    succeed(hack(root, TASK, [FACADE])?.args(["--group-features", "rustls,no-wire-log"]))
}

fn hack(root: &Path, task: &str, crates: impl IntoIterator<Item = &'static str>) -> Result<Command> {
    let mut hack = tool(root, "cargo-hack", CARGO_HACK)?;
    // `default` only stands for others.
    hack.arg("hack").args(task.split(' ')).args(["--optional-deps", "--exclude-features", "default"]);
    hack.args(crates.into_iter().flat_map(|name| ["--package", name]));
    Ok(hack)
}

/// Without the feature that caps the log, what is logged at `trace` is searched for secrets.
pub(super) fn uncapped_log(root: &Path) -> Result<()> {
    cargo(root, "test -p partner-center-tests --no-default-features --test secrets")
}

/// Another crate of a program may ask for what the HTTP libraries can do beyond what the transports ask of them.
pub(super) fn decompressing_libraries(root: &Path) -> Result<()> {
    cargo(root, "test --quiet -p partner-center-tests --features decompressing-libraries --test it transports::")
}

/// Another crate of a program may turn `serde_json/arbitrary_precision` on, which changes how each number arrives.
pub(super) fn arbitrary_precision(root: &Path) -> Result<()> {
    cargo(root, "test --quiet -p partner-center-models --features serde_json/arbitrary_precision")
}

/// Each example runs with no more than the features that it says it needs, and ends well.
pub(super) fn examples(root: &Path) -> Result<()> {
    let packages = packages(root, "--no-deps")?;
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
        cargo(root, &arguments)?;
        count += 1;
    }
    ensure!(count > 0, "partner-center has no examples");
    Ok(())
}
