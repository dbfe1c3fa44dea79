#![doc = include_str!("../README.md")]

mod answer;
mod authority;
mod builder;
mod clock;
mod continuation;
mod customer;
mod customer_id;
#[rustfmt::skip]
#[allow(dead_code, reason = "all documented responses are generated; not every one is about other customers")]
mod fixtures;
mod customer_store;
mod emulator;
mod error_response;
mod fault;
mod filter;
mod link;
mod listing;
mod names;
mod negotiation;
mod parameters;
mod quirks;
mod random;
mod rate_limit;
mod reply;
mod server;
mod service;
mod transport;

pub use builder::EmulatorBuilder;
pub use emulator::Emulator;
pub use fault::{Fault, ParseFaultError};
pub use quirks::{ContinuationIn, Encoding, ErrorCodes, LinkStyle, ListEnd, TotalCount};
pub use server::Server;
pub use transport::EmulatorTransport;
