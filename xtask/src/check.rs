//! Everything that must hold and that `cargo test --workspace` does not see.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
    time::Instant,
};

/// The crates that are published, in the order in which they can be.
const PUBLISHED: [&str; 8] = [
    "partner-center-models",
    "partner-center-core",
    "partner-center-reqwest",
    "partner-center-ureq",
    "partner-center-conformance",
    "partner-center-sandbox",
    "partner-center",
    "partner-center-cli",
];

/// The sets of features that users choose from.
const FEATURE_SETS: [&str; 4] = ["", "async", "sync", "async,sync"];

type Step = (&'static str, fn(&Path) -> Result<()>);

const STEPS: [Step; 12] = [
    ("generated files are fresh", |root| crate::codegen::check(root)),
    ("formatting", |root| cargo(root, "fmt --all --check")),
    ("lints", |root| cargo(root, "clippy --workspace --all-targets --all-features -- -D warnings")),
    ("documentation", documentation),
    ("each feature set of the facade alone", feature_sets),
    ("no secret in a log without a cap", |root| {
        cargo(root, "test -p partner-center-tests --no-default-features --test secrets")
    }),
    ("examples", examples),
    ("dependencies", dependencies),
    ("no executor in the libraries", no_executor),
    ("the engine awaits nothing but `Mode::wait`", awaits_mode_wait),
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

/// Each example runs with no more than the features that it says it needs, and ends well.
fn examples(root: &Path) -> Result<()> {
    let targets = metadata(root, "--no-deps")?["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == "partner-center"))
        .and_then(|package| package["targets"].as_array().cloned())
        .context("partner-center has no targets")?;
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
    // The program has a runtime, and its own thread to run it on.
    for name in PUBLISHED.iter().filter(|name| **name != "partner-center-cli") {
        for (path, text) in sources(&root.join("crates").join(name).join("src"))? {
            let blocks = code_lines(&text).any(|line| line.contains("block_on("));
            ensure!(!blocks, "{} blocks on a future", path.display());
        }
    }
    Ok(())
}

/// What a blocking call awaits is ready at once; anything else that it awaited would never come.
fn awaits_mode_wait(root: &Path) -> Result<()> {
    for (path, text) in sources(&root.join("crates/partner-center-core/src"))? {
        if let Some(line) = foreign_await(&text) {
            bail!("{} awaits something else than `Mode::wait`: {}", path.display(), line.trim());
        }
    }
    Ok(())
}

/// The first line that awaits neither `Mode::wait` nor another function of the engine; tests are at the end of a file.
fn foreign_await(source: &str) -> Option<&str> {
    const ALLOWED: [&str; 15] = [
        "Mode::wait(",
        "HeadStart::begin(",
        "Self::begin(",
        "HeadStart::of(",
        "sent.answer(",
        "engine.authenticate(",
        "engine.perform(",
        "self.authorized(",
        "self.token(",
        "self.fetched(",
        "self.replaced(",
        "self.keep(",
        "self.fetch(",
        "self.attempts(",
        "self.attempt(",
    ];
    let (code, _) = source.split_once("#[cfg(test)]").unwrap_or((source, ""));
    code_lines(code).find(|line| {
        let allowed: usize = ALLOWED.iter().map(|call| line.matches(call).count()).sum();
        line.matches(".await").count() > allowed
    })
}

/// The lines of a text that are no comments; the words of a document may speak of anything.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The Rust files of a folder and of those in it, with their texts.
fn sources(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.push((path, text));
        }
    }
    Ok(files)
}

/// No dependency asks for a newer Rust than the workspace declares: whoever has that can use the crates, and run the
/// tests and these tasks. (That our own code does not either is what the lint `incompatible_msrv` sees to.)
fn rust_version(root: &Path) -> Result<()> {
    let metadata = metadata(root, "--all-features")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let version_of = |package: &Value| package["rust_version"].as_str().map(parse_version);
    let ours = packages
        .iter()
        .find(|package| package["name"] == "partner-center")
        .and_then(version_of)
        .context("partner-center declares no rust-version")??;
    for package in packages {
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

/// Each crate builds from what would be published of it. That they depend on each other, and none is published yet, cargo
/// can handle since 1.90: this step alone needs a newer one than the declared Rust version has.
fn packages(root: &Path) -> Result<()> {
    let names = PUBLISHED.map(|name| format!("-p {name}")).join(" ");
    // A folder of its own each time: cargo keeps what it unpacked of an unpublished dependency by the folder's path and
    // the version, and would take it again when it has long changed.
    let folder = format!("target/package-{}", process::id());
    let packaged = cargo(root, &format!("package --quiet --allow-dirty --target-dir {folder} {names}"));
    // What is left behind is in no one's way but for its size.
    let _ = fs::remove_dir_all(root.join(folder));
    packaged
}

fn metadata(root: &Path, arguments: &str) -> Result<Value> {
    let text = output(&mut command(root, &format!("metadata --format-version 1 {arguments}")))?;
    serde_json::from_str(&text).context("cargo's metadata is not JSON")
}

pub(crate) fn cargo(root: &Path, arguments: &str) -> Result<()> {
    succeed(&mut command(root, arguments))
}

fn command(root: &Path, arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(arguments.split(' ').filter(|argument| !argument.is_empty()));
    command
}

pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("cargo's output is not text")
}

#[cfg(test)]
mod tests {
    use super::foreign_await;

    #[test]
    fn an_await_of_something_else_is_found() {
        for line in [
            "    let response = X::Mode::wait(self.transport.send(request)).await;",
            "        self.attempts(call, scope, page).instrument(span).await",
            "    /// client.call(operation).await?",
            "#[cfg(test)]\nmod tests { async fn any() { anything().await } }",
        ] {
            assert_eq!(foreign_await(line), None);
        }
        for line in [
            "    let response = self.transport.send(request).await;",
            "        .await",
            "    let both = (X::Mode::wait(one()).await, other().await);",
        ] {
            assert_eq!(foreign_await(line), Some(line));
        }
    }
}
