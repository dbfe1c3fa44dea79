//! The tables are complete and agree with each other.

use partner_center_spec::{
    Column, Example, Location, MediaType, OPERATIONS, Object, Operation, Outcome, ParameterStyle, Property, SCHEMAS,
    Schema, SchemaKind, Type, UnionVariant, schema,
};
use std::collections::BTreeSet;

#[test]
fn operation_is_found_by_its_id_and_by_its_command() {
    let mut ids = BTreeSet::new();
    let mut commands = BTreeSet::new();
    let mut requests = BTreeSet::new();
    for operation in OPERATIONS {
        assert_eq!(partner_center_spec::operation(operation.id).map(|found| found.path), Some(operation.path));
        assert!(ids.insert(operation.id), "there are two {}", operation.id);
        assert!(commands.insert(operation.command.to_string()), "there are two commands {}", operation.command);
        assert!(requests.insert((operation.path, operation.method.as_str())), "there are two {}", operation.path);
    }
    assert!(partner_center_spec::operation("getNothing").is_none());
}

#[test]
fn schema_is_found_by_its_name() {
    for expected in SCHEMAS {
        assert_eq!(schema(expected.name).map(|found| found.name), Some(expected.name));
    }
    assert!(schema("Nothing").is_none());
}

#[test]
fn operation_is_described() {
    for operation in OPERATIONS {
        let Operation { id, summary, description, authentication, clouds, .. } = operation;
        assert!(summary.ends_with('.') && !summary.contains(". ") && !summary.contains('\n'), "{id}: {summary}");
        assert!(!description.is_empty() && !authentication.is_empty() && !clouds.is_empty(), "{id}");
        assert!(operation.path.starts_with('/'), "{id}");
        assert!(operation.responses.iter().any(|response| response.outcome != Outcome::Absent), "{id} has no success");
    }
}

#[test]
fn parameters_are_those_of_the_path_in_its_order_and_then_the_others() {
    for operation in OPERATIONS {
        let in_path = operation.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let parameters = operation.parameters.iter();
        let names = parameters.clone().take_while(|parameter| parameter.location == Location::Path);
        let names: Vec<_> = names.map(|parameter| parameter.name).collect();
        assert_eq!(names, in_path.collect::<Vec<_>>(), "{}", operation.id);
        let others = parameters.skip(names.len());
        assert!(others.clone().all(|parameter| parameter.location != Location::Path), "{}", operation.id);
        let mut flags = BTreeSet::new();
        for parameter in operation.parameters {
            let place = format!("{}: {}", operation.id, parameter.name);
            assert!(flags.insert(parameter.flag), "{place}: there are two flags {}", parameter.flag);
            assert!(!parameter.description.is_empty(), "{place}");
            assert!(!parameter.is_positional || parameter.location == Location::Path, "{place}");
            assert!(parameter.is_required || parameter.location != Location::Path, "{place}");
        }
    }
}

#[test]
fn example_of_a_parameter_is_a_value_of_its_type() {
    for operation in OPERATIONS {
        for parameter in operation.parameters {
            let Some(example) = parameter.example else { continue };
            let place = format!("{}: {}: {example}", operation.id, parameter.name);
            match (parameter.style, parameter.value) {
                (ParameterStyle::Json, _) => {
                    assert!(serde_json::from_str::<serde_json::Value>(example).is_ok(), "{place}");
                }
                (_, Type::Int32 | Type::Int64) => {
                    let number: i64 = example.parse().unwrap();
                    assert!(parameter.constraints.minimum.is_none_or(|minimum| minimum <= number), "{place}");
                    assert!(parameter.constraints.maximum.is_none_or(|maximum| maximum >= number), "{place}");
                }
                (_, Type::Bool) => assert!(example.parse::<bool>().is_ok(), "{place}"),
                (_, Type::Uuid) => assert_eq!(example.len(), 36, "{place}"),
                (_, Type::Schema(name)) => {
                    let Some(Schema { kind: SchemaKind::StringEnum(values), .. }) = schema(name) else { continue };
                    assert!(values.iter().any(|value| value.value == example), "{place}");
                }
                _ => assert!(!example.is_empty(), "{place}"),
            }
        }
    }
}

#[test]
fn every_schema_that_is_named_exists() {
    for operation in OPERATIONS {
        let parameters = operation.parameters.iter().map(|parameter| parameter.value);
        let bodies = operation.responses.iter().filter_map(|response| response.body.map(|(_, value)| value));
        for value in parameters.chain(operation.body.map(|body| body.value)).chain(bodies) {
            assert_exists(operation.id, value);
        }
    }
    for Schema { name, kind, .. } in SCHEMAS {
        match kind {
            SchemaKind::Object(Object { properties, additional, .. }) => {
                let mut names = BTreeSet::new();
                for Property { name: property, value, description, .. } in *properties {
                    assert!(names.insert(property), "{name}: there are two {property}");
                    assert!(!description.is_empty(), "{name}.{property}");
                    assert_exists(name, *value);
                }
                if let Some(value) = additional {
                    assert_exists(name, *value);
                }
            }
            SchemaKind::Union(union) => {
                for UnionVariant { schema, .. } in union.variants {
                    assert_exists(name, Type::Schema(schema));
                }
            }
            SchemaKind::StringEnum(values) => assert!(!values.is_empty(), "{name}"),
            SchemaKind::IntegerEnum(values) => {
                assert!(values.iter().all(|value| value.value.parse::<i64>().is_ok()), "{name}");
            }
            _ => {}
        }
    }
}

fn assert_exists(owner: &str, value: Type) {
    match value {
        Type::Schema(name) => assert!(schema(name).is_some(), "{owner}: there is no schema {name}"),
        Type::List(value) | Type::Map(value) => assert_exists(owner, *value),
        _ => {}
    }
}

#[test]
fn examples_are_json() {
    for operation in OPERATIONS {
        let body = operation.body.filter(|body| body.media_type == MediaType::Json);
        let of_body = body.iter().flat_map(|body| body.examples);
        for Example { name, summary, json, .. } in
            of_body.chain(operation.responses.iter().flat_map(|response| response.examples))
        {
            let value = serde_json::from_str::<serde_json::Value>(json);
            assert!(value.is_ok() && !summary.is_empty(), "{}: the example {name}", operation.id);
        }
    }
}

#[test]
fn columns_are_values_within_the_items() {
    for operation in OPERATIONS {
        let Operation { id, columns, items, .. } = operation;
        let done = operation.responses.iter().find_map(|response| match response.body {
            Some((MediaType::Json, value)) => Some(value),
            _ => None,
        });
        let Some(body) = done else {
            assert!(columns.is_empty() && items.is_none(), "{id}: columns of nothing");
            continue;
        };
        let item = match items {
            None => body,
            Some(path) => match value_at(body, path) {
                Some(Type::List(item)) => *item,
                other => panic!("{id}: {path} is {other:?}"),
            },
        };
        assert!(!columns.is_empty(), "{id} has no columns");
        for Column { title, path, .. } in *columns {
            assert_eq!(*title, title.to_uppercase(), "{id}");
            assert!(value_at(item, path).is_some(), "{id}: there is no {path}");
        }
    }
}

/// Returns the type at a path of property names.
fn value_at(value: Type, path: &str) -> Option<Type> {
    path.split('.')
        .filter(|name| !name.is_empty())
        .try_fold(value, |value, name| Some(value.object()?.property(name)?.value))
}

#[test]
fn paging_names_parameters_and_lists_that_exist() {
    for operation in OPERATIONS {
        let Some(paging) = operation.paging else { continue };
        assert_eq!(operation.items, Some(paging.items), "{}", operation.id);
        for query in [paging.size_query, paging.offset_query].into_iter().flatten() {
            let found = operation.parameters.iter().any(|parameter| parameter.name == query);
            assert!(found, "{}: there is no parameter {query}", operation.id);
        }
    }
}
