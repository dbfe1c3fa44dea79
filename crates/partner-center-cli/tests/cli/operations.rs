//! Commands that are made of the specification: each operation is one.

use crate::{
    command::{CommandOutput, DOCUMENTED, command, run, run_at, stdout},
    judged_emulator::judged_emulator,
    server::{serve_responses, serve_responses_with_headers},
    snapshot::assert_snapshot,
};
use partner_center_spec::{OPERATIONS, Operation};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

/// An address without a listener: a request would fail with status 1.
const NOWHERE: &str = "http://127.0.0.1:9";

fn words(operation: &Operation) -> [&'static str; 2] {
    [operation.command.resource, operation.command.verb]
}

#[test]
fn every_operation_has_a_help() {
    for operation in OPERATIONS {
        let [resource, verb] = words(operation);
        let help = stdout(&[resource, verb, "--help"]);
        assert!(help.contains(&format!("Usage: partner-center {resource} {verb}")), "{help}");
        assert!(help.contains("Examples:\n  partner-center "), "{help}");
        assert!(help.contains(&format!("Request: {}", operation.method)), "{help}");
        assert_eq!(stdout(&["help", resource, verb]), help);
        let resource_help = stdout(&[resource, "--help"]);
        assert!(resource_help.contains(&format!("\n  {verb} ")), "{resource_help}");
        assert!(stdout(&["--help"]).contains(&format!("\n  {resource} ")));
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stdout(&["man", folder.path().to_str().unwrap()]), "");
    for operation in OPERATIONS {
        let [resource, verb] = words(operation);
        let page = fs::read_to_string(folder.path().join(format!("partner-center-{resource}-{verb}.1"))).unwrap();
        assert!(page.contains(".SH OPTIONS") && page.contains("partner\\-center"), "{page}");
    }
    assert_eq!(run(&["man", folder.path().join("nowhere").to_str().unwrap()]).status, Some(2));
}

#[test]
fn missing_argument_is_a_usage_error() {
    for operation in OPERATIONS {
        let is_required =
            |parameter: &&partner_center_spec::Parameter| parameter.is_required && parameter.default.is_none();
        let [resource, verb] = words(operation);
        let ended = run_at(NOWHERE, &[resource, verb]);
        if let Some(parameter) = operation.parameters.iter().find(is_required) {
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{resource} {verb}: {}", ended.stderr);
            let is_named = ended.stderr.contains(&format!("--{}", parameter.flag)) || ended.stderr.contains('<');
            assert!(is_named, "{resource} {verb}: {}", ended.stderr);
        }
    }
}

/// The examples of the help texts, with a shell of their own and an empty folder.
#[cfg(unix)]
#[test]
fn examples_run_against_the_emulator() {
    use std::process::Command;

    for operation in OPERATIONS {
        let [resource, verb] = words(operation);
        let help = stdout(&[resource, verb, "-h"]);
        let (_, examples) = help.split_once("Examples:\n").unwrap();
        // Long lines are wrapped.
        let lines = examples.replace("  partner-center ", "\"$PARTNER_CENTER_COMMAND\" ");
        let script = lines.replace("\n  ", " ");
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", &script]).current_dir(&folder).env("HOME", folder.path());
        for name in crate::command::UNSET {
            shell.env_remove(name);
        }
        let output = shell.env("PARTNER_CENTER_COMMAND", env!("CARGO_BIN_EXE_partner-center")).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{resource} {verb}:\n{script}\n{stderr}");
    }
}

/// Returns a complete command line of the operation, with the path of its request. The body is in `folder`.
fn complete_command(operation: &Operation, folder: &Path) -> (Vec<String>, String) {
    let [resource, verb] = words(operation);
    let mut arguments = vec![resource.to_owned(), verb.to_owned()];
    let mut path = operation.path.to_owned();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.is_required) {
        let value = parameter.example.unwrap();
        path = path.replace(&format!("{{{}}}", parameter.name), &value.replace(':', "%3A").replace(' ', "%20"));
        if parameter.is_positional {
            arguments.push(value.to_owned());
        } else {
            arguments.push(format!("--{}={value}", parameter.flag));
        }
    }
    if operation.body.is_some_and(|body| body.is_required) {
        let file = folder.join("body.json");
        fs::write(&file, stdout(&[resource, verb, "--example-body"])).unwrap();
        // The files of a form are in the examples.
        let help = stdout(&[resource, verb, "--help"]);
        let typed: Vec<_> = help.split_once("Examples:").unwrap().1.split_whitespace().collect();
        for pair in
            typed.windows(2).filter(|pair| pair[1] == "body.json" && pair[0].starts_with("--") && pair[0] != "--body")
        {
            arguments.push(format!("{}={}", pair[0], file.display()));
        }
        arguments.extend(["--body".to_owned(), file.to_str().unwrap().to_owned()]);
    }
    (arguments, path)
}

fn run_all(url: &str, arguments: &[String], more: &[&str]) -> CommandOutput {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    run_at(url, &arguments)
}

#[test]
fn dry_run_prints_the_request() {
    for operation in OPERATIONS {
        let folder = tempfile::tempdir().unwrap();
        let (arguments, path) = complete_command(operation, folder.path());
        let ended = run_all("https://api.example", &arguments, &["--dry-run", "--quiet"]);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        let target = ended.stdout.lines().next().unwrap();
        assert!(target.starts_with(&format!("{} https://api.example{path}", operation.method)), "{target}");
        let has_body = arguments.contains(&"--body".to_owned());
        assert_eq!(ended.stdout.contains("Content-Type: "), has_body, "{}", ended.stdout);
        assert!(!ended.stdout.to_lowercase().contains("authorization"), "{}", ended.stdout);
    }
}

#[test]
fn destructive_operation_must_be_confirmed() {
    let ended = run_at(NOWHERE, &["api", "DELETE", "/v1/customers/1"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("--yes"), "{}", ended.stderr);
    for operation in OPERATIONS.iter().filter(|operation| operation.is_destructive) {
        let folder = tempfile::tempdir().unwrap();
        let (arguments, _) = complete_command(operation, folder.path());
        let ended = run_all(NOWHERE, &arguments, &[]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("must be confirmed") && ended.stderr.contains("--yes"), "{}", ended.stderr);
        let sent = run_all(NOWHERE, &arguments, &["--yes", "--max-attempts", "1"]);
        assert_eq!(sent.status, Some(1), "{}", sent.stderr);
    }
}

#[test]
fn columns_are_chosen() {
    let list = |options: &[&str]| run(&[&["customers", "list", "--emulator", "--limit", "1"], options].concat());
    let csv = list(&["--output", "csv", "--columns", "relationshipToPartner,companyProfile.companyName"]);
    assert_eq!(csv.stdout.lines().next(), Some("relationship_to_partner,company_name"));
    assert_eq!(csv.stdout.lines().nth(1), Some("reseller,A. Datum Logistics Corp."));
    let table = list(&["--columns", "companyProfile.domain"]);
    assert_eq!(table.stdout, "DOMAIN\nadatumlogistics0.onmicrosoft.com\n");
    assert_eq!(table.stderr, "");
    let unknown = list(&["--columns", "companyProfile.domian"]);
    assert_eq!(unknown.status, Some(0));
    assert!(unknown.stderr.contains("`companyProfile.domian` is not documented"), "{}", unknown.stderr);
}

#[test]
fn api_sends_any_request() {
    let page = stdout(&["api", "get", "customers", "--query", "size=100", "--emulator"]);
    let page: Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 25);
    // A page is not the list.
    let page = run(&["api", "GET", "customers", "--query", "size=2", "--emulator"]);
    assert_eq!((page.status, page.stdout.as_str()), (Some(1), ""), "{}", page.stderr);
    assert!(page.stderr.contains("one page of a longer list") && page.stderr.contains("--paginate"), "{}", page.stderr);
    for path in ["customers", "/v1/customers?size=10"] {
        let ids = |lines: String| {
            let items = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            items.map(|item| item["id"].clone()).collect::<Vec<_>>()
        };
        let lines = ids(stdout(&["api", "GET", path, "--paginate", "--output", "jsonl", "--emulator"]));
        assert_eq!(lines, ids(stdout(&["customers", "list", "--output", "jsonl", "--emulator"])));
        let array = stdout(&["api", "GET", path, "--paginate", "--emulator"]);
        assert_eq!(serde_json::from_str::<Vec<Value>>(&array).unwrap().len(), lines.len());
    }
    let missing = run(&["api", "GET", "customers/00000000-0000-4000-8000-000000000000", "--emulator"]);
    assert_eq!((missing.status, missing.stdout.as_str()), (Some(3), ""), "{}", missing.stderr);
    assert!(missing.stderr.starts_with("error: GET /v1/customers/0"), "{}", missing.stderr);
}

#[test]
fn api_sends_the_token_to_the_service_only() {
    for url in ["https://api.example/v1/customers", "http://127.0.0.1:99/v1/customers", "//api.example/v1/customers"] {
        let ended = run_at(NOWHERE, &["api", "GET", url]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{url}: {}", ended.stderr);
        assert!(ended.stderr.contains("the token is sent to http://127.0.0.1:9 only"), "{}", ended.stderr);
    }
    for header in ["Authorization: Bearer x", "MS-RequestId: 1", "Content-Length: 1", "no header"] {
        let ended = run_at(NOWHERE, &["api", "GET", "customers", "--header", header]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{header}: {}", ended.stderr);
    }
}

#[test]
fn api_reads_a_body() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body.json");
    fs::write(&file, "\u{feff}{\"n\": 1.10}").unwrap();
    let file = file.to_str().unwrap();
    let arguments =
        ["api", "PUT", "customers/1", "--body", file, "--header", "If-Match: \"1\"", "--dry-run", "--quiet"];
    let ended = run_at("https://api.example", &arguments);
    assert_eq!(
        ended.stdout,
        "PUT https://api.example/v1/customers/1\nIf-Match: \"1\"\nContent-Type: application/json\n\n{\n  \"n\": 1.10\n}\n",
        "{}",
        ended.stderr
    );
    fs::write(file, "{").unwrap();
    let ended = run_at("https://api.example", &arguments);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("is not JSON"), "{}", ended.stderr);
}

#[test]
fn help_of_resources_and_api_teaches() {
    assert_snapshot("help_api", &stdout(&["api", "--help"]));
    let mut alone = command(&["api"]);
    assert_eq!(alone.output().unwrap().status.code(), Some(2));
}

/// The life of a customer, as an administrator's script has it.
#[test]
fn customer_is_created_changed_and_deleted() {
    const DOMAIN: &str = "fabrikamflorist77.onmicrosoft.com";
    let server = judged_emulator().token("token").build().serve("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for transport in ["reqwest", "ureq"] {
        let run = |arguments: &[&str]| run_at(&server.url(), &[arguments, &["--transport", transport]].concat());
        let stdout = |arguments: &[&str]| {
            let ended = run(arguments);
            assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
            ended.stdout
        };
        let json = |arguments: &[&str]| {
            serde_json::from_str::<Value>(&stdout(&[arguments, &["--output", "json"]].concat())).unwrap()
        };
        assert_eq!(stdout(&["domains", "check", DOMAIN]), "false\n");
        let body = file("customer.json", &stdout(&["customers", "create", "--example-body"]));
        let domain = format!("companyProfile.domain={DOMAIN}");
        let created = json(&["customers", "create", "--body", &body, "--set", &domain, "--show-password"]);
        let id = created["id"].as_str().unwrap();
        assert_eq!(stdout(&["domains", "check", DOMAIN]), "true\n");
        let listed = stdout(&["customers", "list", "--domain", DOMAIN, "--output", "csv"]);
        assert!(listed.lines().count() == 2 && listed.contains(id), "{listed}");

        let profile = stdout(&["billing-profile", "get", "--customer", id, "--output", "json"]);
        let etag = serde_json::from_str::<Value>(&profile).unwrap()["attributes"]["etag"].as_str().unwrap().to_owned();
        let profile = file("profile.json", &profile);
        let update = |email: &str| {
            let email = format!("--email={email}");
            let if_match = format!("--if-match={etag}");
            run(&["billing-profile", "update", "--customer", id, "--body", &profile, &email, &if_match])
        };
        let updated = update("new@fabrikamflorist.example");
        assert_eq!((updated.status, updated.stderr.as_str()), (Some(0), ""));
        assert!(updated.stdout.contains("new@fabrikamflorist.example"), "{}", updated.stdout);
        let stale = update("newer@fabrikamflorist.example");
        assert_eq!((stale.status, stale.stdout.as_str()), (Some(5), ""), "{}", stale.stderr);
        assert!(stale.stderr.contains("get it again"), "{}", stale.stderr);
        let current = stdout(&["billing-profile", "get", "--customer", id, "--output", "json"]);
        assert!(current.contains("new@fabrikamflorist.example"), "{current}");
        // Without the option, the etag is that of the file.
        let current = file("current.json", &current);
        let update = ["billing-profile", "update", "--customer", id, "--body", &current, "--set"];
        let updated = run(&[&update[..], &["email=newest@fabrikamflorist.example"]].concat());
        assert_eq!((updated.status, updated.stderr.as_str()), (Some(0), ""));
        assert_eq!(run(&[&update[..], &["email=stale@fabrikamflorist.example"]].concat()).status, Some(5));
        let profile = json(&["billing-profile", "get", "--customer", id]);
        assert_eq!(profile["email"], "newest@fabrikamflorist.example");

        assert_eq!(stdout(&["customers", "delete", id, "--yes"]), "");
        assert_eq!(run(&["customers", "get", id]).status, Some(3));
    }
}

#[test]
fn update_by_flags_reads_the_resource_and_sends_all_of_it() {
    let start = UNIX_EPOCH + Duration::from_secs(1_780_304_400);
    let emulator = judged_emulator().customers(30).token("token").start_time(start).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let run = |more: &[&str]| {
        let id = "9e3258d1-19e2-4b05-bb0b-ffad62f208b8";
        let update = ["subscriptions", "update", id, "--customer", DOCUMENTED];
        run_at(&server.url(), &[&update[..], more].concat())
    };
    let unconfirmed = run(&["--quantity", "25"]);
    assert_eq!((unconfirmed.status, unconfirmed.stdout.as_str()), (Some(2), ""), "{}", unconfirmed.stderr);
    assert!(unconfirmed.stderr.contains("quantity: 12 -> 25\n"), "{}", unconfirmed.stderr);
    assert!(unconfirmed.stderr.contains("--yes"), "{}", unconfirmed.stderr);
    let methods = || emulator.requests().iter().map(|request| request.method().to_string()).collect::<Vec<_>>();
    assert_eq!(methods(), ["GET"]);

    let updated = run(&["--quantity", "25", "--yes", "--output", "json"]);
    assert_eq!((updated.status, updated.stderr.as_str()), (Some(0), "quantity: 12 -> 25\n"));
    let subscription: Value = serde_json::from_str(&updated.stdout).unwrap();
    assert_eq!(subscription["quantity"], 25);
    assert_eq!(subscription["autoRenewEnabled"], true, "what is not changed is sent back");
    assert_eq!(methods(), ["GET", "GET", "PATCH"]);

    let unchanged = run(&["--quantity", "25", "--yes"]);
    assert_eq!((unchanged.status, unchanged.stdout.as_str()), (Some(0), ""));
    assert!(unchanged.stderr.contains("nothing was sent"), "{}", unchanged.stderr);
    let planned = run(&["--quantity", "26", "--dry-run"]);
    assert!(planned.stdout.contains("\"quantity\": 26"), "{}", planned.stdout);
    assert!(planned.stderr.starts_with("quantity: 25 -> 26\nnote: nothing was sent"), "{}", planned.stderr);
    assert_eq!(methods(), ["GET", "GET", "PATCH", "GET", "GET"]);
}

#[test]
fn body_is_checked_before_it_is_sent() {
    let create = |arguments: &[&str]| run_at(NOWHERE, &[&["customers", "create"], arguments].concat());
    for (arguments, said) in [
        (&[][..], "`customers create` needs a body"),
        (&["--set", "companyProfile.domian=x"], "write `domain`"),
        (&["--set", "companyProfile.domain.x=x"], "has no fields"),
        (&["--set", "companyProfile=x"], "it must be JSON"),
        (&["--set", "allowDelegatedAccess=perhaps"], "it must be true or false"),
        (&["--allow-delegated-access", "perhaps"], "invalid value 'perhaps'"),
        (&["--set", "=x"], "the path of a field"),
        (&["--body", "/nowhere/at/all.json"], "cannot be read"),
    ] {
        let ended = create(arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{arguments:?}: {}", ended.stderr);
    }
    // What the specification does not know is not an error: an enum may have new values.
    let folder = tempfile::tempdir().unwrap();
    let body = folder.path().join("customer.json");
    fs::write(&body, stdout(&["customers", "create", "--example-body"])).unwrap();
    let body = ["--body", body.to_str().unwrap(), "--dry-run", "--quiet"];
    let ended = create(&[&body[..], &["--relationship-to-partner", "Friend"]].concat());
    assert!(ended.status == Some(0) && ended.stdout.contains("\"Friend\""), "{ended:?}");
    // A known one is sent in its own spelling.
    let ended = create(&[&body[..], &["--relationship-to-partner", "RESELLER"]].concat());
    assert!(ended.status == Some(0) && ended.stdout.contains("\"reseller\""), "{ended:?}");
}

/// Serves one connection: reads the request, sends `response` as it is, and closes the connection.
fn serve_raw(response: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let _ = stream.write_all(response.as_bytes());
        }
    });
    url
}

#[test]
fn change_without_a_response_may_have_been_made() {
    const MAY_BE_DONE: &str = "the service may have done it all the same: look";
    let folder = tempfile::tempdir().unwrap();
    let body = folder.path().join("customer.json");
    fs::write(&body, stdout(&["customers", "create", "--example-body"])).unwrap();
    let body = body.to_str().unwrap();
    for transport in ["reqwest", "ureq"] {
        let once = ["--max-attempts", "1", "--timeout", "1", "--transport", transport];
        for arguments in [&["customers", "create", "--body", body][..], &["api", "POST", "customers", "--body", body]] {
            let arguments = [arguments, &once].concat();
            let (silent, _requests) = serve_responses(Vec::new());
            let (unavailable, _requests) = serve_responses(vec![(503, String::new())]);
            let (invalid, _requests) = serve_responses(vec![(200, "<html>".to_owned())]);
            let truncated = serve_raw("HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{");
            let mut urls = vec![silent, unavailable, truncated];
            // `api` prints every body.
            urls.extend(Some(invalid).filter(|_| arguments[0] != "api"));
            for url in urls {
                let ended = run_at(&url, &arguments);
                assert!(ended.status == Some(1) && ended.stderr.contains(MAY_BE_DONE), "{arguments:?} {ended:?}");
            }
            let (rejecting, _requests) = serve_responses(vec![(400, r#"{"code": 2000}"#.to_owned())]);
            for url in [NOWHERE, &rejecting] {
                let ended = run_at(url, &arguments);
                assert!(ended.status == Some(1) && !ended.stderr.contains(MAY_BE_DONE), "{arguments:?} {ended:?}");
            }
        }
        let (unavailable, _requests) = serve_responses(vec![(503, String::new())]);
        let read =
            run_at(&unavailable, &[&["customers", "get", "484e548c-f5f3-4528-93a9-c16c6373cb59"], &once[..]].concat());
        assert!(read.status == Some(1) && !read.stderr.contains(MAY_BE_DONE), "{read:?}");
    }
}

#[test]
fn paginate_is_for_lists_that_are_read() {
    let (url, requests) = serve_responses(vec![(200, r#"{"id": "1"}"#.to_owned())]);
    let posted = run_at(&url, &["api", "POST", "customers", "--paginate"]);
    assert_eq!((posted.status, posted.stdout.as_str()), (Some(2), ""), "{}", posted.stderr);
    assert!(posted.stderr.contains("leave out --paginate"), "{}", posted.stderr);
    assert_eq!(requests.try_iter().count(), 0);
    let not_list = run_at(&url, &["api", "GET", "customers/1", "--paginate"]);
    assert_eq!((not_list.status, not_list.stdout.as_str()), (Some(1), ""), "{}", not_list.stderr);
    assert!(not_list.stderr.contains("not a list: leave out --paginate"), "{}", not_list.stderr);
    assert!(!not_list.stderr.contains("proxy"), "{}", not_list.stderr);
}

#[test]
fn etag_is_that_of_the_body_unless_it_is_given() {
    const ID: &str = "484e548c-f5f3-4528-93a9-c16c6373cb59";
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, json: &str| {
        let path = folder.path().join(name);
        fs::write(&path, json).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let mut profile: Value = serde_json::from_str(&stdout(&["billing-profile", "update", "--example-body"])).unwrap();
    profile["attributes"]["etag"] = "a1".into();
    let with_etag = file("profile.json", &profile.to_string());
    profile["attributes"] = serde_json::json!({"objectType": "CustomerBillingProfile"});
    let without_etag = file("without.json", &profile.to_string());
    let update = |more: &[&str]| {
        run_at(NOWHERE, &[&["billing-profile", "update", "--customer", ID, "--dry-run", "--quiet"], more].concat())
    };
    let taken = update(&["--body", &with_etag]);
    assert!(taken.status == Some(0) && taken.stdout.contains("\nIf-Match: \"a1\"\n"), "{taken:?}");
    let given = update(&["--body", &with_etag, "--if-match", "b2"]);
    assert!(given.status == Some(0) && given.stdout.contains("\nIf-Match: \"b2\"\n"), "{given:?}");
    let missing = update(&["--body", &without_etag]);
    assert!(missing.status == Some(2) && missing.stderr.contains("--if-match"), "{missing:?}");
    // What flags change is read, with its etag.
    let read = update(&["--email", "billing@contoso.example", "--max-attempts", "1"]);
    assert!(read.status == Some(1) && read.stderr.contains("changes could not be read"), "{read:?}");
    // A line end would begin another header.
    for etag in ["a\r\nX-Other: 1", "a\nb"] {
        let invalid = update(&["--body", &with_etag, "--if-match", etag]);
        assert_eq!((invalid.status, invalid.stdout.as_str()), (Some(2), ""), "{}", invalid.stderr);
    }
}

#[test]
fn body_of_a_file_has_the_documented_types() {
    let folder = tempfile::tempdir().unwrap();
    let body = folder.path().join("customer.json");
    let path = body.to_str().unwrap();
    let mut customer: Value = serde_json::from_str(&stdout(&["customers", "create", "--example-body"])).unwrap();
    let create = |customer: &Value| {
        fs::write(&body, customer.to_string()).unwrap();
        run_at(NOWHERE, &["customers", "create", "--body", path, "--dry-run"])
    };
    customer["companyProfile"]["domian"] = "x".into();
    let unknown = create(&customer);
    assert!(unknown.status == Some(0) && unknown.stdout.contains("domian"), "{unknown:?}");
    assert!(unknown.stderr.contains("`companyProfile.domian` of the body is not documented"), "{unknown:?}");
    customer["allowDelegatedAccess"] = "yes".into();
    customer["companyProfile"]["domain"] = 7.into();
    customer["billingProfile"] = serde_json::json!([]);
    let wrong = create(&customer);
    assert_eq!((wrong.status, wrong.stdout.as_str()), (Some(2), ""), "{}", wrong.stderr);
    for said in [
        "`allowDelegatedAccess` must be true or false",
        "`companyProfile.domain` must be a string",
        "`billingProfile` must be an object",
    ] {
        assert!(wrong.stderr.contains(said), "{}", wrong.stderr);
    }
}

#[test]
fn body_that_is_nested_too_deeply_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let body = folder.path().join("deep.json");
    let path = body.to_str().unwrap();
    for (depth, status) in [(127, 0), (128, 2), (100_000, 2)] {
        fs::write(&body, format!("{}{}", "[".repeat(depth), "]".repeat(depth))).unwrap();
        let ended = run_at(NOWHERE, &["api", "POST", "customers", "--body", path, "--dry-run", "--quiet"]);
        assert_eq!(ended.status, Some(status), "{}", ended.stderr);
        assert_eq!(ended.stderr.contains("deeper than 127"), status == 2, "{}", ended.stderr);
    }
}

#[test]
fn dry_run_shows_the_address_as_it_is_sent() {
    let ended = run_at("https://api.example", &["api", "GET", "customers?filter={\"a\": 1}", "--dry-run", "--quiet"]);
    assert_eq!(ended.stdout, "GET https://api.example/v1/customers?filter=%7B%22a%22:%201%7D\n");
}

#[test]
fn rejected_deletion_is_a_sentence() {
    let ended = run_at(NOWHERE, &["customers", "delete", "484e548c-f5f3-4528-93a9-c16c6373cb59"]);
    let said = "this must be confirmed: DELETE /v1/customers/484e548c-f5f3-4528-93a9-c16c6373cb59 deletes a customer";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}

#[test]
fn example_of_an_upload_has_its_files() {
    let help = stdout(&["order-attachments", "upload", "-h"]);
    assert!(help.split_once("Examples:").unwrap().1.contains("--po-files"), "{help}");
}

#[test]
fn accepted_request_is_not_called_done() {
    let operation = OPERATIONS.iter().find(|operation| {
        let is_accepted = |response: &partner_center_spec::Response| {
            response.status == 202 && response.outcome == partner_center_spec::Outcome::Accepted
        };
        operation.responses.iter().any(is_accepted)
    });
    let folder = tempfile::tempdir().unwrap();
    let (arguments, _) = complete_command(operation.unwrap(), folder.path());
    for (headers, printed) in [
        ("", None),
        ("Location: /v1/later\r\n", Some("{\"location\":\"/v1/later\"}\n")),
        ("Location: /v1/later\r\nRetry-After: 5\r\n", Some("{\"location\":\"/v1/later\",\"retryAfter\":5}\n")),
    ] {
        let (url, _requests) = serve_responses_with_headers(vec![(202, headers.to_owned(), String::new())]);
        let is_confirmed = operation.unwrap().is_destructive || !operation.unwrap().replaced_properties.is_empty();
        let yes: &[&str] = if is_confirmed { &["--yes"] } else { &[] };
        let ended = run_all(&url, &arguments, &[&["--output", "jsonl"], yes].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), printed.unwrap_or_default()), "{}", ended.stderr);
        assert!(ended.stderr.contains("note: accepted, not done yet"), "{}", ended.stderr);
    }
}

#[test]
fn conflict_without_an_etag_speaks_of_none() {
    let id = "484e548c-f5f3-4528-93a9-c16c6373cb59";
    for arguments in [&["customers", "list"][..], &["customers", "delete", id, "--yes"]] {
        let (url, _requests) = serve_responses(vec![(409, String::new())]);
        let ended = run_at(&url, &[arguments, &["--max-attempts", "1"]].concat());
        assert!(ended.status == Some(5) && !ended.stderr.contains("etag"), "{}", ended.stderr);
    }
}

/// Such an operation cancels by the value of a field, and may not be taken for a harmless change.
#[test]
fn update_that_can_cancel_is_confirmed() {
    for (command, id) in [
        (["orders", "update"], "Tq9_rPkzHbYdMVxcuoWnLJeA4s5fGgi21"),
        (["transfers", "update"], "11112222-0000-4444-8888-555566667777"),
    ] {
        let options = ["--customer", DOCUMENTED, "--emulator"];
        let body = ["--set", &format!("id={id}"), "--set", "status=cancelled"];
        let ended = run(&[&command[..], &[id], &options, &body].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
        assert!(ended.stderr.contains("this must be confirmed: PATCH /v1/customers/"), "{}", ended.stderr);
    }
}

#[test]
fn cloud_without_the_operation_is_noted() {
    let ids = ["--customer", DOCUMENTED, "--subscription", DOCUMENTED];
    let list = [&["transitions", "list"][..], &ids, &["--dry-run", "--cloud"]].concat();
    for (cloud, is_noted) in [("china", true), ("global", false)] {
        let ended = run(&[&list[..], &[cloud]].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let note = format!("note: the cloud `{cloud}` is not documented to have this operation\n");
        assert_eq!(ended.stderr.contains(&note), is_noted, "{}", ended.stderr);
    }
}
