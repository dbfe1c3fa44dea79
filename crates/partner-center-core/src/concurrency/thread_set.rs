use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
};

/// Work in threads, one for each that is under way at the same time.
pub struct ThreadSet<T> {
    /// `None` once no more work is started.
    jobs: Option<Sender<Job<T>>>,
    waiting_jobs: Arc<Mutex<Receiver<Job<T>>>>,
    outcome_sender: Sender<thread::Result<T>>,
    outcomes: Receiver<thread::Result<T>>,
    threads: Vec<JoinHandle<()>>,
    running: usize,
}

type Job<T> = Box<dyn FnOnce() -> T + Send>;

impl<T: Send + 'static> ThreadSet<T> {
    /// Starts work in a thread that is idle, or in a new one.
    pub(crate) fn start(&mut self, work: impl FnOnce() -> T + Send + 'static) {
        self.running += 1;
        if self.running > self.threads.len() {
            // With fewer threads than wanted, work waits for one of them.
            self.threads.extend(self.start_worker_thread());
        }
        match self.jobs.as_ref().filter(|_| !self.threads.is_empty()) {
            // It cannot fail: the set holds the receiver.
            Some(jobs) => drop(jobs.send(Box::new(work))),
            // Without any thread it is done here.
            None => drop(self.outcome_sender.send(catch_unwind(AssertUnwindSafe(work)))),
        }
    }

    /// Returns the number of pieces of work whose value is outstanding.
    pub(crate) fn unfinished_count(&self) -> usize {
        self.running
    }

    /// Waits for the work that is done next, and returns its value; `None` if nothing is under way. A panic is continued.
    pub(crate) fn next(&mut self) -> Option<T> {
        if self.running == 0 {
            return None;
        }
        self.running -= 1;
        match self.outcomes.recv() {
            Ok(Ok(value)) => Some(value),
            Ok(Err(panic)) => resume_unwind(panic),
            // The set holds a sender.
            Err(_) => None,
        }
    }

    /// Starts a thread, with the `tracing` subscriber and span of the caller.
    fn start_worker_thread(&self) -> Option<JoinHandle<()>> {
        let (jobs, outcomes) = (self.waiting_jobs.clone(), self.outcome_sender.clone());
        let span = tracing::Span::current();
        let subscriber = tracing::dispatcher::get_default(Clone::clone);
        let next_job = move || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
        let run = move || {
            while let Some(job) = next_job() {
                // Without a receiver nobody wants the outcome.
                let _ = outcomes.send(catch_unwind(AssertUnwindSafe(job)));
            }
        };
        let thread = thread::Builder::new().name("partner-center-call".to_owned());
        thread.spawn(move || tracing::dispatcher::with_default(&subscriber, || span.in_scope(run))).ok()
    }
}

impl<T> Default for ThreadSet<T> {
    fn default() -> Self {
        let (jobs, waiting_jobs) = channel();
        let (outcome_sender, outcomes) = channel();
        let waiting_jobs = Arc::new(Mutex::new(waiting_jobs));
        Self { jobs: Some(jobs), waiting_jobs, outcome_sender, outcomes, threads: Vec::new(), running: 0 }
    }
}

/// Waits for the work under way, so that nothing of it goes on unseen.
impl<T> Drop for ThreadSet<T> {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            // A panic of the work is in its outcome.
            let _ = thread.join();
        }
    }
}
