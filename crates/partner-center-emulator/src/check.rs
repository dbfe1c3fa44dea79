//! Checks of bodies against the tables of the specification: would the emulator accept this request, and could the service have sent
//! this response?

use crate::json_fields::{find_property_by_name, get_field_ignoring_case};
use partner_center_spec::{MediaType, Operation, Property, Schema, SchemaKind, Type, schema};
use serde_json::{Map, Value};
use std::fmt;

/// Checks the body of a request, which is JSON: its types, its required fields and the values of its enums. Names may be in any
/// case, unknown fields are ignored, and `null` counts as absent.
///
/// # Errors
/// All problems, each with the JSON pointer of its place.
pub fn request(operation: &Operation, json: &str) -> Result<(), Vec<Problem>> {
    let value = parse_json(json)?;
    let body = operation.body.ok_or_else(|| vec![Problem::new("the operation takes no body")])?;
    check_value_of_type(body.value, &value, BodyDirection::Request)
}

/// Checks the body of a response with `status`, which is JSON. An unknown field is a problem, and so is an unknown value of an enum.
///
/// # Errors
/// All problems, each with the JSON pointer of its place.
pub fn response(operation: &Operation, status: u16, json: &str) -> Result<(), Vec<Problem>> {
    let value = parse_json(json)?;
    let response = operation.responses.iter().find(|response| response.status == status);
    let response = response.ok_or_else(|| vec![Problem::new(format!("the operation has no response {status}"))])?;
    match response.body {
        Some((MediaType::Json, of)) => check_value_of_type(of, &value, BodyDirection::Response),
        _ => Err(vec![Problem::new(format!("the response {status} has no body in JSON"))]),
    }
}

/// A place in a body that the specification does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place, as a JSON pointer; empty for the complete body.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
    pub(crate) kind: ProblemKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// A field is missing, unknown, or of another type.
    InvalidProperty,
    /// The value is not one of the enum's.
    UnknownValue,
}

impl Problem {
    fn new(message: impl Into<String>) -> Self {
        Self { pointer: String::new(), message: message.into(), kind: ProblemKind::InvalidProperty }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the body" } else { &self.pointer };
        write!(formatter, "{place}: {}", self.message)
    }
}

/// The direction that a body is sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyDirection {
    Request,
    Response,
}

/// Checks that `value` is of the type `of`.
pub(crate) fn check_value_of_type(of: Type, value: &Value, direction: BodyDirection) -> Result<(), Vec<Problem>> {
    let mut checker = BodyChecker { direction, pointer: String::new(), problems: Vec::new() };
    checker.check_value(of, value);
    if checker.problems.is_empty() { Ok(()) } else { Err(checker.problems) }
}

fn parse_json(json: &str) -> Result<Value, Vec<Problem>> {
    serde_json::from_str(json).map_err(|error| vec![Problem::new(format!("it is not JSON: {error}"))])
}

struct BodyChecker {
    direction: BodyDirection,
    pointer: String,
    problems: Vec<Problem>,
}

impl BodyChecker {
    fn check_value(&mut self, of: Type, value: &Value) {
        let is_right = match of {
            Type::String | Type::Secret | Type::Password | Type::Binary => value.is_string(),
            Type::Uuid => value.as_str().is_some_and(|text| text.parse::<uuid::Uuid>().is_ok()),
            Type::DateTime => value.as_str().is_some_and(is_date_time),
            Type::Date => value.as_str().is_some_and(is_date),
            Type::Bool => value.is_boolean(),
            Type::Int32 => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Type::Int64 => value.is_i64() || value.is_u64(),
            Type::Double | Type::Decimal => value.is_number(),
            Type::Schema(name) => match schema(name) {
                Some(schema) => return self.check_schema(schema, value),
                None => true,
            },
            Type::List(of) => match value.as_array() {
                Some(items) => {
                    for (index, item) in items.iter().enumerate() {
                        self.check_nested(index, |checker| checker.check_value(*of, item));
                    }
                    return;
                }
                None => false,
            },
            Type::Map(of) => match value.as_object() {
                Some(fields) => return self.check_additional_fields(*of, fields, &[]),
                None => false,
            },
            // Any JSON, or a type that a later version of the tables has.
            _ => true,
        };
        if !is_right {
            self.report_problem(ProblemKind::InvalidProperty, format!("it must be {}", describe_type(of)));
        }
    }

    fn check_schema(&mut self, schema: &Schema, value: &Value) {
        match schema.kind {
            SchemaKind::Object(object) => {
                let Some(fields) = value.as_object() else {
                    return self.report_problem(ProblemKind::InvalidProperty, "it must be an object".to_owned());
                };
                for property in object.properties {
                    self.check_property(property, fields);
                }
                match object.additional {
                    Some(of) => self.check_additional_fields(of, fields, object.properties),
                    None if self.direction == BodyDirection::Response => {
                        self.reject_unknown_fields(fields, object.properties);
                    }
                    None => {}
                }
            }
            SchemaKind::StringEnum(values) => match value.as_str() {
                Some(text) if values.iter().any(|value| equals_ignoring_case_and_underscores(value.value, text)) => {}
                Some(text) => {
                    self.report_problem(
                        ProblemKind::UnknownValue,
                        format!("{text:?} is not a value of {}", schema.name),
                    );
                }
                None => self.report_problem(ProblemKind::InvalidProperty, "it must be a string".to_owned()),
            },
            SchemaKind::IntegerEnum(values) => match value.as_i64().map(|number| number.to_string()) {
                Some(number) if values.iter().any(|value| value.value == number) => {}
                Some(number) => {
                    self.report_problem(
                        ProblemKind::UnknownValue,
                        format!("{number} is not a value of {}", schema.name),
                    );
                }
                None => self.report_problem(ProblemKind::InvalidProperty, "it must be an integer".to_owned()),
            },
            SchemaKind::Union(union) => {
                let discriminator = value
                    .as_object()
                    .and_then(|fields| get_field_ignoring_case(fields, union.discriminator))
                    .and_then(Value::as_str);
                let Some(discriminator) = discriminator else {
                    let message = format!("it must be an object with the string {:?}", union.discriminator);
                    return self.report_problem(ProblemKind::InvalidProperty, message);
                };
                let variant = union
                    .variants
                    .iter()
                    .find(|variant| equals_ignoring_case_and_underscores(variant.value, discriminator));
                match variant.map(|variant| partner_center_spec::schema(variant.schema)) {
                    Some(Some(variant)) => self.check_schema(variant, value),
                    Some(None) => {}
                    None => self.report_problem(
                        ProblemKind::UnknownValue,
                        format!("{discriminator:?} is not a value of {:?}", union.discriminator),
                    ),
                }
            }
            SchemaKind::StringOrInteger if !value.is_string() && !value.is_i64() => {
                self.report_problem(ProblemKind::InvalidProperty, "it must be a string or an integer".to_owned());
            }
            _ => {}
        }
    }

    fn check_property(&mut self, property: &Property, fields: &Map<String, Value>) {
        let names = [property.name].into_iter().chain(property.spellings.iter().copied());
        let mut values =
            names.filter_map(|name| get_field_ignoring_case(fields, name)).filter(|value| !value.is_null()).peekable();
        let is_request = self.direction == BodyDirection::Request;
        let is_expected = if is_request { !property.is_read_only } else { !property.is_write_only };
        if values.peek().is_none() && property.is_required && !property.is_nullable && is_expected {
            self.check_nested(property.name, |checker| {
                checker.report_problem(ProblemKind::InvalidProperty, "it is required".to_owned());
            });
        }
        for value in values {
            // The service sets it, whatever a request has.
            if is_request && property.is_read_only {
                continue;
            }
            let known = self.problems.len();
            self.check_nested(property.name, |checker| {
                checker.check_value(property.value, value);
                if is_request {
                    checker.check_property_limits(property, value);
                }
            });
            if is_request && FIELDS_SET_BY_SERVICE.contains(&property.name) {
                // It reads what it sets itself, but takes any value.
                let is_of_wrong_type = |problem: &Problem| problem.kind == ProblemKind::InvalidProperty;
                let problems = self.problems.split_off(known);
                self.problems.extend(problems.into_iter().filter(is_of_wrong_type));
            }
        }
    }

    /// Checks what the service checks of a request beyond the types. What it sends itself is not bound to it.
    fn check_property_limits(&mut self, property: &Property, value: &Value) {
        let constraints = property.constraints;
        if let Some(number) = value.as_i64() {
            self.check_integer_limits(number, (constraints.minimum, constraints.maximum), "it");
        }
        let limit = |limit: Option<usize>| limit.and_then(|limit| i64::try_from(limit).ok());
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        if let Some(text) = value.as_str() {
            let limits = (limit(constraints.min_length), limit(constraints.max_length));
            self.check_integer_limits(count(text.chars().count()), limits, "its length");
        }
        if let Some(items) = value.as_array() {
            self.check_integer_limits(
                count(items.len()),
                (None, limit(constraints.max_items)),
                "the number of its items",
            );
        }
    }

    fn check_integer_limits(&mut self, number: i64, (minimum, maximum): (Option<i64>, Option<i64>), subject: &str) {
        let message = match (minimum, maximum) {
            (Some(minimum), _) if number < minimum => format!("{subject} must be at least {minimum}"),
            (_, Some(maximum)) if number > maximum => format!("{subject} must be at most {maximum}"),
            _ => return,
        };
        self.report_problem(ProblemKind::InvalidProperty, message);
    }

    /// Checks the fields other than the `known` ones, which are all of the type `of`.
    fn check_additional_fields(&mut self, of: Type, fields: &Map<String, Value>, known: &[Property]) {
        for (name, value) in fields {
            if find_property_by_name(known, name).is_none() && !value.is_null() {
                self.check_nested(name, |checker| checker.check_value(of, value));
            }
        }
    }

    fn reject_unknown_fields(&mut self, fields: &Map<String, Value>, known: &[Property]) {
        for name in fields.keys() {
            if find_property_by_name(known, name).is_none() {
                self.check_nested(name, |checker| {
                    checker
                        .report_problem(ProblemKind::InvalidProperty, "the specification does not have it".to_owned());
                });
            }
        }
    }

    /// Checks a part of the value with `check`.
    fn check_nested(&mut self, name: impl fmt::Display, check: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&name.to_string().replace('~', "~0").replace('/', "~1"));
        check(self);
        self.pointer.truncate(length);
    }

    fn report_problem(&mut self, kind: ProblemKind, message: String) {
        // A body of many wrong items needs no more than the first of them.
        if self.problems.len() < MAX_REPORTED_PROBLEMS {
            self.problems.push(Problem { pointer: self.pointer.clone(), message, kind });
        }
    }
}

const MAX_REPORTED_PROBLEMS: usize = 100;

/// Fields of resources that the service sets, and that clients send back as they were read.
const FIELDS_SET_BY_SERVICE: [&str; 2] = ["attributes", "links"];

/// Whether two spellings are of the same value: the service writes `in_review` in one place and `InReview` in another, and
/// reads both.
pub(crate) fn equals_ignoring_case_and_underscores(one: &str, other: &str) -> bool {
    let characters = |text: &'_ str| -> Vec<u8> {
        text.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).collect()
    };
    one == other || characters(one) == characters(other)
}

/// Returns a type in words, with its article.
pub(crate) fn describe_type(of: Type) -> &'static str {
    match of {
        Type::Uuid => "a GUID of 36 characters",
        Type::DateTime => "a date and a time, such as 2026-01-31T12:00:00Z",
        Type::Date => "a date, such as 2026-01-31",
        Type::Bool => "true or false",
        Type::Int32 | Type::Int64 => "an integer",
        Type::Double | Type::Decimal => "a number",
        Type::List(_) => "a list",
        Type::Map(_) | Type::Schema(_) => "an object",
        _ => "a string",
    }
}

/// Whether `text` is a date, `T`, and a time with or without a fraction and a zone: the service sends all of them.
pub(crate) fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let time_end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(time_end);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let has_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_zone = match zone {
        "" | "Z" | "z" => true,
        _ => parse_separated_numbers(&zone[1..], ':').is_some_and(|[hours, minutes]| hours < 24 && minutes < 60),
    };
    let is_time = parse_separated_numbers(time, ':')
        .is_some_and(|[hours, minutes, seconds]: [u32; 3]| hours < 24 && minutes < 60 && seconds <= 60);
    is_date(date) && is_time && has_digits(fraction) && is_zone
}

pub(crate) fn is_date(text: &str) -> bool {
    text.len() == "2026-01-31".len()
        && parse_separated_numbers(text, '-').is_some_and(|[year, month, day]: [u32; 3]| {
            year > 0 && (1..=12).contains(&month) && (1..=31).contains(&day)
        })
}

/// Returns the numbers of `text`, `N` of two or more digits with `separator` between them.
fn parse_separated_numbers<const N: usize>(text: &str, separator: char) -> Option<[u32; N]> {
    let numbers: Option<Vec<u32>> = text
        .split(separator)
        .map(|part| part.parse().ok().filter(|_| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_digit())))
        .collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{
        BodyDirection, check_value_of_type, equals_ignoring_case_and_underscores, is_date, is_date_time, request,
        response,
    };
    use partner_center_spec::{Type, operation};
    use serde_json::json;

    #[test]
    fn value_of_another_type_is_a_problem() {
        for (of, right, wrong) in [
            (Type::String, json!(""), json!(1)),
            (Type::Uuid, json!("aaaabbbb-0000-cccc-1111-dddd2222eeee"), json!("aaaabbbb")),
            (Type::DateTime, json!("2026-01-31T12:00:00"), json!("2026-01-31")),
            (Type::Date, json!("2026-01-31"), json!("31.1.2026")),
            (Type::Bool, json!(false), json!("false")),
            (Type::Int32, json!(-1), json!(1_u64 << 31)),
            (Type::Int64, json!(1_u64 << 40), json!(1.5)),
            (Type::Double, json!(12), json!("12")),
            (Type::Decimal, json!(1.25), json!(null)),
            (Type::List(&Type::Bool), json!([true]), json!([true, 1])),
            (Type::Map(&Type::Int32), json!({ "a": 1, "b": null }), json!({ "a": "1" })),
        ] {
            assert_eq!(check_value_of_type(of, &right, BodyDirection::Request), Ok(()), "{of:?}");
            let problems = check_value_of_type(of, &wrong, BodyDirection::Request).unwrap_err();
            assert_eq!(problems.len(), 1, "{of:?}: {problems:?}");
        }
        let problems = check_value_of_type(
            Type::List(&Type::Map(&Type::Bool)),
            &json!([{}, { "a/b": 1 }]),
            BodyDirection::Response,
        );
        assert_eq!(problems.unwrap_err()[0].to_string(), "/1/a~1b: it must be true or false");
    }

    #[test]
    fn every_form_of_date_that_the_service_sends_is_one() {
        for text in [
            "2021-01-14T16:57:15.0966728Z",
            "2019-01-16T00:48:44.76+00:00",
            "2017-01-25T14:53:12.093-08:00",
            "2017-07-25T18:07:36",
            "9999-12-10T00:00:00Z",
            "0001-01-01T00:00:00",
        ] {
            assert!(is_date_time(text), "{text}");
        }
        for text in [
            "",
            "T",
            "2021-01-14",
            "2021-01-14T",
            "2021-13-14T00:00:00Z",
            "2021-01-14T24:00:00",
            "2021-01-14T00:00:00.",
            "2021-01-14T00:00:00+é",
        ] {
            assert!(!is_date_time(text), "{text}");
        }
        assert!(is_date("2026-02-28") && !is_date("2026-2-28") && !is_date("2026-02-28T"));
    }

    #[test]
    fn spellings_of_a_value_differ_in_case_and_underscores() {
        assert!(
            equals_ignoring_case_and_underscores("in_review", "InReview")
                && equals_ignoring_case_and_underscores("", "")
        );
        assert!(!equals_ignoring_case_and_underscores("in_review", "in review"));
    }

    #[test]
    fn request_has_the_right_types_in_what_the_service_sets_and_in_other_spellings() {
        let budget = operation("updateUsageBudget").unwrap();
        assert_eq!(request(budget, r#"{"amount":1,"attributes":{"objectType":"Unheard"}}"#), Ok(()));
        for (json, pointer) in [
            (r#"{"amount":1,"attributes":{"objectType":{}}}"#, "/attributes/objectType"),
            (r#"{"amount":1,"ammount":"much"}"#, "/amount"),
        ] {
            let problems = request(budget, json).unwrap_err();
            assert_eq!(problems[0].pointer, pointer, "{json}: {problems:?}");
        }
    }

    #[test]
    fn response_with_an_unknown_field_could_not_have_been_sent() {
        let customer = operation("getCustomer").unwrap();
        assert_eq!(response(customer, 200, r#"{"RelationshipToPartner":"reseller","tags":null}"#), Ok(()));
        for (json, pointer) in [
            ("", ""),
            ("[]", ""),
            (r#"{"companyProfile":{"domain":7}}"#, "/companyProfile/domain"),
            (r#"{"relationshipToPartner":"co_steward"}"#, "/relationshipToPartner"),
            (r#"{"loyalty":1}"#, "/loyalty"),
        ] {
            let problems = response(customer, 200, json).unwrap_err();
            assert_eq!(problems[0].pointer, pointer, "{json}: {problems:?}");
        }
        assert!(response(customer, 299, "{}").is_err());
        assert!(request(customer, "{}").is_err());
    }
}
