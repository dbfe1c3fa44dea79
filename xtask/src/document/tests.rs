use super::{ROOT_FILE_NAME, SourceFile, Spec};

const ROOT_FILE: &str = "
openapi: 3.0.3
info: {title: Things, version: v1}
x-pc-common:
  parameters:
    - $ref: '#/components/parameters/MS-RequestId'
  headers:
    MS-CV: {$ref: '#/components/headers/MS-CV'}
  responses:
    '404': {$ref: '#/components/responses/NotFound'}
paths:
  /v1/things/{thing-id}:
    get:
      operationId: getThing
      summary: Gets a thing.
      description: By its identifier.
      x-pc-command: things get
      x-pc-auth: [app-only]
      parameters:
        - {name: thing-id, in: path, required: true, description: The thing., schema: {type: string}}
      responses:
        '200':
          description: The thing.
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
  /v1/makers/{maker-id}: {$ref: 'makers.yaml#/paths/~1v1~1makers~1{maker-id}'}
components:
  parameters:
    MS-RequestId: {name: MS-RequestId, in: header, x-pc-context: true, description: The call., schema: {type: string}}
  headers:
    MS-CV: {description: A vector., schema: {type: string}}
  responses:
    NotFound:
      description: There is no such thing.
      content: {application/json: {schema: {$ref: '#/components/schemas/ErrorBody'}}}
  schemas:
    Thing:
      description: A thing.
      type: object
      properties:
        maker: {$ref: 'makers.yaml#/components/schemas/Maker'}
    ErrorBody:
      description: An error.
      type: object
      properties:
        code: {description: The code., type: string}
";

const MAKERS_FILE: &str = "
paths:
  /v1/makers/{maker-id}:
    parameters:
      - {$ref: '#/components/parameters/maker-id'}
    get:
      operationId: getMaker
      summary: Gets a maker.
      description: By its identifier.
      x-pc-command: makers get
      x-pc-auth: [app-only]
      responses:
        '200':
          description: The maker.
          content: {application/json: {schema: {$ref: '#/components/schemas/Maker'}}}
        '410': {$ref: 'partner-center.yaml#/components/responses/NotFound'}
components:
  parameters:
    maker-id: {name: maker-id, in: path, required: true, description: The maker., schema: {type: string}}
  schemas:
    Maker:
      description: A maker.
      type: object
      properties:
        name: {description: The name., type: string}
        made: {description: What it has made., type: array, items: {$ref: 'partner-center.yaml#/components/schemas/Thing'}}
";

fn read(root: &str, makers: &str) -> Result<Spec, String> {
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    Spec::from_files(&[file(ROOT_FILE_NAME, root), file("makers.yaml", makers)]).map_err(|error| error.to_string())
}

#[test]
fn areas_are_merged_into_one_document() {
    let spec = read(ROOT_FILE, MAKERS_FILE).unwrap();
    let schemas: Vec<_> = spec.definitions.iter().map(|schema| (&*schema.name, &*schema.area)).collect();
    assert_eq!(schemas, [("Thing", "customers"), ("ErrorBody", "customers"), ("Maker", "makers")]);
    let operations: Vec<_> = spec.operations.iter().map(|operation| (&*operation.facts.id, &*operation.area)).collect();
    assert_eq!(operations, [("getThing", "customers"), ("getMaker", "makers")]);
    let text = yaml_serde::to_string(&spec.source).unwrap();
    assert!(!text.contains(".yaml#") && !text.contains("x-pc-common"), "{text}");
}

#[test]
fn common_parts_are_written_out_where_they_are_missing() {
    let spec = read(ROOT_FILE, MAKERS_FILE).unwrap();
    let paths = &spec.source["paths"];
    for path in ["/v1/things/{thing-id}", "/v1/makers/{maker-id}"] {
        let operation = &paths[path]["get"];
        let parameters = operation["parameters"].as_sequence().unwrap();
        let common = parameters.iter().filter(|item| item["$ref"] == "#/components/parameters/MS-RequestId");
        assert_eq!(common.count(), 1, "{operation:?}");
        assert_eq!(operation["responses"]["200"]["headers"]["MS-CV"]["$ref"], "#/components/headers/MS-CV");
        assert_eq!(operation["responses"]["404"]["$ref"], "#/components/responses/NotFound");
    }
    // An operation has its own instead.
    let own_parameter =
        "{name: ms-requestid, in: header, x-pc-context: true, description: Own., schema: {type: string}}";
    let own = MAKERS_FILE.replace(
        "      responses:\n        '200':\n          description: The maker.\n",
        &format!(
            "      parameters: [{own_parameter}]\n      responses:\n        '404': {{description: Own.}}\n        '200':\n          description: The maker.\n          headers: {{MS-CV: {{description: Own., schema: {{type: string}}}}}}\n"
        ),
    );
    let spec = read(ROOT_FILE, &own).unwrap();
    let operation = &spec.source["paths"]["/v1/makers/{maker-id}"]["get"];
    assert_eq!(operation["parameters"].as_sequence().unwrap().len(), 1);
    assert_eq!(operation["responses"]["404"]["description"], "Own.");
    assert_eq!(operation["responses"]["200"]["headers"]["MS-CV"]["description"], "Own.");
}

#[test]
fn problem_of_a_file_names_that_file() {
    for (mistake, root, makers, expected) in [
        (
            "a schema with the name of another",
            ROOT_FILE.to_owned(),
            MAKERS_FILE
                .replace("    Maker:\n", "    ErrorBody:\n      description: Twice.\n      type: object\n    Maker:\n"),
            "makers.yaml#/components/schemas/ErrorBody: the name is taken in partner-center.yaml",
        ),
        (
            "a path that the root does not list",
            ROOT_FILE.replace("  /v1/makers/{maker-id}: {$ref: 'makers.yaml#/paths/~1v1~1makers~1{maker-id}'}\n", ""),
            MAKERS_FILE.to_owned(),
            "makers.yaml#/paths/~1v1~1makers~1{maker-id}: partner-center.yaml does not list the path, or lists it twice: write \
             `/v1/makers/{maker-id}: { $ref: 'makers.yaml#/paths/~1v1~1makers~1{maker-id}' }` there",
        ),
        (
            "a path that refers to another one",
            ROOT_FILE.replace("  /v1/makers/{maker-id}: {", "  /v1/creators/{maker-id}: {"),
            MAKERS_FILE.replace("  /v1/makers", "  /v1/creators"),
            "partner-center.yaml#/paths/~1v1~1creators~1{maker-id}: the $ref makers.yaml#/paths/~1v1~1makers~1{maker-id} points \
             to nothing",
        ),
        (
            "a reference to a component of another file without the file",
            ROOT_FILE.to_owned(),
            MAKERS_FILE.replace("'partner-center.yaml#/components/schemas/Thing'", "'#/components/schemas/Thing'"),
            "makers.yaml#/components/schemas/Maker/properties/made/items: the $ref #/components/schemas/Thing points to nothing: \
             write 'partner-center.yaml#/components/schemas/Thing'",
        ),
        (
            "a key that belongs to the root",
            ROOT_FILE.to_owned(),
            format!("{MAKERS_FILE}\nx-pc-common: {{}}\n"),
            "makers.yaml#/x-pc-common: an area has `paths` and `components` only: write `x-pc-common` in partner-center.yaml",
        ),
        ("a file that is not YAML", ROOT_FILE.to_owned(), "paths: [".to_owned(), "makers.yaml: it is not YAML: "),
        ("an empty file", ROOT_FILE.to_owned(), String::new(), "makers.yaml: it is empty or a list: write keys"),
        (
            "a mistake in an operation",
            ROOT_FILE.to_owned(),
            MAKERS_FILE.replace("      x-pc-auth: [app-only]\n", ""),
            "makers.yaml#/paths/~1v1~1makers~1{maker-id}/get: x-pc-auth is missing: write",
        ),
        (
            "something that is no reference in the common parts",
            ROOT_FILE.replace("    - $ref: '#/components/parameters/MS-RequestId'", "    - {name: x, in: query}"),
            MAKERS_FILE.to_owned(),
            "partner-center.yaml#/x-pc-common: it holds something that is not a $ref: make it a component, and refer to it",
        ),
        (
            "an unknown key in the common parts",
            ROOT_FILE.replace("x-pc-common:\n", "x-pc-common:\n  servers: []\n"),
            MAKERS_FILE.to_owned(),
            "partner-center.yaml#/x-pc-common: the key servers is not known: write one of parameters, headers, responses",
        ),
    ] {
        let problems = read(&root, &makers).err().unwrap_or_else(|| panic!("{mistake} was accepted"));
        assert!(problems.contains(expected), "{mistake}: {expected:?} is not in {problems:?}");
        let is_about_others = problems.lines().count() > 1 && !mistake.contains("refers to another");
        assert!(!is_about_others, "{mistake}: {problems}");
    }
}

/// Ten mistakes in two files, in all layers: of the YAML's structure, of references, of extensions, of schemas, of parameters, of
/// responses, of paging and between operations.
#[test]
fn document_with_ten_mistakes_names_ten() {
    let root = edited(
        ROOT_FILE,
        &[
            ("      summary: Gets a thing.\n", ""),
            ("      x-pc-command: things get\n", "      x-pc-command: makers get\n"),
            ("description: The thing., schema: {type: string}", "description: The thing., schema: {type: money}"),
            (
                "        code: {description: The code., type: string}",
                "        code: {description: The code., type: integer}",
            ),
            ("          description: The thing.\n", ""),
        ],
    );
    let makers = edited(
        MAKERS_FILE,
        &[
            ("      x-pc-auth: [app-only]\n", "      x-pc-auth: [app-only]\n      x-ms-pageable: {}\n"),
            (
                "      description: By its identifier.\n",
                "      description: By its identifier.\n      x-pc-paging: {next-link: links.next, pages: 2}\n",
            ),
            ("partner-center.yaml#/components/responses/NotFound", "#/components/responses/NotFound"),
            (
                "        name: {description: The name., type: string}",
                "        3d: {description: The name., type: string}",
            ),
            ("items: {$ref: 'partner-center.yaml#/components/schemas/Thing'}", "items: {type: string, nullable: true}"),
        ],
    );
    let problems = read(&root, &makers).err().unwrap();
    let found: Vec<_> = problems.lines().collect();
    for expected in [
        "makers.yaml#/components/schemas/Maker/properties/3d: `3d` makes no name in Rust",
        "makers.yaml#/components/schemas/Maker/properties/made: items: `nullable` is not understood here",
        "makers.yaml#/paths/~1v1~1makers~1{maker-id}/get: the extension x-ms-pageable is not known",
        "makers.yaml#/paths/~1v1~1makers~1{maker-id}/get: x-pc-paging: the key pages is not known",
        "makers.yaml#/paths/~1v1~1makers~1{maker-id}/get/responses/410: the $ref #/components/responses/NotFound points to",
        "partner-center.yaml#/components/schemas/ErrorBody/properties/code: an integer needs a format",
        "partner-center.yaml#/paths/~1v1~1things~1{thing-id}/get: a summary is missing",
        "partner-center.yaml#/paths/~1v1~1things~1{thing-id}/get/parameters/0: the parameter thing-id: the type `money`",
        "partner-center.yaml#/paths/~1v1~1things~1{thing-id}/get/responses/200: missing field `description`",
        "x-pc-command: `makers get` is that of",
    ] {
        let count = found.iter().filter(|line| line.contains(expected)).count();
        assert_eq!(count, 1, "{expected}\n\n{problems}");
    }
    assert_eq!(found.len(), 10, "{problems}");
    assert!(found.is_sorted_by_key(|line| line.split_once(": ").map(|(at, _)| at)), "{problems}");
}

fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from:?} does not occur once");
        text.replace(from, to)
    })
}

#[test]
fn document_of_any_shape_is_rejected_without_a_panic() {
    for text in [
        "",
        "3",
        "[]",
        "{}",
        "openapi: 3.0.3",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: 3}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {/a: 3}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {/a: {get: 3}}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {/a: {get: {}}}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {/a: {get: {responses: {200: 3}}}}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {3: {}}, components: []}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {}, components: {schemas: 3}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {}, components: {schemas: {A: 3}}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {}, components: {schemas: {'': {type: object}}}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {/a: {$ref: ''}}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {/a: {$ref: '#'}}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {/a: {$ref: 'makers.yaml'}}}",
        "{openapi: 3.0.3, info: {title: T, version: v}, paths: {}, x-pc-common: {parameters: 3, headers: [], responses: 3}}",
    ] {
        for (root, area) in [(text, MAKERS_FILE), (ROOT_FILE, text)] {
            let problems = read(root, area).err().unwrap_or_else(|| panic!("{text:?} was accepted"));
            assert!(problems.lines().all(|line| line.contains(".yaml")), "{text:?}: {problems}");
        }
    }
}
