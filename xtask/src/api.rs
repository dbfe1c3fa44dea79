//! The listing of each library's public API, so that a change of the API is visible in its commit.

use crate::workspace::{LIBRARY_CRATES, cargo_command, run_for_output, run_successfully, target_folder};
use anyhow::{Context as _, Result, bail, ensure};
use public_api::Builder;
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Writes the listing of each library.
pub(crate) fn write_api_listings(root: &Path) -> Result<()> {
    for (path, listing) in generate_api_listings(root, &compiler_version(root)?)? {
        fs::write(root.join(&path), listing).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Returns an error if a listing is not up to date. Compilers list the same API differently, so only the compiler that wrote the
/// listings can check them.
pub(crate) fn check_api_listings(root: &Path) -> Result<()> {
    let compiler = compiler_version(root)?;
    let mut committed = Vec::new();
    for path in LIBRARY_CRATES.map(api_listing_path) {
        let listing = fs::read_to_string(root.join(&path)).unwrap_or_default().replace("\r\n", "\n");
        if listing.is_empty() {
            bail!("{} is missing: run `cargo xtask api` and commit the result", path.display());
        }
        ensure!(
            listing.starts_with(&api_listing_header(&compiler)),
            "{} was not written with Rust {compiler}, which is here, and cannot be compared: if that is the newer one, run \
             `cargo xtask api` and commit the result; if it is the older one, check with the newer",
            path.display()
        );
        committed.push(listing);
    }
    let mut changes = String::new();
    for ((path, new), old) in generate_api_listings(root, &compiler)?.into_iter().zip(committed) {
        changes += &line_difference(&path, &old, &new);
    }
    ensure!(
        changes.is_empty(),
        "the public API differs from its listing:\n{changes}If that is intended, run `cargo xtask api` and commit the result; \
         removed or changed items break users, and need a new version"
    );
    Ok(())
}

fn api_listing_path(library: &str) -> PathBuf {
    ["crates", library, "api.txt"].iter().collect()
}

fn api_listing_header(compiler: &str) -> String {
    format!("# The public API with all features, written by `cargo xtask api` with Rust {compiler}.\n\n")
}

/// Returns the version of the compiler.
fn compiler_version(root: &Path) -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = run_for_output(Command::new(rustc).arg("-vV").current_dir(root))?;
    let release = text.lines().find_map(|line| line.strip_prefix("release: "));
    Ok(release.context("rustc does not print its version")?.to_owned())
}

/// Returns the path and the up-to-date content of each listing.
fn generate_api_listings(root: &Path, compiler: &str) -> Result<Vec<(PathBuf, String)>> {
    let crate_names = LIBRARY_CRATES.map(|name| name.replace('-', "_"));
    // Some dependencies are rebuilt when `RUSTC_BOOTSTRAP` changes, hence another target folder.
    let folder = target_folder(root).join("api");
    let mut documentation = cargo_command(root, "doc --quiet --lib --no-deps --all-features");
    documentation
        .args(LIBRARY_CRATES.iter().flat_map(|name| ["--package", name]))
        .arg("--target-dir")
        .arg(&folder)
        // A stable rustdoc writes JSON with this variable only; limited to these crates, or others would build as if on nightly.
        .env("RUSTC_BOOTSTRAP", crate_names.join(","))
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json");
    run_successfully(&mut documentation)?;

    let listing = |(name, crate_name): (&str, &String)| {
        let json = folder.join("doc").join(crate_name).with_extension("json");
        let api = Builder::from_rustdoc_json(json).omit_blanket_impls(true).build().with_context(|| {
            format!(
                "the rustdoc JSON of {name} cannot be read: each release of the crate `public-api` supports some compilers, and \
                 Rust {compiler} needs another release in xtask/Cargo.toml"
            )
        })?;
        let items: String = api
            .items()
            .map(ToString::to_string)
            .filter(|item| is_not_compiler_internal_impl(item))
            .map(|item| item + "\n")
            .collect();
        Ok((api_listing_path(name), api_listing_header(compiler) + &items))
    };
    LIBRARY_CRATES.into_iter().zip(&crate_names).map(listing).collect()
}

/// Whether an item matters to users; two auto traits are internal to the compiler.
fn is_not_compiler_internal_impl(item: &str) -> bool {
    !["core::marker::Freeze for", "core::marker::UnsafeUnpin for"].iter().any(|implemented| item.contains(implemented))
}

/// Returns the removed and added lines; an empty string if there are none.
fn line_difference(path: &Path, old: &str, new: &str) -> String {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.lines().collect(), new.lines().collect());
    let gone = old.difference(&new).map(|line| format!("-{line}\n"));
    let added = new.difference(&old).map(|line| format!("+{line}\n"));
    let lines: String = gone.chain(added).collect();
    if lines.is_empty() { lines } else { format!("{}\n{lines}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::line_difference;
    use std::path::Path;

    #[test]
    fn difference_lists_removed_and_added_items() {
        let path = Path::new("api.txt");
        assert_eq!(line_difference(path, "pub fn a()\npub fn b()\n", "pub fn b()\npub fn a()\n"), "");
        assert_eq!(
            line_difference(path, "pub fn a()\npub fn b()\n", "pub fn a()\npub fn b(u8)\n"),
            "api.txt\n-pub fn b()\n+pub fn b(u8)\n"
        );
    }
}
