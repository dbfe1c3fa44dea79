//! The server over TLS.

use crate::{authorization, emulator};
use partner_center_emulator::{Emulator, LinkStyle, Server};
use serde_json::Value;
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

/// Connects as a client that trusts the certificate authority of `trusted`, and expects a certificate for `name`.
fn connect(server: &Server, trusted: &Server, name: &'static str) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    let authority = trusted.certificate_authority().unwrap();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let name = ServerName::try_from(name).unwrap();
    let client = ClientConnection::new(Arc::new(config.with_no_client_auth()), name).unwrap();
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    StreamOwned::new(client, stream)
}

/// Sends a request on a new connection and returns all that is received until it ends.
fn exchange(server: &Server, name: &'static str, target: &str) -> io::Result<String> {
    let mut stream = connect(server, server, name);
    let (authorization, port) = (authorization(), server.address().port());
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

fn body(response: &str) -> Value {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn server_certificate_is_valid_for_each_loopback_name() {
    let server = emulator(10).serve_tls("127.0.0.1:0").unwrap();
    assert_eq!(server.url(), format!("https://{}", server.address()));
    for name in ["localhost", "127.0.0.1", "::1"] {
        assert_eq!(body(&exchange(&server, name, "/v1/customers").unwrap())["totalCount"], 10, "{name}");
    }
    let error = exchange(&server, "partner.example", "/v1/customers").unwrap_err();
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[test]
fn certificate_authority_is_new_for_each_server() {
    let servers = [(); 2].map(|()| emulator(10).serve_tls("127.0.0.1:0").unwrap());
    assert_ne!(servers[0].certificate_authority(), servers[1].certificate_authority());
    let error = connect(&servers[0], &servers[1], "localhost").write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!(emulator(10).serve("127.0.0.1:0").unwrap().certificate_authority(), None);
    assert_eq!(body(&exchange(&servers[0], "localhost", "/v1/customers").unwrap())["totalCount"], 10);
}

#[test]
fn links_of_a_server_over_tls_are_https() {
    let absolute = Emulator::builder().customers(10).link_style(LinkStyle::Absolute).build();
    let server = absolute.serve_tls("127.0.0.1:0").unwrap();
    let origin = format!("https://localhost:{}", server.address().port());
    let page = body(&exchange(&server, "localhost", "/v1/customers?size=3").unwrap());
    assert_eq!(page["links"]["self"]["uri"], format!("{origin}/v1/customers?size=3"));
    let path = "/common/v2.0/.well-known/openid-configuration";
    let configuration = body(&exchange(&server, "localhost", path).unwrap());
    assert_eq!(configuration["token_endpoint"], format!("{origin}/common/oauth2/v2.0/token"));
}

#[test]
fn shutdown_does_not_wait_for_handshakes() {
    let server = emulator(10).serve_tls("127.0.0.1:0").unwrap();
    let mut used = connect(&server, &server, "localhost");
    used.write_all(b"GET /nowhere HTTP/1.1\r\n\r\n").unwrap();
    assert_ne!(used.read(&mut [0; 16]).unwrap(), 0);
    let unused = [(); 3].map(|()| TcpStream::connect(server.address()).unwrap());
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    server.shutdown();
    assert!(start.elapsed() < Duration::from_millis(900), "took {:?}", start.elapsed());
    drop((used, unused));
}

#[test]
fn faults_happen_over_tls_too() {
    for fault in ["reset", "truncate"] {
        let server = Emulator::builder().fault(fault.parse().unwrap()).build().serve_tls("127.0.0.1:0").unwrap();
        assert!(exchange(&server, "localhost", "/v1/customers").is_err(), "{fault}");
    }
    let server = Emulator::builder().customers(10).fault("drip:1ms".parse().unwrap()).build();
    let server = server.serve_tls("127.0.0.1:0").unwrap();
    assert!(exchange(&server, "localhost", "/v1/customers").unwrap().contains("HTTP/1.1 200 OK"));
}

#[test]
fn client_without_tls_does_no_harm() {
    let server = emulator(10).serve_tls("127.0.0.1:0").unwrap();
    let mut plain = TcpStream::connect(server.address()).unwrap();
    plain.write_all(b"GET /v1/customers HTTP/1.1\r\n\r\n").unwrap();
    let mut response = Vec::new();
    let _ = plain.read_to_end(&mut response);
    assert!(!response.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&response));
    assert_eq!(body(&exchange(&server, "localhost", "/v1/customers").unwrap())["totalCount"], 10);
}
