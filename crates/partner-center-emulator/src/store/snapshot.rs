//! The state as JSON: everything that requests have written, and what the population is generated from. A state that is read from it
//! is the same as the one that was written, so that a write that is sent again gets its first response there, too.

use super::{State, WriteOutcome, WriteOutcomeKey, state::ResourceEntry};
use crate::{customers::CustomerStore, resource_path::ResourcePath, timestamp::Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{borrow::Cow, error::Error, fmt, sync::Arc};
use uuid::Uuid;

/// A state as it is written to JSON, and read from it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StateSnapshot<'a> {
    seed: u64,
    /// The number of generated customers.
    customer_count: u32,
    rare_values: bool,
    /// The number of changes so far, which the identifiers of what is created depend on.
    changes: u64,
    /// The number of customers created so far, with those that have been deleted since.
    created_customers: u32,
    customers: Vec<CustomerEntry<'a>>,
    resources: Vec<ResourceSnapshot<'a>>,
    outcomes: Vec<OutcomeSnapshot<'a>>,
}

/// A customer that requests have written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CustomerEntry<'a> {
    index: u32,
    /// The identifier of a created customer that is there.
    created_id: Option<Uuid>,
    /// `None` if it has been deleted.
    customer: Option<Cow<'a, Value>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResourceSnapshot<'a> {
    path: ResourcePath,
    /// The number of the change that created it.
    created: u64,
    /// `None` if it has been deleted.
    value: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<PendingResourceValue<'a>>,
}

/// What a resource becomes, and when.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PendingResourceValue<'a> {
    at: Timestamp,
    value: Cow<'a, Value>,
}

/// The response to a write, for the case that it is sent again.
#[derive(Serialize, Deserialize)]
struct OutcomeSnapshot<'a> {
    #[serde(flatten)]
    key: Cow<'a, WriteOutcomeKey>,
    at: Timestamp,
    #[serde(flatten)]
    outcome: Cow<'a, WriteOutcome>,
}

impl StateSnapshot<'_> {
    /// Changes all values that requests have written, and the bodies of the responses to them.
    pub(crate) fn change_values(&mut self, change: fn(&mut Value)) {
        let customers = self.customers.iter_mut().filter_map(|entry| entry.customer.as_mut());
        let resources = self.resources.iter_mut().flat_map(|resource| {
            resource.value.as_mut().into_iter().chain(resource.next.as_mut().map(|next| &mut next.value))
        });
        for value in customers.chain(resources) {
            change(value.to_mut());
        }
        for OutcomeSnapshot { outcome, .. } in &mut self.outcomes {
            if let Some(body) = &mut outcome.to_mut().body {
                change(body);
            }
        }
    }
}

/// A snapshot that no state can be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidSnapshot(String);

impl State {
    /// Returns the state as it is written to JSON.
    pub(crate) fn to_snapshot(&self) -> StateSnapshot<'_> {
        let customers = self.customers.entries().map(|(index, created_id, customer)| CustomerEntry {
            index,
            created_id,
            customer: customer.map(Cow::Borrowed),
        });
        let resources = self.resources.iter().map(|(path, entry)| ResourceSnapshot {
            path: path.clone(),
            created: entry.created,
            value: entry.value.as_deref().map(Cow::Borrowed),
            next: entry.next.as_ref().map(|(at, value)| PendingResourceValue { at: *at, value: Cow::Borrowed(value) }),
        });
        let outcomes = self.outcomes.entries().map(|(key, at, outcome)| OutcomeSnapshot {
            key: Cow::Borrowed(key),
            at,
            outcome: Cow::Borrowed(outcome),
        });
        let CustomerStore { seed, count, rare_values } = self.population;
        StateSnapshot {
            seed,
            customer_count: count,
            rare_values,
            changes: self.changes,
            created_customers: self.customers.created_count,
            customers: customers.collect(),
            resources: resources.collect(),
            outcomes: outcomes.collect(),
        }
    }

    /// Returns the state that a snapshot was written from.
    pub(crate) fn from_snapshot(snapshot: StateSnapshot<'_>) -> Result<Self, InvalidSnapshot> {
        let StateSnapshot { seed, customer_count, rare_values, changes, created_customers, .. } = snapshot;
        let mut state = Self::new(CustomerStore { seed, count: customer_count, rare_values });
        (state.changes, state.customers.created_count) = (changes, created_customers);
        let end = state.checked_end_of_customer_indexes().ok_or_else(|| {
            InvalidSnapshot(format!(
                "it has more customers than there can be: {customer_count} and {created_customers}"
            ))
        })?;
        for CustomerEntry { index, created_id, customer } in snapshot.customers {
            // Documented customers are there even if the list is too short for them.
            if index >= end && !crate::customers::is_documented_customer(index) {
                return Err(InvalidSnapshot(format!("customer {index} is beyond the last one")));
            }
            if created_id.is_some() && (!state.is_created_customer(index) || customer.is_none()) {
                return Err(InvalidSnapshot(format!("customer {index} was not created by a request")));
            }
            state.customers.insert_entry(index, created_id, customer.map(|value| Arc::new(value.into_owned())));
        }
        for ResourceSnapshot { path, created, value, next } in snapshot.resources {
            let value = value.map(|value| Arc::new(value.into_owned()));
            if let Some(value) = &value {
                state.note_due(&path, value);
            }
            let next = next.map(|PendingResourceValue { at, value }| (at, Arc::new(value.into_owned())));
            state.resources.insert(path, ResourceEntry { created, value, next });
        }
        for OutcomeSnapshot { key, at, outcome } in snapshot.outcomes {
            state.outcomes.remember_outcome(key.into_owned(), Arc::new(outcome.into_owned()), at);
        }
        state.recompute_stored_bytes().map_err(|_| InvalidSnapshot("it is larger than the store".to_owned()))?;
        Ok(state)
    }
}

impl fmt::Display for InvalidSnapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for InvalidSnapshot {}

#[cfg(test)]
mod tests {
    use super::{State, StateSnapshot};
    use crate::{
        customers::CustomerStore,
        resource_path::ResourcePath,
        store::{StateChange, WriteOutcome, WriteOutcomeKey},
        timestamp::Timestamp,
    };
    use http::{HeaderMap, HeaderValue, StatusCode, header::LOCATION};
    use serde_json::{Value, json};
    use std::time::Duration;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::from_unix_time(Duration::new(1_767_225_600, 123_456_789));

    fn key(id: u128) -> WriteOutcomeKey {
        let path = ResourcePath::from_segments(["v1", "customers"]);
        WriteOutcomeKey { request_id: Uuid::from_u128(id), operation_id: "createCustomer", path }
    }

    /// Returns a state with one of everything.
    fn written_state() -> State {
        let mut state = State::new(CustomerStore { seed: 7, count: 10, rare_values: true });
        let generated = state.get_customer(3).unwrap()["id"].as_str().unwrap().to_owned();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let order = ResourcePath::from_segments(["v1", "customers", &generated, "orders", "a/b %"]);
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static("/x"))]);
        let outcome = WriteOutcome { status: StatusCode::CREATED, headers, body: Some(json!({ "id": 1 })) };
        let changes = vec![
            StateChange::Put(ResourcePath::for_customer(one), json!({ "id": one })),
            StateChange::Put(ResourcePath::for_customer(two), json!({ "id": two })),
            StateChange::Delete(ResourcePath::for_customer(two)),
            StateChange::Delete(ResourcePath::for_customer(&generated)),
            StateChange::Put(order.clone(), json!({ "number": 0.1 })),
            StateChange::PutLater(order.clone(), json!(2), NOW + Duration::from_secs(5)),
            StateChange::Delete(ResourcePath::from_segments(["v1", "x"])),
            StateChange::Remember(key(5), outcome, NOW),
        ];
        state.apply_changes(changes).unwrap();
        state
    }

    fn read(snapshot: &Value) -> Result<State, String> {
        let snapshot: StateSnapshot<'_> =
            serde_json::from_str(&snapshot.to_string()).map_err(|error| error.to_string())?;
        State::from_snapshot(snapshot).map_err(|error| error.to_string())
    }

    #[test]
    fn state_survives_a_round_trip() {
        let state = written_state();
        let snapshot = json!(state.to_snapshot());
        let restored = read(&snapshot).unwrap();
        assert_eq!(json!(restored.to_snapshot()), snapshot);
        assert_eq!(restored.next_change_number(), state.next_change_number());
        assert!(restored.customer_indexes(0).eq(state.customer_indexes(0)));
        assert_eq!(restored.find_customer_by_id(Uuid::from_u128(1)), state.find_customer_by_id(Uuid::from_u128(1)));
        assert_eq!(restored.find_customer_by_id(Uuid::from_u128(2)), None);
        assert!(restored.is_resource_deleted(&ResourcePath::from_segments(["v1", "x"])));
        let outcome = restored.find_outcome(&key(5), NOW).unwrap();
        assert_eq!(
            (outcome.status, &outcome.headers[LOCATION]),
            (StatusCode::CREATED, &HeaderValue::from_static("/x"))
        );
        assert!(
            (1..=state.stored_bytes()).contains(&restored.stored_bytes()),
            "what was replaced takes no room any more"
        );
    }

    #[test]
    fn what_is_due_is_known_after_it_was_read() {
        let mut state = written_state();
        let path = ResourcePath::from_segments(["v1", "x", "y"]);
        let mut schedule = json!({ "id": "y" });
        crate::lifecycle::set_internal_field(&mut schedule, crate::lifecycle::DUE_FIELD, "2026-02-01T00:00:00Z");
        state.apply_changes(vec![StateChange::Put(path.clone(), schedule)]).unwrap();
        let mut restored = read(&json!(state.to_snapshot())).unwrap();
        let due = Timestamp::parse("2026-02-01T00:00:00Z").unwrap();
        assert_eq!(restored.first_due_resource(due - Duration::from_secs(1)), None);
        assert_eq!(restored.first_due_resource(due), Some((due, path.clone())));
        // Written without it, or deleted, it is not due any more.
        restored.apply_changes(vec![StateChange::Put(path.clone(), json!({ "id": "y" }))]).unwrap();
        assert_eq!(restored.first_due_resource(due), None);
        state.apply_changes(vec![StateChange::Delete(path)]).unwrap();
        assert_eq!(state.first_due_resource(due), None);
    }

    #[test]
    fn invalid_snapshot_is_rejected_with_the_reason() {
        let valid = json!(written_state().to_snapshot());
        let changed = |pointer: &str, value: Value| {
            let mut snapshot = valid.clone();
            *snapshot.pointer_mut(pointer).unwrap() = value;
            read(&snapshot).err().unwrap_or_default()
        };
        for (pointer, value, reason) in [
            ("/customerCount", json!(u32::MAX), "more customers than there can be"),
            ("/createdCustomers", json!(0), "beyond the last one"),
            ("/customers/0/createdId", json!(Uuid::nil()), "not created by a request"),
            ("/outcomes/0/operation", json!("deleteEverything"), "no operation \"deleteEverything\""),
            ("/outcomes/0/status", json!(99), "not a status"),
            ("/outcomes/0/headers", json!([["a b", "c"]]), "invalid header"),
            ("/outcomes/0/at", json!("yesterday"), "not a moment"),
            ("/resources", json!(7), "invalid type"),
        ] {
            let error = changed(pointer, value);
            assert!(error.contains(reason), "{pointer}: {error:?}");
        }
    }
}
