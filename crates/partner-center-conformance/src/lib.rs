#![doc = include_str!("../README.md")]

mod checks;
mod harness;
mod requirement;
mod server;

pub use requirement::{Requirement, Violation};
pub use server::{Connection, Server};
