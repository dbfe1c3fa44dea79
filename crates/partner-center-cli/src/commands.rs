//! The commands.

mod api;
mod auth;
mod completions;
mod config;
mod doctor;
mod emulator;
mod manual;
mod mcp;
mod operations;
mod verify;

pub(crate) use api::{is_changing_api_call, run_api_command};
pub(crate) use auth::{print_status, print_token, sign_in, sign_out};
pub(crate) use completions::{print_completion_script, print_requested_completions};
pub(crate) use config::run_config;
pub(crate) use doctor::run_doctor;
pub(crate) use emulator::serve_until_interrupted;
pub(crate) use manual::write_manual;
pub(crate) use mcp::serve_tools;
pub(crate) use operations::{may_send_changes, print_example_body, run_operation};
pub(crate) use verify::run_verify;
