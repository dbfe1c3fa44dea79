#!/usr/bin/env bash
# Subject: the crate csv, positions of records in files with CR LF line ends, as Windows and Excel write them
# Guess:   the position of the second record of "a,b\r\n1,2\r\n" says line 2, as it does with "\n" alone
# Truth:   it says line 1; with "\n" it says line 2: the line feed of a CR LF is counted with the following record
# Matters: an error message that names the line of a bad identifier is one too low for files from Windows
# Versions: csv 1.4.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet csv@=1.4.0
cat > src/main.rs <<'RUST'
fn lines(text: &str) -> Vec<u64> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().position().unwrap().line()).collect()
}

fn main() {
    println!("LF   {:?}", lines("a,b\n1,2\n3,4\n"));
    println!("CRLF {:?}", lines("a,b\r\n1,2\r\n3,4\r\n"));
}
RUST
cargo tree --quiet --depth 1
output=$(cargo run --quiet)
echo "$output"
expected='LF   [1, 2, 3]
CRLF [1, 1, 2]'
[ "$output" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
