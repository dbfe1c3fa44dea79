//! Everything that must hold and that `cargo test --workspace` does not see.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path, process::Command, time::Instant};

/// The crates that are published, in the order in which they can be.
const PUBLISHED: [&str; 7] = [
    "partner-center-models",
    "partner-center-core",
    "partner-center-reqwest",
    "partner-center-ureq",
    "partner-center-sandbox",
    "partner-center",
    "partner-center-cli",
];

/// The sets of features that users choose from.
const FEATURE_SETS: [&str; 4] = ["", "async", "sync", "async,sync"];

type Step = (&'static str, fn(&Path) -> Result<()>);

const STEPS: [Step; 9] = [
    ("generated files are fresh", |root| crate::codegen::check(root)),
    ("formatting", |root| cargo(root, "fmt --all --check")),
    ("lints", |root| cargo(root, "clippy --workspace --all-targets --all-features -- -D warnings")),
    ("documentation", documentation),
    ("each feature set of the facade alone", feature_sets),
    ("dependencies", dependencies),
    ("no executor in the libraries", no_executor),
    ("the declared Rust version is honest", rust_version),
    ("packages", packages),
];

/// Runs every check on the workspace at `root`; stops at the first that fails.
#[expect(clippy::print_stderr, reason = "a task says what it does")]
pub(crate) fn run(root: &Path) -> Result<()> {
    for (name, step) in STEPS {
        eprintln!("==> {name}");
        let started = Instant::now();
        step(root).with_context(|| format!("{name}: failed"))?;
        eprintln!("    {name}: {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}

fn documentation(root: &Path) -> Result<()> {
    let mut command = command(root, "doc --workspace --no-deps --all-features");
    succeed(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// The workspace unifies features, so building all of it would not notice one that lacks another.
fn feature_sets(root: &Path) -> Result<()> {
    for features in FEATURE_SETS {
        let arguments =
            format!("clippy -p partner-center --lib --no-default-features --features={features} -- -D warnings");
        cargo(root, &arguments)?;
    }
    for transport in ["reqwest", "ureq"] {
        cargo(root, &format!("clippy -p partner-center-{transport} --lib --no-default-features -- -D warnings"))?;
    }
    Ok(())
}

fn dependencies(root: &Path) -> Result<()> {
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

/// An engine that is written once is driven by its caller; whoever blocks on a future would panic inside a runtime.
fn no_executor(root: &Path) -> Result<()> {
    for name in PUBLISHED.iter().filter(|name| !matches!(**name, "partner-center-sandbox" | "partner-center-cli")) {
        let source = root.join("crates").join(name).join("src");
        let mut folders = vec![source];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                    // The words of a document may speak of it.
                    let calls =
                        text.lines().filter(|line| line.contains("block_on(") && !line.trim_start().starts_with("//"));
                    ensure!(calls.count() == 0, "{} blocks on a future", path.display());
                }
            }
        }
    }
    Ok(())
}

/// No dependency of a published crate asks for a newer Rust than the workspace declares. (That our own code does not
/// either is what the lint `incompatible_msrv` sees to.)
fn rust_version(root: &Path) -> Result<()> {
    let metadata: Value =
        serde_json::from_str(&output(&mut command(root, "metadata --format-version 1 --all-features"))?)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let version_of = |package: &Value| package["rust_version"].as_str().map(parse_version);
    let ours = packages
        .iter()
        .find(|package| package["name"] == "partner-center")
        .and_then(version_of)
        .context("partner-center declares no rust-version")??;
    let mut needed = BTreeSet::new();
    for name in PUBLISHED {
        needed.extend(tree(root, &format!("-p {name} --all-features"))?);
    }
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if let Some(version) = version_of(package).transpose()?
            && needed.contains(name)
        {
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

/// Each crate builds from what would be published of it.
fn packages(root: &Path) -> Result<()> {
    let names = PUBLISHED.map(|name| format!("-p {name}")).join(" ");
    cargo(root, &format!("package --quiet --allow-dirty {names}"))
}

fn cargo(root: &Path, arguments: &str) -> Result<()> {
    succeed(&mut command(root, arguments))
}

fn command(root: &Path, arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(arguments.split(' ').filter(|argument| !argument.is_empty()));
    command
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("cargo's output is not text")
}
