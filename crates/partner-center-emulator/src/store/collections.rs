//! Collections as requests have left them: the items that were there from the beginning, changed and deleted, and those that were
//! created.

use super::{State, population::generated_collection_items};
use crate::{resource_path::ResourcePath, timestamp::Timestamp};
use serde_json::Value;

/// The number of the first item that a request has created, above all that were there from the beginning.
pub(crate) const FIRST_WRITTEN_ITEM_NUMBER: u64 = 1 << 32;

/// Returns everything directly below `collection` as it is `now`, generated or written.
pub(crate) fn generated_and_written_collection_items(
    state: &State,
    collection: &ResourcePath,
    now: Timestamp,
) -> Vec<Value> {
    let generated = generated_collection_items(state, collection, now).unwrap_or_default();
    items_with_writes(state, collection, "id", generated, now).into_iter().map(|(_, item)| item).collect()
}

/// Returns `initial`, the items that were below `collection` from the beginning, as requests have changed them, and those that
/// requests have created, each with the number that orders them; `id_name` is the property that identifies them.
pub(crate) fn items_with_writes(
    state: &State,
    collection: &ResourcePath,
    id_name: &str,
    initial: Vec<Value>,
    now: Timestamp,
) -> Vec<(u64, Value)> {
    let mut written = state.written_or_deleted_collection_items(collection, now);
    let mut items = Vec::new();
    for (number, item) in (0..).zip(initial) {
        let id = id_of_item(&item, id_name).map(|id| id.to_ascii_lowercase());
        match id.and_then(|id| written.iter().position(|(written, ..)| *written == id)) {
            Some(position) => {
                let (_, _, value) = written.remove(position);
                items.extend(value.map(|value| (number, value)));
            }
            None => items.push((number, item)),
        }
    }
    items.extend(
        written.into_iter().filter_map(|(_, created, value)| Some((FIRST_WRITTEN_ITEM_NUMBER + created, value?))),
    );
    items
}

/// Returns the identifier of an item, which is its property `name`.
pub(crate) fn id_of_item(item: &Value, name: &str) -> Option<String> {
    match item.get(name)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
