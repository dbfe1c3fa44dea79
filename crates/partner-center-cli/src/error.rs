//! Errors of the command: what failed, why, what to do about it, and the exit status.

use crate::{
    arguments::{MAX_OPTION_DURATION, operations::tables::etag_parameter},
    credentials::{SignInEnded, TokenFileInUse},
    error_format::{self, ErrorDetails},
    output::{QueryEvaluationError, ResultTooLarge, TooManyHeldItems},
    settings::AddressSources,
    terminal::{replace_control_characters, terminal_width, wrap_paragraph},
};
use console::Term;
use partner_center::{
    Error, ErrorKind,
    auth::TokenErrorReason,
    error::{ErrorReason, ServiceError},
    models::ErrorCode,
    transport::{ProxyServer, TransportError, TransportErrorKind},
};
use partner_center_spec::{OPERATIONS, Operation};
use std::{
    borrow::Cow,
    error::Error as StdError,
    fmt,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

/// An error that ends the command.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The reader of standard output has closed it: not an error for the user.
    OutputClosed,
    /// An error to report.
    Reported { error_report: ErrorReport, status: u8, details: Box<ErrorDetails> },
    /// The summary of errors that were reported one by one.
    Summary(String),
}

/// An error as it is shown to the user.
#[derive(Debug)]
pub(crate) struct ErrorReport {
    /// The operation that failed.
    pub(crate) message: String,
    /// The error with all its causes.
    pub(crate) cause: String,
    /// How to fix it.
    pub(crate) advice: String,
}

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;
const EXIT_NOT_FOUND: u8 = 3;
/// Authentication or permission.
const EXIT_UNAUTHORIZED: u8 = 4;
/// Throttled, or in conflict with another change, after all attempts; or another command has what this one needs.
const EXIT_THROTTLED_OR_CONFLICT: u8 = 5;

impl ErrorReport {
    /// Describes an error with its cause.
    pub(crate) fn new(message: &str, cause: &dyn StdError, advice: &str) -> Self {
        Self { message: message.to_owned(), cause: error_chain(cause), advice: advice.to_owned() }
    }

    /// Describes an error of the client; `sources` is where its addresses come from.
    pub(crate) fn from_client_error(message: &str, error: &Error, sources: &AddressSources) -> Self {
        if let Some(local) = LocalError::find_in_client_error(error) {
            let (message, advice) = (message.to_owned(), local.error_report.advice.clone());
            return Self { message, cause: local.to_string(), advice };
        }
        let connection_advice = error.transport_error().and_then(connection_advice);
        let mut advice = connection_advice.map_or_else(|| advice_for_error(error, sources), Cow::from);
        if error.is_outcome_unknown() {
            advice = format!(
                "the service may have done it all the same: look at what is there before you do it again; {advice}"
            )
            .into();
        }
        Self::new(message, error, &advice)
    }

    fn message_cause_and_advice(&self) -> (&str, &str, &str) {
        (&self.message, &self.cause, &self.advice)
    }

    /// Prints it to standard error; `details` are for programs.
    pub(crate) fn print(&self, details: &ErrorDetails) {
        if error_format::is_error_format_json() {
            return error_format::print_json_error(self.message_cause_and_advice(), None, details);
        }
        let width = terminal_width(&Term::stderr());
        let lines = [("error: ", &self.message), ("why:   ", &self.cause), ("try:   ", &self.advice)];
        let text: String = lines.into_iter().map(|(label, text)| wrap_paragraph(label, text, width)).collect();
        // If standard error is closed, there is still the exit status.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

impl CommandError {
    /// Describes an error with its cause.
    pub(crate) fn new(message: &str, cause: &dyn StdError, advice: &str) -> Self {
        ErrorReport::new(message, cause, advice).into()
    }

    /// Another command on this machine has what this one needs.
    pub(crate) fn of_other_command(error_report: ErrorReport) -> Self {
        Self::Reported { error_report, status: EXIT_THROTTLED_OR_CONFLICT, details: Box::default() }
    }

    /// Converts an error of the client; `sources` is where its addresses come from.
    pub(crate) fn from_client_error(message: &str, error: &Error, sources: &AddressSources) -> Self {
        let mut error_report = ErrorReport::from_client_error(message, error, sources);
        if error.transport_error().and_then(connection_advice).is_some() {
            error_report.advice += "; `partner-center doctor` checks the connection step by step";
        }
        let details = Box::new(ErrorDetails::of_client_error(error));
        Self::Reported { error_report, status: exit_status_of_error(error), details }
    }

    /// Converts an error of showing what a change has returned: the change was made, and must not be made again.
    pub(crate) fn after_change(self, change: &str) -> Self {
        self.after_change_without(change, "its result cannot be shown")
    }

    /// Converts an error after a change that was made; `lacking` says what it lacks.
    pub(crate) fn after_change_without(self, change: &str, lacking: &str) -> Self {
        match self {
            Self::OutputClosed => Self::Summary(format!("{change}; the output was closed")),
            Self::Reported { error_report: ErrorReport { message, cause, .. }, details, .. } => Self::Reported {
                error_report: ErrorReport {
                    message: format!("{change}; {lacking}"),
                    cause: format!("{message}: {cause}"),
                    advice: "do not send it again: look at what is there now".to_owned(),
                },
                status: EXIT_FAILED,
                details,
            },
            Self::Summary(summary) => Self::Summary(format!("{change}; {summary}")),
        }
    }

    /// Converts an error of building a transport.
    pub(crate) fn from_transport_setup_error(error: &(dyn StdError + 'static)) -> Self {
        let advice = error.downcast_ref().and_then(connection_advice);
        let advice = advice.unwrap_or_else(|| "use the other --transport: reqwest or ureq".to_owned());
        Self::new("the HTTP client cannot be created", error, &advice)
    }

    /// Whether the cause is the credential, and not what its owner may do: another credential may help.
    pub(crate) fn is_of_credential(&self) -> bool {
        matches!(self, Self::Reported { status: EXIT_UNAUTHORIZED, details, .. } if !details.is_forbidden())
    }

    /// Returns the error as one line of JSON, without an exit status.
    pub(crate) fn to_json(&self) -> String {
        let none = ErrorDetails::default();
        let details = if let Self::Reported { details, .. } = self { details } else { &none };
        error_format::format_json_error(self.message_cause_and_advice(), None, details)
    }

    fn message_cause_and_advice(&self) -> (&str, &str, &str) {
        match self {
            Self::OutputClosed => ("the output was closed", "", ""),
            Self::Reported { error_report, .. } => error_report.message_cause_and_advice(),
            Self::Summary(summary) => (summary, "", ""),
        }
    }

    /// Prints the error to standard error, and returns the exit status.
    pub(crate) fn print_and_exit_code(self) -> ExitCode {
        match self {
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Reported { error_report, status, details } => {
                if error_format::is_error_format_json() {
                    error_format::print_json_error(error_report.message_cause_and_advice(), Some(status), &details);
                } else {
                    error_report.print(&details);
                }
                ExitCode::from(status)
            }
            Self::Summary(summary) => {
                if error_format::is_error_format_json() {
                    let details = ErrorDetails::default();
                    error_format::print_json_error((&summary, "", ""), Some(EXIT_FAILED), &details);
                } else {
                    let _ = writeln!(io::stderr().lock(), "error: {summary}");
                }
                ExitCode::from(EXIT_FAILED)
            }
        }
    }
}

/// Returns the exit status after an error of the client.
fn exit_status_of_error(error: &Error) -> u8 {
    if let Some(local) = LocalError::find_in_client_error(error) {
        return local.status;
    }
    if let Some(token) = error.token_error() {
        // An authority with an error of its own says nothing about the credential.
        return match token.reason() {
            Some(TokenErrorReason::Throttled) => EXIT_THROTTLED_OR_CONFLICT,
            // Some responses have the error of OAuth under a success status.
            _ if token.status.is_client_error() || token.status.is_success() => EXIT_UNAUTHORIZED,
            _ => EXIT_FAILED,
        };
    }
    if has_source_of_type::<TokenFileInUse>(error) {
        return EXIT_THROTTLED_OR_CONFLICT;
    }
    match (error.kind(), error.reason(), error.status().map(|status| status.as_u16())) {
        (_, Some(ErrorReason::NeedsAppAndUser), _) => EXIT_UNAUTHORIZED,
        // Nothing was sent: an argument or a setting is invalid.
        (ErrorKind::Configuration | ErrorKind::Request, ..) => EXIT_USAGE,
        (_, Some(ErrorReason::Throttled | ErrorReason::EtagMismatch), _) | (_, _, Some(409 | 429)) => {
            EXIT_THROTTLED_OR_CONFLICT
        }
        (_, Some(ErrorReason::NotFound), _) | (_, _, Some(404)) => EXIT_NOT_FOUND,
        (_, _, Some(401 | 403)) => EXIT_UNAUTHORIZED,
        _ => EXIT_FAILED,
    }
}

/// On one line.
impl fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (message, cause, advice) = self.message_cause_and_advice();
        let parts: Vec<_> = [message, cause, advice].into_iter().filter(|part| !part.is_empty()).collect();
        formatter.write_str(&replace_control_characters(&parts.join("; ")))
    }
}

impl From<ErrorReport> for CommandError {
    fn from(error_report: ErrorReport) -> Self {
        Self::Reported { error_report, status: EXIT_FAILED, details: Box::default() }
    }
}

/// An invalid option or setting: a usage error.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) ErrorReport);

impl From<UsageError> for CommandError {
    fn from(UsageError(error_report): UsageError) -> Self {
        Self::Reported { error_report, status: EXIT_USAGE, details: Box::default() }
    }
}

/// An error of the command itself, as the source of an error of the client: in work that is performed many times, all errors are
/// of one type.
#[derive(Debug)]
pub(crate) struct LocalError {
    error_report: ErrorReport,
    status: u8,
}

impl LocalError {
    /// Nothing has the name that was given.
    pub(crate) fn not_found(error_report: ErrorReport) -> Self {
        Self { error_report, status: EXIT_NOT_FOUND }
    }

    /// What was read or received cannot be used.
    pub(crate) fn of_report(error_report: ErrorReport) -> Self {
        Self { error_report, status: EXIT_FAILED }
    }

    /// Whether the error is that nothing has the name that was given.
    pub(crate) fn is_not_found(error: &Error) -> bool {
        Self::find_in_client_error(error).is_some_and(|error| error.status == EXIT_NOT_FOUND)
    }

    /// Whether the error is one of what was given, because of which the request was not sent.
    pub(crate) fn is_of_arguments(error: &Error) -> bool {
        Self::find_in_client_error(error).is_some_and(|error| matches!(error.status, EXIT_USAGE | EXIT_NOT_FOUND))
    }

    /// Converts a usage error.
    pub(crate) fn wrap_usage_error(UsageError(error_report): UsageError) -> Error {
        Error::custom(Self { error_report, status: EXIT_USAGE })
    }

    /// Converts an error that would end a command that does one thing.
    pub(crate) fn wrap_command_error(error: CommandError) -> Error {
        match error {
            CommandError::Reported { error_report, status, .. } => Error::custom(Self { error_report, status }),
            CommandError::Summary(summary) => Error::custom(summary),
            CommandError::OutputClosed => Error::custom("the output was closed"),
        }
    }

    /// Returns the error of the command that is the source of an error of the client.
    fn find_in_client_error(error: &Error) -> Option<&Self> {
        error.source().and_then(|source| source.downcast_ref())
    }
}

impl fmt::Display for LocalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ErrorReport { message, cause, .. } = &self.error_report;
        write!(formatter, "{message}: {cause}")
    }
}

impl StdError for LocalError {}

/// Converts an error of writing to standard output. The output of a `--query` that cannot be evaluated is a usage error.
impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<QueryEvaluationError>()) {
            return UsageError(ErrorReport::new("the query cannot be evaluated", error, error.advice())).into();
        }
        if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<ResultTooLarge>()) {
            let advice = "nothing of it is shown, as a part could be taken for all of it; name the `fields` that are needed, compute \
                          with a `query` such as length(@), filter, or set a `limit`; the user can raise --max-result-size";
            return ErrorReport::new("the result is too large", error, advice).into();
        }
        if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<TooManyHeldItems>()) {
            let advice = "narrow the list with a filter or a limit; or list it without a query and without --sort-by: with --output \
                          jsonl, each page is printed when it arrives, for another program to compute with";
            return ErrorReport::new("the list is too large to be sorted or queried", error, advice).into();
        }
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::new("the output cannot be written", &error, "free disk space, or write to another place"),
        }
    }
}

/// Joins an error and its sources on one line, without those that are part of it already.
fn error_chain(error: &dyn StdError) -> String {
    // The alternate format omits the hint, which is shown as the advice.
    let mut text = format!("{error:#}");
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

/// Returns advice about a certificate or a proxy, if one of them is the cause.
pub(crate) fn connection_advice(error: &TransportError) -> Option<String> {
    let variable = error.proxy().map(ProxyServer::variable);
    match (error.kind(), variable) {
        (TransportErrorKind::Certificate(problem), _) => Some(problem.hint().to_owned()),
        (TransportErrorKind::ProxySetting, _) => Some(PROXY_SETTING_ADVICE.to_owned()),
        (TransportErrorKind::Connect | TransportErrorKind::Exchange, Some(variable)) => Some(format!(
            "check that the proxy is up and lets this machine through, with the user and the password that it wants; \
             correct or unset {variable}, or name the host in NO_PROXY if it is reached without a proxy"
        )),
        (TransportErrorKind::Timeout, Some(variable)) => Some(format!(
            "check that the proxy is up, or correct {variable}; or give it more time with --timeout (each attempt) or \
             --deadline (the whole command)"
        )),
        _ => None,
    }
}

/// Advice about a proxy variable without a valid URL.
pub(crate) const PROXY_SETTING_ADVICE: &str =
    "correct or unset the variable that is named above, or name the service's host in NO_PROXY";

fn advice_for_error(error: &Error, sources: &AddressSources) -> Cow<'static, str> {
    const TIMEOUT_ADVICE: &str = "give it more time with --timeout (each attempt) or --deadline (the whole command)";
    if has_source_of_type::<TokenFileInUse>(error) {
        return "wait until the other command has ended, or give this one more time with --timeout or --deadline"
            .into();
    }
    if has_source_of_type::<SignInEnded>(error) {
        return "run it again, with the sign-in that there is now; or sign in with `partner-center auth login`".into();
    }
    if let Some(wait) = error.retry_after().filter(|_| error.exceeds_max_retry_after()) {
        return long_wait_advice(wait).into();
    }
    if error.is_timeout() {
        return TIMEOUT_ADVICE.into();
    }
    if error.is_authentication() {
        return authentication_advice(error, sources);
    }
    let advice = match error.kind() {
        ErrorKind::Request if error.needs_app_and_user() => ErrorReason::NeedsAppAndUser.hint(),
        ErrorKind::Configuration | ErrorKind::Request => "correct what is named above; see --help for what is allowed",
        ErrorKind::Transport => {
            return format!(
                "check that the address ({}) is right and can be reached from here; -vvv shows each attempt",
                sources.describe_base_url_sources()
            )
            .into();
        }
        ErrorKind::Decode if is_list_response_not_a_list(error) => "the response is not a list: leave out --paginate",
        ErrorKind::Decode if has_invalid_response_head(error) => {
            "check which proxy is in between; the other --transport, reqwest or ureq, may accept the response"
        }
        ErrorKind::Decode => "check that the address is the service's and that no proxy changes the responses",
        ErrorKind::Paging => "what was printed is valid; list again, perhaps with another --page-size or a filter",
        _ => match error.service_error() {
            Some(service_error) => return service_error_advice(error, service_error, sources),
            None => "try again with -vvv to see each attempt",
        },
    };
    advice.into()
}

/// Whether an error of the type `T` is among the sources of `error`.
fn has_source_of_type<T: StdError + 'static>(error: &Error) -> bool {
    let mut next = error.source();
    while let Some(source) = next {
        // An error that several callers were told is shared among them.
        let shared = source.downcast_ref::<Arc<dyn StdError + Send + Sync>>();
        let source = shared.map_or(source, |shared| &**shared as &(dyn StdError + 'static));
        if source.is::<T>() {
            return true;
        }
        next = source.source();
    }
    false
}

/// Whether the first response to a request of `partner-center api --paginate` is JSON that is not a list.
fn is_list_response_not_a_list(error: &Error) -> bool {
    let is_other_json = |source: &dyn StdError| source.to_string().contains("does not match the specification");
    error.operation() == "request" && error.page() == Some(1) && error.source().is_some_and(is_other_json)
}

/// Whether the response head was not valid HTTP.
fn has_invalid_response_head(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<TransportError>());
    source.is_some_and(|source| source.kind() == TransportErrorKind::InvalidResponse)
}

/// Returns advice about a requested wait above the limit; more attempts would not help.
fn long_wait_advice(wait: Duration) -> String {
    let seconds = seconds_rounded_up(wait);
    if wait > MAX_OPTION_DURATION {
        return format!(
            "run it again in {seconds} s; if that is not plausible, check whether a proxy sent the response"
        );
    }
    format!("run it again in {seconds} s, or with --max-retry-after {seconds}, which waits unless --max-attempts is 1")
}

/// Returns the seconds of a wait, rounded up.
pub(crate) fn seconds_rounded_up(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// Returns advice about an error of authentication.
fn authentication_advice(error: &Error, sources: &AddressSources) -> Cow<'static, str> {
    let unreached = || {
        let settings = sources.describe_authority_sources();
        format!("check that the authority ({settings}) is right and can be reached from here").into()
    };
    let advice = match error.token_error() {
        Some(token) => match (token.hint(), token.reason()) {
            (Some(hint), Some(reason @ TokenErrorReason::InvalidGrant)) if hint == reason.hint() => {
                "sign in again with `partner-center auth login`; or have the user sign in again, and put the new refresh token where the old one is: in the file that \
                 PARTNER_CENTER_REFRESH_TOKEN_FILE (refresh_token_file) names, or else in PARTNER_CENTER_REFRESH_TOKEN \
                 (refresh_token)"
            }
            (Some(hint), _) => hint,
            _ if token.status.is_server_error() => "try again later: the authority has an internal error",
            _ if token.error.is_none() && token.description.is_none() => return unreached(),
            _ => "correct what the authority names above; `partner-center auth status` shows the configuration",
        },
        None => return unreached(),
    };
    advice.into()
}

/// Whether the operation of the error takes an etag, as a request of `partner-center api` may.
fn operation_takes_etag(error: &Error) -> bool {
    partner_center_spec::operation(error.operation()).is_none_or(|operation| etag_parameter(operation).is_some())
}

/// Names the command that lists what the operation of the error is about.
fn advice_to_list_ids(error: &Error) -> String {
    let resource = partner_center_spec::operation(error.operation()).map(|operation| operation.command.resource);
    let has_list = |resource: &&str| {
        let is_list =
            |operation: &Operation| operation.command.resource == *resource && operation.command.verb == "list";
        OPERATIONS.iter().any(is_list)
    };
    format!("`partner-center {} list` shows those there are", resource.filter(has_list).unwrap_or("customers"))
}

/// The error codes with status 404 that mean a missing entity, not an unknown path.
const MISSING_ENTITY_CODES: [i64; 2] = [60_002, 60_003];

fn service_error_advice(error: &Error, service_error: &ServiceError, sources: &AddressSources) -> Cow<'static, str> {
    let address = || format!("check that the address ({}) is the service's", sources.describe_base_url_sources());
    let says_why = service_error.code.is_some() || service_error.description.is_some();
    let is_entity_missing = service_error
        .code
        .as_ref()
        .and_then(ErrorCode::number)
        .is_some_and(|code| MISSING_ENTITY_CODES.contains(&code));
    let advice = match (service_error.reason(), service_error.status.as_u16()) {
        // Advice that names options and settings of the command.
        (Some(ErrorReason::NotFound), _) if service_error.code.is_none() => return address().into(),
        (Some(ErrorReason::NotFound), 404) if error.page().is_some() => {
            return (address() + ", and any ID that was given").into();
        }
        // The service returns the same code for an unknown path.
        (Some(ErrorReason::NotFound), 404) if !is_entity_missing => {
            return format!("{}, and the ID: {}", address(), advice_to_list_ids(error)).into();
        }
        (Some(ErrorReason::NotFound), _) => return format!("check the ID: {}", advice_to_list_ids(error)).into(),
        (Some(ErrorReason::Unauthorized), _) => {
            "if the token was given (PARTNER_CENTER_TOKEN, or token in a file), get a new one: it is valid for about an hour; its audience must be \
             https://api.partnercenter.microsoft.com (or that of your cloud)"
        }
        (Some(ErrorReason::Throttled), _) => {
            "wait as long as the service asks, or a minute, and run it again; a greater --max-attempts retries longer"
        }
        (None, 409) if !operation_takes_etag(error) => {
            "it conflicts with something else that the service has or does: look at what is there, or try again later"
        }
        (Some(ErrorReason::EtagMismatch), _) | (None, 409) => {
            "something else has changed it: get it again, and send the change with its new etag"
        }
        (Some(reason), _) => reason.hint(),
        (None, 403) if service_error.code.is_some() => {
            "use a token of a user or application that may do this; the code above says what is missing"
        }
        (None, 403) => {
            "use a token of a user or application that may do this; the response has no error code, so a proxy or \
             firewall may have sent it: `partner-center doctor` checks the connection"
        }
        (None, 400) if says_why => "correct what the service names above",
        // An error body with a success status.
        (None, 200..=299) => "look up the code above among the error codes of Microsoft's Partner Center documentation",
        (None, 408 | 500..) => "try again later; if it persists, give Microsoft support the IDs above",
        _ => return address().into(),
    };
    advice.into()
}
