//! Changes of a resource that a request replaces as a whole: it is read, changed, and sent back complete. What a client leaves out
//! would be deleted, whether the method is PUT or PATCH.

use super::{
    body,
    json_tree::JsonTree,
    request::PlannedRequest,
    response::{ReceivedBody, ReceivedResponse},
};
use crate::{
    arguments::operations::{BodyArguments, OperationCall, tables::reading_operation},
    error::CommandError,
    messages::Messages,
    session::Session,
    terminal::escape_control_characters,
};
use partner_center::{Client, Transport, transport::Mode};
use partner_center_spec::{Method, Operation};
use serde_json::Value;

/// Returns the operation that reads what a call changes; `None` if the call has the complete body, or the service has no such
/// operation.
pub(super) fn reader_of_call(call: &OperationCall) -> Option<&'static Operation> {
    let BodyArguments { file, changes, .. } = &call.body;
    reading_operation(call.operation).filter(|_| file.is_none() && !changes.is_empty())
}

/// Reads the resource at the target of `request`, makes the changes of the flags, prints the difference, and sets the body of
/// `request`. Returns the number of fields that differ.
pub(super) async fn read_and_change<X: Transport>(
    client: &Client<X>,
    reader: &'static Operation,
    call: &OperationCall,
    request: &mut PlannedRequest,
    session: &Session<'_>,
    messages: &Messages,
) -> Result<usize, CommandError> {
    let target = request.target.split('?').next().unwrap_or_default().to_owned();
    let read = PlannedRequest { method: Method::Get, target, headers: Vec::new(), body: None };
    let response = X::Mode::into_future(client.request_as::<ReceivedResponse>(read.raw_request(reader))).await;
    let response = response.map_err(|error| {
        let message = format!("what `{}` changes could not be read", call.operation.command);
        CommandError::from_client_error(&message, &error, &session.sources)
    })?;
    let ReceivedBody::Json(current) = response.body else {
        return Err(CommandError::Summary("the service has returned nothing to change".to_owned()));
    };
    let changed = body::change_body(call.operation, JsonTree::Value(current.clone()), &call.body, messages)?;
    let differences = describe_differences(current.json(), &changed.to_json());
    for difference in &differences {
        messages.print(escape_control_characters(difference));
    }
    request.body = Some(body::json_request_body(call.operation, &changed));
    request.set_etag_from_body(call.operation)?;
    Ok(differences.len())
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
