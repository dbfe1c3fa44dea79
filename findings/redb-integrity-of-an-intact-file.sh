#!/usr/bin/env bash
# Subject: redb, Database::check_integrity of a file that was closed properly
# Guess:   it returns true for every file that nothing has damaged, as "false if any errors were found" suggests
# Truth:   after rows were removed, the second opening finds false, once: pages that the removal had set free are counted otherwise
#          than the file has it, which is set right without a loss. All rows are there
# Matters: a program that takes false for damage rejects an intact file; digests of the program's own tell the difference
# Versions: redb 4.1.0; with 4.6.0 it is true, which requires Rust 1.90
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet redb@=4.1.0
cat > src/main.rs <<'RUST'
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};

const OLD: TableDefinition<u64, &[u8]> = TableDefinition::new("old");
const NEW: TableDefinition<u64, &[u8]> = TableDefinition::new("new");

fn main() {
    let database = Database::create("data").unwrap();
    for number in 0..3 {
        let transaction = database.begin_write().unwrap();
        transaction.open_table(OLD).unwrap().insert(number, [7; 900].as_slice()).unwrap();
        transaction.commit().unwrap();
    }
    let transaction = database.begin_write().unwrap();
    transaction.open_table(OLD).unwrap().retain(|_, _| false).unwrap();
    transaction.open_table(NEW).unwrap().insert(0, [7; 900].as_slice()).unwrap();
    transaction.commit().unwrap();
    drop(database);
    for _ in 0..3 {
        let mut database = Database::open("data").unwrap();
        let is_intact = database.check_integrity().unwrap();
        let rows = database.begin_read().unwrap().open_table(NEW).unwrap().len().unwrap();
        println!("{is_intact}, rows: {rows}");
    }
}
RUST
cargo tree --quiet --depth 1
cargo run --quiet | tee output
diff output - <<'EXPECTED'
true, rows: 1
false, rows: 1
true, rows: 1
EXPECTED
