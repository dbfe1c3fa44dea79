//! The packages that would be published: each builds and passes its tests from its own files alone.

use crate::workspace::{self, cargo_command, published_crates, run_successfully, target_folder};
use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;
use std::{
    fmt::Write as _,
    fs::{self, File},
    path::Path,
};
use tar::Archive;

/// Packages the crates, unpacks the packages beside each other, and builds and tests each of them there.
///
/// Needs cargo 1.90, which is newer than the declared Rust version: older ones cannot package crates that depend on each other
/// and are not published yet.
pub(super) fn check_packages(root: &Path) -> Result<()> {
    let folder = target_folder(root).join("packages");
    if folder.exists() {
        // Files of an older package must not be mistaken for files of the new one.
        fs::remove_dir_all(&folder)?;
    }
    let mut package = cargo_command(root, "package --quiet --no-verify --allow-dirty");
    run_successfully(
        package.args(published_crates().flat_map(|name| ["--package", name])).arg("--target-dir").arg(&folder),
    )?;

    let unpacked = folder.join("unpacked");
    for name in published_crates() {
        let package = format!("{name}-{}", version_of_workspace_package(root, name)?);
        unpack_package(&folder.join("package").join(format!("{package}.crate")), &unpacked)?;
        fs::rename(unpacked.join(package), unpacked.join(name))?;
    }
    fs::write(unpacked.join("Cargo.toml"), workspace_manifest_with_local_packages()?)?;
    fs::copy(root.join("Cargo.lock"), unpacked.join("Cargo.lock"))?;

    for name in published_crates() {
        for task in ["check", "test --quiet --all-features"] {
            let mut cargo = cargo_command(&unpacked, &format!("{task} --package {name} --target-dir"));
            // The target folder of the workspace has the dependencies built. Snapshots would be written to a folder that is
            // removed.
            run_successfully(cargo.arg(target_folder(root)).env("INSTA_UPDATE", "no"))
                .with_context(|| format!("{name}, as it would be published, in {}", unpacked.display()))?;
        }
    }
    Ok(())
}

fn version_of_workspace_package(root: &Path, name: &str) -> Result<String> {
    let packages = workspace::package_metadata(root, "--no-deps")?;
    let package = packages.iter().find(|package| package["name"] == name);
    let version = package.and_then(|package| package["version"].as_str());
    Ok(version.with_context(|| format!("there is no {name}"))?.to_owned())
}

fn unpack_package(package: &Path, folder: &Path) -> Result<()> {
    let file = File::open(package).with_context(|| package.display().to_string())?;
    let mut archive = Archive::new(GzDecoder::new(file));
    // All files of a package have the same time, and cargo builds only files that are newer than its last build.
    archive.set_preserve_mtime(false);
    archive.unpack(folder).with_context(|| package.display().to_string())
}

/// Returns the manifest of a workspace of the packages, in which they find each other instead of in the registry.
fn workspace_manifest_with_local_packages() -> Result<String> {
    let mut manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"*/\"]\n\n".to_owned();
    // The profile of the workspace, so that its builds are reused.
    manifest += "[profile.dev]\ndebug = \"line-tables-only\"\n\n[patch.crates-io]\n";
    for name in published_crates() {
        writeln!(manifest, "{name} = {{ path = \"{name}\" }}")?;
    }
    Ok(manifest)
}
