use super::Event;
use crate::timestamp::Timestamp;
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
    /// How often the queue was cleared.
    generation: u64,
    is_closed: bool,
}

pub(super) struct QueuedEvent {
    pub(super) event: Event,
    /// The number of attempts so far.
    pub(super) attempts: u32,
    pub(super) due: Instant,
    /// When the event was new.
    queued: Instant,
    /// The generation of the queue when the event was new.
    generation: u64,
}

const MAX_EVENTS: usize = 1000;

impl QueuedEvent {
    /// Returns the moment that it is by the clock of the emulator, without the time that was simulated since the event was new.
    pub(super) fn emulator_time(&self) -> Timestamp {
        self.event.changed + self.queued.elapsed()
    }
}

impl EventQueue {
    /// Adds an event, or returns `false` if there are too many.
    pub(super) fn push_unless_full(&self, event: Event) -> bool {
        let mut state = self.lock_state();
        let now = Instant::now();
        let event = QueuedEvent { event, attempts: 0, due: now, queued: now, generation: state.generation };
        self.push_to_state_unless_full(&mut state, event)
    }

    /// Adds an event again whose attempt has failed, unless the queue was cleared since, or returns `false` if there are too many.
    pub(super) fn push_again_unless_full(&self, event: QueuedEvent, due: Instant) -> bool {
        let mut state = self.lock_state();
        let event = QueuedEvent { attempts: event.attempts + 1, due, ..event };
        event.generation != state.generation || self.push_to_state_unless_full(&mut state, event)
    }

    /// Drops all events, and that of the attempt in progress if it fails.
    pub(super) fn clear(&self) {
        let mut state = self.lock_state();
        state.events.clear();
        state.generation += 1;
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

    fn push_to_state_unless_full(&self, state: &mut QueueState, event: QueuedEvent) -> bool {
        if state.events.len() >= MAX_EVENTS {
            return false;
        }
        state.events.push(event);
        self.changed.notify_all();
        true
    }

    fn lock_state(&self) -> MutexGuard<'_, QueueState> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::EventQueue;
    use crate::{timestamp::Timestamp, webhook_sender::Event};
    use std::time::Instant;

    fn event(name: &'static str) -> Event {
        Event {
            name,
            resource_name: "customer",
            resource_uri: None,
            audit_uri: None,
            changed: Timestamp::default(),
            receiver: "http://localhost/".to_owned(),
            signature_in_own_header: false,
            origin: String::new(),
            validation_path: None,
        }
    }

    #[test]
    fn cleared_queue_drops_the_event_of_the_attempt_in_progress() {
        let queue = EventQueue::default();
        assert!(queue.push_unless_full(event("waits")) && queue.push_unless_full(event("is attempted")));
        let attempted = queue.next_due().unwrap();
        queue.clear();
        assert!(queue.push_again_unless_full(attempted, Instant::now()));
        assert!(queue.push_unless_full(event("is new")));
        let next = queue.next_due().unwrap();
        assert_eq!((next.event.name, next.attempts), ("is new", 0));
        assert!(queue.push_again_unless_full(next, Instant::now()));
        assert_eq!(queue.next_due().unwrap().attempts, 1);
        assert!(queue.lock_state().events.is_empty());
    }
}
