//! `--record`, and `emulator --replay`: what a command met is met again, and no value of it is in the file.

use crate::{
    command::{CommandOutput, DOCUMENTED, run, run_at},
    judged_emulator::{judged_emulator, judged_emulator_that_allows},
};
use partner_center_emulator::{EmulatorBuilder, Misbehavior, Recording};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

const TRANSPORTS: [&str; 2] = ["reqwest", "ureq"];

/// Runs a command against an emulator, with a recording at `path`.
fn record(emulator: EmulatorBuilder, command: &[&str], path: &Path) -> CommandOutput {
    let server = emulator.token("token").build().serve("127.0.0.1:0").unwrap();
    run_at(&server.url(), &[command, &["--record", path.to_str().unwrap()]].concat())
}

fn recording(path: &Path) -> Recording {
    Recording::from_json(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the paths of a recording and of that of its replay, in an empty folder.
fn paths(folder: &Path) -> [PathBuf; 2] {
    ["recorded.json", "replayed.json"].map(|name| folder.join(name))
}

#[test]
fn replay_of_a_recording_has_the_same_shapes_and_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let [recorded, replayed] = paths(folder.path());
    let unknown = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9";
    let cases: [(&[&str], &str, i32); 9] = [
        (&["customers", "list", "--page-size", "10"], "", 0),
        (&["customers", "list", "--page-size", "10", "--output", "csv"], "", 0),
        (&["customers", "get", DOCUMENTED], "", 0),
        (&["customers", "get", unknown], "", 3),
        (&["subscriptions", "list", "--customer", DOCUMENTED], "", 0),
        (&["users", "list", "--customer", DOCUMENTED, "--output", "json"], "", 0),
        (&["customers", "delete", DOCUMENTED, "--yes"], "", 0),
        (&["customers", "get", DOCUMENTED], "403:code=1002", 4),
        (&["customers", "get", DOCUMENTED], "503@1", 0),
    ];
    for transport in TRANSPORTS {
        for (command, fault, status) in cases {
            let command = [command, &["--transport", transport]].concat();
            let service = judged_emulator().customers(30);
            let service = if fault.is_empty() { service } else { service.fault(fault.parse().unwrap()) };
            let first = record(service, &command, &recorded);
            assert_eq!(first.status, Some(status), "{command:?}: {}", first.stderr);
            let expected = recording(&recorded);
            assert!(!expected.exchanges().is_empty(), "{command:?}: {}", first.stderr);
            let second = record(judged_emulator().customers(0).replay(expected.clone()), &command, &replayed);
            assert_eq!(second.status, Some(status), "{command:?}: {}", second.stderr);
            assert_eq!(recording(&replayed), expected, "{command:?}");
        }
    }
}

#[test]
fn recording_has_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let [path, _] = paths(folder.path());
    let emulator = judged_emulator().customers(30).seed(7);
    let listed = record(emulator, &["customers", "list", "--output", "jsonl", "--verbose"], &path);
    assert_eq!(listed.status, Some(0), "{}", listed.stderr);
    assert!(listed.stderr.contains("note: recorded one response, without any value"), "{}", listed.stderr);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("items[].companyProfile.companyName"), "{text}");
    assert_eq!(listed.stdout.lines().count(), 30);
    for line in listed.stdout.lines() {
        let customer: Value = serde_json::from_str(line).unwrap();
        for path in ["/id", "/companyProfile/domain", "/companyProfile/companyName", "/companyProfile/tenantId"] {
            let value = customer.pointer(path).unwrap().as_str().unwrap();
            // The value of some documented customers is the name of the field.
            assert!(path.ends_with(value) || !text.contains(value), "{value}: {text}");
        }
    }
    assert!(!text.contains("token\"") && !text.contains("127.0.0.1"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn recording_has_what_led_to_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let [path, _] = paths(folder.path());
    let service = judged_emulator_that_allows(&[Misbehavior::MissingPermission]);
    let service = service.customers(30).fault("403:code=1002@3".parse().unwrap());
    let listed = record(service, &["customers", "list", "--page-size", "10"], &path);
    assert_eq!(listed.status, Some(4), "{}", listed.stderr);
    let statuses: Vec<_> = recording(&path).exchanges().iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses, [200, 200, 403]);
}

#[test]
fn command_does_not_begin_if_its_recording_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = judged_emulator().token("token").build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    for path in [folder.path().join("no/such/folder"), folder.path().to_owned()] {
        let ended = run_at(&server.url(), &["customers", "list", "--record", path.to_str().unwrap()]);
        assert_eq!(ended.status, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("the recording cannot be written"), "{}", ended.stderr);
    }
    assert_eq!(emulator.requests().len(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn recording_does_not_replace_what_is_not_a_regular_file() {
    use std::os::unix::{fs::FileTypeExt, net::UnixListener};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let _socket = UnixListener::bind(&path).unwrap();
    let ended = run(&["customers", "list", "--emulator", "--record", path.to_str().unwrap()]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("it is not a regular file"), "{}", ended.stderr);
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
}

#[test]
fn command_without_requests_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let [path, _] = paths(folder.path());
    for command in [&["config", "list"][..], &["customers", "create", "--example-body"], &["auth", "logout"]] {
        let ended = run(&[command, &["--record", path.to_str().unwrap()]].concat());
        assert_eq!((ended.status, path.exists()), (Some(2), false), "{command:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("there is nothing to record"), "{command:?}: {}", ended.stderr);
    }
}

#[test]
fn emulator_replays_the_file_of_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let [path, other] = paths(folder.path());
    let command = ["customers", "list", "--page-size", "10", "--output", "csv"];
    assert_eq!(record(judged_emulator().customers(30), &command, &path).status, Some(0));
    let replay = format!("replay={}", path.display());
    let with = |setting: &str, path: &Path| {
        let path = path.to_str().unwrap();
        run(&[&command[..], &["--emulator", "--emulator-with", setting, "--record", path]].concat())
    };
    let replayed = with(&replay, &other);
    assert_eq!(replayed.status, Some(0), "{}", replayed.stderr);
    assert_eq!(recording(&other), recording(&path));
    fs::write(&path, "{}").unwrap();
    let rejected = with(&replay, &other);
    assert_eq!(rejected.status, Some(2), "{}", rejected.stderr);
    assert!(rejected.stderr.contains("it is not a recording of this version"), "{}", rejected.stderr);
}

#[test]
fn recording_is_of_one_command() {
    let ended = run(&["mcp", "--emulator", "--record", "recording.json"]);
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("`mcp` cannot use --record"), "{}", ended.stderr);
}
