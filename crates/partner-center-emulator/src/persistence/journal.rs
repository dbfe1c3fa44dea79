use super::data_file::{Batch, DataFile, Sizes};
use crate::store::{ChangeLog, ChangesLost, SavedSession, State};
use std::{
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

/// Writes changes to the data file in a thread of its own: all that have come while it wrote the ones before, in one commit.
pub(crate) struct Journal {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Something was appended, or the journal is closed.
    appended: Condvar,
    /// Something was saved, or nothing is saved any more.
    saved: Condvar,
}

/// It is never long: whoever appends something waits until it is saved.
#[derive(Default)]
struct Queue {
    batch: Batch,
    /// How often something was appended.
    appended_count: u64,
    /// How much of that is in the file.
    saved_count: u64,
    /// The sizes of what is in the file and in the batch.
    sizes: Sizes,
    is_closed: bool,
    /// Nothing is saved any more.
    has_failed: bool,
}

/// The size of the records, in bytes, up to which they are not worth a new state.
const MIN_RECORD_BYTES_FOR_NEW_STATE: usize = if cfg!(test) { 64 << 10 } else { 16 << 20 };

impl Journal {
    pub(crate) fn start(file: DataFile) -> io::Result<Self> {
        let queue = Queue { sizes: file.sizes, ..Queue::default() };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), ..Shared::default() });
        let writer = {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name("partner-center-data".to_owned());
            thread.spawn(move || shared.write_until_closed(file))?
        };
        Ok(Self { shared, writer: Some(writer) })
    }
}

impl ChangeLog for Journal {
    fn append_record_and_check_size(&self, record: Vec<u8>) -> bool {
        self.shared.update_queue_and_notify(|queue| {
            queue.sizes.records += record.len();
            queue.batch.records.push(record);
            queue.sizes.records > MIN_RECORD_BYTES_FOR_NEW_STATE.max(queue.sizes.state)
        })
    }

    fn append_state(&self, state: Arc<State>, session: Option<SavedSession>) {
        self.shared.update_queue_and_notify(|queue| {
            queue.sizes = Sizes { state: state.stored_bytes(), records: 0 };
            // The state has them.
            queue.batch.records.clear();
            queue.batch.state = Some(state);
            queue.batch.session = session.or(queue.batch.session);
        });
    }

    fn append_session(&self, session: SavedSession) {
        self.shared.update_queue_and_notify(|queue| queue.batch.session = Some(session));
    }

    fn is_everything_saved(&self) -> bool {
        let queue = self.shared.lock_queue();
        queue.saved_count == queue.appended_count && !queue.has_failed
    }

    fn wait_until_saved(&self) -> Result<(), ChangesLost> {
        let queue = self.shared.lock_queue();
        let appended_count = queue.appended_count;
        let is_waiting = |queue: &mut Queue| queue.saved_count < appended_count && !queue.has_failed;
        let queue = self.shared.saved.wait_while(queue, is_waiting).unwrap_or_else(PoisonError::into_inner);
        if queue.has_failed { Err(ChangesLost) } else { Ok(()) }
    }
}

impl Drop for Journal {
    /// Writes what is left, and closes the file.
    fn drop(&mut self) {
        self.shared.lock_queue().is_closed = true;
        self.shared.appended.notify_all();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn update_queue_and_notify<T>(&self, append: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queue = self.lock_queue();
        let appended = append(&mut queue);
        queue.appended_count += 1;
        if queue.has_failed {
            // Nobody writes it any more.
            queue.batch = Batch::default();
        }
        self.appended.notify_all();
        appended
    }

    fn write_until_closed(&self, mut file: DataFile) {
        // Also if the database panics: nobody waits for ever.
        let _fail_at_end = FailAtEnd(self);
        loop {
            let is_idle = |queue: &mut Queue| queue.saved_count == queue.appended_count && !queue.is_closed;
            let queue = self.appended.wait_while(self.lock_queue(), is_idle);
            let mut queue = queue.unwrap_or_else(PoisonError::into_inner);
            if queue.saved_count == queue.appended_count {
                drop(queue);
                if let Err(error) = file.close() {
                    tracing::error!("the data file cannot be closed: {error}");
                }
                return;
            }
            let (batch, appended_count) = (mem::take(&mut queue.batch), queue.appended_count);
            drop(queue);
            if let Err(error) = file.write_batch(&batch) {
                tracing::error!("the data file cannot be written: {error}");
                return;
            }
            self.lock_queue().saved_count = appended_count;
            self.saved.notify_all();
        }
    }

    fn lock_queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is locked.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct FailAtEnd<'a>(&'a Shared);

impl Drop for FailAtEnd<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock_queue();
        (queue.has_failed, queue.batch) = (true, Batch::default());
        self.0.saved.notify_all();
    }
}
