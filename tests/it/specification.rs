//! The specification: the responses of the emulator conform to it, its examples are valid, and other code generators can
//! read it.

use jsonschema::{Draft, Validator};
use partner_center::{
    Transport,
    transport::{Blocking, Bytes, Request, Response},
};
use partner_center_emulator::{ContinuationIn, Emulator, Fault, ListEnd};
use serde_json::{Value, json};

struct Specification(Value);

impl Specification {
    /// Reads the specification that is published for other tools.
    fn published() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/openapi.yaml");
        Self(yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// Reads the specification and closes its schemas and enums: the service may return what is not described, but the emulator
    /// does not.
    fn strict() -> Self {
        let Self(mut document) = Self::published();
        for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
            if schema.get("properties").is_some() {
                schema["additionalProperties"] = false.into();
            }
            if let Some(values) = schema.get("x-extensible-enum").cloned() {
                schema["enum"] = values;
            }
        }
        Self(document)
    }

    /// Returns every value that responses refer to, directly or indirectly.
    fn referenced_by_responses(&self) -> Vec<&Value> {
        let mut queue: Vec<&Value> = [LIST, GET].map(|path| &self.0["paths"][path]["get"]["responses"]).into();
        let mut referenced: Vec<&Value> = Vec::new();
        while let Some(value) = queue.pop() {
            if referenced.iter().any(|known| std::ptr::eq(*known, value)) {
                continue;
            }
            referenced.push(value);
            match value {
                Value::Object(object) => {
                    queue.push(self.resolve(value));
                    queue.extend(
                        object.iter().filter(|(key, _)| !DATA_KEYS.contains(&key.as_str())).map(|(_, value)| value),
                    );
                }
                Value::Array(items) => queue.extend(items),
                _ => {}
            }
        }
        referenced
    }

    /// Returns `value`, or the target of its `$ref`.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.0.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
            None => value,
        }
    }

    fn validator(&self, schema: &Value) -> Validator {
        let schema = json!({ "allOf": [schema], "components": self.0["components"] });
        jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).build(&schema).unwrap()
    }

    /// Validates a response of the operation at `path`, and returns the first violation.
    fn validate(&self, path: &str, response: &Response) -> Result<(), String> {
        let status = response.status();
        let documented = &self.0["paths"][path]["get"]["responses"][status.as_str()];
        if documented.is_null() {
            return Err(format!("{status} is not documented"));
        }
        let documented = self.resolve(documented);
        for (name, header) in documented["headers"].as_object().unwrap() {
            for value in response.headers().get_all(name) {
                let schema = self.validator(&self.resolve(header)["schema"]);
                let value = value.to_str().unwrap().into();
                schema.validate(&value).map_err(|error| format!("{name}: {error}"))?;
            }
        }
        let Some(media_type) = response.headers().get("Content-Type") else {
            return if response.body().is_empty() { Ok(()) } else { Err("a body without a media type".to_owned()) };
        };
        let media_type = media_type.to_str().unwrap().split(';').next().unwrap();
        let content = &documented["content"][media_type];
        if content.is_null() {
            return Err(format!("{media_type} is not documented for {status}"));
        }
        let body = match media_type {
            "application/json" => serde_json::from_slice(response.body()).map_err(|error| error.to_string())?,
            _ => String::from_utf8(response.body().to_vec()).unwrap().into(),
        };
        self.validator(&content["schema"])
            .validate(&body)
            .map_err(|error| format!("{}: {error}", error.instance_path()))
    }
}

/// Keys of the document whose values are data, not schemas.
const DATA_KEYS: [&str; 3] = ["example", "examples", "value"];

const LIST: &str = "/v1/customers";
const GET: &str = "/v1/customers/{customer-tenant-id}";

fn send(emulator: &Emulator, uri: &str, token: Option<&str>) -> Response {
    let authorization = format!("Bearer {}", Emulator::TOKEN);
    let mut request = http::Request::get(uri).header("Authorization", authorization);
    if let Some(token) = token {
        request = request.header("MS-ContinuationToken", token);
    }
    let request: Request = request.body(Vec::new()).unwrap();
    emulator.transport::<Blocking>().send(request).unwrap()
}

/// Sends a request, and validates and returns the response.
fn send_and_validate(
    specification: &Specification,
    emulator: &Emulator,
    path: &str,
    uri: &str,
    token: Option<&str>,
) -> Response {
    let response = send(emulator, uri, token);
    let result = specification.validate(path, &response);
    assert_eq!(result, Ok(()), "{uri}: {}", String::from_utf8_lossy(response.body()));
    response
}

#[test]
fn pages_and_customers_conform() {
    let specification = Specification::strict();
    for end in [ListEnd::NoToken, ListEnd::ErrorResponse, ListEnd::NoContent, ListEnd::EmptyPage] {
        let emulator = Emulator::builder().customers(200).continuation_in(ContinuationIn::Both).list_end(end).build();
        let mut token: Option<String> = None;
        loop {
            let uri =
                if token.is_some() { "/v1/customers?size=70&seekOperation=Next" } else { "/v1/customers?size=70" };
            let response = send_and_validate(&specification, &emulator, LIST, uri, token.as_deref());
            let page: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            for customer in page["items"].as_array().into_iter().flatten() {
                send_and_validate(
                    &specification,
                    &emulator,
                    GET,
                    &format!("{LIST}/{}", customer["id"].as_str().unwrap()),
                    None,
                );
            }
            token = page["continuationToken"].as_str().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    let reseller = "484e548c-f5f3-4528-93a9-c16c6373cb59";
    for (field, value) in [
        ("CompanyName", "co"),
        ("Domain", "C"),
        ("IndirectReseller", reseller),
        ("IndirectCloudSolutionProvider", reseller),
    ] {
        for operator in ["starts_with", "equals"] {
            let filter =
                format!("%7B%22Field%22:%22{field}%22,%22Value%22:%22{value}%22,%22Operator%22:%22{operator}%22%7D");
            let uri = format!("{LIST}?filter={filter}");
            let response = send_and_validate(&specification, &Emulator::default(), LIST, &uri, None);
            assert_eq!(response.status(), 200);
        }
    }
}

#[test]
fn error_responses_conform() {
    let specification = Specification::strict();
    let emulator = Emulator::default();
    let unknown = "00000000-0000-0000-0000-000000000000";
    for (path, uri, status) in [
        (LIST, "/v1/customers?size=501".to_owned(), 400),
        (LIST, "/v1/customers?filter=x".to_owned(), 400),
        (LIST, "/v1/customers?seekOperation=Next".to_owned(), 400),
        (GET, "/v1/customers/x".to_owned(), 400),
        (GET, format!("/v1/customers/{unknown}"), 404),
    ] {
        assert_eq!(send_and_validate(&specification, &emulator, path, &uri, None).status(), status, "{uri}");
    }
    for fault in [
        "400:code=2000",
        "400:newer-service",
        "401",
        "401:empty",
        "401:string-code:code=900420",
        "403",
        "403:string-code:code=20002",
        "403:text",
        "404",
        "405",
        "406",
        "408",
        "429",
        "429:retry-after=57",
        "429:retry-after-date=57",
        "500",
        "500:empty",
        "501",
        "502",
        "503:retry-after=5",
        "503:gateway:retry-after-date=5",
        "504",
    ] {
        let emulator = Emulator::builder().fault(fault.parse::<Fault>().unwrap()).build();
        for (path, uri) in [(LIST, LIST.to_owned()), (GET, format!("/v1/customers/{unknown}"))] {
            let response = send_and_validate(&specification, &emulator, path, &uri, None);
            assert_eq!(response.status().as_str(), &fault[..3]);
        }
    }
    let rate_limited = Emulator::builder().rate_limit(1.try_into().unwrap()).build();
    assert_eq!(
        ["", ""].map(|_| send_and_validate(&specification, &rate_limited, LIST, LIST, None).status().as_u16()),
        [200, 429]
    );
}

/// The validation itself rejects what is not described.
#[test]
fn violations_are_detected() {
    let specification = Specification::strict();
    let validate = |status: u16, media_type: &str, body: &str| {
        let response = http::Response::builder().status(status).header("Content-Type", media_type);
        specification.validate(LIST, &response.body(body.to_owned().into()).unwrap())
    };
    assert_eq!(validate(200, "application/json; charset=utf-8", r#"{"items": []}"#), Ok(()));
    for (status, media_type, body) in [
        (418, "application/json", "{}"),
        (200, "text/json", r#"{"items": []}"#),
        (200, "application/json", "{"),
        (200, "application/json", r#"{"totalCount": 0}"#),
        (200, "application/json", r#"{"items": [{"id": "not a GUID"}]}"#),
        (200, "application/json", r#"{"items": [{"companyProfile": {"motto": ""}}]}"#),
        (200, "application/json", r#"{"items": [{"relationshipToPartner": "co_seller"}]}"#),
        (429, "text/html", "<html>"),
        (500, "application/json", r#"{"code": []}"#),
    ] {
        assert!(validate(status, media_type, body).is_err(), "{status} {media_type} {body}");
    }
    let response = http::Response::builder().header("MS-RequestId", "not a GUID").body(Bytes::new()).unwrap();
    assert!(specification.validate(LIST, &response).is_err());
}

/// Each of these has made a code generator fail or produce wrong code.
#[test]
fn specification_avoids_what_generators_misread() {
    fn check(path: &str, value: &Value) {
        let Value::Object(object) = value else {
            let items = value.as_array().into_iter().flatten().enumerate();
            return items.for_each(|(index, item)| check(&format!("{path}/{index}"), item));
        };
        for (key, value) in object {
            let path = format!("{path}/{key}");
            assert!(!key.starts_with("x-pc-") && key != "externalValue" && key != "allOf", "{path}");
            assert!(key != "$ref" || object.len() == 1, "{path} has siblings");
            // Most generators read a parameter that is JSON as a string. A field named `Field` hides that of pydantic.
            assert!(key != "content" || object.get("in").is_none(), "{path}");
            assert!(key != "Field", "{path}");
            // Generators use a type for secrets, which cannot be sent as a header.
            assert!(key != "format" || value != "password" || path.ends_with("/password/format"), "{path}");
            if !DATA_KEYS.contains(&key.as_str()) {
                check(&path, value);
            }
        }
    }
    let document = Specification::published();
    check("#", &document.0);
    for schema in document.referenced_by_responses() {
        assert!(schema.get("enum").is_none(), "a closed enum in a response: {schema}");
    }
    let link = &document.0["paths"][LIST]["get"]["responses"]["200"]["links"]["first-customer"];
    assert_eq!(link["parameters"]["customer-tenant-id"], "$response.body#/items/0/id");
}

#[test]
fn examples_are_valid() {
    let document = Specification::published();
    let assert_valid = |what: &str, schema: &Value, example: &Value| {
        let result =
            document.validator(schema).validate(example).map_err(|error| format!("{}: {error}", error.instance_path()));
        assert_eq!(result, Ok(()), "{what}");
    };
    for path in [LIST, GET] {
        let operation = &document.0["paths"][path]["get"];
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = document.resolve(parameter);
            let several = parameter["examples"].as_object().into_iter().flat_map(|examples| examples.values());
            for example in several.map(|example| &example["value"]).chain(parameter.get("example")) {
                assert_valid(&parameter["name"].to_string(), &parameter["schema"], example);
            }
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = document.resolve(response);
            for (name, header) in response["headers"].as_object().unwrap() {
                let header = document.resolve(header);
                assert_valid(name, &header["schema"], &header["example"]);
            }
            for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                let examples = content["examples"].as_object();
                let examples = examples.unwrap_or_else(|| panic!("{status} has no example of {media_type}"));
                for (name, example) in examples {
                    assert_valid(&format!("{status} {name}"), &content["schema"], &example["value"]);
                }
            }
        }
    }
    // The examples of a newer service, which are not in the specification, are valid as well.
    for (schema, page) in [
        ("CustomerCollection", include_str!("../../spec/examples/a-page-from-the-future.response.json")),
        ("Customer", include_str!("../../spec/examples/a-customer-from-the-future.response.json")),
    ] {
        let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
        assert_valid(schema, &reference, &serde_json::from_str(page).unwrap());
    }
}

/// The example of a customer ID can be tried against the emulator.
#[test]
fn example_id_is_a_customer_of_the_emulator() {
    let document = Specification::published();
    let id = document.0["components"]["parameters"]["customer-tenant-id"]["example"].as_str().unwrap().to_owned();
    let response =
        send_and_validate(&Specification::strict(), &Emulator::default(), GET, &format!("{LIST}/{id}"), None);
    assert_eq!(response.status(), 200);
}
