//! The tables have everything that the specification says.

use crate::{
    document::Spec,
    generate::{calls, reference, tables},
};
use std::path::Path;

const GADGETS: &str = include_str!("gadgets.yaml");

/// Verifies that the code has the parts, but for white space and commas at an end.
fn contains(code: &str, parts: &[&str]) {
    let plain = |text: &str| {
        let plain = text.split_whitespace().collect::<String>();
        plain.replace(",]", "]").replace(",}", "}").replace(",)", ")")
    };
    for part in parts {
        assert!(plain(code).contains(plain(part).trim_end_matches(',')), "\n{part}\n\nis not in\n\n{code}");
    }
}

fn tables_of(yaml: &str) -> Result<String, String> {
    let files = Spec::parse(yaml).and_then(|spec| tables::generate_tables(&spec, Path::new("nowhere")));
    let files = files.map_err(|error| format!("{error:#}"))?;
    let [(root, lists), (area, tables)] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!((root.as_str(), area.as_str()), ("mod.rs", "customers.rs"));
    contains(
        lists,
        &[
            "&[ customers::LIST_GADGETS, customers::DELETE_GADGET, customers::CHECK_GADGET, customers::UPDATE_GADGET, \
             customers::GET_MANUAL, ]",
            // Sorted by name.
            "&[ customers::ERROR_BODY, customers::GADGET, customers::GADGET_KIND,",
        ],
    );
    Ok(tables.clone())
}

#[test]
fn tables_have_all_that_operations_say() {
    let tables = tables_of(GADGETS).unwrap();
    contains(
        &tables,
        &[
            "id: \"listGadgets\", area: \"customers\", command: Command { resource: \"gadgets\", verb: \"list\", }, \
             method: Method::Get, path: \"/v1/partners/{partner-id}/gadgets/{gadget-kind}\", summary: \"Lists gadgets.\", \
             description: \"All of a kind.\", documentation: Some(&Link { title: \"Gadgets\", url: \"https://example.com/gadgets\", }),",
            // Those of the path in its order, then the others.
            "parameters: &[ Parameter { name: \"partner-id\", flag: \"partner\", is_positional: false, location: Location::Path, \
             is_required: true, style: ParameterStyle::Plain, value: Type::Uuid,",
            "name: \"gadget-kind\", flag: \"gadget-kind\", is_positional: true, location: Location::Path, is_required: true, \
             style: ParameterStyle::Plain, value: Type::Schema(\"GadgetKind\"),",
            "name: \"size\", flag: \"size\", is_positional: false, location: Location::Query, is_required: false, \
             style: ParameterStyle::Plain, value: Type::Int32, \
             constraints: &Constraints { minimum: Some(0), maximum: Some(9), sent_minimum: Some(1), ..Constraints::NONE }, default: None, deprecated: None,",
            "example: Some(\"3\"),",
            "style: ParameterStyle::Exploded, value: Type::List(&Type::String),",
            "example: Some(\"a,b\"),",
            "style: ParameterStyle::CommaSeparated, value: Type::List(&Type::String),",
            "style: ParameterStyle::CapitalizedBool, value: Type::Bool,",
            "default: Some(\"false\"),",
            "value: Type::DateTime,",
            "deprecated: Some(\"Nobody asks.\"),",
            "items: Some(\"data.gadgets\"), paging: Some(&Paging { items: \"data.gadgets\", next_link: Some(\"next\"), \
             continuation_token: None, response_header: None, token_header: None, token_query: None, seek: None, \
             size_query: Some(\"size\"), offset_query: Some(\"offset\"), total: Some(\"total\"), }), \
             authentication: &[Authentication::AppOnly], clouds: &[Cloud::Global, Cloud::China], \
             permissions: \"The caller is an agent.\", idempotency: Idempotency::Natural, is_destructive: false, replaces_resource: false, replaced_properties: &[], deprecated: None, \
             error_codes: &[],",
            // The first scalar properties of an item; a secret is none.
            "columns: &[ Column { title: \"NAME\", path: \"name\", }, Column { title: \"ID\", path: \"id\", }, \
             Column { title: \"PRICE\", path: \"price\", }, Column { title: \"WEIGHT\", path: \"weight\", }, \
             Column { title: \"MADE\", path: \"made\", }, ],",
            // Positional, as the resource is that of the flag.
            "name: \"gadget-id\", flag: \"gadget\", is_positional: true,",
            "constraints: &Constraints { max_length: Some(7), ..Constraints::NONE },",
            "status: 404, outcome: Outcome::Absent,",
            "style: ParameterStyle::Quoted,",
            "body: Some(RequestBody { is_required: true, description: \"What changes.\", media_type: MediaType::Json, \
             value: Type::Schema(\"Gadget\"), examples: &[Example { name: \"larger\", summary: \"A larger one.\", \
             json: r#\"{\"name\":\"Wheel\"}\"#, has_unknown_fields: false, }], }),",
            "body: Some((MediaType::Json, Type::Schema(\"Gadget\"))), headers: &[ResponseHeader { name: \"ETag\", \
             description: \"The new version.\", }],",
            "status: 202, outcome: Outcome::Accepted,",
            "idempotency: Idempotency::RequestId, is_destructive: true, replaces_resource: false, replaced_properties: &[], deprecated: Some(\"Create another one.\"), \
             error_codes: &[ErrorCode { status: 400, code: \"2055\", description: \"The etag is stale.\", }], \
             columns: &[Column { title: \"SIZE\", path: \"measures.size\", }],",
            "body: None, headers: &[], examples: &[], }], items: None, paging: None, authentication: &[Authentication::AppUser], \
             clouds: &[Cloud::Global, Cloud::China, Cloud::UsGovernment], permissions: \"\", idempotency: Idempotency::Natural, \
             is_destructive: true,",
            "body: Some((MediaType::Binary(\"application/pdf\"), Type::Binary)),",
        ],
    );
}

#[test]
fn tables_have_all_that_schemas_say() {
    let tables = tables_of(GADGETS).unwrap();
    contains(
        &tables,
        &[
            "name: \"name\", spellings: &[], value: Type::String, is_required: true, is_nullable: false, is_read_only: false, \
             is_write_only: false, deprecated: None, \
             constraints: &Constraints { min_length: Some(1), pattern: Some(\"^[A-Z]\"), ..Constraints::NONE }, \
             default: None,",
            "value: Type::Uuid, is_required: false, is_nullable: false, is_read_only: true,",
            "value: Type::Decimal, is_required: false, is_nullable: true,",
            "deprecated: Some(\"It has none.\"),",
            "value: Type::List(&Type::List(&Type::Schema(\"Gadget\"))),",
            "value: Type::Map(&Type::String),",
            "name: \"made\", spellings: &[\"created\"], value: Type::Date,",
            "constraints: &Constraints { minimum: Some(0), ..Constraints::NONE }, default: Some(\"1\"),",
            "value: Type::Password, is_required: false, is_nullable: false, is_read_only: false, is_write_only: true,",
            "], additional: Some(Type::Decimal), }),",
            "value: Type::Any,",
            "kind: SchemaKind::Union(Union { discriminator: \"type\", variants: &[UnionVariant { value: \"person\", \
             schema: \"Person\", }], }),",
            "kind: SchemaKind::StringEnum( &[ EnumValue { value: \"small\", description: \"Small.\", }, \
             EnumValue { value: \"very large\", description: \"Large.\", }, ], ),",
            "kind: SchemaKind::IntegerEnum( &[ EnumValue { value: \"0\", description: \"Low.\", },",
        ],
    );
}

#[test]
fn column_without_a_property_is_rejected() {
    let spec = GADGETS.replace("path: measures.size", "path: measures.height");
    let message = tables_of(&spec).unwrap_err();
    for part in ["#/paths/~1v1~1gadgets~1{gadget-id}/patch", "x-pc-columns", "Measures has no property `height`"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn reference_has_a_line_for_each_operation() {
    let reference = reference::generate_reference(&Spec::parse(GADGETS).unwrap());
    for line in [
        "## Customers",
        "| `gadgets list` | `ListGadgets` | `GET /v1/partners/{partner-id}/gadgets/{gadget-kind}` | app-only | The caller is an \
         agent. Clouds: global, China. Has pages. | [Gadgets](https://example.com/gadgets) |",
        "| `gadgets update` | `UpdateGadget` | `PATCH /v1/gadgets/{gadget-id}` | App+User | **Deprecated.** Create another one. |  |",
    ] {
        assert!(reference.lines().any(|found| found == line), "{line}\n\nis not in\n\n{reference}");
    }
}

#[test]
fn each_operation_is_called_with_its_examples() {
    let calls = calls::generate_call_tests(&Spec::parse(GADGETS).unwrap()).unwrap();
    assert_eq!(
        calls.lines().collect::<Vec<_>>(),
        [
            "list!(list_gadgets, ListGadgets::new(value(r#\"\"small\"\"#), value(r#\"\"5a1bd1a4-6a3f-4c0b-9b0e-7d1f0c5a2e11\"\"#)));",
            r#"call!(delete_gadget, DeleteGadget::new("g1"));"#,
            r#"call!(check_gadget, CheckGadget::new("g1"));"#,
            r##"call!(update_gadget, UpdateGadget::new("g1", "example", value(r#"{"name":"Wheel"}"#)));"##,
            "call!(get_manual, GetManual::new());",
        ]
    );
}
