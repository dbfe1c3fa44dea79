//! Wrong usage: refused before anything is sent, in words that say what is allowed.

use crate::command::{DOCUMENTED, command, run, run_at, stdout};
use std::net::TcpListener;

/// Where nobody listens: a request would fail with status 1.
const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn wrong_usage_is_refused_before_anything_is_sent() {
    let list = ["customers", "list"];
    for (arguments, allowed) in [
        (&["--size", "0"][..], "1..=500"),
        (&["--size", "501"], "1..=500"),
        (&["--size", "many"], "invalid digit"),
        (&["--limit", "0"], "from 1 to 4294967295"),
        (&["--indirect-reseller", "fabrikam"], "must be a GUID, such as"),
        (&["--company-name", "a", "--domain", "b"], "cannot be used with"),
        (&["--company-name", ""], "a value is required"),
        (&["--correlation-id", "x"], "must be a GUID, such as"),
        (&["--output", "xml"], "table, json, jsonl, csv"),
        (&["--transport", "curl"], "reqwest, ureq"),
        (&["--cloud", "moon"], "global, china, us-government, germany"),
        (&["--timeout", "0"], "from 0.001 to 86400"),
        (&["--deadline", "-1"], "unexpected argument"),
        (&["--deadline", "soon"], "from 0.001 to 86400"),
        (&["--max-attempts", "0"], "from 1 to 4294967295"),
        (&["--sandbox-customers", "3"], "requires '--sandbox'"),
        (&["--sandbox", "--sandbox-customers", "10000001"], "from 0 to 10000000"),
        (&["--sandbox-with", "bom"], "requires '--sandbox'"),
        (&["--sandbox", "--sandbox-with", "bim"], "a similar argument exists: '--bom'"),
        (&["--sandbox", "--sandbox-with", "fault=flood"], "a status from 200 to 599"),
        (&["--sandbox", "--sandbox-with", "port=1"], "unexpected argument"),
        (&["--sandbox", "--sandbox-with", "help"], "unexpected argument"),
        (&["--sandbox", "--sandbox-with", "bom", "--sandbox-with", "bom"], "cannot be used multiple times"),
        (&["--sandbox", "--base-url", NOWHERE], "'--sandbox' cannot be used with '--base-url <URL>'"),
        (&["--sandbox", "--cloud", "china"], "'--sandbox' cannot be used with '--cloud <CLOUD>'"),
        (&["--quiet", "-v"], "'--quiet' cannot be used with '--verbose...'"),
        (&["--base-url", NOWHERE, "--cloud", "global"], "cannot be used with"),
        (&["--base-url", "http://example.com"], "must be https"),
        (&["--base-url", "example.com"], "not a whole URL"),
        (&["--locale", "a\nb"], "`x-locale`"),
        (&["--frobnicate"], "unexpected argument"),
    ] {
        let ended = run_at(NOWHERE, &[&list, arguments].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        assert!(
            ended.stderr.starts_with("error: ") && ended.stderr.contains(allowed),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    for before_and_after in [
        &["--cloud", "china", "customers", "list", "--base-url", NOWHERE][..],
        &["--sandbox", "customers", "list", "--base-url", NOWHERE],
        &["--cloud", "global", "customers", "list", "--sandbox"],
        &["-vv", "customers", "list", "--sandbox", "--quiet"],
    ] {
        let ended = run_at(NOWHERE, before_and_after);
        assert_eq!(ended.status, Some(2), "{before_and_after:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("cannot be used with"), "{}", ended.stderr);
    }
    let no_guid = run_at(NOWHERE, &["customers", "get", "contoso"]);
    assert_eq!(no_guid.status, Some(2));
    assert!(no_guid.stderr.contains("must be a GUID, such as"), "{}", no_guid.stderr);
}

#[test]
fn options_of_customers_are_refused_where_they_mean_nothing() {
    // A sandbox that starts would not end: its port is in use.
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    for command in [&["sandbox", "--port", &port][..], &["completions", "bash"]] {
        for options in [
            &["--sandbox"][..],
            &["--sandbox", "--sandbox-customers", "3"],
            &["--sandbox-customers", "3"],
            &["--sandbox-with", "bom"],
            &["--transport", "reqwest"],
            &["--output", "json"],
            &["--base-url", NOWHERE],
            &["--cloud", "global"],
            &["--locale", "de-DE"],
            &["--application", "a"],
            &["--correlation-id", DOCUMENTED],
            &["--timeout", "1"],
            &["--deadline", "1"],
            &["--max-attempts", "1"],
        ] {
            for arguments in [[command, options].concat(), [options, command].concat()] {
                let ended = run(&arguments);
                assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
                let refusal = format!("cannot be used with '{}'", command[0]);
                assert!(ended.stderr.contains(options[0]) && ended.stderr.contains(&refusal), "{}", ended.stderr);
            }
        }
    }
    assert_eq!(run(&["completions", "bash", "--quiet"]).status, Some(0));
}

#[test]
fn a_sandbox_that_cannot_be_is_refused() {
    for (arguments, allowed) in [
        (["--token", "two words"], "visible ASCII characters, without blanks"),
        (["--token", ""], "visible ASCII characters, without blanks"),
        (["--token", "tökén"], "visible ASCII characters, without blanks"),
        (["--token", "a\tb"], "visible ASCII characters, without blanks"),
        (["--customers", "10000001"], "from 0 to 10000000"),
        (["--page-cap", "0"], "from 1 to 500"),
        (["--page-cap", "501"], "from 1 to 500"),
        (["--rate-limit", "0"], "zero"),
        (["--link-style", "v2"], "v1, plain, bare, absolute"),
        (["--fault", "503@0"], "@NUMBER from 1 on"),
    ] {
        let ended = run(&[&["sandbox"][..], &arguments].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(allowed), "{}", ended.stderr);
    }
}

#[test]
fn a_missing_token_is_explained() {
    for token in [None, Some("")] {
        let mut command = command(&["customers", "get", DOCUMENTED, "--base-url", NOWHERE]);
        let output = command.envs(token.map(|token| ("PARTNER_CENTER_TOKEN", token))).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr.contains("error: ") && stderr.contains("why: ") && stderr.contains("try: "), "{stderr}");
        assert!(stderr.contains("PARTNER_CENTER_TOKEN") && stderr.contains("--sandbox"), "{stderr}");
    }
}

#[test]
fn a_token_that_cannot_be_one_is_refused_and_not_shown() {
    let mut command = command(&["customers", "list", "--base-url", NOWHERE]);
    let output = command.env("PARTNER_CENTER_TOKEN", "two words").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("the token") && !stderr.contains("two words"), "{stderr}");
}

#[test]
fn help_teaches() {
    let help = stdout(&["--help"]);
    for taught in ["customers", "sandbox", "completions", "PARTNER_CENTER_TOKEN", "130 interrupted", "Examples:"] {
        assert!(help.contains(taught), "{taught}");
    }
    for command in [&["customers", "list"][..], &["customers", "get"], &["sandbox"], &["completions"]] {
        assert!(stdout(&[command, &["--help"]].concat()).contains("Example"), "{command:?}");
    }
    assert!(stdout(&["sandbox", "--help"]).replace('\n', " ").contains("the exit status is then 0"));
    let alone = run(&[]);
    assert_eq!(alone.status, Some(2));
    assert!(alone.stderr.contains("Usage: partner-center"));
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(stdout(&["completions", shell]).contains("sandbox-customers"), "{shell}");
    }
}

#[test]
fn the_more_is_asked_the_more_is_told() {
    let list = |verbosity| {
        let ended = run(&["customers", "list", "--sandbox", verbosity]);
        assert_eq!(ended.stdout.lines().count(), 26);
        ended.stderr
    };
    assert_eq!(list("-v"), "");
    assert!(list("-vv").contains("listCustomers") && !list("-vv").contains("status=200"));
    assert!(list("-vvv").contains("status=200"));
}
