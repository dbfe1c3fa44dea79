use super::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A log outside of memory, of all that changes. Nothing that a response shows is lost once it is saved.
pub(crate) trait ChangeLog: Send + Sync {
    /// Appends the changes of a write in JSON, and returns whether the whole state should follow, as there are many by now.
    fn append_record_and_check_size(&self, record: Vec<u8>) -> bool;

    /// Appends a state, which replaces all before it, and a session, both or none.
    fn append_state(&self, state: Arc<State>, session: Option<SavedSession>);

    fn append_session(&self, session: SavedSession);

    /// Whether all that was appended is saved.
    fn is_everything_saved(&self) -> bool;

    /// Blocks until all is saved that was appended so far.
    fn wait_until_saved(&self) -> Result<(), ChangesLost>;
}

/// What an emulator has besides its resources, as it is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedSession {
    /// The time of the emulator's clock less that of the system, in milliseconds.
    pub(crate) clock_offset: i64,
    pub(crate) authority: SavedAuthority,
}

/// The numbers of tokens that an authority has to remember.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedAuthority {
    pub(crate) issued: u64,
    pub(crate) last_revoked_access: u64,
    pub(crate) first_valid_refresh: u64,
    pub(crate) has_consent: bool,
}

/// A change could not be saved, nor can any other.
#[derive(Debug)]
pub(crate) struct ChangesLost;
