//! How a call goes, against a table: each row is held four ways, scripted and over sockets, blocking and async; and twice
//! more with pages asked for early.

mod credentials;
mod paging;
mod recovery;

use partner_center_tests::Outcome;

/// Keeps what a reader should see of a conversation beside its expectation.
fn keep(name: &str, outcome: &Outcome) {
    insta::with_settings!({ snapshot_path => "snapshots/conversations", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, outcome.transcript);
    });
}

/// One row: `name: conversation => expectation`.
macro_rules! conversations {
    ($($name:ident: $conversation:expr => $($expectation:ident)+ ($($argument:expr),* $(,)?);)*) => {
        $(#[test]
        fn $name() {
            let outcome = $conversation(stringify!($name)).hold();
            super::keep(stringify!($name), &outcome);
            outcome.$($expectation)+($($argument),*);
            $conversation(stringify!($name)).hold_prefetching(&outcome);
        })*
    };
}
use conversations;
