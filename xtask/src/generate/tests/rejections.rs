//! A specification with anything that is not understood is rejected, and the message names the place.

use super::THINGS;
use crate::{
    document::Spec,
    generate::{examples, operations, types},
};
use anyhow::Result;

/// The mistake, the string that is replaced by it, the replacement, and the parts of the error message.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);

const THING_NAME: &str = "        name:\n          description: Its name.\n          type: string\n        parent:";
const THING_SIZE: &str = "          type: number\n          format: double";
const KIND_PARAMETER: &str =
    "          description: Of which kind.\n          schema:\n            $ref: '#/components/schemas/ThingKind'";
const PAGE: &str =
    "              schema:\n                $ref: '#/components/schemas/ThingCollection'\n          links:";

const CASES: &[Case] = &[
    // Skipped by `openapiv3`.
    ("a typing error", "required: [items]", "requried: [items]", &["#/components/schemas/ThingCollection/requried"]),
    (
        "a sibling of a $ref",
        "        - $ref: '#/components/parameters/seekOperation'",
        "        - $ref: '#/components/parameters/seekOperation'\n          description: More.",
        &["#/paths/~1v1~1things/get/parameters/3/description"],
    ),
    ("a key that comes twice", THING_NAME, "        name: {}\n        name: {}\n        parent:", &["name", "line"]),
    (
        "a broken $ref",
        "responses/NotFound'",
        "responses/NoFound'",
        &["get/responses/404", "responses/NoFound points to nothing"],
    ),
    (
        "a $ref to another file",
        "'#/components/responses/NotFound'",
        "'other.yaml#/NotFound'",
        &["get/responses/404", "other.yaml#/NotFound points to nothing"],
    ),
    // Not readable by `openapiv3`.
    (
        "a response without description",
        "          description: Another page.\n",
        "",
        &["#/paths/~1v1~1kinds~1{thing-kind}/get/responses/200", "missing field `description`"],
    ),
    (
        "a parameter nowhere",
        "          in: query\n          description: Of which kind.",
        "          in: body\n          description: Of which kind.",
        &["#/paths/~1v1~1things/get/parameters/1", "`body`"],
    ),
    // Extensions.
    ("an unknown extension", "x-pc-paging:", "x-pc-pages:", &["#/paths/~1v1~1things/get", "x-pc-pages"]),
    (
        "an extension of somebody else",
        "x-pc-paging:",
        "x-ms-pageable:",
        &["#/paths/~1v1~1things/get", "x-ms-pageable is not known"],
    ),
    (
        "a typing error in an extension",
        "      description: A link.\n      x-pc-box:",
        "      description: A link.\n      x-cp-box:",
        &["#/components/schemas/Link", "x-cp-box is not known"],
    ),
    (
        "an extension out of place",
        KIND_PARAMETER,
        "          description: Of which kind.\n          x-pc-box: true\n          schema:\n            type: string",
        &["get/parameters/1", "x-pc-box"],
    ),
    (
        "a switch that is off",
        "      x-pc-box: true\n      type: object\n      properties:\n        uri:",
        "      x-pc-box: false\n      type: object\n      properties:\n        uri:",
        &["#/components/schemas/Link/x-pc-box"],
    ),
    (
        "a text to be kept raw",
        "required: [name]\n      x-pc-raw: [maker]",
        "required: [name]\n      x-pc-raw: [size]",
        &["#/components/schemas/Thing/properties/size", "x-pc-raw is for optional objects only"],
    ),
    (
        "a list to be kept raw",
        "required: [name]\n      x-pc-raw: [maker]",
        "required: [name]\n      x-pc-raw: [maker, parts]",
        &["Thing/properties/parts", "x-pc-raw is for optional objects only"],
    ),
    (
        "an object that must be there to be kept raw",
        "required: [name]\n      x-pc-raw",
        "required: [name, maker]\n      x-pc-raw",
        &["Thing/properties/maker", "x-pc-raw is for optional objects only"],
    ),
    (
        "links of a page to be kept raw",
        "      required: [items]\n",
        "      required: [items]\n      x-pc-raw: [links]\n",
        &["~1things/get", "x-pc-paging", "`links` is read for each page"],
    ),
    (
        "a property to be kept raw that is not there",
        "required: [name]\n      x-pc-raw: [maker]",
        "required: [name]\n      x-pc-raw: [buyer]",
        &["#/components/schemas/Thing/x-pc-raw", "no property `buyer`"],
    ),
    (
        "a description of a property that is not there",
        "        next: The next page.",
        "        first: The first page.",
        &["PageLinks/x-pc-property-descriptions", "no property `first`"],
    ),
    (
        "two descriptions of a property",
        "      x-pc-raw: [maker]\n      properties:\n        id:",
        "      x-pc-property-descriptions: {id: Another.}\n      properties:\n        id:",
        &["Thing/properties/id", "`description` in it"],
    ),
    (
        "a secret that is not string",
        THING_SIZE,
        "          x-pc-secret: true\n          type: boolean",
        &["Thing/properties/size", "x-pc-secret is for strings"],
    ),
    // Schemas.
    (
        "a schema without description",
        "      description: A link.\n",
        "",
        &["#/components/schemas/Link", "description is missing"],
    ),
    (
        "a property without description",
        "          description: Where to.\n",
        "",
        &["#/components/schemas/Link/properties/uri", "description is missing"],
    ),
    (
        "a $ref to a schema without description",
        "      description: A link.\n",
        "",
        &["#/components/schemas/Link: a description is missing"],
    ),
    (
        "an unknown type",
        THING_SIZE,
        "          type: decimal",
        &["#/components/schemas/Thing/properties/size", "`decimal`"],
    ),
    (
        "a format of its own",
        THING_SIZE,
        "          type: string\n          format: money",
        &["Thing/properties/size", "`money`"],
    ),
    ("an integer without format", THING_SIZE, "          type: integer", &["Thing/properties/size", "int32"]),
    (
        "an inline object",
        THING_SIZE,
        "          type: object\n          properties: {a: {type: string}}",
        &["Thing/properties/size"],
    ),
    (
        "an inline enum",
        THING_SIZE,
        "          type: string\n          enum: [a]",
        &["Thing/properties/size", "an enum within"],
    ),
    ("an array without items", THING_SIZE, "          type: array", &["Thing/properties/size", "items"]),
    (
        "several schemas at once",
        THING_SIZE,
        "          oneOf:\n            - type: string",
        &["Thing/properties/size", "not understood"],
    ),
    (
        "additional properties",
        "      description: A link.\n",
        "      description: A link.\n      additionalProperties: false\n",
        &["#/components/schemas/Link", "additionalProperties"],
    ),
    (
        "a required property that is not there",
        "required: [items]",
        "required: [items, item]",
        &["ThingCollection/required", "`item`"],
    ),
    (
        "a required cycle",
        "required: [name]\n      x-pc-raw",
        "required: [name, parent]\n      x-pc-raw",
        &["Thing/properties/parent", "its own schema"],
    ),
    (
        "two fields of one name",
        THING_NAME,
        "        has_abc:\n          description: Twice.\n          type: string\n        name:\n          description: Its name.\n          type: string\n        parent:",
        &["Thing/properties/hasABC", "has_abc"],
    ),
    (
        "a schema in small letters",
        "    ThingFilter:\n      description: A filter.",
        "    page_size:\n      description: A size.\n      type: object\n      properties: {a: {description: A., type: string}}\n    ThingFilter:\n      description: A filter.",
        &["#/components/schemas/page_size", "PageSize"],
    ),
    (
        "a schema that is neither object nor enum",
        "    ThingFilter:\n      description: A filter.",
        "    Size:\n      description: A size.\n      type: string\n    ThingFilter:\n      description: A filter.",
        &["#/components/schemas/Size", "an object, an enum"],
    ),
    (
        "a name that is taken",
        "    ThingFilter:\n      description: A filter.",
        "    Method:\n      description: A filter.\n      type: object\n      properties:\n        a:\n          description: A.\n          type: string\n    ThingFilter:\n      description: A filter.",
        &["#/components/schemas/Method", "taken"],
    ),
    (
        "an example of an enum",
        "      description: A kind.\n",
        "      description: A kind.\n      example: small\n",
        &["#/components/schemas/ThingKind", "`example` is understood in an object only"],
    ),
    (
        "an example of a property",
        "          description: Where to.\n",
        "          description: Where to.\n          example: /v1\n",
        &["#/components/schemas/Link/properties/uri", "`example` is not understood"],
    ),
    (
        "documentation of a property",
        "          description: Where to.\n",
        "          description: Where to.\n          externalDocs: {url: 'https://example.com'}\n",
        &["#/components/schemas/Link/properties/uri", "`externalDocs` is not understood"],
    ),
    (
        "documentation without a title",
        "        description: Things\n",
        "",
        &["#/components/schemas/Thing/externalDocs", "description is missing"],
    ),
    // Enums.
    (
        "two values of one variant",
        "x-extensible-enum: [small, very_large]",
        "x-extensible-enum: [small, Small]",
        &["#/components/schemas/ThingKind/x-extensible-enum", "Small"],
    ),
    (
        "a value that hides the unknown",
        "x-extensible-enum: [small, very_large]",
        "x-extensible-enum: [small, unknown_variant]",
        &["ThingKind/x-extensible-enum", "UnknownVariant"],
    ),
    (
        "a value that is not name",
        "x-extensible-enum: [small, very_large]",
        "x-extensible-enum: [small, '+']",
        &["ThingKind/x-extensible-enum", "`+`"],
    ),
    (
        "a value too many",
        "x-extensible-enum: [small, very_large]",
        "x-extensible-enum: [small, very_large, vast]",
        &["ThingKind/x-pc-enum-descriptions", "2 descriptions for 3 values"],
    ),
    // Operations.
    (
        "an operation without name",
        "      operationId: getThings\n",
        "",
        &["#/paths/~1v1~1kinds~1{thing-kind}/get", "operationId"],
    ),
    (
        "two operations of one name",
        "operationId: getThings",
        "operationId: listThings",
        &["kinds", "ListThings is taken"],
    ),
    (
        "an operation named as a schema",
        "operationId: getThings",
        "operationId: newThing",
        &["kinds", "NewThing is taken"],
    ),
    (
        "an operation with servers of its own",
        "      operationId: getThings\n",
        "      operationId: getThings\n      servers: [{url: 'https://example.com'}]\n",
        &["#/paths/~1v1~1kinds~1{thing-kind}/get", "servers"],
    ),
    (
        "an operation with security of its own",
        "      operationId: getThings\n",
        "      operationId: getThings\n      security: []\n",
        &["#/paths/~1v1~1kinds~1{thing-kind}/get", "security"],
    ),
    (
        "a path with servers of its own",
        "  /v1/kinds/{thing-kind}:\n",
        "  /v1/kinds/{thing-kind}:\n    servers: [{url: 'https://example.com'}]\n",
        &["#/paths/~1v1~1kinds~1{thing-kind}/servers"],
    ),
    (
        "an operation named as a type that is written by hand",
        "operationId: getThings",
        "operationId: client",
        &["kinds", "operationId", "Client is taken"],
    ),
    (
        "an operation without summary",
        "      summary: Changes a thing.\n",
        "",
        &["#/paths/~1v1~1things~1{thing-id}/patch", "summary"],
    ),
    ("an unknown method", "    patch:", "    trace:", &["trace"]),
    (
        "a deprecated operation",
        "      operationId: getThings\n",
        "      operationId: getThings\n      deprecated: true\n",
        &["kinds", "deprecated"],
    ),
    (
        "a parameter without description",
        "          description: How many at most.\n",
        "",
        &["~1things/get", "the parameter size", "description"],
    ),
    (
        "an object parameter",
        KIND_PARAMETER,
        "          description: Of which kind.\n          schema:\n            $ref: '#/components/schemas/Thing'",
        &["the parameter kind", "Thing"],
    ),
    (
        "a parameter in a style of its own",
        KIND_PARAMETER,
        "          description: Of which kind.\n          style: pipeDelimited\n          schema:\n            type: string",
        &["the parameter kind", "style"],
    ),
    ("half a range", "            maximum: 100\n", "", &["the parameter size", "`minimum` and `maximum`"]),
    ("a range that is too wide", "maximum: 100", "maximum: 3000000000", &["the parameter size", "3000000000"]),
    (
        "a cookie",
        "          in: query\n          description: Of which kind.",
        "          in: cookie\n          description: Of which kind.",
        &["the parameter kind"],
    ),
    (
        "a header of HTTP",
        "name: If-Match",
        "name: authorization",
        &["patch", "the parameter authorization", "the client sets this header"],
    ),
    (
        "a header of the client",
        "name: If-Match",
        "name: MS-CorrelationId",
        &["patch", "the parameter MS-CorrelationId", "x-pc-context: true"],
    ),
    (
        "a header that is not token",
        "name: If-Match",
        "name: If Match",
        &["patch", "the parameter If Match", "not a valid name of a header"],
    ),
    (
        "a query that the client does not set",
        KIND_PARAMETER,
        "          description: Of which kind.\n          x-pc-context: true\n          schema:\n            $ref: '#/components/schemas/ThingKind'",
        &["~1things/get", "the parameter kind", "x-pc-context"],
    ),
    (
        "a header that the client does not set",
        "          required: true\n          description: The version to change.",
        "          x-pc-context: true\n          description: The version to change.",
        &["patch", "the parameter If-Match", "x-pc-context"],
    ),
    (
        "a header of pages, without pages",
        "        - name: MS-Reason",
        "        - $ref: '#/components/parameters/MS-ContinuationToken'\n        - name: MS-Reason",
        &["patch", "the parameter MS-ContinuationToken", "x-pc-context"],
    ),
    (
        "a header of the client in the query",
        "        - name: kind\n          in: query\n",
        "        - name: MS-RequestId\n          in: query\n          x-pc-context: true\n",
        &["~1things/get", "the parameter MS-RequestId", "x-pc-context"],
    ),
    (
        "an example that a parameter cannot have",
        KIND_PARAMETER,
        "          description: Of which kind.\n          example: medium\n          schema:\n            $ref: '#/components/schemas/ThingKind'",
        &["~1things/get", "the parameter kind", "\"medium\" is not a valid value"],
    ),
    ("an example out of range", "example: 40", "example: 101", &["the parameter size", "101 is not a valid value"]),
    (
        "a least number out of range",
        "x-pc-minimum: 1\n",
        "x-pc-minimum: 101\n",
        &["the parameter size", "x-pc-minimum is not within"],
    ),
    (
        "a parameter that is JSON by its media type",
        KIND_PARAMETER,
        "          description: Of which kind.\n          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/ThingFilter'",
        &["~1things/get", "the parameter kind", "write `schema`, a string, and x-pc-json"],
    ),
    (
        "an enum as JSON in a string",
        "          x-pc-json:\n            $ref: '#/components/schemas/ThingFilter'",
        "          x-pc-json:\n            $ref: '#/components/schemas/ThingKind'",
        &["the parameter filter", "x-pc-json is a $ref to an object"],
    ),
    (
        "JSON in a number",
        "          x-pc-minimum: 1\n",
        "          x-pc-json:\n            $ref: '#/components/schemas/ThingFilter'\n",
        &["the parameter size", "x-pc-json is for strings in the query"],
    ),
    (
        "a link to an operation that is not there",
        "              operationId: getThingParts\n",
        "              operationId: getParts\n",
        &["~1things/get", "links/parts", "no operation getParts"],
    ),
    (
        "a link with a parameter that its operation has not",
        "                thing-id: $response",
        "                id: $response",
        &["~1things/get", "links/parts", "getThingParts has no parameter `id`"],
    ),
    ("a parameter missing in the path", "  /v1/kinds/{thing-kind}:", "  /v1/kinds:", &["the path has no {thing-kind}"]),
    ("a path without its parameter", "  /v1/kinds/{thing-kind}:", "  /v1/kinds/{thing-kind}/{other}:", &["{other}"]),
    (
        "a path without slash",
        "  /v1/kinds/{thing-kind}:",
        "  v1/kinds/{thing-kind}:",
        &["#/paths/v1~1kinds~1{thing-kind}", "no effect"],
    ),
    (
        "a path that ends in a slash",
        "  /v1/kinds/{thing-kind}:",
        "  /v1/kinds/{thing-kind}/:",
        &["kinds", "no slash at its end"],
    ),
    (
        "a path with a query",
        "  /v1/kinds/{thing-kind}:",
        "  /v1/kinds/{thing-kind}?all=true:",
        &["kinds", "a path has no '?'"],
    ),
    (
        "a path with a fragment",
        "  /v1/kinds/{thing-kind}:",
        "  /v1/kinds/{thing-kind}#all:",
        &["kinds", "a path has no '#'"],
    ),
    (
        "a path beside the others",
        "\ncomponents:\n",
        "\n/v1/things/all:\n  get: {}\ncomponents:\n",
        &["#/~1v1~1things~1all", "paths are indented by two under `paths:`"],
    ),
    (
        "a path within another",
        "    patch:\n",
        "    /v1/things/all: {}\n    patch:\n",
        &["#/paths/~1v1~1things~1{thing-id}/~1v1~1things~1all", "paths are indented by two under `paths:`"],
    ),
    ("a path that is not closed", "  /v1/kinds/{thing-kind}:", "  /v1/kinds/{thing-kind:", &["brace"]),
    ("two parameters of one field", "name: If-Match", "name: thingId", &["patch", "`thing_id` is taken"]),
    (
        "another success with another schema",
        "        '204':\n          description: The end.",
        "        '202':\n          description: Another.\n          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/Thing'",
        &["~1things/get", "one schema for all 2xx"],
    ),
    (
        "a response that is a text",
        PAGE,
        "              schema:\n                $ref: '#/components/schemas/ThingKind'\n          links:",
        &["responses/200", "object"],
    ),
    (
        "a response in a format that is not understood",
        "            application/json:\n              schema:\n                $ref: '#/components/schemas/ThingCollection'\n          links:",
        "            application/xml:\n              schema:\n                type: string\n          links:",
        &["responses/200", "application/xml"],
    ),
    (
        "a default response",
        "        '204':\n          description: Done.",
        "        default:\n          description: Done.",
        &["patch", "`default`"],
    ),
    (
        "no success",
        "        '204':\n          description: Done.",
        "        '409':\n          description: Done.",
        &["patch", "no 2xx"],
    ),
    (
        "an error response of another schema",
        "            $ref: '#/components/schemas/ErrorBody'",
        "            $ref: '#/components/schemas/Thing'",
        &["responses/404", "every error response is an ErrorBody, not a Thing"],
    ),
    (
        "a body that is not JSON",
        "      description: What to change.\n      content:\n        application/json:",
        "      description: What to change.\n      content:\n        text/xml:",
        &["requestBodies/Change", "requestBody", "application/json"],
    ),
    (
        "an error response that is a list",
        "          schema:\n            $ref: '#/components/schemas/ErrorBody'",
        "          schema:\n            type: array\n            items:\n              $ref: '#/components/schemas/ErrorBody'",
        &["responses/404", "every error response is an ErrorBody"],
    ),
    // Paging.
    (
        "pages without items",
        "        items: items\n        next-link",
        "        items: things\n        next-link",
        &["~1things/get", "x-pc-paging", "`things`"],
    ),
    ("items that may be absent", "      required: [items]\n", "", &["x-pc-paging", "not a required list"]),
    ("a next link that is not there", "links.next", "links.following", &["x-pc-paging", "next-link", "`following`"]),
    (
        "a token that is not there",
        "continuation-token: continuationToken",
        "continuation-token: token",
        &["x-pc-paging", "continuation-token", "`token`"],
    ),
    (
        "a token header that is not there",
        "token-header: MS-ContinuationToken",
        "token-header: MS-Token",
        &["x-pc-paging", "token-header"],
    ),
    ("a seek query that is not there", "seek-query: seekOperation", "seek-query: seek", &["x-pc-paging", "seek-query"]),
    ("a seek value that is not accepted", "seek-value: Next", "seek-value: Onward", &["x-pc-paging", "Onward"]),
    ("a page size that is not there", "size-query: size", "size-query: pageSize", &["x-pc-paging", "pageSize"]),
    ("an unknown key of paging", "size-query: size", "size: size", &["x-pc-paging", "size"]),
];

#[test]
fn mistake_in_the_specification_is_rejected_with_its_place() {
    generate(THINGS).unwrap();
    let mut failures = Vec::new();
    for (mistake, from, to, expected) in CASES {
        assert_eq!(THINGS.matches(from).count(), 1, "{mistake}: {from:?} does not occur once");
        let message = match generate(&THINGS.replace(from, to)) {
            Ok(()) => {
                failures.push(format!("{mistake} was accepted"));
                continue;
            }
            Err(error) => format!("{error:#}"),
        };
        let missing = expected.iter().filter(|part| !message.contains(**part));
        failures.extend(missing.map(|part| format!("{mistake}: {part:?} is not in {message:?}")));
        // No mistake is told twice, and each problem says what to write instead.
        if message.lines().count() != 1 {
            failures.push(format!("{mistake}: it is told more than once: {message}"));
        }
        if !message.lines().all(|line| {
            [
                "write",
                "leave",
                "make",
                "give",
                "name",
                "indented",
                "slash",
                "case",
                "close",
                "rename",
                "refer",
                "describe",
                "say",
                "goes with",
            ]
            .iter()
            .any(|word| line.contains(word))
        }) {
            failures.push(format!("{mistake}: it does not say what to do: {message}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The schema of a response that is a list.
const LIST_OF_PARTS: &str =
    "                type: array\n                items:\n                  $ref: '#/components/schemas/Thing'\n";
const ERROR_EXAMPLE: &str =
    "              value:\n                code: 1000\n                $ref: nowhere\n                x-pc-data: 1\n";

/// Strings that are replaced in the specification, with their replacements.
type Edits<'a> = &'a [(&'a str, String)];

/// Returns the tests generated from examples, or the error; there are files of valid and of invalid JSON.
fn example_tests(edits: Edits<'_>) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("broken.json", "{"), ("good.json", "{}"), ("a-thing-from-the-future.response.json", "{}")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut spec = THINGS.to_owned();
    for (from, to) in edits {
        assert_eq!(spec.matches(from).count(), 1, "{from:?} does not occur once");
        spec = spec.replace(from, to);
    }
    let examples = Spec::parse(&spec).and_then(|spec| examples::read_examples(&spec, folder.path()));
    examples.map(|examples| examples::example_tests(&examples)).map_err(|error| format!("{error:#}"))
}

fn page_with(examples: &str) -> (&'static str, String) {
    let (schema, next) = PAGE.split_at(PAGE.rfind("\n          links:").unwrap());
    (PAGE, format!("{schema}\n              examples: {{{examples}}}{next}"))
}

const GOOD: &str = "good: {summary: Good., externalValue: good.json}";

#[test]
fn example_becomes_a_test() {
    let future =
        "new: {summary: New., externalValue: a-thing-from-the-future.response.json, x-pc-unknown-fields: true}";
    let filter = "            $ref: '#/components/schemas/ThingFilter'\n          schema:\n            type: string\n";
    let filter_example = format!("{filter}          examples: {{by-name: {{value: '{{\"Field\":\"\\\"#\"}}'}}}}\n");
    let change = "            $ref: '#/components/schemas/ThingChange'\n";
    let change_example = format!("{change}          examples: {{empty: {{value: {{}}}}}}\n");
    // No test is generated for a list.
    let parts =
        format!("{LIST_OF_PARTS}              examples: {{parts: {{summary: Parts., externalValue: good.json}}}}\n");
    let edits = [
        page_with(&format!("{GOOD}, {future}")),
        (filter, filter_example),
        (change, change_example),
        (LIST_OF_PARTS, parts),
    ];
    let error = r##"fault_example!(not_found_not_found, r#"{"$ref":"nowhere","code":1000,"x-pc-data":1}"#);"##;
    let filter = r###"parameter_example!(list_things_filter_by_name, ThingFilter, r##"{"Field":"\"#"}"##);"###;
    assert_eq!(
        example_tests(&edits).unwrap().lines().collect::<Vec<_>>(),
        [
            r#"example!(good, ListThings, "../../spec/good.json");"#,
            r#"future_example!(new, ListThings, "../../spec/a-thing-from-the-future.response.json");"#,
            filter,
            error,
            r##"parameter_example!(change_thing_body_empty, ThingChange, r#"{}"#);"##,
        ]
    );
}

#[test]
fn untestable_example_is_rejected() {
    const PAGES: &str = "#/paths/~1v1~1things/get";
    let error_in_file = || (ERROR_EXAMPLE, "              externalValue: good.json\n".to_owned());
    let error_with_unknown_fields =
        || (ERROR_EXAMPLE, format!("              x-pc-unknown-fields: true\n{ERROR_EXAMPLE}"));
    let single_example = || page_with("").1.replace("examples: {}", "example: {}");
    for (edit, expected) in [
        (page_with("lost: {summary: Lost., externalValue: lost.json}"), "the example lost: spec/lost.json"),
        (page_with("broken: {summary: Broken., externalValue: broken.json}"), "the example broken: spec/broken.json"),
        (
            page_with("inline: {summary: In., value: {}}"),
            "the example inline: an example of a response must be in a file",
        ),
        (page_with("bare: {externalValue: good.json}"), "the example bare: a summary is missing"),
        (page_with(&format!("{GOOD}, Good: {{summary: Twice., externalValue: good.json}}")), "another example Good"),
        (
            page_with("new: {summary: New., externalValue: good.json, x-pc-unknown-fields: true}"),
            "the example new: x-pc-unknown-fields is for what is ours",
        ),
        ((PAGE, single_example()), "an `example` is not tested"),
        (
            error_in_file(),
            "NotFound: the example not-found: an example of an error response or of a request must be inline",
        ),
        (error_with_unknown_fields(), "NotFound: the example not-found: x-pc-unknown-fields"),
    ] {
        let message = example_tests(&[edit]).unwrap_err();
        assert!(message.contains(PAGES) && message.contains(expected), "{expected:?} is not in {message:?}");
    }
}

#[test]
fn response_file_that_no_response_names_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let examples = folder.path().join("examples");
    std::fs::create_dir(&examples).unwrap();
    let read = || examples::read_examples(&Spec::parse(THINGS).unwrap(), folder.path()).map(|_| ());
    for other in ["README.md", "one.request.http", ".one.response.json"] {
        std::fs::write(examples.join(other), "").unwrap();
    }
    read().unwrap();
    std::fs::write(examples.join("one.response.json"), "{}").unwrap();
    let message = read().unwrap_err().to_string();
    assert!(message.contains("spec/examples/one.response.json: no response names it"), "{message}");
}

fn generate(spec: &str) -> Result<()> {
    let spec = Spec::parse(spec)?;
    types::generate_types(&spec)?;
    operations::generate_operations(&spec)?;
    Ok(())
}
