//! A shared state that threads and tasks can wait for, in either mode.
//!
//! A waiting caller gives a function from the state to a [`Step`]: the value that it waited for, or the time until
//! which it waits for a change. Each [`SharedState::update`] makes every waiting caller call its function again: a
//! condition variable wakes threads (blocking mode), stored wakers wake tasks (async mode). Tasks have no clock without
//! a runtime, so the time comes from the `sleep` of the transport ([`SleepTimer`]).

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

/// A state that threads and tasks share, and can wait for.
#[derive(Debug, Default)]
pub struct SharedState<S> {
    shared: Mutex<StateWithWaiters<S>>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct StateWithWaiters<S> {
    state: S,
    /// The wakers of the tasks that wait, by their numbers.
    wakers: BTreeMap<u64, Waker>,
    /// The number of tasks that have waited so far.
    tasks: u64,
}

/// The meaning of the state for a caller that waits.
#[derive(Debug)]
pub enum Step<T> {
    /// The value that was waited for.
    Ready(T),
    /// Nothing yet: check again when the state has changed, or at this time.
    WaitUntil(Instant),
}

/// A sleep of an async transport.
type SleepFuture<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl<S> SharedState<S> {
    pub(crate) fn new(state: S) -> Self {
        let shared = StateWithWaiters { state, wakers: BTreeMap::new(), tasks: 0 };
        Self { shared: Mutex::new(shared), changed: Condvar::new() }
    }

    /// Updates the state, and wakes all callers that wait for it.
    pub(crate) fn update<T>(&self, update: impl FnOnce(&mut S) -> T) -> T {
        let mut shared = self.lock_state();
        let value = update(&mut shared.state);
        let wakers = std::mem::take(&mut shared.wakers);
        drop(shared);
        self.changed.notify_all();
        wakers.into_values().for_each(Waker::wake);
        value
    }

    /// Blocks the thread until `next_step` is ready.
    pub(crate) fn wait_blocking<T>(&self, mut next_step: impl FnMut(&mut S) -> Step<T>) -> T {
        let mut shared = self.lock_state();
        loop {
            match next_step(&mut shared.state) {
                Step::Ready(value) => return value,
                Step::WaitUntil(moment) => {
                    let timeout = moment.saturating_duration_since(Instant::now());
                    let waited = self.changed.wait_timeout(shared, timeout);
                    shared = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Waits until `next_step` is ready; `sleep` is that of the transport.
    pub(crate) fn wait<'a, T>(
        &'a self,
        mut next_step: impl FnMut(&mut S) -> Step<T>,
        sleep: impl Fn(Duration) -> SleepFuture<'a>,
    ) -> impl Future<Output = T> {
        let task = WaitingTask::new(self);
        let mut timer: Option<SleepTimer<'a>> = None;
        poll_fn(move |context| {
            let moment = {
                let mut shared = self.lock_state();
                match next_step(&mut shared.state) {
                    Step::Ready(value) => return Poll::Ready(value),
                    Step::WaitUntil(moment) => {
                        task.register_waker(&mut shared, context.waker());
                        moment
                    }
                }
            };
            if timer.as_ref().is_none_or(|timer| timer.moment != moment) {
                timer = Some(SleepTimer::new(moment, &sleep));
            }
            if timer.as_mut().is_some_and(|timer| timer.is_elapsed(&sleep, context)) {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
    }

    fn lock_state(&self) -> MutexGuard<'_, StateWithWaiters<S>> {
        // No update and no step leaves the state half changed when it panics.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A timer over the sleep of a transport, which may end early.
pub(crate) struct SleepTimer<'a> {
    moment: Instant,
    started_at: Instant,
    /// `None` once a sleep has ended although hardly any time has passed, as those of test transports do: the moment is
    /// then not waited for.
    sleep: Option<SleepFuture<'a>>,
}

impl<'a> SleepTimer<'a> {
    pub(crate) fn new(moment: Instant, sleep: impl Fn(Duration) -> SleepFuture<'a>) -> Self {
        let started_at = Instant::now();
        Self { moment, started_at, sleep: Some(sleep(moment.saturating_duration_since(started_at))) }
    }

    /// Returns whether the moment has come; if not, the task is woken when it has.
    pub(crate) fn is_elapsed(
        &mut self,
        sleep: impl Fn(Duration) -> SleepFuture<'a>,
        context: &mut Context<'_>,
    ) -> bool {
        while let Some(sleeping) = &mut self.sleep
            && sleeping.as_mut().poll(context).is_ready()
        {
            let now = Instant::now();
            let requested = self.moment.saturating_duration_since(self.started_at);
            let slept = now - self.started_at;
            self.started_at = now;
            // The clock of a runtime differs a little from the system's, so that a sleep may end early: sleep once more.
            self.sleep = (now < self.moment && slept > requested / 2).then(|| sleep(self.moment - now));
            if now >= self.moment {
                return true;
            }
        }
        false
    }
}

/// A task that waits. Its waker is removed when it is dropped.
struct WaitingTask<'a, S> {
    state: &'a SharedState<S>,
    number: u64,
}

impl<'a, S> WaitingTask<'a, S> {
    fn new(state: &'a SharedState<S>) -> Self {
        let mut shared = state.lock_state();
        shared.tasks += 1;
        Self { state, number: shared.tasks }
    }

    fn register_waker(&self, shared: &mut StateWithWaiters<S>, waker: &Waker) {
        shared.wakers.insert(self.number, waker.clone());
    }
}

impl<S> Drop for WaitingTask<'_, S> {
    fn drop(&mut self) {
        self.state.lock_state().wakers.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::{pending, ready},
        pin::pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
        thread,
    };

    /// Counts how often it is woken.
    #[derive(Default)]
    struct WakeCounter(AtomicUsize);

    impl Wake for WakeCounter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl WakeCounter {
        fn count(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    fn is_set(moment: Instant) -> impl FnMut(&mut bool) -> Step<()> {
        move |set| if *set { Step::Ready(()) } else { Step::WaitUntil(moment) }
    }

    #[test]
    fn update_wakes_the_tasks_that_wait_and_no_others() {
        let state = SharedState::<bool>::default();
        let counter = Arc::new(WakeCounter::default());
        let waker = Waker::from(counter.clone());
        let mut context = Context::from_waker(&waker);
        let far = Instant::now() + Duration::from_secs(60);
        let sleeps = AtomicUsize::new(0);
        let sleep = |_| -> SleepFuture<'_> {
            sleeps.fetch_add(1, Ordering::SeqCst);
            Box::pin(pending())
        };
        {
            let mut dropped = pin!(state.wait(is_set(far), |_| Box::pin(ready(()))));
            assert!(dropped.as_mut().poll(&mut context).is_pending());
            assert_eq!(state.lock_state().wakers.len(), 1);
        }
        assert_eq!((state.lock_state().wakers.len(), counter.count()), (0, 0), "no time has passed");

        let mut waiting = pin!(state.wait(is_set(far), sleep));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert_eq!((state.lock_state().wakers.len(), sleeps.load(Ordering::SeqCst)), (1, 1), "one sleep for a moment");
        state.update(|set| *set = true);
        assert_eq!(counter.count(), 1);
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn waiting_task_checks_again_when_its_time_has_come() {
        let state = SharedState::<bool>::default();
        let counter = Arc::new(WakeCounter::default());
        let waker = Waker::from(counter.clone());
        let mut context = Context::from_waker(&waker);
        let start = Instant::now();
        let mut moments = [0, 0, 60].into_iter().map(|seconds| start + Duration::from_secs(seconds));
        let sleeps = AtomicUsize::new(0);
        let sleep = |_| -> SleepFuture<'_> {
            sleeps.fetch_add(1, Ordering::SeqCst);
            Box::pin(ready(()))
        };
        let mut waiting = pin!(state.wait(|_| moments.next().map_or(Step::Ready(()), Step::WaitUntil), sleep));
        for (wakes, slept) in [(1, 1), (1, 1), (1, 2)] {
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert_eq!((counter.count(), sleeps.load(Ordering::SeqCst)), (wakes, slept));
        }
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn timer_that_ends_early_is_started_once_more() {
        let mut context = Context::from_waker(Waker::noop());
        let delays = Mutex::new(Vec::new());
        let sleep = |delay: Duration| -> SleepFuture<'_> {
            delays.lock().unwrap().push(delay);
            Box::pin(pending())
        };
        // It was set to a minute, fifty seconds ago, and its sleep has ended.
        let now = Instant::now();
        let (started_at, moment) = (now.checked_sub(Duration::from_secs(50)).unwrap(), now + Duration::from_secs(10));
        let mut timer = SleepTimer { moment, started_at, sleep: Some(Box::pin(ready(()))) };
        assert!(!timer.is_elapsed(sleep, &mut context));
        let delays = delays.lock().unwrap();
        assert!(matches!(delays[..], [delay] if delay <= Duration::from_secs(10)), "{delays:?}");
        // A moment that has passed has come.
        let mut timer = SleepTimer { moment: now, started_at, sleep: Some(Box::pin(ready(()))) };
        assert!(timer.is_elapsed(|_| unreachable!(), &mut context));
    }

    #[test]
    fn waiting_thread_checks_again_after_an_update_and_at_its_time() {
        let state = SharedState::<bool>::default();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| state.wait_blocking(is_set(Instant::now() + Duration::from_secs(60))));
            thread::sleep(Duration::from_millis(50));
            state.update(|set| *set = true);
            waiting.join().unwrap();
        });
        let soon = Instant::now() + Duration::from_millis(30);
        let at = state.wait_blocking(|_| {
            if Instant::now() >= soon { Step::Ready(Instant::now()) } else { Step::WaitUntil(soon) }
        });
        assert!(at >= soon);
    }
}
