use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// The customers that requests have created, changed or deleted, by their index. An index is never used again, and created customers
/// have the highest: so a list that began before a write has no customer twice and loses none.
#[derive(Clone, Default)]
pub(super) struct CustomerOverlay {
    /// `None` is a deleted customer.
    customers: BTreeMap<u32, Option<Arc<Value>>>,
    /// The indexes of created customers.
    created: HashMap<Uuid, u32>,
    /// The number of customers created so far, with those that have been deleted since.
    pub(super) created_count: u32,
}

impl CustomerOverlay {
    /// Returns the customer at `index` if a request has written it.
    pub(super) fn get_written_customer(&self, index: u32) -> Option<&Arc<Value>> {
        self.customers.get(&index)?.as_ref()
    }

    /// Whether the customer at `index` has been written or deleted.
    pub(super) fn contains_index(&self, index: u32) -> bool {
        self.customers.contains_key(&index)
    }

    pub(super) fn is_deleted(&self, index: u32) -> bool {
        self.customers.get(&index).is_some_and(Option::is_none)
    }

    pub(super) fn deleted_indexes(&self) -> impl Iterator<Item = u32> {
        self.customers.iter().filter(|(_, customer)| customer.is_none()).map(|(index, _)| *index)
    }

    pub(super) fn index_of_created(&self, id: Uuid) -> Option<u32> {
        self.created.get(&id).copied()
    }

    /// Returns the customers in the overlay that are there, with their indexes.
    pub(super) fn customers_not_deleted(&self) -> impl Iterator<Item = (u32, &Arc<Value>)> {
        self.customers.iter().filter_map(|(index, customer)| Some((*index, customer.as_ref()?)))
    }

    /// Returns the customer that this one replaces.
    pub(super) fn replace_customer(&mut self, index: u32, customer: Arc<Value>) -> Option<Arc<Value>> {
        self.customers.insert(index, Some(customer)).flatten()
    }

    pub(super) fn insert_created_customer(&mut self, id: Uuid, index: u32, customer: Arc<Value>) -> Option<Arc<Value>> {
        self.created.insert(id, index);
        self.created_count += 1;
        self.replace_customer(index, customer)
    }

    /// Returns what the overlay holds: the index of each customer, its identifier if it was created and is there, and the customer
    /// unless it has been deleted.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, Option<Uuid>, Option<&Value>)> {
        let ids: HashMap<u32, Uuid> = self.created.iter().map(|(id, index)| (*index, *id)).collect();
        self.customers.iter().map(move |(index, customer)| (*index, ids.get(index).copied(), customer.as_deref()))
    }

    /// Puts back what [`entries`](Self::entries) returned.
    pub(super) fn insert_entry(&mut self, index: u32, created_id: Option<Uuid>, customer: Option<Arc<Value>>) {
        self.created.extend(created_id.map(|id| (id, index)));
        self.customers.insert(index, customer);
    }

    /// Returns the customer if a request had written it.
    pub(super) fn delete_customer(&mut self, id: Uuid, index: u32) -> Option<Arc<Value>> {
        self.created.remove(&id);
        self.customers.insert(index, None).flatten()
    }
}
