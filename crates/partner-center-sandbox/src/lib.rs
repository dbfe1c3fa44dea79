#![doc = include_str!("../README.md")]

mod continuation;
mod customer;
#[rustfmt::skip]
#[allow(dead_code, reason = "all documented responses are generated; not every one is about other customers")]
mod documented;
mod fault;
mod filter;
mod identity;
mod link;
mod listing;
mod names;
mod population;
mod random;
mod sandbox;
mod server;
mod service;
mod transport;

pub use sandbox::{Builder, Sandbox};
pub use server::Server;
pub use transport::SandboxTransport;
