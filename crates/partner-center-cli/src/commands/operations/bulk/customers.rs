//! The customers that an operation is performed for: those of a list, of a file, or the one with a domain.

use super::{
    super::{ids, list, request},
    target::Customer,
};
use crate::error::{CommandError, ErrorReport, LocalError};
use partner_center::{
    Client, CustomerFilter, Error, ListCustomers, Transport, concurrency::ItemOutcome, models, request::RawRequest,
    transport::Mode,
};
use std::collections::HashSet;
use uuid::Uuid;

/// Lists the customers of the partner, at most `limit`.
pub(crate) async fn list_customers<X: Transport>(
    client: &Client<X>,
    request: RawRequest,
    limit: Option<u32>,
) -> Result<Vec<Customer>, Error> {
    let operation = partner_center_spec::operation("listCustomers");
    let pagination = operation.and_then(request::pagination_of_operation).unwrap_or_default();
    let mut pages = client.request_raw_pages(request, pagination);
    if limit.is_none() {
        pages = pages.prefetch();
    }
    let limit = list::item_limit_or_max(limit);
    let mut customers = Vec::new();
    // A list that changes while its pages are read may have a customer twice.
    let mut known = HashSet::new();
    while customers.len() < limit
        && let Some(page) = X::Mode::into_future(pages.next_page()).await
    {
        for item in page?.items() {
            let customer = Customer::from_listed_json(item).map_err(|error| unreadable_entry_error(&error))?;
            if known.insert(customer.id.clone()) {
                customers.push(customer);
            }
        }
    }
    customers.truncate(limit);
    Ok(customers)
}

/// A customer that cannot be read would be left out silently.
fn unreadable_entry_error(error: &serde_json::Error) -> Error {
    Error::custom(LocalError::of_report(ErrorReport::new(
        "an entry of the customer list cannot be read",
        error,
        "see what the service sends with `partner-center customers list -o jsonl`, or name the customers with --customers",
    )))
}

/// Returns the customer that an ID or a default domain names.
pub(crate) async fn find_customer<X: Transport>(client: &Client<X>, customer: &Customer) -> Result<Customer, Error> {
    if Uuid::try_parse(&customer.id).is_ok() {
        return Ok(customer.clone());
    }
    let domain = &customer.id;
    let mut pages = client.pages(ListCustomers::new().filter(CustomerFilter::domain(domain)));
    while let Some(page) = X::Mode::into_future(pages.next_page()).await {
        let has_domain = |customer: &&models::Customer| {
            customer.domain().is_some_and(|known| known.trim().eq_ignore_ascii_case(domain))
        };
        if let Some(customer) = page?.items.iter().find(has_domain).and_then(Customer::from_list) {
            return Ok(customer);
        }
    }
    Err(Error::custom(LocalError::not_found(ErrorReport {
        message: format!("no customer has the domain `{domain}`"),
        cause: "the service finds customers by their default domains, not by others".to_owned(),
        advice: "give its default domain, which ends with .onmicrosoft.com or is the one that it has chosen; `partner-center \
                 customers list --company-name NAME` finds it by name"
            .to_owned(),
    })))
}

/// The customers of a file, each once; and the errors of entries that are neither an ID nor a domain.
pub(super) struct NamedCustomers {
    pub(super) customers: Vec<Customer>,
    pub(super) errors: Vec<ErrorReport>,
}

/// Reads the customers that a file names.
pub(super) fn read_customers(ids: ids::RequestedIds) -> Result<NamedCustomers, CommandError> {
    let mut named = NamedCustomers { customers: Vec::new(), errors: Vec::new() };
    let mut known = HashSet::new();
    for id in ids {
        match id {
            Ok(id) if known.insert(id.to_ascii_lowercase()) => named.customers.push(Customer::with_id(id)),
            Ok(_) => {}
            Err(ids::IdError::Invalid(error_report)) => named.errors.push(error_report),
            Err(ids::IdError::Input(error)) => return Err(error),
        }
    }
    Ok(named)
}

/// Looks up the IDs of customers that are named by their domains, several at the same time, and returns each customer once, however
/// it is named. One that is not found stays as it is: its turn brings the error.
pub(super) async fn identify_customers<X: Transport>(
    client: &Client<X>,
    mut customers: Vec<Customer>,
    concurrency: usize,
) -> Result<Vec<Customer>, Error> {
    let is_named_by_domain = |(_, customer): &(usize, Customer)| Uuid::try_parse(&customer.id).is_err();
    let named_by_domain: Vec<_> = customers.iter().cloned().enumerate().filter(is_named_by_domain).collect();
    let mut found = client.for_each(named_by_domain, concurrency, |client, (_, customer)| {
        let (client, customer) = (client.clone(), customer.clone());
        X::Mode::block_or_box(async move { find_customer(&client, &customer).await })
    });
    while let Some(ItemOutcome { item: (index, _), result, .. }) = X::Mode::into_future(found.next_outcome()).await {
        match result {
            Err(error) if LocalError::is_not_found(&error) => {}
            found => customers[index] = found?,
        }
    }
    let mut known = HashSet::new();
    for customer in &mut customers {
        if let Ok(id) = Uuid::try_parse(&customer.id) {
            customer.id = id.to_string();
        }
    }
    customers.retain(|customer| known.insert(customer.id.clone()));
    Ok(customers)
}
