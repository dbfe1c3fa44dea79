//! Prefetching has the service at work while the program is. With a latency L, a transfer T, parsing P, a program that takes
//! C for a page, and k pages, of which each needs the token of the one before, no listing takes less than
//! `(L+T) + (k-1) max(L+T, P+C) + P+C`.

use super::{async_client, runtime, sync_client};
use crate::{
    by_hand::{ByReqwest, ByUreq},
    measure::{Bar, Clock, Contest, Results, Table},
    service::{Framing, Kind, Service, pages},
};
use partner_center::{ListCustomers, Pages, Reqwest};
use std::{
    hint::{black_box, spin_loop},
    time::{Duration, Instant},
};

/// What the program does with a page; it keeps its thread busy.
fn consume<T>(page: T) {
    let until = Instant::now() + Duration::from_millis(5);
    black_box(page);
    while Instant::now() < until {
        spin_loop();
    }
}

/// Nothing to overlap: a program that does nothing with small pages from a service that needs no time.
fn idle(table: &mut Table) {
    let runtime = runtime();
    let service = Service::start(&pages(20_000, 40, Kind::Brief), Framing::Length, Duration::ZERO);
    let (ureq, reqwest) = (sync_client(&service.url()), async_client(&service.url()));
    let operation = || ListCustomers::new().size(40);
    let count = |prefetch: bool| {
        let pages = reqwest.pages(operation());
        let mut pages = if prefetch { pages.prefetch() } else { pages };
        runtime.block_on(async {
            while let Some(page) = pages.next().await {
                black_box(page.unwrap());
            }
        });
    };
    let results = Contest::by(Clock::Wall)
        .with("ureq", || ureq.pages(operation()).for_each(|page| drop(black_box(page.unwrap()))))
        .with("ureq, early", || ureq.pages(operation()).prefetch().for_each(|page| drop(black_box(page.unwrap()))))
        .with("reqwest", || count(false))
        .with("reqwest, early", || count(true))
        .run(15);
    for (library, early) in [("ureq", "ureq, early"), ("reqwest", "reqwest, early")] {
        let what = format!("prefetch, 0 ms, pages of 40, an idle program, {library}");
        table.add(what, "sequential", results.ratio(early, library), Bar::AtMost(1.05));
    }
}

pub(crate) fn run(table: &mut Table) {
    idle(table);
    for (latency, count) in [(0, 100), (5, 100), (50, 30)] {
        let runtime = runtime();
        let pages = pages(count * 500, 500, Kind::Brief);
        let start = || Service::start(&pages, Framing::Length, Duration::from_millis(latency));
        let (service, drained) = (start(), pages.len());
        let url = service.url();

        let (client, by_hand) = (sync_client(&url), ByUreq::new(&url));
        let list = || client.pages(ListCustomers::new());
        let results = Contest::by(Clock::Wall)
            .with("sequential", || list().for_each(|page| consume(page.unwrap())))
            .with("prefetch", || list().prefetch().for_each(|page| consume(page.unwrap())))
            .with("drain", || by_hand.drain(drained))
            .run(7);
        tell(table, "ureq", latency, drained, &results);

        let (client, by_hand) = (async_client(&url), ByReqwest::new(&url, &runtime));
        let list = || client.pages(ListCustomers::new());
        let results = Contest::by(Clock::Wall)
            .with("sequential", || runtime.block_on(consume_all(list())))
            .with("prefetch", || runtime.block_on(consume_all(list().prefetch())))
            .with("drain", || by_hand.drain(drained))
            .run(7);
        tell(table, "reqwest", latency, drained, &results);

        let (of_ureq, of_reqwest) = (start(), start());
        sync_client(&of_ureq.url()).pages(ListCustomers::new()).prefetch().for_each(|page| consume(page.unwrap()));
        runtime.block_on(consume_all(async_client(&of_reqwest.url()).pages(ListCustomers::new()).prefetch()));
        for (library, service) in [("ureq", of_ureq), ("reqwest", of_reqwest)] {
            let connections = u32::try_from(service.connections()).unwrap();
            let what = format!("connections, prefetch, {latency} ms, {library}");
            table.add(what, "", connections.into(), Bar::AtMost(1.0));
        }
    }
}

async fn consume_all(mut pages: Pages<Reqwest, ListCustomers>) {
    while let Some(page) = pages.next().await {
        consume(page.unwrap());
    }
}

fn tell(table: &mut Table, library: &str, latency: u64, pages: usize, results: &Results) {
    let pages = f64::from(u32::try_from(pages).unwrap());
    let to_bound = results.of(["sequential", "prefetch", "drain"], |[sequential, prefetch, drain]| {
        let (service, program) = (drain / pages, (sequential - drain) / pages);
        prefetch / (service + (pages - 1.0) * service.max(program) + program)
    });
    let to_sequential = results.ratio("prefetch", "sequential");
    let what = format!("prefetch, {latency} ms, {library}");
    match latency {
        0 => table.add(what, "sequential", to_sequential, Bar::AtMost(1.05)),
        5 => {
            table.add(&what, "the bound", to_bound, Bar::AtMost(1.05));
            table.add(what, "sequential, times faster", 1.0 / to_sequential, Bar::AtLeast(1.8));
        }
        _ => {
            table.add(&what, "the bound", to_bound, Bar::AtMost(1.05));
            table.add(what, "sequential", to_sequential, Bar::AtMost(1.05));
        }
    }
}
