//! Bodies of requests that replace a resource: what they leave out would be lost.

use crate::command::{DOCUMENTED, run, stdout};
use serde_json::Value;
use std::fs;

/// A PATCH that replaces a resource resets what its body leaves out.
#[test]
fn body_that_was_not_read_is_not_sent_in_place_of_the_resource() {
    const SUBSCRIPTION: &str = "9e3258d1-19e2-4b05-bb0b-ffad62f208b8";
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, json: &str| {
        let path = folder.path().join(name);
        fs::write(&path, json).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let one = ["subscriptions", "update", "--customer", DOCUMENTED, SUBSCRIPTION, "--emulator"];
    let current = ["subscriptions", "get", "--customer", DOCUMENTED, SUBSCRIPTION, "--emulator", "-o", "json"];
    let complete = file("complete.json", &stdout(&current));
    for (body, missing) in [
        (r#"{"quantity": 26}"#, "it lacks id, autoRenewEnabled,"),
        (r#"{"Id": "9e3258d1-19e2-4b05-bb0b-ffad62f208b8", "autoRenewEnabled": null}"#, "it lacks autoRenewEnabled,"),
    ] {
        let body = file("partial.json", body);
        let many = ["subscriptions", "update", "--all-customers", SUBSCRIPTION, "--emulator"];
        for arguments in [&one[..], &many, &[&one[..], &["--dry-run"]].concat()] {
            for transport in ["reqwest", "ureq"] {
                let ended = run(&[arguments, &["--yes", "--body", &body, "--transport", transport]].concat());
                let said = ended.stderr.replace('\n', " ");
                assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{said}");
                assert!(said.contains(missing) && said.contains("--set, without --body"), "{said}");
            }
        }
        // What the flags add counts, too.
        let flags = ["--set", "id=9e3258d1-19e2-4b05-bb0b-ffad62f208b8", "--auto-renew-enabled", "true", "--dry-run"];
        assert_eq!(run(&[&one[..], &["--body", &body], &flags].concat()).status, Some(0));
    }
    let unconfirmed = run(&[&one[..], &["--body", &complete, "--quantity", "26"]].concat());
    assert_eq!((unconfirmed.status, unconfirmed.stdout.as_str()), (Some(2), ""), "{}", unconfirmed.stderr);
    assert!(unconfirmed.stderr.contains("this must be confirmed: PATCH"), "{}", unconfirmed.stderr);
    let sent = run(&[&one[..], &["--body", &complete, "--quantity", "26", "--yes", "-o", "json"]].concat());
    assert_eq!((sent.status, sent.stderr.as_str()), (Some(0), ""));
    let subscription: Value = serde_json::from_str(&sent.stdout).unwrap();
    assert_eq!((&subscription["quantity"], &subscription["autoRenewEnabled"]), (&26.into(), &true.into()));
}
