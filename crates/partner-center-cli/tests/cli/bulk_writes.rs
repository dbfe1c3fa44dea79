//! Changes for many customers that are stopped: none is forgotten, and none is made twice.

use crate::{
    command::{CommandOutput, command, run_at, stdout},
    judged_emulator::judged_emulator,
    server::last_page,
};
use partner_center_emulator::{Emulator, Server};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

const TRANSPORTS: [&str; 2] = ["reqwest", "ureq"];

fn customer_ids(count: &str) -> Vec<String> {
    let list = ["customers", "list", "--emulator", "--emulator-customers", count, "-o", "csv", "--no-header"];
    let list = stdout(&[&list[..], &["--columns", "id"]].concat());
    list.lines().map(str::to_owned).collect()
}

/// Returns a command that changes the billing profiles of customers.
fn update(url: &str, folder: &TempDir, customers: &[&str], more: &[&str]) -> Command {
    let file = folder.path().join("customers.txt");
    fs::write(&file, customers.join("\n")).unwrap();
    let journal = folder.path().join("journal.jsonl");
    let update = ["billing-profile", "update", "--yes", "-o", "jsonl", "--customers", file.to_str().unwrap()];
    let change = ["--set", "email=ana@contoso.example", "--journal", journal.to_str().unwrap()];
    let mut command = command(&[&update[..], &change, more].concat());
    command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).env("PARTNER_CENTER_BASE_URL", url);
    command
}

fn run_update(server: &Server, folder: &TempDir, customers: &[&str], more: &[&str]) -> CommandOutput {
    update(&server.url(), folder, customers, more).output().unwrap().into()
}

/// Changes the text of the journal.
fn rewrite_journal(folder: &TempDir, change: impl Fn(&str) -> Option<String>) {
    let path = folder.path().join("journal.jsonl");
    let text: Vec<_> = fs::read_to_string(&path).unwrap().lines().filter_map(change).collect();
    fs::write(&path, text.join("\n") + "\n").unwrap();
}

#[test]
fn unreadable_journal_ends_the_run_after_what_is_under_way() {
    let ids = customer_ids("3");
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    for transport in TRANSPORTS {
        let server = judged_emulator().customers(3).build().serve("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = ["--transport", transport, "--concurrency", "2"];
        assert_eq!(run_update(&server, &folder, &ids[1..2], &options).status, Some(0));
        rewrite_journal(&folder, |line| {
            let (start, end) = line.split_once(r#""output":""#).unwrap_or((line, ""));
            Some(if end.is_empty() { line.to_owned() } else { format!(r#"{start}"output":"7"}}"#) })
        });
        // The first change is under way when the second one is looked up, and the third one is not begun.
        let ended = run_update(&server, &folder, &ids, &options);
        assert_eq!((ended.status, ended.stdout.lines().count()), (Some(1), 1), "{}", ended.stderr);
        assert!(ended.stdout.contains(ids[0]), "{}", ended.stdout);
        let said = "note: the change was made for one customer, and the one customer after it was not requested; the same \
                    command tries again what is not done\nerror: the journal cannot be read\n";
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}

#[test]
fn journal_of_a_running_command_is_waited_for_by_the_user() {
    let ids = customer_ids("1");
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let server = judged_emulator().customers(1).build().serve("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal = fs::File::create(folder.path().join("journal.jsonl")).unwrap();
    journal.lock().unwrap();
    for transport in TRANSPORTS {
        let ended = run_update(&server, &folder, &ids, &["--transport", transport]);
        let said = ended.stderr.replace('\n', " ");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(5), ""), "{said}");
        assert!(said.contains("another process has the journal open") && said.contains("try:   wait until"), "{said}");
    }
    drop(journal);
    assert_eq!(run_update(&server, &folder, &ids, &[]).status, Some(0));
}

#[cfg(unix)]
#[test]
fn interrupted_changes_are_counted() {
    let ids = customer_ids("3");
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    for transport in TRANSPORTS {
        // Each change is a GET and a PUT: that of the second customer gets no response.
        let emulator = judged_emulator().customers(3).fault("hang@4".parse().unwrap()).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut command = update(&server.url(), &folder, &ids, &["--transport", transport, "--concurrency", "1"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let started = Instant::now();
        while emulator.requests().len() < 4 {
            assert!(started.elapsed() < Duration::from_secs(60), "{} requests", emulator.requests().len());
            thread::sleep(Duration::from_millis(1));
        }
        assert!(Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
        let ended = CommandOutput::from(child.wait_with_output().unwrap());
        assert_eq!((ended.status, ended.stdout.lines().count()), (Some(130), 1), "{}", ended.stderr);
        assert_eq!(
            ended.stderr.lines().last().unwrap(),
            "note: the change was made for one customer, and was under way for one customer, where its outcome is unknown; the \
             same command continues where this one ended"
        );
    }
}

/// The service may have forgotten the ID of a request that an earlier run has sent long ago.
#[test]
fn old_request_without_a_response_is_not_sent_again() {
    let ids = customer_ids("2");
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    for (transport, age, is_sent) in [("reqwest", 60, true), ("reqwest", 7_200, false), ("ureq", 7_200, false)] {
        let emulator = judged_emulator().customers(2).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = ["--transport", transport];
        assert_eq!(run_update(&server, &folder, &ids[..1], &options).status, Some(0));
        // The journal of a run that was killed `age` seconds ago, while it waited for the response.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        rewrite_journal(&folder, |line| {
            let (_, rest) = line.split_once(',').unwrap();
            (!line.contains(r#""status":"done""#)).then(|| format!(r#"{{"at":{},{rest}"#, now - age))
        });
        let before = emulator.requests().len();
        let ended = run_update(&server, &folder, &ids, &options);
        let requests = emulator.requests();
        let of_first = requests[before..].iter().filter(|request| request.uri().path().contains(ids[0])).count();
        assert_eq!(of_first > 0, is_sent, "{}", ended.stderr);
        if is_sent {
            assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        } else {
            assert_eq!((ended.status, ended.stdout.lines().count()), (Some(1), 1), "{}", ended.stderr);
            assert!(ended.stderr.contains("it is not known whether the service has done it"), "{}", ended.stderr);
            assert!(ended.stderr.contains("1 of 2 customers failed: 1 × unknown"), "{}", ended.stderr);
        }
    }
}

fn read_request(stream: &TcpStream) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    assert!(lines.take_while(|line| !line.is_empty()).count() > 0);
}

/// The service responds to no look-up before it has received all of them.
#[test]
fn domains_are_looked_up_at_the_same_time() {
    for transport in TRANSPORTS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let mut streams = listener.incoming().map(Result::unwrap).inspect(read_request);
            let mut waiting: Vec<_> = streams.by_ref().take(4).collect();
            waiting.drain(..).chain(streams).for_each(|mut stream| {
                let body = last_page("");
                let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all((head + &body).as_bytes()).unwrap();
            });
        });
        let names = ["one.example", "two.example", "three.example", "four.example"];
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("customers.txt");
        fs::write(&file, names.join("\n")).unwrap();
        let update = ["billing-profile", "update", "--yes", "--set", "email=a@b.example", "--customers"];
        let options = [file.to_str().unwrap(), "--concurrency", "4", "--deadline", "60", "--transport", transport];
        let ended = run_at(&url, &[&update[..], &options].concat());
        assert!(ended.stderr.contains("4 of 4 customers failed"), "{}", ended.stderr);
    }
}
