//! Proxies and certificates, over both transports.

use crate::{
    command::{CommandOutput, command},
    server::last_page,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

const TRANSPORTS: [&str; 2] = ["reqwest", "ureq"];

/// The table that the core is tested with as well.
const NO_PROXY: &str = include_str!("../../../partner-center-core/src/transport/proxy/no_proxy.txt");

/// `arguments` over `transport`, with a token.
fn over(transport: &str, arguments: &[&str]) -> Command {
    let mut command = command(&[arguments, &["--transport", transport]].concat());
    command.env("PARTNER_CENTER_TOKEN", "token").env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    command
}

fn end(mut command: Command) -> CommandOutput {
    command.output().unwrap().into()
}

/// Starts a proxy that rejects all requests; the receiver gets their first lines.
fn rejecting_proxy() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (target, targets) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let Some(first) = lines.next() else { continue };
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let _ = target.send(first);
            let _ = stream.write_all(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (address, targets)
}

#[test]
fn no_proxy_is_one_rule_for_both_transports_and_the_doctor() {
    let rows: Vec<_> = NO_PROXY.lines().filter(|line| !line.starts_with('#')).collect();
    // Lookups of unknown hosts are slow on some machines.
    thread::scope(|scope| {
        for rows in rows.chunks(rows.len().div_ceil(4)) {
            scope.spawn(|| rows.iter().for_each(|row| assert_row(row)));
        }
    });
}

fn assert_row(row: &str) {
    let [list, url, expected] = row.split('|').map(str::trim).collect::<Vec<_>>()[..] else { panic!("{row}") };
    let (proxy, targets) = rejecting_proxy();
    for transport in TRANSPORTS {
        for arguments in [&["customers", "list"][..], &["doctor", "--output", "json"]] {
            let limits = ["--base-url", url, "--timeout", "1", "--max-attempts", "1"];
            let mut command = over(transport, &[arguments, &limits].concat());
            command.env("HTTPS_PROXY", &proxy).env("NO_PROXY", list);
            let ended = end(command);
            let asked: Vec<_> = targets.try_iter().collect();
            let said = format!("{row}: {arguments:?} {transport}: {asked:?}\n{}{}", ended.stdout, ended.stderr);
            let is_proxied = asked.iter().any(|line| line.starts_with("CONNECT "));
            assert_eq!(is_proxied, expected == "proxy", "{said}");
            if arguments[0] == "doctor" {
                let is_examined = ended.stdout.contains(&format!("the proxy at {proxy} accepts connections"));
                assert_eq!(is_examined, expected == "proxy", "{said}");
            }
            let is_named =
                (ended.stderr + &ended.stdout).contains(&format!("the proxy http://{proxy} that HTTPS_PROXY names"));
            assert_eq!(is_named, expected == "proxy", "{said}");
        }
    }
}

#[test]
fn unreachable_proxy_is_named() {
    for transport in TRANSPORTS {
        for (variable, names) in [("HTTPS_PROXY", "HTTPS_PROXY"), ("all_proxy", "all_proxy")] {
            let list = ["customers", "list", "--max-attempts", "1"];
            let mut to_service = over(transport, &list);
            to_service.env(variable, "http://user:hush@127.0.0.1:9");
            let mut to_authority = over(transport, &list);
            to_authority.env_remove("PARTNER_CENTER_TOKEN").env(variable, "user:hush@127.0.0.1:9");
            for (name, value) in [("TENANT_ID", "contoso.com"), ("CLIENT_ID", "app"), ("CLIENT_SECRET", "secret")] {
                to_authority.env(format!("PARTNER_CENTER_{name}"), value);
            }
            for command in [to_service, to_authority] {
                let stderr = end(command).stderr;
                assert!(
                    stderr.contains(&format!("through the proxy http://127.0.0.1:9 that {names} names")),
                    "{stderr}"
                );
                assert!(stderr.contains(&format!("correct or unset {names}")), "{stderr}");
                assert!(stderr.contains("NO_PROXY") && stderr.contains("partner-center doctor"), "{stderr}");
                assert!(!stderr.contains("hush") && !stderr.contains("--base-url"), "{stderr}");
            }
        }
    }
}

#[test]
fn invalid_proxy_variable_is_named() {
    for transport in TRANSPORTS {
        for (variable, value) in [
            ("HTTPS_PROXY", "socks5://127.0.0.1:9"),
            ("all_proxy", "http://user:hush@[bad"),
            ("https_proxy", "http://"),
        ] {
            for arguments in [&["customers", "list"][..], &["doctor"]] {
                let mut command = over(transport, arguments);
                command.env(variable, value);
                let ended = end(command);
                let said = ended.stderr + &ended.stdout;
                assert!(said.contains(variable) && said.contains("correct or unset the variable"), "{said}");
                assert!(!said.contains("hush") && !said.contains("--base-url"), "{said}");
                assert!(!said.contains("attempts"), "{said}");
            }
        }
    }
}

/// A server over TLS that has one customer.
struct TlsServer {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl TlsServer {
    fn start(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let connection = ServerConnection::new(config.clone()).unwrap();
                thread::spawn(|| serve(StreamOwned::new(connection, stream.unwrap())));
            }
        });
        Self { url, connections }
    }
}

fn serve(stream: StreamOwned<ServerConnection, TcpStream>) {
    let mut stream = BufReader::new(stream);
    loop {
        let head = stream.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        if head.count() == 0 {
            return;
        }
        let body = last_page(r#"{"companyProfile": {"companyName": "Contoso"}}"#);
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.get_mut().write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server whose certificate `issuer` has issued for `host`, after `edit`.
fn issued(issuer: &CertifiedIssuer<'_, KeyPair>, host: &str, edit: impl FnOnce(&mut CertificateParams)) -> TlsServer {
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    edit(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    TlsServer::start(certificate.der().clone(), &key)
}

fn pem_file(name: &str, pem: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, pem).unwrap();
    path
}

/// Asserts that `customers list` and `doctor` explain an untrusted server, without a retry.
fn assert_rejected(server: &TlsServer, trusted: Option<&PathBuf>, cause: &str, remedy: &str) {
    for transport in TRANSPORTS {
        for arguments in [&["customers", "list"][..], &["doctor"]] {
            let before = server.connections.load(Ordering::SeqCst);
            let mut command = over(transport, &[arguments, &["--base-url", &server.url]].concat());
            command.envs(trusted.map(|path| ("SSL_CERT_FILE", path)));
            let ended = end(command);
            let said = (ended.stderr + &ended.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(ended.status, Some(1), "{said}");
            assert!(said.contains(cause) && said.contains(remedy), "{transport}: {said}");
            if arguments[0] == "customers" {
                assert!(said.contains("`partner-center doctor` checks") && !said.contains("--base-url"), "{said}");
                assert_eq!(
                    server.connections.load(Ordering::SeqCst) - before,
                    1,
                    "{transport}: it was requested again"
                );
            }
        }
    }
}

/// `SSL_CERT_FILE` applies to systems whose trusted certificates are files.
#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn issuer_is_trusted_by_ssl_cert_file() {
    let issuer = issuer();
    let server = issued(&issuer, "127.0.0.1", |_| {});
    let trusted = pem_file("trusted.pem", &issuer.pem());
    for transport in TRANSPORTS {
        let mut list = over(transport, &["customers", "list", "--base-url", &server.url]);
        let ended = end({
            list.env("SSL_CERT_FILE", &trusted);
            list
        });
        assert!(ended.status == Some(0) && ended.stdout.contains("Contoso"), "{ended:?}");
        let mut doctor = over(transport, &["doctor", "--base-url", &server.url]);
        let ended = end({
            doctor.env("SSL_CERT_FILE", &trusted);
            doctor
        });
        assert!(ended.stdout.contains("the certificate of 127.0.0.1 is trusted"), "{ended:?}");
    }
}

#[test]
fn unknown_issuer_is_explained() {
    let remedy = "have this machine trust the issuer";
    assert_rejected(&issued(&issuer(), "127.0.0.1", |_| {}), None, "nobody whom this machine trusts", remedy);
    assert_rejected(&issued(&issuer(), "127.0.0.1", |_| {}), None, "UnknownIssuer", "SSL_CERT_FILE");
}

#[test]
fn self_signed_certificate_is_one_of_an_unknown_issuer() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let server = TlsServer::start(certificate.der().clone(), &key);
    assert_rejected(&server, None, "nobody whom this machine trusts", "SSL_CERT_FILE");
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn expired_certificate_is_explained() {
    let issuer = issuer();
    let trusted = pem_file("out_of_time.pem", &issuer.pem());
    let expired = issued(&issuer, "127.0.0.1", |params| params.not_after = date_time_ymd(2001, 2, 3));
    assert_rejected(
        &expired,
        Some(&trusted),
        "the server's certificate has expired",
        "check the clock of this machine",
    );
    let future = issued(&issuer, "127.0.0.1", |params| params.not_before = date_time_ymd(2999, 2, 3));
    assert_rejected(&future, Some(&trusted), "certificate is not valid yet", "check the clock of this machine");
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn certificate_of_another_host_is_explained() {
    let issuer = issuer();
    let trusted = pem_file("other_host.pem", &issuer.pem());
    let server = issued(&issuer, "contoso.example", |_| {});
    assert_rejected(&server, Some(&trusted), "the server's certificate is for another host", "check the host name");
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn missing_trust_anchors_are_explained() {
    let server = issued(&issuer(), "127.0.0.1", |_| {});
    for transport in TRANSPORTS {
        let mut list = over(transport, &["customers", "list", "--base-url", &server.url]);
        list.env("SSL_CERT_FILE", "/no/such/file.pem");
        let ended = end(list);
        assert!(ended.stderr.contains("trusts no issuer"), "{ended:?}");
        assert!(
            ended.stderr.contains("correct SSL_CERT_FILE") && ended.stderr.contains("ca-certificates"),
            "{ended:?}"
        );
    }
}

#[test]
fn untrusted_authority_is_explained() {
    let server = issued(&issuer(), "127.0.0.1", |_| {});
    for transport in TRANSPORTS {
        let mut list = over(transport, &["customers", "list"]);
        list.env_remove("PARTNER_CENTER_TOKEN").env("PARTNER_CENTER_AUTHORITY", &server.url);
        for (name, value) in [("TENANT_ID", "contoso.com"), ("CLIENT_ID", "app"), ("CLIENT_SECRET", "secret")] {
            list.env(format!("PARTNER_CENTER_{name}"), value);
        }
        let stderr = end(list).stderr;
        assert!(stderr.contains("no token was obtained from") && stderr.contains("SSL_CERT_FILE"), "{stderr}");
    }
}
