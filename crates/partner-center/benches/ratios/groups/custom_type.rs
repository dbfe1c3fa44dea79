use super::{
    LISTED_CUSTOMERS, MEASUREMENT_ROUNDS, async_client, list_async, list_sync, single_thread_runtime, sync_client,
};
use crate::{
    handwritten::{ReqwestLoop, UreqLoop},
    measure::{Clock, Comparison, MeasurementLimit, MeasurementTable, Results},
    model::lean,
};
use partner_center::{ListCustomers, Paginated};
use partner_center_emulator::Emulator;

pub(crate) fn run(table: &mut MeasurementTable) {
    let emulator = Emulator::builder().customers(LISTED_CUSTOMERS).build().serve("127.0.0.1:0").unwrap();
    let (url, runtime) = (emulator.url(), single_thread_runtime());
    let operation = || ListCustomers::new().size(500).with_item_type::<lean::Customer>();
    let (client, handwritten) = (sync_client(&url), UreqLoop::new(&url));
    let results = Comparison::new(Clock::Cpu)
        .with("json", || handwritten.list(500, UreqLoop::json::<lean::Page>))
        .with("ours", || list_sync(&client, operation()))
        .with("string", || handwritten.list(500, UreqLoop::string::<lean::Page>))
        .run(MEASUREMENT_ROUNDS);
    add_rows(table, "ureq", "read_json", &results);
    let (client, handwritten) = (async_client(&url), ReqwestLoop::new(&url, &runtime));
    let results = Comparison::new(Clock::Cpu)
        .with("json", || handwritten.list(500, ReqwestLoop::json::<lean::Page>))
        .with("ours", || list_async(&client, operation(), &runtime))
        .with("string", || handwritten.list(500, ReqwestLoop::string::<lean::Page>))
        .run(MEASUREMENT_ROUNDS);
    add_rows(table, "reqwest", "json", &results);
}

fn add_rows(table: &mut MeasurementTable, library: &str, json: &str, results: &Results) {
    let subject = format!("list into five fields, {library}");
    table.add(
        &subject,
        format!("handwritten, `{json}()`, the same fields"),
        results.ratio("ours", "json"),
        MeasurementLimit::AtMost(1.05),
    );
    table.add(
        &subject,
        "handwritten, `from_str`, the same fields",
        results.ratio("ours", "string"),
        MeasurementLimit::AtMost(1.05),
    );
}
