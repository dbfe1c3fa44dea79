//! Waiting, in either mode, for what another thread or task does.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
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
        let mut alarm: Option<Alarm<'a>> = None;
        poll_fn(move |context| {
            let moment = {
                let mut watched = self.lock();
                match look(&mut watched.state) {
                    Look::Done(value) => return Poll::Ready(value),
                    Look::Until(moment) => {
                        task.wait(&mut watched, context.waker());
                        moment
                    }
                }
            };
            if alarm.as_ref().is_none_or(|alarm| alarm.moment != moment) {
                alarm = Some(Alarm::new(moment, &sleep));
            }
            if alarm.as_mut().is_some_and(|alarm| alarm.rings(&sleep, context)) {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
    }

    fn lock(&self) -> MutexGuard<'_, Watched<S>> {
        // No look and no change leaves a state half done.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees to it that a moment is not missed.
pub(crate) struct Alarm<'a> {
    moment: Instant,
    set: Instant,
    /// None once a transport has let no time pass, as in tests: then nothing is to be expected of the clock.
    sleep: Option<Sleep<'a>>,
}

impl<'a> Alarm<'a> {
    pub(crate) fn new(moment: Instant, sleep: impl Fn(Duration) -> Sleep<'a>) -> Self {
        let set = Instant::now();
        Self { moment, set, sleep: Some(sleep(moment.saturating_duration_since(set))) }
    }

    /// Whether the moment has come.
    pub(crate) fn rings(&mut self, sleep: impl Fn(Duration) -> Sleep<'a>, context: &mut Context<'_>) -> bool {
        while let Some(sleeping) = &mut self.sleep
            && sleeping.as_mut().poll(context).is_ready()
        {
            let now = Instant::now();
            let (asked, slept) = (self.moment.saturating_duration_since(self.set), now - self.set);
            // Clocks differ a little: one may be early.
            self.set = now;
            self.sleep = (now < self.moment && slept > asked / 2).then(|| sleep(self.moment - now));
            if now >= self.moment {
                return true;
            }
        }
        false
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

    fn wait(&self, watched: &mut Watched<S>, waker: &Waker) {
        watched.wakers.insert(self.number, waker.clone());
    }
}

impl<S> Drop for Task<'_, S> {
    fn drop(&mut self) {
        self.monitor.lock().wakers.remove(&self.number);
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
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Bell {
        fn times(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    fn is_set(moment: Instant) -> impl FnMut(&mut bool) -> Look<()> {
        move |set| if *set { Look::Done(()) } else { Look::Until(moment) }
    }

    #[test]
    fn a_change_wakes_those_who_wait_and_no_others() {
        let monitor = Monitor::<bool>::default();
        let alarm = Arc::new(Bell::default());
        let waker = Waker::from(alarm.clone());
        let mut context = Context::from_waker(&waker);
        let far = Instant::now() + Duration::from_secs(60);
        let sleeps = AtomicUsize::new(0);
        let sleep = |_| -> Sleep<'_> {
            sleeps.fetch_add(1, Ordering::SeqCst);
            Box::pin(pending())
        };
        {
            let mut dropped = pin!(monitor.wait(is_set(far), |_| Box::pin(ready(()))));
            assert!(dropped.as_mut().poll(&mut context).is_pending());
            assert_eq!(monitor.lock().wakers.len(), 1);
        }
        assert_eq!((monitor.lock().wakers.len(), alarm.times()), (0, 0), "no time has passed");

        let mut waiting = pin!(monitor.wait(is_set(far), sleep));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert_eq!((monitor.lock().wakers.len(), sleeps.load(Ordering::SeqCst)), (1, 1), "one sleep for a moment");
        monitor.change(|set| *set = true);
        assert_eq!(alarm.times(), 1);
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn each_moment_has_a_sleep_of_its_own_after_which_there_is_another_look() {
        let monitor = Monitor::<bool>::default();
        let alarm = Arc::new(Bell::default());
        let waker = Waker::from(alarm.clone());
        let mut context = Context::from_waker(&waker);
        let start = Instant::now();
        let mut moments = [0, 0, 60].into_iter().map(|seconds| start + Duration::from_secs(seconds));
        let sleeps = AtomicUsize::new(0);
        let sleep = |_| -> Sleep<'_> {
            sleeps.fetch_add(1, Ordering::SeqCst);
            Box::pin(ready(()))
        };
        let mut waiting = pin!(monitor.wait(|_| moments.next().map_or(Look::Done(()), Look::Until), sleep));
        for (times, slept) in [(1, 1), (1, 1), (1, 2)] {
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert_eq!((alarm.times(), sleeps.load(Ordering::SeqCst)), (times, slept));
        }
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn a_timer_that_is_early_is_set_once_more() {
        let mut context = Context::from_waker(Waker::noop());
        let delays = Mutex::new(Vec::new());
        let sleep = |delay: Duration| -> Sleep<'_> {
            delays.lock().unwrap().push(delay);
            Box::pin(pending())
        };
        // It was set to a minute, fifty seconds ago, and says that the minute is over.
        let now = Instant::now();
        let (set, moment) = (now.checked_sub(Duration::from_secs(50)).unwrap(), now + Duration::from_secs(10));
        let mut alarm = Alarm { moment, set, sleep: Some(Box::pin(ready(()))) };
        assert!(!alarm.rings(sleep, &mut context));
        let delays = delays.lock().unwrap();
        assert!(matches!(delays[..], [delay] if delay <= Duration::from_secs(10)), "{delays:?}");
        // What is late is late.
        let mut alarm = Alarm { moment: now, set, sleep: Some(Box::pin(ready(()))) };
        assert!(alarm.rings(|_| unreachable!(), &mut context));
    }

    #[test]
    fn a_thread_waits_for_a_change_or_for_the_moment() {
        let monitor = Monitor::<bool>::default();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| monitor.wait_blocking(is_set(Instant::now() + Duration::from_secs(60))));
            thread::sleep(Duration::from_millis(50));
            monitor.change(|set| *set = true);
            waiting.join().unwrap();
        });
        let soon = Instant::now() + Duration::from_millis(30);
        let at = monitor
            .wait_blocking(|_| if Instant::now() >= soon { Look::Done(Instant::now()) } else { Look::Until(soon) });
        assert!(at >= soon);
    }
}
