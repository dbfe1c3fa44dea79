//! `customers get`

use crate::{
    command::{DOCUMENTED, stdout},
    judged_emulator::judged_emulator,
};
use partner_center::{
    Transport,
    transport::{Blocking, Request},
};
use partner_center_emulator::Emulator;
use serde_json::Value;

#[test]
fn json_is_what_the_service_says() {
    let mut request = Request::new(Vec::new());
    *request.uri_mut() = format!("/v1/customers/{DOCUMENTED}").parse().unwrap();
    request.headers_mut().insert("Authorization", format!("Bearer {}", Emulator::TOKEN).parse().unwrap());
    let response = judged_emulator().build().transport::<Blocking>().send(request).unwrap();
    let said: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(said["id"], DOCUMENTED);
    for transport in ["reqwest", "ureq"] {
        for form in ["json", "jsonl"] {
            let arguments = ["customers", "get", DOCUMENTED, "--emulator", "--output", form, "--transport", transport];
            assert_eq!(serde_json::from_str::<Value>(&stdout(&arguments)).unwrap(), said);
        }
    }
}

#[test]
fn table_has_a_line_for_each_value() {
    let table = stdout(&["customers", "get", DOCUMENTED, "--emulator"]);
    let lines: Vec<Vec<_>> = table.lines().map(|line| line.splitn(2, "  ").map(str::trim).collect()).collect();
    assert_eq!(lines[0], ["id", DOCUMENTED]);
    for expected in [
        ["companyProfile.companyName", "1kl as kjk"],
        ["companyProfile.address.region", "wa"],
        ["allowDelegatedAccess", "true"],
        ["tags", "TestCustomer; USCustomer"],
    ] {
        assert!(lines.iter().any(|line| *line == expected), "{expected:?} in {table}");
    }
    assert!(!table.contains("links") && !table.contains("attributes"));
}

#[test]
fn csv_has_the_main_fields() {
    let csv = stdout(&["customers", "get", DOCUMENTED, "--emulator", "--output", "csv"]);
    let row = format!("{DOCUMENTED},1kl as kjk,abcdefgh1234.onmicrosoft.com,reseller,US,a@a.com,true,");
    assert!(csv.lines().nth(1).unwrap().starts_with(&row), "{csv}");
}
