//! Error messages, and the output before an error.

use crate::{
    command::{CommandOutput, command, run, run_at},
    server::{page, serve_responses, serve_responses_with_headers, serve_responses_with_heads},
    snapshot::{assert_snapshot, transcript},
};
use std::time::{Duration, Instant};

/// The exit statuses.
const FAILED: i32 = 1;
const NOT_FOUND: i32 = 3;
const UNAUTHORIZED: i32 = 4;
const CONFLICT: i32 = 5;

/// Asserts the exit status and the three parts of the message.
fn assert_failed(ended: &CommandOutput, status: i32, what: &str, why: &str, remedy: &str) {
    let stderr = &ended.stderr;
    assert_eq!(ended.status, Some(status), "{stderr}");
    let parts: Vec<_> = stderr.lines().collect();
    let [error, because, advice] = parts[..] else { panic!("{stderr}") };
    assert!(error.starts_with("error: ") && error.contains(what), "{stderr}");
    assert!(because.starts_with("why: ") && because.contains(why), "{stderr}");
    assert!(advice.starts_with("try: ") && advice.contains(remedy), "{stderr}");
}

#[test]
fn unknown_customer_is_explained() {
    let id = "00000000-0000-4000-8000-000000000000";
    for transport in ["reqwest", "ureq"] {
        let ended = run(&["customers", "get", id, "--emulator", "--transport", transport]);
        assert_failed(&ended, NOT_FOUND, id, "404 Not Found, code", "customers list");
        assert!(ended.stderr.contains("request id") && ended.stdout.is_empty());
    }
}

#[test]
fn error_response_is_explained_by_its_status_and_code() {
    let mut transcripts = Vec::new();
    for (status, code, exit_status, remedy) in [
        (401, 400, UNAUTHORIZED, "PARTNER_CENTER_TOKEN"),
        (401, 900_420, UNAUTHORIZED, "audience"),
        (403, 1002, UNAUTHORIZED, "role"),
        (403, 20_002, UNAUTHORIZED, "relationship"),
        (403, 900_329, UNAUTHORIZED, "App+User"),
        (400, 900_118, NOT_FOUND, "check the ID"),
        (400, 2000, FAILED, "correct"),
        (429, 429, CONFLICT, "--max-attempts"),
        (500, 0, FAILED, "support"),
        (301, 0, FAILED, "--base-url"),
    ] {
        let fault = format!(r#"{{"code": {code}, "description": "a reason", "data": [], "source": "PartnerFD"}}"#);
        let (url, _requests) = serve_responses(vec![(status, fault)]);
        let list = ["customers", "list", "--max-attempts", "1"];
        let ended = run_at(&url, &list);
        assert_failed(&ended, exit_status, "could not be listed", &format!("code {code}: a reason"), remedy);
        transcripts.push(transcript(&list, &ended));
    }
    assert_snapshot("failures", &transcripts.join("\n"));
}

#[test]
fn conflict_has_a_status_of_its_own() {
    for (status, exit_status) in [(409, CONFLICT), (412, CONFLICT), (503, FAILED)] {
        let (url, _requests) = serve_responses(vec![(status, String::new())]);
        let ended = run_at(&url, &["customers", "list", "--max-attempts", "1"]);
        assert_failed(&ended, exit_status, "could not be listed", &status.to_string(), "");
    }
}

/// More attempts do not help against a wait above the limit, so they are not advised.
#[test]
fn long_wait_is_explained_with_the_option_that_helps() {
    for transport in ["reqwest", "ureq"] {
        for (wait, remedy) in [
            ("90", "--max-retry-after 90,"),
            ("86400", "--max-retry-after 86400,"),
            ("86401", "run it again in 86401 s; if that is not plausible"),
            ("99999999999999999999999", "if that is not plausible"),
        ] {
            let headers = format!("Retry-After: {wait}\r\n");
            let (url, requests) = serve_responses_with_headers(vec![(429, headers, String::new())]);
            let ended = run_at(&url, &["customers", "list", "--transport", transport]);
            assert_failed(&ended, CONFLICT, "could not be listed", "429", remedy);
            assert_eq!(requests.try_iter().count(), 1);
        }
    }
}

#[test]
fn error_body_with_success_status_is_explained() {
    for transport in ["reqwest", "ureq"] {
        let fault = r#"{"code": 400072, "description": "a reason", "data": [], "source": "PartnerFD"}"#;
        let (url, requests) = serve_responses(vec![(200, fault.to_owned())]);
        let ended = run_at(&url, &["customers", "list", "--transport", transport]);
        assert_failed(&ended, FAILED, "could not be listed", "200 OK, code 400072: a reason", "error codes");
        assert_eq!(requests.try_iter().count(), 1);
    }
}

#[test]
fn invalid_response_head_is_explained_and_not_retried() {
    for transport in ["reqwest", "ureq"] {
        let (url, requests) = serve_responses_with_headers(vec![(200, "Not a header\r\n".to_owned(), "{}".to_owned())]);
        let ended = run_at(&url, &["customers", "list", "--transport", transport]);
        assert_failed(
            &ended,
            FAILED,
            "could not be listed",
            "the head of the response is not valid HTTP",
            "the other --transport",
        );
        assert_eq!(requests.try_iter().count(), 1);
    }
}

#[test]
fn refused_connection_is_explained() {
    for transport in ["reqwest", "ureq"] {
        let ended =
            run_at("http://127.0.0.1:9", &["customers", "list", "--max-attempts", "1", "--transport", transport]);
        assert_failed(&ended, FAILED, "could not be listed", "refused", "address");
    }
}

#[test]
fn output_before_an_error_is_kept() {
    for transport in ["reqwest", "ureq"] {
        let list = |form| {
            let (url, _requests) =
                serve_responses(vec![(200, page(r#"{"tags":["a"]}, {"tags":["b"]}"#)), (404, String::new())]);
            let options = ["--output", form, "--error-format", "text", "--transport", transport];
            let ended = run_at(&url, &[&["customers", "list"], &options[..]].concat());
            assert_failed(&ended, NOT_FOUND, "ended early after 2 customers", "page 2", "");
            ended.stdout
        };
        assert_eq!(list("jsonl"), "{\"tags\":[\"a\"]}\n{\"tags\":[\"b\"]}\n");
        assert_eq!(list("json"), "[\n{\"tags\":[\"a\"]},\n{\"tags\":[\"b\"]}");
        assert_eq!(list("csv").lines().count(), 3);
    }
}

#[test]
fn output_is_empty_when_the_first_page_fails() {
    for form in ["table", "json", "jsonl", "csv"] {
        let (url, _requests) = serve_responses(vec![(404, String::new())]);
        assert_eq!(run_at(&url, &["customers", "list", "--output", form]).stdout, "");
    }
}

#[test]
fn timeout_and_deadline_are_explained() {
    for transport in ["reqwest", "ureq"] {
        let (url, _requests) = serve_responses(Vec::new());
        let list = ["customers", "list", "--transport", transport];
        let once = run_at(&url, &[&list[..], &["--timeout", "0.2", "--max-attempts", "1"]].concat());
        assert_failed(&once, FAILED, "could not be listed", "timed out", "--timeout");

        // The deadline is that of the command: the second page has the remaining time.
        let (url, _requests) = serve_responses(vec![(200, page("{}"))]);
        let started = Instant::now();
        let in_all = run_at(&url, &[&list[..], &["--deadline", "1", "--max-attempts", "100"]].concat());
        assert_failed(&in_all, FAILED, "ended early", "deadline", "--deadline");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn token_is_not_logged_at_any_level() {
    for transport in ["reqwest", "ureq"] {
        for responses in
            [vec![(200, page("{}")), (401, String::new())], vec![(503, String::new()), (404, String::new())]]
        {
            let (url, _requests) = serve_responses(responses);
            let arguments = ["customers", "list", "-vvvv", "--base-url", &url, "--transport", transport];
            let output = command(&arguments).env("PARTNER_CENTER_TOKEN", "not-for-your-eyes").output().unwrap();
            let ended = CommandOutput::from(output);
            assert!(ended.stderr.contains("attempt"), "{}", ended.stderr);
            assert!(!ended.stderr.contains("not-for-your-eyes") && !ended.stdout.contains("not-for-your-eyes"));
        }
    }
}

#[test]
fn advice_without_an_error_code_names_none() {
    for transport in ["reqwest", "ureq"] {
        for (status, exit_status, body, remedy) in [
            (403, UNAUTHORIZED, "", "the response has no error code"),
            (403, UNAUTHORIZED, "<html>Blocked</html>", "the response has no error code"),
            (403, UNAUTHORIZED, r#"{"code": 12345}"#, "the code above"),
            (400, FAILED, "", "--base-url"),
            (400, FAILED, r#"{"description": "The size is wrong."}"#, "correct what the service names above"),
        ] {
            let (url, _requests) = serve_responses(vec![(status, body.to_owned())]);
            let ended = run_at(&url, &["customers", "list", "--transport", transport]);
            assert_failed(&ended, exit_status, "could not be listed", &status.to_string(), remedy);
        }
    }
}

#[test]
fn not_found_names_the_address_and_the_id() {
    let id = "484e548c-f5f3-4528-93a9-c16c6373cb59";
    for transport in ["reqwest", "ureq"] {
        for (arguments, body, remedy) in [
            (&["customers", "list"][..], "", "check that the address"),
            (&["customers", "list"], r#"{"code": 1000}"#, "check that the address"),
            (&["customers", "get", id], "<html>Nothing here</html>", "check that the address"),
            (&["customers", "get", id], r#"{"code": 1000}"#, "check that the address"),
            (&["customers", "get", id], r#"{"code": 1000}"#, "and the ID: `partner-center customers list`"),
            (&["customers", "get", id], r#"{"code": 60003}"#, "check the ID: "),
        ] {
            let (url, _requests) = serve_responses(vec![(404, body.to_owned())]);
            let ended = run_at(&url, &[arguments, &["--transport", transport]].concat());
            assert_failed(&ended, NOT_FOUND, "could not be", "404", remedy);
        }
    }
}

#[test]
fn redirect_names_its_target() {
    for transport in ["reqwest", "ureq"] {
        let head = "302 Found\r\nLocation: https://login.example/sign-in?ticket=not-for-your-eyes".to_owned();
        let (url, _requests) = serve_responses_with_heads(vec![(head, String::new())]);
        let ended = run_at(&url, &["customers", "list", "--transport", transport]);
        assert_failed(
            &ended,
            FAILED,
            "could not be listed",
            "302 Found to https://login.example/sign-in",
            "--base-url",
        );
        assert!(!ended.stderr.contains("not-for-your-eyes"), "{}", ended.stderr);
    }
}

#[test]
fn continuation_that_is_too_long_is_explained() {
    for transport in ["reqwest", "ureq"] {
        let page = page("{}").replace("\"next\"}", &format!("\"{}\"}}", "n".repeat(17 << 10)));
        let (url, _requests) = serve_responses(vec![(200, page)]);
        let ended = run_at(&url, &["customers", "list", "--output", "jsonl", "--transport", transport]);
        assert_failed(&ended, FAILED, "ended early", "17408 bytes, which exceeds the 16384", "");
    }
}
