//! The tests of the whole: what the parts promise together, over every transport there is.

mod conversations;
mod examples;
mod properties;
mod requests;
mod sandbox;
