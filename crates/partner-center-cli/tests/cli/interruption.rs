//! Ctrl-C and the request to terminate, where they are signals.
#![cfg(unix)]

use crate::{
    command::{Ended, command},
    server::{answering, page},
};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn an_interrupted_list_ends_with_130_and_keeps_what_came() {
    for transport in ["reqwest", "ureq"] {
        let (url, requests) = answering(vec![(200, page("{}"))]);
        let mut command =
            command(&["customers", "list", "--output", "jsonl", "--transport", transport, "--base-url", &url]);
        let command = command.env("PARTNER_CENTER_TOKEN", "token").stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // The second page is asked for, and does not come.
        assert_eq!(requests.iter().nth(1).unwrap(), "one too many");
        signal(&child, "INT");
        let ended = Ended::from(child.wait_with_output().unwrap());
        assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (Some(130), "{}\n", ""));
    }
}

#[test]
fn an_interruption_is_how_a_sandbox_ends() {
    for name in ["INT", "TERM"] {
        let mut command = command(&["sandbox"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(
            stderr.contains("PARTNER_CENTER_TOKEN=sandbox-token partner-center --base-url http://127.0.0.1:"),
            "{stderr}"
        );
    }
}
