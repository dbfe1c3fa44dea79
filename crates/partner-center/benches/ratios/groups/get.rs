use super::{ROUNDS, async_client, runtime, sync_client};
use crate::{
    by_hand::{ByReqwest, ByUreq},
    measure::{Bar, Clock, Contest, Table},
};
use partner_center::{Customer, GetCustomer, ListCustomers};
use partner_center_emulator::Emulator;
use std::hint::black_box;
use uuid::Uuid;

const CALLS: usize = 2_000;

pub(crate) fn run(table: &mut Table) {
    let emulator = Emulator::builder().customers(1_000).build().serve("127.0.0.1:0").unwrap();
    let (url, runtime) = (emulator.url(), runtime());
    let (of_ours, by_hand) = (sync_client(&url), ByUreq::new(&url));
    let id = of_ours.items(ListCustomers::new()).nth(500).unwrap().unwrap().id.unwrap();
    let uri = format!("/v1/customers/{id}");
    let correlation_id = Uuid::new_v4();
    // With a limit, the agent by itself begins a thread for each request, to look the host up, and tells the operating system
    // the time left to write and to read. The transport has a limit, too, and does so once in a while.
    let timed = ByUreq::with_timeout(&url);
    let results = Contest::by(Clock::Cpu)
        .with("timed", || {
            (0..CALLS).for_each(|_| drop(black_box(ByUreq::text::<Customer>(timed.get(&uri, &[], correlation_id)))));
        })
        .with("ours", || {
            (0..CALLS).for_each(|_| drop(black_box(of_ours.call(GetCustomer::new(id)).unwrap())));
        })
        .with("bare", || {
            (0..CALLS).for_each(|_| drop(black_box(ByUreq::text::<Customer>(by_hand.get(&uri, &[], correlation_id)))));
        })
        .run(ROUNDS * 3);
    table.add("get by ID, ureq", "by hand, our types, with a timeout", results.ratio("ours", "timed"), Bar::None);
    table.add("get by ID, ureq", "by hand, our types", results.ratio("ours", "bare"), Bar::AtMost(1.05));
    let (of_ours, by_hand) = (async_client(&url), ByReqwest::new(&url, &runtime));
    let results = Contest::by(Clock::Cpu)
        .with("ours", || {
            (0..CALLS).for_each(|_| drop(black_box(runtime.block_on(of_ours.call(GetCustomer::new(id))).unwrap())));
        })
        .with("bare", || {
            (0..CALLS).for_each(|_| drop(black_box(by_hand.get::<Customer>(&uri, correlation_id))));
        })
        .run(ROUNDS * 3);
    table.add("get by ID, reqwest", "by hand, our types", results.ratio("ours", "bare"), Bar::AtMost(1.05));
}
