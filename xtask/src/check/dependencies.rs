//! The dependencies of the crates: which they are, under which licenses, and which Rust they need.

use crate::workspace::{cargo_command, ensure_tool_installed, package_metadata, run_for_output, run_successfully};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

/// The release of `cargo deny` that is installed.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// Verifies that each crate depends on no more than its purpose needs.
pub(super) fn check_dependency_graph(root: &Path) -> Result<()> {
    let direct = dependency_names(root, "-p partner-center-models --depth 1")?;
    let expected = ["memchr", "partner-center-models", "serde", "serde_json", "uuid"].map(str::to_owned);
    ensure!(direct == BTreeSet::from(expected), "partner-center-models depends on {direct:?}");
    let tables = dependency_names(root, "-p partner-center-spec")?;
    ensure!(tables == BTreeSet::from(["partner-center-spec".to_owned()]), "partner-center-spec depends on {tables:?}");
    let facade = dependency_names(root, "-p partner-center --all-features")?;
    ensure!(
        !facade.contains("partner-center-spec"),
        "partner-center depends on partner-center-spec, which few programs use"
    );
    for (features, foreign) in [
        ("", &["partner-center-core", "http", "tokio", "reqwest", "ureq"][..]),
        ("sync", &["tokio", "reqwest", "hyper"]),
        ("async", &["ureq"]),
    ] {
        let all = dependency_names(root, &format!("-p partner-center --features={features}"))?;
        for name in foreign {
            ensure!(!all.contains(*name), "partner-center with the features {features:?} depends on {name}");
        }
    }
    // Without TLS, a handwritten program with gzip has 30 crates over ureq and 87 over reqwest; at most 5 more are allowed. Two
    // came with networks in NO_PROXY (`ipnet`) and the caller's subscriber in other threads (`once_cell`, through `tracing`).
    for (features, max) in [("sync", 33), ("async", 84)] {
        let all = dependency_names(root, &format!("-p partner-center --no-default-features --features={features}"))?;
        ensure!(all.len() <= max, "partner-center with {features} has {} crates, more than {max}", all.len());
    }
    let core = dependency_names(root, "-p partner-center-core")?;
    for name in ["tokio", "reqwest", "hyper", "ureq", "async-std", "smol"] {
        ensure!(!core.contains(name), "partner-center-core depends on {name}");
    }
    Ok(())
}

fn dependency_names(root: &Path, arguments: &str) -> Result<BTreeSet<String>> {
    let arguments = format!("tree -e normal --prefix none --format {{p}} {arguments}");
    let lines = run_for_output(&mut cargo_command(root, &arguments))?;
    Ok(lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

/// Verifies licenses, sources, bans and duplicates by deny.toml. Advisories need the network: they are looked up before a
/// release.
pub(super) fn check_licenses_bans_and_sources(root: &Path) -> Result<()> {
    let mut deny = ensure_tool_installed(root, "cargo-deny", CARGO_DENY_VERSION)?;
    run_successfully(deny.args(["--workspace", "--all-features", "--locked", "check", "bans", "licenses", "sources"]))
        .context("deny.toml lists what is allowed, and what to consider before allowing more")
}

/// Verifies that no dependency needs a newer Rust than the workspace declares, not even for the tests and these tasks. (For the
/// workspace's own code, that is up to the lint `incompatible_msrv`.)
pub(super) fn check_rust_version_of_dependencies(root: &Path) -> Result<()> {
    let packages = package_metadata(root, "--all-features")?;
    let version_of = |package: &Value| package["rust_version"].as_str().map(parse_rust_version);
    let ours = packages
        .iter()
        .find(|package| package["name"] == "partner-center")
        .and_then(version_of)
        .context("partner-center declares no rust-version")??;
    for package in &packages {
        if let Some(version) = version_of(package).transpose()? {
            let name = package["name"].as_str().unwrap_or_default();
            ensure!(version <= ours, "{name} needs Rust {version:?}, and the workspace declares {ours:?}");
        }
    }
    Ok(())
}

fn parse_rust_version(text: &str) -> Result<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("{text} is not a Rust version"),
    }
}
