//! Support for the tests: scripted responses, over sockets or in memory, and conversations that run over every transport.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "to panic is how a test fails"
)]

pub mod action;
mod captured_log;
mod conversation;
pub mod fuzzing;
mod header_transport;
// It is with the tests of the command line, whose package has no files but its own.
#[path = "../../crates/partner-center-cli/tests/cli/judged_emulator.rs"]
mod judged_emulator;
mod mock_response;
mod recording_transport;
mod scripted_transport;
mod server;
mod step;

pub use captured_log::CapturedLog;
pub use conversation::{Caller, Conversation, Outcome, get, list};
pub use header_transport::HeaderTransport;
pub use judged_emulator::{judged_emulator, judged_emulator_that_allows};
pub use mock_response::{MockResponse, customer, page, response};
pub use recording_transport::{Recording, RecordingTransport};
pub use scripted_transport::ScriptedTransport;
pub use server::Server;
pub use step::Step;

use partner_center::transport::Mode;

/// Waits for an output of either mode and returns its value.
pub fn block_on<'a, M: Mode, T: Send + 'a>(output: M::Output<'a, T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(M::into_future(output))
}

/// The README's examples, compiled and run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The programs of the guide, compiled and run as documentation tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../docs/guide/adding-an-endpoint.md")]
    struct AddingAnEndpoint;
    #[doc = include_str!("../../docs/guide/authentication.md")]
    struct Authentication;
    #[doc = include_str!("../../docs/guide/changing-things.md")]
    struct ChangingThings;
    #[doc = include_str!("../../docs/guide/first-list.md")]
    struct FirstList;
    #[doc = include_str!("../../docs/guide/from-the-archived-clients.md")]
    struct FromTheArchivedClients;
    #[doc = include_str!("../../docs/guide/many-customers.md")]
    struct ManyCustomers;
    #[doc = include_str!("../../docs/guide/running-for-months.md")]
    struct RunningForMonths;
    #[doc = include_str!("../../docs/guide/subscriptions.md")]
    struct Subscriptions;
    #[doc = include_str!("../../docs/guide/testing.md")]
    struct Testing;
    #[doc = include_str!("../../docs/guide/writing-a-transport.md")]
    struct WritingATransport;
}
