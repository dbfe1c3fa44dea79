//! What two states of the specification mean for users: `cargo xtask diff REV`, as an entry of the changelog and as the version
//! that it asks for.

mod operations;
mod schemas;

use crate::{
    document::{ROOT_FILE_NAME, SourceFile, Spec, is_area_file},
    workspace::{LIBRARY_CRATES, run_for_output},
};
use anyhow::{Context as _, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    fs,
    path::Path,
    process::Command,
};

/// How much of a program a change may break. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Impact {
    /// Programs compile and do the same: words, hints, codes of errors.
    Documentation,
    /// There is more than before.
    Addition,
    /// It still works, and will not for ever.
    Deprecation,
    /// A program may no longer compile, or a command may no longer be accepted.
    Breaking,
}

/// A change for users.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) impact: Impact,
    pub(crate) description: String,
}

/// The changes from one state of the specification to another.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeSet<Change>);

impl Changes {
    pub(crate) fn between(before: &Spec, after: &Spec) -> Self {
        let mut changes = Self::default();
        operations::compare_operations(before, after, &mut changes);
        schemas::compare_schemas(before, after, &mut changes);
        changes
    }

    fn add(&mut self, impact: Impact, description: impl Into<String>) {
        self.0.insert(Change { impact, description: description.into() });
    }

    /// Adds a change of what is listed in both states: what is gone breaks programs, what is new does not.
    fn add_list_difference<T: PartialEq>(
        &mut self,
        what: &str,
        before: &[T],
        after: &[T],
        name: impl Fn(&T) -> String,
    ) {
        for gone in before.iter().filter(|item| !after.contains(item)) {
            self.add(Impact::Breaking, format!("{what} no longer {}", name(gone)));
        }
        for new in after.iter().filter(|item| !before.contains(item)) {
            self.add(Impact::Addition, format!("{what} now {}", name(new)));
        }
    }

    /// Adds a change of a text that only people read.
    fn add_text_difference(&mut self, what: &str, before: &str, after: &str) {
        if before != after {
            self.add(Impact::Documentation, format!("{what} is described anew"));
        }
    }

    /// Adds a deprecation, or its end.
    fn add_deprecation(&mut self, what: &str, before: Option<&str>, after: Option<&str>) {
        match (before, after) {
            (None, Some(reason)) => self.add(Impact::Deprecation, format!("{what} is deprecated: {reason}")),
            (Some(_), None) => self.add(Impact::Addition, format!("{what} is no longer deprecated")),
            (before, after) if before != after => {
                self.add(Impact::Documentation, format!("{what} has another reason why it is deprecated"));
            }
            _ => {}
        }
    }

    /// Returns the greatest impact, if there is any change.
    pub(crate) fn impact(&self) -> Option<Impact> {
        self.0.iter().map(|change| change.impact).max()
    }

    #[cfg(test)]
    fn as_pairs(&self) -> Vec<(Impact, &str)> {
        self.0.iter().map(|change| (change.impact, change.description.as_str())).collect()
    }
}

/// Writes an entry of the changelog.
impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (impact, title) in [
            (Impact::Breaking, "Changed, in a way that breaks programs"),
            (Impact::Deprecation, "Deprecated"),
            (Impact::Addition, "Added"),
            (Impact::Documentation, "Documentation"),
        ] {
            let mut changes = self.0.iter().filter(|change| change.impact == impact).peekable();
            if changes.peek().is_some() {
                write!(formatter, "### {title}\n\n")?;
                changes.try_for_each(|change| writeln!(formatter, "- {}.", change.description))?;
                formatter.write_char('\n')?;
            }
        }
        Ok(())
    }
}

/// Returns the changes of the specification, and of the public APIs that are listed in `api.txt`, since a revision of git.
pub(crate) fn describe_changes(root: &Path, revision: &str) -> Result<String> {
    let before = read_spec_at(root, revision)?;
    let after = Spec::read(&root.join("spec"))?;
    let changes = Changes::between(&before, &after);
    let listings = compare_listings(root, revision)?;
    let listing_impact = listings.iter().map(|(_, removed, added)| match (removed.is_empty(), added.is_empty()) {
        (false, _) => Some(Impact::Breaking),
        (true, false) => Some(Impact::Addition),
        (true, true) => None,
    });
    let impact = changes.impact().into_iter().chain(listing_impact.flatten()).max();
    let version = workspace_version(&file_at(root, revision, "Cargo.toml")?)?;
    let mut text = match impact {
        None => format!("Nothing has changed for users since {revision} ({version}).\n"),
        Some(impact) => format!("## {}\n\n{changes}", next_version(version, impact)),
    };
    for (name, removed, added) in
        listings.iter().filter(|(_, removed, added)| !(removed.is_empty() && added.is_empty()))
    {
        writeln!(text, "### API of {name}\n\n{} items added, {} removed or changed:\n", added.len(), removed.len())?;
        removed.iter().try_for_each(|item| writeln!(text, "- `{item}`"))?;
    }
    Ok(text)
}

/// A version of the workspace: major, minor, patch.
struct Version([u64; 3]);

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(formatter, "{major}.{minor}.{patch}")
    }
}

/// Returns the version after a change, as Cargo understands semantic versions: before 1.0.0, the minor version is for what breaks
/// programs and the patch for the rest.
fn next_version(Version([major, minor, patch]): Version, impact: Impact) -> Version {
    Version(match (major, impact) {
        (0, Impact::Breaking) => [0, minor + 1, 0],
        (0, _) | (_, Impact::Documentation) => [major, minor, patch + 1],
        (_, Impact::Addition | Impact::Deprecation) => [major, minor + 1, 0],
        (_, Impact::Breaking) => [major + 1, 0, 0],
    })
}

fn workspace_version(manifest: &str) -> Result<Version> {
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    let version = version.context("Cargo.toml of the workspace has no version")?;
    let numbers: Vec<_> = version.split('.').map(str::parse).collect::<Result<_, _>>()?;
    let numbers = numbers.try_into().ok().with_context(|| format!("{version} does not have three numbers"))?;
    Ok(Version(numbers))
}

fn read_spec_at(root: &Path, revision: &str) -> Result<Spec> {
    let names = git(root, &["ls-tree", "--name-only", revision, "spec/"])?;
    let mut names: Vec<_> = names.lines().filter_map(|path| path.strip_prefix("spec/")).collect();
    names.retain(|name| is_area_file(name));
    names.insert(0, ROOT_FILE_NAME);
    let files = names
        .into_iter()
        .map(|name| Ok(SourceFile { name: name.to_owned(), text: file_at(root, revision, &format!("spec/{name}"))? }));
    let spec = Spec::from_files(&files.collect::<Result<Vec<_>>>()?);
    spec.with_context(|| format!("the specification of {revision} is not understood by this state of the generator"))
}

/// The name of a crate, what is gone from the listing of its API, and what is new.
type ListingDifference = (&'static str, Vec<String>, Vec<String>);

fn compare_listings(root: &Path, revision: &str) -> Result<Vec<ListingDifference>> {
    let listed = git(root, &["ls-tree", "-r", "--name-only", revision, "crates/"])?;
    let mut differences = Vec::new();
    for name in LIBRARY_CRATES {
        let path = format!("crates/{name}/api.txt");
        let before =
            if listed.lines().any(|file| file == path) { file_at(root, revision, &path)? } else { String::new() };
        let after = fs::read_to_string(root.join(&path)).with_context(|| path.clone())?;
        // The header names the compiler.
        let [before, after] = [&before, &after]
            .map(|listing| listing.lines().filter(|line| !line.starts_with("# ")).collect::<BTreeSet<_>>());
        let only_in = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| {
            one.difference(other).map(|line| (*line).to_owned()).collect::<Vec<_>>()
        };
        differences.push((name, only_in(&before, &after), only_in(&after, &before)));
    }
    Ok(differences)
}

fn file_at(root: &Path, revision: &str, path: &str) -> Result<String> {
    git(root, &["show", &format!("{revision}:{path}")])
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    run_for_output(Command::new("git").current_dir(root).args(arguments))
}

/// Pairs what has the same key in both states: what is gone, what is new, and what is in both.
fn pair_by_key<'a, T>(
    before: impl IntoIterator<Item = &'a T>,
    after: impl IntoIterator<Item = &'a T>,
    key: impl Fn(&'a T) -> &'a str,
) -> Vec<(&'a str, Option<&'a T>, Option<&'a T>)> {
    let mut pairs: BTreeMap<&str, (Option<&T>, Option<&T>)> = BTreeMap::new();
    before.into_iter().for_each(|item| pairs.entry(key(item)).or_default().0 = Some(item));
    after.into_iter().for_each(|item| pairs.entry(key(item)).or_default().1 = Some(item));
    pairs.into_iter().map(|(key, (before, after))| (key, before, after)).collect()
}

#[cfg(test)]
mod tests;
