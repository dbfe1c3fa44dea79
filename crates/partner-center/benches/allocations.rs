//! Allocations, peak memory and time of a list of 100,000 customers:
//! `cargo bench -p partner-center --all-features --bench allocations`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark panics if it fails")]

use divan::{AllocProfiler, Bencher, black_box};
use partner_center::{AsyncClient, Client, Credential, ListCustomers, Reqwest, SyncClient, Ureq};
use partner_center_emulator::{Emulator, Server};
use std::sync::LazyLock;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

static EMULATOR: LazyLock<Server> =
    LazyLock::new(|| Emulator::builder().customers(100_000).build().serve("127.0.0.1:0").unwrap());

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn list_over_ureq(bencher: Bencher<'_, '_>) {
    let client: SyncClient = Client::builder(Ureq::new().unwrap(), Credential::token(Emulator::TOKEN))
        .base_url(EMULATOR.url())
        .build()
        .unwrap();
    bencher.bench_local(|| {
        client.items(ListCustomers::new()).for_each(|customer| drop(black_box(customer.unwrap())));
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn list_over_reqwest(bencher: Bencher<'_, '_>) {
    let client: AsyncClient = Client::builder(Reqwest::new().unwrap(), Credential::token(Emulator::TOKEN))
        .base_url(EMULATOR.url())
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let mut customers = client.items(ListCustomers::new());
            while let Some(customer) = customers.next().await {
                drop(black_box(customer.unwrap()));
            }
        });
    });
}
