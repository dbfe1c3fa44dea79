//! A list on a Tokio runtime: futures and streams. Names and code are those of `sync_list`.
//!
//! `cargo run --example async_list --features async`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use futures_util::TryStreamExt;
use partner_center::{AsyncClient, Credential, GetCustomer, ListCustomers, Reqwest};
use partner_center_emulator::Emulator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The imitated service, so that this runs anywhere. Of the real one, a client is made by
    // `AsyncClient::new(Credential::token(token))?`.
    let service = Emulator::builder().customers(1200).build().serve("127.0.0.1:0")?;
    let client =
        AsyncClient::builder(Reqwest::new()?, Credential::token(Emulator::TOKEN)).base_url(service.url()).build()?;

    // All customers, one by one. Pages are fetched when they are needed, and only one of them is in memory.
    let mut customers = client.items(ListCustomers::new().size(100));
    let mut count = 0;
    while let Some(customer) = customers.next().await {
        // An error is the end of the list: what came before it is valid, but it was not all.
        let customer = customer?;
        if count < 5 {
            println!("{:?} {:?}", customer.id, customer.company_name());
        }
        count += 1;
    }
    println!("... {count} in all");
    assert_eq!(count, 1200);

    // It is a `Stream`: what can be done with streams can be done with it.
    let ids: Vec<_> =
        client.items(ListCustomers::new()).try_filter_map(async |customer| Ok(customer.id)).try_collect().await?;
    assert_eq!(ids.len(), 1200);

    // A client is cheap to clone, and calls can be made at the same time.
    let (one, other) = tokio::try_join!(client.call(GetCustomer::new(ids[0])), client.call(GetCustomer::new(ids[1])))?;
    println!("{:?} and {:?}", one.company_name(), other.company_name());
    assert_eq!((one.id, other.id), (Some(ids[0]), Some(ids[1])));
    Ok(())
}
