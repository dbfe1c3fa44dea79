//! The checks that `cargo test --workspace` does not make: `cargo xtask check`.

mod build_cost;
mod dependencies;
mod features;
mod packages;
mod sources;

use crate::{
    api, generate,
    workspace::{cargo_command, ensure_all_crates_listed, run_cargo, run_successfully},
};
use anyhow::{Context as _, Result, ensure};
use std::{path::Path, time::Instant};

/// A check: its name, for `cargo xtask check NAME`, what must hold, and the function that verifies it.
struct Check {
    name: &'static str,
    requirement: &'static str,
    run: fn(&Path) -> Result<()>,
}

const fn new_check(name: &'static str, requirement: &'static str, run: fn(&Path) -> Result<()>) -> Check {
    Check { name, requirement, run }
}

const CHECKS: [Check; 19] = [
    new_check("members", "every crate that can be published is checked", ensure_all_crates_listed),
    new_check("fresh", "generated files are up to date", |root| generate::check_generated_files(root).map(drop)),
    new_check("format", "the code is formatted", |root| run_cargo(root, "fmt --all --check")),
    new_check("lints", "clippy has no warning", |root| {
        run_cargo(root, "clippy --workspace --all-targets --all-features -- -D warnings")
    }),
    new_check("docs", "the documentation builds without a warning", check_documentation),
    new_check("api", "public APIs are those of api.txt", api::check_api_listings),
    new_check(
        "features",
        "every combination of features builds without a warning",
        features::check_feature_combinations,
    ),
    new_check("feature-tests", "the tests pass with every combination of features", features::check_feature_tests),
    new_check(
        "secrets",
        "no secret is logged without the cap on log levels",
        features::check_uncapped_log_hides_secrets,
    ),
    new_check(
        "decompression",
        "the transports work if their HTTP libraries decompress",
        features::check_transports_with_decompressing_libraries,
    ),
    new_check(
        "numbers",
        "the models work with `serde_json/arbitrary_precision`",
        features::check_models_with_arbitrary_precision,
    ),
    new_check("examples", "the examples run", features::check_examples_run),
    new_check("dependencies", "each crate has the dependencies that it may have", dependencies::check_dependency_graph),
    new_check(
        "licenses",
        "licenses, sources and duplicates are those that deny.toml allows",
        dependencies::check_licenses_bans_and_sources,
    ),
    new_check(
        "msrv",
        "no dependency needs a newer Rust than the workspace declares",
        dependencies::check_rust_version_of_dependencies,
    ),
    new_check("no-executor", "the libraries block on no future", sources::check_no_async_executor),
    new_check("awaits", "the engine awaits only itself and `Mode::into_future`", sources::check_awaits_mode_only),
    new_check("build-cost", "the models of 100 operations build within their budget", build_cost::check_build_cost),
    new_check("packages", "packages build and pass their tests alone", packages::check_packages),
];

/// Runs the check `name`, or all of them, on the workspace at `root`; stops at the first that fails.
#[expect(clippy::print_stderr, reason = "a task reports its progress")]
pub(crate) fn run_checks(root: &Path, name: Option<&str>) -> Result<()> {
    let checks: Vec<_> = CHECKS.iter().filter(|check| name.is_none_or(|name| check.name == name)).collect();
    ensure!(
        !checks.is_empty(),
        "there is no check {:?}; the checks are:\n{}",
        name.unwrap_or_default(),
        describe_checks()
    );
    for Check { name, requirement, run } in checks {
        eprintln!("==> {name}: {requirement}");
        let started = Instant::now();
        run(root).with_context(|| format!("the check {name} failed (run it alone: cargo xtask check {name})"))?;
        eprintln!("    {name}: {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Returns the names of the checks and what they verify, one a line.
pub(crate) fn describe_checks() -> String {
    let lines = CHECKS.iter().map(|Check { name, requirement, .. }| format!("  {name:<14} {requirement}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn check_documentation(root: &Path) -> Result<()> {
    let mut command = cargo_command(root, "doc --workspace --no-deps --all-features");
    run_successfully(command.env("RUSTDOCFLAGS", "-D warnings"))
}

#[cfg(test)]
mod tests {
    use super::{CHECKS, describe_checks, run_checks};
    use std::{collections::BTreeSet, path::Path};

    #[test]
    fn check_names_are_unique_slugs() {
        let names: BTreeSet<_> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        for name in names {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        }
    }

    #[test]
    fn unknown_check_is_an_error_that_lists_the_checks() {
        for name in ["licences", "", "lint", "Lints"] {
            let error = run_checks(Path::new("."), Some(name)).unwrap_err().to_string();
            assert!(error.contains(&describe_checks()) && error.contains("\n  msrv  "), "{error}");
        }
    }
}
