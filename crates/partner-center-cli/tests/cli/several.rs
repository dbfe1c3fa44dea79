//! `customers get` with several IDs

use crate::{
    command::{CommandOutput, DOCUMENTED, command, run, run_at, stdout},
    server::{serve_responses, serve_responses_with_headers},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const OTHER: &str = "b44bb1fb-c595-45b0-9e09-d657365580bf";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// For services whose responses come in a given order.
const ONE_BY_ONE: &str = "--concurrency=1";

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs the command with `input` on its standard input.
fn run_with(input: impl AsRef<[u8]>, arguments: &[&str]) -> CommandOutput {
    let mut child = start(&mut command(arguments));
    child.stdin.take().unwrap().write_all(input.as_ref()).unwrap();
    child.wait_with_output().unwrap().into()
}

fn get<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["customers", "get", "--emulator"], more].concat()
}

fn ids(lines: &str) -> Vec<String> {
    let customers = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    customers.map(|customer| customer["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn several_are_printed_as_a_list_in_their_order() {
    for transport in ["reqwest", "ureq"] {
        let ended = |form| run(&get(&[DOCUMENTED, OTHER, DOCUMENTED, "--output", form, "--transport", transport]));
        let stdout = |form| {
            let ended = ended(form);
            assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
            ended.stdout
        };
        let expected = [DOCUMENTED, OTHER, DOCUMENTED];
        assert_eq!(ids(&stdout("jsonl")), expected);
        let array: Vec<Value> = serde_json::from_str(&stdout("json")).unwrap();
        assert!(array.iter().map(|customer| &customer["id"]).eq(expected));
        let table = stdout("table");
        assert!(table.lines().map(|line| line.split(' ').next().unwrap()).eq(["ID"].into_iter().chain(expected)));
        // The widths are those of the first page, but are wide enough for the others.
        let column = |line: &str| line.find("DOMAIN").or(line.find("abcdefgh")).or(line.find("  domain "));
        let columns: Vec<_> = table.lines().map(column).collect();
        assert_eq!((columns[0], columns[0]), (columns[1], columns[3]), "{table}");
        let csv = stdout("csv");
        assert!(csv.lines().skip(1).map(|line| line.split(',').next().unwrap()).eq(expected));
    }
}

#[test]
fn ids_are_read_from_standard_input() {
    let input = format!("# two customers\n{DOCUMENTED}  # the documented one\n\n\t{OTHER}\r\n");
    for transport in ["reqwest", "ureq"] {
        let ended = run_with(&input, &get(&["-", OTHER, "--output", "jsonl", "--transport", transport]));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        assert_eq!(ids(&ended.stdout), [DOCUMENTED, OTHER, OTHER]);
    }
    // A single ID of standard input is printed as a list as well.
    let one = run_with(DOCUMENTED, &get(&["-", "--output", "json"]));
    assert_eq!(serde_json::from_str::<Vec<Value>>(&one.stdout).unwrap().len(), 1);
    let none = run_with("# none\n", &get(&["-"]));
    assert_eq!(
        (none.status, none.stdout.as_str(), none.stderr.as_str()),
        (Some(0), "", "note: standard input contains no customer IDs\n")
    );
}

#[test]
fn output_of_list_is_accepted_as_input() {
    for (transport, form) in [("reqwest", "csv"), ("ureq", "csv"), ("reqwest", "json"), ("ureq", "jsonl")] {
        let printed = stdout(&["customers", "list", "--emulator", "--emulator-customers", "30", "--output", form]);
        let windows = format!("\u{feff}{}", printed.replace('\n', "\r\n"));
        let utf16: Vec<u8> = windows.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for input in [printed.as_bytes(), windows.as_bytes(), &utf16] {
            let options = ["-", "--emulator-customers", "30", "--output", "jsonl", "--transport", transport];
            let ended = run_with(input, &get(&options));
            assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{form}");
            let expected =
                ids(&stdout(&["customers", "list", "--emulator", "--emulator-customers", "30", "--output", "jsonl"]));
            assert_eq!(ids(&ended.stdout), expected, "{form}");
        }
    }
    // From a spreadsheet, and in quotation marks.
    for input in [
        format!("Company;\"Customer ID\"\n\"Contoso; Ltd\";{DOCUMENTED}\nFabrikam;\"{OTHER}\"\n"),
        format!("\"{DOCUMENTED}\"\r\n'{OTHER}'\r\n"),
        format!("\"{DOCUMENTED}\", \"{OTHER}\""),
    ] {
        let ended = run_with(&input, &get(&["-", "--output", "jsonl"]));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{input}");
        assert_eq!(ids(&ended.stdout), [DOCUMENTED, OTHER], "{input}");
    }
}

#[test]
fn binary_input_is_explained() {
    let utf16: Vec<u8> = format!("{DOCUMENTED}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (input, why) in [(&utf16[..], "UTF-16 without a byte order mark"), (b"PK\x03\x04\0\0\0\0\xff", "binary")] {
        let ended = run_with(input, &get(&["-"]));
        assert_eq!(ended.status, Some(1));
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
    let ended = run_with(format!("id,name\n{OTHER},a\nnobody,b\n,c\n"), &get(&["-", "--output", "jsonl"]));
    assert_eq!((ended.status, ids(&ended.stdout)), (Some(1), vec![OTHER.to_owned()]));
    assert!(ended.stderr.contains("line 3 of") && ended.stderr.contains("line 4 of"), "{}", ended.stderr);
}

#[test]
fn single_errors_are_reported_and_the_command_continues() {
    let input = format!("{OTHER}\nnobody\n{NOBODY} {DOCUMENTED}\n");
    for transport in ["reqwest", "ureq"] {
        let options = ["-", "--output", "json", "--error-format", "text", "--transport", transport];
        let ended = run_with(&input, &get(&options));
        assert_eq!(ended.status, Some(1));
        let came: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
        assert!(came.iter().map(|customer| &customer["id"]).eq([OTHER, DOCUMENTED]));
        let lines: Vec<_> = ended.stderr.lines().collect();
        assert_eq!(lines.len(), 7, "{}", ended.stderr);
        assert_eq!(lines[0], "error: line 2 of standard input is not a customer ID");
        assert_eq!(lines[3], format!("error: customer {NOBODY} could not be fetched"));
        assert_eq!(lines[6], "error: 2 of 4 customers could not be fetched");
    }
}

#[test]
fn error_of_all_customers_ends_the_command() {
    let fault = |code| format!(r#"{{"code": {code}, "description": "no"}}"#);
    for (responses, asked, status, why) in [
        (vec![(200, "{}".to_owned()), (401, String::new())], 2, 4, "401"),
        (vec![(403, fault(900_329))], 1, 4, "900329"),
        // Three errors of the service in a row.
        (vec![(200, "{}".to_owned()), (503, String::new()), (503, String::new()), (503, String::new())], 4, 1, "503"),
        // A response in between means that the service is available.
        (
            vec![
                (503, String::new()),
                (503, String::new()),
                (404, String::new()),
                (503, String::new()),
                (401, String::new()),
            ],
            5,
            4,
            "401",
        ),
    ] {
        for transport in ["reqwest", "ureq"] {
            let (url, requests) = serve_responses(responses.clone());
            let many = [DOCUMENTED; 20];
            let options =
                ["--output", "jsonl", "--max-attempts", "1", "--timeout", "2", "--transport", transport, ONE_BY_ONE];
            let ended = run_at(&url, &[&["customers", "get"][..], &many, &options].concat());
            assert_eq!(ended.status, Some(status), "{}", ended.stderr);
            let last = ended.stderr.lines().rev().take(3).collect::<Vec<_>>();
            let rest = format!("could not be fetched, and the {} IDs after it were not requested", 20 - asked);
            assert!(last[2].ends_with(&rest), "{}", ended.stderr);
            assert!(last[1].contains(why), "{}", ended.stderr);
            assert_eq!(requests.try_iter().count(), asked, "{why}");
        }
    }
}

fn throttled(seconds: u64) -> (u16, String, String) {
    (429, format!("Retry-After: {seconds}\r\n"), String::new())
}

#[test]
fn requested_wait_delays_the_next_customer() {
    for transport in ["reqwest", "ureq"] {
        let found = (200, String::new(), "{}".to_owned());
        let (url, requests) = serve_responses_with_headers(vec![found.clone(), throttled(2), found.clone(), found]);
        let options = ["--output", "jsonl", "--max-attempts", "1", "--transport", transport, ONE_BY_ONE];
        let started = Instant::now();
        let ended = run_at(&url, &[&["customers", "get"][..], &[DOCUMENTED; 4], &options].concat());
        assert!(started.elapsed() >= Duration::from_secs(2), "{}", ended.stderr);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), "{}\n{}\n{}\n"), "{}", ended.stderr);
        assert!(ended.stderr.contains("note: waiting 2 s, as the service asks"), "{}", ended.stderr);
        assert!(ended.stderr.ends_with("error: 1 of 4 customers could not be fetched\n"), "{}", ended.stderr);
        assert_eq!(requests.try_iter().count(), 4);
    }
}

#[test]
fn wait_above_the_limit_ends_the_command() {
    for transport in ["reqwest", "ureq"] {
        for (wait, bound) in [(301, &[][..]), (90, &["--max-retry-after", "89"]), (3, &["--max-retry-after", "2.5"])] {
            let (url, requests) =
                serve_responses_with_headers(vec![(200, String::new(), "{}".to_owned()), throttled(wait)]);
            let options = ["--output", "jsonl", "--transport", transport, ONE_BY_ONE];
            let ended = run_at(&url, &[&["customers", "get"][..], &[DOCUMENTED; 20], &options, bound].concat());
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(5), "{}\n"));
            assert!(ended.stderr.contains("and the 18 IDs after it were not requested"), "{}", ended.stderr);
            assert!(ended.stderr.contains(&format!("--max-retry-after {wait}, ")), "{}", ended.stderr);
            assert_eq!(requests.try_iter().count(), 2);
        }
        // The advice is right.
        let found = (200, String::new(), "{}".to_owned());
        let (url, _requests) = serve_responses_with_headers(vec![found.clone(), throttled(2), found]);
        let options = ["--output", "jsonl", "--max-retry-after", "2", "--transport", transport, ONE_BY_ONE];
        let ended = run_at(&url, &[&["customers", "get"][..], &[DOCUMENTED; 2], &options].concat());
        assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "{}\n{}\n", ""));
    }
}

#[test]
fn wait_beyond_the_deadline_is_not_started() {
    for transport in ["reqwest", "ureq"] {
        let (url, requests) = serve_responses_with_headers(vec![throttled(30)]);
        let options = ["--max-attempts", "1", "--deadline", "10", "--transport", transport, ONE_BY_ONE];
        let started = Instant::now();
        let ended = run_at(&url, &[&["customers", "get"][..], &[DOCUMENTED; 3], &options].concat());
        assert!(started.elapsed() < Duration::from_secs(5));
        assert!(ended.stderr.contains("and the 2 IDs after it were not requested"), "{}", ended.stderr);
        assert_eq!(requests.try_iter().count(), 1);

        // The same for a wait that the client would do itself.
        let (url, requests) = serve_responses_with_headers(vec![throttled(90)]);
        let options = ["--deadline", "10", "--transport", transport, ONE_BY_ONE];
        let ended = run_at(&url, &[&["customers", "get"][..], &[DOCUMENTED; 2], &options].concat());
        assert!(started.elapsed() < Duration::from_secs(8));
        assert!(ended.stderr.contains("and the one ID after it was not requested"), "{}", ended.stderr);
        assert!(ended.stderr.contains("--deadline"), "{}", ended.stderr);
        assert_eq!(requests.try_iter().count(), 1);
    }
}

/// One throttled request must not cost the other customers; a single customer has the advice instead.
#[test]
fn several_wait_up_to_five_minutes() {
    for transport in ["reqwest", "ureq"] {
        let (url, _requests) = serve_responses_with_headers(vec![throttled(300)]);
        let arguments = [&["customers", "get"][..], &[DOCUMENTED; 2], &["-v", "--transport", transport]].concat();
        let mut command = command(&arguments);
        let mut child = start(command.env("PARTNER_CENTER_TOKEN", "token").env("PARTNER_CENTER_BASE_URL", url));
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("WARN") && line.contains("300"), "{line}");
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();

        let (url, _requests) = serve_responses_with_headers(vec![throttled(300)]);
        let ended = run_at(&url, &["customers", "get", DOCUMENTED, "--transport", transport]);
        assert!(ended.stderr.contains("--max-retry-after 300, "), "{}", ended.stderr);
    }
}

#[test]
fn rest_of_standard_input_is_counted_when_it_is_not_requested() {
    for transport in ["reqwest", "ureq"] {
        for (is_open, rest) in [
            (false, "and the 3 IDs after it were not requested"),
            (true, "and the IDs after it, at least 3, were not requested"),
        ] {
            let (url, _requests) = serve_responses(vec![(401, String::new())]);
            let mut get = command(&["customers", "get", "-", OTHER, "--transport", transport, ONE_BY_ONE]);
            let mut child = start(get.env("PARTNER_CENTER_TOKEN", "token").env("PARTNER_CENTER_BASE_URL", url));
            let mut input = child.stdin.take().unwrap();
            let count = if is_open { 4 } else { 3 };
            input.write_all(format!("{DOCUMENTED}\n").repeat(count).as_bytes()).unwrap();
            let open = is_open.then_some(input);
            let ended = CommandOutput::from(child.wait_with_output().unwrap());
            drop(open);
            assert!(ended.status == Some(4) && ended.stderr.contains(rest), "{}", ended.stderr);
        }
    }
}

#[test]
fn entry_without_an_id_is_reported_and_skipped() {
    let input = format!(r#"[{{"id": "{DOCUMENTED}"}}, {{"id": null}}, {{"id": 7}}, {{"id": "{OTHER}"}}]"#);
    for transport in ["reqwest", "ureq"] {
        let ended = run_with(&input, &get(&["-", "--output", "jsonl", "--transport", transport]));
        assert_eq!((ended.status, ids(&ended.stdout)), (Some(1), vec![DOCUMENTED.to_owned(), OTHER.to_owned()]));
        assert!(ended.stderr.contains("entry 2") && ended.stderr.contains("entry 3"), "{}", ended.stderr);
        assert!(ended.stderr.ends_with("error: 2 of 4 customers could not be fetched\n"), "{}", ended.stderr);
    }
}

#[test]
fn csv_with_cr_line_ends_is_read() {
    let ended = run_with(format!("name,id\rx,{DOCUMENTED}\ry,{OTHER}\r"), &get(&["-", "--output", "jsonl"]));
    assert_eq!((ended.status, ids(&ended.stdout)), (Some(0), vec![DOCUMENTED.to_owned(), OTHER.to_owned()]));
}

#[test]
fn deadline_is_that_of_the_command() {
    for transport in ["reqwest", "ureq"] {
        let started = Instant::now();
        let (url, _requests) = serve_responses(vec![(200, "{}".to_owned())]);
        let options = ["--deadline", "1", "--output", "jsonl", "--transport", transport, ONE_BY_ONE];
        let silent = run_at(&url, &[&["customers", "get"][..], &[DOCUMENTED; 20], &options].concat());
        assert_eq!((silent.status, silent.stdout.as_str()), (Some(1), "{}\n"));
        assert!(silent.stderr.contains("the 18 IDs after it were not requested"), "{}", silent.stderr);

        // Standard input is not closed.
        let child = start(&mut command(&get(&["-", "--deadline", "1", "--transport", transport])));
        let mut child = child;
        let _open = child.stdin.take();
        let ended = CommandOutput::from(child.wait_with_output().unwrap());
        assert_eq!(ended.status, Some(1));
        assert!(ended.stderr.contains("standard input could not be read to its end"), "{}", ended.stderr);
        assert!(started.elapsed() < Duration::from_secs(6));
    }
}

/// Each customer is printed before the next ID is there.
#[test]
fn ids_are_fetched_as_they_are_read() {
    for transport in ["reqwest", "ureq"] {
        let mut child = start(&mut command(&get(&["-", "--output", "jsonl", "--transport", transport])));
        let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        for id in [DOCUMENTED, OTHER] {
            writeln!(input, "{id}").unwrap();
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            assert_eq!(ids(&line), [id]);
        }
        drop(input);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}
