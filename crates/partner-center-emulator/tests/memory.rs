//! The memory of generated customers. It is a separate test binary with one test, because it measures the complete process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected has failed")]

use partner_center_core::{Blocking, Request, Transport};
use partner_center_emulator::Emulator;
use std::{
    fs,
    time::{Duration, Instant},
};

const CUSTOMERS: u32 = 10_000_000;

/// Less than two bytes for each customer.
const MAX_GROWTH: u64 = 16 << 20;

/// Returns the resident memory of this process, in bytes.
fn resident_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

fn send(emulator: &Emulator, method: &str, uri: &str, body: &str) -> String {
    let request = http::Request::builder().method(method).uri(uri);
    let request = request.header("Authorization", format!("Bearer {}", Emulator::TOKEN));
    let request: Request = request.header("Content-Type", "application/json").body(body.as_bytes().to_vec()).unwrap();
    let response = emulator.transport::<Blocking>().send(request).unwrap();
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(response.status().is_success(), "{method} {uri}: {text}");
    text
}

/// Builds an emulator with so many customers, reads a page and a customer, and writes to that one.
fn use_customers(count: u32) -> Emulator {
    let emulator = Emulator::builder().customers(count).build();
    let page: serde_json::Value = serde_json::from_str(&send(&emulator, "GET", "/v1/customers?size=20", "")).unwrap();
    assert!(page["totalCount"].is_u64(), "{page}");
    let id = page["items"][7]["id"].as_str().unwrap();
    let path = format!("/v1/customers/{id}/profiles/billing");
    let profile = send(&emulator, "GET", &path, "");
    send(&emulator, "PUT", &path, &profile);
    emulator
}

#[test]
fn generated_customers_take_no_memory_until_written_to() {
    // What is made once, for however many customers.
    drop(use_customers(30));
    let (start, before) = (Instant::now(), resident_memory());
    let emulators: Vec<_> = (0..4).map(|_| use_customers(CUSTOMERS)).collect();
    let (duration, growth) = (start.elapsed(), resident_memory().saturating_sub(before));
    assert!(growth < MAX_GROWTH, "{} times {CUSTOMERS} customers take {growth} bytes", emulators.len());
    // A hundredth of a second, and much more on a machine that does much else. To generate all of them takes minutes.
    assert!(duration < Duration::from_secs(30), "they take {duration:?}");
}
