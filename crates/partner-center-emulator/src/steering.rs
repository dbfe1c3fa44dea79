//! Steering: what tests do with an emulator while it runs, from Rust.

mod snapshot;

pub use snapshot::{ParseSnapshotError, Snapshot};
