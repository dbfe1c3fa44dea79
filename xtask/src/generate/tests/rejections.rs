//! A specification with anything that is not understood is rejected, and the message names the place.

mod document;
mod operations;
mod schemas;

use super::THINGS;
use crate::{
    document::Spec,
    generate::{self, examples, types},
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

/// Words by which a message says what to write instead.
const ADVICE: &[&str] = &[
    "write ",
    "leave ",
    "make ",
    "give ",
    "name ",
    "name: ",
    "refer ",
    "describe ",
    "say ",
    "close ",
    "correct ",
    "indented ",
    "slash",
];

#[test]
fn mistake_in_the_specification_is_rejected_with_its_place() {
    generate(THINGS).unwrap();
    let mut failures = Vec::new();
    for (mistake, from, to, expected) in [document::CASES, operations::CASES, schemas::CASES].concat() {
        if THINGS.matches(from).count() != 1 {
            failures.push(format!("{mistake}: {from:?} does not occur once"));
            continue;
        }
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
        if !ADVICE.iter().any(|word| message.contains(word)) {
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
    examples.map(|examples| examples::generate_example_tests(&examples)).map_err(|error| format!("{error:#}"))
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
    let change_example = format!(
        "{change}          examples: {{empty: {{value: {{}}}}, full: {{summary: Full., externalValue: good.json}}}}\n"
    );
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
            r#"example!(good, ThingCollection, "../../spec/good.json");"#,
            r#"future_example!(new, ThingCollection, "../../spec/a-thing-from-the-future.response.json");"#,
            r#"example!(change_thing_body_full, ThingChange, "../../spec/good.json");"#,
            r#"list_example!(parts, Thing, "../../spec/good.json");"#,
            filter,
            error,
            r#"parameter_example!(change_thing_body_empty, ThingChange, r"{}");"#,
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
    let two = "lost: {summary: Lost., externalValue: lost.json}, bare: {externalValue: good.json}";
    let message = example_tests(&[page_with(two), error_in_file()]).unwrap_err();
    assert_eq!(message.lines().count(), 3, "{message}");
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
    generate::operations::generate_operations(&spec)?;
    Ok(())
}
