use super::{CUSTOMERS, ROUNDS, async_client, list_async, list_sync, runtime, sync_client};
use crate::{
    by_hand::{ByReqwest, ByUreq},
    measure::{Bar, Clock, Contest, Results, Table},
    model::lean,
};
use partner_center::{ListCustomers, Paginated};
use partner_center_emulator::Emulator;

pub(crate) fn run(table: &mut Table) {
    let emulator = Emulator::builder().customers(CUSTOMERS).build().serve("127.0.0.1:0").unwrap();
    let (url, runtime) = (emulator.url(), runtime());
    let operation = || ListCustomers::new().size(500).items_as::<lean::Customer>();
    let (of_ours, by_hand) = (sync_client(&url), ByUreq::new(&url));
    let results = Contest::by(Clock::Cpu)
        .with("json", || by_hand.list(500, ByUreq::json::<lean::Page>))
        .with("ours", || list_sync(&of_ours, operation()))
        .with("text", || by_hand.list(500, ByUreq::text::<lean::Page>))
        .run(ROUNDS);
    tell(table, "ureq", "read_json", &results);
    let (of_ours, by_hand) = (async_client(&url), ByReqwest::new(&url, &runtime));
    let results = Contest::by(Clock::Cpu)
        .with("json", || by_hand.list(500, ByReqwest::json::<lean::Page>))
        .with("ours", || list_async(&of_ours, operation(), &runtime))
        .with("text", || by_hand.list(500, ByReqwest::text::<lean::Page>))
        .run(ROUNDS);
    tell(table, "reqwest", "json", &results);
}

fn tell(table: &mut Table, library: &str, json: &str, results: &Results) {
    let what = format!("list into five fields, {library}");
    table.add(&what, format!("by hand, `{json}()`, the same fields"), results.ratio("ours", "json"), Bar::AtMost(1.05));
    table.add(&what, "by hand, `from_str`, the same fields", results.ratio("ours", "text"), Bar::AtMost(1.05));
}
