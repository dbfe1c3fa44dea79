//! Operations for many customers: each item with its customer, an outcome for each, and the same output however often it is killed

use crate::{
    command::{CommandOutput, DOCUMENTED, command, run, run_at, stdout},
    judged_emulator::judged_emulator,
};
use partner_center_emulator::{Emulator, EmulatorBuilder, Server};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    num::NonZeroU16,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// Returns a path in a folder of its own, which is empty.
fn path_in_empty_folder(test: &str, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("many_customers").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn serve(emulator: &Emulator) -> Server {
    emulator.serve("127.0.0.1:0").unwrap()
}

/// Runs the command against the emulator, with its token.
fn run_on(server: &Server, arguments: &[&str]) -> CommandOutput {
    command_on(server, arguments).output().unwrap().into()
}

fn command_on(server: &Server, arguments: &[&str]) -> Command {
    let mut command = command(arguments);
    command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).env("PARTNER_CENTER_BASE_URL", server.url());
    command
}

fn lines(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn customer_ids(count: &str) -> Vec<String> {
    let customers = stdout(&["customers", "list", "--emulator", "--emulator-customers", count, "-o", "jsonl"]);
    lines(&customers).iter().map(|customer| customer["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_item_has_its_customer_in_every_format() {
    for transport in ["reqwest", "ureq"] {
        let list = |format| {
            let options =
                ["--emulator", "--emulator-customers", "5", "--transport", transport, "--quiet", "-o", format];
            stdout(&[&["subscriptions", "list", "--all-customers"][..], &options].concat())
        };
        let items = lines(&list("jsonl"));
        let ids = customer_ids("5");
        let mut places: Vec<_> =
            items.iter().map(|item| ids.iter().position(|id| item["customer"]["id"] == id.as_str()).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        places.dedup();
        assert!(places.len() > 1 && items.iter().all(|item| item["customer"]["companyName"].is_string()));
        // Each is what the list of its customer has.
        let customer = items[0]["customer"]["id"].as_str().unwrap();
        let alone = ["subscriptions", "list", "--customer", customer, "--emulator", "--emulator-customers", "5"];
        let alone = lines(&stdout(&[&alone[..], &["-o", "jsonl"]].concat()));
        let mut first = items[0].clone();
        first.as_object_mut().unwrap().remove("customer");
        assert_eq!(first, alone[0]);

        let array: Vec<Value> = serde_json::from_str(&list("json")).unwrap();
        assert_eq!(array, items);
        for (format, separator) in [("csv", ","), ("tsv", "\t")] {
            let rows = list(format);
            let head = ["customer_id", "customer_company_name", "id", ""].join(separator);
            assert!(rows.starts_with(&head), "{rows}");
            assert_eq!(rows.lines().count(), items.len() + 1);
            assert!(rows.lines().nth(1).unwrap().starts_with(customer));
        }
        assert!(list("table").starts_with("CUSTOMER  ") && list("table").contains("  COMPANY  "));
        assert!(list("yaml").starts_with("- customer:\n    id: "));
    }
}

#[test]
fn customers_of_a_file_are_ids_or_domains() {
    let ids = customer_ids("3");
    let file = path_in_empty_folder("customers_of_a_file", "customers.txt");
    let list = stdout(&["customers", "list", "--emulator", "--emulator-customers", "3", "-o", "jsonl"]);
    let domain = lines(&list)[1]["companyProfile"]["domain"].as_str().unwrap().to_owned();
    // The second is named twice, in other words; the first is the domain of the second.
    fs::write(&file, format!("{}  # one\n{}\n{}\nnobody\n", domain.to_uppercase(), ids[0], ids[0].to_uppercase()))
        .unwrap();
    for transport in ["reqwest", "ureq"] {
        let options = ["--emulator", "--emulator-customers", "3", "-o", "jsonl", "--transport", transport];
        let file = file.to_str().unwrap();
        let ended = run(&[&["company-profile", "get", "--customers", file][..], &options].concat());
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        let got: Vec<_> = lines(&ended.stdout).iter().map(|item| item["customer"]["id"].to_string()).collect();
        assert_eq!(got, [format!("\"{}\"", ids[1]), format!("\"{}\"", ids[0])]);
        assert!(
            ended.stderr.contains("line 4 of ") && ended.stderr.contains("neither a GUID nor a domain"),
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.ends_with("error: 1 of 3 customers failed: 1 × not an ID\n"), "{}", ended.stderr);

        // What `customers list` printed is such a file.
        for format in ["csv", "json", "jsonl"] {
            let printed = stdout(&["customers", "list", "--emulator", "--emulator-customers", "3", "-o", format]);
            let all = [&["company-profile", "get", "--customers", "-"][..], &options].concat();
            let mut command = command(&all);
            let mut child =
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(printed.as_bytes()).unwrap();
            let ended = CommandOutput::from(child.wait_with_output().unwrap());
            assert_eq!((ended.status, lines(&ended.stdout).len()), (Some(0), 3), "{}", ended.stderr);
            assert_eq!(ended.stderr, "note: done for 3 customers\n");
        }
    }
}

#[test]
fn customer_is_found_by_its_domain() {
    let list = stdout(&["customers", "list", "--emulator", "-o", "jsonl"]);
    let known = &lines(&list)[2];
    let domain = known["companyProfile"]["domain"].as_str().unwrap();
    for transport in ["reqwest", "ureq"] {
        let options = ["--emulator", "-o", "json", "--transport", transport];
        let get = |words: &[&str]| run(&[words, &options].concat());
        let found: Value = serde_json::from_str(&get(&["customers", "get", &domain.to_uppercase()]).stdout).unwrap();
        assert_eq!(found["id"], known["id"]);
        let several = get(&["customers", "get", DOCUMENTED, domain]);
        let several: Vec<Value> = serde_json::from_str(&several.stdout).unwrap();
        assert_eq!((several.len(), &several[1]["id"]), (2, &known["id"]));
        let profile: Value =
            serde_json::from_str(&get(&["company-profile", "get", "--customer", domain]).stdout).unwrap();
        assert_eq!(profile["tenantId"], known["id"]);

        // One whose beginning is the domain is another one.
        for (unknown, command) in [
            ("nobody.example", &["customers", "get"][..]),
            (&domain[..domain.len() - 1], &["company-profile", "get", "--customer"]),
        ] {
            let ended = get(&[command, &[unknown]].concat());
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(3), ""), "{}", ended.stderr);
            assert!(ended.stderr.contains(&format!("no customer has the domain `{unknown}`")), "{}", ended.stderr);
        }
    }
}

#[test]
fn full_list_has_what_each_customer_has() {
    for transport in ["reqwest", "ureq"] {
        let options = ["--emulator", "--emulator-customers", "7", "-o", "jsonl", "--transport", transport];
        let full = lines(&stdout(&[&["customers", "list", "--full"][..], &options].concat()));
        let ids = customer_ids("7");
        assert!(full.iter().map(|customer| customer["id"].as_str().unwrap()).eq(ids.iter().map(String::as_str)));
        assert!(full[0]["billingProfile"].is_object() && full[0].get("customer").is_none());
        let some = lines(&stdout(&[&["customers", "list", "--full", "--limit", "2"][..], &options].concat()));
        assert_eq!(some, full[..2]);
    }
    let ended = run(&["customers", "list", "--concurrency", "2", "--emulator"]);
    assert!(ended.status == Some(2) && ended.stderr.contains("--full"), "{}", ended.stderr);
}

#[test]
fn failed_customers_are_named_and_the_others_are_printed() {
    let file = path_in_empty_folder("failed_customers", "customers.txt");
    let ids = customer_ids("2");
    fs::write(&file, format!("{}\n{NOBODY}\n{}\n", ids[0], ids[1])).unwrap();
    for transport in ["reqwest", "ureq"] {
        let customers = ["--customers", file.to_str().unwrap(), "--emulator", "--emulator-customers", "2"];
        let options = ["-o", "jsonl", "--error-format", "json", "--transport", transport];
        let ended = run(&[&["company-profile", "get"], &customers[..], &options].concat());
        assert_eq!((ended.status, lines(&ended.stdout).len()), (Some(1), 2), "{}", ended.stderr);
        let errors = lines(&ended.stderr);
        let [failed, summary] = &errors[..] else { panic!("{}", ended.stderr) };
        let failed = &failed["error"];
        assert_eq!((&failed["customer"], &failed["status"]), (&NOBODY.into(), &404.into()), "{failed}");
        assert!(failed["code"].is_string() && failed["request_id"].is_string(), "{failed}");
        assert!(failed["message"].as_str().unwrap().starts_with(&format!("customer {NOBODY} failed")), "{failed}");
        let message = summary["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("1 of 3 customers failed: 1 × 404"), "{message}");
        assert_eq!(summary["error"]["exit_status"], 1);
    }
}

/// An error that is the next customer's as well ends the run; one of this customer, or of its reseller, does not.
#[test]
fn error_ends_the_run_only_if_it_is_that_of_all_customers() {
    for (transport, error, is_of_all) in [
        ("reqwest", "401:code=900421", true),
        ("ureq", "401:code=900421", true),
        ("reqwest", "403:code=900329", true),
        ("reqwest", "403:code=900124", true),
        ("ureq", "403:code=900149", true),
        ("reqwest", "403:code=900123", false),
        ("ureq", "403:code=800039", false),
        ("reqwest", "403:code=900309", false),
        ("ureq", "403:code=900309", false),
    ] {
        // The first request lists the customers.
        let fault = format!("{error}@2").parse().unwrap();
        let server = serve(&judged_emulator().customers(4).fault(fault).build());
        let profiles = ["company-profile", "get", "--all-customers", "--concurrency", "1", "-o", "jsonl"];
        let ended = run_on(&server, &[&profiles[..], &["--transport", transport]].concat());
        assert_eq!(lines(&ended.stdout).len(), if is_of_all { 0 } else { 3 }, "{error}: {}", ended.stderr);
        let end =
            if is_of_all { "3 customers after it were not requested" } else { "1 of 4 customers failed: 1 × 403" };
        assert!(ended.stderr.contains(end), "{error}: {}", ended.stderr);
    }
}

/// A list that breaks off is an error of its customer, and none of its items is printed.
#[test]
fn list_of_a_customer_is_complete_or_an_error() {
    // Each page has one item.
    let emulator = || judged_emulator().customers(6).page_cap(NonZeroU16::MIN);
    let list = ["subscriptions", "list", "--all-customers", "-o", "jsonl", "--max-attempts", "1", "--concurrency", "1"];
    let count_items = |output: &str| {
        let mut counts: Vec<(String, usize)> = Vec::new();
        for item in lines(output) {
            let customer = item["customer"]["id"].to_string();
            match counts.last_mut() {
                Some((previous, count)) if *previous == customer => *count += 1,
                _ => counts.push((customer, 1)),
            }
        }
        counts
    };
    let all = count_items(&run_on(&serve(&emulator().build()), &list).stdout);
    let whose_list_has_pages = all.iter().position(|(_, count)| *count > 1).unwrap();
    // Those before have all their pages, and of this one the second page fails.
    let before: usize = all[..whose_list_has_pages].iter().map(|(_, count)| count).sum();
    for transport in ["reqwest", "ureq"] {
        // How many requests come before depends on the customers without subscriptions: one of these breaks off a list.
        let is_broken_off = (before + 7..before + 14).any(|number| {
            let server = serve(&emulator().fault(format!("503@{number}").parse().unwrap()).build());
            let ended = run_on(&server, &[&list[..], &["--transport", transport]].concat());
            let printed = count_items(&ended.stdout);
            assert_eq!(ended.status, Some(1), "{}", ended.stderr);
            assert!(ended.stderr.ends_with("error: 1 of 6 customers failed: 1 × 503\n"), "{}", ended.stderr);
            assert!(printed.iter().all(|counted| all.contains(counted)), "{printed:?} of {all:?}");
            ended.stderr.contains("page 2")
        });
        assert!(is_broken_off);
    }
}

/// The first run is killed three times; what the last one prints is what a run prints that nobody disturbs.
#[cfg(unix)]
#[test]
fn journaled_run_that_is_killed_three_times_prints_the_same() {
    for transport in ["reqwest", "ureq"] {
        // The undisturbed run lists the customers and makes 40 requests; each run that is killed lists them, makes 8 requests, and
        // then has four at a time that get no response.
        let hanging = (0..3).flat_map(|killed| (1..=4).map(move |number| 41 + 13 * killed + 9 + number));
        let faults = hanging.map(|number| format!("hang@{number}").parse().unwrap());
        let emulator = faults.fold(judged_emulator().customers(40), EmulatorBuilder::fault).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let journal = path_in_empty_folder(&format!("killed-{transport}"), "journal.jsonl");
        let options = ["--all-customers", "--concurrency", "4", "--transport", transport, "-o"];
        let list = [&["subscriptions", "list"][..], &options].concat();
        let undisturbed = run_on(&server, &[&list[..], &["json"]].concat());
        assert_eq!((undisturbed.status, undisturbed.stderr.as_str()), (Some(0), "note: done for 40 customers\n"));
        assert_eq!(emulator.requests().len(), 41);
        let journaled = [&list[..], &["json", "--journal", journal.to_str().unwrap()]].concat();
        // A line that is not complete does not count.
        let done = || {
            let text = fs::read_to_string(&journal).unwrap_or_default();
            let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            lines.filter(|line| line.contains(r#""status":"done""#)).count()
        };
        for kill in 1..=3 {
            let mut command = command_on(&server, &journaled);
            // A pipe that nobody reads would stop it.
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            let started = Instant::now();
            while done() < kill * 8 || emulator.requests().len() < 41 + kill * 13 {
                let requests = emulator.requests().len();
                assert!(started.elapsed() < Duration::from_secs(60), "{requests} requests, {} are done", done());
                thread::sleep(Duration::from_millis(1));
            }
            child.kill().unwrap();
            let killed = CommandOutput::from(child.wait_with_output().unwrap());
            // The array of what was printed is not closed.
            assert_eq!(killed.status, None, "the run has ended by itself: {}", killed.stderr);
        }
        let before = done();
        let copy = journal.with_extension("copy");
        fs::copy(&journal, &copy).unwrap();
        let resumed = run_on(&server, &journaled);
        assert_eq!(
            (resumed.status, resumed.stdout.as_str()),
            (Some(0), undisturbed.stdout.as_str()),
            "{}",
            resumed.stderr
        );
        assert_eq!(resumed.stderr, format!("note: {before} of 40 were done in an earlier run\n"));
        // The list is complete: the next run reads what the service has then.
        assert!(!journal.exists());
        let lists = || {
            let requests = emulator.requests();
            requests.iter().filter(|request| request.uri().path().ends_with("/subscriptions")).count()
        };
        let lists_before = lists();
        let again = run_on(&server, &journaled);
        assert_eq!((again.stdout, lists() - lists_before), (undisturbed.stdout, 40), "{}", again.stderr);
        // A run goes on in whatever format.
        fs::rename(&copy, &journal).unwrap();
        let csv = [&list[..], &["csv", "--journal", journal.to_str().unwrap()]].concat();
        let lists_before = lists();
        let resumed = run_on(&server, &csv);
        assert_eq!(lists() - lists_before, 40 - before);
        assert_eq!(resumed.stdout, run_on(&server, &[&list[..], &["csv", "--quiet"]].concat()).stdout);
        assert!(resumed.stderr.contains(&format!("{before} of 40")), "{}", resumed.stderr);
        // The journal of writes stays.
        let update =
            ["billing-profile", "update", "--all-customers", "--yes", "--set", "email=a@b.example", "--journal"];
        let update = [&update[..], &[journal.to_str().unwrap()]].concat();
        assert_eq!(run_on(&server, &update).status, Some(0));
        let ended = run_on(&server, &update);
        assert!(ended.status == Some(0) && ended.stderr.contains("40 of 40"), "{}", ended.stderr);
        // A journal is for one purpose.
        let other = ["company-profile", "get", "--all-customers", "--journal", journal.to_str().unwrap()];
        let ended = run_on(&server, &other);
        assert!(ended.status == Some(2) && ended.stderr.contains("for another purpose"), "{}", ended.stderr);
    }
}

#[test]
fn writes_for_many_customers_are_confirmed_and_reported_each() {
    let options = ["--emulator", "--emulator-customers", "3", "-o", "jsonl"];
    let update = |more: &[&str]| run(&[&["billing-profile", "update", "--all-customers"][..], more, &options].concat());
    let ended = update(&["--set", "email=billing@contoso.example"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("for 3 customers") && ended.stderr.contains("--yes"), "{}", ended.stderr);
    for transport in ["reqwest", "ureq"] {
        let ended = update(&["--set", "email=billing@contoso.example", "--yes", "--transport", transport]);
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let items = lines(&ended.stdout);
        assert!(items.len() == 3 && items.iter().all(|item| item["email"] == "billing@contoso.example"));
        for id in customer_ids("3") {
            assert!(ended.stderr.contains(&format!("customer {id}: email: ")), "{}", ended.stderr);
        }
        let planned = update(&["--set", "email=billing@contoso.example", "--dry-run", "--transport", transport]);
        assert_eq!(planned.status, Some(0), "{}", planned.stderr);
        assert_eq!(planned.stdout.matches("PUT http://127.0.0.1:").count(), 3, "{}", planned.stdout);
    }
}

#[test]
fn planned_requests_of_a_file_need_neither_credential_nor_service() {
    let file = path_in_empty_folder("planned", "customers.txt");
    fs::write(&file, format!("{DOCUMENTED} {NOBODY}")).unwrap();
    let customers = ["users", "list", "--customers", file.to_str().unwrap()];
    let url = "https://api.partnercenter.microsoft.com/v1/customers";
    let ended = run(&[&customers[..], &["--dry-run"]].concat());
    assert_eq!(
        (ended.status, ended.stdout),
        (Some(0), format!("GET {url}/{DOCUMENTED}/users\nGET {url}/{NOBODY}/users\n"))
    );
    let ended = run(&[&customers[..], &["--curl"]].concat());
    assert_eq!(ended.stdout.matches("curl --request GET 'https://").count(), 2, "{}", ended.stdout);
}

#[test]
fn curl_command_has_no_token() {
    let delete = ["customers", "delete", DOCUMENTED, "--curl"];
    let ended = run_at("http://127.0.0.1:9", &delete);
    assert_eq!(
        (ended.status, ended.stdout.as_str()),
        (
            Some(0),
            concat!(
                "curl --request DELETE 'http://127.0.0.1:9/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee' \\\n",
                "  --header \"Authorization: Bearer $PARTNER_CENTER_TOKEN\" \\\n",
                "  --header 'Accept: application/json'\n",
            )
        )
    );
    let api = run_at("http://127.0.0.1:9", &["api", "GET", "customers?size=1", "--curl"]);
    assert!(
        api.stdout.starts_with("curl --request GET 'http://127.0.0.1:9/v1/customers?size=1' \\\n"),
        "{}",
        api.stdout
    );
}

#[test]
fn dry_run_of_a_change_shows_the_difference() {
    let server = serve(&judged_emulator().customers(3).build());
    let listed = run_on(&server, &["subscriptions", "list", "--all-customers", "-o", "jsonl"]);
    let subscription = &lines(&listed.stdout)[0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, customer) = (text(&subscription["id"]), text(&subscription["customer"]["id"]));
    let quantity = subscription["quantity"].as_i64().unwrap();
    for transport in ["reqwest", "ureq"] {
        let more = (quantity + 1).to_string();
        let update = ["subscriptions", "update", &id, "--customer", &customer, "--quantity", &more];
        let ended = run_on(&server, &[&update[..], &["--dry-run", "--transport", transport]].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        assert!(ended.stderr.starts_with(&format!("quantity: {quantity} -> {more}\n")), "{}", ended.stderr);
        assert!(
            ended.stdout.starts_with("PATCH ") && ended.stdout.contains(&format!("\"quantity\": {more}")),
            "{}",
            ended.stdout
        );
        // Nothing was changed, and without a terminal it must be confirmed.
        let ended = run_on(&server, &update);
        assert!(ended.status == Some(2) && ended.stderr.contains("--yes"), "{}", ended.stderr);
    }
}

#[test]
fn times_are_printed_in_the_zone_that_is_asked_for() {
    let list = |zone: &str| {
        let arguments =
            ["subscriptions", "list", "--all-customers", "--emulator", "--emulator-customers", "2", "--quiet"];
        let mut command = command(&[&arguments[..], &["-o", "jsonl", "--time", zone]].concat());
        let ended = CommandOutput::from(command.env("TZ", "<+05>-5").output().unwrap());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        lines(&ended.stdout)[0]["commitmentEndDate"].as_str().unwrap().to_owned()
    };
    let received = list("as-received");
    assert_eq!(list("utc"), received);
    let local = list("local");
    assert!(local.ends_with("T05:00:00+05:00") && received.ends_with("T00:00:00Z"), "{local} {received}");
}

/// Runs a change of the billing profile of the customers that `file` names.
fn update_billing_profiles(server: &Server, file: &Path, more: &[&str]) -> Command {
    let update = ["billing-profile", "update", "--yes", "-o", "jsonl", "--customers", file.to_str().unwrap()];
    command_on(server, &[&update[..], more].concat())
}

#[test]
fn value_of_standard_input_is_that_of_every_customer() {
    let file = path_in_empty_folder("standard_input", "customers.txt");
    fs::write(&file, customer_ids("3").join("\n")).unwrap();
    let server = serve(&judged_emulator().customers(3).build());
    for transport in ["reqwest", "ureq"] {
        let email = format!("{transport}@contoso.example");
        let mut command = update_billing_profiles(&server, &file, &["--set-file", "email=-", "--transport", transport]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(email.as_bytes()).unwrap();
        let ended = CommandOutput::from(child.wait_with_output().unwrap());
        let items = lines(&ended.stdout);
        assert!(items.len() == 3 && items.iter().all(|item| item["email"] == email.as_str()), "{}", ended.stdout);
    }
}

#[test]
fn change_is_made_once_for_a_customer_that_is_named_twice() {
    let list = stdout(&["customers", "list", "--emulator", "--emulator-customers", "3", "-o", "jsonl"]);
    let customer = &lines(&list)[1];
    let (id, domain) = (customer["id"].as_str().unwrap(), customer["companyProfile"]["domain"].as_str().unwrap());
    let file = path_in_empty_folder("named_twice", "customers.txt");
    for (transport, names) in [("reqwest", [id, domain]), ("ureq", [domain, id])] {
        fs::write(&file, names.join("\n")).unwrap();
        let server = serve(&judged_emulator().customers(3).build());
        let journal = file.with_file_name(format!("{transport}.jsonl"));
        let journal = ["--transport", transport, "--journal", journal.to_str().unwrap(), "--set", "email=a@b.example"];
        let ended: CommandOutput = update_billing_profiles(&server, &file, &journal).output().unwrap().into();
        assert_eq!((ended.status, lines(&ended.stdout).len()), (Some(0), 1), "{}", ended.stderr);
        // The journal knows it under its other name.
        fs::write(&file, names[1]).unwrap();
        let ended: CommandOutput = update_billing_profiles(&server, &file, &journal).output().unwrap().into();
        assert!(ended.stderr.ends_with("note: 1 of 1 were done in an earlier run\n"), "{}", ended.stderr);
    }
}

#[cfg(unix)]
#[test]
fn changes_are_summed_up_if_the_output_is_closed() {
    let file = path_in_empty_folder("output_closed", "customers.txt");
    fs::write(&file, customer_ids("5").join("\n")).unwrap();
    for transport in ["reqwest", "ureq"] {
        let server = serve(&judged_emulator().customers(5).build());
        let options = ["--set", "email=a@b.example", "--concurrency", "1", "--transport", transport];
        let mut command = update_billing_profiles(&server, &file, &options);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let ended = CommandOutput::from(child.wait_with_output().unwrap());
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        let last = ended.stderr.lines().last().unwrap();
        assert!(
            last.starts_with("error: the change was made for ") && last.ends_with("the output was closed"),
            "{last}"
        );
    }
}

#[test]
fn planned_requests_of_domains_say_that_these_are_looked_up() {
    let file = path_in_empty_folder("planned_domains", "customers.txt");
    fs::write(&file, "contoso.example").unwrap();
    let ended = run(&["users", "list", "--curl", "--customers", file.to_str().unwrap()]);
    assert!(ended.status == Some(0) && ended.stderr.contains("note: a domain in a path"), "{}", ended.stderr);
}

#[test]
fn planned_request_of_the_api_command_has_no_secret() {
    let file = path_in_empty_folder("api_secret", "body.json");
    fs::write(&file, r#"{"passwordProfile":{"password":"Sample-1"},"displayName":"Ana"}"#).unwrap();
    let path = format!("customers/{DOCUMENTED}/users");
    for (flag, content_type) in [("--dry-run", None), ("--curl", None), ("--curl", Some("Content-Type: text/json"))] {
        let mut arguments = vec!["api", "POST", &path, "--body", file.to_str().unwrap(), flag];
        arguments.extend(content_type.iter().flat_map(|header| ["--header", header]));
        let ended = run(&arguments);
        assert!(ended.stdout.contains("Ana") && ended.stdout.contains("[secret]"), "{}{}", ended.stdout, ended.stderr);
        assert!(!ended.stdout.contains("Sample-1"), "{}", ended.stdout);
    }
}

#[test]
fn change_whose_result_cannot_be_shown_is_not_a_failed_one() {
    let file = path_in_empty_folder("result_not_shown", "customers.txt");
    let ids = customer_ids("2");
    fs::write(&file, ids.join("\n")).unwrap();
    let server = serve(&judged_emulator().customers(2).build());
    for transport in ["reqwest", "ureq"] {
        let email = format!("email={transport}@contoso.example");
        // A number has no length.
        let options = ["--set", &email, "--query", "length(`1`)", "--transport", transport];
        let ended: CommandOutput = update_billing_profiles(&server, &file, &options).output().unwrap().into();
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("error: the change was made for 2 customers; its result"), "{}", ended.stderr);

        let email = format!("email={transport}@fabrikam.example");
        let update = ["billing-profile", "update", "--customer", &ids[0], "--yes", "--set", &email];
        let ended = run_on(&server, &[&update[..], &options[2..]].concat());
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("error: the change was made; its result cannot be shown"), "{}", ended.stderr);
        assert!(ended.stderr.contains("do not send it again"), "{}", ended.stderr);
    }
}
