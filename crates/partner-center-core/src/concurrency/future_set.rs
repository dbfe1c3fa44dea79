use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// Futures that one task polls, each only when it was woken. (With one waker for all, each response would poll every call.)
pub struct FutureSet<T> {
    slots: Vec<FutureSlot<T>>,
    /// The slots without a future, or with one that is polled right now.
    free: Vec<usize>,
    woken: Arc<WokenSlots>,
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

struct FutureSlot<T> {
    future: Option<BoxFuture<T>>,
    waker: Waker,
}

impl<T> FutureSet<T> {
    /// Adds a future, which runs when the set is polled.
    pub(crate) fn start(&mut self, future: BoxFuture<T>) {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = self.slots.len();
            let waker = Waker::from(Arc::new(SlotWaker { index, woken: self.woken.clone() }));
            self.slots.push(FutureSlot { future: None, waker });
            index
        });
        self.slots[index].future = Some(future);
        self.woken.lock_woken_queue().push_woken_slot(index);
    }

    /// Returns the number of futures that are not done.
    pub(crate) fn unfinished_count(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Returns the value of the future that is done next; `None` if there is none. A future that panics is dropped.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        if self.unfinished_count() == 0 {
            return Poll::Ready(None);
        }
        self.woken.lock_woken_queue().task = Some(context.waker().clone());
        // A future that wakes itself must not keep this task from yielding.
        for _ in 0..self.slots.len() {
            let Some(index) = self.woken.lock_woken_queue().pop_woken_slot() else { return Poll::Pending };
            let slot = &mut self.slots[index];
            // One that is done may still be woken.
            let Some(mut future) = slot.future.take() else { continue };
            // Should it panic, it is gone and its slot is free.
            self.free.push(index);
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&slot.waker)) {
                return Poll::Ready(Some(value));
            }
            slot.future = Some(future);
            self.free.pop();
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T> Default for FutureSet<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), woken: Arc::default() }
    }
}

/// The slots whose futures are to be polled, and the task that polls them.
#[derive(Default)]
struct WokenSlots(Mutex<WokenQueue>);

#[derive(Default)]
struct WokenQueue {
    order: VecDeque<usize>,
    /// By slot, whether it is in `order`.
    is_waiting: Vec<bool>,
    task: Option<Waker>,
}

impl WokenSlots {
    fn lock_woken_queue(&self) -> MutexGuard<'_, WokenQueue> {
        // No panic leaves it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WokenQueue {
    fn push_woken_slot(&mut self, index: usize) {
        if index >= self.is_waiting.len() {
            self.is_waiting.resize(index + 1, false);
        }
        if !std::mem::replace(&mut self.is_waiting[index], true) {
            self.order.push_back(index);
        }
    }

    fn pop_woken_slot(&mut self) -> Option<usize> {
        let index = self.order.pop_front()?;
        self.is_waiting[index] = false;
        Some(index)
    }
}

struct SlotWaker {
    index: usize,
    woken: Arc<WokenSlots>,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut woken = self.woken.lock_woken_queue();
        woken.push_woken_slot(self.index);
        let task = woken.task.take();
        drop(woken);
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::poll_fn,
        sync::atomic::{AtomicUsize, Ordering},
    };

    #[test]
    fn only_woken_futures_are_polled() {
        let polls = Arc::new([const { AtomicUsize::new(0) }; 3]);
        let wakers = Arc::new(Mutex::new(Vec::new()));
        let mut set = FutureSet::default();
        for index in 0..3 {
            let (polls, wakers) = (polls.clone(), wakers.clone());
            set.start(Box::pin(poll_fn(move |context| {
                wakers.lock().unwrap().push(context.waker().clone());
                if polls[index].fetch_add(1, Ordering::SeqCst) == 0 { Poll::Pending } else { Poll::Ready(index) }
            })));
        }
        let mut context = Context::from_waker(Waker::noop());
        let counts = || [0, 1, 2].map(|index| polls[index].load(Ordering::SeqCst));
        // Each is polled once, and then none until one is woken; twice is as good as once.
        assert!(set.poll_next(&mut context).is_pending());
        assert!(set.poll_next(&mut context).is_pending());
        assert_eq!(counts(), [1, 1, 1]);
        let waker = wakers.lock().unwrap()[1].clone();
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(set.poll_next(&mut context), Poll::Ready(Some(1)));
        assert_eq!(counts(), [1, 2, 1]);
        // One that is done is woken in vain, and its slot is used again.
        waker.wake();
        assert!(set.poll_next(&mut context).is_pending());
        set.start(Box::pin(async { 7 }));
        assert_eq!(set.poll_next(&mut context), Poll::Ready(Some(7)));
        assert_eq!(set.slots.len(), 3);
        wakers.lock().unwrap().clone().into_iter().for_each(Waker::wake);
        assert_eq!(set.poll_next(&mut context), Poll::Ready(Some(0)));
        assert_eq!(set.poll_next(&mut context), Poll::Ready(Some(2)));
        assert_eq!(set.poll_next(&mut context), Poll::Ready(None));
    }

    #[test]
    fn future_that_wakes_itself_does_not_starve_the_task() {
        let mut set = FutureSet::<()>::default();
        set.start(Box::pin(poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::Pending
        })));
        assert!(set.poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}
