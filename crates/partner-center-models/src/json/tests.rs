use super::{ReplacementKind, from_json};
use crate::{Customer, CustomerCollection, JsonValue, ListCustomers, PageAs};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

const ID: &str = "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c";

/// Returns the value of `json` and the replacements as strings.
fn read<T: DeserializeOwned>(json: &str) -> (T, Vec<String>) {
    let parsed = from_json(json).unwrap();
    (parsed.value, parsed.replacements.iter().map(ToString::to_string).collect())
}

fn name_of(name: &str) -> String {
    let (customer, _) = read::<Customer>(&format!(r#"{{"companyProfile": {{"companyName": "{name}"}}}}"#));
    customer.company_name().unwrap().to_owned()
}

#[test]
fn unpaired_surrogate_becomes_a_replacement_character() {
    for (name, expected) in [
        (r"Bakery \ud83e", "Bakery \u{fffd}"),
        (r"\uDD50 Bakery", "\u{fffd} Bakery"),
        (r"\ud83e\ud83e\udd50\udd50", "\u{fffd}🥐\u{fffd}"),
        (r"\ud83e\u0041\ud83ex", "\u{fffd}A\u{fffd}x"),
        (r"\ud83e\n\ud83e\\udd50", "\u{fffd}\n\u{fffd}\\udd50"),
        (r"\\ud83e \ud83e é", "\\ud83e \u{fffd} é"),
        (r"\ud83e\ud83", ""),
    ] {
        if expected.is_empty() {
            // An incomplete escape is not JSON.
            assert!(from_json::<Value>(&format!("\"{name}\"")).is_err(), "{name}");
        } else {
            assert_eq!(name_of(name), expected);
            assert_eq!(read::<String>(&format!("\"{name}\"")).0, expected);
        }
    }
}

#[test]
fn unpaired_surrogate_is_reported_with_its_path_and_the_customer() {
    let page = format!(
        r#"{{"new\ud83e": 1, "items": [{{}}, {{"companyProfile": {{"companyName": "\ud83e\ud83e", "x": ["\udd50"]}}, "id": "{ID}",
            "links": {{"new": 1}}}}, {{"id": "\u001b[2J", "mood\ud83e": 1}}]}}"#
    );
    let told = [
        "new\u{fffd}: half of a surrogate pair was replaced by U+FFFD".to_owned(),
        format!("items[1].companyProfile.companyName of {ID}: half of a surrogate pair was replaced by U+FFFD"),
        format!("items[1].companyProfile.x[0] of {ID}: half of a surrogate pair was replaced by U+FFFD"),
        "items[2].mood\u{fffd}: half of a surrogate pair was replaced by U+FFFD".to_owned(),
    ];
    let (typed, replacements) = read::<CustomerCollection>(&page);
    assert_eq!(replacements, told);
    assert_eq!(typed.items[1].company_name(), Some("\u{fffd}\u{fffd}"));
    assert_eq!(typed.unknown_fields.get("new\u{fffd}"), Some(&1.into()));
    let (_, replacements) = read::<PageAs<ListCustomers, Value>>(&page);
    assert_eq!(replacements, told);
    let (value, replacements) = read::<Value>(r#"["\ud83e"]"#);
    assert_eq!((value, replacements.len()), (json!(["\u{fffd}"]), 1));
    assert_eq!(read::<String>(r#""\ud83e""#).1, ["the value: half of a surrogate pair was replaced by U+FFFD"]);
}

#[test]
fn unpaired_surrogate_in_an_unknown_field_is_reported() {
    let (customer, replacements) = read::<Customer>(&format!(r#"{{"mood": {{"a\ud83e": "\ud83e"}}, "id": "{ID}"}}"#));
    assert_eq!(
        replacements,
        [
            format!("mood.a\u{fffd} of {ID}: half of a surrogate pair was replaced by U+FFFD"),
            format!("mood.a\u{fffd} of {ID}: half of a surrogate pair was replaced by U+FFFD"),
        ]
    );
    assert_eq!(customer.unknown_fields.get("mood").unwrap().json(), "{\"a\u{fffd}\":\"\u{fffd}\"}");
}

#[test]
fn reports_are_bounded() {
    let names = [r#""\ud83e""#; 1_000].join(",");
    assert_eq!(read::<Vec<String>>(&format!("[{names}]")).1.len(), 16);
    let long = format!(r#"{{"id": "{}", "{}": "\ud83e"}}"#, "x".repeat(1_000), "é".repeat(100_000));
    let replacements = from_json::<Value>(&long).unwrap().replacements;
    assert_eq!((replacements[0].id.as_ref(), replacements[0].path.chars().count()), (None, 257));
}

#[derive(Debug, PartialEq, Deserialize)]
struct Custom {
    id: String,
    size: Option<f64>,
    #[serde(default)]
    more: Value,
}

#[test]
fn custom_type_gets_replaced_values() {
    let of = |size, more| Custom { id: ID.to_owned(), size, more };
    let (value, told) = read::<Custom>(&format!(r#"{{"size": 1e999, "more": -1E+400, "id": "{ID}"}}"#));
    assert_eq!(value, of(Some(f64::MAX), json!(f64::MIN)));
    assert_eq!(
        told,
        ["size", "more"].map(|name| format!("{name} of {ID}: a number out of range was replaced by the maximum"))
    );
    let digits = "9".repeat(400);
    let (value, _) = read::<Custom>(&format!(r#"{{"size": {digits}, "id": "{ID}", "ignored": 1e999}}"#));
    assert_eq!(value, of(Some(f64::MAX), Value::Null));

    for (depth, is_deep) in [(126, false), (127, true), (100_000, true)] {
        let more = "[".repeat(depth) + &"]".repeat(depth);
        let (value, told) = read::<Custom>(&format!(r#"{{"more": {more}, "id": "{ID}"}}"#));
        assert!(value.more.is_array());
        let nested = format!("more{} of {ID}: a value nested too deeply was replaced by null", "[0]".repeat(126));
        assert_eq!(told.len(), usize::from(is_deep), "{depth}");
        assert!(told.iter().all(|told| nested.starts_with(&told[..100])), "{told:?}");
    }

    let (value, told) = read::<Custom>(&format!(r#"{{"id": "first", "size": 1, "id": "{ID}", "more": "\ud83e"}}"#));
    assert_eq!((value, told.len()), (of(Some(1.0), json!("\u{fffd}")), 1));
    let page = format!(r#"{{"items": [{{"id": "a", "id": "{ID}"}}]}}"#);
    assert_eq!(read::<PageAs<ListCustomers, Custom>>(&page).0.items, [of(None, Value::Null)]);
}

#[test]
fn byte_order_mark_is_skipped() {
    assert_eq!(read::<Value>("\u{feff}[1]").0, json!([1]));
    assert!(from_json::<Value>("\u{feff}\u{feff}[1]").is_err());
}

/// Numbers in the place of values of every other type.
#[test]
fn digits_are_kept_in_every_field() {
    let numbers = [
        "1.10",
        "1E2",
        "-0",
        "-0.0",
        "1180591620717411303424",
        "18446744073709551616",
        "1e999",
        "0.1e-400",
        "1.0",
        "100",
    ];
    for number in numbers {
        for place in [
            r#"{"tags":[],"new":#}"#,
            r#"{"tags":[],"new":{"b":[#,{"a":#}]}}"#,
            r#"{"id":#}"#,
            r#"{"companyProfile":#}"#,
            r#"{"companyProfile":{"companyName":#,"links":#}}"#,
            r#"{"relationshipToPartner":#}"#,
            r#"{"allowDelegatedAccess":#}"#,
            r#"{"tags":#}"#,
            r#"{"tags":["a",null,#,"b"]}"#,
            r#"{"links":#}"#,
            r#"{"links":{"self":{"body":#}}}"#,
            r#"{"links":{"self":{"uri":#}}}"#,
            r#"{"attributes":{"etag":#}}"#,
            r#"{"billingProfile":#}"#,
        ] {
            let json = place.replace('#', number);
            let (customer, told) = read::<Customer>(&json);
            assert_eq!(serde_json::to_string(&customer).unwrap(), json);
            assert_eq!(serde_json::to_vec(&customer).unwrap(), json.as_bytes());
            assert!(told.is_empty());
            let page = format!(r#"{{"items":[{json}]}}"#);
            assert_eq!(serde_json::to_string(&read::<CustomerCollection>(&page).0).unwrap(), page);
        }
        let page = format!(r#"{{"items":[],"totalCount":{number}}}"#);
        let (written, expected) = (serde_json::to_string(&read::<CustomerCollection>(&page).0).unwrap(), page);
        assert_eq!(serde_json::from_str::<Value>(&written).ok(), serde_json::from_str::<Value>(&expected).ok());
        assert!(written.contains(&format!(r#""totalCount":{number}"#)), "{written}");
    }
}

#[test]
fn digits_of_unknown_fields_are_kept_by_serde_json_alone() {
    let json = r#"{"tags":[],"a":1.10,"b":{"c":[1E2,1180591620717411303424]},"d":1e999,"e":-0}"#;
    let customer: Customer = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&customer).unwrap(), json);
    let customer: Customer = serde_json::from_reader(json.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&customer).unwrap(), json);
    let pretty = serde_json::to_string_pretty(&customer).unwrap();
    assert!(pretty.contains("\n    \"c\": [\n      1E2,\n      1180591620717411303424\n    ]\n"), "{pretty}");
}

#[test]
fn invalid_json_is_the_error_of_serde_json() {
    for json in ["", "[1", "{\"a\": \"\\ud83e\"", "[\"\\ud83e\", oops]", "<html>", "[\"\\ud83\"]", "[1e999", "]"] {
        let (error, expected) =
            (from_json::<Value>(json).unwrap_err(), serde_json::from_str::<Value>(json).unwrap_err());
        assert_eq!((error.line(), error.is_data()), (expected.line(), false), "{json}");
    }
    let error = from_json::<CustomerCollection>(r#"{"code": "\ud83e"}"#).unwrap_err();
    assert!(error.is_data(), "{error}");
    for open in ["[", "{\"a\":"] {
        assert!(from_json::<Value>(&open.repeat(100_000)).is_err());
    }
}

#[test]
fn nesting_of_unknown_fields_is_kept_at_any_depth() {
    let deep = format!(r#"{{"items":[{{"tags":[],"new":{}{}}}]}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let (page, told) = read::<CustomerCollection>(&deep);
    assert!(told.is_empty());
    assert_eq!(serde_json::to_string(&page).unwrap(), deep);
    assert_eq!(page, page.clone());
    // A `Value` cannot be as deep.
    assert!(serde_json::to_value(&page).is_ok());
}

#[test]
fn replacement_has_a_kind_and_a_path() {
    let parsed = from_json::<Vec<f64>>("[1, 1e999]").unwrap();
    assert_eq!((parsed.replacements[0].kind, &*parsed.replacements[0].path), (ReplacementKind::Number, "[1]"));
}

#[test]
fn json_value_is_compact_and_readable_by_pointer() {
    let value: JsonValue =
        serde_json::from_str(r#" { "a\/b" : [ 1.10 , "x\u002fy" , "\ud83e" ] , "c" : null } "#).unwrap();
    assert_eq!(value.json(), "{\"a/b\":[1.10,\"x/y\",\"\u{fffd}\"],\"c\":null}");
    assert_eq!(value.to_value()["a/b"][1], json!("x/y"));
    assert_eq!(value.to_value()["a/b"][0].as_f64(), Some(1.1));
    assert_eq!(value.pointer("/a~1b/1").unwrap().as_str().as_deref(), Some("x/y"));
    assert_eq!(value.pointer("/a~1b/0").unwrap().json(), "1.10");
    assert_eq!((value.pointer("/a~1b/x"), value.pointer("/d"), value.pointer("/c/0")), (None, None, None));
    assert_eq!(value.pointer("").as_ref(), Some(&value));
    assert_eq!(value.as_str(), None);
}

#[test]
fn json_values_are_equal_by_content() {
    let of = |json: &str| serde_json::from_str::<JsonValue>(json).unwrap();
    assert_eq!(of(r#"{"a": 1.10, "b": [{"c": 1, "d": 2}]}"#), of(r#"{"b":[{"d":2,"c":1}],"a":1.10}"#));
    for (one, other) in
        [("1.10", "1.1"), ("[1,2]", "[2,1]"), (r#"{"a":1}"#, r#"{"a":2}"#), ("1", "true"), ("[12]", "[1,2]")]
    {
        assert_ne!(of(one), of(other));
    }
    assert_eq!(JsonValue::from(json!({"a": [1, true, null, "x"]})), of(r#"{"a": [1, true, null, "x"]}"#));
    assert_eq!((JsonValue::from(7), JsonValue::from("a"), JsonValue::from(true)), (of("7"), of("\"a\""), of("true")));
}

#[test]
fn other_formats_get_the_nearest_number() {
    struct Shown(JsonValue);
    impl std::fmt::Display for Shown {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            serde::Serialize::serialize(&self.0, formatter)
        }
    }
    for (json, shown, value) in [
        ("1.10", "1.1", json!(1.1)),
        ("1E2", "100", json!(100.0)),
        ("18446744073709551615", "18446744073709551615", json!(u64::MAX)),
        ("-7", "-7", json!(-7)),
        ("1e999", "1e999", json!("1e999")),
        ("\"a\"", "a", json!("a")),
    ] {
        let number: JsonValue = serde_json::from_str(json).unwrap();
        assert_eq!(Shown(number.clone()).to_string(), shown);
        // With `serde_json/arbitrary_precision` a `Value` keeps the digits.
        let tree = serde_json::to_value(&number).unwrap();
        assert!(tree == value || tree.to_string().replace("e+", "E").eq_ignore_ascii_case(json), "{tree}");
    }
}
