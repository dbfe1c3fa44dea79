#![doc = include_str!("../README.md")]

mod exchange;
mod promise;
mod promises;
mod server;

pub use promise::{Broken, Promise};
pub use server::{Connection, Server};
