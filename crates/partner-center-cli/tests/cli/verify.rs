//! `partner-center verify`

use crate::{
    command::{CommandOutput, DOCUMENTED, command},
    judged_emulator::judged_emulator,
};
use partner_center_emulator::{Emulator, EmulatorBuilder};
use serde_json::Value;

/// Runs the command against another emulator in place of the service.
fn verify(service: &EmulatorBuilder, arguments: &[&str]) -> (CommandOutput, usize) {
    let service = service.clone().build();
    let server = service.serve("127.0.0.1:0").unwrap();
    let mut command = command(&[&["verify"], arguments].concat());
    command.env("PARTNER_CENTER_TOKEN", Emulator::TOKEN).env("PARTNER_CENTER_BASE_URL", server.url());
    let output: CommandOutput = command.output().unwrap().into();
    let requests = service.requests();
    assert!(requests.iter().all(|request| request.method() == "GET"));
    (output, requests.len())
}

#[test]
fn differences_are_reported_without_any_value() {
    let (same, requests) = verify(&judged_emulator(), &["--customer", DOCUMENTED, "--yes"]);
    assert_eq!((same.status, same.stdout.as_str()), (Some(0), "[]\n"), "{}", same.stderr);
    assert!(requests > 10 && same.stderr.contains("  GET /v1/customers/{customer-tenant-id}\n"), "{}", same.stderr);

    let (other, _) =
        verify(&judged_emulator().unknown_values(true).rare_values(true), &["--customer", DOCUMENTED, "--yes"]);
    assert_eq!(other.status, Some(0), "{}", other.stderr);
    let report: Vec<Value> = serde_json::from_str(&other.stdout).unwrap();
    let customers = report.iter().find(|difference| difference["operation"] == "listCustomers").unwrap();
    assert!(!customers["fields"].as_object().unwrap().is_empty(), "{customers}");
    for value in [DOCUMENTED, "onmicrosoft", "contoso", "2026-", "127.0.0.1"] {
        assert!(!other.stdout.to_lowercase().contains(value), "{value} is in {}", other.stdout);
    }

    // Fewer requests: nothing of a customer.
    let (_, fewer) = verify(&judged_emulator(), &["--yes"]);
    assert!(fewer > 0 && fewer < requests);
}

#[test]
fn error_response_is_a_difference() {
    let fault = "403:text@/v1/customers".parse().unwrap();
    let (output, _) = verify(&judged_emulator().fault(fault), &["--yes"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let report: Vec<Value> = serde_json::from_str(&output.stdout).unwrap();
    let customers = report.iter().find(|difference| difference["operation"] == "listCustomers").unwrap();
    assert_eq!(customers["status"], serde_json::json!({ "service": 403, "emulator": 200 }));
}

#[test]
fn nothing_is_sent_without_confirmation() {
    let (output, requests) = verify(&judged_emulator(), &[]);
    assert_eq!((output.status, requests), (Some(2), 0), "{}", output.stderr);
    assert!(output.stderr.contains("add --yes"), "{}", output.stderr);
}
