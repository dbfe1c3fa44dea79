//! Memory of lists. A separate process measures each one, so that the service is not included.

use crate::{
    groups::{async_client, single_thread_runtime, sync_client},
    handwritten::UreqLoop,
    measure::{MeasurementLimit, MeasurementTable},
    model::{Page, plain},
    prebuilt_service::{BodyFraming, CustomerFields, PrebuiltService, build_pages},
    processes,
};
use partner_center::{ListCustomers, models::CustomerCollection};
use partner_center_emulator::Emulator;
use std::{hint::black_box, time::Duration};

const MEBIBYTE: f64 = 1_048_576.0;
const COLLECTED_CUSTOMERS: u32 = 50_000;
/// The memory of code and static data of a small program that lists, in MiB, as measured for a program of ten lines over ureq
/// (`RssFile`). This benchmark is a larger program, so only its allocations are measured, and this is added.
const SMALL_PROGRAM_MEBIBYTES: f64 = 3.5;

pub(crate) fn run(table: &mut MeasurementTable) {
    let emulator = Emulator::builder().customers(1_000_000).build().serve("127.0.0.1:0").unwrap();
    for (library, limit) in [("ureq", 6.0), ("reqwest", 9.0)] {
        for (how, limit) in [("sequential", MeasurementLimit::AtMost(limit)), ("prefetch", MeasurementLimit::None)] {
            let subject = format!("peak memory of 1,000,000 customers, {library}, {how}, in MiB");
            let allocated = memory_of_child_process(&["child", library, how, &emulator.url()]) / MEBIBYTE;
            table.add(subject, "", SMALL_PROGRAM_MEBIBYTES + allocated, limit);
        }
    }
    drop(emulator);
    for (fields, name, limit) in [
        (CustomerFields::Brief, "list", MeasurementLimit::AtMost(0.5)),
        (CustomerFields::Full, "full", MeasurementLimit::None),
    ] {
        let service =
            PrebuiltService::start(&build_pages(COLLECTED_CUSTOMERS, 500, fields), BodyFraming::Length, Duration::ZERO);
        let [ours, plain] =
            ["ours", "plain"].map(|types| memory_of_child_process(&["child", "collect", types, &service.url()]));
        let each = ours / f64::from(COLLECTED_CUSTOMERS);
        table.add(
            format!("memory of a collected {name} customer, {each:.0} bytes"),
            "plain full types",
            ours / plain,
            limit,
        );
    }
}

/// Measures, if the arguments say that this process is a child that measures memory; returns whether it is.
pub(crate) fn run_as_child(arguments: &[String]) -> bool {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let bytes = match arguments[..] {
        ["child", "ureq", how, url] => peak_memory_of_sync_list(url, how == "prefetch"),
        ["child", "reqwest", how, url] => peak_memory_of_async_list(url, how == "prefetch"),
        ["child", "collect", "ours", url] => memory_of_collected_list::<CustomerCollection>(url),
        ["child", "collect", "plain", url] => memory_of_collected_list::<plain::Page>(url),
        _ => return false,
    };
    println!("{bytes}");
    true
}

fn memory_of_child_process(arguments: &[&str]) -> f64 {
    processes::output_of_child(arguments).trim().parse().unwrap()
}

fn peak_memory_of_sync_list(url: &str, prefetch: bool) -> u64 {
    let client = sync_client(url);
    let pages = client.pages(ListCustomers::new());
    let pages = if prefetch { pages.prefetch() } else { pages };
    let (mut count, mut peak) = (0, 0);
    for page in pages {
        let page = page.unwrap();
        peak = peak.max(read_process_memory("RssAnon:"));
        count += page.items.len();
    }
    assert!(count >= 1_000_000);
    peak
}

fn peak_memory_of_async_list(url: &str, prefetch: bool) -> u64 {
    let client = async_client(url);
    let pages = client.pages(ListCustomers::new());
    let mut pages = if prefetch { pages.prefetch() } else { pages };
    single_thread_runtime().block_on(async {
        let (mut count, mut peak) = (0, 0);
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            peak = peak.max(read_process_memory("RssAnon:"));
            count += page.items.len();
        }
        assert!(count >= 1_000_000);
        peak
    })
}

/// Returns the memory of a list that is collected, in bytes.
fn memory_of_collected_list<P: Page>(url: &str) -> u64 {
    let handwritten = UreqLoop::new(url);
    handwritten.drain(3);
    let before = read_process_memory("VmRSS:");
    let mut pages = Vec::new();
    handwritten.each_page(500, UreqLoop::string::<P>, |page| pages.push(page));
    let after = read_process_memory("VmRSS:");
    black_box(pages);
    after - before
}

/// Returns a value of `/proc/self/status`, in bytes.
fn read_process_memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
