//! `partner-center customers`, written once for both transports.

use crate::{
    arguments::{CustomersCommand, Filter, List},
    failure::Failure,
    output::Printer,
};
use partner_center::{Client, CustomerFilter, GetCustomer, ListCustomers, Mode, Output, Transport};
use uuid::Uuid;

/// Does what `command` says: at once over a blocking transport, as a future over an async one.
pub(crate) fn perform<X: Transport>(
    client: Client<X>,
    command: CustomersCommand,
    mut printer: Printer,
) -> Output<'static, X, Result<(), Failure>> {
    X::Mode::run(async move {
        match command {
            CustomersCommand::List(list) => list_customers(&client, list, &mut printer).await,
            CustomersCommand::Get { customer_id } => get_customer(&client, customer_id, &mut printer).await,
        }
    })
}

async fn list_customers<X: Transport>(client: &Client<X>, list: List, printer: &mut Printer) -> Result<(), Failure> {
    let mut remaining = list.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut count = 0_usize;
    let mut pages = client.pages(operation(list));
    while remaining > 0
        && let Some(page) = X::Mode::wait(pages.next_page()).await
    {
        let mut customers = page.map_err(|error| Failure::of_call(&broken_off(count), &error))?.items;
        customers.truncate(remaining);
        printer.page(&customers)?;
        count += customers.len();
        remaining -= customers.len();
    }
    Ok(printer.end()?)
}

async fn get_customer<X: Transport>(client: &Client<X>, id: Uuid, printer: &mut Printer) -> Result<(), Failure> {
    let customer = X::Mode::wait(client.call(GetCustomer::new(id))).await;
    let customer =
        customer.map_err(|error| Failure::of_call(&format!("customer {id} could not be fetched"), &error))?;
    Ok(printer.customer(&customer)?)
}

fn operation(list: List) -> ListCustomers {
    let mut operation = ListCustomers::new();
    // A limit below the service's page size need not fetch a whole page to throw most of it away.
    let limit = list.limit.and_then(|limit| i32::try_from(limit).ok()).filter(|limit| *limit < 500);
    if let Some(size) = list.size.or(limit) {
        operation = operation.size(size);
    }
    if let Some(filter) = filter(list.filter) {
        operation = operation.filter(filter);
    }
    operation
}

fn filter(filter: Filter) -> Option<CustomerFilter> {
    let Filter { company_name, domain, indirect_reseller } = filter;
    company_name
        .map(CustomerFilter::company_name)
        .or_else(|| domain.map(CustomerFilter::domain))
        .or_else(|| indirect_reseller.map(CustomerFilter::indirect_reseller))
}

/// Where the list broke off: after `count` customers.
fn broken_off(count: usize) -> String {
    match count {
        0 => "the customers could not be listed".to_owned(),
        1 => "the list broke off after one customer, which is valid".to_owned(),
        _ => format!("the list broke off after {count} customers; they are valid, but not all"),
    }
}
