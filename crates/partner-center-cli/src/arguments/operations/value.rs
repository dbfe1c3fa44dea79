//! Values of arguments, by their type in the specification.

use super::tables::is_customer_id;
use crate::arguments::parse_guid;
use clap::{
    Arg, Command,
    builder::{PossibleValue, RangedI64ValueParser, TypedValueParser},
};
use partner_center_spec::{EnumValue, Parameter, ParameterStyle, SchemaKind, Type};
use serde::de::IgnoredAny;
use std::ffi::OsStr;

/// Parses an argument as a value of a type; the result is the value as it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct SchemaValueParser {
    value: Type,
    is_json: bool,
    is_etag: bool,
    /// Whether it is the ID of a customer, which a domain can stand for.
    is_customer: bool,
    minimum: Option<i64>,
    maximum: Option<i64>,
}

impl SchemaValueParser {
    /// Returns a parser of values of this type.
    pub(super) fn new(value: Type) -> Self {
        Self { value, is_json: false, is_etag: false, is_customer: false, minimum: None, maximum: None }
    }

    /// Returns a parser of one value of a parameter.
    pub(super) fn for_parameter(parameter: &Parameter) -> Self {
        Self {
            value: parameter_value_type(parameter),
            is_json: parameter.style == ParameterStyle::Json,
            is_etag: parameter.style == ParameterStyle::Quoted,
            is_customer: is_customer_id(parameter),
            minimum: parameter.constraints.client_minimum(),
            maximum: parameter.constraints.maximum,
        }
    }

    /// Returns the placeholder of a value; `otherwise` if the type has none of its own.
    pub(super) fn value_placeholder(self, otherwise: &str) -> String {
        if self.is_json {
            return "JSON".to_owned();
        }
        match self.value {
            _ if self.is_etag => "ETAG".to_owned(),
            _ if self.is_customer => "ID|DOMAIN".to_owned(),
            Type::Uuid => "GUID".to_owned(),
            Type::Bool => "BOOL".to_owned(),
            Type::Int32 | Type::Int64 | Type::Double | Type::Decimal => "N".to_owned(),
            Type::DateTime => "TIME".to_owned(),
            Type::Date => "DATE".to_owned(),
            _ => otherwise.to_ascii_uppercase(),
        }
    }
}

impl TypedValueParser for SchemaValueParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        match self.value {
            _ if self.is_json => ensure_valid_json.parse_ref(command, argument, value),
            _ if self.is_customer => (normalize_customer).parse_ref(command, argument, value),
            Type::Int32 | Type::Int64 => {
                let is_small = self.value == Type::Int32;
                let minimum = self.minimum.unwrap_or(if is_small { i32::MIN.into() } else { i64::MIN });
                let maximum = self.maximum.unwrap_or(if is_small { i32::MAX.into() } else { i64::MAX });
                let parser = RangedI64ValueParser::<i64>::new().range(minimum..=maximum);
                parser.parse_ref(command, argument, value).map(|number| number.to_string())
            }
            kind => (move |text: &str| normalize_argument_value(kind, text)).parse_ref(command, argument, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        if self.value == Type::Bool {
            return Some(Box::new(["true", "false"].into_iter().map(PossibleValue::new)));
        }
        let values = known_enum_values(self.value).filter(|_| !self.is_json)?;
        let values = values.iter().filter(|value| !value.value.is_empty());
        Some(Box::new(values.map(|value| {
            let help = super::help::first_sentence(value.description);
            let possible = PossibleValue::new(value.value);
            if help.is_empty() { possible } else { possible.help(help) }
        })))
    }
}

/// Returns the type of one value of a parameter, which may be a list of them.
pub(crate) fn parameter_value_type(parameter: &Parameter) -> Type {
    match (parameter.style, parameter.value) {
        (ParameterStyle::Exploded | ParameterStyle::CommaSeparated, Type::List(item)) => *item,
        (_, value) => value,
    }
}

/// Returns the known values of an enum.
pub(crate) fn known_enum_values(value: Type) -> Option<&'static [EnumValue]> {
    match value.schema_kind()? {
        SchemaKind::StringEnum(values) | SchemaKind::IntegerEnum(values) => Some(values),
        _ => None,
    }
}

/// Whether a value of the type is one string, number or boolean.
pub(crate) fn is_scalar_type(value: Type) -> bool {
    match value {
        Type::Any | Type::List(_) | Type::Map(_) | Type::Binary => false,
        Type::Schema(_) => matches!(
            value.schema_kind(),
            Some(SchemaKind::StringEnum(_) | SchemaKind::IntegerEnum(_) | SchemaKind::StringOrInteger)
        ),
        _ => true,
    }
}

/// Checks a value and returns it as it is sent: a known value of an enum in its own spelling, a GUID in lower case.
pub(crate) fn normalize_argument_value(value: Type, text: &str) -> Result<String, String> {
    match value {
        Type::Uuid => Ok(parse_guid(text)?.to_string()),
        Type::Bool => match text.to_ascii_lowercase().as_str() {
            known @ ("true" | "false") => Ok(known.to_owned()),
            _ => Err("it must be true or false".to_owned()),
        },
        // It would be taken for a change by so many.
        Type::Int32 | Type::Int64 if text.starts_with('+') => {
            Err("it must be a number without a plus sign: the new value, not a change of the present one".to_owned())
        }
        Type::Int32 => text.parse::<i32>().map(|number| number.to_string()).map_err(|error| error.to_string()),
        Type::Int64 => text.parse::<i64>().map(|number| number.to_string()).map_err(|error| error.to_string()),
        Type::Double | Type::Decimal => match serde_json::from_str::<serde_json::Number>(text) {
            // The digits are kept.
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("it must be a number, such as 12 or 0.5".to_owned()),
        },
        _ => match value.schema_kind() {
            Some(SchemaKind::IntegerEnum(_)) => normalize_argument_value(Type::Int64, text),
            Some(SchemaKind::StringEnum(values)) => {
                let known = values.iter().find(|known| known.value.eq_ignore_ascii_case(text));
                Ok(known.map_or(text, |known| known.value).to_owned())
            }
            _ => Ok(text.to_owned()),
        },
    }
}

/// Checks the ID of a customer, and returns it in lower case; or a domain of the customer, which is looked up later.
pub(crate) fn normalize_customer(text: &str) -> Result<String, String> {
    match parse_guid(text) {
        Ok(id) => Ok(id.to_string()),
        Err(_) if is_domain(text) => Ok(text.to_lowercase()),
        Err(why) => Err(format!("{why}, or a domain of the customer, such as contoso.onmicrosoft.com")),
    }
}

/// Whether a text is a domain, such as `contoso.onmicrosoft.com`.
pub(crate) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|character| character.is_alphanumeric() || character == '-')
    };
    text.len() <= MAX_DOMAIN_LENGTH && text.contains('.') && text.split('.').all(is_label)
}

/// The maximum length of a domain in the domain name system.
const MAX_DOMAIN_LENGTH: usize = 253;

/// Converts a value to JSON: a string in quotation marks unless the type says otherwise. A list, an object and a value of any
/// type are given as JSON; of any type, what is not JSON is a string.
pub(crate) fn argument_value_to_json(value: Type, text: &str) -> Result<String, String> {
    let string = |text: &str| serde_json::Value::from(text).to_string();
    match value {
        Type::Bool | Type::Int32 | Type::Int64 | Type::Double | Type::Decimal => normalize_argument_value(value, text),
        Type::List(_) | Type::Map(_) => ensure_valid_json(text),
        Type::Any => Ok(ensure_valid_json(text).unwrap_or_else(|_| string(text))),
        Type::Schema(_) => match value.schema_kind() {
            Some(SchemaKind::IntegerEnum(_)) => normalize_argument_value(value, text),
            Some(SchemaKind::StringEnum(_) | SchemaKind::StringOrInteger) => {
                Ok(string(&normalize_argument_value(value, text)?))
            }
            _ => ensure_valid_json(text),
        },
        _ => Ok(string(&normalize_argument_value(value, text)?)),
    }
}

/// Checks that `text` is JSON.
fn ensure_valid_json(text: &str) -> Result<String, String> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(error) => Err(format!("it must be JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::argument_value_to_json;
    use partner_center_spec::Type;

    #[test]
    fn values_are_typed_by_the_schema() {
        for (value, text, json) in [
            (Type::String, "12", r#""12""#),
            (Type::String, "a \"b\"", r#""a \"b\"""#),
            (Type::Bool, "True", "true"),
            (Type::Int32, "12", "12"),
            (Type::Decimal, "1.10", "1.10"),
            (Type::Double, "12", "12"),
            (Type::Any, "1.10", "1.10"),
            (Type::Any, "plain", r#""plain""#),
            (Type::List(&Type::String), r#" ["a"] "#, r#"["a"]"#),
            (Type::Uuid, "{484E548C-F5F3-4528-93A9-C16C6373CB59}", r#""484e548c-f5f3-4528-93a9-c16c6373cb59""#),
        ] {
            assert_eq!(argument_value_to_json(value, text).as_deref(), Ok(json), "{value:?}");
        }
        for (value, text) in [
            (Type::Bool, "yes"),
            (Type::Int32, "2147483648"),
            (Type::Int32, "+1"),
            (Type::Int64, "+1"),
            (Type::Int64, "1.0"),
            (Type::Decimal, "1,1"),
            (Type::Double, "NaN"),
            (Type::Uuid, "contoso"),
            (Type::Map(&Type::String), "{"),
        ] {
            assert!(argument_value_to_json(value, text).is_err(), "{value:?} {text}");
        }
    }
}
