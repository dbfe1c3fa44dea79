//! Several processes with one refresh token.

use crate::{
    command::{CommandOutput, command},
    server::serve_responses,
};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// An authority that accepts each refresh token once, and a service whose lists have three pages. The refresh tokens are
/// numbered; the access tokens expire immediately.
struct Service {
    url: String,
    /// The number of the valid refresh token.
    current: Arc<AtomicU64>,
    /// The number of requests for a token.
    exchanges: Arc<AtomicU64>,
}

impl Service {
    /// After a rejection, the valid token is in the file `helpful`, as if another process had stored it.
    fn start(helpful: Option<PathBuf>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (current, exchanges) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let service = Self { url, current: current.clone(), exchanges: exchanges.clone() };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (current, exchanges, helpful) = (current.clone(), exchanges.clone(), helpful.clone());
                thread::spawn(move || Self::respond(&stream.unwrap(), &current, &exchanges, helpful.as_deref()));
            }
        });
        service
    }

    fn respond(mut stream: &TcpStream, current: &AtomicU64, exchanges: &AtomicU64, helpful: Option<&Path>) {
        let mut input = BufReader::new(stream);
        let (mut head, mut length) = (Vec::new(), 0);
        for line in input.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push(line);
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body).unwrap();
        let (status, body) = if head[0].starts_with("POST ") {
            exchanges.fetch_add(1, Ordering::SeqCst);
            let form = String::from_utf8(body).unwrap();
            let sent: u64 = form.split("refresh_token=r").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
            // Long enough for other processes to wait.
            thread::sleep(Duration::from_millis(20));
            if current.compare_exchange(sent, sent + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                let next = sent + 1;
                (
                    200,
                    format!(
                        r#"{{"token_type":"Bearer","access_token":"a{next}","refresh_token":"r{next}","expires_in":0}}"#
                    ),
                )
            } else {
                if let Some(file) = helpful {
                    fs::write(file, format!("r{}\n", current.load(Ordering::SeqCst))).unwrap();
                }
                (400, r#"{"error":"invalid_grant","error_description":"used"}"#.to_owned())
            }
        } else {
            let page = head.iter().find_map(|line| {
                line.strip_prefix("ms-continuationtoken: ").or(line.strip_prefix("MS-ContinuationToken: "))
            });
            let page: u32 = page.map_or(1, |page| page.trim().parse().unwrap());
            let next = format!(
                r#"{{"next":{{"uri":"/v1/customers?seekOperation=Next","method":"GET",
                    "headers":[{{"key":"MS-ContinuationToken","value":"{}"}}]}}}}"#,
                page + 1
            );
            let links = if page < 3 { next } else { "{}".to_owned() };
            (200, format!(r#"{{"items":[{{"tags":["{page}"]}}],"links":{links}}}"#))
        };
        let response =
            format!("HTTP/1.1 {status} \r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(response.as_bytes());
    }

    fn list(&self, transport: &str, file: &Path) -> Command {
        let mut list = command(&["customers", "list", "--output", "jsonl", "--transport", transport]);
        self.configure(&mut list, file);
        list
    }

    fn configure(&self, command: &mut Command, file: &Path) {
        command
            .env("PARTNER_CENTER_BASE_URL", &self.url)
            .env("PARTNER_CENTER_AUTHORITY", &self.url)
            .env("PARTNER_CENTER_TENANT_ID", "contoso.com")
            .env("PARTNER_CENTER_CLIENT_ID", "11111111-2222-3333-4444-555555555555")
            .env("PARTNER_CENTER_REFRESH_TOKEN_FILE", file);
    }
}

#[test]
fn concurrent_processes_share_a_refresh_token() {
    let service = Service::start(None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refresh-token");
    fs::write(&file, "r0\n").unwrap();
    let start = |transport| {
        service.list(transport, &file).arg("--quiet").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = ["reqwest", "ureq"].repeat(3).into_iter().map(start).collect();
    for child in children {
        let ended = CommandOutput::from(child.wait_with_output().unwrap());
        assert_eq!((ended.status, ended.stderr.as_str(), ended.stdout.lines().count()), (Some(0), "", 3));
    }
    let current = service.current.load(Ordering::SeqCst);
    assert!(current >= 12, "{current}: the tokens were to be replaced within the lists");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("r{current}\n"));
    // No exchange was rejected.
    assert_eq!(service.exchanges.load(Ordering::SeqCst), current);
}

/// Locks the refresh token as another process would.
fn locked(file: &Path) -> File {
    let lock = File::create(file.with_file_name("refresh-token.lock")).unwrap();
    lock.lock().unwrap();
    lock
}

/// Another command may be exchanging the token, which is valid once: it is not sent without time for the response.
#[test]
fn locked_refresh_token_is_not_sent_when_time_runs_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refresh-token");
    for transport in ["reqwest", "ureq"] {
        for limit in ["--deadline", "--timeout"] {
            let service = Service::start(None);
            fs::write(&file, "r0\n").unwrap();
            let lock = locked(&file);
            let started = Instant::now();
            let ended = CommandOutput::from(service.list(transport, &file).args([limit, "2"]).output().unwrap());
            assert!(started.elapsed() < Duration::from_secs(8));
            drop(lock);
            let (note, error) = ended.stderr.split_once('\n').unwrap();
            assert_eq!(note, format!("note: waiting for another command that uses {}", file.display()));
            assert!(error.starts_with("error: the customers could not be listed"), "{error}");
            assert!(error.contains("another command") && error.contains(file.to_str().unwrap()), "{error}");
            assert!(
                error.contains("try:   wait until the other command has ended") && error.contains(limit),
                "{error}"
            );
            assert_eq!((ended.status, service.exchanges.load(Ordering::SeqCst)), (Some(5), 0), "{limit}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "r0\n");
        }
    }
}

#[test]
fn command_continues_when_the_lock_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refresh-token");
    for transport in ["reqwest", "ureq"] {
        let service = Service::start(None);
        fs::write(&file, "r0\n").unwrap();
        let lock = locked(&file);
        let list = service.list(transport, &file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        thread::sleep(Duration::from_secs(2));
        drop(lock);
        let ended = CommandOutput::from(list.wait_with_output().unwrap());
        let note = format!("note: waiting for another command that uses {}\n", file.display());
        assert_eq!((ended.status, ended.stderr, ended.stdout.lines().count()), (Some(0), note, 3));
    }
}

#[test]
fn timeout_of_the_authority_is_explained() {
    for transport in ["reqwest", "ureq"] {
        let (url, _requests) = serve_responses(Vec::new());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("refresh-token");
        fs::write(&file, "r0\n").unwrap();
        let mut list = Service { url, current: Arc::default(), exchanges: Arc::default() }.list(transport, &file);
        let ended = CommandOutput::from(list.args(["--timeout", "0.5", "--max-attempts", "1"]).output().unwrap());
        assert!(
            ended.status == Some(1) && ended.stderr.contains("give it more time with --timeout"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn rejected_refresh_token_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refresh-token");
    for transport in ["reqwest", "ureq"] {
        let service = Service::start(Some(file.clone()));
        service.current.store(5, Ordering::SeqCst);
        fs::write(&file, "r0\n").unwrap();
        let ended = CommandOutput::from(service.list(transport, &file).output().unwrap());
        assert_eq!((ended.status, ended.stderr.as_str(), ended.stdout.lines().count()), (Some(0), "", 3));

        // An unchanged token is not sent again.
        let service = Service::start(None);
        service.current.store(5, Ordering::SeqCst);
        fs::write(&file, "r0\n").unwrap();
        let ended = CommandOutput::from(service.list(transport, &file).output().unwrap());
        assert_eq!((ended.status, service.exchanges.load(Ordering::SeqCst)), (Some(4), 1), "{}", ended.stderr);
        assert!(!ended.stderr.contains("delete"), "{}", ended.stderr);
    }
}

/// As in a container: the file is mounted by itself, and cannot be replaced.
#[cfg(target_os = "linux")]
#[test]
fn file_that_is_mounted_by_itself_is_updated() {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-ec", script]);
        command
    };
    let folder = tempfile::tempdir().unwrap();
    let (outside, inside) = (folder.path().join("outside"), folder.path().join("inside"));
    fs::write(&outside, "r0\n").unwrap();
    fs::write(&inside, "").unwrap();
    let mount = format!("mount --bind {} {}", outside.display(), inside.display());
    if !unshare(&mount).output().is_ok_and(|output| output.status.success()) {
        let _ = writeln!(io::stderr(), "this machine does not let the test mount a file");
        return;
    }
    for transport in ["reqwest", "ureq"] {
        for read_only in [false, true] {
            let service = Service::start(None);
            fs::write(&outside, "r0\n").unwrap();
            let remount =
                if read_only { format!("mount -o remount,bind,ro {}", inside.display()) } else { "true".to_owned() };
            let binary = env!("CARGO_BIN_EXE_partner-center");
            let script =
                format!("{mount}; {remount}; exec {binary} customers list --output jsonl --transport {transport}");
            let mut list = unshare(&script);
            service.configure(&mut list, &inside);
            let ended = CommandOutput::from(list.env_remove("PARTNER_CENTER_TOKEN").output().unwrap());
            assert_eq!((ended.status, ended.stdout.lines().count()), (Some(0), 3), "{}", ended.stderr);
            let current = service.current.load(Ordering::SeqCst);
            assert!(current >= 2, "{current}");
            if read_only {
                assert!(
                    ended.stderr.starts_with("error: the new refresh token could not be stored"),
                    "{}",
                    ended.stderr
                );
                assert_eq!(fs::read_to_string(&outside).unwrap(), "r0\n");
            } else {
                assert_eq!(ended.stderr, "");
                assert_eq!(fs::read_to_string(&outside).unwrap(), format!("r{current}\n"));
            }
        }
    }
}
