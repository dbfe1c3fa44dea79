//! Conversations: each row of a table has the steps of a server and the expected outcome of a call or list. A row runs in
//! four ways, in memory and over sockets, blocking and async, and twice more with prefetch.

mod bodies;
mod credentials;
mod error_responses;
mod pagination;
mod retries;

use partner_center_tests::{Conversation, MockResponse, Outcome, Step, customer, get, response};

/// Compares the transcript of a conversation with its snapshot.
fn assert_snapshot(name: &str, outcome: &Outcome) {
    insta::with_settings!({ snapshot_path => "snapshots/conversations", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, outcome.transcript);
    });
}

/// Defines a test for each row: `name: conversation => expectation`.
macro_rules! conversations {
    ($($name:ident: $conversation:expr => $($expectation:ident)+ ($($argument:expr),* $(,)?);)*) => {
        $(#[test]
        fn $name() {
            let outcome = $conversation(stringify!($name)).run();
            super::assert_snapshot(stringify!($name), &outcome);
            outcome.$($expectation)+($($argument),*);
            $conversation(stringify!($name)).run_with_prefetch(&outcome);
        })*
    };
}
use conversations;

/// Returns a conversation about one customer, which becomes a row with its name.
fn get_customer(
    description: &'static str,
    steps: impl IntoIterator<Item = Step>,
) -> impl FnOnce(&'static str) -> Conversation {
    let steps: Vec<_> = steps.into_iter().collect();
    move |name| steps.into_iter().fold(get(name, description), Conversation::then)
}

/// Returns a response with the customer `a`.
fn customer_response() -> MockResponse {
    response(200, customer("a").to_string())
}

/// Returns an error response in the format of the service.
fn error_response(status: u16) -> MockResponse {
    response(status, format!(r#"{{"code":{status}00,"description":"No.","data":[],"source":"PartnerFD"}}"#))
}
