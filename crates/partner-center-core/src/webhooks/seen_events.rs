use super::{WebhookEvent, WebhookEventName};
use partner_center_models::DateTime;
use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher, RandomState},
};

/// The events that were received lately, by which one that comes again is recognized: the service sends an event at least once, and
/// nothing keeps others from sending its request once more.
///
/// It is in memory, and holds a number for each event, up to its capacity; then the oldest is forgotten. A receiver of several
/// processes needs a store that they share, with [`key`](Self::key) as the key.
///
/// An event that is remembered before it is stored is lost if storing it fails, as it is taken for seen when the service sends it
/// again. So store it first, or [`forget`](Self::forget) it where several deliveries are received at once.
///
/// ```
/// use partner_center_core::webhooks::{SeenEvents, WebhookEvent};
///
/// let event: WebhookEvent = serde_json::from_str(r#"{"EventName": "invoice-ready"}"#)?;
/// let mut seen = SeenEvents::new(10_000);
/// if !seen.contains(&event) {
///     // Store the event; then:
///     seen.insert(&event);
/// }
/// assert!(seen.contains(&event));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SeenEvents {
    capacity: usize,
    hashes: HashSet<u64>,
    order: VecDeque<u64>,
    // Keyed at random, so that nobody can choose events that are taken for each other.
    hasher: RandomState,
}

impl SeenEvents {
    /// Creates an empty memory of at most `capacity` events, at least 1.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self { capacity, hashes: HashSet::new(), order: VecDeque::new(), hasher: RandomState::new() }
    }

    /// Returns whether an event was seen before.
    #[must_use]
    pub fn contains(&self, event: &WebhookEvent) -> bool {
        self.hashes.contains(&self.hash_event(event))
    }

    /// Remembers an event; returns false if it was seen before.
    pub fn insert(&mut self, event: &WebhookEvent) -> bool {
        let hash = self.hash_event(event);
        if !self.hashes.insert(hash) {
            return false;
        }
        if self.order.len() == self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.hashes.remove(&oldest);
        }
        self.order.push_back(hash);
        true
    }

    /// Forgets an event that could not be stored, so that it is new when the service sends it again; returns false if it was not
    /// remembered.
    pub fn forget(&mut self, event: &WebhookEvent) -> bool {
        let hash = self.hash_event(event);
        self.order.retain(|other| *other != hash);
        self.hashes.remove(&hash)
    }

    /// Returns the text that is the same for two deliveries of an event, and differs for two events. Events have no identifier.
    #[must_use]
    pub fn key(event: &WebhookEvent) -> String {
        let WebhookEvent { event_name, resource_uri, audit_uri, resource_change_utc_date, .. } = event;
        let name = event_name.as_ref().map(WebhookEventName::as_str);
        let date = resource_change_utc_date.as_ref().map(DateTime::as_str);
        serde_json::json!([name, resource_uri, date, audit_uri]).to_string()
    }

    fn hash_event(&self, event: &WebhookEvent) -> u64 {
        self.hasher.hash_one(Self::key(event))
    }
}
