use super::state::value_size;
use crate::{resource_path::ResourcePath, timestamp::Timestamp};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use uuid::Uuid;

/// The responses to earlier writes: a write that is sent again with the same `MS-RequestId` gets the first response and changes
/// nothing.
#[derive(Clone, Default)]
pub(crate) struct Outcomes {
    by_key: HashMap<OutcomeKey, (Timestamp, Arc<Outcome>)>,
    /// The keys of `by_key`, the oldest first.
    oldest: VecDeque<OutcomeKey>,
    /// The size of all bodies, approximately, in bytes.
    bytes: usize,
}

/// What a repeated write has in common with the first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OutcomeKey {
    pub(crate) request_id: Uuid,
    pub(crate) operation_id: &'static str,
    pub(crate) path: ResourcePath,
}

/// The response to a write.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Value>,
}

/// The time for which a response is remembered. That of the service is not published.
const WINDOW: Duration = Duration::from_secs(60 * 60);

/// The maximum number of responses that are remembered.
const MAX_OUTCOMES: usize = 10_000;

/// The maximum size of the bodies of all of them, in bytes.
const MAX_BYTES: usize = 64 << 20;

impl Outcomes {
    pub(crate) fn get(&self, key: &OutcomeKey, now: Timestamp) -> Option<Arc<Outcome>> {
        let (remembered, outcome) = self.by_key.get(key)?;
        (now < *remembered + WINDOW).then(|| Arc::clone(outcome))
    }

    pub(crate) fn remember(&mut self, key: OutcomeKey, outcome: Arc<Outcome>, now: Timestamp) {
        self.bytes += outcome.size();
        if let Some((_, replaced)) = self.by_key.insert(key.clone(), (now, outcome)) {
            self.bytes -= replaced.size();
            self.oldest.retain(|existing| *existing != key);
        }
        self.oldest.push_back(key);
        while let Some(oldest) = self.oldest.front() {
            let is_expired = self.by_key.get(oldest).is_none_or(|(remembered, _)| now >= *remembered + WINDOW);
            if !is_expired && self.oldest.len() <= MAX_OUTCOMES && self.bytes <= MAX_BYTES {
                break;
            }
            self.bytes -= self.by_key.remove(oldest).map_or(0, |(_, outcome)| outcome.size());
            self.oldest.pop_front();
        }
    }
}

impl Outcome {
    fn size(&self) -> usize {
        self.body.as_ref().map_or(0, value_size)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_OUTCOMES, Outcome, OutcomeKey, Outcomes, WINDOW};
    use crate::{resource_path::ResourcePath, timestamp::Timestamp};
    use http::{HeaderMap, StatusCode};
    use std::{sync::Arc, time::Duration};
    use uuid::Uuid;

    #[test]
    fn outcome_is_remembered_for_a_while() {
        let mut outcomes = Outcomes::default();
        let outcome = Arc::new(Outcome { status: StatusCode::CREATED, headers: HeaderMap::new(), body: None });
        let key = |id| OutcomeKey {
            request_id: Uuid::from_u128(id),
            operation_id: "createCustomer",
            path: ResourcePath::new(["v1"]),
        };
        let now = Timestamp::from_unix(Duration::from_secs(7));
        for id in 0..=MAX_OUTCOMES as u128 {
            outcomes.remember(key(id), Arc::clone(&outcome), now);
        }
        assert!(outcomes.get(&key(0), now).is_none(), "the oldest gave way");
        assert!(outcomes.get(&key(1), now + WINDOW / 2).is_some());
        assert!(outcomes.get(&key(1), now + WINDOW).is_none());
        outcomes.remember(key(1), outcome, now + WINDOW);
        assert_eq!((outcomes.oldest.len(), outcomes.by_key.len()), (1, 1), "expired ones are dropped");
    }
}
