//! A journal of many calls: a file that says for each item whether its work is done, failed or unknown, so that a run over
//! thousands of customers goes on after a crash, without doing a write twice.
//!
//! Before a write is sent, its `MS-RequestId` is written; when the work for an item has ended, its outcome is. If the program
//! is killed in between, or a call fails after a write that may have been performed, the item is *unknown*. The request ids are
//! what makes it safe to do again, as the service does a write once for each id: a call that is made again keeps its id, whatever
//! the response, unless it was not performed; see [`Journal::retry_unknown`]. Reads are not in the journal.
//!
//! The file is text, a JSON object on each line, and only grows:
//!
//! ```text
//! {"at":1764295200,"status":"opened","purpose":"create the users of November"}
//! {"at":1764295200,"status":"sending","item":"7f..","call":"POST /v1/customers/7f../users","request_id":"c0.."}
//! {"at":1764295201,"status":"done","item":"7f..","request_id":"c0.."}
//! ```
//!
//! `not_performed` follows a request that was rejected or not sent; `failed` and `unknown` are the ends with an error. A request
//! with `preceding` is not the first of its item with this method and path.
//!
//! It has no bodies, queries or tokens, and nothing of a response but what the program keeps in it: see
//! [`Journal::keep_output`]. On Unix, a new file is readable by its owner alone. A line is written immediately and in one write,
//! so that it survives the end of the process;
//! it is not forced to the disk before the request is sent, so that the last lines may be lost if the machine loses power.

mod file;
mod state;

pub use state::{ItemState, JournalEntry};

use file::{JournalFile, MAX_OUTPUT_LENGTH};
use partner_center_core::{CallOutput, Client, Error, ForEach, Mode, RequestIds, Transport};
use state::{JournalRecord, JournalState};
use std::{
    collections::{HashMap, HashSet},
    error::Error as StdError,
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// A journal in a file. Clones share it; while it is open, no other process can open it.
///
/// ```
/// # #[cfg(not(feature = "sync"))]
/// # fn main() {}
/// # #[cfg(feature = "sync")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use partner_center::{Credential, GetCustomer, SyncClient, Ureq, journal::{ItemState, Journal}};
/// use partner_center_emulator::Emulator;
///
/// # let folder = std::env::temp_dir().join(format!("partner-center-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("journal.jsonl");
/// let emulator = Emulator::builder().build().serve("127.0.0.1:0")?;
/// let client = SyncClient::builder(Ureq::new()?, Credential::token(Emulator::TOKEN))
///     .base_url(emulator.url())
///     .build()?;
/// let ids = ["aaaabbbb-0000-cccc-1111-dddd2222eeee".parse()?, uuid::Uuid::nil()];
///
/// // The first time it makes the file; later it goes on where the file ends.
/// let journal = Journal::open(&path, "get two customers")?;
/// for outcome in journal.for_each(&client, ids, 8, |client, id| client.call(GetCustomer::new(*id))) {
///     println!("{}: {}", outcome.item, if outcome.result.is_ok() { "done" } else { "failed" });
/// }
/// let entries = journal.finish()?;
/// let failed: Vec<_> = entries.iter().filter(|entry| entry.state == ItemState::Failed).collect();
/// assert_eq!((entries.len(), &failed[0].item), (2, &ids[1].to_string()));
///
/// // What failed is tried again, what is done is not.
/// let journal = Journal::open(&path, "get two customers")?;
/// let again = journal.for_each(&client, ids, 8, |client, id| client.call(GetCustomer::new(*id)));
/// assert_eq!(again.count(), 1);
/// # drop(journal);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Mutex<SharedJournalState>>,
    retries_unknown: bool,
}

struct SharedJournalState {
    file: JournalFile,
    state: JournalState,
    /// The items whose work was begun since the journal was opened.
    begun: HashSet<String>,
    /// What is written with the records that items are done.
    outputs: HashMap<String, String>,
}

impl SharedJournalState {
    /// Writes a line. If it cannot be written, no further write is sent, and `finish` reports it.
    fn append_record_and_note_line(&mut self, record: &JournalRecord) -> io::Result<()> {
        let line = self.file.append_record(record)?;
        self.state.note_line(record, line);
        Ok(())
    }
}

impl Journal {
    /// Opens a journal, or makes its file. The `purpose` names what is done, with which data; a journal goes on only for the same
    /// one. A last line that was not written to its end is removed: its request was not sent.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, another process has it open, it is for another purpose, or a line of it is not a
    /// record of a journal.
    pub fn open(path: impl AsRef<Path>, purpose: &str) -> io::Result<Self> {
        let (file, state) = JournalFile::open(path.as_ref(), purpose)?;
        Ok(Self {
            shared: Arc::new(Mutex::new(SharedJournalState {
                file,
                state,
                begun: HashSet::new(),
                outputs: HashMap::new(),
            })),
            retries_unknown: false,
        })
    }

    /// Does the work for unknown items again. By default it is not done: look first whether the service has done it.
    ///
    /// A call that was made before is made with the `MS-RequestId` that it had (the n-th of the same method and path with the
    /// n-th id), so that a service that honors it does nothing twice. So this is for work that sends the same for the same
    /// item, in calls that are idempotent, or whose operation honors the id.
    #[must_use]
    pub fn retry_unknown(self) -> Self {
        Self { retries_unknown: true, ..self }
    }

    /// Does some work for each of the `items`, as [`Client::for_each`] does, except for those that are done, and for those that
    /// are unknown unless [`retry_unknown`](Self::retry_unknown) is on. An item is known by its `Display`;
    /// its work is begun once while the journal is open, so that what fails is tried again after it was opened again, and an item
    /// that is in the list twice is skipped the second time.
    ///
    /// The outcome of the work is in the journal before it is returned. If the journal cannot be written, writes are not sent,
    /// and fail with [`ErrorKind::Request`](partner_center_core::ErrorKind::Request). Calls that the work makes by another
    /// client than the one it is given are not in the journal.
    pub fn for_each<X, I, T>(
        &self,
        client: &Client<X>,
        items: I,
        concurrency: usize,
        work: impl Fn(&Client<X>, &I::Item) -> CallOutput<X, T> + Send + Sync + 'static,
    ) -> ForEach<X, PendingItems<I::IntoIter>, T>
    where
        X: Transport,
        I: IntoIterator<Item: fmt::Display + Send + 'static>,
        T: Send + 'static,
    {
        let journal = self.clone();
        let items = PendingItems { journal: self.clone(), items: items.into_iter() };
        client.for_each(items, concurrency, move |client, item| {
            let recorder = Arc::new(ItemRecorder::new(journal.clone(), item.to_string()));
            let output = work(&client.with_request_ids(recorder.clone()), item);
            X::Mode::block_or_box(async move {
                let result = X::Mode::into_future(output).await;
                recorder.record_outcome(result.as_ref().map(|_| ()));
                result
            })
        })
    }

    /// Keeps a text with the record that `item` is done, such as what the work for it has found: work calls it before it ends. In a
    /// later run, [`read_output`](Self::read_output) returns it, so that a program that was killed can print the same as one that
    /// was not. It has no effect if the item is not done.
    ///
    /// # Errors
    ///
    /// The text is longer than 32 MiB.
    pub fn keep_output(&self, item: &impl fmt::Display, text: String) -> io::Result<()> {
        if text.len() > MAX_OUTPUT_LENGTH {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{} bytes are more than a journal keeps for one item", text.len()),
            ));
        }
        self.lock_shared_state().outputs.insert(item.to_string(), text);
        Ok(())
    }

    /// Returns the text that was kept with the record that an item is done, in this run or an earlier one.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn read_output(&self, item: &impl fmt::Display) -> io::Result<Option<String>> {
        let mut shared = self.lock_shared_state();
        match shared.state.output_position(&item.to_string()) {
            Some(position) => shared.file.read_output(position),
            None => Ok(None),
        }
    }

    /// Returns all items of the journal, those of earlier runs included, in the order of their first lines.
    #[must_use]
    pub fn entries(&self) -> Vec<JournalEntry> {
        self.lock_shared_state().state.journal_entries()
    }

    /// Forces the journal to the disk, and returns its items.
    ///
    /// # Errors
    ///
    /// A part of the journal could not be written: the entries of the file may lack outcomes.
    pub fn finish(self) -> io::Result<Vec<JournalEntry>> {
        let mut shared = self.lock_shared_state();
        shared.file.sync_to_disk()?;
        Ok(shared.state.journal_entries())
    }

    fn lock_shared_state(&self) -> MutexGuard<'_, SharedJournalState> {
        // No panic leaves it half changed.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Journal").field("retries_unknown", &self.retries_unknown).finish_non_exhaustive()
    }
}

/// The items whose work is to be done, of [`Journal::for_each`].
#[derive(Debug)]
pub struct PendingItems<I> {
    journal: Journal,
    items: I,
}

impl<I: Iterator<Item: fmt::Display>> Iterator for PendingItems<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let retries_unknown = self.journal.retries_unknown;
        let is_pending = |item: &I::Item| {
            let item = item.to_string();
            let mut shared = self.journal.lock_shared_state();
            let is_pending = match shared.state.state_of_item(&item) {
                Some(ItemState::Done) => false,
                Some(ItemState::Unknown) => retries_unknown,
                Some(ItemState::Failed) | None => true,
            };
            is_pending && shared.begun.insert(item)
        };
        self.items.by_ref().find(is_pending)
    }
}

/// Records the writes of an item, and its outcome.
struct ItemRecorder {
    journal: Journal,
    item: String,
    calls: Mutex<ItemCalls>,
}

/// The calls of an item in this run.
#[derive(Default)]
struct ItemCalls {
    made: Vec<String>,
    /// The ids that were sent in an earlier run, too. A response to one does not tell what has come of it then: the call keeps its
    /// id, also after a 429, and the item stays unknown if it fails.
    reused: Vec<Uuid>,
}

impl ItemRecorder {
    fn new(journal: Journal, item: String) -> Self {
        Self { journal, item, calls: Mutex::default() }
    }

    fn record_outcome(&self, result: Result<(), &Error>) {
        let mut shared = self.journal.lock_shared_state();
        let output = shared.outputs.remove(&self.item);
        let record = shared.state.record_outcome(&self.item, result.map(|()| output).map_err(Error::to_string));
        let _ = shared.append_record_and_note_line(&record);
    }

    fn lock_calls(&self) -> MutexGuard<'_, ItemCalls> {
        // No panic leaves it half changed.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestIds for ItemRecorder {
    fn next_request_id(&self, call: &str, completed: Option<Uuid>) -> Result<Uuid, Box<dyn StdError + Send + Sync>> {
        let mut calls = self.lock_calls();
        if let Some(reused) = completed.filter(|completed| calls.reused.contains(completed)) {
            return Ok(reused);
        }
        let preceding = calls.made.iter().filter(|made| *made == call).count();
        if completed.is_none() {
            calls.made.push(call.to_owned());
        }
        let mut shared = self.journal.lock_shared_state();
        let (request_id, is_reused, record) =
            shared.state.next_request_id_and_record(&self.item, call, preceding, completed);
        calls.reused.extend(is_reused.then_some(request_id));
        match shared.append_record_and_note_line(&record) {
            Ok(()) => Ok(request_id),
            Err(error) => Err(format!("the journal cannot be written, so that nothing was sent: {error}").into()),
        }
    }

    fn record_not_performed(&self, request_id: Uuid) {
        if self.lock_calls().reused.contains(&request_id) {
            return;
        }
        let mut shared = self.journal.lock_shared_state();
        let record = shared.state.record_not_performed(&self.item, request_id);
        let _ = shared.append_record_and_note_line(&record);
    }
}
