#!/usr/bin/env bash
# Subject: yaml_serde, a JSON document in which a character beyond U+FFFF is written as a pair of escapes, "\ud83d\ude00"
# Guess:   it is read, as YAML 1.2 is meant to read every JSON text
# Truth:   it is refused as an invalid escape; the same character written plainly, or as \U0001F600, is read, and serde_json
#          reads the pair
# Matters: Python's json.dumps writes such pairs unless it is told otherwise; a tool that takes "YAML or JSON" and has this one
#          reader for both refuses a specification for the emoji in one of its examples
# Versions: yaml_serde 0.10.7, serde_json 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet yaml_serde@=0.10.7 serde_json@1
cat > src/main.rs <<'RUST'
use serde_json::Value;

fn outcome(result: Result<Value, impl std::fmt::Display>) -> String {
    result.map_or_else(|error| format!("error: {error}"), |value| value.to_string())
}

fn main() {
    for text in [r#"{"note": "\u00e9"}"#, r#"{"note": "\ud83d\ude00"}"#, r#"{"note": "😀"}"#, r#"{"note": "\U0001F600"}"#] {
        println!("{text}");
        println!("  yaml_serde: {}", outcome(yaml_serde::from_str(text)));
        println!("  serde_json: {}", outcome(serde_json::from_str(text)));
    }
}
RUST
cargo tree --quiet --depth 1
output=$(cargo run --quiet)
echo "$output"
outcomes=$(grep -o '^ .*' <<< "$output" | sed -E 's/(error): .*/\1/; s/\{.*\}/value/')
expected='  yaml_serde: value
  serde_json: value
  yaml_serde: error
  serde_json: value
  yaml_serde: value
  serde_json: value
  yaml_serde: value
  serde_json: error'
[ "$outcomes" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
