//! Tests of the crates together, over every transport: conversations with scripted servers, lists from the emulator,
//! snapshots and properties.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

mod account;
mod account_rejections;
mod azure_credential;
mod call_controls;
mod client;
mod commerce;
mod commerce_catalog;
mod commerce_lifecycles;
mod commerce_properties;
mod commerce_purchases;
mod commerce_rejections;
mod commerce_year;
mod completeness;
mod concurrency;
mod conversations;
mod custom_operations;
mod custom_types;
mod dynamic_requests;
mod emulator;
mod examples;
mod for_each;
mod foreign_clients;
mod fuzz_corpus;
mod guide;
mod journal;
mod journaled_runs;
mod list_methods;
mod operations;
mod polling;
mod prefetch;
mod properties;
mod proxy_settings;
mod requests;
mod safe_writes;
mod service_quirks;
mod sign_in;
mod specification;
mod token_lifetimes;
mod token_timeouts;
mod traces;
mod transports;
mod updates;
