//! What the library costs beside what one would write by hand, as ratios.
//!
//! `cargo bench -p partner-center --all-features --bench ratios` prints them all; a word behind `--` those whose group has it
//! in its name, as in `-- prefetch`.
//!
//! Contestants take turns, round after round; a ratio is the median of those of the rounds, so that what disturbs a machine
//! for a while disturbs both sides. Where things come to lie in memory is decided once for a process and worth some
//! hundredths, so that several processes measure, and what is told is the median of them. Time is the CPU time of the thread
//! that lists, in which both HTTP clients do all their work here, or the wall clock where waiting is what is measured. That
//! rules criterion and divan out, which run one thing after the other; `allocations` has divan.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark prints, and panics if it fails"
)]

mod by_hand;
mod groups;
mod measure;
mod memory;
mod model;
mod processes;
mod service;

use measure::Table;
use std::process::ExitCode;

struct Group {
    name: &'static str,
    run: fn(&mut Table),
    /// How many processes measure it, one after the other.
    processes: usize,
    /// Whether client and service share a core. If they do not, each request wakes another core, which may take a virtual
    /// machine as long as all the rest of the request, and counts as the time of whoever asks.
    on_one_core: bool,
}

const GROUPS: [Group; 8] = [
    Group { name: "parse", run: groups::parse::run, processes: 3, on_one_core: true },
    Group { name: "list", run: groups::list::run, processes: 5, on_one_core: true },
    Group { name: "own-type", run: groups::own_type::run, processes: 5, on_one_core: true },
    Group { name: "get", run: groups::get::run, processes: 5, on_one_core: true },
    Group { name: "encodings", run: groups::encodings::run, processes: 5, on_one_core: true },
    Group { name: "prefetch", run: groups::prefetch::run, processes: 1, on_one_core: false },
    Group { name: "memory", run: memory::run, processes: 1, on_one_core: false },
    Group { name: "sizes", run: groups::sizes::run, processes: 1, on_one_core: false },
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if memory::is_child(&arguments) || processes::is_child(&arguments) {
        return ExitCode::SUCCESS;
    }
    let mut table = Table::default();
    for group in GROUPS {
        if arguments.is_empty() || arguments.iter().any(|argument| group.name.contains(argument.as_str())) {
            let measured = processes::measure(&group);
            measured.print();
            table.append(measured);
        }
    }
    println!("All together:\n");
    table.print();
    if table.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
