#!/usr/bin/env bash
# Subject: ureq with its feature gzip, a body that was compressed twice and says so in two Content-Encoding headers
# Guess:   both codings are undone (RFC 9110, section 8.4: several headers are one list), or the body is left as it came
# Truth:   one coding is undone, and both headers are gone: the caller gets gzip bytes that nothing calls gzip any more
# Matters: a proxy that compresses once more turns JSON into bytes that no caller can tell from garbage
# Versions: ureq 3.5.1, flate2 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet ureq@=3.5.1 --no-default-features --features gzip
cargo add --quiet flate2@1
cat > src/main.rs <<'RUST'
use flate2::{Compression, write::GzEncoder};
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
        let body = gzip(&gzip(b"plain"));
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\n";
        write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(&body).unwrap();
    });
    let mut response = ureq::get(&url).call().unwrap();
    println!("Content-Encoding headers: {}", response.headers().get_all("content-encoding").iter().count());
    let body = response.body_mut().read_to_vec().unwrap();
    println!("body is plain: {}", body == b"plain");
    println!("body is gzip of plain: {}", body == gzip(b"plain"));
    server.join().unwrap();
}
RUST
cargo tree --quiet --depth 1
output=$(cargo run --quiet)
echo "$output"
expected='Content-Encoding headers: 0
body is plain: false
body is gzip of plain: true'
[ "$output" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
