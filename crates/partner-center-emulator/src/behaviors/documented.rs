//! What is there without having been written or generated: the resources of the documented examples. They belong to every
//! customer but those that requests have created.

use super::OperationCall;
use crate::{
    customers::parse_guid,
    json_fields::normalize_value,
    pages::list_item_type,
    resource_path::ResourcePath,
    routing::parameter_name_of_segment,
    store::{State, id_of_item, population},
    timestamp::Timestamp,
};
use partner_center_spec::{Location, Method, OPERATIONS, Operation, Outcome, Response, Type};
use serde_json::Value;

/// Whether the item at `path` is there; `template` is the path of its operations, which ends with its parameter.
pub(crate) fn item_exists(state: &State, template: &str, path: &ResourcePath, now: Timestamp) -> bool {
    if state.get_resource(path, now).is_some() {
        return true;
    }
    let Some((collection, id)) = path.split_last_segment() else { return false };
    let is_in_store_alone = state.is_resource_deleted(path)
        || collection.segments() == ["v1", "customers"]
        || is_below_created_customer(state, path)
        || population::generated_collection_items(state, &collection, now).is_some();
    !is_in_store_alone && is_documented_id(template, id)
}

/// Whether operations say what the items at `template` are: one of them gets an item, or lists all.
pub(crate) fn has_get_or_list_operation(template: &str) -> bool {
    let collection = template.rsplit_once('/').map_or("", |(collection, _)| collection);
    OPERATIONS.iter().any(|operation| {
        operation.path == template || (operation.path == collection && list_item_type(operation).is_some())
    })
}

/// Whether `path` is below a customer that a request created, who has nothing but what is written.
pub(super) fn is_below_created_customer(state: &State, path: &ResourcePath) -> bool {
    let ["v1", "customers", id, ..] = path.segments()[..] else { return false };
    let index = parse_guid(id).and_then(|id| state.find_customer_by_id(id));
    index.is_some_and(|index| state.is_created_customer(index))
}

/// Whether the documentation has an item with this identifier: in an example of the parameter, or in a list of such items.
fn is_documented_id(template: &str, id: &str) -> bool {
    let Some((collection, parameter)) = template.rsplit_once('/') else { return false };
    let Some(name) = parameter_name_of_segment(parameter) else { return false };
    let below = OPERATIONS.iter().filter(|operation| operation.path.starts_with(template));
    let mut parameters = below.flat_map(|operation| operation.parameters);
    let is_example = parameters.any(|parameter| {
        let is_same = parameter.name == name && parameter.location == Location::Path;
        is_same && parameter.example.is_some_and(|example| example.eq_ignore_ascii_case(id))
    });
    let item_type = type_of_get_response(template);
    let mut lists = OPERATIONS.iter().filter(|operation| {
        let items = list_item_type(operation);
        items.is_some() && (operation.path == collection || items == item_type)
    });
    is_example
        || lists.any(|list| {
            let id_name = id_property_name(list_item_type(list), Some(name));
            let ids = documented_example_items(list).into_iter().filter_map(|item| id_of_item(&item, &id_name));
            ids.into_iter().any(|known| known.eq_ignore_ascii_case(id))
        })
}

/// Returns the type of the resource that a GET of `template` responds with.
pub(super) fn type_of_get_response(template: &str) -> Option<Type> {
    let same_path = OPERATIONS.iter().filter(|operation| operation.path == template);
    let mut getters = same_path.filter(|operation| operation.method == Method::Get && operation.items.is_none());
    let responses = getters.next()?.responses;
    responses.iter().find(|response| response.outcome == Outcome::Done)?.body.map(|(_, of)| of)
}

/// Returns the documented example of a response, as the service would send it.
pub(crate) fn documented_example(response: &Response) -> Option<Value> {
    let (_, of) = response.body?;
    let mut examples = response.examples.iter();
    let example = examples.find(|example| !example.has_unknown_fields)?;
    serde_json::from_str(example.json).ok().map(|example| normalize_value(of, example))
}

/// Returns the items of the first documented example of the list with this `operationId`.
pub(crate) fn example_items(operation_id: &str) -> Vec<Value> {
    partner_center_spec::operation(operation_id).map(documented_example_items).unwrap_or_default()
}

/// Returns the items of the first documented example of a list.
pub(super) fn documented_example_items(operation: &Operation) -> Vec<Value> {
    item_lists_in_documented_examples(operation).next().unwrap_or_default()
}

/// Returns the items of all documented examples of a list, which show different ones.
pub(super) fn all_documented_items(operation: &Operation) -> Vec<Value> {
    item_lists_in_documented_examples(operation).flatten().collect()
}

fn item_lists_in_documented_examples(operation: &Operation) -> impl Iterator<Item = Vec<Value>> {
    let response = operation.responses.iter().find(|response| response.outcome == Outcome::Done);
    let of = response.and_then(|response| response.body).map_or(Type::Any, |(_, of)| of);
    let examples = response.map_or(&[][..], |response| response.examples);
    examples.iter().filter(|example| !example.has_unknown_fields).filter_map(move |example| {
        let page = normalize_value(of, serde_json::from_str(example.json).ok()?);
        let mut names = operation.items?.split('.').filter(|name| !name.is_empty());
        names.try_fold(&page, |value, name| value.get(name))?.as_array().cloned()
    })
}

/// Returns the name of the parameter in the path of an item of the collection at `path`.
pub(super) fn item_path_parameter(path: &str) -> Option<&'static str> {
    OPERATIONS
        .iter()
        .find_map(|operation| parameter_name_of_segment(operation.path.strip_prefix(path)?.strip_prefix('/')?))
}

/// Returns the name of the property that identifies an item: the one that is named like the parameter of its path, or `id`.
pub(super) fn id_property_name(of: Option<Type>, parameter: Option<&str>) -> String {
    let parameter = parameter.unwrap_or_default().replace('-', "");
    let properties = of.and_then(Type::object).map_or(&[][..], |object| object.properties);
    let mut names = properties.iter().map(|property| property.name);
    let name = names.clone().find(|name| name.eq_ignore_ascii_case("id"));
    name.or_else(|| names.find(|name| name.eq_ignore_ascii_case(&parameter))).unwrap_or("id").to_owned()
}

pub(super) fn id_as_json_value(of: Type, id: &str) -> Value {
    match (of, id.parse::<i64>()) {
        (Type::Int32 | Type::Int64, Ok(number)) => number.into(),
        _ => id.into(),
    }
}

/// Returns an example with the parameters of the path in the fields that are named like them, and the identifier of the resource.
pub(super) fn example_with_path_parameters(
    call: &OperationCall<'_>,
    mut example: Value,
    id: Option<(&str, &str)>,
) -> Value {
    let Value::Object(fields) = &mut example else { return example };
    for (parameter, value) in call.route.path_parameters() {
        let name = parameter.replace('-', "");
        let short_name = name.replace("tenant", "");
        for (field, existing) in &mut *fields {
            let is_named = field.eq_ignore_ascii_case(&name) || field.eq_ignore_ascii_case(&short_name);
            if is_named && existing.is_string() {
                *existing = value.into();
            }
        }
    }
    if let Some((name, value)) = id
        && let Some(existing) = fields.get_mut(name)
    {
        *existing = if existing.is_number() { id_as_json_value(Type::Int64, value) } else { value.into() };
    }
    if let Some(uri) = example.pointer_mut("/links/self/uri") {
        *uri = call.route.link_path().into();
    }
    example
}
