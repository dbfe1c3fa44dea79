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
mod guide;
mod interruption;
#[expect(unreachable_pub, reason = "other crates share it")]
#[path = "../../../../tests/support/judged_emulator.rs"]
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
