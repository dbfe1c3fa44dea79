#!/usr/bin/env bash
# Subject: the crate jmespath, in a build in which some other crate asks serde_json for arbitrary_precision, as rust_decimal's
#          feature serde-with-arbitrary-precision does
# Guess:   a query that compares numbers finds the same rows, as the features of Cargo add and take nothing away
# Truth:   every number of the document has become an object with a private key of serde_json, so that [?n > `1`] is empty,
#          without an error, and n itself is such an object; without that feature of rust_decimal both are right
# Matters: a dependency that is added for exact amounts silently empties the filters of a program that does not use it there
# Versions: jmespath 0.5.0, rust_decimal 1.43.0, serde_json 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet jmespath@=0.5.0
cargo add --quiet rust_decimal@=1.43.0 --optional --no-default-features --features std,serde-with-arbitrary-precision
cat > src/main.rs <<'RUST'
fn main() {
    let rows = jmespath::Variable::from_json(r#"{"rows": [{"n": 1}, {"n": 2}]}"#).unwrap();
    for query in ["rows[?n > `1`]", "rows[1].n"] {
        println!("  {query}: {}", jmespath::compile(query).unwrap().search(&rows).unwrap());
    }
}
RUST
cargo tree --quiet --depth 1 --all-features
cargo tree --quiet --all-features | grep -o 'serde_json v.*' | sort -u
output="without rust_decimal:
$(cargo run --quiet)
with rust_decimal:
$(cargo run --quiet --all-features)"
echo "$output"
expected='without rust_decimal:
  rows[?n > `1`]: [{"n":2}]
  rows[1].n: 2
with rust_decimal:
  rows[?n > `1`]: []
  rows[1].n: {"$serde_json::private::Number":"2"}'
[ "$output" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
