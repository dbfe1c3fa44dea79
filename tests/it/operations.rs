//! Every operation of the specification is called against the emulator, in both modes.

use partner_center::{
    operations::*,
    transport::{Async, Blocking, Mode},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::block_on;
use serde::de::DeserializeOwned;

/// Runs `test` over the emulator in both modes, each on its own.
macro_rules! in_both_modes {
    ($test:ident) => {
        $test(&client(Emulator::default().transport::<Blocking>())).unwrap();
        $test(&client(Emulator::default().transport::<Async>())).unwrap();
    };
}

/// Tests an operation with one response.
macro_rules! call {
    ($test:ident, $operation:expr) => {
        #[test]
        fn $test() {
            fn test<X: Transport>(client: &Client<X>) -> Result<(), Error> {
                block_on::<X::Mode, _>(client.call($operation)).map(drop)
            }
            in_both_modes!(test);
        }
    };
}

/// Tests an operation with pages.
macro_rules! list {
    ($test:ident, $operation:expr) => {
        #[test]
        fn $test() {
            fn test<X: Transport>(client: &Client<X>) -> Result<(), Error> {
                let mut pages = client.pages($operation);
                block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
                    while let Some(page) = X::Mode::into_future(pages.next_page()).await {
                        page?;
                    }
                    Ok(())
                }))
            }
            in_both_modes!(test);
        }
    };
}

include!("generated_operations.rs");

fn client<X: Transport>(transport: X) -> Client<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).build().unwrap()
}

/// Reads an argument from its JSON.
fn value<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}
