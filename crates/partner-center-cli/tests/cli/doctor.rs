//! `doctor`

use crate::{
    command::{DOCUMENTED, command, run, run_at},
    server::{last_page, serve_responses},
    snapshot::{assert_snapshot, transcript},
};
use serde_json::Value;
use std::{
    io::Write,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

const CUSTOMER: &str = r#"{"id": "484e548c-f5f3-4528-93a9-c16c6373cb59"}"#;

/// Returns the name and status of each check in JSON.
fn statuses(json: &str) -> Vec<(String, String)> {
    let checks: Vec<Value> = serde_json::from_str(json).unwrap();
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    checks.iter().map(|check| (text(check, "check"), text(check, "status"))).collect()
}

#[test]
fn emulator_passes_all_checks() {
    for transport in ["reqwest", "ureq"] {
        let arguments = ["doctor", "--emulator", "--transport", transport];
        let ended = run(&arguments);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        assert_snapshot("doctor_healthy", &transcript(&arguments[..2], &ended));
    }
}

#[test]
fn formats_have_the_same_content() {
    let expected = ["address", "connection", "tls", "token", "acceptance", "list", "get"]
        .map(|check| (check.to_owned(), if check == "tls" { "skipped" } else { "ok" }.to_owned()));
    let stdout = |form| {
        let ended = run(&["doctor", "--emulator", "--output", form]);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        ended.stdout
    };
    assert_eq!(statuses(&stdout("json")), expected);
    let lines = stdout("jsonl").lines().collect::<Vec<_>>().join(",");
    assert_eq!(statuses(&format!("[{lines}]")), expected);
    let csv = stdout("csv");
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    assert!(csv.headers().unwrap().iter().eq(["check", "status", "detail", "why", "try"]));
    let rows = csv.records().map(|row| row.map(|row| (row[0].to_owned(), row[1].to_owned())).unwrap());
    assert!(rows.eq(expected));
}

#[test]
fn failed_checks_are_explained() {
    let fault = |code| format!(r#"{{"code": {code}, "description": "a reason"}}"#);
    // The first response is for the check of the connection, which sends nothing.
    let nothing = (200, String::new());
    for (name, responses) in [
        ("unauthorized", vec![nothing.clone(), (401, fault(400))]),
        ("audience", vec![nothing.clone(), (401, fault(900_420))]),
        ("role", vec![nothing.clone(), (403, fault(1002))]),
        ("unavailable", vec![nothing.clone(), (503, String::new())]),
        ("no_customers", vec![nothing.clone(), (200, last_page(""))]),
        ("no_relationship", vec![nothing.clone(), (200, last_page(CUSTOMER)), (403, fault(20_002))]),
    ] {
        let ended = ["reqwest", "ureq"].map(|transport| {
            let (url, _requests) = serve_responses(responses.clone());
            let ended = run_at(&url, &["doctor", "--max-attempts", "1", "--transport", transport]);
            assert_eq!(ended.status, Some(i32::from(name != "no_customers")), "{}", ended.stderr);
            assert_snapshot(&format!("doctor_{name}"), &transcript(&["doctor"], &ended));
            ended
        });
        assert_eq!(ended[0].stderr, ended[1].stderr);
    }
}

#[test]
fn customer_that_is_named_is_checked() {
    for transport in ["reqwest", "ureq"] {
        for customer in [DOCUMENTED, "adatumlogistics0.onmicrosoft.com"] {
            let ended = run(&["doctor", "--emulator", "--customer", customer, "-o", "json", "--transport", transport]);
            assert_eq!(ended.status, Some(0), "{}", ended.stdout);
            let statuses = statuses(&ended.stdout);
            assert_eq!(statuses.len(), 9);
            assert_eq!(
                statuses[7..],
                [("relationship", "ok"), ("delegation", "ok")]
                    .map(|(name, status)| { (name.to_owned(), status.to_owned()) })
            );
        }
        let fault = |code| format!(r#"{{"code": {code}, "description": "a reason"}}"#);
        let first = [(200, String::new()), (200, last_page(CUSTOMER))];
        let customer = |relationship: &str, delegated: bool| {
            let id = "484e548c-f5f3-4528-93a9-c16c6373cb59";
            let access = format!(r#""relationshipToPartner": "{relationship}", "allowDelegatedAccess": {delegated}"#);
            (200, format!(r#"{{"id": "{id}", {access}}}"#))
        };
        for (responses, ends, said) in [
            (vec![(403, fault(20_002))], ["failed", "skipped", "skipped"], "customer 484e548c"),
            (vec![customer("none", false), (200, last_page(""))], ["ok", "failed", "ok"], "relationship-request get"),
            (
                vec![customer("reseller", false), (403, fault(1_002))],
                ["ok", "ok", "failed"],
                "The GDAP role Directory Reader",
            ),
        ] {
            let (url, _requests) = serve_responses([&first[..], &responses].concat());
            let id = ["--customer", "484e548c-f5f3-4528-93a9-c16c6373cb59", "--max-attempts", "1", "-o", "json"];
            let ended = run_at(&url, &[&["doctor", "--transport", transport], &id[..]].concat());
            let statuses: Vec<_> = statuses(&ended.stdout).into_iter().map(|(_, status)| status).collect();
            assert_eq!((ended.status, &statuses[6..]), (Some(1), &ends.map(str::to_owned)[..]), "{}", ended.stdout);
            assert!(ended.stdout.contains(said), "{}", ended.stdout);
        }
    }
    // A name is neither an ID nor a domain.
    assert_eq!(run(&["doctor", "--emulator", "--customer", "contoso"]).status, Some(2));
    let unknown = run(&["doctor", "--emulator", "--customer", "unknown.onmicrosoft.com"]);
    assert!(unknown.status == Some(1) && unknown.stdout.contains("no customer has the domain"), "{}", unknown.stdout);
}

#[test]
fn connection_is_checked_step_by_step() {
    // A label of a host name has at most 63 characters: this one fails without a DNS query.
    let unknown = format!("https://{}.example", "x".repeat(64));
    for (name, url) in [
        ("address", "http://example.com"),
        ("no_url", "example com"),
        ("name", &unknown),
        ("connection", "http://127.0.0.1:9"),
    ] {
        for transport in ["reqwest", "ureq"] {
            let ended = run_at(url, &["doctor", "--transport", transport]);
            assert_eq!(ended.status, Some(1), "{}", ended.stderr);
            assert_snapshot(&format!("doctor_{name}"), &transcript(&["doctor"], &ended));
        }
    }
}

#[test]
fn server_without_tls_is_distinguished_from_a_missing_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 \r\nContent-Length: 0\r\n\r\n");
        }
    });
    for transport in ["reqwest", "ureq"] {
        let options = ["--output", "json", "--error-format", "text", "--transport", transport];
        let ended = run_at(&url, &[&["doctor"], &options[..]].concat());
        let statuses: Vec<_> = statuses(&ended.stdout).into_iter().map(|(_, status)| status).collect();
        assert_eq!(statuses, ["ok", "ok", "failed", "ok", "skipped", "skipped", "skipped"], "{}", ended.stdout);
        assert!(ended.stdout.contains("certificate") && ended.stderr == "error: 1 of 7 checks failed\n");
    }
}

#[test]
fn proxy_is_checked_in_place_of_the_service() {
    for transport in ["reqwest", "ureq"] {
        let mut command = command(&["doctor", "--output", "json", "--transport", transport]);
        let output = command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("PARTNER_CENTER_TOKEN", "token").output();
        let stdout = String::from_utf8(output.unwrap().stdout).unwrap();
        let statuses: Vec<_> = statuses(&stdout).into_iter().map(|(_, status)| status).collect();
        assert_eq!(statuses, ["ok", "failed", "skipped", "ok", "skipped", "skipped", "skipped"], "{stdout}");
        assert!(stdout.contains("the proxy at 127.0.0.1, port 9 cannot be reached"), "{stdout}");
    }
    // But not for a host that is reached without it.
    let mut command = command(&["doctor", "--base-url", "https://127.0.0.1:9"]);
    let output = command.env("HTTPS_PROXY", "http://127.0.0.1:8").env("NO_PROXY", "127.0.0.1").output();
    let stdout = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(stdout.contains("127.0.0.1, port 9 cannot be reached"), "{stdout}");
}

#[test]
fn missing_token_is_found_without_a_connection() {
    let ended = run(&["doctor", "--base-url", "http://127.0.0.1:9"]);
    assert_eq!(ended.status, Some(1));
    assert_snapshot("doctor_token", &transcript(&["doctor"], &ended));
}

#[test]
fn token_is_not_shown() {
    for token in ["not-for-your-eyes", "not for your eyes"] {
        let (url, _requests) = serve_responses(vec![(200, String::new()), (401, String::new())]);
        let mut command = command(&["doctor", "--base-url", &url, "-vvvv"]);
        let output = command.env("PARTNER_CENTER_TOKEN", token).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(said.contains("failed") && !said.contains("eyes"), "{said}");
    }
}

#[test]
fn checks_respect_the_time_limits() {
    for limit in ["--timeout", "--deadline"] {
        let (url, _requests) = serve_responses(vec![(200, String::new())]);
        let started = Instant::now();
        let ended = run_at(&url, &["doctor", limit, "3", "--max-attempts", "1"]);
        assert_eq!(ended.status, Some(1));
        assert!(ended.stdout.contains("timed out"), "{}", ended.stdout);
        // Without the limit it takes as long as an attempt may by default.
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}
