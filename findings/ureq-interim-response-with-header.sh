#!/usr/bin/env bash
# Subject: ureq, an interim response (100 Continue) that has a header
# Guess:   it is skipped, as RFC 9110, section 15.2, lets interim responses have headers
# Truth:   the request fails; without the header the same exchange succeeds
# Matters: a proxy that adds its name to every response head makes each request through it fail
# Versions: ureq 3.5.1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet ureq@=3.5.1 --no-default-features
cat > src/main.rs <<'RUST'
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

fn status_after(interim: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
        let _ = write!(stream, "{interim}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let outcome = match ureq::get(&url).call() {
        Ok(response) => response.status().to_string(),
        Err(error) => format!("error: {error}"),
    };
    server.join().unwrap();
    outcome
}

fn main() {
    println!("no interim response:      {}", status_after(""));
    println!("100 without a header:     {}", status_after("HTTP/1.1 100 Continue\r\n\r\n"));
    println!("100 with a header:        {}", status_after("HTTP/1.1 100 Continue\r\nVia: 1.1 proxy\r\n\r\n"));
}
RUST
cargo tree --quiet --depth 1
output=$(cargo run --quiet)
echo "$output"
grep -q '^no interim response: *200' <<< "$output" || { echo "the comparison has changed"; exit 1; }
grep -q '^100 without a header: *200' <<< "$output" || { echo "the comparison has changed"; exit 1; }
grep -q '^100 with a header: *error' <<< "$output" || { echo "the behavior has changed"; exit 1; }
