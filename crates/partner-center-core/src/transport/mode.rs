//! The two modes, blocking and async, behind one trait.
//!
//! All code of this crate that waits is written once, generic over [`Mode`]. The public part of the trait turns values
//! into [`Mode::Output`] and back. The hidden part (`sealed`) has the operations that a mode does in its own way:
//! to run custom code with a deadline, to wait for a shared state, to spawn and join a request that is sent ahead, and to
//! work on several items at the same time.

use super::shared_state::{SharedState, Step};
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

/// The mode of a [`Transport`](crate::Transport) and of the clients over it: [`Blocking`] or [`Async`].
///
/// The client is written once, as `async` code that awaits nothing but [`Mode::into_future`]. In [`Async`] mode that
/// code is returned to the caller as a future. In [`Blocking`] mode each awaited value is ready, so the code runs to
/// its end when it is polled once. Custom code for both modes is written in the same way:
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
    /// The type that functions return for a `T`:
    ///
    /// ```text
    /// Blocking: T
    /// Async:    Pin<Box<dyn Future<Output = T> + Send + 'a>>
    /// ```
    type Output<'a, T: Send + 'a>: Send + 'a;

    /// Returns the output for a value that is ready.
    fn ready<'a, T: Send + 'a>(value: T) -> Self::Output<'a, T>;

    /// Turns an output into a future, which is ready in [`Blocking`] mode.
    fn into_future<'a, T: Send + 'a>(output: Self::Output<'a, T>) -> impl Future<Output = T> + Send + 'a;

    /// Turns a future into an output: runs it in [`Blocking`] mode, boxes it in [`Async`] mode.
    ///
    /// # Panics
    ///
    /// In [`Blocking`] mode, if `work` awaits anything but [`Mode::into_future`] and that is not ready.
    fn block_or_box<'a, T: Send + 'a>(work: impl Future<Output = T> + Send + 'a) -> Self::Output<'a, T>;
}

/// The mode in which functions block the calling thread, and return values.
#[derive(Debug)]
pub enum Blocking {}

/// The mode in which functions return futures.
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
            Poll::Pending => {
                unreachable!("code in blocking mode awaits `Mode::into_future` only, which is always ready")
            }
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

/// Runs custom code, and returns its value unless `deadline` passes first. In blocking mode it runs in one of the
/// `threads`, and continues there unattended after the deadline; in async mode it is dropped, but cannot be interrupted
/// while it blocks.
pub(crate) fn with_deadline<'a, M: Mode, T: Send + 'static>(
    threads: &BoundedThreads,
    work: impl FnOnce() -> M::Output<'static, T> + Send + 'static,
    deadline: Option<Instant>,
    sleep: impl Fn(Duration) -> M::Output<'a, ()> + Send + 'a,
) -> M::Output<'a, Result<T, Incomplete>> {
    <M as sealed::Sealed>::with_deadline(threads, work, deadline, sleep)
}

/// The reason for which custom code has returned no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// The deadline has passed.
    TimedOut,
    /// All threads are still busy with earlier calls.
    StillRunning,
    /// The operating system could not start a thread.
    NoThread,
}

/// Threads for blocking custom code that may outlast its deadline: at most `max` at the same time.
#[derive(Debug)]
pub struct BoundedThreads {
    running: Arc<AtomicUsize>,
    max: usize,
}

impl BoundedThreads {
    pub(crate) fn new(max: usize) -> Self {
        Self { running: Arc::default(), max }
    }

    /// Runs `work` in a thread, with the `tracing` subscriber and span of the caller.
    fn start_in_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(Receiver<T>, JoinHandle<()>), Incomplete> {
        let permit = ThreadPermit::try_acquire(self).ok_or(Incomplete::StillRunning)?;
        let (sender, receiver) = sync_channel(1);
        let span = tracing::Span::current();
        let subscriber = tracing::dispatcher::get_default(Clone::clone);
        let thread = thread::Builder::new().name("partner-center-custom".to_owned()).spawn(move || {
            // Declared in this order, so that when `work` panics the permit is released before the receiver is notified.
            let sender = sender;
            let permit = permit;
            let value = tracing::dispatcher::with_default(&subscriber, || span.in_scope(work));
            drop(permit);
            drop(sender.send(value));
        });
        Ok((receiver, thread.map_err(|_| Incomplete::NoThread)?))
    }
}

/// The permit of a running thread.
struct ThreadPermit(Arc<AtomicUsize>);

impl ThreadPermit {
    fn try_acquire(threads: &BoundedThreads) -> Option<Self> {
        let one_more = |running| (running < threads.max).then_some(running + 1);
        threads.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Self(threads.running.clone()))
    }
}

impl Drop for ThreadPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits until `next_step` of a shared state is ready; see [`SharedState`].
pub(crate) fn wait_for<'a, M: Mode, S: Send, T: Send + 'a>(
    state: &'a SharedState<S>,
    next_step: impl FnMut(&mut S) -> Step<T> + Send + 'a,
    sleep: impl Fn(Duration) -> M::Output<'a, ()> + Send + 'a,
) -> M::Output<'a, T> {
    <M as sealed::Sealed>::wait_for(state, next_step, sleep)
}

/// Work in progress that can be joined.
pub(crate) type Spawned<M, T> = <M as sealed::Sealed>::Spawned<T>;

/// The worker that runs spawned work: a thread in blocking mode, nothing in async mode.
pub(crate) type Worker<M> = <M as sealed::Sealed>::Worker;

/// Starts `work` without waiting for it; `None` if the worker's thread cannot be started.
///
/// In blocking mode it runs in the worker's thread. In async mode nothing is spawned on a runtime: the future is polled
/// once, so that the request is handed to the HTTP library, and the caller yields once, so that the library's tasks can
/// write it.
pub(crate) fn spawn<M: Mode, T: Send + 'static>(
    worker: &Worker<M>,
    work: impl FnOnce() -> M::Output<'static, T> + Send + 'static,
) -> M::Output<'static, Option<Spawned<M, T>>> {
    <M as sealed::Sealed>::spawn(worker, work)
}

/// Waits for spawned work and returns its value, or that of `on_panic` if its thread panicked.
pub(crate) fn join<M: Mode, T: Send + 'static>(
    spawned: Spawned<M, T>,
    on_panic: impl FnOnce() -> T,
) -> M::Output<'static, T> {
    <M as sealed::Sealed>::join(spawned, on_panic)
}

/// Pieces of work that run at the same time.
pub(crate) type Tasks<M, T> = <M as sealed::Sealed>::Tasks<T>;

/// Starts one more piece of work.
pub(crate) fn start_task<M: Mode, T: Send + 'static>(
    tasks: &mut Tasks<M, T>,
    work: impl FnOnce() -> M::Output<'static, T> + Send + 'static,
) {
    <M as sealed::Sealed>::start_task(tasks, work);
}

/// Waits for the piece of work that is done next, and returns its value; `None` if nothing is under way.
pub(crate) fn next_task<M: Mode, T: Send + 'static>(tasks: &mut Tasks<M, T>) -> M::Output<'_, Option<T>> {
    <M as sealed::Sealed>::next_task(tasks)
}

/// Returns the number of pieces of work whose value is outstanding.
pub(crate) fn count_tasks<M: Mode, T: Send + 'static>(tasks: &Tasks<M, T>) -> usize {
    <M as sealed::Sealed>::count_tasks(tasks)
}

mod sealed {
    use super::{
        super::shared_state::{SharedState, SleepTimer, Step},
        Async, Blocking, BoundedThreads, Incomplete, Mode,
    };
    use crate::concurrency::{future_set::FutureSet, thread_set::ThreadSet};
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
        type Spawned<T: Send + 'static>: Send;
        type Worker: Default + Send + Sync;
        type Tasks<T: Send + 'static>: Default + Send;

        fn start_task<T: Send + 'static>(
            tasks: &mut Self::Tasks<T>,
            work: impl FnOnce() -> <Self as Mode>::Output<'static, T> + Send + 'static,
        ) where
            Self: Mode;

        fn next_task<T: Send + 'static>(tasks: &mut Self::Tasks<T>) -> <Self as Mode>::Output<'_, Option<T>>
        where
            Self: Mode;

        fn count_tasks<T: Send + 'static>(tasks: &Self::Tasks<T>) -> usize;

        fn spawn<T: Send + 'static>(
            worker: &Self::Worker,
            work: impl FnOnce() -> <Self as Mode>::Output<'static, T> + Send + 'static,
        ) -> <Self as Mode>::Output<'static, Option<Self::Spawned<T>>>
        where
            Self: Mode;

        fn join<T: Send + 'static>(
            spawned: Self::Spawned<T>,
            on_panic: impl FnOnce() -> T,
        ) -> <Self as Mode>::Output<'static, T>
        where
            Self: Mode;

        fn with_deadline<'a, T: Send + 'static>(
            threads: &BoundedThreads,
            work: impl FnOnce() -> <Self as Mode>::Output<'static, T> + Send + 'static,
            deadline: Option<Instant>,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, Result<T, Incomplete>>
        where
            Self: Mode;

        fn wait_for<'a, S: Send, T: Send + 'a>(
            state: &'a SharedState<S>,
            next_step: impl FnMut(&mut S) -> Step<T> + Send + 'a,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, T>
        where
            Self: Mode;
    }

    impl Sealed for Blocking {
        type Spawned<T: Send + 'static> = Receiver<T>;
        type Worker = WorkerThread;
        type Tasks<T: Send + 'static> = ThreadSet<T>;

        fn start_task<T: Send + 'static>(tasks: &mut ThreadSet<T>, work: impl FnOnce() -> T + Send + 'static) {
            tasks.start(work);
        }

        fn next_task<T: Send + 'static>(tasks: &mut ThreadSet<T>) -> Option<T> {
            tasks.next()
        }

        fn count_tasks<T: Send + 'static>(tasks: &ThreadSet<T>) -> usize {
            tasks.unfinished_count()
        }

        fn spawn<T: Send + 'static>(
            worker: &WorkerThread,
            work: impl FnOnce() -> T + Send + 'static,
        ) -> Option<Receiver<T>> {
            let (sender, receiver) = sync_channel(1);
            let job = |is_busy: Arc<AtomicBool>| -> WorkerJob {
                Box::new(move || {
                    let value = work();
                    is_busy.store(false, Ordering::Release);
                    // The receiver may have been dropped meanwhile.
                    drop(sender.send(value));
                })
            };
            worker.try_give_job(job).then_some(receiver)
        }

        fn join<T: Send + 'static>(spawned: Receiver<T>, on_panic: impl FnOnce() -> T) -> T {
            spawned.recv().unwrap_or_else(|_| on_panic())
        }

        fn with_deadline<'a, T: Send + 'static>(
            threads: &BoundedThreads,
            work: impl FnOnce() -> T + Send + 'static,
            deadline: Option<Instant>,
            _sleep: impl Fn(Duration) + Send + 'a,
        ) -> Result<T, Incomplete> {
            let (outcome, thread) = threads.start_in_thread(work)?;
            let received = match deadline {
                Some(deadline) => outcome.recv_timeout(deadline.saturating_duration_since(Instant::now())),
                None => outcome.recv().map_err(RecvTimeoutError::from),
            };
            match (received, thread) {
                (Ok(value), _) => Ok(value),
                (Err(RecvTimeoutError::Timeout), _) => Err(Incomplete::TimedOut),
                // The code has panicked: continue the panic in the thread of the caller.
                (Err(RecvTimeoutError::Disconnected), thread) => match thread.join() {
                    Err(panic) => resume_unwind(panic),
                    Ok(()) => Err(Incomplete::TimedOut),
                },
            }
        }

        fn wait_for<'a, S: Send, T: Send + 'a>(
            state: &'a SharedState<S>,
            next_step: impl FnMut(&mut S) -> Step<T> + Send + 'a,
            _sleep: impl Fn(Duration) + Send + 'a,
        ) -> T {
            state.wait_blocking(next_step)
        }
    }

    /// A thread that starts with the first job, and ends when this value is dropped.
    #[derive(Default)]
    pub struct WorkerThread(Mutex<Option<WorkerHandle>>);

    struct WorkerHandle {
        jobs: SyncSender<WorkerJob>,
        is_busy: Arc<AtomicBool>,
    }

    type WorkerJob = Box<dyn FnOnce() + Send>;

    impl WorkerThread {
        /// Gives the job to the thread; false if there is none. The job clears the flag that it receives when it is done.
        fn try_give_job(&self, job: impl FnOnce(Arc<AtomicBool>) -> WorkerJob) -> bool {
            let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // A busy thread runs a job that nobody waits for, or has panicked: replace it.
            running.take_if(|running| running.is_busy.load(Ordering::Acquire));
            if running.is_none() {
                *running = WorkerHandle::start_worker_thread();
            }
            running.as_ref().is_some_and(|WorkerHandle { jobs, is_busy }| {
                is_busy.store(true, Ordering::Relaxed);
                jobs.try_send(job(is_busy.clone())).is_ok()
            })
        }
    }

    impl WorkerHandle {
        fn start_worker_thread() -> Option<Self> {
            let (sender, jobs) = sync_channel::<WorkerJob>(1);
            let thread = thread::Builder::new().name("partner-center".to_owned());
            thread.spawn(move || jobs.into_iter().for_each(|job| job())).ok()?;
            Some(Self { jobs: sender, is_busy: Arc::default() })
        }
    }

    impl Sealed for Async {
        type Spawned<T: Send + 'static> = Pin<Box<dyn Future<Output = T> + Send>>;

        type Worker = ();
        type Tasks<T: Send + 'static> = FutureSet<T>;

        fn start_task<T: Send + 'static>(
            tasks: &mut FutureSet<T>,
            work: impl FnOnce() -> Self::Spawned<T> + Send + 'static,
        ) {
            tasks.start(work());
        }

        fn next_task<T: Send + 'static>(tasks: &mut FutureSet<T>) -> <Self as Mode>::Output<'_, Option<T>> {
            Box::pin(poll_fn(|context| tasks.poll_next(context)))
        }

        fn count_tasks<T: Send + 'static>(tasks: &FutureSet<T>) -> usize {
            tasks.unfinished_count()
        }

        fn spawn<T: Send + 'static>(
            (): &(),
            work: impl FnOnce() -> Self::Spawned<T> + Send + 'static,
        ) -> <Self as Mode>::Output<'static, Option<Self::Spawned<T>>> {
            let mut work = Some(work());
            let mut was_polled = false;
            Box::pin(poll_fn(move |context| {
                if !was_polled {
                    was_polled = true;
                    let value = work.as_mut().map(|work| work.as_mut().poll(context));
                    if let Some(Poll::Ready(value)) = value {
                        work = Some(Box::pin(ready(value)));
                    }
                    // The connection is a separate task, and writes nothing unless this one yields.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(work.take())
            }))
        }

        fn join<T: Send + 'static>(
            spawned: Self::Spawned<T>,
            _on_panic: impl FnOnce() -> T,
        ) -> <Self as Mode>::Output<'static, T> {
            spawned
        }

        fn with_deadline<'a, T: Send + 'static>(
            _threads: &BoundedThreads,
            work: impl FnOnce() -> <Self as Mode>::Output<'static, T> + Send + 'static,
            deadline: Option<Instant>,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, Result<T, Incomplete>> {
            let mut output = work();
            let mut timer = None;
            Box::pin(poll_fn(move |context| {
                if let Poll::Ready(value) = output.as_mut().poll(context) {
                    return Poll::Ready(Ok(value));
                }
                // Started only now: a value that is ready immediately needs no timer.
                let Some(deadline) = deadline else { return Poll::Pending };
                let timer = timer.get_or_insert_with(|| SleepTimer::new(deadline, &sleep));
                if timer.is_elapsed(&sleep, context) { Poll::Ready(Err(Incomplete::TimedOut)) } else { Poll::Pending }
            }))
        }

        fn wait_for<'a, S: Send, T: Send + 'a>(
            state: &'a SharedState<S>,
            next_step: impl FnMut(&mut S) -> Step<T> + Send + 'a,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, T> {
            Box::pin(state.wait(next_step, sleep))
        }
    }
}
