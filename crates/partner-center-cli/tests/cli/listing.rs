//! `customers list`

use crate::{
    command::{DOCUMENTED, command, run, run_at, stdout},
    server::{last_page, page, serve_responses},
};
use serde_json::Value;
use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

fn ids(lines: &str) -> Vec<String> {
    let customers = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    customers.map(|customer| customer["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn first_command_shows_a_table() {
    let table = stdout(&["customers", "list", "--emulator"]);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 26);
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["ID", "COMPANY", "DOMAIN", "RELATIONSHIP"]);
    let column = lines[0].find("COMPANY").unwrap();
    assert!(
        lines[1].starts_with("a39715f8-c3f1-4c44-a74f-a31a62f51d69")
            && lines[1][column..].starts_with("A. Datum Logistics Corp.")
    );
    // Documented customers have placeholders for names. They come after the first 25 rows.
    assert!(!table.contains("companyName") && !table.contains("1kl as kjk"));
    let table = stdout(&["customers", "list", "--emulator", "--emulator-customers", "30"]);
    let last = table.lines().last().unwrap();
    assert!(last.starts_with(DOCUMENTED) && last.contains("1kl as kjk"));
    assert!(lines.iter().all(|line| line.trim_end() == *line));
}

#[test]
fn both_transports_print_the_same_bytes() {
    for size in [&["--page-size", "500"][..], &[]] {
        let emulator = ["customers", "list", "--emulator", "--emulator-customers", "2500"];
        for form in ["jsonl", "json", "csv", "table"] {
            let list =
                |transport| stdout(&[&emulator[..], size, &["--output", form, "--transport", transport]].concat());
            let (from_reqwest, from_ureq) = (list("reqwest"), list("ureq"));
            assert!(from_reqwest == from_ureq, "{form}, {size:?}");
            if form == "jsonl" {
                assert_eq!(ids(&from_reqwest).into_iter().collect::<HashSet<_>>().len(), 2500);
            }
        }
    }
}

#[test]
fn formats_agree() {
    let list = |form| stdout(&["customers", "list", "--emulator", "--emulator-customers", "1200", "--output", form]);
    let ids = ids(&list("jsonl"));
    assert_eq!(ids.len(), 1200);

    let array: Vec<Value> = serde_json::from_str(&list("json")).unwrap();
    assert!(array.iter().map(|customer| &customer["id"]).eq(&ids));

    let table = list("csv");
    let mut csv = csv::Reader::from_reader(table.as_bytes());
    // Fields that a list does not have are no columns.
    let header = "id,company_name,domain,relationship_to_partner";
    assert!(csv.headers().unwrap().iter().eq(header.split(',')));
    assert!(csv.records().map(|record| record.unwrap()[0].to_owned()).eq(ids.iter().cloned()));

    let table = list("table");
    assert!(table.lines().skip(1).map(|line| line.split(' ').next().unwrap()).eq(&ids));
}

#[test]
fn options_may_stand_before_the_command() {
    let before = stdout(&["--emulator", "--output", "jsonl", "--transport", "ureq", "customers", "list"]);
    assert_eq!(before, stdout(&["customers", "list", "--emulator", "--output", "jsonl"]));
}

#[test]
fn limit_is_respected_and_no_further_page_is_requested() {
    let list = |more: &[&str]| {
        let emulator = ["customers", "list", "--emulator", "--emulator-customers", "1200", "--output", "jsonl"];
        ids(&stdout(&[&emulator, more].concat()))
    };
    let all = list(&[]);
    for limit in [1, 2, 499, 500, 501, 1000, 1200, 5000] {
        assert_eq!(list(&["--limit", &limit.to_string()]), all[..limit.min(1200)], "{limit}");
    }
    assert_eq!(list(&["--limit", "25", "--page-size", "10"]), all[..25]);

    let (url, requests) = serve_responses(vec![(200, page("{}, {}"))]);
    assert_eq!(run_at(&url, &["customers", "list", "--limit", "2", "--output", "jsonl"]).stdout, "{}\n{}\n");
    assert!(requests.iter().next().unwrap().starts_with("GET /v1/customers?size=2 HTTP/1.1\n"));
    assert!(requests.try_recv().is_err());
}

#[test]
fn filters_pick_customers() {
    let list = |filter: &[&str]| {
        let emulator = ["customers", "list", "--emulator", "--emulator-customers", "1200", "--output", "jsonl"];
        stdout(&[&emulator, filter].concat())
    };
    assert_eq!(ids(&list(&["--domain", "ABCDEFGH1234"])), [DOCUMENTED]);
    assert_eq!(ids(&list(&["--company-name", "1kl as"])), [DOCUMENTED]);
    let through_reseller = ids(&list(&["--indirect-reseller", "484e548c-f5f3-4528-93a9-c16c6373cb59"]));
    for documented in ["53eb21cb-6b2d-4ee5-9e92-27dfc927e93c", "3dfe847b-cad9-4fc1-86d3-cf16c2790087"] {
        assert!(through_reseller.iter().any(|id| id == documented), "{documented}");
    }
    assert!((3..600).contains(&through_reseller.len()));
}

#[test]
fn empty_list_has_a_note() {
    let list = |form, more: &[&str]| {
        let arguments = ["customers", "list", "--emulator", "--company-name", "there is none", "--output", form];
        let ended = run(&[&arguments, more].concat());
        assert_eq!(ended.status, Some(0));
        (ended.stdout, ended.stderr)
    };
    let text = |stdout: &str, stderr: &str| (stdout.to_owned(), stderr.to_owned());
    assert_eq!(list("table", &[]), text("", "no customers\n"));
    assert_eq!(list("table", &["--quiet"]), text("", ""));
    assert_eq!(list("json", &[]), text("[]\n", ""));
    assert_eq!(list("jsonl", &[]), text("", ""));
    assert!(list("csv", &[]).0.starts_with("id,company_name,") && list("csv", &[]).0.lines().count() == 1);
}

#[test]
fn output_is_lossless() {
    let customers = r#"{"id":"no GUID","mood":"sunny","companyProfile":{"companyName":"a, \"b\"","domain":null}}"#;
    let list = |form| {
        let (url, _requests) = serve_responses(vec![(200, last_page(customers))]);
        run_at(&url, &["customers", "list", "--output", form]).stdout
    };
    let customer: Value = serde_json::from_str(&list("jsonl")).unwrap();
    let expected = r#"{"id":"no GUID","mood":"sunny","companyProfile":{"companyName":"a, \"b\""}}"#;
    assert_eq!(customer, serde_json::from_str::<Value>(expected).unwrap());
    assert_eq!(list("csv").lines().nth(1), Some(r#"no GUID,"a, ""b""",,"#));
    assert_eq!(list("table").lines().nth(1), Some(r#"no GUID  a, "b""#));
}

/// A name that was truncated within a surrogate pair, as .NET and JavaScript write it.
#[test]
fn half_a_surrogate_pair_ends_no_list_and_is_told() {
    const ID: &str = "484e548c-f5f3-4528-93a9-c16c6373cb59";
    let customers = format!(
        r#"{{"companyProfile": {{"companyName": "Bakery \ud83e"}}, "id": "{ID}"}}, {{"companyProfile": {{"companyName": "Next"}}}}"#
    );
    for transport in ["reqwest", "ureq"] {
        let list = |form, more: &[&str]| {
            let (url, _requests) = serve_responses(vec![(200, last_page(&customers))]);
            let arguments = ["customers", "list", "--transport", transport, "--output", form];
            let ended = run_at(&url, &[&arguments, more].concat());
            assert_eq!(ended.status, Some(0));
            (ended.stdout, ended.stderr)
        };
        let told = format!(
            "note: items[0].companyProfile.companyName of {ID}: half of a surrogate pair was replaced by U+FFFD\n"
        );
        let (jsonl, stderr) = list("jsonl", &[]);
        let names: Vec<_> = jsonl.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
        assert_eq!(names[0]["companyProfile"]["companyName"], "Bakery \u{fffd}");
        assert_eq!(names[1]["companyProfile"]["companyName"], "Next");
        assert_eq!(stderr, told);
        assert_eq!(list("table", &["--quiet"]).1, "");
        let warned = list("csv", &["-v"]).1;
        assert!(warned.contains("WARN") && warned.contains(&told), "{warned}");
    }
}

#[test]
fn digits_come_out_as_they_came() {
    let numbers = ["1.10", "1E2", "1180591620717411303424", "-0", "1e999"];
    let fields: Vec<_> = numbers.iter().enumerate().map(|(index, number)| format!(r#""n{index}":{number}"#)).collect();
    let fields = fields.join(",");
    let customer =
        format!(r#"{{"relationshipToPartner":1.0,"companyProfile":{{"domain":1.10,{fields}}},{fields},"z":true}}"#);
    // Documented fields come first, undocumented ones after them, in the order of the service.
    let written =
        format!(r#"{{"companyProfile":{{"domain":1.10,{fields}}},"relationshipToPartner":1.0,{fields},"z":true}}"#);
    let list = |form| {
        let (url, _requests) = serve_responses(vec![(200, last_page(&customer))]);
        run_at(&url, &["customers", "list", "--output", form]).stdout
    };
    assert_eq!(list("jsonl"), format!("{written}\n"));
    assert_eq!(list("json"), format!("[\n{written}\n]\n"));
    assert_eq!(list("csv").lines().nth(1), Some(",,1.10,1.0"));
    assert!(list("table").lines().nth(1).unwrap().split_whitespace().eq(["1.10", "1.0"]));
    let get = |form| {
        let (url, _requests) = serve_responses(vec![(200, customer.clone())]);
        run_at(&url, &["customers", "get", "484e548c-f5f3-4528-93a9-c16c6373cb59", "--output", form]).stdout
    };
    let (table, json) = (get("table"), get("json"));
    for (index, number) in numbers.iter().enumerate() {
        for name in [format!("n{index}"), format!("companyProfile.n{index}")] {
            assert!(table.lines().any(|line| line.split_whitespace().eq([name.as_str(), *number])), "{table}");
        }
        assert!(json.contains(&format!("  \"n{index}\": {number},\n")), "{json}");
    }
}

#[test]
fn table_escapes_control_characters() {
    let name = r"\u001b[31mred\u0007\n\u009b2J\u202eabc";
    let customers = format!(r#"{{"companyProfile": {{"companyName": "{name}"}}}}"#);
    let list = |form| {
        let (url, _requests) = serve_responses(vec![(200, last_page(&customers))]);
        run_at(&url, &["customers", "list", "--output", form]).stdout
    };
    assert_eq!(
        list("table").lines().nth(1).map(str::trim),
        Some("\u{fffd}[31mred\u{fffd}\u{fffd}\u{fffd}2J\u{fffd}abc")
    );
    // A program gets the unchanged value.
    let customer: Value = serde_json::from_str(&list("jsonl")).unwrap();
    assert_eq!(customer["companyProfile"]["companyName"], "\u{1b}[31mred\u{7}\n\u{9b}2J\u{202e}abc");
}

#[test]
fn closed_pipe_ends_the_command_silently() {
    for (transport, form) in [("reqwest", "jsonl"), ("ureq", "table")] {
        let emulator = ["customers", "list", "--emulator", "--emulator-customers", "5000"];
        let arguments = [&emulator[..], &["--output", form, "--transport", transport]].concat();
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
        assert!(line.ends_with('\n'));
    }
}
