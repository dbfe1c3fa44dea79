//! What the tables say about an operation that its command depends on.

use super::value::is_scalar_type;
use partner_center_spec::{
    Location, MediaType, Method, OPERATIONS, Object, Operation, Outcome, Parameter, ParameterStyle, Property, Response,
    SchemaKind, Type,
};

/// The shape of what an operation returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultShape {
    /// A list in pages.
    Pages,
    /// A complete list: the value at this path of the body, which is the list itself if the path is empty.
    List { items: &'static str },
    /// One value.
    Value,
    /// Whether there is such a thing.
    Presence,
    /// Text or bytes.
    Bytes,
    /// Nothing.
    Nothing,
}

impl ResultShape {
    /// Returns the shape of what `operation` returns when it is done.
    pub(crate) fn of_operation(operation: &Operation) -> Self {
        if operation.paging.is_some() {
            return Self::Pages;
        }
        let done = |outcome| operation.responses.iter().filter(move |response| response.outcome == outcome);
        match done(Outcome::Done).find_map(|response| response.body) {
            Some((MediaType::Json, _)) => operation.items.map_or(Self::Value, |items| Self::List { items }),
            Some(_) => Self::Bytes,
            None if done(Outcome::Absent).next().is_some() => Self::Presence,
            None => Self::Nothing,
        }
    }
}

/// Returns the type of one thing that `operation` returns: of an item, if that is a list.
pub(crate) fn result_item_type(operation: &Operation) -> Option<Type> {
    let (_, value) = operation.responses.iter().find_map(|response| response.body)?;
    let list = match operation.items {
        None => return Some(value),
        Some("") => value,
        Some(path) => type_at_path(value, path)?,
    };
    match list {
        Type::List(item) => Some(*item),
        _ => None,
    }
}

/// Whether the response to a change has a password, such as that of a new user.
pub(crate) fn responds_with_password(operation: &Operation) -> bool {
    operation.method != Method::Get
        && ResultShape::of_operation(operation) == ResultShape::Value
        && result_item_type(operation).is_some_and(has_password)
}

/// Whether a value of this type may have a password in it.
pub(crate) fn has_password(of: Type) -> bool {
    fn has_password_within(of: Type, depth: usize) -> bool {
        match (of, of.schema_kind()) {
            (Type::Password, _) => true,
            (Type::List(item) | Type::Map(item), _) => has_password_within(*item, depth),
            (_, Some(SchemaKind::Object(object))) if depth > 0 => {
                object.properties.iter().any(|property| has_password_within(property.value, depth - 1))
            }
            _ => false,
        }
    }
    // Some types contain themselves.
    has_password_within(of, MAX_SEARCHED_PASSWORD_DEPTH)
}

/// The maximum number of objects around a password.
const MAX_SEARCHED_PASSWORD_DEPTH: usize = 4;

/// Returns the type of the value at a dotted path. Within a list, a name is that of a field of its items.
pub(crate) fn type_at_path(value: Type, path: &str) -> Option<Type> {
    path.split('.').try_fold(value, |value, name| match value {
        Type::Any => Some(Type::Any),
        Type::Map(item) => Some(*item),
        Type::List(item) if name.parse::<usize>().is_ok() => Some(*item),
        Type::List(item) => type_at_path(*item, name),
        _ => match value.schema_kind()? {
            SchemaKind::Object(object) => {
                let known = object.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name));
                known.map(|property| property.value).or(object.additional)
            }
            SchemaKind::Union(_) => Some(Type::Any),
            _ => None,
        },
    })
}

/// Whether the command takes several IDs: it gets one thing, which its only argument names at the end of the path.
pub(crate) fn command_takes_several_ids(operation: &Operation) -> bool {
    operation.method == Method::Get
        && operation.body.is_none()
        && ResultShape::of_operation(operation) == ResultShape::Value
        && id_path_parameter(operation).is_some()
}

/// The name of the parameter that names a customer, wherever it is.
pub(crate) const CUSTOMER_PARAMETER: &str = "customer-tenant-id";

/// Returns the parameter with the customer that the operation is about, if it is about something that a customer has.
pub(crate) fn customer_flag_parameter(operation: &Operation) -> Option<&'static Parameter> {
    let is_customer = |parameter: &&Parameter| !parameter.is_positional && is_customer_id(parameter);
    operation.parameters.iter().find(is_customer)
}

/// Whether the value of a parameter is the ID of a customer, which a domain can stand for.
pub(crate) fn is_customer_id(parameter: &Parameter) -> bool {
    parameter.location == Location::Path && parameter.name == CUSTOMER_PARAMETER
}

/// Returns the only parameter by position, if it is the end of the path.
pub(crate) fn id_path_parameter(operation: &Operation) -> Option<&'static Parameter> {
    let mut positional = operation.parameters.iter().filter(|parameter| parameter.is_positional);
    let (Some(parameter), None) = (positional.next(), positional.next()) else { return None };
    let end = operation.path.rsplit('/').next()?;
    (end.strip_prefix('{')?.strip_suffix('}')? == parameter.name).then_some(parameter)
}

/// Returns the parameters that a caller sets: not those by which the client goes from page to page.
pub(crate) fn caller_settable_parameters(operation: &Operation) -> impl Iterator<Item = &'static Parameter> {
    let paging = operation.paging;
    operation.parameters.iter().filter(move |parameter| {
        let Some(paging) = paging else { return true };
        let name = Some(parameter.name);
        let is_token = name == paging.token_header && parameter.location == Location::Header;
        let is_query = parameter.location == Location::Query
            && (name == paging.token_query || name == paging.seek.map(|(name, _)| name));
        !is_token && !is_query
    })
}

/// Returns the parameter with the size of a page.
pub(crate) fn page_size_parameter(operation: &Operation) -> Option<&'static Parameter> {
    let size = operation.paging?.size_query?;
    operation.parameters.iter().find(|parameter| parameter.location == Location::Query && parameter.name == size)
}

/// Whether the operation changes nothing.
pub(crate) fn is_read_only(operation: &Operation) -> bool {
    matches!(operation.method, Method::Get | Method::Head)
}

/// Returns the type of the JSON in the request: that of the body, or of the part of a form that is JSON, with its name.
pub(crate) fn json_body_or_part_type(operation: &Operation) -> Option<(Option<&'static str>, Type)> {
    let body = operation.body?;
    match (body.media_type, body.value.schema_kind()) {
        (MediaType::Json, _) => Some((None, body.value)),
        (MediaType::Multipart, Some(SchemaKind::Object(form))) => {
            let part = form
                .properties
                .iter()
                .find(|part| matches!(part.value, Type::Schema(_) if !is_scalar_type(part.value)))?;
            Some((Some(part.name), part.value))
        }
        _ => None,
    }
}

/// Returns the parts of a form that are given by flags of their own: files and plain values.
pub(crate) fn non_json_form_parts(operation: &Operation) -> impl Iterator<Item = &'static Property> {
    let form = match operation.body {
        Some(body) if body.media_type == MediaType::Multipart => {
            body.value.object().map_or(&[][..], |form| form.properties)
        }
        _ => &[],
    };
    let json = json_body_or_part_type(operation).and_then(|(part, _)| part);
    form.iter().filter(move |part| Some(part.name) != json)
}

/// Returns the parameter of a header with an etag.
pub(crate) fn etag_parameter(operation: &Operation) -> Option<&'static Parameter> {
    let is_etag =
        |parameter: &&Parameter| parameter.location == Location::Header && parameter.style == ParameterStyle::Quoted;
    operation.parameters.iter().find(is_etag)
}

/// Returns the operation that reads what `operation` replaces: a GET of the same path, with the type of the body.
pub(crate) fn operation_that_reads_resource(operation: &Operation) -> Option<&'static Operation> {
    let body = operation.body.filter(|body| body.media_type == MediaType::Json)?;
    if !operation.replaces_resource {
        return None;
    }
    OPERATIONS.iter().find(|reader| {
        let has_type = |response: &Response| matches!(response.body, Some((_, value)) if value == body.value);
        reader.method == Method::Get && reader.path == operation.path && reader.responses.iter().any(has_type)
    })
}

/// Whether a person is asked before the request is sent: it removes something, cannot be undone, or replaces what was read.
pub(crate) fn asks_before_sending(operation: &Operation) -> bool {
    operation.is_destructive || operation_that_reads_resource(operation).is_some()
}

/// Whether a person is asked before a request whose body was given is sent: it removes something, cannot be undone, or is a PATCH
/// that replaces more than it seems to.
pub(crate) fn asks_before_sending_given_body(operation: &Operation) -> bool {
    operation.is_destructive || !operation.replaced_properties.is_empty()
}

/// Whether the body of the request has an etag, at `attributes.etag`.
pub(crate) fn has_etag_in_body(operation: &Operation) -> bool {
    json_body_or_part_type(operation).and_then(|(_, value)| type_at_path(value, "attributes.etag")).is_some()
}

/// Whether a part of a form is a file, or several.
pub(crate) fn is_file_part(part: &Property) -> bool {
    matches!(part.value, Type::Binary | Type::List(Type::Binary))
}

/// Returns the object that the body of the request is.
pub(crate) fn body_object_schema(operation: &Operation) -> Option<&'static Object> {
    json_body_or_part_type(operation)?.1.object()
}

/// Whether there is an example of the body: it is JSON, or has a part that is.
pub(crate) fn has_example_body(operation: &Operation) -> bool {
    json_body_or_part_type(operation).is_some()
}

/// Returns the example of the body that `--example-body` prints: a documented one, or else the value that the service returns,
/// as it is changed and sent back, or else the required fields.
pub(crate) fn example_body(operation: &Operation) -> Option<String> {
    let body = operation.body?;
    let (part, value) = json_body_or_part_type(operation)?;
    if part.is_some() {
        // The examples are of the complete form.
        return Some(outline_json_of_type(value, 0));
    }
    let is_same = |response: &&Response| response.body == Some((MediaType::Json, body.value));
    let of_responses = || operation.responses.iter().filter(is_same).flat_map(|response| response.examples);
    let mut documented = body.examples.iter().chain(of_responses()).filter(|example| !example.has_unknown_fields);
    Some(documented.next().map_or_else(|| outline_json_of_type(body.value, 0), |example| example.json.to_owned()))
}

/// The maximum depth of an outline, which ends that of a schema within itself.
const MAX_OUTLINE_DEPTH: usize = 6;

/// Returns a value of a type, with the required fields of objects, or all those that are not objects if none is required.
fn outline_json_of_type(value: Type, depth: usize) -> String {
    if depth == MAX_OUTLINE_DEPTH {
        return "null".to_owned();
    }
    match (value, value.schema_kind()) {
        (Type::Bool, _) => "false".to_owned(),
        (Type::Int32 | Type::Int64 | Type::Double | Type::Decimal, _) => "0".to_owned(),
        (Type::Uuid, _) => "\"00000000-0000-0000-0000-000000000000\"".to_owned(),
        (Type::Date, _) => "\"2026-01-31\"".to_owned(),
        (Type::DateTime, _) => "\"2026-01-31T12:00:00Z\"".to_owned(),
        (Type::Any | Type::Map(_), _) | (_, Some(SchemaKind::Union(_))) => "{}".to_owned(),
        (Type::List(item), _) => format!("[{}]", outline_json_of_type(*item, depth + 1)),
        (_, Some(SchemaKind::IntegerEnum(values))) => values.first().map_or("0", |value| value.value).to_owned(),
        (_, Some(SchemaKind::StringEnum(values))) => {
            serde_json::Value::from(values.first().map_or("", |value| value.value)).to_string()
        }
        (_, Some(SchemaKind::Object(object))) => {
            let settable = || object.properties.iter().filter(|property| !property.is_read_only);
            let has_required = settable().any(|property| property.is_required);
            let is_shown = |property: &&Property| {
                if has_required { property.is_required } else { is_scalar_type(property.value) }
            };
            let field = |property: &Property| {
                format!(
                    "{}:{}",
                    serde_json::Value::from(property.name),
                    outline_json_of_type(property.value, depth + 1)
                )
            };
            format!("{{{}}}", settable().filter(is_shown).map(field).collect::<Vec<_>>().join(","))
        }
        _ => "\"\"".to_owned(),
    }
}
