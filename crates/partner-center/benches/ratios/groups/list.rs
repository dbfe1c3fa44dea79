use super::{
    LISTED_CUSTOMERS, MEASUREMENT_ROUNDS, async_client, list_async, list_sync, single_thread_runtime, sync_client,
};
use crate::{
    handwritten::{ReqwestLoop, UreqLoop},
    measure::{Clock, Comparison, MeasurementLimit, MeasurementTable},
    model::plain,
    prebuilt_service::{BodyFraming, CustomerFields, PrebuiltService, build_pages},
    raw_hyper::RawHyperLoop,
};
use partner_center::{ListCustomers, models::CustomerCollection};
use partner_center_emulator::Emulator;
use std::time::Duration;

pub(crate) fn run(table: &mut MeasurementTable) {
    let emulator = Emulator::builder().customers(LISTED_CUSTOMERS).build().serve("127.0.0.1:0").unwrap();
    compare_with_handwritten(
        table,
        "pages of 500 from the emulator",
        &emulator.url(),
        500,
        [0.70, 1.03, 0.50].map(MeasurementLimit::AtMost),
    );
    drop(emulator);
    for (subject, size, fields, limit, hyper) in [
        ("pages of 500", 500_i32, CustomerFields::Brief, 0.70, 0.50),
        ("pages of 40", 40, CustomerFields::Brief, 0.78, 0.68),
        ("pages of 500, full customers", 500, CustomerFields::Full, 0.78, 0.62),
        ("pages of 40, full customers", 40, CustomerFields::Full, 0.78, 0.68),
    ] {
        let service = PrebuiltService::start(
            &build_pages(LISTED_CUSTOMERS, size.unsigned_abs() as usize, fields),
            BodyFraming::Length,
            Duration::ZERO,
        );
        let bare = if size == 500 { MeasurementLimit::AtMost(1.03) } else { MeasurementLimit::None };
        let [limit, hyper] = [limit, hyper].map(MeasurementLimit::AtMost);
        compare_with_handwritten(table, subject, &service.url(), size, [limit, bare, hyper]);
    }
}

fn compare_with_handwritten(
    table: &mut MeasurementTable,
    subject: &str,
    url: &str,
    size: i32,
    limits: [MeasurementLimit; 3],
) {
    let runtime = single_thread_runtime();
    let raw_hyper = RawHyperLoop::new(url, &runtime);
    let (client, handwritten) = (sync_client(url), UreqLoop::new(url));
    let results = Comparison::new(Clock::Cpu)
        .with("plain", || handwritten.list(size, UreqLoop::json::<plain::Page>))
        .with("ours", || list_sync(&client, ListCustomers::new().size(size)))
        .with("bare", || handwritten.list(size, UreqLoop::string::<CustomerCollection>))
        .with("hyper", || raw_hyper.list(size))
        .run(MEASUREMENT_ROUNDS);
    add_rows(table, subject, "ureq", "read_json", &results, limits);
    let (client, handwritten) = (async_client(url), ReqwestLoop::new(url, &runtime));
    let results = Comparison::new(Clock::Cpu)
        .with("plain", || handwritten.list(size, ReqwestLoop::json::<plain::Page>))
        .with("ours", || list_async(&client, ListCustomers::new().size(size), &runtime))
        .with("bare", || handwritten.list(size, ReqwestLoop::string::<CustomerCollection>))
        .with("hyper", || raw_hyper.list(size))
        .run(MEASUREMENT_ROUNDS);
    add_rows(table, subject, "reqwest", "json", &results, limits);
}

fn add_rows(
    table: &mut MeasurementTable,
    subject: &str,
    library: &str,
    json: &str,
    results: &crate::measure::Results,
    limits: [MeasurementLimit; 3],
) {
    let subject = format!("list, {subject}, {library}");
    table.add(
        &subject,
        format!("handwritten, `{json}()`, plain full types"),
        results.ratio("ours", "plain"),
        limits[0],
    );
    table.add(&subject, "handwritten, our types", results.ratio("ours", "bare"), limits[1]);
    table.add(&subject, "raw hyper, `from_slice`, plain full types", results.ratio("ours", "hyper"), limits[2]);
}
