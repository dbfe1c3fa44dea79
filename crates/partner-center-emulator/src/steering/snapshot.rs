use super::redaction::hide_secret_fields;
use crate::{
    Emulator,
    store::{State, StateSnapshot},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, error::Error, fmt, sync::Arc};

/// The state of an emulator at a moment: its customers and resources, the responses that writes get when they are sent again, and
/// the time. [`Emulator::snapshot`] takes one, and [`Emulator::restore`] goes back to it.
///
/// Cheap to take, to clone and to restore: nothing is copied but what is written afterwards.
#[derive(Clone)]
pub struct Snapshot {
    state: Arc<State>,
    time: Timestamp,
}

/// A snapshot as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SnapshotDocument<'a> {
    format: Cow<'a, str>,
    time: Timestamp,
    #[serde(borrow)]
    state: StateSnapshot<'a>,
}

/// The format of the JSON, which a change that older versions cannot read gets a new number.
const SNAPSHOT_FORMAT: &str = "partner-center-emulator/1";

/// An error of reading a [`Snapshot`] from JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSnapshotError(String);

impl Snapshot {
    /// Returns the snapshot as JSON.
    ///
    /// It has the responses to earlier writes, for those that are sent again: the passwords of users are in some of them.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_json_with_state(self.state.to_snapshot())
    }

    /// Returns the snapshot as JSON without passwords and other secrets, which responses to earlier writes have, and resources that
    /// were put with them.
    pub(super) fn to_json_without_secrets(&self) -> String {
        let mut state = self.state.to_snapshot();
        state.change_values(hide_secret_fields);
        self.to_json_with_state(state)
    }

    #[expect(
        clippy::expect_used,
        reason = "types of this crate, whose keys are strings and whose `Serialize` cannot fail"
    )]
    fn to_json_with_state(&self, state: StateSnapshot<'_>) -> String {
        let document = SnapshotDocument { format: SNAPSHOT_FORMAT.into(), time: self.time, state };
        serde_json::to_string(&document).expect("a snapshot can be written as JSON")
    }

    /// Returns the size of everything in it, approximately, in bytes.
    pub(super) fn stored_bytes(&self) -> usize {
        self.state.stored_bytes_with_outcomes()
    }

    pub(super) fn shares_state_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }

    /// Reads a snapshot that [`to_json`](Self::to_json) wrote, perhaps in another process.
    ///
    /// # Errors
    /// `json` is not a snapshot, or not one of this version.
    pub fn from_json(json: &str) -> Result<Self, ParseSnapshotError> {
        let document: SnapshotDocument<'_> = serde_json::from_str(json).map_err(|error| {
            ParseSnapshotError(format!("it is not a snapshot of this version of the emulator: {error}"))
        })?;
        if document.format != SNAPSHOT_FORMAT {
            let format = &document.format;
            return Err(ParseSnapshotError(format!(
                "its format is {format:?}, and this version reads {SNAPSHOT_FORMAT:?}"
            )));
        }
        let state = State::from_snapshot(document.state)
            .map_err(|error| ParseSnapshotError(format!("the snapshot is invalid: {error}")))?;
        Ok(Self { state: Arc::new(state), time: document.time })
    }
}

impl Emulator {
    /// Returns the state as it is now.
    ///
    /// ```
    /// use partner_center_emulator::{Emulator, Snapshot};
    ///
    /// let emulator = Emulator::default();
    /// let before = emulator.snapshot();
    /// // Something is written, and then:
    /// emulator.restore(&before);
    ///
    /// // In another process:
    /// let copy = Emulator::builder().customers(0).build();
    /// copy.restore(&Snapshot::from_json(&before.to_json())?);
    /// # Ok::<(), partner_center_emulator::ParseSnapshotError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let handler = self.handler();
        Snapshot { state: handler.service.store.state_snapshot(), time: handler.clock.current_timestamp() }
    }

    /// Goes back to the state and the time of `snapshot`, which may be that of another emulator. Faults, quirks, tokens, the log
    /// of requests and the list of verdicts stay as they are. What was requested before leads to no verdict any more.
    pub fn restore(&self, snapshot: &Snapshot) {
        let handler = self.handler();
        handler.clock.set_timestamp(snapshot.time);
        handler.replace_state(State::clone(&snapshot.state));
        handler.judge.forget_requests();
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Snapshot").field("time", &self.time).finish_non_exhaustive()
    }
}

impl fmt::Display for ParseSnapshotError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for ParseSnapshotError {}
