//! What generated code costs to build, against the types that `progenitor` generates from the same document.
//!
//! Both crates are built in one run, one after the other, without incremental compilation, after their dependencies; what counts is
//! the CPU time of cargo and its children, which other programs on the machine disturb little.

mod synthetic_spec;

use crate::{
    generate,
    workspace::{SPEC_FILE, cargo_command, run_successfully, target_folder},
};
use anyhow::{Context as _, Result, bail, ensure};
use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};
use synthetic_spec::synthetic_spec;
use yaml_serde::Value as Yaml;

/// The number of operations of the document that both are built from.
const SYNTHETIC_OPERATIONS: usize = 100;

/// What is measured, the command, and the maximum ratio to progenitor's types. The ratios were 0.80 and 0.38 when the budgets were
/// set, and that of the sizes 0.51; two runs differ by up to a tenth. The goals are 0.5, 0.35 and 0.4.
const BUILD_TIME_BUDGETS: [BuildTimeBudget; 2] = [
    BuildTimeBudget { name: "release build", arguments: "build --release", profile: "release", maximum: 0.9 },
    BuildTimeBudget { name: "debug build", arguments: "build", profile: "debug", maximum: 0.45 },
];

/// The maximum ratio of the sizes of the libraries, built for release.
const MAX_LIBRARY_SIZE_RATIO: f64 = 0.55;

struct BuildTimeBudget {
    name: &'static str,
    arguments: &'static str,
    profile: &'static str,
    maximum: f64,
}

/// Measures both crates, and fails if ours exceeds its budget.
pub(super) fn check_build_cost(root: &Path) -> Result<()> {
    let folder = target_folder(root).join("build-cost");
    let document = synthetic_spec(&fs::read_to_string(root.join(SPEC_FILE))?, SYNTHETIC_OPERATIONS)?;
    let ours = write_models_workspace(root, &folder.join("ours"), &document)?;
    let progenitors = write_progenitor_types_workspace(root, &folder.join("progenitor"), &document)?;
    let mut problems = Vec::new();
    for BuildTimeBudget { name, arguments, profile, maximum } in BUILD_TIME_BUDGETS {
        let [our_time, their_time] = [&ours, &progenitors].map(|package| package.build_time(arguments));
        problems.extend(report_ratio(name, our_time?, their_time?, maximum));
        if profile == "release" {
            let [our_size, their_size] = [&ours, &progenitors].map(|package| package.library_size(profile));
            problems.extend(report_ratio("release library", our_size?, their_size?, MAX_LIBRARY_SIZE_RATIO));
        }
    }
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

/// Prints a measurement, and returns a problem if the ratio is above its maximum.
#[expect(clippy::print_stderr, reason = "a check reports what it has measured")]
fn report_ratio(name: &str, ours: f64, theirs: f64, maximum: f64) -> Option<String> {
    let ratio = ours / theirs;
    eprintln!("    {name}: {ours:.2} / {theirs:.2} = {ratio:.2} (at most {maximum})");
    (ratio > maximum).then(|| format!("{name}: {ratio:.2} of progenitor's types, more than {maximum}"))
}

/// A crate of a workspace of its own.
struct MeasuredPackage {
    workspace: PathBuf,
    name: &'static str,
    /// A source file, which is touched so that the crate is built again.
    source: PathBuf,
}

impl MeasuredPackage {
    /// Returns the CPU time, in seconds, of building this crate when its dependencies are built.
    fn build_time(&self, arguments: &str) -> Result<f64> {
        let build = || {
            let mut cargo =
                cargo_command(&self.workspace, &format!("{arguments} --quiet --all-features --package {}", self.name));
            cargo.arg("--target-dir").arg(self.workspace.join("target")).env("CARGO_INCREMENTAL", "0");
            run_successfully(&mut cargo)
        };
        build()?;
        let source = fs::read(&self.source)?;
        fs::write(&self.source, source)?;
        let before = cpu_time_of_children()?;
        build()?;
        Ok(cpu_time_of_children()? - before)
    }

    /// Returns the size of the library, in megabytes.
    fn library_size(&self, profile: &str) -> Result<f64> {
        let file = self.workspace.join("target").join(profile).join(format!("lib{}.rlib", self.name.replace('-', "_")));
        #[expect(clippy::cast_precision_loss, reason = "a size of some megabytes")]
        Ok(fs::metadata(&file).with_context(|| file.display().to_string())?.len() as f64 / 1e6)
    }
}

/// Returns the CPU time, in seconds, of all children of this process that have ended.
fn cpu_time_of_children() -> Result<f64> {
    // Linux counts in hundredths of a second here, on all architectures that matter (proc_pid_stat(5): USER_HZ).
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").context("the CPU time of a build is measured on Linux only")?;
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let [.., user, system] = fields.get(..15).unwrap_or_default() else {
        bail!("/proc/self/stat is not as documented")
    };
    Ok((user.parse::<f64>()? + system.parse::<f64>()?) / TICKS_PER_SECOND)
}

/// Writes a workspace of our models crate with the types and operations of `document`.
fn write_models_workspace(root: &Path, workspace: &Path, document: &Yaml) -> Result<MeasuredPackage> {
    let models = "crates/partner-center-models";
    let _ = fs::remove_dir_all(workspace.join("crates"));
    copy_folder(&root.join(models), &workspace.join(models))?;
    fs::create_dir_all(workspace.join("spec"))?;
    fs::write(workspace.join("spec/partner-center.yaml"), yaml_serde::to_string(document)?)?;
    fs::copy(root.join("Cargo.toml"), workspace.join("Cargo.toml"))?;
    fs::copy(root.join("Cargo.lock"), workspace.join("Cargo.lock"))?;
    let manifest = fs::read_to_string(workspace.join("Cargo.toml"))?;
    let manifest = manifest
        .replace(r#"members = ["crates/*", "tests", "xtask"]"#, r#"members = ["crates/partner-center-models"]"#);
    fs::write(workspace.join("Cargo.toml"), manifest)?;
    generate::write_files(workspace)?;
    Ok(MeasuredPackage {
        workspace: workspace.to_owned(),
        name: "partner-center-models",
        source: workspace.join(models).join("src/lib.rs"),
    })
}

/// Writes a workspace of a crate with the types that progenitor generates from `document`.
fn write_progenitor_types_workspace(root: &Path, workspace: &Path, document: &Yaml) -> Result<MeasuredPackage> {
    let mut document: OpenAPI = serde_json::from_value(without_extensions(&serde_json::to_value(document)?))?;
    // Without paths it generates no client.
    document.paths = openapiv3::Paths::default();
    let mut generator = Generator::new(&GenerationSettings::new());
    generator.generate_tokens(&document)?;
    let file = syn::parse2(generator.get_type_space().to_stream())?;
    let source = workspace.join("src/lib.rs");
    fs::create_dir_all(workspace.join("src"))?;
    fs::write(&source, prettyplease::unparse(&file))?;
    let mut manifest =
        "[package]\nname = \"progenitor-types\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n".to_owned();
    writeln!(manifest, "[dependencies]\nserde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"")?;
    writeln!(
        manifest,
        "uuid = {{ version = \"1\", features = [\"serde\"] }}\n\n[profile.dev]\ndebug = \"line-tables-only\""
    )?;
    fs::write(workspace.join("Cargo.toml"), manifest)?;
    fs::copy(root.join("Cargo.lock"), workspace.join("Cargo.lock"))?;
    Ok(MeasuredPackage { workspace: workspace.to_owned(), name: "progenitor-types", source })
}

/// Returns the document without the extensions of this workspace.
fn without_extensions(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| !key.starts_with("x-pc-"));
            kept.map(|(key, value)| (key.clone(), without_extensions(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_extensions).collect(),
        value => value.clone(),
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
