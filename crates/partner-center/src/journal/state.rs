use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

/// What is known of the work for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemState {
    /// It is done.
    Done,
    /// It failed, and none of its writes was performed.
    Failed,
    /// It is not done, and at least one of its writes may have been performed: its own outcome is not known, or its response could
    /// not be used, or a later call failed.
    Unknown,
}

/// An item of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalEntry {
    /// The item.
    pub item: String,
    /// What is known of its work.
    pub state: ItemState,
    /// The `MS-RequestId` of its last write.
    pub request_id: Option<Uuid>,
    /// The error of the last run, if it ended with one.
    pub error: Option<String>,
    /// The time when the first of its writes that may have been performed was sent, if there is one. Microsoft does not say for how
    /// long the service remembers the ids of requests.
    pub unknown_since: Option<SystemTime>,
}

/// A line of the file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum JournalRecord {
    Opened {
        purpose: String,
    },
    Sending {
        item: String,
        call: String,
        /// How many calls with the same method and path the work has made before.
        #[serde(default, skip_serializing_if = "is_zero")]
        preceding: usize,
        request_id: Uuid,
        /// The earlier request id of the same call, to which the service has responded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        completed: Option<Uuid>,
    },
    NotPerformed {
        item: String,
        request_id: Uuid,
    },
    Done {
        item: String,
        request_id: Option<Uuid>,
        /// See [`Journal::keep_output`](super::Journal::keep_output).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
    },
    Failed {
        item: String,
        request_id: Option<Uuid>,
        error: String,
    },
    Unknown {
        item: String,
        request_id: Option<Uuid>,
        error: String,
    },
}

/// What the lines of the file say together.
#[derive(Debug, Default)]
pub(super) struct JournalState {
    items: Vec<ItemRecord>,
    indexes: HashMap<String, usize>,
}

#[derive(Debug)]
struct ItemRecord {
    entry: JournalEntry,
    /// The last request id of each write that may have been performed: by method and path, and how many such calls precede it.
    calls: BTreeMap<(String, usize), Uuid>,
    /// The line with its output, if it is done and has one.
    output: Option<WrittenLine>,
}

/// Where a line is in the file, in bytes, and when it was written, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenLine {
    pub(super) at: u64,
    pub(super) start: u64,
    pub(super) length: u64,
}

impl JournalState {
    pub(super) fn state_of_item(&self, item: &str) -> Option<ItemState> {
        self.indexes.get(item).map(|index| self.items[*index].entry.state)
    }

    pub(super) fn journal_entries(&self) -> Vec<JournalEntry> {
        self.items.iter().map(|item| item.entry.clone()).collect()
    }

    /// Returns the id of the next request of an item, whether it was sent before, and what to write before it is sent. `preceding`
    /// calls of this run have the same method and path; `completed` is the last id of the call.
    pub(super) fn next_request_id_and_record(
        &mut self,
        item: &str,
        call: &str,
        preceding: usize,
        completed: Option<Uuid>,
    ) -> (Uuid, bool, JournalRecord) {
        let calls = &self.item_record_mut(item).calls;
        let (preceding, known) = match completed {
            None => (preceding, calls.get(&(call.to_owned(), preceding)).copied()),
            Some(completed) => {
                let completed = calls.iter().find(|((other, _), id)| other == call && **id == completed);
                (completed.map_or(preceding, |((_, preceding), _)| *preceding), None)
            }
        };
        let request_id = known.unwrap_or_else(Uuid::new_v4);
        let record =
            JournalRecord::Sending { item: item.to_owned(), call: call.to_owned(), preceding, request_id, completed };
        self.apply_record(&record);
        (request_id, known.is_some(), record)
    }

    /// Returns what to write when a write was not performed.
    pub(super) fn record_not_performed(&mut self, item: &str, request_id: Uuid) -> JournalRecord {
        let record = JournalRecord::NotPerformed { item: item.to_owned(), request_id };
        self.apply_record(&record);
        record
    }

    /// Returns the line with the output of an item.
    pub(super) fn output_position(&self, item: &str) -> Option<WrittenLine> {
        self.items[*self.indexes.get(item)?].output
    }

    /// Returns what to write when the work for an item has ended.
    pub(super) fn record_outcome(&mut self, item: &str, result: Result<Option<String>, String>) -> JournalRecord {
        let ItemRecord { entry, calls, .. } = self.item_record_mut(item);
        let (item, request_id) = (item.to_owned(), entry.request_id);
        let record = match result {
            Ok(output) => JournalRecord::Done { item, request_id, output },
            Err(error) if calls.is_empty() => JournalRecord::Failed { item, request_id, error },
            Err(error) => JournalRecord::Unknown { item, request_id, error },
        };
        self.apply_record(&record);
        record
    }

    /// Adds what a line says, and where it is in the file.
    pub(super) fn apply_line(&mut self, record: &JournalRecord, line: WrittenLine) {
        self.apply_record(record);
        self.note_line(record, line);
    }

    /// Remembers where the output of a line is in the file, if it has one, and when a request was sent.
    pub(super) fn note_line(&mut self, record: &JournalRecord, line: WrittenLine) {
        match record {
            JournalRecord::Done { item, output: Some(_), .. } => self.item_record_mut(item).output = Some(line),
            JournalRecord::Sending { item, .. } => {
                // A time that no clock has is one long ago.
                let at = UNIX_EPOCH.checked_add(Duration::from_secs(line.at)).unwrap_or(UNIX_EPOCH);
                self.item_record_mut(item).entry.unknown_since.get_or_insert(at);
            }
            _ => {}
        }
    }

    /// Adds what a line says.
    fn apply_record(&mut self, record: &JournalRecord) {
        match record {
            JournalRecord::Opened { .. } => {}
            JournalRecord::Sending { item, call, preceding, request_id, .. } => {
                let item = self.item_record_mut(item);
                item.set_item_state(ItemState::Unknown, Some(*request_id), None);
                item.calls.insert((call.clone(), *preceding), *request_id);
            }
            JournalRecord::NotPerformed { item, request_id } => {
                let item = self.item_record_mut(item);
                // The service may have responded to it: the next request has another id. Other calls of the item keep theirs.
                item.calls.retain(|_, id| id != request_id);
                if item.calls.is_empty() {
                    (item.entry.state, item.entry.unknown_since) = (ItemState::Failed, None);
                }
            }
            JournalRecord::Done { item, request_id, .. } => {
                let item = self.item_record_mut(item);
                item.set_item_state(ItemState::Done, *request_id, None);
                item.calls.clear();
                item.entry.unknown_since = None;
            }
            JournalRecord::Failed { item, request_id, error } => {
                self.item_record_mut(item).set_item_state(ItemState::Failed, *request_id, Some(error));
            }
            JournalRecord::Unknown { item, request_id, error } => {
                self.item_record_mut(item).set_item_state(ItemState::Unknown, *request_id, Some(error));
            }
        }
    }

    fn item_record_mut(&mut self, item: &str) -> &mut ItemRecord {
        let index = *self.indexes.entry(item.to_owned()).or_insert(self.items.len());
        if index == self.items.len() {
            let (item, state) = (item.to_owned(), ItemState::Failed);
            let entry = JournalEntry { item, state, request_id: None, error: None, unknown_since: None };
            self.items.push(ItemRecord { entry, calls: BTreeMap::new(), output: None });
        }
        &mut self.items[index]
    }
}

impl ItemRecord {
    fn set_item_state(&mut self, state: ItemState, request_id: Option<Uuid>, error: Option<&String>) {
        (self.entry.state, self.entry.request_id, self.entry.error) = (state, request_id, error.cloned());
        self.output = None;
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
