//! Changes of a resource that a request replaces as a whole: it is read, changed, and sent back complete. What a client leaves out
//! would be deleted, whether the method is PUT or PATCH.

use super::{
    body,
    json_tree::JsonTree,
    request::{PlannedRequest, RequestBody},
    response::ReceivedBody,
};
use crate::{
    arguments::operations::{BodyArguments, OperationCall, tables::operation_that_reads_resource},
    error::LocalError,
    messages::Messages,
};
use partner_center::{Client, Error, Transport};
use partner_center_spec::{Method, Operation};
use serde_json::Value;

/// Returns the operation that reads what a call changes; `None` if the call has the complete body, or the service has no such
/// operation.
pub(super) fn reading_operation_of_call(call: &OperationCall) -> Option<&'static Operation> {
    let BodyArguments { file, changes, .. } = &call.body;
    operation_that_reads_resource(call.operation).filter(|_| file.is_none() && !changes.is_empty())
}

/// What is changed in a resource that was read.
pub(super) struct ChangedResource {
    /// A line for each field that differs.
    pub(super) differences: Vec<String>,
    /// The complete resource with the changes.
    pub(super) body: RequestBody,
}

/// Reads the resource at the target of `request`, and makes the changes of the flags.
pub(super) async fn read_and_change<X: Transport>(
    client: &Client<X>,
    reader: &'static Operation,
    call: &OperationCall,
    request: &PlannedRequest,
    messages: &Messages,
) -> Result<ChangedResource, Error> {
    let target = request.target.split('?').next().unwrap_or_default().to_owned();
    let read = PlannedRequest { method: Method::Get, target, headers: Vec::new(), body: None };
    let response = super::send_request(client, read, reader).await?;
    let ReceivedBody::Json(current) = response.body else {
        return Err(Error::custom("the service has returned nothing to change"));
    };
    let before = JsonTree::Value(current.clone());
    let changed = body::apply_changes_and_check_body(call.operation, before, &call.body, messages)
        .map_err(LocalError::wrap_usage_error)?;
    let differences = describe_differences(current.json(), &changed.to_json());
    Ok(ChangedResource { differences, body: body::json_request_body(call.operation, &changed) })
}

/// Returns a line for each field that differs, such as `quantity: 12 -> 25`.
fn describe_differences(before: &str, after: &str) -> Vec<String> {
    let parse = |json: &str| serde_json::from_str::<Value>(json).unwrap_or_default();
    let mut differences = Vec::new();
    collect_differences("", &parse(before), &parse(after), &mut differences);
    differences
}

fn collect_differences(path: &str, before: &Value, after: &Value, differences: &mut Vec<String>) {
    if let (Value::Object(old), Value::Object(new)) = (before, after) {
        let added = new.keys().filter(|name| !old.contains_key(*name));
        for name in old.keys().chain(added) {
            let child = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let null = Value::Null;
            let (old, new) = (old.get(name).unwrap_or(&null), new.get(name).unwrap_or(&null));
            collect_differences(&child, old, new, differences);
        }
    } else if before != after {
        let show = |value: &Value| if value.is_null() { "(nothing)".to_owned() } else { value.to_string() };
        differences.push(format!("{path}: {} -> {}", show(before), show(after)));
    }
}

#[cfg(test)]
mod tests {
    use super::describe_differences;

    #[test]
    fn differences_are_named_by_their_paths() {
        let before = r#"{"quantity": 12, "status": "active", "links": {"self": {"uri": "/a"}}, "kept": [1]}"#;
        let after =
            r#"{"quantity": 25, "status": "active", "links": {"self": {"uri": "/b"}}, "kept": [1], "new": true}"#;
        assert_eq!(
            describe_differences(before, after),
            [r#"links.self.uri: "/a" -> "/b""#, "quantity: 12 -> 25", "new: (nothing) -> true"]
        );
        assert!(describe_differences(before, before).is_empty());
    }
}
