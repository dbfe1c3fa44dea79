//! The cost of this library relative to handwritten code on the same HTTP libraries, as ratios.
//!
//! `cargo bench -p partner-center --all-features --bench ratios` prints all groups; with a word after `--`, those whose
//! name contains it, as in `-- prefetch`.
//!
//! The candidates run in turns, in several rounds, and a ratio is the median over the rounds: a temporary disturbance of the
//! machine affects both sides. The memory layout of a process changes a ratio by some hundredths, so several processes measure
//! each group, and the reported ratio is their median. Time is the CPU time of the thread that lists, on which both HTTP
//! clients do all their work here, or wall-clock time where waiting is measured. criterion and divan run one candidate after
//! the other and cannot do this; `allocations` uses divan.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark prints, and panics if it fails"
)]

mod groups;
mod handwritten;
mod measure;
mod memory;
mod model;
mod prebuilt_service;
mod processes;
mod raw_hyper;

use measure::MeasurementTable;
use std::process::ExitCode;

struct BenchmarkGroup {
    name: &'static str,
    run: fn(&mut MeasurementTable),
    /// The number of processes that measure it, one after the other.
    processes: usize,
    /// Whether client and service share a core. Otherwise each request wakes another core, which may take a virtual machine as
    /// long as the rest of the request, and counts as CPU time of the client.
    on_one_core: bool,
}

const BENCHMARK_GROUPS: [BenchmarkGroup; 8] = [
    BenchmarkGroup { name: "parse", run: groups::parse::run, processes: 3, on_one_core: true },
    BenchmarkGroup { name: "list", run: groups::list::run, processes: 5, on_one_core: true },
    BenchmarkGroup { name: "custom-type", run: groups::custom_type::run, processes: 5, on_one_core: true },
    BenchmarkGroup { name: "get", run: groups::get::run, processes: 5, on_one_core: true },
    BenchmarkGroup { name: "encodings", run: groups::encodings::run, processes: 5, on_one_core: true },
    BenchmarkGroup { name: "prefetch", run: groups::prefetch::run, processes: 1, on_one_core: false },
    BenchmarkGroup { name: "memory", run: memory::run, processes: 1, on_one_core: false },
    BenchmarkGroup { name: "sizes", run: groups::sizes::run, processes: 1, on_one_core: false },
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if memory::run_as_child(&arguments) || processes::run_as_child(&arguments) {
        return ExitCode::SUCCESS;
    }
    let mut table = MeasurementTable::default();
    for group in BENCHMARK_GROUPS {
        if arguments.is_empty() || arguments.iter().any(|argument| group.name.contains(argument.as_str())) {
            let group_table = processes::measure_in_child_processes(&group);
            group_table.print();
            table.append(group_table);
        }
    }
    println!("All groups:\n");
    table.print();
    if table.meets_limits() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
