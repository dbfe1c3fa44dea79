//! Lists and single customers with a blocking client: results and iterators, no runtime.
//!
//! `cargo run --example sync_list --features sync`

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use partner_center::{Credential, CustomerFilter, GetCustomer, ListCustomers, SyncClient, Ureq};
use partner_center_emulator::Emulator;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The emulator of the service, so that this runs anywhere. With the real service:
    // `SyncClient::new(Credential::token(token))?`.
    let emulator = Emulator::builder().customers(1200).build().serve("127.0.0.1:0")?;
    let client =
        SyncClient::builder(Ureq::new()?, Credential::token(Emulator::TOKEN)).base_url(emulator.url()).build()?;

    // All customers, one by one. Pages are requested when they are needed, and only one is in memory.
    let mut count = 0;
    for customer in client.items(ListCustomers::new()) {
        // An error ends the list: the customers before it are valid, but incomplete.
        let customer = customer?;
        if count < 5 {
            println!("{:?} {:?}", customer.id, customer.company_name());
        }
        count += 1;
    }
    println!("... {count} in total");
    assert_eq!(count, 1200);

    // A filter, and a page size.
    let some = ListCustomers::new().size(40).filter(CustomerFilter::company_name("Contoso"));
    let some: Vec<_> = client.items(some).try_collect()?;
    println!("{} names begin with Contoso", some.len());
    assert!(!some.is_empty() && some.len() < 1200);

    // One customer, with the fields that a list omits.
    let id = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse()?;
    let customer = client.call(GetCustomer::new(id))?;
    println!("{:?} has the tags {:?}", customer.company_name(), customer.tags);
    assert_eq!(customer.id, Some(id));

    // A customer that does not exist is an error that says so.
    let unknown = client.call(GetCustomer::new(uuid::Uuid::nil()));
    assert!(unknown.is_err_and(|error| error.is_not_found()));
    Ok(())
}
