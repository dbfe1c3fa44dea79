#!/usr/bin/env bash
# Subject: DuckDB, amounts of a JSONL file of which the first 20,480 are whole numbers and a later one is not
# Guess:   the column becomes a decimal or floating-point one, or reading stops with an error that names the line
# Truth:   the column is BIGINT, and the later 1.75 is read as 2, without an error or a warning; every sum is wrong then.
#          With sample_size = -1, which reads all lines before it chooses the type, the same file is read as it stands
# Matters: charges that are free or whole in most lines are what an export of invoice line items or usage looks like
# Versions: duckdb 2.0.1 (Python 3)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1
cat > finding.py <<'PYTHON'
import duckdb

print("duckdb", duckdb.__version__)
for whole in (20_479, 20_480):
    with open("charges.jsonl", "w", encoding="ascii") as file:
        for number in range(whole):
            file.write(f'{{"line": {number}, "charge": 1}}\n')
        file.write(f'{{"line": {whole}, "charge": 1.75}}\n')
    for source in ("'charges.jsonl'", "read_json('charges.jsonl', sample_size = -1)"):
        row = duckdb.sql(f"SELECT typeof(charge), charge, (SELECT sum(charge) FROM {source}) FROM {source} WHERE line = {whole}")
        [(kind, charge, total)] = row.fetchall()
        print(f"{whole} whole numbers, {source}: {kind}, the last is {charge}, the sum is {total}")
PYTHON
output=$(environment/bin/python finding.py)
echo "$output"
expected="duckdb 2.0.1
20479 whole numbers, 'charges.jsonl': DOUBLE, the last is 1.75, the sum is 20480.75
20479 whole numbers, read_json('charges.jsonl', sample_size = -1): DOUBLE, the last is 1.75, the sum is 20480.75
20480 whole numbers, 'charges.jsonl': BIGINT, the last is 2, the sum is 20482
20480 whole numbers, read_json('charges.jsonl', sample_size = -1): DOUBLE, the last is 1.75, the sum is 20481.75"
[ "$output" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
