use partner_center_core::Error;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What is known of the work for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemState {
    /// It is done.
    Done,
    /// It failed, and the call that failed has changed nothing.
    Failed,
    /// A request was sent, and what has come of it is not known.
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
    /// The `MS-RequestId` of its last request.
    pub request_id: Option<Uuid>,
    /// The error of the last run, if it ended with one.
    pub error: Option<String>,
}

/// A line of the file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum Record {
    Opened {
        purpose: String,
    },
    Sending {
        item: String,
        call: String,
        request_id: Uuid,
        /// The earlier request id of the same call, which the service has answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answered: Option<Uuid>,
    },
    Done {
        item: String,
        request_id: Option<Uuid>,
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
    /// The last request id of each call, by method and path; `None` if the next request has to have another.
    calls: BTreeMap<String, Vec<Option<Uuid>>>,
}

impl JournalState {
    pub(super) fn state_of(&self, item: &str) -> Option<ItemState> {
        self.indexes.get(item).map(|index| self.items[*index].entry.state)
    }

    pub(super) fn entries(&self) -> Vec<JournalEntry> {
        self.items.iter().map(|item| item.entry.clone()).collect()
    }

    /// Returns the id of the next request of an item, whether it was sent before, and what to write before it is sent. It belongs to the call that is the
    /// `number`-th with this method and path, counted from 1, and whose last id was `answered`.
    pub(super) fn next_request(
        &mut self,
        item: &str,
        call: &str,
        number: usize,
        answered: Option<Uuid>,
    ) -> (Uuid, bool, Record) {
        let known = self.item_mut(item).calls.get(call).and_then(|ids| ids.get(number - 1));
        let known = known.copied().flatten().filter(|_| answered.is_none());
        let request_id = known.unwrap_or_else(Uuid::new_v4);
        let record = Record::Sending { item: item.to_owned(), call: call.to_owned(), request_id, answered };
        self.apply(&record);
        (request_id, known.is_some(), record)
    }

    /// Returns what to write when the work for an item has ended. A request that `is_repeated` is one of an earlier run.
    pub(super) fn record_outcome(&mut self, item: &str, result: Result<(), &Error>, is_repeated: bool) -> Record {
        let last = self.item_mut(item).entry.request_id;
        let item = item.to_owned();
        let record = match result {
            Ok(()) => Record::Done { item, request_id: last },
            Err(error) => {
                let (request_id, text) = (error.request_id().or(last), error.to_string());
                if error.is_outcome_unknown() || is_repeated {
                    Record::Unknown { item, request_id, error: text }
                } else {
                    Record::Failed { item, request_id, error: text }
                }
            }
        };
        self.apply(&record);
        record
    }

    /// Adds what a line says.
    pub(super) fn apply(&mut self, record: &Record) {
        match record {
            Record::Opened { .. } => {}
            Record::Sending { item, call, request_id, answered } => {
                let item = self.item_mut(item);
                (item.entry.state, item.entry.request_id) = (ItemState::Unknown, Some(*request_id));
                item.entry.error = None;
                let ids = item.calls.entry(call.clone()).or_default();
                let is_same_call = |id: &&mut Option<Uuid>| match answered {
                    Some(answered) => **id == Some(*answered),
                    None => id.is_none_or(|id| id == *request_id),
                };
                match ids.iter_mut().find(is_same_call) {
                    Some(id) => *id = Some(*request_id),
                    None => ids.push(Some(*request_id)),
                }
            }
            Record::Done { item, request_id } => {
                let item = self.item_mut(item);
                item.entry = JournalEntry { state: ItemState::Done, request_id: *request_id, ..item.entry.clone() };
                item.entry.error = None;
                item.calls.clear();
            }
            Record::Failed { item, request_id, error } => {
                let item = self.item_mut(item);
                item.set_error(ItemState::Failed, *request_id, error);
                // The service has answered it: the next request has another id. Earlier calls of the item keep theirs.
                let ids = item.calls.values_mut().flatten();
                ids.filter(|id| *id == request_id).for_each(|id| *id = None);
            }
            Record::Unknown { item, request_id, error } => {
                self.item_mut(item).set_error(ItemState::Unknown, *request_id, error);
            }
        }
    }

    fn item_mut(&mut self, item: &str) -> &mut ItemRecord {
        let index = *self.indexes.entry(item.to_owned()).or_insert(self.items.len());
        if index == self.items.len() {
            let (item, state) = (item.to_owned(), ItemState::Failed);
            let entry = JournalEntry { item, state, request_id: None, error: None };
            self.items.push(ItemRecord { entry, calls: BTreeMap::new() });
        }
        &mut self.items[index]
    }
}

impl ItemRecord {
    fn set_error(&mut self, state: ItemState, request_id: Option<Uuid>, error: &str) {
        (self.entry.state, self.entry.request_id, self.entry.error) = (state, request_id, Some(error.to_owned()));
    }
}
