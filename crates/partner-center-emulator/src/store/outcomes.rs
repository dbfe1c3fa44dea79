use super::state::json_value_size;
use crate::{resource_path::ResourcePath, timestamp::Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
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
pub(crate) struct WriteOutcomes {
    by_key: HashMap<WriteOutcomeKey, (Timestamp, Arc<WriteOutcome>)>,
    /// The keys of `by_key`, the oldest first.
    oldest: VecDeque<WriteOutcomeKey>,
    /// The size of all bodies, approximately, in bytes.
    bytes: usize,
}

/// What a write that is sent again has in common with the first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct WriteOutcomeKey {
    #[serde(rename = "requestId")]
    pub(crate) request_id: Uuid,
    #[serde(rename = "operation")]
    pub(crate) operation_id: &'static str,
    pub(crate) path: ResourcePath,
}

/// The response to a write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WriteOutcome {
    #[serde(serialize_with = "serialize_status", deserialize_with = "deserialize_status")]
    pub(crate) status: StatusCode,
    #[serde(serialize_with = "serialize_headers", deserialize_with = "deserialize_headers")]
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Value>,
}

/// The time for which a response is remembered. That of the service is not published.
const OUTCOME_RETENTION: Duration = Duration::from_secs(60 * 60);

/// The maximum number of responses that are remembered.
const MAX_OUTCOMES: usize = 10_000;

/// The maximum size of the bodies of all of them, in bytes.
const MAX_TOTAL_OUTCOME_BYTES: usize = 64 << 20;

impl WriteOutcomes {
    pub(crate) fn get_outcome(&self, key: &WriteOutcomeKey, now: Timestamp) -> Option<Arc<WriteOutcome>> {
        let (remembered, outcome) = self.by_key.get(key)?;
        (now < *remembered + OUTCOME_RETENTION).then(|| Arc::clone(outcome))
    }

    pub(crate) fn remember_outcome(&mut self, key: WriteOutcomeKey, outcome: Arc<WriteOutcome>, now: Timestamp) {
        self.bytes += outcome.size_in_memory();
        if let Some((_, replaced)) = self.by_key.insert(key.clone(), (now, outcome)) {
            self.bytes -= replaced.size_in_memory();
            self.oldest.retain(|existing| *existing != key);
        }
        self.oldest.push_back(key);
        while let Some(oldest) = self.oldest.front() {
            let is_expired =
                self.by_key.get(oldest).is_none_or(|(remembered, _)| now >= *remembered + OUTCOME_RETENTION);
            if !is_expired && self.oldest.len() <= MAX_OUTCOMES && self.bytes <= MAX_TOTAL_OUTCOME_BYTES {
                break;
            }
            self.bytes -= self.by_key.remove(oldest).map_or(0, |(_, outcome)| outcome.size_in_memory());
            self.oldest.pop_front();
        }
    }

    /// Returns the size of all bodies, approximately, in bytes.
    pub(super) fn stored_bytes(&self) -> usize {
        self.bytes
    }

    /// Returns what is remembered, the oldest first, with the moment of each.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&WriteOutcomeKey, Timestamp, &WriteOutcome)> {
        self.oldest.iter().filter_map(|key| self.by_key.get(key).map(|(at, outcome)| (key, *at, &**outcome)))
    }
}

impl WriteOutcome {
    fn size_in_memory(&self) -> usize {
        self.body.as_ref().map_or(0, json_value_size)
    }
}

/// A key as it is written to JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeKeySnapshot {
    request_id: Uuid,
    operation: String,
    path: ResourcePath,
}

impl<'de> Deserialize<'de> for WriteOutcomeKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let OutcomeKeySnapshot { request_id, operation, path } = OutcomeKeySnapshot::deserialize(deserializer)?;
        let known = partner_center_spec::operation(&operation)
            .ok_or_else(|| D::Error::custom(format!("there is no operation {operation:?} in this version")))?;
        Ok(Self { request_id, operation_id: known.id, path })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn serialize_status<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    status.as_u16().serialize(serializer)
}

fn deserialize_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
    let status = u16::deserialize(deserializer)?;
    StatusCode::from_u16(status).map_err(|_| D::Error::custom(format!("{status} is not a status")))
}

fn serialize_headers<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    serializer.collect_seq(headers.iter().map(|(name, value)| (name.as_str(), text(value))))
}

fn deserialize_headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderMap, D::Error> {
    let headers = Vec::<(String, String)>::deserialize(deserializer)?;
    let header = |(name, value)| HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
    let headers: Option<HeaderMap> = headers.into_iter().map(header).collect();
    headers.ok_or_else(|| D::Error::custom("it has an invalid header"))
}

#[cfg(test)]
mod tests {
    use super::{MAX_OUTCOMES, OUTCOME_RETENTION, WriteOutcome, WriteOutcomeKey, WriteOutcomes};
    use crate::{resource_path::ResourcePath, timestamp::Timestamp};
    use http::{HeaderMap, StatusCode};
    use std::{sync::Arc, time::Duration};
    use uuid::Uuid;

    #[test]
    fn outcome_is_remembered_for_a_while() {
        let mut outcomes = WriteOutcomes::default();
        let outcome = Arc::new(WriteOutcome { status: StatusCode::CREATED, headers: HeaderMap::new(), body: None });
        let key = |id| WriteOutcomeKey {
            request_id: Uuid::from_u128(id),
            operation_id: "createCustomer",
            path: ResourcePath::from_segments(["v1"]),
        };
        let now = Timestamp::from_unix_time(Duration::from_secs(7));
        for id in 0..=MAX_OUTCOMES as u128 {
            outcomes.remember_outcome(key(id), Arc::clone(&outcome), now);
        }
        assert!(outcomes.get_outcome(&key(0), now).is_none(), "the oldest gave way");
        assert!(outcomes.get_outcome(&key(1), now + OUTCOME_RETENTION / 2).is_some());
        assert!(outcomes.get_outcome(&key(1), now + OUTCOME_RETENTION).is_none());
        outcomes.remember_outcome(key(1), outcome, now + OUTCOME_RETENTION);
        assert_eq!((outcomes.oldest.len(), outcomes.by_key.len()), (1, 1), "expired ones are dropped");
    }
}
