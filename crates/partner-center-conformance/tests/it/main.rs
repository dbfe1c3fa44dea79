//! Each requirement holds for a transport that meets it, and fails for one that violates it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

mod detached;
mod reference;

use partner_center_conformance::Requirement;
use reference::ReferenceTransport;
use std::{collections::BTreeSet, thread};

mod reference_transport {
    partner_center_conformance::suite!(super::ReferenceTransport::default());
}

/// A check that cannot fail would verify nothing.
#[test]
fn each_requirement_detects_its_violation() {
    let checks: Vec<_> = Requirement::ALL
        .iter()
        .map(|requirement| {
            (requirement, thread::spawn(|| requirement.check(&ReferenceTransport::violating(*requirement))))
        })
        .collect();
    for (requirement, check) in checks {
        let Ok(result) = check.join() else {
            // A transport that trusts a length allocates more memory than possible, which panics.
            assert_eq!(*requirement, Requirement::AnnouncedLengthsAreNotTrusted);
            continue;
        };
        let violation = result.expect_err(requirement.name());
        assert_eq!(violation.requirement(), *requirement);
        assert!(!violation.observed().is_empty());
    }
}

#[test]
fn names_and_texts_are_unique() {
    let names: BTreeSet<_> = Requirement::ALL.iter().map(|requirement| requirement.name()).collect();
    let texts: BTreeSet<_> = Requirement::ALL.iter().map(ToString::to_string).collect();
    assert_eq!((names.len(), texts.len()), (Requirement::ALL.len(), Requirement::ALL.len()));
    assert!(texts.iter().all(|text| text.ends_with(['.', ')'])), "{texts:?}");
}
