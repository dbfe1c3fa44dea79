//! The corpora of the fuzz targets, replayed.

use partner_center_tests::fuzzing;
use std::{fs, path::Path};

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "the corpus of {target} is missing");
    for file in files {
        let outcome = std::panic::catch_unwind(|| run(&fs::read(&file).unwrap()));
        assert!(outcome.is_ok(), "{}", file.display());
    }
}

#[test]
fn response_body() {
    replay("response_body", fuzzing::response_body);
}

#[test]
fn next_link() {
    replay("next_link", fuzzing::next_link);
}

#[test]
fn error_response() {
    replay("error_response", fuzzing::error_response);
}

#[test]
fn retry_after() {
    replay("retry_after", fuzzing::retry_after);
}

#[test]
fn token_response() {
    replay("token_response", fuzzing::token_response);
}
