//! Checks the parameters of a request against the tables of the specification.

use crate::{
    check::{describe_type, equals_ignoring_case_and_underscores, is_date, is_date_time},
    customers::parse_guid,
    error_response::ErrorResponse,
    pages::page_token_parameter,
    query::QueryParameters,
    routing::Route,
};
use http::HeaderMap;
use partner_center_spec::{Location, Operation, Parameter, ParameterStyle, SchemaKind, Type, schema};

/// Returns the query parameters that an operation has, with those that follow its pages.
pub(crate) fn query_parameter_names(operation: &Operation) -> Vec<&'static str> {
    let parameters = operation.parameters.iter().filter(|parameter| parameter.location == Location::Query);
    let mut names: Vec<_> = parameters.map(|parameter| parameter.name).collect();
    if let Some(paging) = operation.paging {
        names.extend(
            [page_token_parameter(paging), paging.seek.map(|(name, _)| name), paging.size_query, paging.offset_query]
                .into_iter()
                .flatten(),
        );
    }
    names
}

/// Checks that each parameter is there, if it must be, and that its value has the right type. Those of a page are checked with the
/// page, and etags with the resource.
pub(crate) fn check_parameters(
    route: &Route,
    query: &QueryParameters,
    headers: &HeaderMap,
) -> Result<(), ErrorResponse> {
    let operation = route.operation;
    let is_of_page = |name: &str| {
        operation.paging.is_some_and(|paging| {
            let names = [paging.token_query, paging.token_header, paging.size_query, paging.offset_query];
            names.contains(&Some(name)) || paging.seek.is_some_and(|(seek, _)| seek == name)
        })
    };
    // A token stands for the parameters that its list began with.
    let has_token =
        operation.paging.and_then(|paging| paging.token_header).is_some_and(|name| headers.contains_key(name));
    for parameter in operation.parameters {
        if is_of_page(parameter.name) || matches!(parameter.style, ParameterStyle::Quoted | ParameterStyle::Json) {
            continue;
        }
        let values: Vec<&str> = match parameter.location {
            Location::Path => route.path_parameter(parameter.name).into_iter().collect(),
            Location::Query => query.all_values(parameter.name).collect(),
            Location::Header => {
                headers.get_all(parameter.name).iter().filter_map(|value| value.to_str().ok()).collect()
            }
        };
        let is_optional = !parameter.is_required || (has_token && parameter.location == Location::Query);
        if values.is_empty() && !is_optional {
            return Err(invalid_parameter_error(parameter, "is required"));
        }
        for value in values {
            check_parameter_value(parameter, value)?;
        }
    }
    Ok(())
}

fn check_parameter_value(parameter: &Parameter, value: &str) -> Result<(), ErrorResponse> {
    let (of, values) = match (parameter.style, parameter.value) {
        (ParameterStyle::CommaSeparated, Type::List(of)) => (*of, value.split(',').collect()),
        (ParameterStyle::Exploded, Type::List(of)) => (*of, vec![value]),
        (_, of) => (of, vec![value]),
    };
    for value in values {
        check_length(parameter, value)?;
        let is_right = match of {
            Type::Uuid => parse_guid(value).is_some(),
            Type::DateTime => is_date_time(value) || is_date(value),
            Type::Date => is_date(value),
            Type::Bool => ["true", "false"].iter().any(|known| value.eq_ignore_ascii_case(known)),
            Type::Int32 | Type::Int64 => return check_integer_parameter(parameter, of, value),
            Type::Double | Type::Decimal => value.parse::<f64>().is_ok_and(f64::is_finite),
            Type::Schema(name) => return check_enum_parameter(parameter, name, value),
            _ => true,
        };
        if !is_right {
            return Err(invalid_parameter_error(parameter, &format!("must be {}", describe_type(of))));
        }
    }
    Ok(())
}

fn check_length(parameter: &Parameter, value: &str) -> Result<(), ErrorResponse> {
    let length = value.chars().count();
    let is_short = parameter.constraints.min_length.is_some_and(|min| length < min);
    let is_long = parameter.constraints.max_length.is_some_and(|max| length > max);
    if is_short || is_long {
        return Err(invalid_parameter_error(parameter, "has a wrong length"));
    }
    Ok(())
}

fn check_integer_parameter(parameter: &Parameter, of: Type, value: &str) -> Result<(), ErrorResponse> {
    // A plus sign, which Rust accepts, is a space in a query.
    let number = value.parse().ok().filter(|_| !value.starts_with('+'));
    let number = number.filter(|number| of == Type::Int64 || i32::try_from(*number).is_ok());
    let Some(number): Option<i64> = number else {
        return Err(invalid_parameter_error(parameter, "must be an integer"));
    };
    match (parameter.constraints.minimum, parameter.constraints.maximum) {
        (Some(minimum), _) if number < minimum => {
            Err(invalid_parameter_error(parameter, &format!("must be at least {minimum}")))
        }
        (_, Some(maximum)) if number > maximum => {
            Err(invalid_parameter_error(parameter, &format!("must be at most {maximum}")))
        }
        _ => Ok(()),
    }
}

fn check_enum_parameter(parameter: &Parameter, name: &str, value: &str) -> Result<(), ErrorResponse> {
    let (SchemaKind::StringEnum(values) | SchemaKind::IntegerEnum(values)) = (match schema(name) {
        Some(schema) => schema.kind,
        None => return Ok(()),
    }) else {
        return Ok(());
    };
    if values.iter().any(|known| equals_ignoring_case_and_underscores(known.value, value)) {
        return Ok(());
    }
    let known: Vec<_> = values.iter().map(|known| known.value).collect();
    Err(invalid_parameter_error(parameter, &format!("must be one of {}", known.join(", "))))
}

/// Returns the error of a parameter. A customer's identifier has a code of its own.
fn invalid_parameter_error(parameter: &Parameter, problem: &str) -> ErrorResponse {
    if parameter.location == Location::Path && parameter.name.starts_with("customer") && parameter.value == Type::Uuid {
        return ErrorResponse::InvalidCustomerId;
    }
    let place = match parameter.location {
        Location::Path => "path",
        Location::Query => "query",
        Location::Header => "header",
    };
    ErrorResponse::invalid_input_error(format!("The {place} parameter {} {problem}.", parameter.name))
}
