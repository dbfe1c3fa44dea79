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
mod documented;
mod fault;
mod filter;
mod link;
mod listing;
mod names;
mod negotiation;
mod oddities;
mod parameters;
mod population;
mod random;
mod rate_limit;
mod refusal;
mod reply;
mod sandbox;
mod server;
mod service;
mod transport;

pub use builder::Builder;
pub use fault::{Fault, FaultError};
pub use oddities::{ContinuationIn, Encoding, FaultCodes, LinkStyle, ListEnd, TotalCount};
pub use sandbox::Sandbox;
pub use server::Server;
pub use transport::SandboxTransport;
