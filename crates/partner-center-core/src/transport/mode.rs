use super::shared_state::{Look, Monitor};
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// When a [`Transport`](crate::Transport) hands back a value: at once, or later.
///
/// The engine is written as `async` code whose only awaits are [`wait`](Mode::into_future)s. [`Async`] hands that code to the
/// caller as a future; [`Blocking`] has nothing to wait for and runs it to the end. Code of one's own that is to work
/// in both modes is written the same way:
///
/// ```
/// use partner_center_core::{Client, Error, GetCustomer, Mode, Output, Transport};
/// use uuid::Uuid;
///
/// /// The name of a customer's company: a `Result` over a blocking transport, a future of one over an async one.
/// fn company_name<X: Transport>(client: &Client<X>, id: Uuid) -> Output<'_, X, Result<Option<String>, Error>> {
///     X::Mode::block_or_box(async move {
///         let customer = X::Mode::into_future(client.call(GetCustomer::new(id))).await?;
///         Ok(customer.company_name().map(str::to_owned))
///     })
/// }
/// ```
pub trait Mode: sealed::Sealed + Send + Sync + 'static {
    /// `T` itself for [`Blocking`], a boxed future of `T` for [`Async`].
    type Output<'a, T: Send + 'a>: Send + 'a;

    /// A value that is there already.
    fn ready<'a, T: Send + 'a>(value: T) -> Self::Output<'a, T>;

    /// Makes an output awaitable.
    fn into_future<'a, T: Send + 'a>(output: Self::Output<'a, T>) -> impl Future<Output = T> + Send + 'a;

    /// Turns work that awaits nothing but [`wait`](Mode::into_future)s into an output.
    ///
    /// # Panics
    ///
    /// In [`Blocking`], when `work` awaits anything else and that is not ready.
    fn block_or_box<'a, T: Send + 'a>(work: impl Future<Output = T> + Send + 'a) -> Self::Output<'a, T>;
}

/// The calling thread waits, and values come back as they are.
#[derive(Debug)]
pub enum Blocking {}

/// Values come back as futures.
#[derive(Debug)]
pub enum Async {}

impl Mode for Blocking {
    type Output<'a, T: Send + 'a> = T;

    fn ready<'a, T: Send + 'a>(value: T) -> T {
        value
    }
    fn into_future<'a, T: Send + 'a>(output: T) -> impl Future<Output = T> + Send + 'a {
        std::future::ready(output)
    }
    fn block_or_box<'a, T: Send + 'a>(work: impl Future<Output = T> + Send + 'a) -> T {
        match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => unreachable!("work in blocking mode awaits outputs only, and those are there already"),
        }
    }
}

impl Mode for Async {
    type Output<'a, T: Send + 'a> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

    fn ready<'a, T: Send + 'a>(value: T) -> Self::Output<'a, T> {
        Box::pin(std::future::ready(value))
    }
    fn into_future<'a, T: Send + 'a>(output: Self::Output<'a, T>) -> impl Future<Output = T> + Send + 'a {
        output
    }
    fn block_or_box<'a, T: Send + 'a>(work: impl Future<Output = T> + Send + 'a) -> Self::Output<'a, T> {
        Box::pin(work)
    }
}

/// Runs `work`, which is a user's own code, and returns what it comes to if that is before `until`. If it blocks, it has one of
/// the `threads`, and is left to itself when time is up; if it does not, it is dropped.
pub(crate) fn in_time<'a, M: Mode, T: Send + 'static>(
    threads: &Threads,
    work: impl FnOnce() -> M::Output<'static, T> + Send + 'static,
    until: Option<Instant>,
    sleep: impl Fn(Duration) -> M::Output<'a, ()> + Send + 'a,
) -> M::Output<'a, Result<T, Overdue>> {
    <M as sealed::Sealed>::in_time(threads, work, until, sleep)
}

/// Why work was not waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// Time was up.
    TimedOut,
    /// As much of it as there may be is still running, or there is no thread for it.
    NotStarted,
}

/// The threads for blocking work that may be left to itself: no more than `max` at a time.
#[derive(Debug)]
pub struct Threads {
    running: Arc<AtomicUsize>,
    max: usize,
}

impl Threads {
    pub(crate) fn new(max: usize) -> Self {
        Self { running: Arc::default(), max }
    }

    /// Runs `work` in a thread, unless there are too many.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<(Receiver<T>, JoinHandle<()>)> {
        let place = Place::of(self)?;
        let (sender, receiver) = sync_channel(1);
        let span = tracing::Span::current();
        let thread = thread::Builder::new().name("partner-center-custom".to_owned()).spawn(move || {
            // Dropped in the reverse order also when `work` panics: whoever hears of the end finds the place free.
            let sender = sender;
            let place = place;
            let value = span.in_scope(work);
            drop(place);
            drop(sender.send(value));
        });
        Some((receiver, thread.ok()?))
    }
}

/// One of the threads, for as long as it runs.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn of(threads: &Threads) -> Option<Self> {
        let one_more = |running| (running < threads.max).then_some(running + 1);
        threads.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Self(threads.running.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// [`Mode::into_future`]s for a state; see [`Monitor`].
pub(crate) fn wait_on<'a, M: Mode, S: Send, T: Send + 'a>(
    monitor: &'a Monitor<S>,
    look: impl FnMut(&mut S) -> Look<T> + Send + 'a,
    sleep: impl Fn(Duration) -> M::Output<'a, ()> + Send + 'a,
) -> M::Output<'a, T> {
    <M as sealed::Sealed>::wait_on(monitor, look, sleep)
}

/// Work that goes on while its owner does something else.
pub(crate) type Begun<M, T> = <M as sealed::Sealed>::Begun<T>;

/// Who does such work: a thread if it blocks, and otherwise nobody.
pub(crate) type Worker<M> = <M as sealed::Sealed>::Worker;

/// Begins `work`: in the worker's thread if it blocks; if it does not, as far as it gets before it waits for something, and
/// with one turn for whoever it waits for. `None` if the worker is not to be had.
pub(crate) fn begin<M: Mode, T: Send + 'static>(
    worker: &Worker<M>,
    work: impl FnOnce() -> M::Output<'static, T> + Send + 'static,
) -> M::Output<'static, Option<Begun<M, T>>> {
    <M as sealed::Sealed>::begin(worker, work)
}

/// What came of work that was begun; `lost` if its thread panicked.
pub(crate) fn finish<M: Mode, T: Send + 'static>(
    begun: Begun<M, T>,
    lost: impl FnOnce() -> T,
) -> M::Output<'static, T> {
    <M as sealed::Sealed>::finish(begun, lost)
}

mod sealed {
    use super::super::shared_state::{Alarm, Look, Monitor};
    use super::{Async, Blocking, Mode, Overdue, Threads};
    use std::{
        future::{poll_fn, ready},
        panic::resume_unwind,
        pin::Pin,
        sync::{
            Arc, Mutex, PoisonError,
            atomic::{AtomicBool, Ordering},
            mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
        },
        task::Poll,
        thread,
        time::{Duration, Instant},
    };

    pub trait Sealed {
        type Begun<T: Send + 'static>: Send;
        type Worker: Default + Send + Sync;

        fn begin<T: Send + 'static>(
            worker: &Self::Worker,
            work: impl FnOnce() -> <Self as Mode>::Output<'static, T> + Send + 'static,
        ) -> <Self as Mode>::Output<'static, Option<Self::Begun<T>>>
        where
            Self: Mode;

        fn finish<T: Send + 'static>(
            begun: Self::Begun<T>,
            lost: impl FnOnce() -> T,
        ) -> <Self as Mode>::Output<'static, T>
        where
            Self: Mode;

        fn in_time<'a, T: Send + 'static>(
            threads: &Threads,
            work: impl FnOnce() -> <Self as Mode>::Output<'static, T> + Send + 'static,
            until: Option<Instant>,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, Result<T, Overdue>>
        where
            Self: Mode;

        /// Waits until a `look` at the state is done; `sleep` is the transport's.
        fn wait_on<'a, S: Send, T: Send + 'a>(
            monitor: &'a Monitor<S>,
            look: impl FnMut(&mut S) -> Look<T> + Send + 'a,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, T>
        where
            Self: Mode;
    }

    impl Sealed for Blocking {
        type Begun<T: Send + 'static> = Receiver<T>;
        type Worker = Thread;

        fn begin<T: Send + 'static>(worker: &Thread, work: impl FnOnce() -> T + Send + 'static) -> Option<Receiver<T>> {
            let (sender, receiver) = sync_channel(1);
            let job = |is_busy: Arc<AtomicBool>| -> Job {
                Box::new(move || {
                    let value = work();
                    is_busy.store(false, Ordering::Release);
                    // Whoever has gone meanwhile does not miss it.
                    drop(sender.send(value));
                })
            };
            worker.take(job).then_some(receiver)
        }

        fn finish<T: Send + 'static>(begun: Receiver<T>, lost: impl FnOnce() -> T) -> T {
            begun.recv().unwrap_or_else(|_| lost())
        }

        fn in_time<'a, T: Send + 'static>(
            threads: &Threads,
            work: impl FnOnce() -> T + Send + 'static,
            until: Option<Instant>,
            _sleep: impl Fn(Duration) + Send + 'a,
        ) -> Result<T, Overdue> {
            let (outcome, thread) = threads.run(work).ok_or(Overdue::NotStarted)?;
            let received = match until {
                Some(until) => outcome.recv_timeout(until.saturating_duration_since(Instant::now())),
                None => outcome.recv().map_err(RecvTimeoutError::from),
            };
            match (received, thread) {
                (Ok(value), _) => Ok(value),
                (Err(RecvTimeoutError::Timeout), _) => Err(Overdue::TimedOut),
                // It has panicked, which is as if it had in the caller's thread.
                (Err(RecvTimeoutError::Disconnected), thread) => match thread.join() {
                    Err(panic) => resume_unwind(panic),
                    Ok(()) => Err(Overdue::TimedOut),
                },
            }
        }

        fn wait_on<'a, S: Send, T: Send + 'a>(
            monitor: &'a Monitor<S>,
            look: impl FnMut(&mut S) -> Look<T> + Send + 'a,
            _sleep: impl Fn(Duration) + Send + 'a,
        ) -> T {
            monitor.wait_blocking(look)
        }
    }

    /// A thread that is there once it has something to do, and ends when its owner has gone.
    #[derive(Default)]
    pub struct Thread(Mutex<Option<Running>>);

    struct Running {
        jobs: SyncSender<Job>,
        is_busy: Arc<AtomicBool>,
    }

    type Job = Box<dyn FnOnce() + Send>;

    impl Thread {
        /// Whether the thread takes the job on; it is told where to say that it is done.
        fn take(&self, job: impl FnOnce(Arc<AtomicBool>) -> Job) -> bool {
            let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // What still goes on is of no use to anyone any more, or has panicked.
            running.take_if(|running| running.is_busy.load(Ordering::Acquire));
            if running.is_none() {
                *running = Running::start();
            }
            running.as_ref().is_some_and(|Running { jobs, is_busy }| {
                is_busy.store(true, Ordering::Relaxed);
                jobs.try_send(job(is_busy.clone())).is_ok()
            })
        }
    }

    impl Running {
        fn start() -> Option<Self> {
            let (sender, jobs) = sync_channel::<Job>(1);
            let thread = thread::Builder::new().name("partner-center".to_owned());
            thread.spawn(move || jobs.into_iter().for_each(|job| job())).ok()?;
            Some(Self { jobs: sender, is_busy: Arc::default() })
        }
    }

    impl Sealed for Async {
        type Begun<T: Send + 'static> = Pin<Box<dyn Future<Output = T> + Send>>;

        type Worker = ();

        fn begin<T: Send + 'static>(
            (): &(),
            work: impl FnOnce() -> Self::Begun<T> + Send + 'static,
        ) -> <Self as Mode>::Output<'static, Option<Self::Begun<T>>> {
            let mut work = Some(work());
            let mut was_polled = false;
            Box::pin(poll_fn(move |context| {
                if !was_polled {
                    was_polled = true;
                    let value = work.as_mut().map(|work| work.as_mut().poll(context));
                    if let Some(Poll::Ready(value)) = value {
                        work = Some(Box::pin(ready(value)));
                    }
                    // The connection is a task of its own, and writes nothing while the caller keeps the thread busy.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(work.take())
            }))
        }

        fn finish<T: Send + 'static>(
            begun: Self::Begun<T>,
            _lost: impl FnOnce() -> T,
        ) -> <Self as Mode>::Output<'static, T> {
            begun
        }

        fn in_time<'a, T: Send + 'static>(
            _threads: &Threads,
            work: impl FnOnce() -> <Self as Mode>::Output<'static, T> + Send + 'static,
            until: Option<Instant>,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, Result<T, Overdue>> {
            let mut output = work();
            let mut alarm = None;
            Box::pin(poll_fn(move |context| {
                if let Poll::Ready(value) = output.as_mut().poll(context) {
                    return Poll::Ready(Ok(value));
                }
                // What is there at once needs no alarm.
                let Some(until) = until else { return Poll::Pending };
                let alarm = alarm.get_or_insert_with(|| Alarm::new(until, &sleep));
                if alarm.rings(&sleep, context) { Poll::Ready(Err(Overdue::TimedOut)) } else { Poll::Pending }
            }))
        }

        fn wait_on<'a, S: Send, T: Send + 'a>(
            monitor: &'a Monitor<S>,
            look: impl FnMut(&mut S) -> Look<T> + Send + 'a,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, T> {
            Box::pin(monitor.wait(look, sleep))
        }
    }
}
