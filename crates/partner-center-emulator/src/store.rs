//! The state of the emulator: the [`population`], which is generated from the seed and takes no memory, under an overlay of what
//! requests have written. Requests read a snapshot, so that a search of ten million customers holds up no write.

mod change_log;
mod collections;
mod customer_overlay;
mod outcomes;
pub(crate) mod population;
mod snapshot;
mod state;

pub(crate) use change_log::{ChangeLog, ChangesLost, SavedAuthority, SavedSession};
pub(crate) use collections::{
    FIRST_WRITTEN_ITEM_NUMBER, generated_and_written_collection_items, id_of_item, items_with_writes,
};
pub(crate) use outcomes::{WriteOutcome, WriteOutcomeKey};
pub(crate) use snapshot::StateSnapshot;
pub(crate) use state::{State, StateChange, StateVersion, StoreFull};

use crate::customers::CustomerStore;
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) struct ResourceStore {
    state: Mutex<Arc<State>>,
    /// Where changes are saved; without it they are in memory alone.
    log: Option<Box<dyn ChangeLog>>,
    /// The session that was saved last.
    saved_session: Mutex<SavedSession>,
}

/// The difference of clocks up to which a session is not saved again, in milliseconds. The clock of the system is adjusted now and
/// then, and that of the emulator is not.
const MAX_UNSAVED_CLOCK_DRIFT_MILLIS: u64 = 100;

impl ResourceStore {
    pub(crate) fn new(population: CustomerStore) -> Self {
        Self::with_state(State::new(population))
    }

    pub(crate) fn with_state(state: State) -> Self {
        Self { state: Mutex::new(Arc::new(state)), log: None, saved_session: Mutex::default() }
    }

    /// Saves all changes from now on in `log`, which has saved the state as it is, and this session.
    #[cfg(feature = "persistence")]
    pub(crate) fn saved_in(self, log: impl ChangeLog + 'static, session: SavedSession) -> Self {
        Self { log: Some(Box::new(log)), saved_session: Mutex::new(session), ..self }
    }

    /// Returns the state as it is now. Later writes do not change it.
    pub(crate) fn state_snapshot(&self) -> Arc<State> {
        Arc::clone(&self.lock_state())
    }

    /// Replaces the state by another one, which is saved with the session or not at all.
    pub(crate) fn replace_state(&self, state: State, session: impl FnOnce() -> SavedSession) {
        let mut current = self.lock_state();
        *current = Arc::new(state.into_successor_of(&current));
        if let Some(log) = &self.log {
            let mut saved = self.lock_saved_session();
            *saved = session();
            log.append_state(Arc::clone(&current), Some(*saved));
        }
    }

    /// Applies the changes that `decide` makes of the state, all or none. No other write comes between.
    ///
    /// They are saved when [`wait_until_saved`](Self::wait_until_saved) returns.
    ///
    /// # Errors
    /// Those of `decide`, and that the store is full.
    pub(crate) fn update_state<T, E: From<StoreFull>>(
        &self,
        decide: impl FnOnce(&State) -> Result<(T, Vec<StateChange>), E>,
    ) -> Result<T, E> {
        let mut current = self.lock_state();
        let (result, changes) = decide(&current)?;
        if !changes.is_empty() {
            let log = self.log.as_ref().map(|log| (log, to_json(&changes)));
            // This copies the state only while a reader holds a snapshot of it.
            Arc::make_mut(&mut current).apply_changes(changes)?;
            // In the order of the changes, as the state is locked.
            if let Some((log, record)) = log
                && log.append_record_and_check_size(record)
            {
                log.append_state(Arc::clone(&current), None);
            }
        }
        Ok(result)
    }

    /// Saves what the emulator has besides its resources, if that has changed.
    pub(crate) fn save_session(&self, session: impl FnOnce() -> SavedSession) {
        let Some(log) = &self.log else { return };
        let mut saved = self.lock_saved_session();
        // While it is locked, so that no older session is saved after a newer one.
        let session = session();
        if session.authority != saved.authority
            || session.clock_offset.abs_diff(saved.clock_offset) > MAX_UNSAVED_CLOCK_DRIFT_MILLIS
        {
            *saved = session;
            log.append_session(session);
        }
    }

    /// Whether all changes are saved that a response may show.
    pub(crate) fn is_everything_saved(&self) -> bool {
        self.log.as_ref().is_none_or(|log| log.is_everything_saved())
    }

    /// Blocks until all changes so far are saved.
    pub(crate) fn wait_until_saved(&self) -> Result<(), ChangesLost> {
        self.log.as_ref().map_or(Ok(()), |log| log.wait_until_saved())
    }

    fn lock_saved_session(&self) -> MutexGuard<'_, SavedSession> {
        self.saved_session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_state(&self) -> MutexGuard<'_, Arc<State>> {
        // A poisoned state is usable: a change is either complete or has not begun.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `value` in JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "types of this crate, whose keys are strings and whose `Serialize` cannot fail"
    )]
    serde_json::to_vec(value).expect("what the emulator saves can be written as JSON")
}
