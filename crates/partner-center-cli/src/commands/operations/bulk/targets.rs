//! What an operation is performed for, one after the other: customers that are known beforehand, or IDs as they are read.

use super::{
    super::ids::{IdError, NextId, RequestedIds},
    target::{Customer, Target},
};
use crate::error::{CommandError, ErrorReport};
use std::{collections::HashMap, vec};

/// The targets.
pub(super) struct Targets {
    source: TargetSource,
    /// The number of targets so far.
    count: usize,
    /// How often each key was given, if they have to differ.
    keys: Option<HashMap<String, u32>>,
    errors: vec::IntoIter<ErrorReport>,
}

enum TargetSource {
    Customers { customers: vec::IntoIter<Customer>, id: Option<String> },
    Ids(RequestedIds),
}

/// What comes next.
pub(super) enum NextTarget {
    Target(Target),
    /// An entry of an input is not an ID; it has a place in the output nevertheless.
    Invalid(usize, ErrorReport),
    /// The next one is not there yet.
    Pending,
    /// There are no more.
    End,
    /// The rest cannot be read.
    Broken(CommandError),
}

impl Targets {
    /// Returns the targets of an operation under a customer, each with the same `id` if that takes one.
    pub(super) fn of_customers(customers: Vec<Customer>, id: Option<String>) -> Self {
        Self::new(TargetSource::Customers { customers: customers.into_iter(), id })
    }

    /// Adds the errors of entries that are not customers, which come first.
    pub(super) fn with_errors(self, errors: Vec<ErrorReport>) -> Self {
        Self { errors: errors.into_iter(), ..self }
    }

    /// Returns the targets of an operation that gets one thing by its ID.
    pub(super) fn of_ids(ids: RequestedIds) -> Self {
        Self::new(TargetSource::Ids(ids))
    }

    /// Gives each target another key, for a journal.
    pub(super) fn with_unique_keys(self) -> Self {
        Self { keys: Some(HashMap::new()), ..self }
    }

    fn new(source: TargetSource) -> Self {
        Self { source, count: 0, keys: None, errors: Vec::new().into_iter() }
    }

    /// Returns how many there are, if that is known.
    pub(super) fn total(&self) -> Option<usize> {
        match &self.source {
            TargetSource::Customers { customers, .. } => Some(self.count + self.errors.len() + customers.len()),
            TargetSource::Ids(_) => None,
        }
    }

    /// Returns the next target; waits for it if `waits`.
    pub(super) fn next(&mut self, waits: bool) -> NextTarget {
        if let Some(error_report) = self.errors.next() {
            return NextTarget::Invalid(self.take_index(), error_report);
        }
        let (customer, id) = match &mut self.source {
            TargetSource::Customers { customers, id } => match customers.next() {
                Some(customer) => (Some(customer), id.clone()),
                None => return NextTarget::End,
            },
            TargetSource::Ids(ids) => match ids.next_id(waits) {
                NextId::Id(Ok(id)) => (None, Some(id)),
                NextId::Id(Err(IdError::Invalid(error_report))) => {
                    return NextTarget::Invalid(self.take_index(), error_report);
                }
                NextId::Id(Err(IdError::Input(error))) => return NextTarget::Broken(error),
                NextId::Pending => return NextTarget::Pending,
                NextId::End => return NextTarget::End,
            },
        };
        let key = [customer.as_ref().map(|customer| customer.id.as_str()), id.as_deref()];
        let key = self.unique_key(key.into_iter().flatten().collect::<Vec<_>>().join(" "));
        NextTarget::Target(Target { index: self.take_index(), key, customer, id })
    }

    /// Counts the remaining targets; `Err` is the count so far if there may be more.
    pub(super) fn count_remaining(self) -> Result<u64, u64> {
        match self.source {
            TargetSource::Customers { customers, .. } => Ok(u64::try_from(customers.len()).unwrap_or(u64::MAX)),
            TargetSource::Ids(ids) => ids.count_remaining_ids(),
        }
    }

    fn take_index(&mut self) -> usize {
        self.count += 1;
        self.count - 1
    }

    /// Returns a key that no other target has: an ID may be given twice.
    fn unique_key(&mut self, key: String) -> String {
        let Some(keys) = &mut self.keys else { return key };
        let count = keys.entry(key.clone()).or_default();
        *count += 1;
        if *count == 1 { key } else { format!("{key} (no. {count})") }
    }
}
