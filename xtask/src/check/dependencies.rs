//! What the crates depend on, and on what terms.

use crate::workspace::{command, output, packages, succeed, tool};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

/// The release of `cargo deny` that is installed.
const CARGO_DENY: &str = "0.20.2";

/// What each crate may depend on, so that it stays what it is.
pub(super) fn graph(root: &Path) -> Result<()> {
    let direct = tree(root, "-p partner-center-models --depth 1")?;
    let expected = ["partner-center-models", "serde", "serde_json", "uuid"].map(str::to_owned);
    ensure!(direct == BTreeSet::from(expected), "partner-center-models depends on {direct:?}");
    for (features, foreign) in [
        ("", &["partner-center-core", "http", "tokio", "reqwest", "ureq"][..]),
        ("sync", &["tokio", "reqwest", "hyper"]),
        ("async", &["ureq"]),
    ] {
        let all = tree(root, &format!("-p partner-center --features={features}"))?;
        for name in foreign {
            ensure!(!all.contains(*name), "partner-center with the features {features:?} depends on {name}");
        }
    }
    // Without TLS, a program has a crate more than one over ureq with gzip by hand, and three fewer than over reqwest.
    for (features, most) in [("sync", 31), ("async", 84)] {
        let all = tree(root, &format!("-p partner-center --no-default-features --features={features}"))?;
        ensure!(all.len() <= most, "partner-center with {features} has {} crates, which were {most}", all.len());
    }
    let core = tree(root, "-p partner-center-core")?;
    for name in ["tokio", "reqwest", "hyper", "ureq", "async-std", "smol"] {
        ensure!(!core.contains(name), "partner-center-core depends on {name}");
    }
    Ok(())
}

fn tree(root: &Path, arguments: &str) -> Result<BTreeSet<String>> {
    let arguments = format!("tree -e normal --prefix none --format {{p}} {arguments}");
    let lines = output(&mut command(root, &arguments))?;
    Ok(lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

/// Licences, sources, bans and duplicates, as deny.toml has them. Advisories need the network: they are looked up before a
/// release.
pub(super) fn deny(root: &Path) -> Result<()> {
    let mut deny = tool(root, "cargo-deny", CARGO_DENY)?;
    succeed(deny.args(["--workspace", "--all-features", "--locked", "check", "bans", "licenses", "sources"]))
        .context("deny.toml says what is allowed, and what has to be thought of before more is")
}

/// No dependency asks for a newer Rust than the workspace declares: whoever has that can use the crates, and run the
/// tests and these tasks. (That our own code does not either is what the lint `incompatible_msrv` sees to.)
pub(super) fn rust_version(root: &Path) -> Result<()> {
    let packages = packages(root, "--all-features")?;
    let version_of = |package: &Value| package["rust_version"].as_str().map(parse_version);
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

fn parse_version(text: &str) -> Result<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("{text} is not a Rust version"),
    }
}
