//! The public API of each library, listed: a change of it is seen in the commit that makes it, and meant.

use crate::workspace::{LIBRARIES, command, output, succeed, target};
use anyhow::{Context as _, Result, bail, ensure};
use public_api::Builder;
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Writes the listing of each library.
pub(crate) fn write(root: &Path) -> Result<()> {
    for (path, listing) in listings(root, &compiler(root)?)? {
        fs::write(root.join(&path), listing).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Fails if a listing is not what [`write()`] would write. Compilers differ in how they put the same API, so only the one
/// that the listings were written with can tell.
pub(crate) fn check(root: &Path) -> Result<()> {
    let compiler = compiler(root)?;
    let mut committed = Vec::new();
    for path in LIBRARIES.map(path) {
        let listing = fs::read_to_string(root.join(&path)).unwrap_or_default().replace("\r\n", "\n");
        if listing.is_empty() {
            bail!("{} is missing: run `cargo xtask api` and commit what it writes", path.display());
        }
        ensure!(
            listing.starts_with(&header(&compiler)),
            "{} was not written with Rust {compiler}, which is here, and cannot be compared: if that is the newer one, run \
             `cargo xtask api` and commit what it writes; if it is the older one, check with the newer",
            path.display()
        );
        committed.push(listing);
    }
    let mut changes = String::new();
    for ((path, new), old) in listings(root, &compiler)?.into_iter().zip(committed) {
        changes += &difference(&path, &old, &new);
    }
    ensure!(
        changes.is_empty(),
        "the public API is not the listed one:\n{changes}If that is meant, run `cargo xtask api` and commit what it writes; \
         what is gone or different breaks users, and asks for a new version"
    );
    Ok(())
}

fn path(library: &str) -> PathBuf {
    ["crates", library, "api.txt"].iter().collect()
}

fn header(compiler: &str) -> String {
    format!("# The public API with all features, written by `cargo xtask api` with Rust {compiler}.\n\n")
}

/// The version of the compiler.
fn compiler(root: &Path) -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = output(Command::new(rustc).arg("-vV").current_dir(root))?;
    let release = text.lines().find_map(|line| line.strip_prefix("release: "));
    Ok(release.context("rustc does not say its version")?.to_owned())
}

/// Where the listing of each library is, and what it is to be.
fn listings(root: &Path, compiler: &str) -> Result<Vec<(PathBuf, String)>> {
    let crate_names = LIBRARIES.map(|name| name.replace('-', "_"));
    // Some dependencies are built anew when this variable changes, so all of them get a folder of their own.
    let folder = target(root).join("api");
    let mut documentation = command(root, "doc --quiet --lib --no-deps --all-features");
    documentation
        .args(LIBRARIES.iter().flat_map(|name| ["--package", name]))
        .arg("--target-dir")
        .arg(&folder)
        // The one stable way to what rustdoc knows; for these crates only, or others would build as if on nightly.
        .env("RUSTC_BOOTSTRAP", crate_names.join(","))
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json");
    succeed(&mut documentation)?;

    let listing = |(name, crate_name): (&str, &String)| {
        let json = folder.join("doc").join(crate_name).with_extension("json");
        let api = Builder::from_rustdoc_json(json).omit_blanket_impls(true).build().with_context(|| {
            format!(
                "what the documentation of {name} says cannot be read: each release of the crate `public-api` reads that of \
                 some compilers, and {compiler} asks for another one in xtask/Cargo.toml"
            )
        })?;
        let items: String =
            api.items().map(ToString::to_string).filter(|item| is_users(item)).map(|item| item + "\n").collect();
        Ok((path(name), header(compiler) + &items))
    };
    LIBRARIES.into_iter().zip(&crate_names).map(listing).collect()
}

/// Whether users can tell; two of the traits that types have by themselves are the compiler's own.
fn is_users(item: &str) -> bool {
    !["core::marker::Freeze for", "core::marker::UnsafeUnpin for"].iter().any(|implemented| item.contains(implemented))
}

/// The lines that are gone and those that are new; nothing if there are none.
fn difference(path: &Path, old: &str, new: &str) -> String {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.lines().collect(), new.lines().collect());
    let gone = old.difference(&new).map(|line| format!("-{line}\n"));
    let added = new.difference(&old).map(|line| format!("+{line}\n"));
    let lines: String = gone.chain(added).collect();
    if lines.is_empty() { lines } else { format!("{}\n{lines}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::difference;
    use std::path::Path;

    #[test]
    fn what_is_gone_and_what_is_new_is_said() {
        let path = Path::new("api.txt");
        assert_eq!(difference(path, "pub fn a()\npub fn b()\n", "pub fn b()\npub fn a()\n"), "");
        assert_eq!(
            difference(path, "pub fn a()\npub fn b()\n", "pub fn a()\npub fn b(u8)\n"),
            "api.txt\n-pub fn b()\n+pub fn b(u8)\n"
        );
    }
}
