//! How code of your own is tested with the emulator: no mock, no network, no account.
//!
//! `cargo run --example testing_with_the_emulator --features sync`; in a project, `main` would be some functions with
//! `#[test]`, and `partner-center-emulator` a dev-dependency.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use partner_center::{Blocking, Client, Credential, CustomerFilter, Error, ListCustomers, Transport};
use partner_center_emulator::Emulator;

/// The code under test: the domains of all customers whose company name begins with `prefix`.
///
/// Over any transport that blocks: `Ureq` for the service, and the emulator for tests.
fn domains<X: Transport<Mode = Blocking>>(client: &Client<X>, prefix: &str) -> Result<Vec<String>, Error> {
    let customers = client.items(ListCustomers::new().size(20).filter(CustomerFilter::company_name(prefix)));
    let domains =
        customers.filter_map(|customer| customer.map(|customer| customer.domain().map(str::to_owned)).transpose());
    domains.collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The same seed makes the same customers, so what comes out can be relied on.
    let emulator = Emulator::builder().customers(500).seed(7).build();
    // It answers from memory: no port, no thread.
    let transport = || emulator.transport::<Blocking>();
    let client = Client::builder(transport(), Credential::token(Emulator::TOKEN)).build()?;

    let domains_of_contoso = domains(&client, "Contoso")?;
    println!("{domains_of_contoso:#?}");
    assert!(!domains_of_contoso.is_empty());
    assert!(domains_of_contoso.iter().all(|domain| domain.starts_with("contoso")));

    // What was asked for can be looked at.
    let requests = emulator.requests();
    assert!(requests[0].uri().query().is_some_and(|query| query.contains("size=20") && query.contains("Contoso")));
    println!("asked for: {}", requests[0].uri());

    // And so can what your code makes of a refusal: here, that of a token.
    let stranger = Client::builder(transport(), Credential::token("expired")).build()?;
    let refused = domains(&stranger, "Contoso");
    assert!(refused.is_err_and(|error| error.is_unauthorized()));
    Ok(())
}
