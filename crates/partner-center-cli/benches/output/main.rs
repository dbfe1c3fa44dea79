//! The CPU time of `partner-center customers list` in each output format, relative to a program that drains the same bytes.
//!
//! `cargo bench -p partner-center-cli --bench output` prints a table, and fails if a ratio exceeds its limit. With a word after
//! `--`, it measures the formats whose name contains it.
//!
//! The programs run in turns, each as a process that a service with prebuilt pages feeds; a ratio is the median over the rounds.
//! CPU time is that of the whole process, from its start to its end, in the program and in the kernel. All share one core: else
//! each request wakes another one, which may take a virtual machine as long as the rest of the request.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark prints, and panics if it fails"
)]

#[cfg(unix)]
mod cpu_time;
#[cfg(unix)]
mod drain;
#[cfg(unix)]
mod pages;
#[cfg(unix)]
mod ratios;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments[..] {
        [word, address, pages] if word == drain::ARGUMENT => {
            drain::drain_pages(address, pages.parse().unwrap());
            ExitCode::SUCCESS
        }
        words => ratios::print_ratios(words),
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    println!("the CPU time of a child process is read on Unix only");
    ExitCode::SUCCESS
}
