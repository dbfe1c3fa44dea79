//! What would be published of each crate is enough to build and to test it.

use crate::workspace::{self, command, published, succeed, target};
use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;
use std::{
    fmt::Write as _,
    fs::{self, File},
    path::Path,
};
use tar::Archive;

/// The crates are packaged, unpacked beside each other, and there each is built and tested by itself. That they depend on
/// each other, and none is published yet, cargo can handle since 1.90: this needs a newer one than the declared Rust version
/// has.
pub(super) fn packages(root: &Path) -> Result<()> {
    let folder = target(root).join("packages");
    if folder.exists() {
        // What an older package had is not taken for what the new one has.
        fs::remove_dir_all(&folder)?;
    }
    let mut package = command(root, "package --quiet --no-verify --allow-dirty");
    succeed(package.args(published().flat_map(|name| ["--package", name])).arg("--target-dir").arg(&folder))?;

    let unpacked = folder.join("unpacked");
    for name in published() {
        let package = format!("{name}-{}", version(root, name)?);
        unpack(&folder.join("package").join(format!("{package}.crate")), &unpacked)?;
        fs::rename(unpacked.join(package), unpacked.join(name))?;
    }
    fs::write(unpacked.join("Cargo.toml"), manifest()?)?;
    fs::copy(root.join("Cargo.lock"), unpacked.join("Cargo.lock"))?;

    for name in published() {
        for task in ["check", "test --quiet --all-features"] {
            let mut cargo = command(&unpacked, &format!("{task} --package {name} --target-dir"));
            // Dependencies are built already. Snapshots of what is soon removed are of no use.
            succeed(cargo.arg(target(root)).env("INSTA_UPDATE", "no"))
                .with_context(|| format!("{name}, as it would be published, in {}", unpacked.display()))?;
        }
    }
    Ok(())
}

fn version(root: &Path, name: &str) -> Result<String> {
    let packages = workspace::packages(root, "--no-deps")?;
    let package = packages.iter().find(|package| package["name"] == name);
    let version = package.and_then(|package| package["version"].as_str());
    Ok(version.with_context(|| format!("there is no {name}"))?.to_owned())
}

fn unpack(package: &Path, folder: &Path) -> Result<()> {
    let file = File::open(package).with_context(|| package.display().to_string())?;
    let mut archive = Archive::new(GzDecoder::new(file));
    // In packages, all files are of one and the same time, and cargo builds what is newer than the last time only.
    archive.set_preserve_mtime(false);
    archive.unpack(folder).with_context(|| package.display().to_string())
}

/// A workspace of the packages, which find each other here instead of at the registry.
fn manifest() -> Result<String> {
    let mut manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"*/\"]\n\n".to_owned();
    // As in the workspace: what was built there need not be built again.
    manifest += "[profile.dev]\ndebug = \"line-tables-only\"\n\n[patch.crates-io]\n";
    for name in published() {
        writeln!(manifest, "{name} = {{ path = \"{name}\" }}")?;
    }
    Ok(manifest)
}
