//! The maximum memory of the process. It is a separate test binary with one test, because it measures the complete process.

#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

use flate2::{Compression, write::GzEncoder};
use partner_center::{
    Client, Credential, ErrorKind, GetCustomer, ListCustomers, Reqwest, Transport, Ureq,
    transport::{Blocking, Mode},
};
use partner_center_emulator::Emulator;
use partner_center_tests::{ScriptedTransport, block_on, judged_emulator, response};
use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

const MEBIBYTE: u64 = 1 << 20;

#[test]
fn memory_is_bounded() {
    // Only one page is held, however long the list. The server is in this process as well.
    list_all(Ureq::new().unwrap());
    list_all(Reqwest::new().unwrap());
    assert!(peak_memory() < 48 * MEBIBYTE, "listing takes {} bytes", peak_memory());

    // Only the maximum response size is held, however large the body.
    reject_huge_body(&Ureq::new().unwrap());
    reject_huge_body(&Reqwest::new().unwrap());
    assert!(peak_memory() < 150 * MEBIBYTE, "a body of 600 MiB takes {} bytes", peak_memory());

    // Values of a few bytes each are held as JSON, not as a tree.
    for (start, is_customer) in [(r#"{"companyProfile":["#, true), (r#"{"tags":["#, true), (r#"{"error":["#, false)] {
        let body = format!("{start}{}0]}}", "0,".repeat(6 << 20));
        let transport = ScriptedTransport::<Blocking>::new([response(200, body).into()]);
        let client = Client::builder(transport, Credential::token("token")).build().unwrap();
        assert_eq!(client.call(GetCustomer::new(uuid::Uuid::nil())).is_ok(), is_customer, "{start}");
        assert!(peak_memory() < 200 * MEBIBYTE, "12 MiB of `{start}` take {} bytes", peak_memory());
    }
}

fn list_all<X: Transport>(transport: X) {
    let server = judged_emulator().customers(100_000).build().serve("127.0.0.1:0").unwrap();
    let client = client(transport, &server.url());
    let mut pages = client.pages(ListCustomers::new());
    let count = block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut count = 0;
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            count += page.unwrap().items.len();
        }
        count
    }));
    assert_eq!(count, 100_000);
}

fn reject_huge_body<X: Transport + Clone>(transport: &X) {
    for compressed in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = client(transport.clone(), &format!("http://{}", listener.local_addr().unwrap()));
        thread::spawn(move || send_huge_body(&listener, compressed));
        let error = block_on::<X::Mode, _>(client.call(GetCustomer::new(uuid::Uuid::nil()))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
}

fn client<X: Transport>(transport: X, url: &str) -> Client<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap()
}

/// Sends a response of 600 MiB of spaces.
fn send_huge_body(listener: &TcpListener, compressed: bool) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.read(&mut [0; 4096]).map(drop)?;
    let spaces = vec![b' '; 1 << 20];
    if compressed {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")?;
        let mut encoder = GzEncoder::new(stream, Compression::fast());
        (0..600).try_for_each(|_| encoder.write_all(&spaces))?;
        encoder.finish().map(drop)
    } else {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 600 << 20)?;
        (0..600).try_for_each(|_| stream.write_all(&spaces))
    }
}

/// Returns the peak memory of the process, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
