//! The groups of measurements.

pub(crate) mod custom_type;
pub(crate) mod encodings;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod parse;
pub(crate) mod prefetch;
pub(crate) mod sizes;

use partner_center::{AsyncClient, Client, Credential, Paginated, Reqwest, SyncClient, Transport, Ureq};
use partner_center_emulator::Emulator;
use std::hint::black_box;
use tokio::runtime::{Builder, Runtime};

/// The number of rounds.
const MEASUREMENT_ROUNDS: usize = 7;
/// The number of customers.
const LISTED_CUSTOMERS: u32 = 100_000;

pub(crate) fn single_thread_runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn build_client<X: Transport>(transport: X, url: &str) -> Client<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap()
}

pub(crate) fn sync_client(url: &str) -> SyncClient {
    build_client(Ureq::new().unwrap(), url)
}

pub(crate) fn async_client(url: &str) -> AsyncClient {
    build_client(Reqwest::new().unwrap(), url)
}

fn list_sync<O: Paginated>(client: &SyncClient, operation: O) -> usize {
    client.pages(operation).map(|page| O::items(page.unwrap())).map(|items| black_box(items).len()).sum()
}

fn list_async<O: Paginated>(client: &AsyncClient, operation: O, runtime: &Runtime) -> usize {
    runtime.block_on(async {
        let mut pages = client.pages(operation);
        let mut count = 0;
        while let Some(page) = pages.next().await {
            count += black_box(O::items(page.unwrap())).len();
        }
        count
    })
}
