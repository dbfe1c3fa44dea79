//! The shape of the output: formats, columns, order, headers; and errors for programs.

use crate::{
    command::{run, run_at, stdout},
    server::{last_page, serve_responses},
};
use serde_json::Value;

const CUSTOMERS: &str = r#"{"id": "b", "companyProfile": {"companyName": "=HYPERLINK(\"x\")\tA", "domain": "b.example"}, "credit": 12345678901234567890.10},
    {"id": "a", "companyProfile": {"companyName": "Zo\u00eb \ud83d\ude00", "domain": "a.example"}},
    {"id": "c", "companyProfile": {"companyName": "-2+3"}}"#;

/// Lists these customers with some options.
fn list(options: &[&str]) -> String {
    let (url, _requests) = serve_responses(vec![(200, last_page(CUSTOMERS))]);
    let ended = run_at(&url, &[&["customers", "list"], options].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    ended.stdout
}

#[test]
fn columns_are_those_of_every_format() {
    let columns = ["--columns", "id,companyProfile.domain,credit"];
    let with = |format: &str| list(&[&columns[..], &["--output", format]].concat());
    assert_eq!(
        with("jsonl").lines().next().unwrap(),
        r#"{"id":"b","companyProfile.domain":"b.example","credit":12345678901234567890.10}"#
    );
    let array: Value = serde_json::from_str(&with("json")).unwrap();
    assert_eq!((array[1]["companyProfile.domain"].as_str(), &array[2]["credit"]), (Some("a.example"), &Value::Null));
    assert_eq!(with("tsv"), "id\tdomain\tcredit\nb\tb.example\t12345678901234567890.10\na\ta.example\t\nc\t\t\n");
    assert!(with("csv").starts_with("id,domain,credit\nb,b.example,12345678901234567890.10\n"));
    assert!(
        with("yaml").starts_with(
            "- id: \"b\"\n  \"companyProfile.domain\": \"b.example\"\n  credit: 12345678901234567890.10\n"
        )
    );
    assert!(with("table").lines().next().unwrap().split_whitespace().eq(["ID", "DOMAIN", "CREDIT"]));
}

#[test]
fn yaml_has_everything_with_its_digits() {
    let yaml = list(&["--output", "yaml"]);
    assert!(yaml.contains("  credit: 12345678901234567890.10\n"), "{yaml}");
    assert!(yaml.contains("    companyName: \"Zoë 😀\"\n"), "{yaml}");
    assert_eq!(yaml.matches("\n- ").count(), 2);
    let (url, _requests) = serve_responses(vec![(200, last_page(""))]);
    assert_eq!(run_at(&url, &["customers", "list", "--output", "yaml"]).stdout, "[]\n");
}

#[test]
fn list_is_sorted_by_a_field() {
    let ids = |path: &str| {
        let sorted = list(&["--columns", "id", "--output", "csv", "--no-header", "--sort-by", path]);
        sorted.lines().map(str::to_owned).collect::<Vec<_>>().concat()
    };
    assert_eq!(ids("id"), "abc");
    assert_eq!(ids("-id"), "cba");
    assert_eq!(ids("companyProfile.domain"), "abc");
    assert_eq!(ids("-companyProfile.domain"), "bac", "absent values come last");
}

#[test]
fn csv_suits_a_spreadsheet_by_option() {
    let columns = ["--columns", "companyProfile.companyName", "--output", "csv"];
    let plain = list(&columns);
    assert!(plain.starts_with("company_name\n\"=HYPERLINK"), "{plain}");
    let escaped = list(&[&columns[..], &["--csv-bom", "--csv-escape-formulas"]].concat());
    assert!(escaped.starts_with("\u{feff}company_name\n\"'=HYPERLINK"), "{escaped}");
    assert!(escaped.ends_with("\n'-2+3\n"), "{escaped}");
}

#[test]
fn header_is_left_out_by_option() {
    let header = stdout(&["customers", "list", "--emulator", "--emulator-customers", "2"]);
    let without = stdout(&["customers", "list", "--emulator", "--emulator-customers", "2", "--no-header"]);
    assert_eq!((header.lines().count(), without.lines().count()), (3, 2));
}

#[test]
fn errors_are_json_for_programs() {
    let body = r#"{"code": 20002, "description": "No relationship."}"#;
    for (options, is_json) in [
        (&["--output", "json"][..], true),
        (&["-ojson"], true),
        (&["--error-format", "json"], true),
        (&["--output", "json", "--error-format", "text"], false),
        (&["--output", "jsonl"], false),
    ] {
        let (url, _requests) = serve_responses(vec![(403, body.to_owned())]);
        let id = "484e548c-f5f3-4528-93a9-c16c6373cb59";
        let ended = run_at(&url, &[&["customers", "get", id], options].concat());
        assert_eq!(ended.status, Some(4), "{}", ended.stderr);
        let Ok(error) = serde_json::from_str::<Value>(&ended.stderr) else {
            assert!(!is_json && ended.stderr.starts_with("error: "), "{options:?}: {}", ended.stderr);
            continue;
        };
        assert!(is_json, "{options:?}");
        let error = &error["error"];
        assert_eq!(
            (&error["exit_status"], &error["status"], &error["code"]),
            (&4.into(), &403.into(), &"20002".into())
        );
        assert_eq!((&error["reason"], &error["attempts"]), (&"NoRelationship".into(), &1.into()));
        assert!(error["message"].is_string() && error["advice"].is_string() && error["request_id"].is_string());
    }
    let usage = run(&["customers", "list", "--sise", "3", "--error-format", "json"]);
    let error: Value = serde_json::from_str(&usage.stderr).unwrap();
    assert_eq!((usage.status, &error["error"]["exit_status"]), (Some(2), &2.into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("--sise"), "{error}");
    let missing = run(&["customers", "list", "-o", "json"]);
    let error: Value = serde_json::from_str(&missing.stderr).unwrap();
    assert_eq!((missing.status, &error["error"]["message"]), (Some(2), &"no credentials are configured".into()));
}

#[test]
fn query_is_over_the_complete_output() {
    let query = |expression: &str, options: &[&str]| list(&[&["--query", expression], options].concat());
    assert_eq!(query("[?credit > `1`].id", &["--output", "json"]), "[\n\"b\"\n]\n");
    assert_eq!(query("length(@)", &["--output", "jsonl"]), "3\n");
    let renamed = query("[].{domain: companyProfile.domain, id: id}", &["--output", "csv", "--sort-by", "id"]);
    assert_eq!(renamed, "domain,id\na.example,a\nb.example,b\n,c\n");
    assert_eq!(query("[0].credit", &["--output", "yaml"]), "12345678901234567890.10\n");
    assert_eq!(query("[?id == 'x']", &["--output", "json"]), "[]\n");
    let invalid = run(&["customers", "list", "--emulator", "--query", "[?id == "]);
    assert!(
        invalid.status == Some(2) && invalid.stderr.contains("it is not a JMESPath expression"),
        "{}",
        invalid.stderr
    );
}
