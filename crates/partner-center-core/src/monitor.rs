//! Waiting, in either mode, for what another thread or task does.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::{Duration, Instant},
};

/// A state that can be waited upon: by threads with a condition variable, by tasks with their wakers.
#[derive(Debug, Default)]
pub struct Monitor<S> {
    watched: Mutex<Watched<S>>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Watched<S> {
    state: S,
    wakers: BTreeMap<u64, Waker>,
    /// How many tasks have waited so far.
    tasks: u64,
}

/// What a look at the state comes to.
#[derive(Debug)]
pub enum Look<T> {
    /// There is nothing more to wait for.
    Done(T),
    /// Look again when the state has changed, or when this moment has come.
    Until(Instant),
}

/// A sleep that is a future.
type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl<S> Monitor<S> {
    /// Changes the state, and has everyone look again.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut S) -> T) -> T {
        let mut watched = self.lock();
        let value = change(&mut watched.state);
        let wakers = std::mem::take(&mut watched.wakers);
        drop(watched);
        self.changed.notify_all();
        wakers.into_values().for_each(Waker::wake);
        value
    }

    /// Blocks the thread until a `look` is done.
    pub(crate) fn wait_blocking<T>(&self, mut look: impl FnMut(&mut S) -> Look<T>) -> T {
        let mut watched = self.lock();
        loop {
            match look(&mut watched.state) {
                Look::Done(value) => return value,
                Look::Until(moment) => {
                    let patience = moment.saturating_duration_since(Instant::now());
                    let waited = self.changed.wait_timeout(watched, patience);
                    watched = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Waits until a `look` is done; `sleep` sees to it that there is another look in time.
    pub(crate) fn wait<'a, T>(
        &'a self,
        mut look: impl FnMut(&mut S) -> Look<T>,
        sleep: impl Fn(Duration) -> Sleep<'a>,
    ) -> impl Future<Output = T> {
        let task = Task::new(self);
        let mut sleeping: Option<(Instant, Option<Sleep<'a>>)> = None;
        poll_fn(move |context| {
            let moment = {
                let mut watched = self.lock();
                match look(&mut watched.state) {
                    Look::Done(value) => return Poll::Ready(value),
                    Look::Until(moment) => {
                        watched.wakers.insert(task.number, context.waker().clone());
                        moment
                    }
                }
            };
            if sleeping.as_ref().is_none_or(|(until, _)| *until != moment) {
                sleeping = Some((moment, Some(sleep(moment.saturating_duration_since(Instant::now())))));
            }
            if let Some((_, slot)) = &mut sleeping
                && let Some(sleep) = slot
                && sleep.as_mut().poll(context).is_ready()
            {
                // One sleep for each moment: a transport may let no time pass, as in tests.
                *slot = None;
                if Instant::now() >= moment {
                    context.waker().wake_by_ref();
                }
            }
            Poll::Pending
        })
    }

    fn lock(&self) -> MutexGuard<'_, Watched<S>> {
        // No look and no change leaves a state half done.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A waiting task; no one wakes it any more once it is dropped.
struct Task<'a, S> {
    monitor: &'a Monitor<S>,
    number: u64,
}

impl<'a, S> Task<'a, S> {
    fn new(monitor: &'a Monitor<S>) -> Self {
        let mut watched = monitor.lock();
        watched.tasks += 1;
        Self { monitor, number: watched.tasks }
    }
}

impl<S> Drop for Task<'_, S> {
    fn drop(&mut self) {
        self.monitor.lock().wakers.remove(&self.number);
    }
}
