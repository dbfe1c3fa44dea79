//! Usage errors and help texts.

use crate::{
    command::{CommandOutput, DOCUMENTED, command, run, run_at, stdout},
    snapshot::{assert_snapshot, transcript, without_operations},
};
use clap::ValueEnum;
use std::net::TcpListener;

/// An address without a listener: a request would fail with status 1.
const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn usage_error_is_reported_before_any_request() {
    let list = ["customers", "list"];
    let mut transcripts = Vec::new();
    for (arguments, allowed) in [
        (&["--page-size", "0"][..], "1..=500"),
        (&["--page-size", "501"], "1..=500"),
        (&["--page-size", "many"], "invalid digit"),
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
        (&["--emulator-customers", "3"], "requires '--emulator'"),
        (&["--emulator", "--emulator-customers", "10000001"], "from 0 to 10000000"),
        (&["--emulator-with", "bom"], "requires '--emulator'"),
        (&["--emulator", "--emulator-with", "bim"], "without its dashes: seed, "),
        (&["--emulator", "--emulator-with", ""], "without its dashes: seed, "),
        (&["--emulator", "--emulator-with=--bom"], "without its dashes: seed, "),
        (&["--emulator", "--emulator-with", "fault=flood"], "a status from 200 to 599"),
        (&["--emulator", "--emulator-with", "port=1"], "invalid value 'port=1' for '--emulator-with <NAME[=VALUE]>'"),
        (&["--emulator", "--emulator-with", "help"], "invalid value 'help' for '--emulator-with <NAME[=VALUE]>'"),
        (&["--emulator", "--emulator-with", "bom", "--emulator-with", "bom"], "cannot be used multiple times"),
        (&["--emulator", "--base-url", NOWHERE], "'--emulator' cannot be used with '--base-url <URL>'"),
        (&["--emulator", "--cloud", "china"], "'--emulator' cannot be used with '--cloud <CLOUD>'"),
        (&["--quiet", "-v"], "'--quiet' cannot be used with '--verbose...'"),
        (&["--base-url", NOWHERE, "--cloud", "global"], "cannot be used with"),
        (&["--base-url", "http://example.com"], "must be https"),
        (&["--base-url", "example.com"], "not a complete URL"),
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
        transcripts.push(transcript(&[&list, arguments].concat(), &ended));
    }
    assert_snapshot("usage_errors_of_list", &transcripts.join("\n"));
    for before_and_after in [
        &["--cloud", "china", "customers", "list", "--base-url", NOWHERE][..],
        &["--emulator", "customers", "list", "--base-url", NOWHERE],
        &["--cloud", "global", "customers", "list", "--emulator"],
        &["-vv", "customers", "list", "--emulator", "--quiet"],
    ] {
        let ended = run_at(NOWHERE, before_and_after);
        assert_eq!(ended.status, Some(2), "{before_and_after:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("cannot be used with"), "{}", ended.stderr);
    }
}

#[test]
fn invalid_id_is_reported_before_any_request() {
    let get = ["customers", "get"];
    let transcripts = [
        &[][..],
        &["contoso"],
        &[DOCUMENTED, "contoso"],
        &[DOCUMENTED, "-", "-"],
        &[DOCUMENTED, "--limit", "1"],
        &[""],
    ]
    .map(|arguments| {
        let ended = run_at(NOWHERE, &[&get, arguments].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        transcript(&[&get, arguments].concat(), &ended)
    });
    assert_snapshot("usage_errors_of_get", &transcripts.join("\n"));
}

#[test]
fn service_options_are_usage_errors_of_other_commands() {
    // The port is in use, so that an emulator that starts ends immediately.
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    for command in [&["emulator", "--port", &port][..], &["completions", "bash"], &["man", "nowhere"]] {
        for options in [
            &["--emulator"][..],
            &["--emulator", "--emulator-customers", "3"],
            &["--emulator-customers", "3"],
            &["--emulator-with", "bom"],
            &["--transport", "reqwest"],
            &["--output", "json"],
            &["--base-url", NOWHERE],
            &["--cloud", "global"],
            &["--locale", "de-DE"],
            &["--application-name", "a"],
            &["--correlation-id", DOCUMENTED],
            &["--timeout", "1"],
            &["--deadline", "1"],
            &["--max-attempts", "1"],
        ] {
            for arguments in [[command, options].concat(), [options, command].concat()] {
                let ended = run(&arguments);
                assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
                let conflict = format!("cannot be used with '{}'", command[0]);
                assert!(ended.stderr.contains(options[0]) && ended.stderr.contains(&conflict), "{}", ended.stderr);
            }
        }
    }
    assert_eq!(run(&["completions", "bash", "--quiet"]).status, Some(0));
}

#[test]
fn invalid_emulator_option_is_a_usage_error() {
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
        let ended = run(&[&["emulator"][..], &arguments].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(allowed), "{}", ended.stderr);
    }
}

#[test]
fn unknown_command_is_a_usage_error() {
    let transcripts = [
        &["emulater"][..],
        &["customers", "lst"],
        &["completions"],
        &["completions", "cmd"],
        &["doctor", "now"],
        &["--emulator", "completions", "bash"],
        &["--sandbocks", "doctor"],
    ]
    .map(|arguments| {
        let ended = run(arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", ended.stderr);
        transcript(arguments, &ended)
    });
    assert_snapshot("usage_errors_of_commands", &transcripts.join("\n"));
    // Which resources there are depends on the specification.
    let similar = run(&["costumers"]);
    assert!(similar.status == Some(2) && similar.stderr.contains("'customers'"), "{}", similar.stderr);
}

#[test]
fn missing_token_is_explained() {
    for token in [None, Some("")] {
        let mut command = command(&["customers", "get", DOCUMENTED, "--base-url", NOWHERE]);
        let output = command.envs(token.map(|token| ("PARTNER_CENTER_TOKEN", token))).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr.contains("error: ") && stderr.contains("why: ") && stderr.contains("try: "), "{stderr}");
        assert!(stderr.contains("PARTNER_CENTER_TOKEN") && stderr.contains("--emulator"), "{stderr}");
    }
}

#[test]
fn invalid_token_is_a_usage_error_and_not_shown() {
    let mut command = command(&["customers", "list", "--base-url", NOWHERE]);
    let output = command.env("PARTNER_CENTER_TOKEN", "two words").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("the token") && !stderr.contains("two words"), "{stderr}");
}

#[test]
fn help_teaches() {
    let commands = [
        &[][..],
        &["customers"],
        &["customers", "list"],
        &["customers", "get"],
        &["auth"],
        &["auth", "status"],
        &["doctor"],
        &["emulator"],
        &["completions"],
    ];
    for command in commands {
        let help = stdout(&[command, &["--help"]].concat());
        assert!(help.contains("Examples:\n  "), "{command:?}");
        // Rejected options are not shown.
        let asks_the_service = !["emulator", "completions"].contains(command.first().unwrap_or(&""));
        assert_eq!(help.contains("--output <FORMAT>"), asks_the_service, "{command:?}");
        // Common options are explained in one place.
        assert_eq!(help.contains("partner-center help options"), asks_the_service, "{command:?}");
        assert!(!help.contains("--correlation-id"), "{command:?}");
        assert_snapshot(
            &["help"].iter().chain(command).copied().collect::<Vec<_>>().join("_"),
            &without_operations(&help),
        );
        assert_eq!(stdout(&[&["help"], command].concat()), help);
        assert!(stdout(&[command, &["-h"]].concat()).len() <= help.len());
    }
    for alone in [&["customers"][..], &["auth"]] {
        let ended = run(alone);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains("Usage: partner-center"));
    }
}

#[test]
fn command_alone_prints_the_short_help() {
    let help = stdout(&[]);
    assert_eq!(help, stdout(&["-h"]));
    let others = without_operations(&help);
    assert!(help.contains("Usage: partner-center") && others.lines().count() < 40, "{help}");
    assert_snapshot("help_in_short", &others);
}

#[test]
fn common_options_are_explained_in_one_place() {
    let help = stdout(&["help", "options"]);
    assert_eq!(stdout(&["options"]), help);
    assert_eq!(stdout(&["options", "--help"]), help);
    for option in ["--emulator-with", "--transport", "--config", "--base-url", "--locale", "--deadline", "--verbose"] {
        assert!(help.contains(&format!("{option} ")) || help.contains(&format!("{option}...")), "{option}: {help}");
    }
    assert_snapshot("help_options", &help);
    let check = stdout(&["auth", "status", "--help"]);
    assert!(check.lines().count() <= 50, "{check}");
}

#[test]
fn automation_is_explained_with_every_exit_status() {
    let help = stdout(&["help", "automation"]);
    assert_eq!((stdout(&["automation"]), stdout(&["automation", "--help"])), (help.clone(), help.clone()));
    for words in ["--journal FILE", "--output-file FILE", "--quiet", "crontab", "ScheduledTask", "auth login", "  5  "]
    {
        assert!(help.contains(words), "{words}: {help}");
    }
    assert!(stdout(&["--help"]).contains("partner-center help automation"));
    assert_eq!(run(&["automation", "--output", "csv"]).status, Some(2));
}

/// Each example of the help texts is a valid command.
#[test]
fn examples_are_valid() {
    let texts = [
        &["--help"][..],
        &["customers", "list", "--help"],
        &["customers", "get", "--help"],
        &["doctor", "--help"],
        &["help", "options"],
    ];
    let mut count = 0;
    for text in texts.map(stdout) {
        let (_, examples) = text.split_once("Examples:\n").unwrap();
        for example in examples.replace("\n  json", " json").lines() {
            let words: Vec<_> =
                example.trim().split([' ']).take_while(|word| ![">", "<", "|"].contains(word)).collect();
            assert_eq!(words[0], "partner-center", "{example}");
            // The last option is invalid, so that nothing is run.
            let ended = run(&[&words[1..], &["--max-attempts", "0"]].concat());
            assert!(ended.stderr.contains("invalid value '0' for '--max-attempts <N>'"), "{example}: {}", ended.stderr);
            count += 1;
        }
    }
    assert!(count > 10);
}

#[test]
fn version_is_printed() {
    assert_snapshot("version", &stdout(&["--version"]));
    assert_eq!(stdout(&["-V"]), stdout(&["--version"]));
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in clap_complete::Shell::value_variants() {
        let shell = shell.to_string();
        let script = stdout(&["completions", &shell]);
        for word in ["PARTNER_CENTER_COMPLETE", "partner-center"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // As the scripts call it.
        let complete = |typed: &str| {
            let mut command = command(&["--", "partner-center", typed]);
            command.env("PARTNER_CENTER_COMPLETE", &shell).env("_CLAP_COMPLETE_INDEX", "1").env("_CLAP_IFS", "\n");
            CommandOutput::from(command.output().unwrap())
        };
        for (typed, word) in [("--emu", "emulator-customers"), ("do", "doctor"), ("", "customers")] {
            let ended = complete(typed);
            assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{shell}");
            assert!(ended.stdout.contains(word), "{shell}: {word}: {}", ended.stdout);
        }
    }
}

#[test]
fn verbosity_increases_the_log() {
    let list = |verbosity| {
        let ended = run(&["customers", "list", "--emulator", verbosity]);
        assert_eq!(ended.stdout.lines().count(), 26);
        ended.stderr
    };
    assert_eq!(list("-v"), "");
    assert!(list("-vv").contains("listCustomers") && !list("-vv").contains("status=200"));
    assert!(list("-vvv").contains("status=200"));
}
