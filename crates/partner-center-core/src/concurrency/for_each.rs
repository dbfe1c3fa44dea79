use crate::{
    Async, Blocking, CallOutput, Client, Error, Mode, Output, Transport,
    transport::mode::{Tasks, count_tasks, next_task, start_task},
};
#[cfg(feature = "stream")]
use futures_core::Stream;
#[cfg(feature = "stream")]
use std::pin::Pin;
use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

/// The outcome of the work for one item, from [`Client::for_each`](crate::Client::for_each).
#[derive(Debug)]
#[non_exhaustive]
pub struct ItemOutcome<I, T> {
    /// The item.
    pub item: I,
    /// The value of the work for it, or its error.
    pub result: Result<T, Error>,
}

/// The outcomes of the work for each item of a list, in the order in which it is done: an `Iterator` over a blocking transport,
/// a `Stream` over an async one.
///
/// Returned by [`Client::for_each`](crate::Client::for_each). Work is started when an outcome is requested, and only as long
/// as fewer than `concurrency` outcomes are outstanding. Memory is bounded by these. An iterator of items that has returned
/// `None` is asked again when the next outcome is requested, so that it may be a queue to which items are added meanwhile.
///
/// To cancel it, call [`stop`](Self::stop) and read on: the work under way is completed, and each item that was begun has its
/// outcome. A panic of the work reaches the caller in place of an outcome; who catches it may read on. When it is dropped instead, a blocking one waits for the work under way, whose outcomes are lost; an async one drops
/// it, wherever it is. A journal knows either way.
#[must_use = "no work is started until outcomes are requested"]
pub struct ForEach<X: Transport, I: Iterator<Item: Send + 'static>, T: Send + 'static> {
    client: Client<X>,
    /// `None` once it was stopped.
    items: Option<I>,
    work: Arc<Work<X, I::Item, T>>,
    concurrency: usize,
    tasks: Tasks<X::Mode, ItemOutcome<I::Item, T>>,
}

type Work<X, I, T> = dyn Fn(&Client<X>, &I) -> CallOutput<X, T> + Send + Sync;

impl<X: Transport, I: Iterator<Item: Send + 'static>, T: Send + 'static> ForEach<X, I, T> {
    pub(crate) fn new(client: Client<X>, items: I, concurrency: usize, work: Arc<Work<X, I::Item, T>>) -> Self {
        let concurrency = concurrency.max(1);
        Self { client, items: Some(items), work, concurrency, tasks: Tasks::<X::Mode, _>::default() }
    }

    /// Starts no more work. The outcomes of the work under way follow, and then the end.
    pub fn stop(&mut self) {
        self.items = None;
    }

    /// Returns the number of items whose outcome is outstanding.
    pub fn under_way(&self) -> usize {
        count_tasks::<X::Mode, _>(&self.tasks)
    }

    /// Waits for the next outcome; `None` if nothing is under way. The same as `next`, for code in both modes.
    ///
    /// Returns, depending on the transport:
    ///
    /// ```text
    /// blocking: Option<ItemOutcome<I::Item, T>>
    /// async:    Pin<Box<dyn Future<Output = Option<ItemOutcome<I::Item, T>>> + Send + '_>>
    /// ```
    pub fn next_outcome(&mut self) -> Output<'_, X, Option<ItemOutcome<I::Item, T>>> {
        self.start_more_work();
        next_task::<X::Mode, _>(&mut self.tasks)
    }

    /// Starts work until as much is under way as may be.
    fn start_more_work(&mut self) {
        while self.under_way() < self.concurrency {
            let Some(item) = self.items.as_mut().and_then(Iterator::next) else { break };
            let (client, work) = (self.client.clone(), self.work.clone());
            start_task::<X::Mode, _>(&mut self.tasks, move || {
                let output = work(&client, &item);
                X::Mode::block_or_box(async move {
                    let result = X::Mode::into_future(output).await;
                    ItemOutcome { item, result }
                })
            });
        }
    }
}

impl<X, I, T> Iterator for ForEach<X, I, T>
where
    X: Transport<Mode = Blocking>,
    I: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    type Item = ItemOutcome<I::Item, T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.start_more_work();
        self.tasks.next()
    }
}

#[cfg(feature = "stream")]
impl<X, I, T> Stream for ForEach<X, I, T>
where
    X: Transport<Mode = Async>,
    I: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    type Item = ItemOutcome<I::Item, T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_outcome(context)
    }
}

impl<X, I, T> ForEach<X, I, T>
where
    X: Transport<Mode = Async>,
    I: Iterator<Item: Send + 'static> + Send,
    T: Send + 'static,
{
    /// Returns the next outcome; `None` after the last. The same as `StreamExt::next`, without the import.
    ///
    /// Cancel safe: a future that is dropped loses no outcome.
    #[expect(clippy::should_implement_trait, reason = "the async counterpart of Iterator::next, which streams lack")]
    pub fn next(&mut self) -> impl Future<Output = Option<ItemOutcome<I::Item, T>>> + Send {
        poll_fn(|context| self.poll_next_outcome(context))
    }
}

impl<X, I, T> ForEach<X, I, T>
where
    X: Transport<Mode = Async>,
    I: Iterator<Item: Send + 'static>,
    T: Send + 'static,
{
    fn poll_next_outcome(&mut self, context: &mut Context<'_>) -> Poll<Option<ItemOutcome<I::Item, T>>> {
        self.start_more_work();
        self.tasks.poll_next(context)
    }
}

// Nothing in it is ever pinned: items are moved, and futures are boxed.
impl<X: Transport, I: Iterator<Item: Send + 'static>, T: Send + 'static> Unpin for ForEach<X, I, T> {}

impl<X: Transport, I: Iterator<Item: Send + 'static>, T: Send + 'static> fmt::Debug for ForEach<X, I, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ForEach")
            .field("client", &self.client)
            .field("concurrency", &self.concurrency)
            .field("under_way", &self.under_way())
            .finish_non_exhaustive()
    }
}
