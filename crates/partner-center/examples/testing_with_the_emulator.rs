//! Testing your own code with the emulator: no mocks, no network, no account.
//!
//! `cargo run --example testing_with_the_emulator --features sync`; in a project, write functions with
//! `#[test]` instead of `main`, and make `partner-center-emulator` a dev-dependency.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use partner_center::{Client, Credential, CustomerFilter, Error, ListCustomers, Transport, transport::Blocking};
use partner_center_emulator::Emulator;

/// The code under test: returns the domains of all customers whose company name begins with `prefix`.
///
/// It is generic over blocking transports: `Ureq` for the service, the emulator for tests.
fn domains<X: Transport<Mode = Blocking>>(client: &Client<X>, prefix: &str) -> Result<Vec<String>, Error> {
    let customers = client.items(ListCustomers::new().size(20).filter(CustomerFilter::company_name(prefix)));
    let domains =
        customers.filter_map(|customer| customer.map(|customer| customer.domain().map(str::to_owned)).transpose());
    domains.collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The same seed generates the same customers, so the results are reproducible.
    let emulator = Emulator::builder().customers(500).seed(7).build();
    // This transport calls the emulator in memory: no port, no thread.
    let transport = || emulator.transport::<Blocking>();
    let client = Client::builder(transport(), Credential::token(Emulator::TOKEN)).build()?;

    let domains_of_contoso = domains(&client, "Contoso")?;
    println!("{domains_of_contoso:#?}");
    assert!(!domains_of_contoso.is_empty());
    assert!(domains_of_contoso.iter().all(|domain| domain.starts_with("contoso")));

    // The emulator records the requests.
    let requests = emulator.requests();
    assert!(requests[0].uri().query().is_some_and(|query| query.contains("size=20") && query.contains("Contoso")));
    println!("requested: {}", requests[0].uri());

    // Error responses can be tested, too: here that to an expired token.
    let client_with_expired_token = Client::builder(transport(), Credential::token("expired")).build()?;
    let result = domains(&client_with_expired_token, "Contoso");
    assert!(result.is_err_and(|error| error.is_unauthorized()));
    Ok(())
}
