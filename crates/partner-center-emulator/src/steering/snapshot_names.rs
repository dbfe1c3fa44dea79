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

/// The maximum size of all of them together, in bytes, approximately. Those of one state count once.
const MAX_SNAPSHOT_BYTES: usize = 1 << 30;

/// The maximum length of a name, in characters.
const MAX_SNAPSHOT_NAME_LENGTH: usize = 100;

impl NamedSnapshots {
    pub(crate) fn snapshot_names(&self) -> Vec<String> {
        self.lock_snapshots().keys().cloned().collect()
    }

    /// Stores a snapshot, in place of any other of the same name.
    pub(crate) fn store_snapshot(&self, name: &str, snapshot: Snapshot) -> Result<(), SteeringError> {
        self.store_snapshot_up_to(name, snapshot, MAX_SNAPSHOT_BYTES)
    }

    /// Stores a snapshot if all together have up to `max_bytes` then.
    fn store_snapshot_up_to(&self, name: &str, snapshot: Snapshot, max_bytes: usize) -> Result<(), SteeringError> {
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
        let others: Vec<_> = snapshots.iter().filter(|(other, _)| *other != name).map(|(_, other)| other).collect();
        let is_new = |(index, other): &(usize, &&Snapshot)| {
            !other.shares_state_with(&snapshot)
                && !others[..*index].iter().any(|earlier| earlier.shares_state_with(other))
        };
        let other_bytes: usize = others.iter().enumerate().filter(is_new).map(|(_, other)| other.stored_bytes()).sum();
        if other_bytes.saturating_add(snapshot.stored_bytes()) > max_bytes {
            let limit = max_bytes >> 20;
            return Err(SteeringError::conflict(format!(
                "all snapshots together would have more than {limit} MiB: delete some of them"
            )));
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

#[cfg(test)]
mod tests {
    use super::NamedSnapshots;
    use crate::{Emulator, Snapshot};

    #[test]
    fn snapshots_together_have_a_limit() {
        let emulator = Emulator::builder().customers(0).build();
        let written = |number: u32| -> Snapshot {
            let path = format!("/v1/customers/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8{number:02}");
            emulator.put_resource(&path, r#"{"companyProfile": {"companyName": "Tailwind Toys"}}"#).unwrap();
            emulator.snapshot()
        };
        let (one, two) = (written(1), written(2));
        let snapshots = NamedSnapshots::default();
        let limit = one.stored_bytes() + two.stored_bytes();
        let store = |name: &str, snapshot: &Snapshot, limit| {
            snapshots.store_snapshot_up_to(name, snapshot.clone(), limit).map_err(|error| error.to_string())
        };
        assert_eq!(store("a", &one, limit), Ok(()));
        assert!(store("b", &two, limit - 1).unwrap_err().contains("delete some"));
        assert_eq!(store("b", &two, limit), Ok(()));
        assert_eq!(store("c", &two, limit), Ok(()), "the same state takes no more memory");
        assert_eq!(store("b", &one, limit), Ok(()), "it takes the place of the other");
        assert!(store("d", &written(3), limit).is_err());
        assert_eq!(snapshots.snapshot_names(), ["a", "b", "c"]);
    }
}
