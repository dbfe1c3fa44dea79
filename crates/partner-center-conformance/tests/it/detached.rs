//! What only an async transport can break.

use crate::handmade::Handmade;
use partner_center_conformance::Requirement;
use partner_center_core::{Async, Output, Request, Response, Transport, TransportError};
use std::{sync::Arc, thread, time::Duration};
use tokio::sync::oneshot;

/// Sends on a thread, which nobody ends when the future is dropped.
#[derive(Default)]
struct Detached {
    transport: Arc<Handmade>,
    blocks: bool,
}

impl Transport for Detached {
    type Mode = Async;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let (result, received) = oneshot::channel();
        let transport = Arc::clone(&self.transport);
        thread::spawn(move || {
            // Nobody may be there any more.
            let _ = result.send(transport.send(request));
        });
        Box::pin(async { received.await.map_err(TransportError::new)? })
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        if self.blocks {
            return Box::pin(async move { thread::sleep(delay) });
        }
        Box::pin(tokio::time::sleep(delay))
    }
}

#[tokio::test]
async fn a_detached_exchange_goes_on() {
    let detached = Detached::default();
    assert_eq!(Requirement::ManyAreSentAtOnce.check(&detached).await, Ok(()));
    assert_eq!(Requirement::TimedOutExchangesEnd.check(&detached).await, Ok(()));
    let broken = Requirement::DroppedExchangesEnd.check(&detached).await.unwrap_err();
    assert_eq!(broken.requirement(), Requirement::DroppedExchangesEnd);
}

#[tokio::test]
async fn a_sleep_that_blocks_holds_up_the_others() {
    let blocking = Detached { blocks: true, ..Detached::default() };
    assert_eq!(Requirement::SleepsAreLongEnough.check(&blocking).await, Ok(()));
    assert!(Requirement::SleepsPassAtOnce.check(&blocking).await.is_err());
}
