//! The problems of a specification, which are reported all together.

use anyhow::{Error, Result};
use std::{collections::BTreeSet, fmt};

/// The problems that were found so far: each once, in the order of their places.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Problems(BTreeSet<Problem>);

/// A problem: `file#pointer: what is wrong: what to write instead`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    /// A JSON pointer in the document, such as `#/paths/~1v1~1customers/get`, or a file with or without a pointer.
    at: String,
    message: String,
}

/// The error of a function that could not go on because of a problem that is reported already.
#[derive(Debug)]
pub(crate) struct ProblemAlreadyReported;

impl Problems {
    pub(crate) fn add_problem(&mut self, at: impl Into<String>, message: impl Into<String>) {
        self.0.insert(Problem { at: at.into(), message: message.into() });
    }

    /// Returns the value of `result`, or adds its error: one without a place of its own at `at`.
    pub(crate) fn value_or_add_error<T>(&mut self, at: &str, result: Result<T>) -> Option<T> {
        let error = match result {
            Ok(value) => return Some(value),
            Err(error) if error.is::<ProblemAlreadyReported>() => return None,
            Err(error) => error,
        };
        match error.downcast::<Self>() {
            Ok(others) => self.extend(others),
            Err(error) => self.add_problem(at, format!("{error:#}")),
        }
        None
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a problem at a place or within it, in any file.
    pub(crate) fn has_problem_within(&self, at: &str) -> bool {
        self.0.iter().any(|problem| {
            let pointer = problem.at.find('#').map_or("", |start| &problem.at[start..]);
            pointer.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Returns the problems with the file of each, as `file_of` tells it by the place.
    pub(crate) fn with_file_names(self, file_of: impl Fn(&str) -> String) -> Self {
        let located = self.0.into_iter().map(|Problem { at, message }| {
            let file = if at.starts_with('#') { file_of(&at) } else { String::new() };
            Problem { at: file + &at, message }
        });
        Self(located.collect())
    }

    /// Returns the problems as an error, if there are any.
    pub(crate) fn into_result(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(Error::new(self)) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem { at, message }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{at}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for ProblemAlreadyReported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("see the other problems")
    }
}

impl std::error::Error for ProblemAlreadyReported {}

#[cfg(test)]
mod tests {
    use super::{ProblemAlreadyReported, Problems};
    use anyhow::{Context as _, Error, anyhow};

    #[test]
    fn problems_are_sorted_and_listed_once() {
        let mut problems = Problems::default();
        assert_eq!(problems.value_or_add_error("#/b", Ok(1)), Some(1));
        for at in ["#/b", "#/a", "#/b"] {
            assert_eq!(problems.value_or_add_error::<()>(at, Err(anyhow!("wrong")).context("here")), None);
        }
        assert_eq!(
            problems.value_or_add_error::<()>("#/c", Err(Error::new(ProblemAlreadyReported)).context("here")),
            None
        );
        let mut others = Problems::default();
        others.add_problem("#/a/x", "worse");
        others.add_problem("other.yaml", "not YAML");
        assert_eq!(problems.value_or_add_error::<()>("#/d", Err(Error::new(others)).context("there")), None);
        assert!(
            problems.has_problem_within("#/a/x")
                && problems.has_problem_within("#/b")
                && !problems.has_problem_within("#/")
        );
        let located =
            problems.with_file_names(|at| if at.starts_with("#/a") { "a.yaml" } else { "root.yaml" }.to_owned());
        assert_eq!(
            located.to_string(),
            "a.yaml#/a: here: wrong\na.yaml#/a/x: worse\nother.yaml: not YAML\nroot.yaml#/b: here: wrong"
        );
    }
}
