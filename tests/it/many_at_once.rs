//! Many customers at once, a few at a time, as the README has it.

use futures_util::{StreamExt, stream};
use partner_center::{Client, Credential, ErrorKind, GetCustomer, Reqwest, SyncClient, Ureq};
use partner_center_tests::{Server, Step, answer};
use std::{sync::Mutex, thread};
use uuid::Uuid;

const CUSTOMERS: usize = 64;
const AT_A_TIME: usize = 8;

/// Every eighth is not there.
fn server() -> Server {
    let server = Server::start();
    server.script((0..CUSTOMERS).map(|number| {
        let gone = number % 8 == 7;
        Step::from(if gone { answer(404, r#"{"code":3000}"#) } else { answer(200, r#"{"tags":["here"]}"#) })
    }));
    server
}

fn check(outcomes: &[Result<(), ErrorKind>], server: &Server) {
    assert_eq!(outcomes.len(), CUSTOMERS);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(ErrorKind::Service)).count(), CUSTOMERS / 8);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), CUSTOMERS / 8 * 7);
    assert!(server.connections() <= AT_A_TIME, "{} connections", server.connections());
}

#[tokio::test]
async fn as_tasks() {
    let server = server();
    let client = Client::builder(Reqwest::new().unwrap(), Credential::token("token")).base_url(server.url());
    let client = client.build().unwrap();
    let calls = stream::iter(0..CUSTOMERS).map(async |_| {
        let outcome = client.call(GetCustomer::new(Uuid::new_v4())).await;
        outcome.map(drop).map_err(|error| error.kind())
    });
    check(&calls.buffer_unordered(AT_A_TIME).collect::<Vec<_>>().await, &server);
}

#[test]
fn in_threads() {
    let server = server();
    let client = Client::builder(Ureq::new().unwrap(), Credential::token("token")).base_url(server.url());
    let client: SyncClient = client.build().unwrap();
    let (ids, outcomes) = (Mutex::new(0..CUSTOMERS), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while ids.lock().unwrap().next().is_some() {
                    let outcome = client.call(GetCustomer::new(Uuid::new_v4()));
                    outcomes.lock().unwrap().push(outcome.map(drop).map_err(|error| error.kind()));
                }
            });
        }
    });
    check(&outcomes.into_inner().unwrap(), &server);
}
