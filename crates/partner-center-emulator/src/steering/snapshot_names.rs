use super::{Snapshot, SteeringError};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The snapshots that requests have taken, by their names.
#[derive(Default)]
pub(crate) struct NamedSnapshots(Mutex<BTreeMap<String, Snapshot>>);

/// The maximum number of named snapshots.
const MAX_SNAPSHOTS: usize = 100;

/// The maximum length of a name, in characters.
const MAX_SNAPSHOT_NAME_LENGTH: usize = 100;

impl NamedSnapshots {
    pub(crate) fn snapshot_names(&self) -> Vec<String> {
        self.lock_snapshots().keys().cloned().collect()
    }

    /// Stores a snapshot, in place of any other of the same name.
    pub(crate) fn store_snapshot(&self, name: &str, snapshot: Snapshot) -> Result<(), SteeringError> {
        let is_valid = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
        if name.is_empty() || name.len() > MAX_SNAPSHOT_NAME_LENGTH || !name.chars().all(is_valid) {
            return Err(SteeringError::invalid(format!(
                "the name of a snapshot must have 1 to {MAX_SNAPSHOT_NAME_LENGTH} ASCII letters, digits, '-', '.' and '_'"
            )));
        }
        let mut snapshots = self.lock_snapshots();
        if snapshots.len() >= MAX_SNAPSHOTS && !snapshots.contains_key(name) {
            return Err(SteeringError::conflict(format!("there are {MAX_SNAPSHOTS} snapshots: delete some of them")));
        }
        snapshots.insert(name.to_owned(), snapshot);
        Ok(())
    }

    pub(crate) fn get_snapshot(&self, name: &str) -> Result<Snapshot, SteeringError> {
        self.lock_snapshots().get(name).cloned().ok_or_else(|| Self::missing_snapshot_error(name))
    }

    pub(crate) fn remove_snapshot(&self, name: &str) -> Result<(), SteeringError> {
        self.lock_snapshots().remove(name).map(drop).ok_or_else(|| Self::missing_snapshot_error(name))
    }

    fn missing_snapshot_error(name: &str) -> SteeringError {
        SteeringError::not_found(format!("there is no snapshot {name:?}"))
    }

    fn lock_snapshots(&self) -> MutexGuard<'_, BTreeMap<String, Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
