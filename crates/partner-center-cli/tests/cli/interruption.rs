//! Ctrl-C and SIGTERM.
#![cfg(unix)]

use crate::{
    command::{CommandOutput, command},
    server::{page, serve_responses},
};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn interrupted_list_exits_with_130_and_keeps_its_output() {
    for transport in ["reqwest", "ureq"] {
        let (url, requests) = serve_responses(vec![(200, page("{}"))]);
        let mut command =
            command(&["customers", "list", "--output", "jsonl", "--transport", transport, "--base-url", &url]);
        let command = command.env("PARTNER_CENTER_TOKEN", "token").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The second page is requested, perhaps before the first one is printed, and there is no response.
        assert_eq!(requests.iter().nth(1).unwrap(), "one too many");
        let mut first = [0; 3];
        child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
        signal(&child, "INT");
        let ended = CommandOutput::from(child.wait_with_output().unwrap());
        assert_eq!((&first, ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (b"{}\n", Some(130), "", ""));
    }
}

/// Starts a list whose output is not read any further.
fn stuck(form: &str, transport: &str) -> Child {
    let mut command = command(&[
        "customers",
        "list",
        "--emulator",
        "--emulator-customers",
        "5000",
        "--output",
        form,
        "--transport",
        transport,
    ]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The pipe holds less than the list, and is full a moment after the first output.
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    thread::sleep(Duration::from_millis(500));
    child
}

#[test]
fn interruption_leaves_complete_records() {
    for transport in ["reqwest", "ureq"] {
        for (form, header) in [("jsonl", 0), ("csv", 1)] {
            let mut child = stuck(form, transport);
            signal(&child, "INT");
            thread::sleep(Duration::from_millis(500));
            assert!(child.try_wait().unwrap().is_none(), "the page is not out, and the command has ended");
            let ended = CommandOutput::from(child.wait_with_output().unwrap());
            assert_eq!((ended.status, ended.stderr.as_str()), (Some(130), ""), "{form}");
            let customers = ended.stdout.lines().count() - header;
            assert!(ended.stdout.ends_with('\n') && customers % 500 == 0, "{form}: {customers}");
            assert!((500..5000).contains(&customers), "{form}: {customers}");
        }
    }
}

#[test]
fn second_interruption_does_not_wait() {
    let mut child = stuck("jsonl", "reqwest");
    signal(&child, "INT");
    thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    signal(&child, "TERM");
    let start = Instant::now();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn interrupted_emulator_exits_with_0() {
    for name in ["INT", "TERM"] {
        let mut command = command(&["emulator"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(
            stderr.contains("PARTNER_CENTER_TOKEN=emulator-token partner-center --base-url http://127.0.0.1:"),
            "{stderr}"
        );
    }
}
