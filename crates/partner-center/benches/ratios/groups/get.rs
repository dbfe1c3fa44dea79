use super::{MEASUREMENT_ROUNDS, async_client, single_thread_runtime, sync_client};
use crate::{
    handwritten::{ReqwestLoop, UreqLoop},
    measure::{Clock, Comparison, MeasurementLimit, MeasurementTable},
};
use partner_center::{Customer, GetCustomer, ListCustomers};
use partner_center_emulator::Emulator;
use std::hint::black_box;
use uuid::Uuid;

const GET_CALLS: usize = 2_000;

pub(crate) fn run(table: &mut MeasurementTable) {
    let emulator = Emulator::builder().customers(1_000).build().serve("127.0.0.1:0").unwrap();
    let (url, runtime) = (emulator.url(), single_thread_runtime());
    let (client, handwritten) = (sync_client(&url), UreqLoop::new(&url));
    let id = client.items(ListCustomers::new()).nth(500).unwrap().unwrap().id.unwrap();
    let uri = format!("/v1/customers/{id}");
    let correlation_id = Uuid::new_v4();
    // With a timeout, a plain agent starts a thread for each request to resolve the host, and sets the remaining time as the
    // timeout of the socket for each write and read. The transport has a timeout, too, but does both only once in a while.
    let timed = UreqLoop::with_timeout(&url);
    let results = Comparison::new(Clock::Cpu)
        .with("timed", || {
            (0..GET_CALLS)
                .for_each(|_| drop(black_box(UreqLoop::string::<Customer>(timed.get(&uri, &[], correlation_id)))));
        })
        .with("ours", || {
            (0..GET_CALLS).for_each(|_| drop(black_box(client.call(GetCustomer::new(id)).unwrap())));
        })
        .with("bare", || {
            (0..GET_CALLS).for_each(|_| {
                drop(black_box(UreqLoop::string::<Customer>(handwritten.get(&uri, &[], correlation_id))));
            });
        })
        .run(MEASUREMENT_ROUNDS * 3);
    table.add(
        "get by ID, ureq",
        "handwritten, our types, with a timeout",
        results.ratio("ours", "timed"),
        MeasurementLimit::None,
    );
    table.add(
        "get by ID, ureq",
        "handwritten, our types",
        results.ratio("ours", "bare"),
        MeasurementLimit::AtMost(1.05),
    );
    let (client, handwritten) = (async_client(&url), ReqwestLoop::new(&url, &runtime));
    let results = Comparison::new(Clock::Cpu)
        .with("ours", || {
            (0..GET_CALLS).for_each(|_| drop(black_box(runtime.block_on(client.call(GetCustomer::new(id))).unwrap())));
        })
        .with("bare", || {
            (0..GET_CALLS).for_each(|_| drop(black_box(handwritten.get::<Customer>(&uri, correlation_id))));
        })
        .run(MEASUREMENT_ROUNDS * 3);
    table.add(
        "get by ID, reqwest",
        "handwritten, our types",
        results.ratio("ours", "bare"),
        MeasurementLimit::AtMost(1.05),
    );
}
