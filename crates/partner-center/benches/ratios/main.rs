//! What the library costs beside what one would write by hand, as ratios.
//!
//! `cargo bench -p partner-center --all-features --bench ratios` prints them all; a word behind `--` those whose group has it
//! in its name, as in `-- prefetch`.
//!
//! Contestants take turns, round after round; a ratio is the median of those of the rounds, so that what disturbs a machine
//! for a while disturbs both sides. Time is the CPU time of the thread that lists, in which both HTTP clients do all their
//! work here, or the wall clock where waiting is what is measured. That rules criterion and divan out, which run one thing
//! after the other; `allocations` has divan.

#![allow(
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
mod service;

use measure::Table;
use std::process::ExitCode;

type Group = (&'static str, fn(&mut Table));

const GROUPS: [Group; 8] = [
    ("parse", groups::parse::run),
    ("list", groups::list::run),
    ("own-type", groups::own_type::run),
    ("get", groups::get::run),
    ("encodings", groups::encodings::run),
    ("prefetch", groups::prefetch::run),
    ("memory", memory::run),
    ("sizes", groups::sizes::run),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if memory::is_child(&arguments) {
        return ExitCode::SUCCESS;
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let mut table = Table::default();
    for (name, group) in GROUPS {
        if arguments.is_empty() || arguments.iter().any(|argument| name.contains(argument.as_str())) {
            group(&mut table);
        }
    }
    if table.print() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
