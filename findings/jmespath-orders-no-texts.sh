#!/usr/bin/env bash
# Subject: JMESPath, a filter that orders texts: [?date > '2024-06-01']
# Guess:   the crate and the Python library, which is in az and aws, find the same rows: both call themselves JMESPath
# Truth:   the Python library compares the texts and finds rows; the crate finds none, without an error, as the specification
#          defines the order of numbers alone. Both sort by the same texts, and max() of them is the same in both
# Matters: a query by date that is copied from a script for az or aws finds nothing, which reads as "there is nothing newer"
# Versions: the crate jmespath 0.5.0, jmespath 1.1.0 for Python 3
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check jmespath==1.1.0
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet jmespath@=0.5.0
cat > rows.json <<'JSON'
{"rows": [{"id": 1, "date": "2024-01-01T00:00:00Z"}, {"id": 2, "date": "2025-01-01T00:00:00Z"}]}
JSON
cat > queries <<'QUERIES'
rows[?date > '2024-06-01'].id
rows[?date == '2025-01-01T00:00:00Z'].id
rows[?id > `1`].id
sort_by(rows, &date)[-1].id
max(rows[].date)
QUERIES
cat > src/main.rs <<'RUST'
fn main() {
    let rows = jmespath::Variable::from_json(&std::fs::read_to_string("rows.json").unwrap()).unwrap();
    for query in std::fs::read_to_string("queries").unwrap().lines() {
        println!("{query}: {}", jmespath::compile(query).unwrap().search(&rows).unwrap());
    }
}
RUST
cat > finding.py <<'PYTHON'
import json

import jmespath

rows = json.load(open("rows.json"))
for query in open("queries").read().splitlines():
    print(f"{query}: {json.dumps(jmespath.search(query, rows))}")
PYTHON
cargo tree --quiet --depth 1
environment/bin/pip list --disable-pip-version-check 2> /dev/null | grep -i '^jmespath '
cargo run --quiet > of-rust
environment/bin/python finding.py > of-python
cat of-rust
echo "Python differs from Rust:"
diff of-rust of-python | tee difference || true
diff difference - <<'EXPECTED' || { echo "the behavior has changed"; exit 1; }
1c1
< rows[?date > '2024-06-01'].id: []
---
> rows[?date > '2024-06-01'].id: [2]
EXPECTED
