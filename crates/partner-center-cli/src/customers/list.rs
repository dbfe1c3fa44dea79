//! `partner-center customers list`

use crate::{
    arguments::{Filter, List},
    error::CommandError,
    messages::Messages,
    output::Printer,
    settings::AddressSources,
};
use partner_center::{Client, CustomerFilter, ListCustomers, Transport, transport::Mode};

/// Prints page after page, until the list ends or the limit is reached.
pub(super) async fn print_list<X: Transport>(
    client: &Client<X>,
    list: List,
    sources: &AddressSources,
    printer: &mut Printer,
    messages: &Messages,
) -> Result<(), CommandError> {
    let mut remaining = list.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (mut count, mut page_count) = (0_usize, 0);
    let is_limited = list.limit.is_some();
    let mut pages = client.pages(list_operation(list));
    if !is_limited {
        // The next page is requested while this one is printed; with a limit, that would be one page too many.
        pages = pages.prefetch();
    }
    while remaining > 0
        && let Some(page) = X::Mode::into_future(pages.next_page()).await
    {
        let mut customers =
            page.map_err(|error| CommandError::from_client_error(&broken_off(count), &error, sources))?.items;
        customers.truncate(remaining);
        printer.page(&customers)?;
        count += customers.len();
        remaining -= customers.len();
        page_count += 1;
        messages.progress().set_page_count(page_count);
    }
    if let Some(note) = printer.end()? {
        messages.print(note);
    }
    Ok(())
}

fn list_operation(list: List) -> ListCustomers {
    let mut operation = ListCustomers::new();
    // A limit below the service's page size does not need a full page.
    let limit = list.limit.and_then(|limit| i32::try_from(limit).ok()).filter(|limit| *limit < 500);
    if let Some(size) = list.page_size.or(limit) {
        operation = operation.size(size);
    }
    if let Some(filter) = list_filter(list.filter) {
        operation = operation.filter(filter);
    }
    operation
}

fn list_filter(filter: Filter) -> Option<CustomerFilter> {
    let Filter { company_name, domain, indirect_reseller } = filter;
    company_name
        .map(CustomerFilter::company_name)
        .or_else(|| domain.map(CustomerFilter::domain))
        .or_else(|| indirect_reseller.map(CustomerFilter::indirect_reseller))
}

/// Describes a list that ended with an error after `count` customers.
fn broken_off(count: usize) -> String {
    match count {
        0 => "the customers could not be listed".to_owned(),
        1 => "the list ended early after one customer, which is valid".to_owned(),
        _ => format!("the list ended early after {count} customers; they are valid, but not all"),
    }
}
