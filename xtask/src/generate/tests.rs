mod added_endpoint;
mod rejections;
mod related;
mod tables;

use super::*;
use crate::workspace::workspace_root;

/// A small specification with one of everything.
const THINGS: &str = include_str!("tests/things.yaml");

#[test]
fn generated_code_is_up_to_date() {
    match check_generated_files(&workspace_root()) {
        Ok(warnings) => assert!(warnings.is_empty(), "{warnings:#?}"),
        Err(stale) => panic!("{stale:#}"),
    }
}

#[test]
fn generated_code_is_deterministic() {
    let root = workspace_root();
    assert_eq!(generate_files(&root).unwrap(), generate_files(&root).unwrap());
}

#[test]
fn line_ends_of_the_specification_do_not_matter() {
    let root = workspace_root();
    let copy = tempfile::tempdir().unwrap();
    copy_with_crlf(&root.join("spec"), &copy.path().join("spec"));
    assert_eq!(generate_files(&root).unwrap(), generate_files(copy.path()).unwrap());
}

#[test]
fn stale_missing_and_obsolete_files_are_reported_and_fixed() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    fs::create_dir(root.join("spec")).unwrap();
    fs::write(root.join(SPEC_FILE), THINGS).unwrap();
    write_generated_files(root).unwrap();
    check_generated_files(root).unwrap();

    fs::write(root.join(GENERATED_MODELS_FOLDER).join("customers/schemas.rs"), "edited").unwrap();
    fs::write(root.join(GENERATED_MODELS_FOLDER).join("old.rs"), "").unwrap();
    fs::remove_file(root.join(EXAMPLE_TESTS_FILE)).unwrap();
    // Temporary files of an editor, which are ignored, whatever is in them.
    for stray in [".schemas.rs.swp", "schemas.rs~"] {
        fs::write(root.join(GENERATED_MODELS_FOLDER).join(stray), b"\xFF").unwrap();
    }
    let stale = check_generated_files(root).unwrap_err().to_string();
    for part in ["customers/schemas.rs", "generated/old.rs", EXAMPLE_TESTS_FILE, "run `cargo xtask codegen`"] {
        assert!(stale.contains(part), "{part} in {stale}");
    }
    for part in ["operations.rs", "swp", "~"] {
        assert!(!stale.contains(part), "{part} in {stale}");
    }

    write_generated_files(root).unwrap();
    check_generated_files(root).unwrap();
    assert!(root.join(GENERATED_MODELS_FOLDER).join("schemas.rs~").exists());
}

/// The endpoint of CONTRIBUTING.md is complete: under another name, it is added to the specification in a file of its own.
#[test]
fn endpoint_of_the_contributing_guide_is_understood() {
    let root = workspace_root();
    let guide = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap().replace("\r\n", "\n");
    let blocks: Vec<_> = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [endpoint, listing, ..] = blocks.as_slice() else { panic!("{blocks:?}") };
    // The blocks are within an item of a list.
    let block = |text: &str, indent: &str| {
        let lines = text.lines().map(|line| format!("{indent}{}\n", line.strip_prefix("   ").unwrap_or(line)));
        lines.collect::<Vec<_>>().concat()
    };
    let renamed = |text: String| {
        let names = [
            ("profiles/company", "profiles/guide"),
            ("profiles~1company", "profiles~1guide"),
            ("account.yaml", "guide.yaml"),
            ("getCustomerCompanyProfile", "getGuideProfile"),
            ("company-profile get", "guide-profile get"),
        ];
        names.iter().fold(text, |text, (from, to)| text.replace(from, to))
    };
    let copy = tempfile::tempdir().unwrap();
    copy_with_crlf(&root.join("spec"), &copy.path().join("spec"));
    fs::write(copy.path().join("spec/guide.yaml"), renamed(block(endpoint, ""))).unwrap();
    let spec = fs::read_to_string(root.join(SPEC_FILE)).unwrap().replace("\r\n", "\n");
    let spec = spec.replacen("\npaths:\n", &format!("\npaths:\n{}", renamed(block(listing, "  "))), 1);
    fs::write(copy.path().join(SPEC_FILE), spec).unwrap();
    let spec = Spec::read(&copy.path().join("spec")).unwrap();
    let operation = spec.operations.iter().find(|operation| operation.facts.id == "getGuideProfile").unwrap();
    assert_eq!(operation.area, "guide");
    let operations = &operations::generate_operations(&spec).unwrap()["guide"];
    assert!(operations.contains("impl Operation for GetGuideProfile"), "{operations}");
}

/// What the models crate compiles of them would cost each program that uses none.
#[test]
fn methods_are_compiled_where_they_are_used() {
    let spec = Spec::parse(THINGS).unwrap();
    for areas in [types::generate_types(&spec).unwrap(), operations::generate_operations(&spec).unwrap()] {
        let code = &areas[ROOT_AREA];
        let is_function = |line: &&str| ["fn ", "pub fn "].iter().any(|start| line.trim_start().starts_with(start));
        let count = code.lines().filter(is_function).count();
        assert!(count > 0 && count == code.matches("#[inline]").count(), "{code}");
    }
}

#[test]
fn everything_understood_is_generated() {
    let spec = Spec::parse(THINGS).unwrap();
    let schemas = types::generate_types(&spec).unwrap();
    let operations = operations::generate_operations(&spec).unwrap();
    let (schemas, operations) = (&schemas[ROOT_AREA], &operations[ROOT_AREA]);
    for code in [schemas, operations] {
        syn::parse_file(code).unwrap();
    }
    contains(
        schemas,
        &[
            "use crate::{ErrorCode, JsonValue, RawJson, Secret, UnknownFields, UnknownVariant, open_enum::open_enum, resource::resource,};",
            // A required value: no `Default`, but a constructor.
            "#[non_exhaustive] pub struct Thing { /// Its identifier. pub id: Option<Uuid>, /// Its name. pub name: String,",
            "pub fn new(name: impl Into<String>) -> Self { Self { id: None, name: name.into(), parent: None,",
            "resource!(Thing: Clone PartialEq { 0 Optional Scalar id = \"id\", 1 Required Scalar name = \"name\", 2 Optional Optional parent = \"parent\",",
            // Types.
            "pub parent: Option<Box<Thing>>,",
            "pub parts: Option<Vec<Thing>>,",
            "pub kind: Option<ThingKind>,",
            "pub origin: Option<Box<Origin>>,",
            "pub maker: Option<RawJson<Origin>>,",
            "pub size: Option<f64>,",
            "pub count: Option<i64>,",
            "pub pin: Option<Secret>,",
            "pub continuation_token: Option<Secret>,",
            // Described by the extension, and by the schema.
            "/// The next page. pub next: Option<Box<Link>>, /// A link. pub previous: Option<Box<Link>>,",
            "pub type_: Option<bool>,",
            "pub extra: Option<JsonValue>,",
            "Optional Scalar type_ = \"type\",",
            "Optional Scalar has_abc = \"hasABC\",",
            // A page: its items are there, if only as an empty list.
            "#[non_exhaustive] pub struct ThingCollection { /// The things. pub items: Vec<Thing>,",
            "resource!(ThingCollection: Clone PartialEq Default { 0 RequiredList List items = \"items\",",
            // Sent only: constructor and setters, which are documented.
            "/// Sets `remark`. /// /// A remark. #[must_use] pub fn remark(",
            "pub fn new(name: impl Into<String>, tags: Vec<String>) -> Self {",
            "#[must_use] pub fn origin(mut self, origin: Origin) -> Self { self.origin = Some(Box::new(origin)); self }",
            "#[must_use] pub fn maker(mut self, maker: Origin) -> Self { self.maker = Some(RawJson::new(&maker)); self }",
            "#[must_use] pub fn remark(mut self, remark: impl Into<String>) -> Self { self.remark = Some(remark.into()); self }",
            "impl ThingChange { /// Creates a `ThingChange` from its required fields. #[must_use] \
             pub fn new() -> Self { Self::default() }",
            // An enum.
            "pub enum ThingKind { /// Small. Small, /// Very large. VeryLarge, \
             /// A string that this version has no variant for; it is kept and serialized as received. \
             UnknownVariant(UnknownVariant), }",
            "open_enum!(ThingKind { Small = \"small\", VeryLarge = \"very_large\", });",
        ],
    );
    contains(
        operations,
        &[
            "/// Lists things. /// /// All of them. /// /// `GET /v1/things` ([documentation](https://example.com/things))",
            "pub struct ListThings { size: Option<i32>, kind: Option<ThingKind>, filter: Option<ThingFilter>, \
             continuation: Option<ContinuationToken>, }",
            "pub fn resume(continuation: ContinuationToken) -> Self { Self { size: None, kind: None, filter: None, \
             continuation: Some(continuation), } }",
            "/// Sets the query parameter `size`. /// /// How many at most. From 1 to 100. pub fn size(mut self, size: i32) -> Self { self.size = Some(size); self }",
            ".query_within(\"size\", self.size.as_ref(), &(1..=100)) .query(\"kind\", self.kind.as_ref()) \
             .query_json(\"filter\", self.filter.as_ref()) .resume(self.continuation.as_ref()) .check()",
            "impl Paginated for ListThings { type Item = Thing; const PAGINATION: Pagination = Pagination::new(\"items\") \
             .next_link(\"links.next\") .continuation_token(\"continuationToken\") .token_header(\"MS-ContinuationToken\") \
             .seek(\"seekOperation\", \"Next\") .size(\"size\");",
            "fn items(page: ThingCollection) -> Vec<Thing> { page.items }",
            "fn fingerprint(page: &ThingCollection) -> Option<PageFingerprint> { \
             PageFingerprint::by_id(&page.items, |item| item.id.as_ref()) }",
            "ContinuationToken::read( page.links.as_ref().and_then(|value| value.next.as_deref()), \
             page.continuation_token.as_ref(), page.unknown_fields.contains_like(\"links\") \
             || page .links .as_ref() .is_some_and(|value| value.unknown_fields.contains_like(\"next\")) \
             || page.unknown_fields.contains_like(\"continuationToken\"), )",
            // A body that is required.
            "pub struct CreateThing { new_thing: NewThing, }",
            "Parameters::new().body(&self.new_thing).check()",
            // A parameter of the path item, a header, an optional body, and no response body.
            "pub struct ChangeThing { thing_id: String, if_match: String, reason: Option<bool>, \
             thing_change: Option<ThingChange>, }",
            "/// Creates the operation with its required parameters; its methods set the others. /// \
             /// - `thing_id`: The identifier of the thing. /// - `if_match`: The version to change. \
             pub fn new(thing_id: impl Into<String>, if_match: impl Into<String>) -> Self {",
            "impl Operation for ChangeThing { type Response = NoContent; const ID: &'static str = \"changeThing\"; \
             const METHOD: Method = Method::Patch; const PATH: &'static str = \"/v1/things/{thing-id}\";",
            ".path(\"thing-id\", &self.thing_id) .header(\"If-Match\", &self.if_match) \
             .header(\"MS-Reason\", self.reason.as_ref()) .body(self.thing_change.as_ref()) .check()",
            "impl SingleResponse for ChangeThing {}",
            // A list without an object around it.
            "impl Operation for GetThingParts { type Response = Vec<Thing>;",
            // A parameter whose type is an enum.
            "pub struct GetThings { thing_kind: ThingKind, }",
        ],
    );
    // Examples: of the examples of parameters, of placeholders, and of a body that has none.
    contains(
        operations,
        &[
            "/// # Example /// /// ``` /// use partner_center_models::{ListThings, Operation as _}; /// \
             /// let operation = ListThings::new().size(40); /// let parameters = operation.parameters()?; \
             /// assert_eq!(ListThings::PATH, \"/v1/things\"); \
             /// assert_eq!(parameters.query[0], (\"size\", \"40\".to_owned())); \
             /// # Ok::<(), Box<dyn std::error::Error>>(()) /// ```",
            "/// let operation = ChangeThing::new(\"example\", \"example\");",
            "/// assert_eq!(parameters.path[0], (\"thing-id\", \"example\".to_owned())); \
             /// assert_eq!(parameters.headers[0], (\"If-Match\", \"example\".to_owned()));",
            "/// use partner_center_models::{GetThings, Operation as _, ThingKind}; /// \
             /// let operation = GetThings::new(ThingKind::Small);",
            "/// use partner_center_models::{CreateThing, NewThing, Operation as _}; /// \
             /// # fn example(new_thing: NewThing) -> Result<(), Box<dyn std::error::Error>> { \
             /// let operation = CreateThing::new(new_thing);",
        ],
    );
    contains(
        schemas,
        &[
            "/// A thing. /// /// See [Things](https://example.com/things). /// /// # Example",
            "/// let thing: Thing = serde_json::from_str( /// r#\"{ /// \"id\": \"5a1bd1a4-6a3f-4c0b-9b0e-7d1f0c5a2e11\", \
             /// \"name\": \"Wheel\", /// \"kind\": \"very_large\", /// \"count\": 4 /// }\"#, /// )?;",
            "/// assert_eq!(thing.name, \"Wheel\"); /// assert_eq!(thing.kind, Some(ThingKind::VeryLarge)); \
             /// assert_eq!(thing.count, Some(4)); /// assert!(thing.undescribed_paths().is_empty());",
        ],
    );
    // Parameters that the client sets by itself are left out.
    assert!(!operations.contains("seek_operation"), "{operations}");
    // A paginated operation is not performed with one call.
    assert!(!operations.contains("SingleResponse for ListThings"), "{operations}");
}

#[test]
fn derived_type_is_derived_with_all_that_it_holds() {
    const PAGE: &str = "    ThingCollection:\n";
    let things = THINGS.replace(PAGE, &format!("{PAGE}      x-pc-derive: true\n"));
    assert_ne!(things, THINGS);
    let spec = Spec::parse(&things).unwrap();
    contains(
        &types::generate_types(&spec).unwrap()[ROOT_AREA],
        &[
            "#[derive(Clone, PartialEq)] #[non_exhaustive] pub struct ThingCollection {",
            "resource!(ThingCollection: Default {",
            "#[derive(Clone, PartialEq)] #[non_exhaustive] pub struct Thing {",
            "resource!(Thing {",
            "resource!(NewThing: Clone PartialEq {",
        ],
    );
}

#[test]
fn field_with_an_accessor_is_private() {
    const FIELD: &str = "        size:\n";
    let things = THINGS.replace(FIELD, &format!("{FIELD}          x-pc-accessor: measured_size\n"));
    assert_ne!(things, THINGS);
    let spec = Spec::parse(&things).unwrap();
    contains(
        &types::generate_types(&spec).unwrap()[ROOT_AREA],
        &["/// Read `size` with [`Thing::measured_size`].", "pub(crate) size: Option<"],
    );
}

#[test]
fn unpaginated_response_with_a_next_page_is_a_warning() {
    const AT: &str = "#/paths/~1v1~1kinds~1{thing-kind}/get: the response ThingCollection has `";
    const ITEMS: &str =
        "          type: array\n          items:\n            $ref: '#/components/schemas/Thing'\n        links:\n";
    let warnings = |edits: &[(&str, &str)]| {
        let mut things = THINGS.to_owned();
        for (from, to) in edits {
            assert_eq!(things.matches(from).count(), 1, "{from:?} does not occur once");
            things = things.replace(from, to);
        }
        operations::pagination_warnings(&Spec::parse(&things).unwrap()).unwrap()
    };
    let [warning] = &warnings(&[])[..] else { panic!("{:#?}", warnings(&[])) };
    assert!(warning.starts_with(AT) && warning.contains("`continuationToken`"), "{warning}");
    let without_token = [
        ("        continuationToken:\n", "        remark:\n"),
        ("        continuation-token: continuationToken\n", ""),
    ];
    let [warning] = &warnings(&without_token)[..] else { panic!("{:#?}", warnings(&without_token)) };
    assert!(warning.starts_with(AT) && warning.contains("`links.next`"), "{warning}");
    // Any resource may have such links; without a list of objects it is not a page.
    let paging = THINGS.split_once("      x-pc-paging:\n").unwrap().1.split_once("      parameters:\n").unwrap().0;
    let without_list = [
        ("      required: [items]\n", ""),
        (ITEMS, "          type: string\n        links:\n"),
        without_token[0],
        (&*format!("      x-pc-paging:\n{paging}"), ""),
        ("        - $ref: '#/components/parameters/seekOperation'\n", ""),
        ("        - $ref: '#/components/parameters/MS-ContinuationToken'\n", ""),
    ];
    assert_eq!(warnings(&without_list), [""; 0]);
}

#[test]
fn page_fingerprint_uses_the_identifiers_of_items() {
    const ID: &str =
        "        id:\n          description: Its identifier.\n          type: string\n          format: uuid\n";
    const NUMBER: &str = "        id:\n          description: Its identifier.\n          type: number\n";
    for (from, to, expected) in [
        ("required: [name]", "required: [id, name]", "PageFingerprint::by_id(&page.items, |item| Some(&item.id))"),
        (ID, "", "PageFingerprint::of(&page.items)"),
        (ID, NUMBER, "PageFingerprint::of(&page.items)"),
    ] {
        let things = THINGS.replace(from, to);
        assert_ne!(things, THINGS);
        contains(&operations::generate_operations(&Spec::parse(&things).unwrap()).unwrap()[ROOT_AREA], &[expected]);
    }
}

/// Whether `code` contains each of the `parts`, whatever the white space. Of its methods, which are all inline, that is left out.
fn contains(code: &str, parts: &[&str]) {
    let code = &code.replace("#[inline]", "");
    let without_space = |text: &str| text.split_whitespace().collect::<String>();
    for part in parts {
        assert!(without_space(code).contains(&without_space(part)), "\n{part}\n\nis not in\n\n{code}");
    }
}

fn copy_with_crlf(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if is_temporary_file(&entry.file_name()) {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_with_crlf(&entry.path(), &to);
        } else {
            let bytes = fs::read(entry.path()).unwrap();
            let lines: Vec<_> =
                bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
            fs::write(to, lines.join(&b"\r\n"[..])).unwrap();
        }
    }
}

/// Returns the bundle of the specification `things`, which may refer to the file of a page.
fn bundled(things: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.json"), r#"{"items": [{"name": "a", "x-pc-data": 1.50}]}"#).unwrap();
    bundle::bundle_document(&Spec::parse(things).unwrap(), folder.path()).unwrap()
}

#[test]
fn bundle_has_inline_examples_and_no_own_extensions() {
    let from = "                $ref: '#/components/schemas/ThingCollection'\n          links:";
    let examples = "examples:\n                page: {summary: Page., externalValue: page.json}\n                \
                    new: {summary: New., externalValue: no.json, x-pc-unknown-fields: true}\n";
    let to = from.replace("          links:", &format!("              {examples}          links:"));
    let things = THINGS.replace(from, &to);
    assert_ne!(things, THINGS);
    let bundle = bundled(&things);
    contains(&bundle, &["examples: page: summary: Page. value: items: - name: a x-pc-data: 1.5 links: parts:"]);
    let document: serde_json::Value = yaml_serde::from_str(&bundle).unwrap();
    let schemas: Vec<_> = document["components"]["schemas"].as_object().unwrap().keys().collect();
    // The bundle lacks the schema of JSON in a string.
    assert!(
        !schemas.contains(&&"ThingFilter".to_owned()) && schemas.contains(&&"ThingChange".to_owned()),
        "{schemas:?}"
    );
    // A $ref with its own description is a $ref alone.
    let maker = &document["components"]["schemas"]["Thing"]["properties"]["maker"];
    assert_eq!(*maker, serde_json::json!({"$ref": "#/components/schemas/Origin"}));
    // A time without a zone is none for other tools.
    let times = bundled(&THINGS.replace(
        "          type: number\n          format: double",
        "          type: string\n          format: date-time",
    ));
    assert!(!times.contains("date-time"), "{times}");
    // In data, keys are not keywords.
    assert_eq!(bundle.matches("x-pc-").count(), 2, "{bundle}");
    assert!(!bundle.contains("externalValue") && bundle.contains("x-extensible-enum"), "{bundle}");
}

#[test]
fn strict_bundle_has_what_the_emulator_is_tested_against() {
    let folder = tempfile::tempdir().unwrap();
    let things = THINGS.replace(
        "          type: number\n          format: double",
        "          type: string\n          format: date-time",
    );
    // A key of data is not an extension.
    let things = things.replace("x-pc-data", "data");
    let strict = bundle::emulator_test_bundle_document(&Spec::parse(&things).unwrap(), folder.path()).unwrap();
    assert!(!strict.contains("x-extensible-enum") && !strict.contains("x-pc-"), "{strict}");
    contains(&strict, &["enum:", "pattern: ^([1-9][0-9]{3}|000[1-9])-"]);
}

#[test]
fn bundle_has_unions_and_spellings_as_other_tools_take_them() {
    let union = "    ThingFilter:\n      description: A filter.";
    let things = THINGS.replace(
        union,
        &format!(
            "    Finding:\n      description: A finding.\n      oneOf:\n        - $ref: '#/components/schemas/Limit'\n        - $ref: \
             '#/components/schemas/Term'\n      discriminator:\n        propertyName: type\n        mapping: {{L: \
             '#/components/schemas/Limit', T: '#/components/schemas/Term'}}\n    Limit:\n      description: A limit.\n      \
             type: object\n      properties:\n        type: {{description: A kind., type: string}}\n        value: \
             {{description: A number., type: integer, format: int32}}\n    Term:\n      description: A term.\n      type: \
             object\n      properties:\n        type: {{description: The kind., type: string}}\n        value: \
             {{description: A text., type: string}}\n        until: {{description: The end., type: string}}\n{union}"
        ),
    );
    let things = things.replace(
        "        hasABC:\n",
        "        finding: {$ref: '#/components/schemas/Finding'}\n        hasABC:\n          x-pc-spelling: [hasAbc]\n",
    );
    let document: serde_json::Value = yaml_serde::from_str(&bundled(&things)).unwrap();
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["Finding"],
        serde_json::json!({
            "description": "A finding.",
            "type": "object",
            "properties": {
                "type": {"description": "A kind.", "type": "string"},
                "value": {"description": "A number."},
                "until": {"description": "The end.", "type": "string"},
            },
        })
    );
    assert!(schemas.get("Limit").is_none(), "{schemas}");
    let properties = &schemas["Thing"]["properties"];
    assert_eq!(properties["hasAbc"], properties["hasABC"]);
}
