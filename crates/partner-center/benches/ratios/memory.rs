//! How much memory a listing takes: each in a process of its own, which the service is not in.

use crate::{
    by_hand::ByUreq,
    groups::{async_client, runtime, sync_client},
    measure::{Bar, Table},
    model::{Page, plain},
    processes,
    service::{Framing, Kind, Service, pages},
};
use partner_center::{CustomerCollection, ListCustomers};
use partner_center_emulator::Emulator;
use std::{hint::black_box, time::Duration};

const MEBIBYTE: f64 = 1_048_576.0;
const COLLECTED: u32 = 50_000;
/// What the code and the data of a small program that lists take, in MiB, as a program of ten lines over ureq has shown
/// (`RssFile`). This program has far more in it, and so what is measured of it is what it allocates.
const PROGRAM: f64 = 3.5;

pub(crate) fn run(table: &mut Table) {
    let emulator = Emulator::builder().customers(1_000_000).build().serve("127.0.0.1:0").unwrap();
    for (library, bar) in [("ureq", 6.0), ("reqwest", 9.0)] {
        for (how, bar) in [("plainly", Bar::AtMost(bar)), ("prefetching", Bar::None)] {
            let what = format!("peak memory of 1,000,000 customers, {library}, {how}, in MiB");
            let allocated = child(&["child", library, how, &emulator.url()]) / MEBIBYTE;
            table.add(what, "", PROGRAM + allocated, bar);
        }
    }
    drop(emulator);
    for (kind, name, bar) in [(Kind::Brief, "list", Bar::AtMost(0.5)), (Kind::Full, "full", Bar::None)] {
        let service = Service::start(&pages(COLLECTED, 500, kind), Framing::Length, Duration::ZERO);
        let [ours, plain] = ["ours", "plain"].map(|types| child(&["child", "collect", types, &service.url()]));
        let each = ours / f64::from(COLLECTED);
        table.add(
            format!("memory of a collected {name} customer, {each:.0} bytes"),
            "plain full types",
            ours / plain,
            bar,
        );
    }
}

/// Whether this process is one that is measured; then it has done its work.
pub(crate) fn is_child(arguments: &[String]) -> bool {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let bytes = match arguments[..] {
        ["child", "ureq", how, url] => list_sync(url, how == "prefetching"),
        ["child", "reqwest", how, url] => list_async(url, how == "prefetching"),
        ["child", "collect", "ours", url] => collect::<CustomerCollection>(url),
        ["child", "collect", "plain", url] => collect::<plain::Page>(url),
        _ => return false,
    };
    println!("{bytes}");
    true
}

fn child(arguments: &[&str]) -> f64 {
    processes::said_by_child(arguments).trim().parse().unwrap()
}

fn list_sync(url: &str, prefetch: bool) -> u64 {
    let client = sync_client(url);
    let pages = client.pages(ListCustomers::new());
    let pages = if prefetch { pages.prefetch() } else { pages };
    let (mut count, mut peak) = (0, 0);
    for page in pages {
        let page = page.unwrap();
        peak = peak.max(memory("RssAnon:"));
        count += page.items.len();
    }
    assert!(count >= 1_000_000);
    peak
}

fn list_async(url: &str, prefetch: bool) -> u64 {
    let client = async_client(url);
    let pages = client.pages(ListCustomers::new());
    let mut pages = if prefetch { pages.prefetch() } else { pages };
    runtime().block_on(async {
        let (mut count, mut peak) = (0, 0);
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            peak = peak.max(memory("RssAnon:"));
            count += page.items.len();
        }
        assert!(count >= 1_000_000);
        peak
    })
}

/// What a list takes that is kept.
fn collect<P: Page>(url: &str) -> u64 {
    let by_hand = ByUreq::new(url);
    by_hand.drain(3);
    let before = memory("VmRSS:");
    let mut pages = Vec::new();
    by_hand.each_page(500, ByUreq::text::<P>, |page| pages.push(page));
    let after = memory("VmRSS:");
    black_box(pages);
    after - before
}

/// A line of what Linux tells of this process, in bytes.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
