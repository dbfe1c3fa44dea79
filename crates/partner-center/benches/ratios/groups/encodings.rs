use super::{CUSTOMERS, ROUNDS, async_client, list_async, list_sync, runtime, sync_client};
use crate::{
    measure::{Clock, Contest, Limit, Results, Table},
    prebuilt_service::{CustomerFields, Framing, PrebuiltService, pages},
};
use partner_center::ListCustomers;
use std::time::Duration;

pub(crate) fn run(table: &mut Table) {
    let (pages, runtime) = (pages(CUSTOMERS, 500, CustomerFields::Brief), runtime());
    let services = [Framing::Length, Framing::Chunked, Framing::Gzip]
        .map(|framing| PrebuiltService::start(&pages, framing, Duration::ZERO));
    let [length, chunked, gzip] = services.each_ref().map(|service| sync_client(&service.url()));
    let results = Contest::new(Clock::Cpu)
        .with("length", || list_sync(&length, ListCustomers::new()))
        .with("chunked", || list_sync(&chunked, ListCustomers::new()))
        .with("gzip", || list_sync(&gzip, ListCustomers::new()))
        .run(ROUNDS);
    add_rows(table, "ureq", &results);
    let [length, chunked, gzip] = services.each_ref().map(|service| async_client(&service.url()));
    let results = Contest::new(Clock::Cpu)
        .with("length", || list_async(&length, ListCustomers::new(), &runtime))
        .with("chunked", || list_async(&chunked, ListCustomers::new(), &runtime))
        .with("gzip", || list_async(&gzip, ListCustomers::new(), &runtime))
        .run(ROUNDS);
    add_rows(table, "reqwest", &results);
}

fn add_rows(table: &mut Table, library: &str, results: &Results) {
    for framing in ["chunked", "gzip"] {
        let subject = format!("list, {framing} pages, {library}");
        table.add(subject, "pages with a length, same client", results.ratio(framing, "length"), Limit::AtMost(1.25));
    }
}
