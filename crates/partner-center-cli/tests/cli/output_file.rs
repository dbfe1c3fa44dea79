//! `--output-file`: a file that is written completely or not at all, unless it is the record of changes.

use crate::{
    command::{CommandOutput, command, run, run_at, stdout},
    judged_emulator::judged_emulator,
};
use partner_center_emulator::Emulator;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

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

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

/// A customer that there is not.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// Returns a command that changes something for three customers of the emulator and then fails for one more.
fn change_for_customers(folder: &Path) -> Vec<String> {
    let list = ["customers", "list", "--emulator", "--emulator-customers", "3", "-o", "csv", "--no-header"];
    let ids = stdout(&[&list[..], &["--columns", "id"]].concat());
    let customers = folder.join("customers.txt");
    fs::write(&customers, ids + NOBODY).unwrap();
    let update = ["billing-profile", "update", "--set", "email=ana@contoso.example", "--yes", "-o", "jsonl"];
    let customers = ["--concurrency", "1", "--customers", customers.to_str().unwrap()];
    [&update[..], &customers].concat().into_iter().map(str::to_owned).collect()
}

/// Serves one response with the status 200, once `before` is done.
fn serve_one_response(body: &'static str, before: impl FnOnce() + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap());
        let head: Vec<_> = request.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        let length =
            head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        request.read_exact(&mut vec![0; length.unwrap_or_default()]).unwrap();
        before();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    });
    url
}

/// Returns what creates a folder in the place of a file, which can then not be put there.
fn create_folder_at(path: &Path) -> impl FnOnce() + Send + use<> {
    let path = path.to_owned();
    move || fs::create_dir(path).unwrap()
}

/// Returns the text in one line.
fn unwrap_lines(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn output_file_of_changes_has_those_before_a_failure() {
    let server = Emulator::builder().customers(3).token("token").build().serve("127.0.0.1:0").unwrap();
    let (input, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = folder.path().join("changes.jsonl");
    let path = file.to_str().unwrap();
    let change = change_for_customers(input.path());
    let change: Vec<_> = change.iter().map(String::as_str).collect();
    for transport in ["reqwest", "ureq"] {
        fs::write(&file, "the last run").unwrap();
        let options = ["--transport", transport, "--output-file", path];
        let ended = run_at(&server.url(), &[&change[..], &options].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{}", ended.stderr);
        assert!(ended.stderr.contains("was written all the same"), "{}", ended.stderr);
        assert_eq!((fs::read_to_string(&file).unwrap().lines().count(), names_in(folder.path()).len()), (3, 1));
        // Nothing was done, and nothing printed.
        fs::write(&file, "the last run").unwrap();
        let ended = run_at(&server.url(), &[&["customers", "delete", NOBODY, "--yes"], &options[..]].concat());
        assert_eq!(ended.status, Some(3), "{}", ended.stderr);
        assert!(ended.stderr.contains("was not written"), "{}", ended.stderr);
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), names_in(folder.path()).len()), ("the last run", 1));
    }
}

#[test]
fn output_file_has_the_report_of_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, status) in [(&["doctor"][..], 1), (&["auth", "status"], 1)] {
        let file = folder.path().join(arguments.concat());
        let mut command = command(&[arguments, &["--max-attempts", "1", "--output-file"]].concat());
        command.arg(&file).env("PARTNER_CENTER_BASE_URL", NOWHERE).env("PARTNER_CENTER_AUTHORITY", NOWHERE);
        command.env("PARTNER_CENTER_TENANT_ID", "contoso.example").env("PARTNER_CENTER_CLIENT_SECRET", "secret");
        command.env("PARTNER_CENTER_CLIENT_ID", Emulator::CLIENT_ID);
        let ended = CommandOutput::from(command.output().unwrap());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(status), ""), "{}", ended.stderr);
        assert!(!ended.stderr.contains("written"), "{}", ended.stderr);
        assert!(fs::read_to_string(&file).unwrap().lines().count() > 3, "{arguments:?}");
    }
}

#[test]
fn journal_stays_until_the_output_file_is_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let [customers, journal, file] = ["customers", "journal", "output"].map(|name| folder.path().join(name));
    fs::write(&customers, NOBODY).unwrap();
    let url = serve_one_response(r#"{"items":[{"id":"first"}]}"#, create_folder_at(&file));
    let options = ["--customers", "--journal", "--output-file"].into_iter().zip([&customers, &journal, &file]);
    let options = options.flat_map(|(option, path)| [option, path.to_str().unwrap()]);
    let list: Vec<_> = ["subscriptions", "list", "-o", "jsonl"].into_iter().chain(options).collect();
    let ended = run_at(&url, &list);
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert!(unwrap_lines(&ended.stderr).contains("the journal stays, and the same command prints"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("what was printed is in") && journal.exists());
    fs::remove_dir(&file).unwrap();
    // Everything is read from the journal.
    let again = run_at(&url, &list);
    assert_eq!((again.status, journal.exists()), (Some(0), false), "{}", again.stderr);
    assert!(fs::read_to_string(&file).unwrap().contains(r#""id":"first""#));
}

#[test]
fn output_of_a_change_is_kept_if_it_cannot_be_put_in_its_place() {
    let (input, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [body, file, recording] = ["body", "output", "recording"].map(|name| match name {
        "body" => input.path().join(name),
        _ => folder.path().join(name),
    });
    fs::write(&body, "{}").unwrap();
    let post = ["api", "POST", "/v1/validations/address", "--body", body.to_str().unwrap(), "--output-file"];
    let post = [&post[..], &[file.to_str().unwrap(), "--record", recording.to_str().unwrap()]].concat();
    let sent = |blocked: &Path| {
        let ended = run_at(&serve_one_response(r#"{"id":"made"}"#, create_folder_at(blocked)), &post);
        assert_eq!(ended.status, Some(1), "{}", ended.stderr);
        let said = unwrap_lines(&ended.stderr);
        assert!(said.contains("the change was made") && said.contains("do not send it again"), "{}", ended.stderr);
        fs::remove_dir(blocked).unwrap();
        said
    };
    let said = sent(&file);
    assert!(said.contains("its output file could not be written") && said.contains("printed is in"), "{said}");
    fs::remove_file(&recording).unwrap();
    let kept: Vec<PathBuf> = names_in(folder.path()).into_iter().map(|name| folder.path().join(name)).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read_to_string(&kept[0]).unwrap(), r#"{"id":"made"}"#);
    // The output does not depend on the recording.
    let said = sent(&recording);
    assert!(said.contains("its recording could not be written"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), r#"{"id":"made"}"#);
}

#[test]
fn options_that_name_the_same_file_are_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    #[cfg(unix)]
    let same = {
        let links = tempfile::tempdir().unwrap();
        let link = links.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        (link.join("file"), links)
    };
    #[cfg(not(unix))]
    let same = (folder.path().join(".").join("file"), ());
    let (file, other) = (file.to_str().unwrap(), same.0.to_str().unwrap());
    let list = ["subscriptions", "list", "--all-customers"];
    let create = ["customers", "create"];
    for (command, one, two) in [
        (&list[..], "--output-file", "--record"),
        (&list, "--journal", "--output-file"),
        (&list, "--record", "--journal"),
        (&create, "--password-file", "--output-file"),
        (&create, "--record", "--password-file"),
    ] {
        let ended = run_at(NOWHERE, &[command, &[one, file, two, other]].concat());
        assert_eq!(ended.status, Some(2), "{one} {two}: {}", ended.stderr);
        assert!(ended.stderr.contains("name the same file"), "{one} {two}: {}", ended.stderr);
    }
    assert!(names_in(folder.path()).is_empty());
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
    fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).unwrap();
    let ended = run(&[&LIST[..], &[file.to_str().unwrap()]].concat());
    assert!(ended.status == Some(2) && ended.stderr.contains("the file is read-only"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn new_output_file_with_a_secret_is_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let body = folder.path().join("body.json");
    fs::write(&body, stdout(&["customers", "create", "--example-body"])).unwrap();
    let create = ["customers", "create", "--body", body.to_str().unwrap(), "--dry-run", "--show-password"];
    for arguments in [&["auth", "token"][..], &create] {
        let file = folder.path().join(arguments.len().to_string());
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        let write = || run_at(NOWHERE, &[arguments, &["--output-file", file.to_str().unwrap()]].concat());
        let ended = write();
        assert_eq!((ended.status, mode()), (Some(0), 0o600), "{arguments:?}: {}", ended.stderr);
        // Who may read a file that is there was decided.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!((write().status, mode()), (Some(0), 0o640), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn output_file_of_changes_has_those_before_an_interruption() {
    // Each change is a GET and a PUT: that of the second customer gets no response.
    let emulator = judged_emulator().customers(3).token("token").fault("hang@4".parse().unwrap()).build();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let (input, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = folder.path().join("changes.jsonl");
    let change = change_for_customers(input.path());
    let mut change = command(&change.iter().map(String::as_str).collect::<Vec<_>>());
    change.arg("--output-file").arg(&file);
    change.env("PARTNER_CENTER_TOKEN", "token").env("PARTNER_CENTER_BASE_URL", server.url());
    let ended = interrupt_at_request(&mut change, &emulator, 4);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(130), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("was written all the same"), "{}", ended.stderr);
    assert_eq!((fs::read_to_string(&file).unwrap().lines().count(), names_in(folder.path()).len()), (1, 1));
}

/// Runs a command, and interrupts it once the emulator has got so many requests.
#[cfg(unix)]
fn interrupt_at_request(command: &mut std::process::Command, emulator: &Emulator, count: usize) -> CommandOutput {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..60_000 {
        if emulator.requests().len() >= count {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    let interrupted = std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    child.wait_with_output().unwrap().into()
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
