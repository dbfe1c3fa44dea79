//! Everything that must hold and that `cargo test --workspace` does not see.

mod dependencies;
mod features;
mod packages;
mod sources;

use crate::{
    api, generate,
    workspace::{cargo, command, is_complete, succeed},
};
use anyhow::{Context as _, Result, ensure};
use std::{path::Path, time::Instant};

type Step = (&'static str, fn(&Path) -> Result<()>);

const STEPS: [Step; 18] = [
    ("all crates are checked", is_complete),
    ("generated files are fresh", |root| generate::check(root).map(drop)),
    ("formatting", |root| cargo(root, "fmt --all --check")),
    ("lints", |root| cargo(root, "clippy --workspace --all-targets --all-features -- -D warnings")),
    ("documentation", documentation),
    ("public APIs are the listed ones", api::check),
    ("every combination of features builds", features::combinations),
    ("tests of each feature", features::tests),
    ("no secret in a log without a cap", features::uncapped_log),
    ("transports whose libraries decompress", features::decompressing_libraries),
    ("numbers of arbitrary precision", features::arbitrary_precision),
    ("examples", features::examples),
    ("dependencies", dependencies::graph),
    ("licences, sources and duplicates", dependencies::deny),
    ("the declared Rust version is honest", dependencies::rust_version),
    ("no executor in the libraries", sources::no_executor),
    ("the engine awaits nothing but `Mode::into_future`", sources::awaits_mode_wait),
    ("packages build and pass their tests alone", packages::packages),
];

/// Runs every check on the workspace at `root` whose name contains `part`, in whatever case; stops at the first that fails.
#[expect(clippy::print_stderr, reason = "a task says what it does")]
pub(crate) fn run(root: &Path, part: &str) -> Result<()> {
    let steps: Vec<_> =
        STEPS.into_iter().filter(|(name, _)| name.to_lowercase().contains(&part.to_lowercase())).collect();
    ensure!(
        !steps.is_empty(),
        "no check has {part:?} in its name; there are {}",
        STEPS.map(|(name, _)| name).join(", ")
    );
    for (name, step) in steps {
        eprintln!("==> {name}");
        let started = Instant::now();
        step(root).with_context(|| format!("{name}: failed (again: cargo xtask check {name:?})"))?;
        eprintln!("    {name}: {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}

fn documentation(root: &Path) -> Result<()> {
    let mut command = command(root, "doc --workspace --no-deps --all-features");
    succeed(command.env("RUSTDOCFLAGS", "-D warnings"))
}
