//! The state of the emulator: the [`population`], which is generated from the seed and takes no memory, under an overlay of what
//! requests have written. Requests read a snapshot, so that a search of ten million customers holds up no write.

mod customer_overlay;
mod outcomes;
pub(crate) mod population;
mod snapshot;
mod state;

pub(crate) use outcomes::{WriteOutcome, WriteOutcomeKey};
pub(crate) use snapshot::StateSnapshot;
pub(crate) use state::{State, StateChange, StateVersion, StoreFull};

use crate::customers::CustomerStore;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) struct ResourceStore(Mutex<Arc<State>>);

impl ResourceStore {
    pub(crate) fn new(population: CustomerStore) -> Self {
        Self(Mutex::new(Arc::new(State::new(population))))
    }

    /// Returns the state as it is now. Later writes do not change it.
    pub(crate) fn state_snapshot(&self) -> Arc<State> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the state by another one.
    pub(crate) fn replace_state(&self, state: State) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(state.in_place_of(&current));
    }

    /// Applies the changes that `decide` makes of the state, all or none. No other write comes between.
    ///
    /// # Errors
    /// Those of `decide`, and that the store is full.
    pub(crate) fn update_state<T, E: From<StoreFull>>(
        &self,
        decide: impl FnOnce(&State) -> Result<(T, Vec<StateChange>), E>,
    ) -> Result<T, E> {
        // A poisoned state is usable: a change is either complete or has not begun.
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (result, changes) = decide(&current)?;
        if !changes.is_empty() {
            // This copies the state only while a reader holds a snapshot of it.
            Arc::make_mut(&mut current).apply_changes(changes)?;
        }
        Ok(result)
    }
}
