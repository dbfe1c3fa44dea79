//! Keeps the state of an emulator in a file, so that it is there again at the next start, whatever ended the process.
//!
//! The file is a database of `redb`. It has the settings that generated customers depend on, a [`State`] as JSON, and the changes
//! since then, a record for each write: so what a write costs does not depend on what there is already, and a write is in the file
//! as a whole or not at all. [`Journal`] writes records, many in one commit if many requests come at the same time; a response
//! waits until all that it may have seen is in the file. The records are replaced by a new state when they take more room than it.

mod data_file;
mod error;
mod journal;

pub use error::{DataFileError, DataFileErrorKind};

pub(crate) use data_file::{DataFile, PopulationSettings, SavedEmulator};
pub(crate) use journal::Journal;
