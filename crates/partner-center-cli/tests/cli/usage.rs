//! Wrong usage: refused before anything is sent, in words that say what is allowed.

use crate::command::{DOCUMENTED, command, run, run_at, stdout};

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
    let before_and_after = run_at(NOWHERE, &["--cloud", "china", "customers", "list", "--base-url", NOWHERE]);
    assert_eq!(before_and_after.status, Some(2));
    let no_guid = run_at(NOWHERE, &["customers", "get", "contoso"]);
    assert_eq!(no_guid.status, Some(2));
    assert!(no_guid.stderr.contains("must be a GUID, such as"), "{}", no_guid.stderr);
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
