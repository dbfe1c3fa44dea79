//! From the arguments of a tool to the call of its operation.

use super::{
    input_schema::{
        BODY_ARGUMENT, CONFIRM_ARGUMENT, FIELDS_ARGUMENT, LIMIT_ARGUMENT, QUERY_ARGUMENT, SET_ARGUMENT, argument_name,
        argument_parameters, input_schema,
    },
    toolset::{describe_confirmed_value, tool_name},
};
use crate::{
    arguments::operations::{
        BodyArguments, CallOptions, FieldValue, IdArg, InputFile, OperationCall,
        tables::{asks_before_sending, command_takes_several_ids},
        value::{normalize_argument_value, parameter_value_type},
    },
    error::{ErrorReport, UsageError},
};
use partner_center_spec::{Location, Operation, Parameter, ParameterStyle, Type};
use serde_json::{Map, Value};

/// Returns the call that the arguments of a tool describe.
pub(super) fn build_call(
    operation: &'static Operation,
    mut arguments: Map<String, Value>,
) -> Result<OperationCall, UsageError> {
    // What is null was not given.
    arguments.retain(|_, value| !value.is_null());
    let known = input_schema(operation);
    let is_known = |name: &String| known.get("properties").is_some_and(|properties| properties.get(name).is_some());
    if let Some(name) = arguments.keys().find(|name| !is_known(name)) {
        return Err(unknown_argument_error(operation, name, &known));
    }

    let mut parameters = Vec::new();
    for parameter in argument_parameters(operation) {
        let values = match arguments.get(&argument_name(parameter)) {
            Some(value) => argument_values(parameter, value)?,
            None => parameter.default.into_iter().map(str::to_owned).collect(),
        };
        if !values.is_empty() {
            parameters.push((parameter, values));
        } else if parameter.is_required {
            return Err(missing_argument_error(operation, &argument_name(parameter)));
        }
    }
    if asks_before_sending(operation) {
        check_confirmation(operation, &parameters, arguments.get(CONFIRM_ARGUMENT))?;
    }
    let mut ids = Vec::new();
    if command_takes_several_ids(operation) {
        let (of_path, others) = parameters.into_iter().partition(|(parameter, _)| parameter.is_positional);
        parameters = others;
        let of_path: Vec<(&Parameter, Vec<String>)> = of_path;
        ids = of_path.into_iter().flat_map(|(_, values)| values).map(IdArg::Id).collect();
    }
    Ok(OperationCall {
        operation,
        parameters,
        ids,
        body: body_arguments(operation, &arguments)?,
        options: CallOptions {
            columns: string_list(&arguments, FIELDS_ARGUMENT)?,
            query: match arguments.get(QUERY_ARGUMENT) {
                Some(value) => Some(parse_query(value)?),
                None => None,
            },
            limit: match arguments.get(LIMIT_ARGUMENT) {
                Some(value) => Some(parse_limit(value)?),
                None => None,
            },
            // `confirm` was checked.
            is_confirmed: true,
            ..CallOptions::default()
        },
    })
}

/// Checks that `confirm` is the ID of the resource.
fn check_confirmation(
    operation: &'static Operation,
    parameters: &[(&'static Parameter, Vec<String>)],
    given: Option<&Value>,
) -> Result<(), UsageError> {
    let id = parameters.iter().rfind(|(parameter, _)| parameter.location == Location::Path);
    let expected = id.and_then(|(_, values)| values.first()).cloned().unwrap_or_else(|| tool_name(operation));
    // IDs are compared as the service does.
    if given.and_then(Value::as_str).is_some_and(|given| given.trim().eq_ignore_ascii_case(&expected)) {
        return Ok(());
    }
    Err(usage_error(
        format!("`{}` was not confirmed, and nothing was sent", tool_name(operation)),
        format!("`{CONFIRM_ARGUMENT}` must be {}, which is {expected}", describe_confirmed_value(operation)),
        "ask the user whether this may be done; then call it again with that value",
    ))
}

fn body_arguments(operation: &Operation, arguments: &Map<String, Value>) -> Result<BodyArguments, UsageError> {
    let mut body = BodyArguments::default();
    if let Some(value) = arguments.get(BODY_ARGUMENT) {
        body.file = Some(InputFile::Inline(parse_json_in_string(value).to_string()));
    }
    let Some(changes) = arguments.get(SET_ARGUMENT) else { return Ok(body) };
    let changes = parse_json_in_string(changes);
    let changes = changes.as_object().filter(|changes| !changes.is_empty()).ok_or_else(|| {
        usage_error(
            format!("`{SET_ARGUMENT}` has no changes"),
            "it must be an object of paths of fields, with their new values",
            format!("call `{}` with the fields that change", tool_name(operation)),
        )
    })?;
    let changes = changes.iter();
    body.changes = changes.map(|(path, value)| (path.clone(), FieldValue::Json(value.to_string()))).collect();
    Ok(body)
}

/// Returns an object that some assistants write as a string of JSON.
fn parse_json_in_string(value: &Value) -> Value {
    let parsed = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    parsed.filter(|parsed| parsed.is_object() || parsed.is_array()).unwrap_or_else(|| value.clone())
}

/// Returns the values of a parameter as they are sent.
fn argument_values(parameter: &'static Parameter, value: &Value) -> Result<Vec<String>, UsageError> {
    let invalid = |cause: String| {
        let example = parameter.example.map(|example| format!(", such as {example}")).unwrap_or_default();
        usage_error(
            format!("the value of `{}` is invalid", argument_name(parameter)),
            cause,
            format!("correct it{example}"),
        )
    };
    if parameter.style == ParameterStyle::Json {
        return Ok(vec![parse_json_in_string(value).to_string()]);
    }
    let is_list = matches!(parameter.style, ParameterStyle::Exploded | ParameterStyle::CommaSeparated);
    let values = match value {
        Value::Array(values) if is_list => values.iter().collect(),
        value => vec![value],
    };
    let of = parameter_value_type(parameter);
    let texts = values.into_iter().map(|value| {
        let text = scalar_text(value).ok_or_else(|| invalid("it must be one value".to_owned()))?;
        let text = normalize_argument_value(of, &text).map_err(&invalid)?;
        if matches!(of, Type::Int32 | Type::Int64) {
            check_range(parameter, &text).map_err(&invalid)?;
        }
        Ok(text)
    });
    texts.collect()
}

/// Returns a string, a number or a boolean as text: 5.0 is an integer, too.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned))
        }
        _ => None,
    }
}

fn check_range(parameter: &Parameter, text: &str) -> Result<(), String> {
    let Ok(number) = text.parse::<i64>() else { return Ok(()) };
    match (parameter.constraints.client_minimum(), parameter.constraints.maximum) {
        (Some(minimum), _) if number < minimum => Err(format!("it must be at least {minimum}")),
        (_, Some(maximum)) if number > maximum => Err(format!("it must be at most {maximum}")),
        _ => Ok(()),
    }
}

fn string_list(arguments: &Map<String, Value>, name: &str) -> Result<Vec<String>, UsageError> {
    let invalid = || {
        usage_error(format!("`{name}` is invalid"), "it must be a list of strings", format!("write {name} as [\"id\"]"))
    };
    match arguments.get(name).map(parse_json_in_string) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => {
            Ok(text.split(',').map(str::trim).filter(|field| !field.is_empty()).map(str::to_owned).collect())
        }
        Some(Value::Array(values)) => {
            values.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(invalid)).collect()
        }
        Some(_) => Err(invalid()),
    }
}

fn parse_query(value: &Value) -> Result<String, UsageError> {
    let parsed = value.as_str().ok_or_else(|| "it must be a string".to_owned());
    let parsed = parsed.and_then(crate::output::check_query);
    parsed.map_err(|cause| {
        usage_error(
            format!("`{QUERY_ARGUMENT}` is not a JMESPath expression"),
            cause,
            "write it as in [?id == 'x'].name or length(@)",
        )
    })
}

fn parse_limit(value: &Value) -> Result<u32, UsageError> {
    let limit = scalar_text(value).and_then(|text| text.parse().ok()).filter(|limit| *limit > 0);
    limit.ok_or_else(|| {
        usage_error(
            format!("`{LIMIT_ARGUMENT}` is invalid"),
            "it must be a whole number, at least 1",
            "leave it out for the complete list",
        )
    })
}

fn unknown_argument_error(operation: &Operation, name: &str, known: &Map<String, Value>) -> UsageError {
    let names = known.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let names = names.map(String::as_str).collect::<Vec<_>>().join(", ");
    usage_error(
        format!("`{}` has no argument `{name}`", tool_name(operation)),
        "nothing was sent, as it may have been meant to narrow the request",
        if names.is_empty() { "it takes no arguments".to_owned() } else { format!("its arguments are {names}") },
    )
}

fn missing_argument_error(operation: &Operation, name: &str) -> UsageError {
    usage_error(
        format!("`{}` needs `{name}`", tool_name(operation)),
        "the argument was not given",
        format!("call it again with `{name}`; a tool whose name ends with _list has the IDs"),
    )
}

fn usage_error(message: impl Into<String>, cause: impl Into<String>, advice: impl Into<String>) -> UsageError {
    UsageError(ErrorReport { message: message.into(), cause: cause.into(), advice: advice.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CUSTOMER: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    const SUBSCRIPTION: &str = "11112222-0000-4444-8888-555566667777";

    fn build(id: &str, arguments: Value) -> Result<OperationCall, String> {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let operation = partner_center_spec::operation(id).unwrap();
        build_call(operation, arguments).map_err(|UsageError(report)| format!("{}: {}", report.message, report.cause))
    }

    #[test]
    fn arguments_become_a_call() {
        let call = build("getCustomer", json!({ "customer": CUSTOMER.to_uppercase(), "fields": "id, name" })).unwrap();
        assert_eq!(call.ids, [IdArg::Id(CUSTOMER.to_owned())]);
        assert_eq!(call.options.columns, ["id", "name"]);
        let call = build("listCustomers", json!({ "limit": 5.0, "filter": { "Field": "CompanyName" }, "query": null }));
        let call = call.unwrap();
        assert_eq!((call.options.limit, call.options.query), (Some(5), None));
        assert_eq!(call.parameters[0].1, [r#"{"Field":"CompanyName"}"#]);
    }

    #[test]
    fn arguments_are_checked() {
        for (id, arguments, problem) in [
            ("getCustomer", json!({}), "`customers_get` needs `customer`"),
            ("getCustomer", json!({ "customer": "contoso" }), "the value of `customer` is invalid"),
            ("getCustomer", json!({ "customer": [CUSTOMER] }), "it must be one value"),
            ("listCustomers", json!({ "country": "US" }), "`customers_list` has no argument `country`"),
            ("listCustomers", json!({ "limit": 0 }), "at least 1"),
            ("listCustomers", json!({ "query": "[?" }), "not a JMESPath expression"),
            ("listCustomers", json!({ "fields": [1] }), "it must be a list of strings"),
        ] {
            let error = build(id, arguments).unwrap_err();
            assert!(error.contains(problem), "{id}: {error}");
        }
    }

    #[test]
    fn confirmation_repeats_the_id() {
        let mut arguments = json!({ "customer": CUSTOMER, "subscription": SUBSCRIPTION, "set": { "quantity": 25, "friendlyName": "a" } });
        for wrong in [Value::Null, json!(""), json!("yes"), json!(CUSTOMER), json!(true)] {
            arguments["confirm"] = wrong;
            let error = build("updateSubscription", arguments.clone()).unwrap_err();
            assert!(error.contains("was not confirmed, and nothing was sent"), "{error}");
            assert!(error.contains(SUBSCRIPTION), "{error}");
        }
        arguments["confirm"] = json!(SUBSCRIPTION.to_uppercase());
        let call = build("updateSubscription", arguments).unwrap();
        assert_eq!(call.body.changes.len(), 2);
        assert!(call.options.is_confirmed);
    }
}
