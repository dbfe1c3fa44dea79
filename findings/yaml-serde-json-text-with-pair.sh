#!/usr/bin/env bash
# Subject: yaml_serde, a JSON document in which a character beyond U+FFFF is written as a pair of escapes, "\ud83d\ude00"
# Guess:   it is read, as YAML 1.2 is meant to read every JSON text
# Truth:   it is refused as an invalid escape; the same character written plainly, or as \U0001F600, is read, and serde_json
#          reads the pair
# Matters: Python's json.dumps writes the pair unless it is told otherwise: an example with an emoji in a specification that is
#          JSON is lost on a tool that reads "YAML or JSON" with one reader
# Versions: yaml_serde 0.10.7, serde_json 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet yaml_serde@=0.10.7 serde_json@1
cat > src/main.rs <<'RUST'
fn main() {
    for text in [r#"{"note": "\u00e9"}"#, r#"{"note": "\ud83d\ude00"}"#, r#"{"note": "😀"}"#, r#"{"note": "\U0001F600"}"#] {
        let yaml = yaml_serde::from_str::<serde_json::Value>(text).map_or_else(|error| format!("error: {error}"), |value| value.to_string());
        let json = serde_json::from_str::<serde_json::Value>(text).map_or_else(|error| format!("error: {error}"), |value| value.to_string());
        println!("{text}\n  yaml_serde: {yaml}\n  serde_json: {json}");
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
