//! `partner-center emulator --data`: what was acknowledged is there again, however the emulator ended.

use crate::command::{CommandOutput, command, run_at};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::{self, ScopedJoinHandle},
    time::Duration,
};

/// An emulator with a data file, which is killed when this is dropped.
struct Running {
    process: Child,
    url: String,
}

impl Running {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut process = emulator(data, arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
        Self { process, url }
    }

    /// With SIGKILL, on Unix.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn emulator(data: &Path, arguments: &[&str]) -> Command {
    let data = data.to_str().unwrap();
    command(&[&["emulator", "--quiet", "--token", "token", "--data", data], arguments].concat())
}

/// Returns the status and the body of a response, or `None` if there is none, as the emulator is gone.
fn send(url: &str, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).ok()?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer token\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).ok()?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).ok()?;
    let response = String::from_utf8(response).ok()?;
    let (head, body) = response.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    Some((status, if status == 204 { Value::Null } else { serde_json::from_str(body).ok()? }))
}

fn new_customer(domain: &str) -> Value {
    json!({
        "companyProfile": { "domain": domain },
        "billingProfile": {
            "culture": "en-US",
            "email": "accounts@proseware.example",
            "language": "en",
            "companyName": "Proseware",
            "defaultAddress": {
                "firstName": "Ole",
                "lastName": "Brandt",
                "addressLine1": "8 Quay Street",
                "city": "Seattle",
                "state": "WA",
                "postalCode": "98101",
                "country": "US",
            },
        },
    })
}

/// What clients know of the customers that they created.
#[derive(Default)]
struct Acknowledged {
    present: Vec<String>,
    deleted: Vec<String>,
}

/// Creates customers, and deletes some of them, until there is no response any more.
fn write_until_gone(url: &str, domains: &AtomicU32, responses: &AtomicU32) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    loop {
        let number = domains.fetch_add(1, Ordering::Relaxed);
        let customer = new_customer(&format!("kill{number}.onmicrosoft.com"));
        let Some((status, body)) = send(url, "POST", "/v1/customers", &customer) else { return acknowledged };
        assert_eq!(status, 201, "{body}");
        responses.fetch_add(1, Ordering::Relaxed);
        let id = body["id"].as_str().unwrap().to_owned();
        if number % 4 != 3 {
            acknowledged.present.push(id);
            continue;
        }
        // Without a response, nobody knows whether it is there.
        let deleted = send(url, "DELETE", &format!("/v1/customers/{id}"), &Value::Null);
        let Some((status, body)) = deleted else { return acknowledged };
        assert_eq!(status, 204, "{body}");
        responses.fetch_add(1, Ordering::Relaxed);
        acknowledged.deleted.push(id);
    }
}

fn check_acknowledged(url: &str, acknowledged: &Acknowledged) {
    for (ids, expected) in [(&acknowledged.present, 200), (&acknowledged.deleted, 404)] {
        for id in ids {
            let (status, body) = send(url, "GET", &format!("/v1/customers/{id}"), &Value::Null).unwrap();
            assert_eq!(status, expected, "{body}");
        }
    }
}

/// Checks that each customer is there together with the record of its creation in the audit log, or neither is.
fn check_nothing_is_half_done(url: &str) {
    let list = |arguments: &[&str]| {
        let listed = run_at(url, &[arguments, &["--output", "jsonl"]].concat());
        assert_eq!(listed.status, Some(0), "{}", listed.stderr);
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let is_created = |customer: &&Value| text(&customer["companyProfile"]["domain"]).starts_with("kill");
    let customers = list(&["customers", "list"]);
    let created: BTreeSet<String> = customers.iter().filter(is_created).map(|customer| text(&customer["id"])).collect();
    let mut recorded = BTreeSet::new();
    // The newest record comes first.
    for record in list(&["audit-records", "list"]).iter().rev() {
        let id = text(&record["customerId"]);
        match text(&record["operationType"]).as_str() {
            "add_customer" => assert!(recorded.insert(id)),
            "delete_tip_customer" => assert!(recorded.remove(&id)),
            other => panic!("{other}"),
        }
    }
    assert_eq!(created, recorded);
}

#[test]
fn acknowledged_writes_survive_a_kill() {
    const KILLS: u32 = 40;
    const WRITERS: u32 = 4;

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (mut all, mut last) = (Acknowledged::default(), Acknowledged::default());
    let domains = AtomicU32::new(0);
    for kill in 0..KILLS {
        let mut running = Running::start(&data, &[]);
        check_acknowledged(&running.url, &last);
        all.present.append(&mut last.present);
        all.deleted.append(&mut last.deleted);
        // From before the first response to some later, at no particular point.
        let (responses, enough) = (AtomicU32::new(0), (kill * 7) % 23);
        let url = running.url.clone();
        thread::scope(|scope| {
            let write = || write_until_gone(&url, &domains, &responses);
            let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
            while responses.load(Ordering::Relaxed) < enough && !writers.iter().all(ScopedJoinHandle::is_finished) {
                thread::sleep(Duration::from_micros(200));
            }
            thread::sleep(Duration::from_micros(u64::from(kill * 131 % 1009)));
            running.kill();
            for writer in writers {
                let Acknowledged { present, deleted } = writer.join().unwrap();
                last.present.extend(present);
                last.deleted.extend(deleted);
            }
        });
    }
    let running = Running::start(&data, &[]);
    check_acknowledged(&running.url, &last);
    check_acknowledged(&running.url, &all);
    check_nothing_is_half_done(&running.url);
    assert!(all.present.len() > 100, "{}", all.present.len());
}

#[test]
fn data_file_keeps_its_settings_and_its_user() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let running = Running::start(&data, &["--customers", "4", "--seed", "9"]);
    let first = run_at(&running.url, &["customers", "list", "--output", "jsonl"]).stdout;
    assert_eq!(first.lines().count(), 4);

    let failed = |arguments: &[&str], status: i32, expected: &str| {
        let ended: CommandOutput = emulator(&data, arguments).output().unwrap().into();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(status), ""));
        assert!(
            ended.stderr.contains(expected) && ended.stderr.contains("try:   name another file with --data"),
            "{}",
            ended.stderr
        );
    };
    failed(&[], 5, "is in use by another process");
    drop(running);
    failed(&["--seed", "8"], 1, "was made with the seed 9");
    failed(&["--customers", "5"], 1, "was made with a number of customers of 4");
    let running = Running::start(&data, &[]);
    assert_eq!(run_at(&running.url, &["customers", "list", "--output", "jsonl"]).stdout, first);
}
