use super::Event;
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// The events that wait for an attempt. There are at most [`MAX_EVENTS`].
#[derive(Default)]
pub(super) struct EventQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    events: Vec<QueuedEvent>,
    is_closed: bool,
}

pub(super) struct QueuedEvent {
    pub(super) event: Event,
    /// The number of attempts so far.
    pub(super) attempts: u32,
    pub(super) due: Instant,
}

const MAX_EVENTS: usize = 1000;

impl EventQueue {
    /// Adds an event, or returns `false` if there are too many.
    pub(super) fn push(&self, event: QueuedEvent) -> bool {
        let mut state = self.lock_state();
        if state.events.len() >= MAX_EVENTS {
            return false;
        }
        state.events.push(event);
        self.changed.notify_all();
        true
    }

    /// Waits until an event is due, and takes it out: that which has been due for longest. Returns `None` once the queue is closed.
    pub(super) fn next_due(&self) -> Option<QueuedEvent> {
        let mut state = self.lock_state();
        while !state.is_closed {
            let earliest = state.events.iter().enumerate().min_by_key(|(_, event)| event.due);
            let now = Instant::now();
            state = match earliest {
                Some((index, event)) if event.due <= now => return Some(state.events.remove(index)),
                Some((_, event)) => {
                    let wait = event.due - now;
                    self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        None
    }

    pub(super) fn close(&self) {
        self.lock_state().is_closed = true;
        self.changed.notify_all();
    }

    fn lock_state(&self) -> MutexGuard<'_, QueueState> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
