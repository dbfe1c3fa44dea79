#!/usr/bin/env bash
# Subject: the crate openapiv3, an integer schema with a bound that is written as 500.0
# Guess:   it is an integer schema with the bound 500, or reading the document fails
# Truth:   the schema is of the kind "any", with the type as a mere text beside it; the same happens to a bound of 2^64 - 1, which
#          becomes a floating-point number. With 500 it is an integer. To JSON Schema, 500 and 500.0 are the same number
# Matters: tools that write every number alike make the properties untyped that a generator reads by their kind
# Versions: openapiv3 2.2.0, serde_json 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet openapiv3@=2.2.0 serde_json@1
cat > src/main.rs <<'RUST'
use openapiv3::{Schema, SchemaKind, Type};

fn main() {
    for bound in ["500", "500.0", "9223372036854775807", "18446744073709551615"] {
        let text = format!(r#"{{"type": "integer", "maximum": {bound}}}"#);
        let kind = match serde_json::from_str::<Schema>(&text).unwrap().schema_kind {
            SchemaKind::Type(Type::Integer(integer)) => format!("integer, maximum {:?}", integer.maximum),
            SchemaKind::Any(any) => format!("any, type {:?}, maximum {:?}", any.typ, any.maximum),
            other => format!("{other:?}"),
        };
        println!("{bound}: {kind}");
    }
}
RUST
cargo tree --quiet --depth 1
output=$(cargo run --quiet)
echo "$output"
expected='500: integer, maximum Some(500)
500.0: any, type Some("integer"), maximum Some(500.0)
9223372036854775807: integer, maximum Some(9223372036854775807)
18446744073709551615: any, type Some("integer"), maximum Some(1.8446744073709552e19)'
[ "$output" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
