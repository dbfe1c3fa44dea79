//! Mistakes in the structure of the document and in the places of extensions.

use super::{Case, KIND_PARAMETER, THING_NAME, THING_SIZE};

pub(super) const CASES: &[Case] = &[
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
];
