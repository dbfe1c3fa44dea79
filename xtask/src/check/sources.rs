//! What the sources must not say.

use crate::workspace::LIBRARIES;
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// An engine that is written once is driven by its caller; whoever blocks on a future would panic inside a runtime.
pub(super) fn no_executor(root: &Path) -> Result<()> {
    // The command line has a runtime, and its own thread to run it on.
    for name in LIBRARIES {
        for (path, text) in sources(&root.join("crates").join(name).join("src"))? {
            let blocks = code_lines(&text).any(|line| line.contains("block_on("));
            ensure!(!blocks, "{} blocks on a future", path.display());
        }
    }
    Ok(())
}

/// What a blocking call awaits is ready at once; anything else that it awaited would never come.
pub(super) fn awaits_mode_wait(root: &Path) -> Result<()> {
    for (path, text) in sources(&root.join("crates/partner-center-core/src"))? {
        if let Some(line) = foreign_await(&text) {
            bail!("{} awaits something else than `Mode::into_future`: {}", path.display(), line.trim());
        }
    }
    Ok(())
}

/// The first line that awaits neither `Mode::into_future` nor another function of the engine; tests are at the end of a file.
fn foreign_await(source: &str) -> Option<&str> {
    const ALLOWED: [&str; 19] = [
        "Mode::into_future(",
        "PrefetchedPage::confirm_or_send(",
        "PrefetchedPage::send(",
        "Self::send(",
        "in_flight.response(",
        "engine.authenticate(",
        "engine.perform(",
        "self.send_with_token(",
        "provider.token(",
        "refresh.early(",
        "refresh.required(",
        "self.obtain(",
        "self.call_source(",
        "self.exchange(",
        "self.acquire_lease(",
        "self.store_refresh_token(",
        "self.run_custom(",
        "sender.send(",
        "self.attempt(",
    ];
    let (code, _) = source.split_once("#[cfg(test)]").unwrap_or((source, ""));
    code_lines(code).find(|line| {
        let allowed: usize = ALLOWED.iter().map(|call| line.matches(call).count()).sum();
        line.matches(".await").count() > allowed
    })
}

/// The lines of a text that are no comments; the words of a document may speak of anything.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The Rust files of a folder and of those in it, with their texts.
fn sources(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            files.push((path, text));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::foreign_await;

    #[test]
    fn an_await_of_something_else_is_found() {
        for line in [
            "    let response = X::Mode::into_future(self.transport.send(request)).await;",
            "        self.attempt(request, next).instrument(span).await",
            "    /// client.call(operation).await?",
            "#[cfg(test)]\nmod tests { async fn any() { anything().await } }",
        ] {
            assert_eq!(foreign_await(line), None);
        }
        for line in [
            "    let response = self.transport.send(request).await;",
            "        .await",
            "    let both = (X::Mode::into_future(one()).await, other().await);",
        ] {
            assert_eq!(foreign_await(line), Some(line));
        }
    }
}
