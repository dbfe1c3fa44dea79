use super::{
    customer_overlay::CustomerOverlay,
    outcomes::{WriteOutcome, WriteOutcomeKey, WriteOutcomes},
    population,
};
use crate::{
    customers::{
        CustomerDetails, CustomerSequences, CustomerStore, FIRST_CREATED_INDEX, SearchableFields,
        append_summary_of_stored_customer, customer_has_domain, parse_guid, searchable_fields_of_stored_customer,
    },
    lifecycle::{DUE_FIELD, internal_moment, resource_at_time, without_internal_fields},
    random::RandomGenerator,
    resource_path::ResourcePath,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Bound, Range},
    sync::Arc,
};
use uuid::Uuid;

/// All resources of the emulator, each by its path.
#[derive(Clone)]
pub(crate) struct State {
    /// The customers as they are without any write.
    pub(crate) population: CustomerStore,
    /// The random numbers of the population, worked out once.
    sequences: CustomerSequences,
    pub(super) customers: CustomerOverlay,
    /// What has been written, other than customers.
    pub(super) resources: BTreeMap<ResourcePath, ResourceEntry>,
    pub(super) outcomes: WriteOutcomes,
    /// What happens by itself, by the moment and the path of the resource that says so.
    due: BTreeSet<(Timestamp, ResourcePath)>,
    /// The number of changes so far.
    pub(super) changes: u64,
    /// The number of states that were put in place of the one at the start. It tells two states with the same number of changes apart.
    replacements: u64,
    /// The size of everything that has been written, approximately, in bytes.
    bytes: usize,
}

#[derive(Clone)]
pub(super) struct ResourceEntry {
    /// The number of the change that created it, which orders a list.
    pub(super) created: u64,
    /// `None` if it has been deleted.
    pub(super) value: Option<Arc<Value>>,
    /// What it becomes, and when.
    pub(super) next: Option<(Timestamp, Arc<Value>)>,
}

/// The version of a state: a later one is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateVersion {
    pub(crate) replacements: u64,
    pub(crate) changes: u64,
}

/// A change of the state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum StateChange {
    Put(ResourcePath, Value),
    /// The resource becomes this value at this moment.
    PutLater(ResourcePath, Value, Timestamp),
    /// Deletes the resource and all that is below it.
    Delete(ResourcePath),
    Remember(WriteOutcomeKey, WriteOutcome, Timestamp),
}

/// The store has no room for a write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoreFull;

/// The maximum size of everything that has been written, in bytes.
const MAX_STORED_BYTES: usize = 512 << 20;

impl State {
    pub(crate) fn new(population: CustomerStore) -> Self {
        Self {
            population,
            sequences: CustomerSequences::new(population.seed),
            customers: CustomerOverlay::default(),
            resources: BTreeMap::new(),
            outcomes: WriteOutcomes::default(),
            due: BTreeSet::new(),
            changes: 0,
            replacements: 0,
            bytes: 0,
        }
    }

    /// Returns the random numbers of the next change. They are the same until there is a change.
    pub(crate) fn random_for_next_change(&self, purpose: &str) -> RandomGenerator {
        RandomGenerator::for_purpose(self.population.seed, purpose, self.changes)
    }

    /// Returns the number of the next change.
    pub(crate) fn next_change_number(&self) -> u64 {
        self.changes
    }

    /// Returns what grows with each change, also when an earlier state is put in place of this one.
    pub(crate) fn version(&self) -> StateVersion {
        StateVersion { replacements: self.replacements, changes: self.changes }
    }

    /// Returns this state as the one that comes after `current`.
    pub(super) fn into_successor_of(self, current: &Self) -> Self {
        Self { replacements: current.replacements + 1, ..self }
    }

    /// Returns the resource at `path`, as it is `now`.
    pub(crate) fn get_resource(&self, path: &ResourcePath, now: Timestamp) -> Option<Value> {
        self.get_resource_with_internal_fields(path, now).map(without_internal_fields)
    }

    /// Returns the resource at `path`, as it is `now`, with its internal fields.
    pub(crate) fn get_resource_with_internal_fields(&self, path: &ResourcePath, now: Timestamp) -> Option<Value> {
        let resource = match self.resources.get(path) {
            Some(entry) => entry.value_at_time(now).map(|value| Value::clone(value)),
            None => match path.segments()[..] {
                ["v1", "customers", id] => self.get_customer(self.find_customer_by_id(parse_guid(id)?)?),
                _ => population::get_generated_resource(self, path, now),
            },
        };
        resource_at_time(path, resource?, now)
    }

    /// Whether a request has deleted the resource at `path`.
    pub(crate) fn is_resource_deleted(&self, path: &ResourcePath) -> bool {
        self.resources.get(path).is_some_and(|entry| entry.value.is_none())
    }

    /// Whether a write of the resource at `path` takes effect later than `now`.
    pub(crate) fn is_write_pending(&self, path: &ResourcePath, now: Timestamp) -> bool {
        let next = self.resources.get(path).and_then(|entry| entry.next.as_ref());
        next.is_some_and(|(moment, _)| now < *moment)
    }

    /// Returns what has been written directly below `collection`, or deleted there, by its last segment. The number orders them.
    pub(crate) fn written_or_deleted_collection_items(
        &self,
        collection: &ResourcePath,
        now: Timestamp,
    ) -> Vec<(&str, u64, Option<Value>)> {
        let below = self.resources.range((Bound::Excluded(collection), Bound::Unbounded));
        let mut items: Vec<_> = below
            .take_while(|(path, _)| path.is_below(collection))
            .filter(|(path, _)| path.is_child_of(collection))
            .filter_map(|(path, entry)| {
                let value = entry.value_at_time(now).map(|value| Value::clone(value));
                let value = value.and_then(|value| resource_at_time(path, value, now)).map(without_internal_fields);
                Some((*path.segments().last()?, entry.created, value))
            })
            .collect();
        items.sort_by_key(|(_, created, _)| *created);
        items
    }

    /// Returns what has been written at the paths whose segments are `wanted`, in their order.
    pub(crate) fn written_resources_matching(&self, now: Timestamp, wanted: impl Fn(&[&str]) -> bool) -> Vec<Value> {
        let resources = self.resources.keys().filter(|path| wanted(&path.segments()));
        resources.filter_map(|path| self.get_resource(path, now)).collect()
    }

    /// Returns the resource because of which something happens by `now`, and the moment; the earliest first.
    pub(crate) fn first_due_resource(&self, now: Timestamp) -> Option<(Timestamp, ResourcePath)> {
        self.due.first().filter(|(moment, _)| *moment <= now).cloned()
    }

    /// Returns what the resource at `path` becomes later than `now`, if that is written.
    pub(crate) fn get_pending_resource(&self, path: &ResourcePath, now: Timestamp) -> Option<Value> {
        let (moment, value) = self.resources.get(path)?.next.as_ref()?;
        (now < *moment).then(|| without_internal_fields(Value::clone(value)))
    }

    /// Returns the response to an earlier write, if it has been done.
    pub(crate) fn find_outcome(&self, key: &WriteOutcomeKey, now: Timestamp) -> Option<Arc<WriteOutcome>> {
        self.outcomes.get_outcome(key, now)
    }

    /// Returns the index of the customer with this identifier.
    pub(crate) fn find_customer_by_id(&self, id: Uuid) -> Option<u32> {
        let index = self.customers.index_of_created(id).or_else(|| self.population.find_index_by_id(id))?;
        (!self.customers.is_deleted(index)).then_some(index)
    }

    /// Returns the customer at `index` with all fields.
    pub(crate) fn get_customer(&self, index: u32) -> Option<Value> {
        match self.customers.get_written_customer(index) {
            Some(customer) => Some(Value::clone(customer)),
            None if self.customers.is_deleted(index) => None,
            None => Some(self.population.customer_details(index)),
        }
    }

    /// Returns the customer at `index` with all fields, if it is a generated one that no request has changed.
    pub(crate) fn get_unchanged_generated_customer(&self, index: u32) -> Option<CustomerDetails> {
        let is_untouched = !self.customers.contains_index(index) && !self.is_created_customer(index);
        is_untouched.then(|| self.population.get_details_if_generated(index)).flatten()
    }

    /// Whether the customer at `index` was created by a request.
    pub(crate) fn is_created_customer(&self, index: u32) -> bool {
        index >= self.first_created_index()
    }

    /// Whether a request has set the field `name` of the customer at `index` to `value`, which it did not have from the beginning.
    pub(crate) fn is_customer_field_changed_to(&self, index: u32, name: &str, value: &Value) -> bool {
        let written = self.customers.get_written_customer(index);
        written.is_some_and(|customer| customer[name] == *value)
            && (self.is_created_customer(index) || self.population.customer_details(index)[name] != *value)
    }

    /// Returns the index after that of the last customer.
    pub(crate) fn end_of_customer_indexes(&self) -> u32 {
        match self.customers.created_count {
            0 => self.population.count,
            created => self.first_created_index().saturating_add(created),
        }
    }

    /// Returns the index after that of the last customer, with created ones, unless there are more than indexes.
    pub(super) fn checked_end_of_customer_indexes(&self) -> Option<u32> {
        self.first_created_index().checked_add(self.customers.created_count)
    }

    /// Measures everything that has been written, after it was put there without changes.
    pub(super) fn recompute_stored_bytes(&mut self) -> Result<(), StoreFull> {
        let customers = self.customers.entries().filter_map(|(_, _, customer)| customer).map(json_value_size);
        let resources = self.resources.iter().map(|(path, entry)| {
            let next = entry.next.as_ref().map(|(_, value)| value);
            let values = entry.value.iter().chain(next).map(|value| json_value_size(value));
            path.size_in_memory() + values.sum::<usize>()
        });
        self.bytes = customers.chain(resources).sum();
        if self.bytes > MAX_STORED_BYTES { Err(StoreFull) } else { Ok(()) }
    }

    /// Returns the indexes of the customers of the list from `start` on, in their order.
    pub(crate) fn customer_indexes(&self, start: u32) -> impl Iterator<Item = u32> {
        let created = self.created_indexes();
        let indexes =
            (start.min(self.population.count)..self.population.count).chain(start.max(created.start)..created.end);
        indexes.filter(|index| !self.customers.is_deleted(*index))
    }

    /// Returns the number of the customers of the list, without going through it.
    pub(crate) fn customer_count(&self) -> usize {
        let (generated, created) = (0..self.population.count, self.created_indexes());
        let deleted = self.customers.deleted_indexes();
        let deleted = deleted.filter(|index| generated.contains(index) || created.contains(index)).count();
        generated.len() + created.len() - deleted
    }

    /// Returns the indexes of the customers that requests have created, also of those that have been deleted since.
    fn created_indexes(&self) -> Range<u32> {
        let first = self.first_created_index();
        first..first.saturating_add(self.customers.created_count)
    }

    /// Appends the customer at `index` to `json` as a list has it.
    pub(crate) fn append_customer_summary(&self, index: u32, json: &mut Vec<u8>) {
        match self.customers.get_written_customer(index) {
            Some(customer) => append_summary_of_stored_customer(customer, json),
            None => self.population.append_customer_summary(self.sequences, index, json),
        }
    }

    pub(crate) fn customer_searchable_fields(&self, index: u32) -> SearchableFields {
        match self.customers.get_written_customer(index) {
            Some(customer) => {
                let generated = (!self.is_created_customer(index))
                    .then(|| self.population.searchable_fields(self.sequences, index));
                searchable_fields_of_stored_customer(self.population.seed, customer, generated)
            }
            None => self.population.searchable_fields(self.sequences, index),
        }
    }

    /// Returns the index of the customer that a domain belongs to.
    pub(crate) fn find_customer_by_domain(&self, domain: &str) -> Option<u32> {
        let written =
            self.customers.customers_not_deleted().find(|(_, customer)| customer_has_domain(customer, domain));
        let generated =
            || self.population.find_index_by_domain(domain).filter(|index| !self.customers.contains_index(*index));
        written.map(|(index, _)| index).or_else(generated)
    }

    /// Returns the size of everything that has been written, approximately, in bytes.
    #[cfg(any(test, feature = "persistence"))]
    pub(crate) fn stored_bytes(&self) -> usize {
        self.bytes
    }

    /// Returns that size with the responses to earlier writes, which have a limit of their own.
    pub(crate) fn stored_bytes_with_outcomes(&self) -> usize {
        self.bytes + self.outcomes.stored_bytes()
    }

    /// Applies all of `changes`, or none if the store is full.
    pub(crate) fn apply_changes(&mut self, changes: Vec<StateChange>) -> Result<(), StoreFull> {
        let size: usize = changes.iter().map(StateChange::added_stored_bytes).sum();
        let is_too_large = size > 0 && self.bytes.saturating_add(size) > MAX_STORED_BYTES;
        let has_no_index = self.end_of_customer_indexes().checked_add(1).is_none();
        if is_too_large || (has_no_index && changes.iter().any(|change| self.is_customer_creation(change))) {
            return Err(StoreFull);
        }
        self.bytes = self.bytes.saturating_add(size);
        for change in changes {
            match change {
                StateChange::Put(path, value) => self.put_resource(path, value),
                StateChange::PutLater(path, value, moment) => {
                    let current = self.get_resource_with_internal_fields(&path, moment).map(Arc::new);
                    let entry = self.entry_or_insert(path);
                    (entry.value, entry.next) = (current, Some((moment, Arc::new(value))));
                }
                StateChange::Delete(path) => self.delete_resource(path),
                StateChange::Remember(key, outcome, now) => self.outcomes.remember_outcome(key, Arc::new(outcome), now),
            }
            self.changes += 1;
        }
        Ok(())
    }

    fn put_resource(&mut self, path: ResourcePath, value: Value) {
        if let Some(moment) = self.due_moment(&path) {
            self.due.remove(&(moment, path.clone()));
        }
        self.note_due(&path, &value);
        let value = Arc::new(value);
        if let Some(id) = id_of_customer_path(&path) {
            let replaced = match self.find_customer_by_id(id) {
                Some(index) => self.customers.replace_customer(index, value),
                None => self.customers.insert_created_customer(id, self.next_customer_index(), value),
            };
            self.subtract_stored_size(replaced.as_deref());
        } else {
            let created = self.changes;
            let replaced = self.resources.get(&path).and_then(|entry| entry.value.clone());
            self.subtract_stored_size(replaced.as_deref());
            let entry = self.entry_or_insert(path);
            // A resource that comes back after it was deleted is a new one.
            if entry.value.is_none() {
                entry.created = created;
            }
            (entry.value, entry.next) = (Some(value), None);
        }
    }

    fn delete_resource(&mut self, path: ResourcePath) {
        self.due.retain(|(_, due)| *due != path && !due.is_below(&path));
        let below = self.resources.range((Bound::Excluded(&path), Bound::Unbounded)).map(|(existing, _)| existing);
        for existing in below.take_while(|existing| existing.is_below(&path)).cloned().collect::<Vec<_>>() {
            let removed = self.resources.remove(&existing).and_then(|entry| entry.value);
            self.subtract_stored_size(removed.as_deref());
        }
        if let Some(id) = id_of_customer_path(&path) {
            let removed = self.find_customer_by_id(id).and_then(|index| self.customers.delete_customer(id, index));
            self.subtract_stored_size(removed.as_deref());
        } else {
            let deleted = ResourceEntry { created: self.changes, value: None, next: None };
            let removed = self.resources.insert(path, deleted).and_then(|entry| entry.value);
            self.subtract_stored_size(removed.as_deref());
        }
    }

    /// Notes when something happens because of a resource.
    pub(super) fn note_due(&mut self, path: &ResourcePath, resource: &Value) {
        self.due.extend(internal_moment(resource, DUE_FIELD).map(|moment| (moment, path.clone())));
    }

    /// Returns the moment at which something happens because of the resource that was written at `path`.
    fn due_moment(&self, path: &ResourcePath) -> Option<Timestamp> {
        internal_moment(self.resources.get(path)?.value.as_deref()?, DUE_FIELD)
    }

    fn entry_or_insert(&mut self, path: ResourcePath) -> &mut ResourceEntry {
        let created = self.changes;
        self.resources.entry(path).or_insert(ResourceEntry { created, value: None, next: None })
    }

    fn subtract_stored_size(&mut self, removed: Option<&Value>) {
        self.bytes = self.bytes.saturating_sub(removed.map_or(0, json_value_size));
    }

    fn is_customer_creation(&self, change: &StateChange) -> bool {
        let StateChange::Put(path, _) = change else { return false };
        id_of_customer_path(path).is_some_and(|id| self.find_customer_by_id(id).is_none())
    }

    fn first_created_index(&self) -> u32 {
        self.population.count.max(FIRST_CREATED_INDEX)
    }

    fn next_customer_index(&self) -> u32 {
        self.first_created_index().saturating_add(self.customers.created_count)
    }
}

impl ResourceEntry {
    fn value_at_time(&self, now: Timestamp) -> Option<&Arc<Value>> {
        match &self.next {
            Some((moment, next)) if now >= *moment => Some(next),
            _ => self.value.as_ref(),
        }
    }
}

impl StateChange {
    /// Returns the size in memory, approximately, in bytes.
    fn added_stored_bytes(&self) -> usize {
        match self {
            Self::Put(path, value) | Self::PutLater(path, value, _) => path.size_in_memory() + json_value_size(value),
            // These free room, and outcomes have a limit of their own.
            Self::Delete(_) | Self::Remember(..) => 0,
        }
    }
}

pub(super) fn json_value_size(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(json_value_size).sum(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| size_of::<String>() + name.len() + json_value_size(value)).sum()
            }
            _ => 0,
        }
}

/// Returns the identifier in the path of a customer.
fn id_of_customer_path(path: &ResourcePath) -> Option<Uuid> {
    match path.segments()[..] {
        ["v1", "customers", id] => parse_guid(id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_STORED_BYTES, State, StateChange, StoreFull};
    use crate::{customers::CustomerStore, resource_path::ResourcePath, timestamp::Timestamp};
    use serde_json::{Value, json};
    use std::time::Duration;
    use uuid::Uuid;

    fn state(count: u32) -> State {
        State::new(CustomerStore { seed: 7, count, rare_values: false })
    }

    fn path(segments: &str) -> ResourcePath {
        ResourcePath::from_segments(segments.split('/'))
    }

    fn put(state: &mut State, path: &ResourcePath, value: Value) {
        state.apply_changes(vec![StateChange::Put(path.clone(), value)]).unwrap();
    }

    const NOW: Timestamp = Timestamp::from_unix_time(Duration::from_secs(1));

    #[test]
    fn resource_is_changed_and_deleted_with_all_below_it() {
        let mut state = state(10);
        let (order, line) = (path("v1/x/orders/A"), path("v1/x/orders/a/lines/1"));
        put(&mut state, &order, json!({ "id": "A" }));
        put(&mut state, &line, json!({}));
        put(&mut state, &path("v1/x/orders/0"), json!({ "id": "0" }));
        assert_eq!(state.get_resource(&path("v1/X/orders/a"), NOW), Some(json!({ "id": "A" })));
        let ids = |state: &State| -> Vec<String> {
            let items = state.written_or_deleted_collection_items(&path("v1/x/orders"), NOW);
            items.into_iter().map(|(id, _, value)| format!("{id}{}", value.is_some())).collect()
        };
        assert_eq!(ids(&state), ["atrue", "0true"], "in the order of their creation");
        state.apply_changes(vec![StateChange::Delete(order.clone())]).unwrap();
        assert_eq!((state.get_resource(&order, NOW), state.get_resource(&line, NOW)), (None, None));
        assert_eq!(ids(&state), ["0true", "afalse"]);
        put(&mut state, &order, json!({}));
        assert_eq!(ids(&state), ["0true", "atrue"]);
    }

    #[test]
    fn resource_changes_later() {
        let mut state = state(10);
        let (path, later) = (path("v1/x"), NOW + Duration::from_secs(5));
        put(&mut state, &path, json!(1));
        state.apply_changes(vec![StateChange::PutLater(path.clone(), json!(2), later)]).unwrap();
        assert_eq!(state.get_resource(&path, NOW), Some(json!(1)));
        assert_eq!(state.get_resource(&path, later), Some(json!(2)));
        put(&mut state, &path, json!(3));
        assert_eq!(state.get_resource(&path, later), Some(json!(3)));
    }

    #[test]
    fn customers_keep_their_place_in_the_list() {
        for count in [3, 40] {
            let mut state = state(count);
            let before: Vec<u32> = state.customer_indexes(0).collect();
            let ids: Vec<Uuid> = (0..3).map(Uuid::from_u128).collect();
            for id in &ids {
                put(&mut state, &ResourcePath::for_customer(id), json!({ "id": id }));
            }
            let third = state.population.customer_details(2)["id"].as_str().unwrap().to_owned();
            for id in [third, ids[1].to_string()] {
                state.apply_changes(vec![StateChange::Delete(ResourcePath::for_customer(id))]).unwrap();
            }
            let after: Vec<u32> = state.customer_indexes(0).collect();
            assert_eq!(state.customer_count(), after.len());
            let (old, new) = after.split_at(before.len() - 1);
            assert_eq!(old, before.iter().copied().filter(|index| *index != 2).collect::<Vec<_>>());
            assert_eq!(
                new.iter().map(|index| state.get_customer(*index).unwrap()["id"].clone()).collect::<Vec<_>>(),
                [json!(ids[0]), json!(ids[2])]
            );
            assert_eq!(state.customer_indexes(new[1]).collect::<Vec<_>>(), [new[1]]);
            assert_eq!(state.end_of_customer_indexes(), new[1] + 1);
            assert_eq!(state.find_customer_by_id(ids[1]), None);
        }
    }

    #[test]
    fn full_store_takes_no_more() {
        let mut state = state(u32::MAX);
        let customer = StateChange::Put(ResourcePath::for_customer(Uuid::nil()), json!({}));
        assert_eq!(state.apply_changes(vec![customer]), Err(StoreFull));
        state.bytes = MAX_STORED_BYTES;
        assert_eq!(state.apply_changes(vec![StateChange::Put(path("v1/x"), json!({}))]), Err(StoreFull));
        assert_eq!(state.apply_changes(vec![StateChange::Delete(path("v1/x"))]), Ok(()));
        assert_eq!(state.get_resource(&path("v1/x"), NOW), None);
    }
}
