use crate::monitor::{Look, Monitor};
use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
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

/// [`Mode::wait`]s for a state; see [`Monitor`].
pub(crate) fn wait_on<'a, M: Mode, S: Send, T: Send + 'a>(
    monitor: &'a Monitor<S>,
    look: impl FnMut(&mut S) -> Look<T> + Send + 'a,
    sleep: impl Fn(Duration) -> M::Output<'a, ()> + Send + 'a,
) -> M::Output<'a, T> {
    <M as sealed::Sealed>::wait_on(monitor, look, sleep)
}

mod sealed {
    use super::{Async, Blocking, Mode};
    use crate::monitor::{Look, Monitor};
    use std::time::Duration;

    pub trait Sealed {
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
        fn wait_on<'a, S: Send, T: Send + 'a>(
            monitor: &'a Monitor<S>,
            look: impl FnMut(&mut S) -> Look<T> + Send + 'a,
            _sleep: impl Fn(Duration) + Send + 'a,
        ) -> T {
            monitor.wait_blocking(look)
        }
    }

    impl Sealed for Async {
        fn wait_on<'a, S: Send, T: Send + 'a>(
            monitor: &'a Monitor<S>,
            look: impl FnMut(&mut S) -> Look<T> + Send + 'a,
            sleep: impl Fn(Duration) -> <Self as Mode>::Output<'a, ()> + Send + 'a,
        ) -> <Self as Mode>::Output<'a, T> {
            Box::pin(monitor.wait(look, sleep))
        }
    }
}
