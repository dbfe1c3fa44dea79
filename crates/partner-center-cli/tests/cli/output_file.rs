//! `--output-file`: a file that is written completely or not at all.

use crate::{
    command::{CommandOutput, command, run, run_at, stdout},
    judged_emulator::judged_emulator,
};
use std::{fs, path::Path, process::Stdio, thread, time::Duration};

const LIST: [&str; 6] = ["customers", "list", "--emulator", "--output", "csv", "--output-file"];

fn names_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn output_file_is_replaced_when_the_command_has_succeeded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("customers.csv");
    let path = file.to_str().unwrap();
    let printed = stdout(&LIST[..5]);
    for transport in ["reqwest", "ureq"] {
        assert_eq!(stdout(&[&LIST[..], &[path, "--transport", transport]].concat()), "");
        assert_eq!(fs::read_to_string(&file).unwrap(), printed);
        fs::write(&file, "the last run").unwrap();
        // The list ends early, after a page.
        let failing = ["--page-size", "10", "--emulator-with", "fault=400@2"];
        let ended = run(&[&LIST[..], &[path, "--transport", transport], &failing].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{}", ended.stderr);
        assert!(ended.stderr.contains("was not written, as the command did not succeed"), "{}", ended.stderr);
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), names_in(folder.path()).len()), ("the last run", 1));
    }
    for arguments in [&["doctor", "--emulator"][..], &["auth", "status", "--emulator"], &["help", "options"][1..]] {
        assert_eq!(run(&[arguments, &["--output-file", path]].concat()).stdout, "", "{arguments:?}");
        assert!(fs::read_to_string(&file).unwrap().lines().count() > 3, "{arguments:?}");
    }
}

#[test]
fn output_file_that_cannot_be_written_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").join("customers.csv");
    for path in [missing.to_str().unwrap(), folder.path().to_str().unwrap()] {
        // Without a listener: nothing is sent.
        let ended = run_at("http://127.0.0.1:9", &["customers", "list", "--output-file", path]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
        assert!(ended.stderr.contains("the output file"), "{}", ended.stderr);
    }
    let ended = run(&["mcp", "--emulator", "--output-file", folder.path().join("mcp").to_str().unwrap()]);
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    assert!(names_in(folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn output_file_has_the_mode_of_the_file_that_it_replaces() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    // A file that is created here has the usual mode.
    let usual = folder.path().join("usual");
    fs::write(&usual, "").unwrap();
    let file = folder.path().join("customers.csv");
    let write = |path: &Path| stdout(&[&LIST[..], &[path.to_str().unwrap()]].concat());
    write(&file);
    assert_eq!(mode(&file), mode(&usual));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link");
    symlink(&file, &link).unwrap();
    fs::write(&file, "").unwrap();
    write(&link);
    assert_eq!((mode(&file), fs::read_to_string(&file).unwrap().is_empty()), (0o640, false));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(run(&[&LIST[..], &["/dev/null"]].concat()).status, Some(2));
}

#[cfg(unix)]
#[test]
fn interruption_leaves_no_temporary_file() {
    let emulator = judged_emulator().customers(30).token("token").fault("hang@2".parse().unwrap()).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("customers.csv");
    let mut list = command(&["customers", "list", "--page-size", "10", "--output-file", file.to_str().unwrap()]);
    list.env("PARTNER_CENTER_TOKEN", "token").env("PARTNER_CENTER_BASE_URL", server.url());
    let child = list.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..60_000 {
        if emulator.requests().len() >= 2 {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(names_in(folder.path()).len(), 1);
    let interrupted = std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let ended = CommandOutput::from(child.wait_with_output().unwrap());
    assert_eq!((ended.status, names_in(folder.path())), (Some(130), Vec::new()), "{}", ended.stderr);
}
