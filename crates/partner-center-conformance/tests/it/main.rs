//! Each promise holds of a transport that keeps it, and does not of one that breaks it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

mod detached;
mod handmade;

use handmade::Handmade;
use partner_center_conformance::Promise;
use std::{collections::BTreeSet, thread};

mod kept {
    partner_center_conformance::suite!(super::Handmade::default());
}

/// So that no promise is one that nobody can break.
#[test]
fn each_promise_can_be_broken() {
    let checks: Vec<_> = Promise::ALL
        .iter()
        .map(|promise| (promise, thread::spawn(|| promise.check(&Handmade::breaking(*promise)))))
        .collect();
    for (promise, check) in checks {
        let Ok(held) = check.join() else {
            // Who believes a length asks for more memory than there can be.
            assert_eq!(*promise, Promise::AnnouncedLengthsAreNotBelieved);
            continue;
        };
        let broken = held.expect_err(promise.name());
        assert_eq!(broken.promise(), *promise);
        assert!(!broken.seen().is_empty());
    }
}

#[test]
fn names_and_texts_are_each_their_own() {
    let names: BTreeSet<_> = Promise::ALL.iter().map(|promise| promise.name()).collect();
    let texts: BTreeSet<_> = Promise::ALL.iter().map(ToString::to_string).collect();
    assert_eq!((names.len(), texts.len()), (Promise::ALL.len(), Promise::ALL.len()));
    assert!(texts.iter().all(|text| text.ends_with(['.', ')'])), "{texts:?}");
}
