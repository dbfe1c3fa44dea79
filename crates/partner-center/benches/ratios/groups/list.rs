use super::{CUSTOMERS, ROUNDS, async_client, list_async, list_sync, runtime, sync_client};
use crate::{
    by_hand::{ByReqwest, ByUreq},
    measure::{Bar, Clock, Contest, Table},
    model::plain,
    service::{Framing, Kind, Service, pages},
};
use partner_center::{CustomerCollection, ListCustomers};
use partner_center_emulator::Emulator;
use std::time::Duration;

pub(crate) fn run(table: &mut Table) {
    let emulator = Emulator::builder().customers(CUSTOMERS).build().serve("127.0.0.1:0").unwrap();
    against(table, "pages of 500 from the emulator", &emulator.url(), 500, [0.70, 1.03].map(Bar::AtMost));
    drop(emulator);
    for (what, size, kind, bar) in [
        ("pages of 500", 500_i32, Kind::Brief, 0.70),
        ("pages of 40", 40, Kind::Brief, 0.78),
        ("pages of 500, full customers", 500, Kind::Full, 0.78),
        ("pages of 40, full customers", 40, Kind::Full, 0.78),
    ] {
        let service =
            Service::start(&pages(CUSTOMERS, size.unsigned_abs() as usize, kind), Framing::Length, Duration::ZERO);
        let bare = if size == 500 { Bar::AtMost(1.03) } else { Bar::None };
        against(table, what, &service.url(), size, [Bar::AtMost(bar), bare]);
    }
}

fn against(table: &mut Table, what: &str, url: &str, size: i32, [plain, bare]: [Bar; 2]) {
    let runtime = runtime();
    let (of_ours, by_hand) = (sync_client(url), ByUreq::new(url));
    let results = Contest::by(Clock::Cpu)
        .with("plain", || by_hand.list(size, ByUreq::json::<plain::Page>))
        .with("ours", || list_sync(&of_ours, ListCustomers::new().size(size)))
        .with("bare", || by_hand.list(size, ByUreq::text::<CustomerCollection>))
        .run(ROUNDS);
    tell(table, what, "ureq", "read_json", &results, [plain, bare]);
    let (of_ours, by_hand) = (async_client(url), ByReqwest::new(url, &runtime));
    let results = Contest::by(Clock::Cpu)
        .with("plain", || by_hand.list(size, ByReqwest::json::<plain::Page>))
        .with("ours", || list_async(&of_ours, ListCustomers::new().size(size), &runtime))
        .with("bare", || by_hand.list(size, ByReqwest::text::<CustomerCollection>))
        .run(ROUNDS);
    tell(table, what, "reqwest", "json", &results, [plain, bare]);
}

fn tell(table: &mut Table, what: &str, library: &str, json: &str, results: &crate::measure::Results, bars: [Bar; 2]) {
    let what = format!("list, {what}, {library}");
    table.add(&what, format!("by hand, `{json}()`, plain full types"), results.ratio("ours", "plain"), bars[0]);
    table.add(&what, "by hand, our types", results.ratio("ours", "bare"), bars[1]);
}
