//! How much memory the process needs at most. A test binary of its own, with one test, for it measures all of it.

#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

use flate2::{Compression, write::GzEncoder};
use partner_center::{
    Client, Credential, ErrorKind, GetCustomer, ListCustomers, Reqwest, Transport, Ureq, transport::Mode,
};
use partner_center_emulator::Emulator;
use partner_center_tests::finish;
use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

const MEBIBYTE: u64 = 1 << 20;

#[test]
fn memory_is_bounded_whatever_comes() {
    // A page is what is held, however long the list; the server is in this process, too.
    list_all(Ureq::new().unwrap());
    list_all(Reqwest::new().unwrap());
    assert!(peak() < 48 * MEBIBYTE, "listing takes {} bytes", peak());

    // The body limit is what is held, however large the body.
    refuse_what_is_huge(&Ureq::new().unwrap());
    refuse_what_is_huge(&Reqwest::new().unwrap());
    assert!(peak() < 150 * MEBIBYTE, "600 MiB take {} bytes", peak());
}

fn list_all<X: Transport>(transport: X) {
    let server = Emulator::builder().customers(100_000).build().serve("127.0.0.1:0").unwrap();
    let client = client(transport, &server.url());
    let mut pages = client.pages(ListCustomers::new());
    let count = finish::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut count = 0;
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            count += page.unwrap().items.len();
        }
        count
    }));
    assert_eq!(count, 100_000);
}

fn refuse_what_is_huge<X: Transport + Clone>(transport: &X) {
    for compressed in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = client(transport.clone(), &format!("http://{}", listener.local_addr().unwrap()));
        thread::spawn(move || pour(&listener, compressed));
        let error = finish::<X::Mode, _>(client.call(GetCustomer::new(uuid::Uuid::nil()))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
}

fn client<X: Transport>(transport: X, url: &str) -> Client<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap()
}

/// Answers one request with 600 MiB of blanks.
fn pour(listener: &TcpListener, compressed: bool) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.read(&mut [0; 4096]).map(drop)?;
    let blanks = vec![b' '; 1 << 20];
    if compressed {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")?;
        let mut encoder = GzEncoder::new(stream, Compression::fast());
        (0..600).try_for_each(|_| encoder.write_all(&blanks))?;
        encoder.finish().map(drop)
    } else {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 600 << 20)?;
        (0..600).try_for_each(|_| stream.write_all(&blanks))
    }
}

/// The most memory that the process has held so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
