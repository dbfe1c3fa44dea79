//! The server: lists the tools, and calls them.

use super::{
    call_arguments::build_call,
    calls_under_way::CallsUnderWay,
    shared_client::SharedClient,
    toolset::{ToolLookup, Toolset, tool_definition, tool_name},
};
use crate::{
    arguments::{
        ServiceOptions,
        operations::{
            OperationCall, PasswordOptions,
            tables::{ResultShape, responds_with_password, result_item_type},
        },
    },
    commands::operations::{PlannedRequest, perform_call, plan_call, print_notes_before_request, replace_secrets},
    error::{CommandError, ErrorReport, UsageError},
    messages::Messages,
    output::Printer,
    session::Session,
};
use futures_util::FutureExt;
use partner_center::{
    Client, Transport,
    transport::{Mode, Output},
};
use partner_center_emulator::Server;
use partner_center_spec::{Operation, Type};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
};
use serde_json::{Map, Value};
use std::{panic::AssertUnwindSafe, sync::Arc};

/// What an assistant is told of all tools.
const INSTRUCTIONS: &str = "\
Tools of the Microsoft Partner Center API, for a partner of the Cloud Solution Provider program: its customers, and their \
subscriptions, orders, invoices and users. Most tools need IDs, which tools whose names end with _list return; `customer` is \
the ID of the customer's tenant. A list is complete, or the call fails. To keep results small, name `fields`, filter, or compute \
with `query` (JMESPath), as in length(@). Where [secret] stands, there is a password or a token that is not shown. Before a \
change, tell the user what it does.";

/// Serves the tools.
pub(super) struct ToolServer {
    toolset: Toolset,
    options: ServiceOptions,
    max_result_size: usize,
    emulator: Option<Server>,
    client: SharedClient,
    calls: Arc<CallsUnderWay>,
    messages: Messages,
}

impl ToolServer {
    pub(super) fn new(
        toolset: Toolset,
        options: ServiceOptions,
        max_result_size: usize,
        emulator: Option<Server>,
        messages: Messages,
    ) -> Self {
        let (client, calls) = (SharedClient::default(), Arc::new(CallsUnderWay::new(messages.clone())));
        Self { toolset, options, max_result_size, emulator, client, calls, messages }
    }

    /// Returns the calls that are under way.
    pub(super) fn calls(&self) -> Arc<CallsUnderWay> {
        self.calls.clone()
    }

    /// Checks that the settings can be read. There need not be a credential yet: the user may sign in later.
    pub(super) fn check_settings(&self) -> Result<(), UsageError> {
        self.open_session().map(drop)
    }

    /// Reads the settings: each call has those that are stored then, and a deadline of its own.
    fn open_session(&self) -> Result<Session<'_>, UsageError> {
        Session::open(&self.options, self.emulator.as_ref(), false)
    }

    /// Calls a tool, and returns its result and what is worth knowing beside it.
    async fn call_operation(
        &self,
        operation: &'static Operation,
        arguments: Map<String, Value>,
    ) -> Result<(String, Vec<String>), CommandError> {
        let mut call = build_call(operation, arguments)?;
        // The printer replaces it, like every secret.
        call.options.password = PasswordOptions { is_shown: true, file: None };
        let session = self.open_session()?;
        let notes = Messages::for_assistant();
        print_notes_before_request(&call, &session, &notes);
        let request = plan_call(&call, &notes)?;
        let client = self.client.client_for_call(&session, &self.messages)?;
        let of = result_item_type(operation).unwrap_or(Type::Any);
        let printer = Printer::new(&self.options, operation, &call.options, call.result_resource_noun(), &notes);
        let mut printer = printer.into_memory(self.max_result_size, Box::new(move |json| replace_secrets(json, of)));
        let outcome = perform_boxed(&client, &call, request, &session, &mut printer, &notes).await;
        if outcome.as_ref().is_err_and(CommandError::is_of_credential) {
            self.client.forget_credential();
        }
        outcome?;
        let (text, item_count) = printer.into_text_and_item_count();
        let mut notes = notes.take_kept();
        notes.extend(describe_completeness(&call, item_count));
        if responds_with_password(operation) {
            notes.push(
                "the password of the response is not shown to assistants: the user can set another one".to_owned(),
            );
        }
        Ok((text, notes))
    }
}

/// Performs a call. For one transport, the compiler does not see that the future may move between threads; for any, it does.
fn perform_boxed<'a, X: Transport>(
    client: &'a Client<X>,
    call: &'a OperationCall,
    request: PlannedRequest,
    session: &'a Session<'_>,
    printer: &'a mut Printer,
    notes: &'a Messages,
) -> Output<'a, X, Result<(), CommandError>> {
    X::Mode::block_or_box(perform_call(client, call, request, session, printer, notes))
}

/// Says whether a list is complete.
fn describe_completeness(call: &OperationCall, item_count: usize) -> Option<String> {
    let shape = ResultShape::of_operation(call.operation);
    if !matches!(shape, ResultShape::Pages | ResultShape::List { .. }) {
        return None;
    }
    let counted = call.result_resource_noun().with_count(item_count as u64);
    let is_limited =
        call.options.limit.is_some_and(|limit| usize::try_from(limit).is_ok_and(|limit| limit <= item_count));
    Some(if is_limited {
        format!("the first {counted}: there may be more, as there was a `limit`")
    } else {
        format!("{counted}: the list is complete")
    })
}

impl ServerHandler for ToolServer {
    fn get_info(&self) -> ServerConfig {
        let implementation = Implementation::new("partner-center", env!("CARGO_PKG_VERSION"));
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities).with_server_info(implementation).with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.toolset.operations().iter().map(|operation| tool_definition(operation));
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        match self.toolset.find_tool(name) {
            ToolLookup::Offered(operation) => Some(tool_definition(operation)),
            _ => None,
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let operation = match self.toolset.find_tool(&request.name) {
            ToolLookup::Offered(operation) => operation,
            ToolLookup::Unknown => {
                return Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None));
            }
            rejected => return Ok(error_result(&rejection_report(&rejected, &request.name).into()).into()),
        };
        let arguments = request.arguments.unwrap_or_default();
        let call = async {
            let outcome = AssertUnwindSafe(self.call_operation(operation, arguments)).catch_unwind().await;
            outcome.unwrap_or_else(|_| Err(panic_error(operation).into()))
        };
        let Some(outcome) = self.calls.make_call(operation, &context, call).await else {
            // Nobody gets this response.
            return Err(ErrorData::internal_error("the call was cancelled", None));
        };
        Ok(match outcome {
            Ok((text, notes)) => {
                let text = if text.is_empty() { "done".to_owned() } else { text };
                let notes = (!notes.is_empty()).then(|| notes.join("\n"));
                CallToolResult::success([Some(text), notes].into_iter().flatten().map(ContentBlock::text).collect())
            }
            Err(error) => error_result(&error),
        }
        .into())
    }
}

fn error_result(error: &CommandError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(error.to_json())])
}

/// Says why a tool that exists is not offered.
fn rejection_report(tool: &ToolLookup, name: &str) -> ErrorReport {
    let message = format!("`{name}` was rejected, and nothing was sent");
    match tool {
        ToolLookup::Write => ErrorReport {
            message,
            cause: "it changes something, and this server only reads".to_owned(),
            advice: "tell the user, who can start the server with `partner-center mcp --allow-writes`".to_owned(),
        },
        _ => ErrorReport {
            message,
            cause: "the user has not chosen this tool".to_owned(),
            advice: "tell the user, who can name it in the option --tools of `partner-center mcp`".to_owned(),
        },
    }
}

fn panic_error(operation: &Operation) -> ErrorReport {
    ErrorReport {
        message: format!("`{}` failed", tool_name(operation)),
        cause: "this is an error of the program".to_owned(),
        advice: "if it was a change, look at what is there before it is made again; and report it".to_owned(),
    }
}
