use super::{
    LISTED_CUSTOMERS, MEASUREMENT_ROUNDS, async_client, list_async, list_sync, single_thread_runtime, sync_client,
};
use crate::{
    measure::{Clock, Comparison, MeasurementLimit, MeasurementTable, Results},
    prebuilt_service::{BodyFraming, CustomerFields, PrebuiltService, build_pages},
};
use partner_center::ListCustomers;
use std::time::Duration;

pub(crate) fn run(table: &mut MeasurementTable) {
    let (pages, runtime) = (build_pages(LISTED_CUSTOMERS, 500, CustomerFields::Brief), single_thread_runtime());
    let services = [BodyFraming::Length, BodyFraming::Chunked, BodyFraming::Gzip]
        .map(|framing| PrebuiltService::start(&pages, framing, Duration::ZERO));
    let [length, chunked, gzip] = services.each_ref().map(|service| sync_client(&service.url()));
    let results = Comparison::new(Clock::Cpu)
        .with("length", || list_sync(&length, ListCustomers::new()))
        .with("chunked", || list_sync(&chunked, ListCustomers::new()))
        .with("gzip", || list_sync(&gzip, ListCustomers::new()))
        .run(MEASUREMENT_ROUNDS);
    add_rows(table, "ureq", &results);
    let [length, chunked, gzip] = services.each_ref().map(|service| async_client(&service.url()));
    let results = Comparison::new(Clock::Cpu)
        .with("length", || list_async(&length, ListCustomers::new(), &runtime))
        .with("chunked", || list_async(&chunked, ListCustomers::new(), &runtime))
        .with("gzip", || list_async(&gzip, ListCustomers::new(), &runtime))
        .run(MEASUREMENT_ROUNDS);
    add_rows(table, "reqwest", &results);
}

fn add_rows(table: &mut MeasurementTable, library: &str, results: &Results) {
    for framing in ["chunked", "gzip"] {
        let subject = format!("list, {framing} pages, {library}");
        table.add(
            subject,
            "pages with a length, same client",
            results.ratio(framing, "length"),
            MeasurementLimit::AtMost(1.25),
        );
    }
}
