//! `partner-center emulator` and `--emulator`

use crate::command::{CommandOutput, command, run, run_at};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Kills the process at the end of the test, and removes its temporary files, which a killed process leaves behind.
struct Running(Child, TempDir);

impl Running {
    fn start(command: &mut Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self(command.env("TMPDIR", folder.path()).spawn().unwrap(), folder)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn emulator(arguments: &[&str]) -> (Running, String) {
    let mut command = command(&[&["emulator", "--quiet"], arguments].concat());
    let mut running = Running::start(command.stdout(Stdio::piped()));
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"));
    (running, url)
}

#[test]
fn emulator_accepts_only_its_token() {
    let (_running, url) = emulator(&["--customers", "7", "--token", "token"]);
    let listed = run_at(&url, &["customers", "list", "--output", "jsonl"]);
    assert_eq!((listed.status, listed.stdout.lines().count()), (Some(0), 7));

    let arguments = ["customers", "list", "--base-url", &url];
    let rejected: CommandOutput = command(&arguments).env("PARTNER_CENTER_TOKEN", "another").output().unwrap().into();
    assert_eq!(rejected.status, Some(4));
    assert!(rejected.stderr.contains("401"));
}

#[test]
fn same_seed_generates_the_same_customers() {
    let list = |seed| {
        let (_running, url) = emulator(&["--customers", "50", "--token", "token", "--seed", seed]);
        run_at(&url, &["customers", "list", "--output", "jsonl"]).stdout
    };
    assert_eq!(list("3"), list("3"));
    assert_ne!(list("3"), list("4"));
}

#[test]
fn port_in_use_is_explained() {
    let (_running, url) = emulator(&[]);
    let port = url.rsplit(':').next().unwrap();
    let ended: CommandOutput = command(&["emulator", "--port", port]).output().unwrap().into();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("try: ") && ended.stderr.contains("--port"), "{}", ended.stderr);
}

#[test]
fn option_takes_precedence_over_the_environment() {
    let nowhere = "http://127.0.0.1:9";
    let list = ["customers", "list", "--output", "jsonl"];
    let embedded = run_at(nowhere, &[&list[..], &["--emulator", "--emulator-customers", "3"]].concat());
    assert_eq!((embedded.status, embedded.stdout.lines().count()), (Some(0), 3));

    let (_running, url) = emulator(&["--customers", "4", "--token", "token"]);
    let named = run_at(nowhere, &[&list[..], &["--base-url", &url]].concat());
    assert_eq!((named.status, named.stdout.lines().count()), (Some(0), 4));
}

#[test]
fn long_search_ends_at_the_time_limit() {
    for transport in ["reqwest", "ureq"] {
        for limit in [&["--timeout", "1", "--max-attempts", "1"][..], &["--deadline", "1"]] {
            let search = ["customers", "list", "--company-name", "zzz", "--emulator", "--transport", transport];
            let start = Instant::now();
            let ended = run(&[&search[..], &["--emulator-customers", "10000000"], limit].concat());
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{}", ended.stderr);
            assert!(ended.stderr.contains("time"), "{}", ended.stderr);
            assert!(start.elapsed() < Duration::from_secs(4), "{transport} {limit:?} took {:?}", start.elapsed());
        }
    }
}

/// Each quirk is an option of the emulator, and a setting of the embedded one.
#[test]
fn list_is_the_same_with_every_quirk() {
    let list = |arguments: &[&str], url: &str| {
        let list = ["customers", "list", "--output", "jsonl", "--page-size", "40"];
        let ended = run_at(url, &[&list, arguments].concat());
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        ended.stdout
    };
    let embedded = |settings: &[&str]| {
        let settings = settings.iter().flat_map(|setting| ["--emulator-with", setting]);
        let options = ["--emulator", "--emulator-customers", "100"].into_iter().chain(settings).collect::<Vec<_>>();
        list(&options, "http://127.0.0.1:9")
    };
    let plain = embedded(&[]);
    assert_eq!(plain.lines().count(), 100);
    for settings in [
        &["encoding=utf-16le"][..],
        &["encoding=utf-16be", "bom"],
        &["bom", "pascal-case"],
        &["nulls"],
        &["link-style=v1", "double-question-mark"],
        &["link-style=bare"],
        &["link-style=absolute"],
        &["continuation-in=body", "list-end=error-response", "error-codes=numbers"],
        &["continuation-in=both", "list-end=no-content"],
        &["list-end=empty-page", "total-count=list"],
        &["page-cap=7", "duplicate-locale", "foreign-request-ids", "reject-unknown-parameters"],
        &["fault=reset@2", "fault=truncate@1", "fault=503:retry-after=0@4", "fault=drip:1ms"],
    ] {
        assert_eq!(embedded(settings), plain, "{settings:?}");
        let options: Vec<_> = settings.iter().map(|setting| format!("--{setting}")).collect();
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let (_running, url) = emulator(&[&["--customers", "100", "--token", "token"], &options[..]].concat());
        assert_eq!(list(&[], &url), plain, "{settings:?}");
    }
    let without_links = embedded(&["without-links"]);
    assert_eq!(without_links.lines().count(), 100);
    assert!(!without_links.contains("links") && plain.contains("links"));
    assert_ne!(embedded(&["seed=1"]), plain);
    assert!(embedded(&["unknown-values"]).contains("co_steward"));
    assert!(embedded(&["rare-values", "seed=7"]).contains("microsoft_support"));
    assert!(!embedded(&["seed=7"]).contains("microsoft_support"));
    let id = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    let get = ["customers", "get", id, "--emulator", "--output", "json", "--emulator-with", "without-delegated-access"];
    assert!(!run(&get).stdout.contains("customDomains"));
}

#[test]
fn faults_and_rate_limits_are_injected() {
    let list = ["customers", "list", "--emulator", "--max-attempts", "1"];
    for (setting, status, told) in [
        ("fault=403:code=20002", 4, "20002"),
        ("fault=503@100%", 1, "503"),
        ("fault=429:retry-after=7", 5, "7 s"),
        ("fault=garbage", 1, "JSON"),
        ("fault=reset", 1, "exchange"),
        ("rate-limit=1", 5, "429"),
    ] {
        let ended = run(&[&list[..], &["--page-size", "20", "--emulator-with", setting]].concat());
        assert_eq!(ended.status, Some(status), "{setting}");
        assert!(ended.stderr.contains(told), "{setting}: {}", ended.stderr);
    }
}

/// Starts an emulator over TLS; returns its address and the file of its certificate authority.
fn over_tls(arguments: &[&str]) -> (Running, String, String) {
    let mut command = command(&[&["emulator", "--quiet", "--tls", "--token", "token"], arguments].concat());
    let mut running = Running::start(command.stdout(Stdio::piped()));
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut said = |prefix: &str| lines.next().unwrap().unwrap().strip_prefix(prefix).unwrap().to_owned();
    let (url, file) = (said("listening on "), said("certificate authority in "));
    assert!(url.starts_with("https://127.0.0.1:"));
    // The folder of the test removes the file, as a killed process does not.
    assert!(!cfg!(unix) || arguments.contains(&"--ca-file") || file.starts_with(running.1.path().to_str().unwrap()));
    (running, url, file)
}

/// On other systems, a certificate authority must be trusted by the user's account.
#[cfg(target_os = "linux")]
#[test]
fn certificate_authority_is_trusted_by_both_transports() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("a folder").with_extension("pem");
    let named = named.to_str().unwrap();
    for arguments in [&[][..], &["--ca-file", named]] {
        let (_running, url, file) = over_tls(&[&["--customers", "7"], arguments].concat());
        assert_eq!(arguments.is_empty(), file != named);
        for transport in ["reqwest", "ureq"] {
            let list = ["customers", "list", "--output", "jsonl", "--base-url", &url, "--transport", transport];
            let mut trusting = command(&list);
            trusting.env("PARTNER_CENTER_TOKEN", "token").env("SSL_CERT_FILE", &file);
            let listed: CommandOutput = trusting.output().unwrap().into();
            assert_eq!((listed.status, listed.stdout.lines().count()), (Some(0), 7), "{transport}: {}", listed.stderr);

            // The authority issues tokens over TLS as well.
            let mut app = command(&list);
            app.env("SSL_CERT_FILE", &file).env("PARTNER_CENTER_AUTHORITY", &url);
            app.env("PARTNER_CENTER_TENANT_ID", "contoso.com").env("PARTNER_CENTER_CLIENT_SECRET", "emulator-secret");
            app.env("PARTNER_CENTER_CLIENT_ID", "11111111-2222-3333-4444-555555555555");
            let listed: CommandOutput = app.output().unwrap().into();
            assert_eq!((listed.status, listed.stdout.lines().count()), (Some(0), 7), "{transport}: {}", listed.stderr);

            let mut doubting = command(&[&list[..], &["--max-attempts", "1"]].concat());
            doubting.env("PARTNER_CENTER_TOKEN", "token").env_remove("SSL_CERT_FILE");
            let rejected: CommandOutput = doubting.output().unwrap().into();
            assert_eq!((rejected.status, rejected.stdout.as_str()), (Some(1), ""), "{transport}");
        }
    }
}

#[test]
fn certificate_authority_that_cannot_be_written_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let ended: CommandOutput =
        command(&["emulator", "--tls", "--ca-file", folder.path().to_str().unwrap()]).output().unwrap().into();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("--ca-file"), "{}", ended.stderr);
    let ended: CommandOutput = command(&["emulator", "--ca-file", "ca.pem"]).output().unwrap().into();
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
}

/// Returns the log of two requests, one with an unknown parameter.
fn logged(arguments: &[&str]) -> String {
    let mut command = command(&[&["emulator", "--token", "a-secret-token", "--customers", "7"], arguments].concat());
    let mut running = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap();
    for (target, token) in [
        ("/v1/customers?size=1&compa%1bny=Contoso", "a-secret-token"),
        ("/v1/customers?filter=%7B%22Field%22:%22Domain%22,%22Value%22:%22contoso%22,%22Operator%22:9%7D", "wrong"),
    ] {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        Write::write_all(&mut stream, request.as_bytes()).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    running.0.kill().unwrap();
    let mut log = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    // The proposed command contains the token.
    log.lines().filter(|line| line.contains("partner_center_emulator")).collect::<Vec<_>>().join("\n")
}

#[test]
fn log_has_a_line_for_each_request_and_no_secret() {
    assert_eq!(logged(&[]), "");
    let warnings = logged(&["-v"]);
    assert_eq!(warnings.lines().count(), 1, "{warnings}");
    assert!(warnings.contains(r#""compa\u{1b}ny""#) && warnings.contains("WARN"), "{warnings}");

    let log = logged(&["-vv"]);
    let requests: Vec<_> = log.lines().filter(|line| line.contains("INFO")).collect();
    assert_eq!(requests.len(), 2, "{log}");
    for (line, status) in requests.iter().zip(["200", "401"]) {
        assert!(line.contains(&format!("GET /v1/customers: {status} in ")) && line.ends_with('s'), "{line}");
    }
    for secret in ["a-secret-token", "wrong", "contoso", "Contoso", "filter"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

/// A shell runs the command that the emulator proposes.
#[cfg(unix)]
#[test]
fn proposed_command_can_be_pasted() {
    use std::{env, path::Path};

    let mut cases = vec![("emulator-token", None), ("a'b$(c)`;\"\\|&", None), ("~root", None)];
    if cfg!(target_os = "linux") {
        cases.push(("emulator-token", Some("--tls")));
    }
    for (token, tls) in cases {
        let mut emulator = command(&["emulator", "--token", token]);
        emulator.args(tls);
        let mut running = Running::start(emulator.stdout(Stdio::null()).stderr(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(running.0.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let proposed = line.strip_prefix("in another terminal: ").unwrap();
        let binaries = Path::new(env!("CARGO_BIN_EXE_partner-center")).parent().unwrap();
        let path = env::join_paths([binaries, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let pasted: CommandOutput =
            Command::new("sh").args(["-c", proposed]).env("PATH", path).output().unwrap().into();
        assert_eq!((pasted.status, pasted.stdout.lines().count()), (Some(0), 1001), "{proposed}{}", pasted.stderr);
    }
}

#[cfg(unix)]
#[test]
fn misbehavior_of_callers_is_a_failure_if_the_emulator_is_strict() {
    let drop_verdicts = "DELETE /_emulator/verdicts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let reset = "POST /_emulator/reset HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n";
    for (arguments, ids, last_request, expected) in [
        (&["--strict"][..], ["6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b"; 2], None, Some(1)),
        (&["--strict"], ["6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b"; 2], Some(drop_verdicts), Some(0)),
        (&["--strict"], ["6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b"; 2], Some(reset), Some(1)),
        (
            &["--strict"],
            ["6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b", "7c2d6a1f-9b64-4c90-8b68-1e7d2f3a4b5c"],
            None,
            Some(0),
        ),
        (&[], ["6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b"; 2], None, Some(0)),
    ] {
        let mut command = command(&[&["emulator", "--quiet", "--token", "token"], arguments].concat());
        let mut running = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
        for id in ids {
            let mut connection = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
            let headers =
                format!("Host: localhost\r\nConnection: close\r\nAuthorization: Bearer token\r\nMS-RequestId: {id}");
            write!(connection, "GET /v1/customers?size=1 HTTP/1.1\r\n{headers}\r\n\r\n").unwrap();
            let mut response = String::new();
            connection.read_to_string(&mut response).unwrap();
            assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        }
        if let Some(request) = last_request {
            let mut connection = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
            connection.write_all(request.as_bytes()).unwrap();
            let mut response = String::new();
            connection.read_to_string(&mut response).unwrap();
            assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        }
        let interrupted = Command::new("kill").args(["-INT", &running.0.id().to_string()]).status().unwrap();
        assert!(interrupted.success());
        let mut stderr = String::new();
        running.0.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(running.0.wait().unwrap().code(), expected, "{stderr}");
        let is_told = arguments == ["--strict"] && ids[0] == ids[1];
        assert_eq!(stderr.contains("reused-request-id: request 2"), is_told, "{stderr}");
    }
}
