//! The measurements.

use crate::{
    cpu_time::{cpu_time_of_command, pin_to_one_core},
    drain,
    pages::{CustomerFields, PageService},
};
use std::{
    process::{Command, ExitCode},
    time::Duration,
};

/// The output formats, each with the maximum of its CPU time relative to that of draining.
const FORMATS: [(&str, f64); 4] = [("jsonl", 8.0), ("json", 8.0), ("csv", 14.0), ("table", 14.0)];

const ROUNDS: usize = 11;

/// Measures the formats whose name contains one of `words`, or all; fails if a limit is exceeded.
pub(crate) fn print_ratios(words: &[String]) -> ExitCode {
    let formats: Vec<_> = FORMATS
        .into_iter()
        .filter(|(name, _)| words.is_empty() || words.iter().any(|word| name.contains(word)))
        .collect();
    if pin_to_one_core().is_none() {
        eprintln!("the programs cannot be pinned to one core on this system");
    }
    println!("| customers | format | ns a byte | times draining | limit | |\n|---|---|---|---|---|---|");
    let mut meets_limits = true;
    for (fields, customers) in [(CustomerFields::Brief, 100_000), (CustomerFields::Full, 40_000)] {
        let service = PageService::start(customers, fields);
        let drains = || cpu_time_of_command(&mut drain_command(&service));
        let lists = |format| cpu_time_of_command(&mut list_command(&service, format));
        check_count(&service);
        let mut drained = Vec::new();
        let mut listed = vec![Vec::new(); formats.len()];
        // The first round warms up.
        for round in 0..=ROUNDS {
            let drain_time = drains();
            let list_times: Vec<_> = formats.iter().map(|(format, _)| lists(format)).collect();
            if round > 0 {
                drained.push(drain_time);
                listed.iter_mut().zip(list_times).for_each(|(times, time)| times.push(time));
            }
        }
        println!("| {fields:?} | (drain) | {:.3} | 1 | | |", nanoseconds_a_byte(&drained, &service));
        for ((format, limit), times) in formats.iter().zip(&listed) {
            let ratio =
                median(times.iter().zip(&drained).map(|(time, drain)| time.as_secs_f64() / drain.as_secs_f64()));
            let verdict = if ratio <= *limit { "met" } else { "MISSED" };
            meets_limits &= ratio <= *limit;
            let time = nanoseconds_a_byte(times, &service);
            println!("| {fields:?} | {format} | {time:.3} | {ratio:.2} | at most {limit} | {verdict} |");
        }
    }
    if meets_limits { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn drain_command(service: &PageService) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([drain::ARGUMENT, &service.address.to_string(), &service.pages.to_string()]);
    command
}

fn list_command(service: &PageService, format: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partner-center"));
    command
        .args(["customers", "list", "--output", format])
        .env_clear()
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("PARTNER_CENTER_TOKEN", "token")
        .env("PARTNER_CENTER_BASE_URL", format!("http://{}", service.address));
    command
}

/// Checks that a list is complete.
fn check_count(service: &PageService) {
    let output = list_command(service, "jsonl").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), service.customers);
}

fn nanoseconds_a_byte(times: &[Duration], service: &PageService) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a size below 2^52")]
    let bytes = service.bytes as f64;
    median(times.iter().map(Duration::as_secs_f64)) * 1e9 / bytes
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
