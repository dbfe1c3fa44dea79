//! The command as a user runs it: the real binary, over real HTTP, on this machine only.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

mod account;
mod auth;
mod bulk_writes;
mod columns;
mod command;
mod completions;
mod configuration;
mod data_file;
mod doctor;
mod emulator;
mod failures;
mod fields;
mod guide;
mod hints;
mod interruption;
mod journal_of_reads;
#[expect(
    unreachable_pub,
    reason = "the tests of the workspace share it; it is here as a package has its own files alone"
)]
mod judged_emulator;
mod listing;
mod lookup;
mod many_customers;
mod mcp;
mod mcp_calls;
mod network;
mod operations;
mod options;
mod output_file;
mod output_formats;
mod record;
mod recording;
mod replacements;
mod secrets;
mod server;
mod several;
mod shared_token;
mod sign_in;
mod snapshot;
mod terminal;
mod terminal_questions;
mod usage;
mod verify;
