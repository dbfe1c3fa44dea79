//! `partner-center sandbox` and `--sandbox`

use crate::command::{Ended, command, run, run_at};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// Ends the process with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sandbox(arguments: &[&str]) -> (Running, String) {
    let mut command = command(&[&["sandbox", "--quiet"], arguments].concat());
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"));
    (running, url)
}

#[test]
fn it_answers_its_token_only() {
    let (_running, url) = sandbox(&["--customers", "7", "--token", "token"]);
    let listed = run_at(&url, &["customers", "list", "--output", "jsonl"]);
    assert_eq!((listed.status, listed.stdout.lines().count()), (Some(0), 7));

    let arguments = ["customers", "list", "--base-url", &url];
    let refused: Ended = command(&arguments).env("PARTNER_CENTER_TOKEN", "another").output().unwrap().into();
    assert_eq!(refused.status, Some(1));
    assert!(refused.stderr.contains("401"));
}

#[test]
fn the_same_seed_makes_the_same_customers() {
    let list = |seed| {
        let (_running, url) = sandbox(&["--customers", "50", "--token", "token", "--seed", seed]);
        run_at(&url, &["customers", "list", "--output", "jsonl"]).stdout
    };
    assert_eq!(list("3"), list("3"));
    assert_ne!(list("3"), list("4"));
}

#[test]
fn a_port_in_use_is_explained() {
    let (_running, url) = sandbox(&[]);
    let port = url.rsplit(':').next().unwrap();
    let ended: Ended = command(&["sandbox", "--port", port]).output().unwrap().into();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("try: ") && ended.stderr.contains("--port"), "{}", ended.stderr);
}

#[test]
fn the_place_that_is_named_most_closely_wins() {
    let nowhere = "http://127.0.0.1:9";
    let list = ["customers", "list", "--output", "jsonl"];
    let embedded = run_at(nowhere, &[&list[..], &["--sandbox", "--sandbox-customers", "3"]].concat());
    assert_eq!((embedded.status, embedded.stdout.lines().count()), (Some(0), 3));

    let (_running, url) = sandbox(&["--customers", "4", "--token", "token"]);
    let named = run_at(nowhere, &[&list[..], &["--base-url", &url]].concat());
    assert_eq!((named.status, named.stdout.lines().count()), (Some(0), 4));
}

#[test]
fn a_long_search_ends_when_time_runs_out() {
    for transport in ["reqwest", "ureq"] {
        for limit in [&["--timeout", "1", "--max-attempts", "1"][..], &["--deadline", "1"]] {
            let search = ["customers", "list", "--company-name", "zzz", "--sandbox", "--transport", transport];
            let start = Instant::now();
            let ended = run(&[&search[..], &["--sandbox-customers", "10000000"], limit].concat());
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{}", ended.stderr);
            assert!(ended.stderr.contains("time"), "{}", ended.stderr);
            assert!(start.elapsed() < Duration::from_secs(4), "{transport} {limit:?} took {:?}", start.elapsed());
        }
    }
}

/// Each is an option of the sandbox, and a setting of the embedded one; the client makes the same list of all.
#[test]
fn however_odd_the_sandbox_is_the_list_is_the_same() {
    let list = |arguments: &[&str], url: &str| {
        let list = ["customers", "list", "--output", "jsonl", "--size", "40"];
        let ended = run_at(url, &[&list, arguments].concat());
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        ended.stdout
    };
    let embedded = |settings: &[&str]| {
        let settings = settings.iter().flat_map(|setting| ["--sandbox-with", setting]);
        let options = ["--sandbox", "--sandbox-customers", "100"].into_iter().chain(settings).collect::<Vec<_>>();
        list(&options, "http://127.0.0.1:9")
    };
    let plain = embedded(&[]);
    assert_eq!(plain.lines().count(), 100);
    for settings in [
        &["encoding=utf-16le"][..],
        &["encoding=utf-16be", "bom"],
        &["bom", "pascal-case"],
        &["nulls"],
        &["link-style=plain", "double-question-mark"],
        &["link-style=bare"],
        &["link-style=absolute"],
        &["continuation-in=body", "list-end=refusal", "fault-codes=numbers"],
        &["continuation-in=both", "list-end=no-content"],
        &["list-end=empty-page", "total-count=list"],
        &["page-cap=7", "duplicate-locale", "foreign-request-ids"],
        &["fault=reset@2", "fault=truncate@1", "fault=503:retry-after=0@4", "fault=drip:1ms"],
    ] {
        assert_eq!(embedded(settings), plain, "{settings:?}");
        let options: Vec<_> = settings.iter().map(|setting| format!("--{setting}")).collect();
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let (_running, url) = sandbox(&[&["--customers", "100", "--token", "token"], &options[..]].concat());
        assert_eq!(list(&[], &url), plain, "{settings:?}");
    }
    let without_links = embedded(&["without-links"]);
    assert_eq!(without_links.lines().count(), 100);
    assert!(!without_links.contains("links") && plain.contains("links"));
    assert_ne!(embedded(&["seed=1"]), plain);
    assert!(embedded(&["unknown-values"]).contains("co_steward"));
    let id = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    let get = ["customers", "get", id, "--sandbox", "--output", "json", "--sandbox-with", "without-delegated-access"];
    assert!(!run(&get).stdout.contains("customDomains"));
}

#[test]
fn faults_and_limits_are_met() {
    let list = ["customers", "list", "--sandbox", "--max-attempts", "1"];
    for (setting, told) in [
        ("fault=403:code=20002", "20002"),
        ("fault=503@100%", "503"),
        ("fault=429:retry-after=7", "7 s"),
        ("fault=garbage", "JSON"),
        ("fault=reset", "exchange"),
        ("rate-limit=1", "429"),
    ] {
        let ended = run(&[&list[..], &["--size", "20", "--sandbox-with", setting]].concat());
        assert_eq!(ended.status, Some(1), "{setting}");
        assert!(ended.stderr.contains(told), "{setting}: {}", ended.stderr);
    }
}

/// The command that a sandbox proposes is one that a shell runs against it.
#[cfg(unix)]
#[test]
fn what_it_says_can_be_pasted() {
    use std::{env, path::Path, process::Command};

    for token in ["sandbox-token", "a'b$(c)`;\"\\|&", "~root"] {
        let mut sandbox = command(&["sandbox", "--token", token]);
        let mut running = Running(sandbox.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(running.0.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let proposed = line.strip_prefix("in another terminal: ").unwrap();
        let binaries = Path::new(env!("CARGO_BIN_EXE_partner-center")).parent().unwrap();
        let path = env::join_paths([binaries, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let pasted: Ended = Command::new("sh").args(["-c", proposed]).env("PATH", path).output().unwrap().into();
        assert_eq!((pasted.status, pasted.stdout.lines().count()), (Some(0), 1001), "{proposed}{}", pasted.stderr);
    }
}
