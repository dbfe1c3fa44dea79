//! A specification of any number of operations, in the dialect of this workspace, for measuring what generated code costs.
//!
//! They are added to the operations of the root of the specification, which hand-written code of the models crate needs.
//! Five operations each are of one resource: a paged list, get, create, change and delete. Each operation brings three objects of
//! twelve properties, in a tree below the resource, with enums, lists, GUIDs, numbers and nested objects in the proportions of
//! the service's own reference.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use yaml_serde::Value as Yaml;

const RESOURCE_NOUNS: [&str; 32] = [
    "Subscription",
    "Order",
    "Invoice",
    "Agreement",
    "Product",
    "Sku",
    "Availability",
    "Cart",
    "Entitlement",
    "License",
    "Domain",
    "SupportTicket",
    "Device",
    "Policy",
    "Batch",
    "Usage",
    "Rate",
    "Offer",
    "Transfer",
    "Relationship",
    "AuditRecord",
    "Role",
    "Member",
    "Profile",
    "Qualification",
    "Promotion",
    "Upgrade",
    "Transition",
    "Reservation",
    "Meter",
    "Budget",
    "Discount",
];

const NESTED_OBJECT_NAMES: [&str; 12] = [
    "Terms",
    "Contact",
    "Address",
    "Pricing",
    "Line",
    "Instructions",
    "Dates",
    "Limits",
    "Partner",
    "Billing",
    "Support",
    "Details",
];

const RANDOM_WORDS: [&str; 40] = [
    "friendly",
    "name",
    "quantity",
    "status",
    "offer",
    "effective",
    "commitment",
    "start",
    "end",
    "date",
    "unit",
    "billing",
    "cycle",
    "term",
    "duration",
    "renewal",
    "partner",
    "contract",
    "order",
    "parent",
    "entitlement",
    "usage",
    "amount",
    "tax",
    "currency",
    "region",
    "locale",
    "country",
    "publisher",
    "catalog",
    "item",
    "segment",
    "reference",
    "purchase",
    "cost",
    "total",
    "discount",
    "context",
    "refund",
    "schedule",
];

/// Returns the root of the specification, `root`, with that many operations more; the same for each call.
pub(super) fn spec_with_synthetic_operations(root: &str, operations: usize) -> Result<Yaml> {
    // As YAML, which keeps the order of properties, and so of arguments.
    let mut document: Yaml = yaml_serde::from_str(root)?;
    let mut builder = SyntheticSpecBuilder { random: 7, schemas: Map::new(), paths: Map::new(), examples: Map::new() };
    let mut remaining = operations;
    for index in 0.. {
        if remaining == 0 {
            break;
        }
        let count = remaining.min(5);
        builder.add_resource_with_operations(index, count);
        remaining -= count;
    }
    let paths = document["paths"].as_mapping_mut().context("the specification has no paths")?;
    paths.retain(|_, path| path.get("$ref").is_none());
    paths.values_mut().for_each(remove_example_files);
    add_json_entries_to_yaml(paths, builder.paths)?;
    let schemas = document["components"]["schemas"].as_mapping_mut().context("the specification has no schemas")?;
    add_json_entries_to_yaml(schemas, builder.schemas)?;
    Ok(document)
}

fn add_json_entries_to_yaml(mapping: &mut yaml_serde::Mapping, entries: Map<String, Value>) -> Result<()> {
    for (key, value) in entries {
        mapping.insert(key.into(), yaml_serde::to_value(value)?);
    }
    Ok(())
}

/// Removes the examples that are in files, which are not beside the synthetic specification.
fn remove_example_files(value: &mut Yaml) {
    match value {
        Yaml::Mapping(mapping) => {
            let is_in_file = |example: &Yaml| example.get("externalValue").is_some();
            let examples = mapping.get("examples").and_then(Yaml::as_mapping);
            if examples.is_some_and(|examples| examples.values().any(is_in_file)) {
                mapping.remove("examples");
            }
            mapping.values_mut().for_each(remove_example_files);
        }
        Yaml::Sequence(items) => items.iter_mut().for_each(remove_example_files),
        _ => {}
    }
}

struct SyntheticSpecBuilder {
    random: u64,
    schemas: Map<String, Value>,
    paths: Map<String, Value>,
    /// The required properties of each object, with a value.
    examples: Map<String, Value>,
}

impl SyntheticSpecBuilder {
    /// Returns a number below `limit`, by the generator of Knuth's MMIX.
    fn random_number_below(&mut self, limit: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).unwrap_or_default() % limit
    }

    fn random_word(&mut self) -> &'static str {
        RANDOM_WORDS[self.random_number_below(RANDOM_WORDS.len())]
    }

    fn random_sentence(&mut self, subject: &str) -> String {
        let (one, other) = (self.random_word(), self.random_word());
        if self.random_number_below(2) == 0 {
            return format!("The {subject}, as the service keeps it.");
        }
        format!("The {subject}. It may be absent where the {one} is not known, and does not follow from the {other}.")
    }

    /// Returns the type of a property without parts.
    fn random_scalar_schema(&mut self) -> Value {
        match self.random_number_below(100) {
            0..50 => json!({"type": "string"}),
            50..62 => json!({"type": "string", "format": "uuid"}),
            62..70 => json!({"type": "integer", "format": "int32"}),
            70..74 => json!({"type": "integer", "format": "int64"}),
            74..86 => json!({"type": "boolean"}),
            86..91 => json!({"type": "number", "format": "double"}),
            _ => json!({"type": "array", "items": {"type": "string"}}),
        }
    }

    /// Adds an object of twelve properties: `first`, then those of the schemas `nested` (every second one as a list) and
    /// `enums`, then scalars. The first `required` scalars are required.
    fn add_object_schema(
        &mut self,
        name: &str,
        first: &[(&str, Value)],
        nested: &[String],
        enums: &[String],
        required: usize,
    ) {
        let mut properties = Map::new();
        let mut descriptions = Map::new();
        for (property, schema) in first {
            let is_reference = schema.get("$ref").is_some();
            self.add_property_schema(
                &mut properties,
                &mut descriptions,
                (*property).to_owned(),
                schema.clone(),
                is_reference,
            );
        }
        let mut schemas: Vec<Value> = Vec::new();
        for (index, target) in nested.iter().enumerate() {
            let target = schema_reference(target);
            schemas.push(if index % 2 == 0 { target } else { json!({"type": "array", "items": target}) });
        }
        schemas.extend(enums.iter().map(|name| schema_reference(name)));
        let mut required_names = Vec::new();
        let mut example = Map::new();
        while properties.len() < 12 {
            let (one, other) = (self.random_word(), self.random_word());
            let property = format!("{one}{}{}", other[..1].to_uppercase(), &other[1..]);
            if properties.contains_key(&property) {
                continue;
            }
            let (schema, is_scalar) = match schemas.pop() {
                Some(schema) => (schema, false),
                None => (self.random_scalar_schema(), true),
            };
            if is_scalar && required_names.len() < required {
                required_names.push(property.clone());
                example.insert(property.clone(), example_of_schema(&schema));
            }
            let is_reference = schema.get("$ref").is_some();
            self.add_property_schema(&mut properties, &mut descriptions, property, schema, is_reference);
        }
        let mut object =
            json!({"description": format!("A {name}, or a part of it."), "type": "object", "properties": properties});
        if !required_names.is_empty() {
            object["required"] = required_names.into();
        }
        if !descriptions.is_empty() {
            object["x-pc-property-descriptions"] = descriptions.into();
        }
        if first.iter().any(|(name, _)| *name == "links") {
            object["x-pc-raw"] = json!(["links", "attributes"]);
        }
        self.schemas.insert(name.to_owned(), object);
        self.examples.insert(name.to_owned(), example.into());
    }

    fn add_property_schema(
        &mut self,
        properties: &mut Map<String, Value>,
        descriptions: &mut Map<String, Value>,
        name: String,
        mut schema: Value,
        is_reference: bool,
    ) {
        let description = Value::from(self.random_sentence(&name));
        if is_reference {
            // A `$ref` has nothing beside it.
            descriptions.insert(name.clone(), description);
        } else {
            schema["description"] = description;
        }
        properties.insert(name, schema);
    }

    fn add_enum_schema(&mut self, name: &str) {
        let start = self.random_number_below(RANDOM_WORDS.len() - 5);
        let values = &RANDOM_WORDS[start..start + 5];
        let descriptions: Vec<_> = values.iter().map(|value| format!("It is {value}.")).collect();
        let schema = json!({
            "description": "One of a few.",
            "type": "string",
            "enum": values,
            "x-pc-enum-descriptions": descriptions,
        });
        self.schemas.insert(name.to_owned(), schema);
    }

    fn add_resource_with_operations(&mut self, index: usize, operations: usize) {
        let round = index / RESOURCE_NOUNS.len();
        let noun = format!(
            "{}{}",
            RESOURCE_NOUNS[index % RESOURCE_NOUNS.len()],
            ["", "Plan", "Group", "Record"].get(round).unwrap_or(&"Entry")
        );
        let enums: Vec<_> = ["Status", "Kind", "Channel"].iter().map(|kind| format!("{noun}{kind}")).collect();
        for name in &enums {
            self.add_enum_schema(name);
        }
        let parts: Vec<_> =
            NESTED_OBJECT_NAMES.iter().take(3 * operations - 3).map(|part| format!("{noun}{part}")).collect();
        let own = [
            ("id", json!({"type": "string", "format": "uuid"})),
            ("attributes", schema_reference("ResourceAttributes")),
            ("links", schema_reference("ResourceLinks")),
        ];
        self.add_object_schema(&noun, &own, &parts[..parts.len().min(4)], &enums[..2], 0);
        for (index, part) in parts.iter().enumerate() {
            // A tree: each part has up to two of those after it.
            let below = parts.get(4 + 2 * index..(6 + 2 * index).min(parts.len())).unwrap_or_default().to_vec();
            let part_enums = if index % 3 == 0 { &enums[2..] } else { &[] };
            self.add_object_schema(part, &[], &below, part_enums, 0);
        }
        self.add_object_schema(&format!("New{noun}"), &[], &[], &enums[..1], 2);
        self.add_object_schema(&format!("{noun}Change"), &[], &[], &enums[..1], 0);
        self.schemas.insert(format!("{noun}Collection"), collection_schema(&noun));
        self.add_paths_of_resource(&noun, &enums[0], operations);
    }

    fn add_paths_of_resource(&mut self, noun: &str, status: &str, operations: usize) {
        let lower = noun.to_lowercase();
        let list_path = format!("/v1/customers/{{customer-tenant-id}}/{lower}s");
        let item_path = format!("{list_path}/{{item-id}}");
        let shared = |name: &str| json!({"$ref": format!("#/components/parameters/{name}")});
        let id = |name: &str| {
            json!({
                "name": name, "in": "path", "required": true, "description": "An identifier.",
                "schema": {"type": "string", "format": "uuid"}, "example": "3a2f1c9e-7d54-4b6a-8e21-5c90f7b3d6a4",
            })
        };
        let (customer_id, item_id) = (id("customer-tenant-id"), id("item-id"));
        let size = json!({
            "name": "size", "in": "query", "description": "The maximum number of items in a page.",
            "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 500},
        });
        let by_status = json!({"name": "status", "in": "query", "description": "The status of the items.", "schema": schema_reference(status)});
        let etag =
            json!({"name": "If-Match", "in": "header", "description": "The version.", "schema": {"type": "string"}});
        let list_parameters =
            json!([customer_id, size, by_status, shared("seekOperation"), shared("MS-ContinuationToken")]);
        let of_customer = json!([customer_id]);
        let of_item = json!([customer_id, item_id]);
        let of_change = json!([customer_id, item_id, etag]);
        let (collection, body, change) = (format!("{noun}Collection"), format!("New{noun}"), format!("{noun}Change"));
        let all = [
            (
                &list_path,
                "get",
                "List",
                "list",
                format!("list{noun}s"),
                list_parameters,
                None,
                "200",
                Some(collection.as_str()),
            ),
            (&item_path, "get", "Get", "get", format!("get{noun}"), of_item.clone(), None, "200", Some(noun)),
            (
                &list_path,
                "post",
                "Create",
                "create",
                format!("create{noun}"),
                of_customer,
                Some(&body),
                "201",
                Some(noun),
            ),
            (
                &item_path,
                "patch",
                "Change",
                "update",
                format!("change{noun}"),
                of_change,
                Some(&change),
                "200",
                Some(noun),
            ),
            (&item_path, "delete", "Delete", "delete", format!("delete{noun}"), of_item, None, "204", None),
        ];
        for (path, method, verb, command, id, parameters, body, status, response) in all.into_iter().take(operations) {
            let mut success = json!({"description": "The result."});
            if let Some(schema) = response {
                success["content"] = json_content_of_schema(schema);
            }
            let mut operation = json!({
                "operationId": id,
                "tags": ["customers"],
                "summary": format!("{verb}s it."),
                "description": self.random_sentence(noun),
                "x-pc-command": format!("{lower}s {command}"),
                "x-pc-auth": ["app-only", "app-user"],
                "parameters": parameters,
                "responses": {status: success},
            });
            if let Some(schema) = body {
                let mut content = json_content_of_schema(schema);
                let example = json!({"summary": "An example.", "value": self.examples[schema.as_str()]});
                content["application/json"]["examples"] = json!({id.clone(): example});
                operation["requestBody"] = json!({"description": "The values.", "required": true, "content": content});
            }
            if command == "list" {
                operation["x-pc-paging"] = json!({
                    "items": "items", "next-link": "links.next", "continuation-token": "continuationToken",
                    "token-header": "MS-ContinuationToken", "seek-query": "seekOperation", "seek-value": "Next", "size-query": "size",
                });
            }
            if let Value::Object(methods) = self.paths.entry(path.clone()).or_insert_with(|| json!({})) {
                methods.insert(method.to_owned(), operation);
            }
        }
    }
}

fn example_of_schema(schema: &Value) -> Value {
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (_, Some("uuid")) => json!("3a2f1c9e-7d54-4b6a-8e21-5c90f7b3d6a4"),
        (Some("integer" | "number"), _) => json!(7),
        (Some("boolean"), _) => json!(true),
        (Some("array"), _) => json!(["a value"]),
        _ => json!("a value"),
    }
}

fn schema_reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn json_content_of_schema(schema: &str) -> Value {
    json!({"application/json": {"schema": schema_reference(schema)}})
}

fn collection_schema(noun: &str) -> Value {
    json!({
        "description": "A page.",
        "type": "object",
        "required": ["items"],
        "x-pc-property-descriptions": {"links": "Links to the neighbors.", "attributes": "The metadata."},
        "properties": {
            "totalCount": {"description": "The number of items.", "type": "integer", "format": "int32"},
            "items": {"description": "The items of this page.", "type": "array", "items": schema_reference(noun)},
            "links": schema_reference("ResourceLinks"),
            "continuationToken": {"description": "The token for the next page.", "type": "string", "x-pc-secret": true},
            "attributes": schema_reference("ResourceAttributes"),
        },
    })
}
