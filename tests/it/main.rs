//! The tests of the whole: what the parts promise together, over every transport there is.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "to panic is how a test fails")]

mod azure;
mod client;
mod conversations;
mod corpus;
mod emulator;
mod examples;
mod foreign_clients;
mod lifetimes;
mod lists;
mod many_at_once;
mod odd_services;
mod operations;
mod own_types;
mod prefetch;
mod properties;
mod proxy_settings;
mod requests;
mod specification;
mod token_waits;
mod transports;
mod wholeness;
