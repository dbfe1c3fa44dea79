//! The workspace: its paths and crates, and the commands that run in it.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the specification: its root, and a file for each area.
pub(crate) const SPEC_FOLDER: &str = "spec";
/// The root of the specification.
pub(crate) const SPEC_FILE: &str = "spec/partner-center.yaml";
/// The specification for other tools, which is generated.
pub(crate) const BUNDLE_FILE: &str = "spec/openapi.yaml";

/// Returns the root of the workspace that this program was built in.
pub(crate) fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Whether a file with this name was left by an editor or the system, and is not part of the workspace.
pub(crate) fn is_temporary_file(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || name.ends_with(b"~")
}

/// The libraries that are published, in the order in which they can be.
pub(crate) const LIBRARY_CRATES: [&str; 8] = [
    "partner-center-spec",
    "partner-center-models",
    "partner-center-core",
    "partner-center-reqwest",
    "partner-center-ureq",
    "partner-center-conformance",
    "partner-center-emulator",
    "partner-center",
];

/// Returns all crates that are published: the libraries, then the command line.
pub(crate) fn published_crates() -> impl Iterator<Item = &'static str> {
    LIBRARY_CRATES.into_iter().chain(["partner-center-cli"])
}

/// Returns an error if a crate that can be published is not listed here.
pub(crate) fn ensure_all_crates_listed(root: &Path) -> Result<()> {
    let packages = package_metadata(root, "--no-deps")?;
    let can_be = packages.iter().filter(|package| package["publish"] != json!([]));
    let can_be: BTreeSet<_> = can_be.filter_map(|package| package["name"].as_str()).collect();
    let are: BTreeSet<_> = published_crates().collect();
    ensure!(can_be == are, "not {are:?} (in xtask/src/workspace.rs) but {can_be:?} can be published");
    Ok(())
}

/// Returns the target folder of cargo.
pub(crate) fn target_folder(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Returns the command of a program from the registry, in the given version. Installs it below [`target_folder()`] if it is missing,
/// without optimization: an optimized build takes longer than it saves.
pub(crate) fn ensure_tool_installed(root: &Path, name: &str, version: &str) -> Result<Command> {
    let folder = target_folder(root).join("tools");
    let mut install = cargo_command(root, "install --quiet --locked --debug --no-default-features --root");
    run_successfully(install.arg(&folder).arg(format!("{name}@{version}")))
        .with_context(|| format!("{name} is not installed: installing it needs the network once"))?;
    let mut tool = Command::new(folder.join("bin").join(name));
    tool.current_dir(root);
    Ok(tool)
}

/// Returns the folder of a Python environment with `packages` of the Python Package Index, each with its version. Creates it below
/// `target` if it is missing, which needs the network.
pub(crate) fn ensure_python_environment(target: &Path, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let environment = target.join(name).join(packages.join("-"));
    let installed = environment.join("installed");
    if !installed.exists() {
        fs::create_dir_all(&environment)?;
        run_successfully(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        run_successfully(Command::new(environment.join("bin/pip")).args(["install", "--quiet"]).args(packages))?;
        fs::write(installed, "")?;
    }
    Ok(environment)
}

/// Returns the metadata of each package.
pub(crate) fn package_metadata(root: &Path, arguments: &str) -> Result<Vec<Value>> {
    let text = run_for_output(&mut cargo_command(root, &format!("metadata --format-version 1 {arguments}")))?;
    let mut metadata: Value = serde_json::from_str(&text).context("cargo's metadata is not JSON")?;
    match metadata["packages"].take() {
        Value::Array(packages) => Ok(packages),
        _ => bail!("cargo's metadata lists no packages"),
    }
}

pub(crate) fn run_cargo(root: &Path, arguments: &str) -> Result<()> {
    run_successfully(&mut cargo_command(root, arguments))
}

pub(crate) fn cargo_command(root: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(arguments.split(' ').filter(|argument| !argument.is_empty()));
    command
}

pub(crate) fn run_successfully(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

pub(crate) fn run_for_output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // Some programs report errors on standard output.
    ensure!(output.status.success(), "{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("the output is not UTF-8")
}
