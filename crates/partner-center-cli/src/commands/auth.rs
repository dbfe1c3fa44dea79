//! `partner-center auth`: signs users in and out, and shows the configured credential.

mod login;
mod loopback;
mod status;
mod token;
mod token_claims;

pub(crate) use login::sign_in;
pub(crate) use status::print_status;
pub(crate) use token::{print_token, sign_out};
