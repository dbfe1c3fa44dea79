use crate::monitor::{Look, Monitor};
use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

/// When a [`Transport`](crate::Transport) hands back a value: at once, or later.
///
/// The engine is written as `async` code whose only awaits are [`wait`](Mode::wait)s. [`Async`] hands that code to the
/// caller as a future; [`Blocking`] has nothing to wait for and runs it to the end. Code of one's own that is to work
/// in both modes is written the same way:
///
/// ```
/// use partner_center_core::{Client, Error, GetCustomer, Mode, Output, Transport};
/// use uuid::Uuid;
///
/// /// The name of a customer's company: a `Result` over a blocking transport, a future of one over an async one.
/// fn company_name<X: Transport>(client: &Client<X>, id: Uuid) -> Output<'_, X, Result<Option<String>, Error>> {
///     X::Mode::run(async move {
///         let customer = X::Mode::wait(client.call(GetCustomer::new(id))).await?;
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
    fn wait<'a, T: Send + 'a>(output: Self::Output<'a, T>) -> impl Future<Output = T> + Send + 'a;

    /// Turns work that awaits nothing but [`wait`](Mode::wait)s into an output.
    ///
    /// # Panics
    ///
    /// In [`Blocking`], when `work` awaits anything else and that is not ready.
    fn run<'a, T: Send + 'a>(work: impl Future<Output = T> + Send + 'a) -> Self::Output<'a, T>;
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
    fn wait<'a, T: Send + 'a>(output: T) -> impl Future<Output = T> + Send + 'a {
        std::future::ready(output)
    }
    fn run<'a, T: Send + 'a>(work: impl Future<Output = T> + Send + 'a) -> T {
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
    fn wait<'a, T: Send + 'a>(output: Self::Output<'a, T>) -> impl Future<Output = T> + Send + 'a {
        output
    }
    fn run<'a, T: Send + 'a>(work: impl Future<Output = T> + Send + 'a) -> Self::Output<'a, T> {
        Box::pin(work)
    }
}

/// What `output` comes to, if that is before `until`. A blocking one is there when this is called.
pub(crate) fn in_time<'a, 'b: 'a, M: Mode, T: Send + 'b>(
    output: M::Output<'b, T>,
    until: Option<Instant>,
    sleep: impl Fn(Duration) -> M::Output<'a, ()> + Send + 'a,
) -> M::Output<'a, Option<T>> {
    <M as sealed::Sealed>::in_time(output, until, sleep)
}

/// [`Mode::wait`]s for a state; see [`Monitor`].
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
    use super::{Async, Blocking, Mode};
    use crate::monitor::{Alarm, Look, Monitor};
    use std::{
        future::{poll_fn, ready},
        pin::Pin,
        sync::{
            Arc, Mutex, PoisonError,
            atomic::{AtomicBool, Ordering},
            mpsc::{Receiver, SyncSender, sync_channel},
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

        fn in_time<'a, 'b: 'a, T: Send + 'b>(
            output: <Self as Mode>::Output<'b, T>,
            until: Option<Instant>,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, Option<T>>
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

        fn in_time<'a, 'b: 'a, T: Send + 'b>(
            output: T,
            _until: Option<Instant>,
            _sleep: impl Fn(Duration) + Send + 'a,
        ) -> Option<T> {
            Some(output)
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

        fn in_time<'a, 'b: 'a, T: Send + 'b>(
            mut output: <Self as Mode>::Output<'b, T>,
            until: Option<Instant>,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, Option<T>> {
            let mut alarm = until.map(|until| Alarm::new(until, &sleep));
            Box::pin(poll_fn(move |context| match output.as_mut().poll(context) {
                Poll::Ready(value) => Poll::Ready(Some(value)),
                Poll::Pending if alarm.as_mut().is_some_and(|alarm| alarm.rings(&sleep, context)) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
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
