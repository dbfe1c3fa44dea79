//! Prefetching overlaps the work of the service with that of the program. With latency L, transfer time T, parsing time P, time
//! C of the program for a page, and k pages, each of which needs the continuation token of its predecessor, the lower bound of
//! a list is `(L+T) + (k-1) max(L+T, P+C) + P+C`.

use super::{async_client, single_thread_runtime, sync_client};
use crate::{
    handwritten::{ReqwestLoop, UreqLoop},
    measure::{Clock, Comparison, MeasurementLimit, MeasurementTable, Results},
    prebuilt_service::{BodyFraming, CustomerFields, PrebuiltService, build_pages},
};
use partner_center::{ListCustomers, Pages, Reqwest};
use std::{
    hint::{black_box, spin_loop},
    time::{Duration, Instant},
};

/// Simulates the work of a program with a page, by keeping the thread busy.
fn simulate_work_with_page<T>(page: T) {
    let until = Instant::now() + Duration::from_millis(5);
    black_box(page);
    while Instant::now() < until {
        spin_loop();
    }
}

/// Measures the overhead where there is nothing to overlap: small pages, a fast service, a program without work.
fn measure_without_work(table: &mut MeasurementTable) {
    let runtime = single_thread_runtime();
    let service =
        PrebuiltService::start(&build_pages(20_000, 40, CustomerFields::Brief), BodyFraming::Length, Duration::ZERO);
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
    let results = Comparison::new(Clock::Wall)
        .with("ureq", || ureq.pages(operation()).for_each(|page| drop(black_box(page.unwrap()))))
        .with("ureq, prefetch", || ureq.pages(operation()).prefetch().for_each(|page| drop(black_box(page.unwrap()))))
        .with("reqwest", || count(false))
        .with("reqwest, prefetch", || count(true))
        .run(15);
    for (library, prefetch) in [("ureq", "ureq, prefetch"), ("reqwest", "reqwest, prefetch")] {
        let subject = format!("prefetch, 0 ms, pages of 40, no work, {library}");
        table.add(subject, "sequential", results.ratio(prefetch, library), MeasurementLimit::AtMost(1.05));
    }
}

pub(crate) fn run(table: &mut MeasurementTable) {
    measure_without_work(table);
    for (latency, count) in [(0, 100), (5, 100), (50, 30)] {
        let runtime = single_thread_runtime();
        let pages = build_pages(count * 500, 500, CustomerFields::Brief);
        let start = || PrebuiltService::start(&pages, BodyFraming::Length, Duration::from_millis(latency));
        let (service, page_count) = (start(), pages.len());
        let url = service.url();

        let (client, handwritten) = (sync_client(&url), UreqLoop::new(&url));
        let list = || client.pages(ListCustomers::new());
        let results = Comparison::new(Clock::Wall)
            .with("sequential", || list().for_each(|page| simulate_work_with_page(page.unwrap())))
            .with("prefetch", || list().prefetch().for_each(|page| simulate_work_with_page(page.unwrap())))
            .with("drain", || handwritten.drain(page_count))
            .run(7);
        add_rows(table, "ureq", latency, page_count, &results);

        let (client, handwritten) = (async_client(&url), ReqwestLoop::new(&url, &runtime));
        let list = || client.pages(ListCustomers::new());
        let results = Comparison::new(Clock::Wall)
            .with("sequential", || runtime.block_on(simulate_work_with_all_pages(list())))
            .with("prefetch", || runtime.block_on(simulate_work_with_all_pages(list().prefetch())))
            .with("drain", || handwritten.drain(page_count))
            .run(7);
        add_rows(table, "reqwest", latency, page_count, &results);

        let (ureq_service, reqwest_service) = (start(), start());
        sync_client(&ureq_service.url())
            .pages(ListCustomers::new())
            .prefetch()
            .for_each(|page| simulate_work_with_page(page.unwrap()));
        runtime.block_on(simulate_work_with_all_pages(
            async_client(&reqwest_service.url()).pages(ListCustomers::new()).prefetch(),
        ));
        for (library, service) in [("ureq", ureq_service), ("reqwest", reqwest_service)] {
            let connections = u32::try_from(service.connections()).unwrap();
            let subject = format!("connections, prefetch, {latency} ms, {library}");
            table.add(subject, "", connections.into(), MeasurementLimit::AtMost(1.0));
        }
    }
}

async fn simulate_work_with_all_pages(mut pages: Pages<Reqwest, ListCustomers>) {
    while let Some(page) = pages.next().await {
        simulate_work_with_page(page.unwrap());
    }
}

fn add_rows(table: &mut MeasurementTable, library: &str, latency: u64, pages: usize, results: &Results) {
    let pages = f64::from(u32::try_from(pages).unwrap());
    let to_lower_bound = results.median_of(["sequential", "prefetch", "drain"], |[sequential, prefetch, drain]| {
        let (service, program) = (drain / pages, (sequential - drain) / pages);
        prefetch / (service + (pages - 1.0) * service.max(program) + program)
    });
    let to_sequential = results.ratio("prefetch", "sequential");
    let subject = format!("prefetch, {latency} ms, {library}");
    match latency {
        0 => table.add(subject, "sequential", to_sequential, MeasurementLimit::AtMost(1.05)),
        5 => {
            table.add(&subject, "lower bound", to_lower_bound, MeasurementLimit::AtMost(1.05));
            table.add(subject, "sequential, times faster", 1.0 / to_sequential, MeasurementLimit::AtLeast(1.8));
        }
        _ => {
            table.add(&subject, "lower bound", to_lower_bound, MeasurementLimit::AtMost(1.05));
            table.add(subject, "sequential", to_sequential, MeasurementLimit::AtMost(1.05));
        }
    }
}
