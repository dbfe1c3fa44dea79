use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// The error of a data file that cannot be used; see [`EmulatorBuilder::build_with_data_file`](crate::EmulatorBuilder::build_with_data_file).
#[derive(Debug)]
pub struct DataFileError {
    kind: DataFileErrorKind,
    path: PathBuf,
    problem: String,
    source: Option<io::Error>,
}

/// The reason for which a data file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataFileErrorKind {
    /// Another process, or another emulator of this one, uses it.
    InUse,
    /// A version of the emulator wrote it that has another format.
    OtherVersion,
    /// It is damaged, or is not a data file of the emulator.
    Damaged,
    /// It was made with other settings for the generated customers.
    OtherSettings,
    /// It cannot be read or written.
    Io,
}

impl DataFileError {
    /// Returns the reason.
    #[must_use]
    pub fn kind(&self) -> DataFileErrorKind {
        self.kind
    }

    pub(super) fn new(kind: DataFileErrorKind, path: &Path, problem: impl Into<String>) -> Self {
        Self { kind, path: path.to_owned(), problem: problem.into(), source: None }
    }

    pub(super) fn damaged(path: &Path, problem: impl fmt::Display) -> Self {
        let problem = format!(
            "is damaged, or is not a data file of the emulator ({problem}): restore a copy of it, or name another file"
        );
        Self::new(DataFileErrorKind::Damaged, path, problem)
    }

    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        let problem = format!("cannot be read or written ({error}): name a file that can");
        Self { source: Some(error), ..Self::new(DataFileErrorKind::Io, path, problem) }
    }
}

impl fmt::Display for DataFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the data file {} {}", self.path.display(), self.problem)
    }
}

impl Error for DataFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}
