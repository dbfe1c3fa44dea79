//! Each requirement holds of a transport that keeps it, and does not of one that breaks it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

mod detached;
mod handmade;

use handmade::Handmade;
use partner_center_conformance::Requirement;
use std::{collections::BTreeSet, thread};

mod kept {
    partner_center_conformance::suite!(super::Handmade::default());
}

/// So that no requirement is one that nobody can break.
#[test]
fn each_promise_can_be_broken() {
    let checks: Vec<_> = Requirement::ALL
        .iter()
        .map(|requirement| (requirement, thread::spawn(|| requirement.check(&Handmade::breaking(*requirement)))))
        .collect();
    for (requirement, check) in checks {
        let Ok(held) = check.join() else {
            // Who believes a length asks for more memory than there can be.
            assert_eq!(*requirement, Requirement::AnnouncedLengthsAreNotBelieved);
            continue;
        };
        let broken = held.expect_err(requirement.name());
        assert_eq!(broken.requirement(), *requirement);
        assert!(!broken.seen().is_empty());
    }
}

#[test]
fn names_and_texts_are_each_their_own() {
    let names: BTreeSet<_> = Requirement::ALL.iter().map(|requirement| requirement.name()).collect();
    let texts: BTreeSet<_> = Requirement::ALL.iter().map(ToString::to_string).collect();
    assert_eq!((names.len(), texts.len()), (Requirement::ALL.len(), Requirement::ALL.len()));
    assert!(texts.iter().all(|text| text.ends_with(['.', ')'])), "{texts:?}");
}
