//! Lists and single customers with an async client: futures and streams, with the names of `sync_list`.
//!
//! `cargo run --example async_list --features async`

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use futures_util::TryStreamExt;
use partner_center::{AsyncClient, Credential, GetCustomer, ListCustomers, Reqwest};
use partner_center_emulator::Emulator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The emulator of the service, so that this runs anywhere. With the real service:
    // `AsyncClient::new(Credential::token(token))?`.
    let emulator = Emulator::builder().customers(1200).build().serve("127.0.0.1:0")?;
    let client =
        AsyncClient::builder(Reqwest::new()?, Credential::token(Emulator::TOKEN)).base_url(emulator.url()).build()?;

    // All customers, one by one. Pages are requested when they are needed, and only one is in memory.
    let mut customers = client.items(ListCustomers::new().size(100));
    let mut count = 0;
    while let Some(customer) = customers.next().await {
        // An error ends the list: the customers before it are valid, but incomplete.
        let customer = customer?;
        if count < 5 {
            println!("{:?} {:?}", customer.id, customer.company_name());
        }
        count += 1;
    }
    println!("... {count} in total");
    assert_eq!(count, 1200);

    // The list is a `Stream`, for all stream combinators.
    let ids: Vec<_> =
        client.items(ListCustomers::new()).try_filter_map(async |customer| Ok(customer.id)).try_collect().await?;
    assert_eq!(ids.len(), 1200);

    // Calls can run concurrently.
    let (one, other) = tokio::try_join!(client.call(GetCustomer::new(ids[0])), client.call(GetCustomer::new(ids[1])))?;
    println!("{:?} and {:?}", one.company_name(), other.company_name());
    assert_eq!((one.id, other.id), (Some(ids[0]), Some(ids[1])));
    Ok(())
}
