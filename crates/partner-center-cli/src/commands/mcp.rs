//! `partner-center mcp`: the operations as tools of the Model Context Protocol, on standard input and output.

mod call_arguments;
mod calls_under_way;
mod input_schema;
mod server;
mod shared_client;
mod toolset;

use crate::{
    arguments::{McpCommand, Options, OutputFormat, TransportName, operations::tables::is_read_only},
    error::{CommandError, ErrorReport, UsageError},
    interruption,
    messages::Messages,
    output::write_to_stdout,
    session,
};
use rmcp::{ServiceExt, service::ServerInitializeError};
use server::ToolServer;
use std::{
    fmt::Write,
    io::{self, IsTerminal},
};
use toolset::Toolset;

/// Serves the tools until standard input ends, or prints them.
pub(crate) fn serve_tools(command: &McpCommand, mut options: Options) -> Result<(), CommandError> {
    let messages = Messages::new(options.messages.quiet);
    let toolset = Toolset::choose_tools(command)?;
    if command.list_tools {
        return Ok(write_to_stdout(format_tool_list(&toolset).as_bytes(), &messages)?);
    }
    check_options(&options)?;
    interruption::exit_on_interruption(&messages)?;
    // Results are JSON, whatever is configured for people.
    options.service.output = OutputFormat::Json;
    let emulator = session::start_emulator_if_requested(&options.service, &messages)?;
    if io::stdin().is_terminal() {
        messages.print("note: an assistant starts this command, and talks to it; see `partner-center mcp --help`");
    }
    let server = ToolServer::new(toolset, options.service, command.max_result_size, emulator, messages);
    server.check_settings()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::from_transport_setup_error(&error))?;
    runtime.block_on(serve_until_end_of_input(server))
}

async fn serve_until_end_of_input(server: ToolServer) -> Result<(), CommandError> {
    let failed = |error: &dyn std::error::Error| {
        let advice =
            "check that an MCP client is at the other end; `npx @modelcontextprotocol/inspector` is one to try";
        CommandError::new("the assistant cannot be served", error, advice)
    };
    let calls = server.calls();
    match server.serve(rmcp::transport::stdio()).await {
        Ok(service) => {
            let ended = service.waiting().await;
            // The assistant is gone, but a change that it has begun is completed.
            calls.wait_until_all_have_ended().await;
            ended.map(drop).map_err(|error| failed(&error))
        }
        // Nobody was there.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(failed(&error)),
    }
}

/// Rejects options that cannot be followed.
fn check_options(options: &Options) -> Result<(), UsageError> {
    let service = &options.service;
    let rejected = [
        (
            matches!(service.transport, TransportName::Ureq),
            "--transport ureq",
            "it serves several calls at the same time, which takes the async HTTP client",
            "leave the option out",
        ),
        (
            service.record.is_some(),
            "--record",
            "a recording is of one command",
            "leave the option out, and record the commands one by one",
        ),
        (
            service.output_file.is_some(),
            "--output-file",
            "its output is a conversation with an assistant",
            "leave the option out",
        ),
    ];
    match rejected.into_iter().find(|(is_given, ..)| *is_given) {
        Some((_, option, cause, advice)) => Err(UsageError(ErrorReport {
            message: format!("`mcp` cannot use {option}"),
            cause: cause.to_owned(),
            advice: advice.to_owned(),
        })),
        None => Ok(()),
    }
}

/// Returns a line for each tool.
fn format_tool_list(toolset: &Toolset) -> String {
    let mut text = String::new();
    for operation in toolset.operations() {
        let kind = match operation {
            _ if is_read_only(operation) => "reads",
            _ if crate::arguments::operations::tables::asks_before_sending(operation) => "confirm",
            _ => "writes",
        };
        let (name, about) =
            (toolset::tool_name(operation), crate::arguments::operations::help::command_about(operation));
        // Writing to memory does not fail.
        let _ = writeln!(text, "{:<12} {kind:<8} {name:<42} {about}", operation.area);
    }
    text
}
