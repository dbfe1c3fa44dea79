//! What fuzzing found worth keeping, replayed.

use partner_center_tests::fuzzing;
use std::{fs, path::Path};

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "the corpus of {target} is gone");
    for file in files {
        let outcome = std::panic::catch_unwind(|| run(&fs::read(&file).unwrap()));
        assert!(outcome.is_ok(), "{}", file.display());
    }
}

#[test]
fn decode() {
    replay("decode", fuzzing::decode);
}

#[test]
fn follow() {
    replay("follow", fuzzing::follow);
}

#[test]
fn fault() {
    replay("fault", fuzzing::fault);
}

#[test]
fn retry_after() {
    replay("retry_after", fuzzing::retry_after);
}

#[test]
fn token() {
    replay("token", fuzzing::token);
}
