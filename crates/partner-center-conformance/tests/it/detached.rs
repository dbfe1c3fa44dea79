//! Violations that only an async transport can commit.

use crate::reference::ReferenceTransport;
use partner_center_conformance::Requirement;
use partner_center_core::{Async, Output, Request, Response, Transport, TransportError};
use std::{sync::Arc, thread, time::Duration};
use tokio::sync::oneshot;

/// An async transport that sends on a thread, which continues when the future is dropped.
#[derive(Default)]
struct Detached {
    transport: Arc<ReferenceTransport>,
    blocks: bool,
}

impl Transport for Detached {
    type Mode = Async;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let (result, received) = oneshot::channel();
        let transport = Arc::clone(&self.transport);
        thread::spawn(move || {
            // The future may have been dropped.
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
async fn detached_exchange_violates_only_cancellation() {
    let detached = Detached::default();
    assert_eq!(Requirement::RequestsRunConcurrently.check(&detached).await, Ok(()));
    assert_eq!(Requirement::TimedOutExchangesStop.check(&detached).await, Ok(()));
    let violation = Requirement::CancelledExchangesStop.check(&detached).await.unwrap_err();
    assert_eq!(violation.requirement(), Requirement::CancelledExchangesStop);
}

#[tokio::test]
async fn blocking_sleep_violates_concurrency() {
    let blocking = Detached { blocks: true, ..Detached::default() };
    assert_eq!(Requirement::SleepsLastLongEnough.check(&blocking).await, Ok(()));
    assert!(Requirement::SleepsRunConcurrently.check(&blocking).await.is_err());
}
