//! What the tests are made of: conversations that are scripted once and held four ways.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "to panic is how a test fails"
)]

mod conversation;
mod exchange;
pub mod fuzzing;
mod script;
mod server;

pub use conversation::{Conversation, Outcome, Who, get, list};
pub use exchange::{Answer, Step, answer, customer, page};
pub use script::{Recorder, Script, finish};
pub use server::Server;

/// The README's examples, kept running.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
