//! Concurrent calls, in tasks and in threads, as in the README: a limited number at a time shares as many connections.

use futures_util::{StreamExt, stream};
use partner_center::{Client, Credential, ErrorKind, GetCustomer, Reqwest, SyncClient, Ureq};
use partner_center_tests::Server;
use std::{sync::Mutex, thread};
use uuid::Uuid;

const CUSTOMERS: usize = 64;
const MAX_CONCURRENT_CALLS: usize = 8;

fn assert_complete(outcomes: &[Result<(), ErrorKind>], server: &Server) {
    assert_eq!(outcomes.len(), CUSTOMERS);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(ErrorKind::Service)).count(), CUSTOMERS / 8);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), CUSTOMERS / 8 * 7);
    assert!(server.connections() <= MAX_CONCURRENT_CALLS, "{} connections", server.connections());
}

#[tokio::test]
async fn tasks_share_connections() {
    let server = Server::start_with_missing_customers(CUSTOMERS);
    let client = Client::builder(Reqwest::new().unwrap(), Credential::token("token")).base_url(server.url());
    let client = client.build().unwrap();
    let calls = stream::iter(0..CUSTOMERS).map(async |_| {
        let outcome = client.call(GetCustomer::new(Uuid::new_v4())).await;
        outcome.map(drop).map_err(|error| error.kind())
    });
    assert_complete(&calls.buffer_unordered(MAX_CONCURRENT_CALLS).collect::<Vec<_>>().await, &server);
}

#[test]
fn threads_share_connections() {
    let server = Server::start_with_missing_customers(CUSTOMERS);
    let client = Client::builder(Ureq::new().unwrap(), Credential::token("token")).base_url(server.url());
    let client: SyncClient = client.build().unwrap();
    let (ids, outcomes) = (Mutex::new(0..CUSTOMERS), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..MAX_CONCURRENT_CALLS {
            scope.spawn(|| {
                while ids.lock().unwrap().next().is_some() {
                    let outcome = client.call(GetCustomer::new(Uuid::new_v4()));
                    outcomes.lock().unwrap().push(outcome.map(drop).map_err(|error| error.kind()));
                }
            });
        }
    });
    assert_complete(&outcomes.into_inner().unwrap(), &server);
}
