//! The extension `x-pc-common`: what every operation has besides its own, written once.

use crate::{
    dialect::{X_PC_COMMON, component_name_of_reference, escape_pointer_step},
    problems::Problems,
};
use std::collections::BTreeSet;
use yaml_serde::{Mapping, Value};

const COMMON_KEYS: [&str; 3] = ["parameters", "headers", "responses"];

/// Writes out the extension of the root in every operation: the parameters and error responses that it does not have itself,
/// and the headers that its successes do not have.
pub(super) fn expand_common_parts(document: &mut Value, problems: &mut Problems) {
    let Value::Mapping(root) = document else { return };
    let Some(common) = root.shift_remove(X_PC_COMMON) else { return };
    let at = format!("#/{X_PC_COMMON}");
    let Value::Mapping(common) = common else {
        problems.add_problem(at, "not an object: write `parameters`, `headers` and `responses`");
        return;
    };
    for key in common.keys().filter_map(Value::as_str).filter(|key| !COMMON_KEYS.contains(key)) {
        problems.add_problem(&at, format!("the key {key} is not known: write one of {}", COMMON_KEYS.join(", ")));
    }
    let mut is_reference = |item: &Value| {
        let is_reference = item.get("$ref").is_some();
        if !is_reference {
            problems.add_problem(&at, "it holds something that is not a $ref: make it a component, and refer to it");
        }
        is_reference
    };
    let mut parameters = common.get("parameters").and_then(Value::as_sequence).cloned().unwrap_or_default();
    parameters.retain(&mut is_reference);
    let [headers, responses] = ["headers", "responses"].map(|key| {
        let mut items = common.get(key).and_then(Value::as_mapping).cloned().unwrap_or_default();
        items.retain(|_, item| is_reference(item));
        items
    });
    let components = root.get("components").cloned().unwrap_or_default();
    let Some(Value::Mapping(paths)) = root.get_mut("paths") else { return };
    for (path, item) in paths.iter_mut() {
        let Value::Mapping(item) = item else { continue };
        let path = path.as_str().unwrap_or_default();
        let of_path = item.get("parameters").cloned();
        for (method, operation) in item.iter_mut() {
            let (Some(method), Value::Mapping(operation)) = (method.as_str(), operation) else { continue };
            let own = operation.get("parameters").into_iter().chain(&of_path);
            let own: BTreeSet<_> = own
                .filter_map(Value::as_sequence)
                .flatten()
                .filter_map(|own| parameter_identity(own, &components))
                .collect();
            let missing = parameters
                .iter()
                .filter(|common| !parameter_identity(common, &components).is_some_and(|id| own.contains(&id)));
            let missing: Vec<_> = missing.cloned().collect();
            if !missing.is_empty()
                && let Value::Sequence(own) =
                    operation.entry("parameters".into()).or_insert_with(|| Value::Sequence(Vec::new()))
            {
                own.extend(missing);
            }
            let Some(Value::Mapping(own)) = operation.get_mut("responses") else {
                let at = format!("#/paths/{}/{method}", escape_pointer_step(path));
                problems.add_problem(at, "`responses` are missing: write the success");
                continue;
            };
            add_common_headers_and_responses(own, &headers, &responses);
        }
    }
}

/// Adds the headers to successes that are written out, and the responses with other statuses, in the order of the statuses.
fn add_common_headers_and_responses(own: &mut Mapping, headers: &Mapping, responses: &Mapping) {
    for (status, response) in own.iter_mut() {
        let is_success = status.as_str().is_some_and(|status| status.starts_with('2'));
        let (true, Value::Mapping(response)) = (is_success && !headers.is_empty(), response) else { continue };
        if response.contains_key("$ref") {
            continue;
        }
        // Where people write them: after the description.
        let mut rest: Vec<_> = std::mem::take(response).into_iter().collect();
        let end =
            rest.iter().position(|(key, _)| !["description", "headers"].contains(&key.as_str().unwrap_or_default()));
        let after = rest.split_off(end.unwrap_or(rest.len()));
        response.extend(rest);
        if let Value::Mapping(all) = response.entry("headers".into()).or_insert_with(|| Mapping::new().into()) {
            for (name, header) in headers {
                all.entry(name.clone()).or_insert_with(|| header.clone());
            }
        }
        response.extend(after);
    }
    for (status, response) in responses {
        own.entry(status.clone()).or_insert_with(|| response.clone());
    }
    let mut sorted: Vec<_> = std::mem::take(own).into_iter().collect();
    sorted.sort_by(|(one, _), (other, _)| one.as_str().cmp(&other.as_str()));
    own.extend(sorted);
}

/// Returns the name and the place of a parameter, by which it is known.
fn parameter_identity(parameter: &Value, components: &Value) -> Option<(String, String)> {
    let resolved = match parameter.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            components.get("parameters")?.get(component_name_of_reference(reference, "parameters").ok()?)?
        }
        None => parameter,
    };
    let text = |key: &str| resolved.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((text("name")?.to_lowercase(), text("in")?))
}
