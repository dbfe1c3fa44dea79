#![doc = include_str!("../README.md")]

mod exchange;
mod requirement;
mod requirements;
mod server;

pub use requirement::{Requirement, Violation};
pub use server::{Connection, Server};
