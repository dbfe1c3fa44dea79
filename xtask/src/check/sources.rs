//! Rules of the architecture that the compiler does not enforce, checked in the source files.

use crate::workspace::LIBRARY_CRATES;
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The engine is written once, and driven by its caller: a library that blocked on a future would panic inside a runtime. Its
/// tests may.
pub(super) fn check_no_async_executor(root: &Path) -> Result<()> {
    // The command line may: it has a runtime on a thread of its own.
    for name in LIBRARY_CRATES {
        for (path, source) in read_source_files(&root.join("crates").join(name).join("src"))? {
            let blocks = lines_without_comments(source_without_tests(&source)).any(|line| line.contains("block_on("));
            ensure!(!blocks, "{} blocks on a future", path.display());
        }
    }
    Ok(())
}

/// The future of a blocking call is ready when it is first polled; anything else that the engine awaited would never be ready.
pub(super) fn check_awaits_mode_only(root: &Path) -> Result<()> {
    let sources = read_source_files(&root.join("crates/partner-center-core/src"))?;
    let functions: BTreeSet<_> = sources.iter().flat_map(|(_, source)| async_function_names(source)).collect();
    ensure!(!functions.is_empty(), "the core has no `async fn`");
    for (path, source) in &sources {
        if let Some(line) = find_foreign_await(source, &functions) {
            bail!(
                "{} awaits something other than `Mode::into_future` and an `async fn` of the core: {}",
                path.display(),
                line.trim()
            );
        }
    }
    Ok(())
}

/// Returns the names of the `async fn`s in a source file.
fn async_function_names(source: &str) -> impl Iterator<Item = &str> {
    let is_end = |character: char| !character.is_alphanumeric() && character != '_';
    let definitions =
        lines_without_comments(source_without_tests(source)).filter_map(|line| line.split_once("async fn "));
    definitions.filter_map(move |(_, definition)| definition.split(is_end).next())
}

/// Returns the first line that awaits neither `Mode::into_future` nor one of the `functions`.
fn find_foreign_await<'a>(source: &'a str, functions: &BTreeSet<&str>) -> Option<&'a str> {
    lines_without_comments(source_without_tests(source)).find(|line| {
        let calls = |function: &str| {
            let is_name = |last: char| last.is_alphanumeric() || last == '_';
            let parts: Vec<_> = line.split(&format!("{function}(")).collect();
            parts
                .split_last()
                .map_or(0, |(_, before)| before.iter().filter(|before| !before.ends_with(is_name)).count())
        };
        let allowed = calls("Mode::into_future") + functions.iter().map(|function| calls(function)).sum::<usize>();
        line.matches(".await").count() > allowed
    })
}

/// Returns a source file up to its tests, which are at its end.
fn source_without_tests(source: &str) -> &str {
    source.split_once("#[cfg(test)]\nmod tests {").map_or(source, |(code, _)| code)
}

/// Returns the lines of a source file that are not comments.
fn lines_without_comments(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Returns the Rust files below a folder, with their content.
fn read_source_files(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(read_source_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.push((path, source));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::{async_function_names, find_foreign_await};
    use std::collections::BTreeSet;

    #[test]
    fn await_of_something_else_is_found() {
        let functions = BTreeSet::from(["attempts"]);
        for line in [
            "    let response = X::Mode::into_future(self.transport.send(request)).await;",
            "        self.attempts(call, context, page).instrument(span).await",
            "    /// client.call(operation).await?",
            "#[cfg(test)]\nmod tests { async fn any() { anything().await } }",
        ] {
            assert_eq!(find_foreign_await(line, &functions), None);
        }
        for line in [
            "    let response = self.transport.send(request).await;",
            "        .await",
            "    let both = (X::Mode::into_future(one()).await, other().await);",
            "    self.more_attempts(call).await",
        ] {
            assert_eq!(find_foreign_await(line, &functions), Some(line));
        }
    }

    #[test]
    fn async_functions_of_the_code_are_listed_without_those_of_tests() {
        let source = "pub(crate) async fn call<O: Operation>(&self) {}\n// async fn no() {}\n#[cfg(test)]\nmod tests {\nasync fn any() {}\n}";
        assert_eq!(async_function_names(source).collect::<Vec<_>>(), ["call"]);
    }
}
