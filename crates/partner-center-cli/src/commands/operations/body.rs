//! The body of a request: what was given as a file, with the changes that flags make, checked against the specification.

use super::{input, json_tree::JsonTree, request::RequestBody, secrets::with_secrets_replaced};
use crate::{
    arguments::operations::{
        BodyArguments, FieldValue,
        tables::{has_example_body, is_file_part, json_body_or_part_type},
        value::{argument_value_to_json, is_scalar_type},
    },
    error::{ErrorReport, UsageError},
    messages::Messages,
    terminal::replace_control_characters,
};
use partner_center::{
    models::JsonValue,
    operations::Parameters,
    request::{MultipartForm, UploadFile},
};
use partner_center_spec::{MediaType, Object, Operation, Property, SchemaKind, Type};
use std::path::Path;

/// Returns the body of a request, if it has one.
pub(super) fn build_body(
    operation: &'static Operation,
    arguments: &BodyArguments,
    messages: &Messages,
) -> Result<Option<RequestBody>, UsageError> {
    let Some(body) = operation.body else { return Ok(None) };
    let json = match json_body_or_part_type(operation) {
        Some((part, value)) => build_json_body(operation, value, arguments, messages)?.map(|tree| (part, tree)),
        None => None,
    };
    match body.media_type {
        MediaType::Json => Ok(json.map(|(_, tree)| json_request_body(operation, &tree))),
        MediaType::Multipart => build_form_body(json.and_then(|(part, tree)| Some((part?, tree))), arguments).map(Some),
        MediaType::Text(name) | MediaType::Binary(name) => {
            let Some(file) = &arguments.file else { return Ok(None) };
            let bytes = input::read_input_bytes(file)?;
            let shown =
                matches!(body.media_type, MediaType::Text(_)).then(|| String::from_utf8_lossy(&bytes).into_owned());
            Ok(Some(RequestBody { content_type: name.to_owned(), bytes, shown }))
        }
        // A format that this version does not know has no flags.
        _ => Ok(None),
    }
}

/// Reads the files with values of fields, for requests of which each has them: an input may be read once only.
pub(super) fn read_field_files(arguments: &mut BodyArguments) -> Result<(), UsageError> {
    for (_, value) in &mut arguments.changes {
        if let FieldValue::File(file) = value {
            *value = FieldValue::Content(input::read_input_text(file)?);
        }
    }
    Ok(())
}

/// Returns JSON as the body of a request of `operation`.
pub(super) fn json_request_body(operation: &Operation, tree: &JsonTree) -> RequestBody {
    let value = json_body_or_part_type(operation).map_or(Type::Any, |(_, value)| value);
    let shown = with_secrets_replaced(value, tree.clone()).to_json();
    let bytes = tree.to_json().into_bytes();
    RequestBody { content_type: "application/json".to_owned(), bytes, shown: Some(shown) }
}

fn build_json_body(
    operation: &'static Operation,
    value: Type,
    arguments: &BodyArguments,
    messages: &Messages,
) -> Result<Option<JsonTree>, UsageError> {
    let is_required = operation.body.is_some_and(|body| body.is_required);
    let tree = match &arguments.file {
        Some(file) => input::read_input_json(file)?,
        None if arguments.changes.is_empty() && is_required => return Err(missing_body_error(operation, value)),
        None if arguments.changes.is_empty() => return Ok(None),
        None if matches!(value, Type::List(_)) => JsonTree::List(Vec::new()),
        None => JsonTree::empty_object(),
    };
    let mut tree = apply_changes_and_check_body(operation, tree, arguments, messages)?;
    ensure_resource_was_read(operation, &mut tree)?;
    Ok(Some(tree))
}

/// Rejects a body that replaces a resource and was not read from the service first: it would reset what it leaves out.
fn ensure_resource_was_read(operation: &Operation, tree: &mut JsonTree) -> Result<(), UsageError> {
    let JsonTree::Object(fields) = tree.expand_one_level() else { return Ok(()) };
    let is_given =
        |name: &str| fields.iter().any(|(given, value)| given.eq_ignore_ascii_case(name) && !value.is_null());
    let missing: Vec<_> = operation.replaced_properties.iter().copied().filter(|name| !is_given(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (resource, verb) = (operation.command.resource, operation.command.verb);
    Err(usage_error(
        format!("the body is not complete, and `{resource} {verb}` replaces what is there"),
        format!(
            "it lacks {}, which it has whenever it was read; the service would reset this and all else that is left out",
            missing.join(", ")
        ),
        format!(
            "give the changes by flags or --set, without --body: what is there is then read first, and the rest is kept; or change \
             the output of `partner-center {resource} get --output json`, and give all of it"
        ),
    ))
}

/// Makes the changes of the flags in a body, and checks the result.
pub(super) fn apply_changes_and_check_body(
    operation: &'static Operation,
    mut tree: JsonTree,
    arguments: &BodyArguments,
    messages: &Messages,
) -> Result<JsonTree, UsageError> {
    let value = json_body_or_part_type(operation).map_or(Type::Any, |(_, value)| value);
    for (path, change) in &arguments.changes {
        set_field_at_path(&mut tree, value, path, change)?;
    }
    let mut problems = FieldProblems::default();
    problems.collect_field_problems(&mut tree, value, "");
    for path in &problems.unknown {
        let path = replace_control_characters(path);
        messages.print(format_args!("note: the field `{path}` of the body is not documented; it is sent as it is"));
    }
    if !problems.of_wrong_type.is_empty() {
        return Err(usage_error(
            "the body has values of another type than the service takes",
            problems.of_wrong_type.join(", "),
            format!("correct them in the file of --body{}", example_body_advice(operation)),
        ));
    }
    let mut missing = Vec::new();
    find_missing_fields(&mut tree, value, "", &mut missing);
    if missing.is_empty() { Ok(tree) } else { Err(incomplete_body_error(operation, &missing)) }
}

fn usage_error(message: impl Into<String>, cause: impl Into<String>, advice: impl Into<String>) -> UsageError {
    UsageError(ErrorReport { message: message.into(), cause: cause.into(), advice: advice.into() })
}

fn missing_body_error(operation: &Operation, value: Type) -> UsageError {
    let required: Vec<_> = match value.schema_kind() {
        Some(SchemaKind::Object(object)) => {
            required_properties(object).map(|property| property.name.to_owned()).collect()
        }
        _ => Vec::new(),
    };
    let fields = if required.is_empty() { String::new() } else { format!(", with {}", required.join(", ")) };
    usage_error(
        format!("`{}` needs a body{fields}", operation.command),
        "none of the options of the body was given",
        format!("give its fields, or --body FILE with all of it{}", example_body_advice(operation)),
    )
}

fn incomplete_body_error(operation: &Operation, missing: &[String]) -> UsageError {
    let first = missing.first().map_or("", String::as_str);
    usage_error(
        "the body is incomplete",
        format!("it lacks {}, which the service requires", missing.join(", ")),
        format!("give each, as in --set {first}=VALUE, or in the file of --body{}", example_body_advice(operation)),
    )
}

fn example_body_advice(operation: &Operation) -> String {
    if !has_example_body(operation) {
        return String::new();
    }
    format!("; `partner-center {} --example-body` prints an example", operation.command)
}

fn required_properties(object: &'static Object) -> impl Iterator<Item = &'static Property> {
    object.properties.iter().filter(|property| property.is_required && !property.is_read_only)
}

/// Sets the field at `path` to a value of the type that the specification gives it.
fn set_field_at_path(tree: &mut JsonTree, value: Type, path: &str, change: &FieldValue) -> Result<(), UsageError> {
    let invalid =
        |cause: String, advice: String| usage_error(format!("the field `{path}` cannot be set"), cause, advice);
    let (mut place, mut kind) = (tree, value);
    let mut is_nullable = false;
    for segment in path.split('.') {
        let child = find_child_field(kind, segment).map_err(|(cause, advice)| invalid(cause, advice))?;
        if place.is_null() {
            *place = empty_value_of_type(kind);
        }
        let ChildField { name, value, is_nullable: child_is_nullable } = child;
        place = match (place.expand_one_level(), name) {
            (JsonTree::Object(fields), ChildName::Property(name)) => {
                let given = fields.keys().find(|given| given.eq_ignore_ascii_case(&name)).cloned();
                fields.entry(given.unwrap_or(name)).or_insert_with(|| empty_value_of_type(value))
            }
            (JsonTree::List(items), ChildName::Position(position)) => {
                let count = items.len();
                if position == count {
                    items.push(empty_value_of_type(value));
                }
                items.get_mut(position).ok_or_else(|| {
                    invalid(format!("the list has {count} entries"), format!("begin with position {count}"))
                })?
            }
            (_, name) => {
                let wanted = if matches!(name, ChildName::Position(_)) { "a list" } else { "an object" };
                return Err(invalid(
                    format!("in the body, what `{segment}` is set in is not {wanted}"),
                    "correct the file of --body".to_owned(),
                ));
            }
        };
        (kind, is_nullable) = (value, child_is_nullable);
    }
    let text = match change {
        FieldValue::Text(text) | FieldValue::Content(text) => text.clone(),
        FieldValue::Json(json) => {
            *place = parse_json_or_empty_object(json);
            return Ok(());
        }
        FieldValue::File(file) => input::read_input_text(file)?,
        FieldValue::Null if is_nullable || kind == Type::Any => "null".to_owned(),
        FieldValue::Null => {
            return Err(invalid(
                "the service does not take null to clear it".to_owned(),
                "leave the field out, or set it to another value".to_owned(),
            ));
        }
    };
    if let (Type::List(item), FieldValue::Text(text), JsonTree::List(items)) = (kind, change, place.expand_one_level())
        && is_scalar_type(*item)
        && !text.trim_start().starts_with('[')
    {
        let json =
            argument_value_to_json(*item, text).map_err(|cause| invalid(cause, "correct the value".to_owned()))?;
        items.push(parse_json_or_empty_object(&json));
        return Ok(());
    }
    let json = match change {
        FieldValue::Null => text,
        _ => argument_value_to_json(kind, &text).map_err(|cause| invalid(cause, "correct the value".to_owned()))?,
    };
    *place = parse_json_or_empty_object(&json);
    Ok(())
}

/// Reads JSON that was made here.
fn parse_json_or_empty_object(json: &str) -> JsonTree {
    JsonTree::parse(json).unwrap_or_else(|_| JsonTree::empty_object())
}

fn empty_value_of_type(value: Type) -> JsonTree {
    if matches!(value, Type::List(_)) { JsonTree::List(Vec::new()) } else { JsonTree::empty_object() }
}

struct ChildField {
    name: ChildName,
    value: Type,
    is_nullable: bool,
}

enum ChildName {
    Property(String),
    Position(usize),
}

/// Returns the child that a segment of a path names in a value of this type; else why there is none, and advice.
fn find_child_field(parent: Type, segment: &str) -> Result<ChildField, (String, String)> {
    let property =
        |name: &str, value, is_nullable| ChildField { name: ChildName::Property(name.to_owned()), value, is_nullable };
    match (parent, parent.schema_kind()) {
        (Type::List(item), _) => match segment.parse() {
            Ok(position) => Ok(ChildField { name: ChildName::Position(position), value: *item, is_nullable: false }),
            Err(_) => Err((
                format!("`{segment}` is not a position in a list"),
                "write positions from 0 on, as in items.0.quantity=3, or the complete list as JSON".to_owned(),
            )),
        },
        (Type::Map(item), _) => Ok(property(segment, *item, false)),
        (Type::Any, _) | (_, Some(SchemaKind::Union(_))) => Ok(property(segment, Type::Any, true)),
        (_, Some(SchemaKind::Object(object))) => {
            let known = object.properties.iter().find(|known| known.name == segment);
            let known =
                known.or_else(|| object.properties.iter().find(|known| known.name.eq_ignore_ascii_case(segment)));
            match (known, object.additional) {
                (Some(known), _) => Ok(property(known.name, known.value, known.is_nullable)),
                (None, Some(value)) => Ok(property(segment, value, false)),
                (None, None) => Err((format!("there is no field `{segment}`"), suggest_field_names(object, segment))),
            }
        }
        _ => Err((
            format!("what `{segment}` is set in has no fields"),
            "end the path with the field before it".to_owned(),
        )),
    }
}

/// Names the fields that `segment` may have been meant as.
fn suggest_field_names(object: &Object, segment: &str) -> String {
    let settable = || object.properties.iter().filter(|property| !property.is_read_only).map(|property| property.name);
    let mut similar: Vec<_> = settable().map(|name| (edit_distance(name, segment), name)).collect();
    similar.sort_unstable();
    match similar.first() {
        Some((distance, name)) if *distance <= segment.len().div_ceil(3) => format!("write `{name}`"),
        _ => format!("there are {}", settable().collect::<Vec<_>>().join(", ")),
    }
}

/// Returns the number of characters by which two words differ (Levenshtein), without regard to case.
fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<_> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, character) in one.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, other_character) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *other_character);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// Collects the paths of required fields that are absent.
fn find_missing_fields(tree: &mut JsonTree, value: Type, path: &str, missing: &mut Vec<String>) {
    let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (value, value.schema_kind()) {
        (Type::List(item), _) => {
            if let JsonTree::List(items) = tree.expand_one_level() {
                for (position, entry) in items.iter_mut().enumerate() {
                    find_missing_fields(entry, *item, &within(&position.to_string()), missing);
                }
            }
        }
        (_, Some(SchemaKind::Object(object))) => {
            let JsonTree::Object(fields) = tree.expand_one_level() else { return };
            for property in required_properties(object) {
                if !fields.keys().any(|given| given.eq_ignore_ascii_case(property.name)) {
                    missing.push(within(property.name));
                }
            }
            for (name, field) in fields {
                let known = object.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name));
                if let Some(property) = known {
                    find_missing_fields(field, property.value, &within(property.name), missing);
                }
            }
        }
        _ => {}
    }
}

/// The fields of a body that are not as the specification describes them.
#[derive(Default)]
struct FieldProblems {
    /// The paths of fields that it does not have.
    unknown: Vec<String>,
    /// The paths of values of another type, each with the type that is expected.
    of_wrong_type: Vec<String>,
}

impl FieldProblems {
    /// Collects the problems of a value. `null` has every type, as the service returns it for what is absent.
    fn collect_field_problems(&mut self, tree: &mut JsonTree, value: Type, path: &str) {
        let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if tree.is_null() || value == Type::Any {
            return;
        }
        let expected = match (value, value.schema_kind(), tree.expand_one_level()) {
            (Type::List(item), _, JsonTree::List(items)) => {
                for (position, entry) in items.iter_mut().enumerate() {
                    self.collect_field_problems(entry, *item, &within(&position.to_string()));
                }
                return;
            }
            (Type::Map(item), _, JsonTree::Object(fields)) => {
                for (name, field) in fields {
                    self.collect_field_problems(field, *item, &within(name));
                }
                return;
            }
            (_, Some(SchemaKind::Object(object)), JsonTree::Object(fields)) => {
                for (name, field) in fields {
                    let known = object.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name));
                    if known.is_some_and(|property| property.is_read_only) {
                        // The service set it, and ignores it.
                        continue;
                    }
                    match known.map(|property| property.value).or(object.additional) {
                        Some(value) => self.collect_field_problems(field, value, &within(name)),
                        None => self.unknown.push(within(name)),
                    }
                }
                return;
            }
            (_, Some(SchemaKind::Union(_)), JsonTree::Object(_)) => return,
            (Type::List(_), ..) => "a list",
            (Type::Map(_), ..) | (_, Some(SchemaKind::Object(_) | SchemaKind::Union(_)), _) => "an object",
            (_, _, JsonTree::Value(scalar)) => match expected_type_of_misfit_scalar(value, scalar.json()) {
                Some(expected) => expected,
                None => return,
            },
            _ => "a single value",
        };
        let path =
            if path.is_empty() { "the body".to_owned() } else { format!("`{}`", replace_control_characters(path)) };
        self.of_wrong_type.push(format!("{path} must be {expected}"));
    }
}

/// Returns the type that a scalar should have, if it has another one. Values of enums are strings or numbers; an integer may be
/// written as `1.0`, as some servers do. What a string must look like is for the service to say.
fn expected_type_of_misfit_scalar(value: Type, json: &str) -> Option<&'static str> {
    let is_string = json.starts_with('"');
    let is_boolean = matches!(json, "true" | "false");
    let is_integer = || json.parse::<f64>().is_ok_and(|number| number.fract() == 0.0);
    let (is_valid, expected) = match value {
        Type::Bool => (is_boolean, "true or false"),
        Type::Int32 | Type::Int64 => (is_integer(), "an integer"),
        Type::Double | Type::Decimal => (!is_string && !is_boolean, "a number"),
        Type::Schema(_) => (is_string || is_integer(), "a string or an integer"),
        _ => (is_string, "a string"),
    };
    (!is_valid).then_some(expected)
}

/// Returns a form (`multipart/form-data`).
fn build_form_body(
    json: Option<(&'static str, JsonTree)>,
    arguments: &BodyArguments,
) -> Result<RequestBody, UsageError> {
    let mut form = MultipartForm::new();
    if let Some((name, tree)) = json {
        form = form.value(name, &parse_json_value(name, &tree.to_json())?);
    }
    for (part, values) in &arguments.parts {
        for value in values {
            form = if is_file_part(part) {
                let name = Path::new(value).file_name().map(|name| name.to_string_lossy().into_owned());
                let content = input::read_named_file(value)?;
                form.files(part.name, &[UploadFile::new(name.unwrap_or_default(), "application/octet-stream", content)])
            } else if is_scalar_type(part.value) {
                form.value(part.name, value)
            } else {
                form.value(part.name, &parse_json_value(part.name, value)?)
            };
        }
    }
    let parameters = Parameters::new().multipart(form).check().map_err(|error| {
        UsageError(ErrorReport::new(
            "the form cannot be sent",
            &error,
            "correct what is named above, or rename the file",
        ))
    })?;
    let (content_type, bytes) =
        parameters.body.map(|body| (body.content_type().to_owned(), body.bytes().to_vec())).unwrap_or_default();
    Ok(RequestBody { content_type, bytes, shown: None })
}

fn parse_json_value(name: &str, json: &str) -> Result<JsonValue, UsageError> {
    serde_json::from_str(json)
        .map_err(|error| UsageError(ErrorReport::new(&format!("`{name}` is not JSON"), &error, "correct it")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::operations::tables::example_body;
    use partner_center_spec::OPERATIONS;

    #[test]
    fn similar_words_are_near() {
        assert_eq!(edit_distance("companyName", "companyNam"), 1);
        assert_eq!(edit_distance("Email", "email"), 0);
        assert_eq!(edit_distance("", "abc"), 3);
    }

    /// The example of every body is complete, and stays as it is.
    #[test]
    fn examples_are_complete_bodies() {
        for operation in OPERATIONS {
            let (Some(json), Some((_, value))) = (example_body(operation), json_body_or_part_type(operation)) else {
                continue;
            };
            let mut tree = JsonTree::parse(&json).unwrap();
            let mut missing = Vec::new();
            find_missing_fields(&mut tree, value, "", &mut missing);
            assert!(missing.is_empty(), "{}: {missing:?}", operation.id);
            let [before, after] =
                [json, tree.to_json()].map(|json| serde_json::from_str::<serde_json::Value>(&json).unwrap());
            assert_eq!(before, after, "{}", operation.id);
        }
    }

    #[test]
    fn fields_of_any_type_are_set_by_their_paths() {
        let mut tree = JsonTree::parse(r#"{"a": {"n": 1.10, "z": null}, "l": [1]}"#).unwrap();
        let any = Type::Map(&Type::Any);
        for (path, value) in [("a.n", "2.50"), ("a.b.c", "text"), ("a.z.y", "true"), ("m", "{\"x\": []}")] {
            set_field_at_path(&mut tree, any, path, &FieldValue::Text(value.to_owned())).unwrap();
        }
        set_field_at_path(&mut tree, Type::Map(&Type::Int32), "l", &FieldValue::Null).unwrap_err();
        set_field_at_path(&mut tree, any, "a.n.x", &FieldValue::Text("1".to_owned())).unwrap_err();
        assert_eq!(tree.to_json(), r#"{"a":{"n":2.50,"z":{"y":true},"b":{"c":"text"}},"l":[1],"m":{"x":[]}}"#);
        let mut list = JsonTree::List(Vec::new());
        let maps = Type::List(&Type::Map(&Type::Int32));
        for (path, value) in [("0.a", "1"), ("1.b", "2"), ("0.c", "3")] {
            set_field_at_path(&mut list, maps, path, &FieldValue::Text(value.to_owned())).unwrap();
        }
        assert_eq!(list.to_json(), r#"[{"a":1,"c":3},{"b":2}]"#);
        for (path, value) in [("3.a", "1"), ("x", "1"), ("0.a", "x"), ("0.a.b", "1")] {
            set_field_at_path(&mut list, maps, path, &FieldValue::Text(value.to_owned())).unwrap_err();
        }
        let mut words = JsonTree::empty_object();
        let lists = Type::Map(&Type::List(&Type::String));
        for value in ["one", "two"] {
            set_field_at_path(&mut words, lists, "tags", &FieldValue::Text(value.to_owned())).unwrap();
        }
        assert_eq!(words.to_json(), r#"{"tags":["one","two"]}"#);
    }
}
