//! A list without a runtime: results and iterators.
//!
//! `cargo run --example sync_list --features sync`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use partner_center::{Credential, CustomerFilter, GetCustomer, ListCustomers, SyncClient, Ureq};
use partner_center_emulator::Emulator;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The imitated service, so that this runs anywhere. Of the real one, a client is made by
    // `SyncClient::new(Credential::token(token))?`.
    let service = Emulator::builder().customers(1200).build().serve("127.0.0.1:0")?;
    let client =
        SyncClient::builder(Ureq::new()?, Credential::token(Emulator::TOKEN)).base_url(service.url()).build()?;

    // All customers, one by one. Pages are fetched when they are needed, and only one of them is in memory.
    let mut count = 0;
    for customer in client.items(ListCustomers::new()) {
        // An error is the end of the list: what came before it is valid, but it was not all.
        let customer = customer?;
        if count < 5 {
            println!("{:?} {:?}", customer.id, customer.company_name());
        }
        count += 1;
    }
    println!("... {count} in all");
    assert_eq!(count, 1200);

    // Some of them, with pages of a size of your own.
    let some = ListCustomers::new().size(40).filter(CustomerFilter::company_name("Contoso"));
    let some: Vec<_> = client.items(some).try_collect()?;
    println!("{} names begin with Contoso", some.len());
    assert!(!some.is_empty() && some.len() < 1200);

    // One of them, with all that a list leaves out.
    let id = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse()?;
    let customer = client.call(GetCustomer::new(id))?;
    println!("{:?} has the tags {:?}", customer.company_name(), customer.tags);
    assert_eq!(customer.id, Some(id));

    // And one that there is not: errors say what failed, and can be told apart.
    let unknown = client.call(GetCustomer::new(uuid::Uuid::nil()));
    assert!(unknown.is_err_and(|error| error.is_not_found()));
    Ok(())
}
