//! What is said when something failed: what, why, and what to do about it.

use crate::{
    arguments::MAX_SECONDS,
    terminal::{paragraph, width},
};
use console::Term;
use partner_center::{
    Error, ErrorKind,
    auth::TokenErrorReason,
    error::{ErrorReason, ServiceError},
    transport::{ProxyServer, TransportError, TransportErrorKind},
};
use std::{
    borrow::Cow,
    error::Error as StdError,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

/// Why the command ends before it is done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever read standard output has enough: nothing went wrong.
    OutputClosed,
    /// Something to explain.
    Explained {
        /// What is said about it.
        explanation: Explanation,
        /// The exit status.
        status: u8,
    },
    /// Failures that were explained one by one, in sum.
    Several(String),
}

/// What failed, why, and what to do about it.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// What failed.
    pub(crate) what: String,
    /// Why, down to the first cause.
    pub(crate) why: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

impl Explanation {
    /// Something that failed for the reason `why`.
    pub(crate) fn new(what: &str, why: &dyn StdError, remedy: &str) -> Self {
        Self { what: what.to_owned(), why: chain(why), remedy: remedy.to_owned() }
    }

    /// A call of the client that failed, or a client that could not be built.
    pub(crate) fn of_call(what: &str, error: &Error) -> Self {
        let of_connection = error.transport_error().and_then(remedy_of_connection);
        Self::new(what, error, &of_connection.map_or_else(|| remedy(error), Cow::from))
    }

    /// Says it on standard error.
    pub(crate) fn say(&self) {
        let width = width(&Term::stderr());
        let lines = [("error: ", &self.what), ("why:   ", &self.why), ("try:   ", &self.remedy)];
        let text: String = lines.into_iter().map(|(label, text)| paragraph(label, text, width)).collect();
        // If standard error is closed, the exit status has to do.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

impl Failure {
    /// Something that failed for the reason `why`.
    pub(crate) fn new(what: &str, why: &dyn StdError, remedy: &str) -> Self {
        Explanation::new(what, why, remedy).into()
    }

    /// A call of the client that failed.
    pub(crate) fn of_call(what: &str, error: &Error) -> Self {
        let status = match error.kind() {
            // Nothing was sent: an argument or a variable is at fault.
            ErrorKind::Configuration | ErrorKind::Request => WRONG_USAGE,
            _ => FAILED,
        };
        let mut explanation = Explanation::of_call(what, error);
        if error.transport_error().and_then(remedy_of_connection).is_some() {
            explanation.remedy += "; `partner-center doctor` checks the connection step by step";
        }
        Self::Explained { explanation, status }
    }

    /// An HTTP client that could not be set up.
    pub(crate) fn of_transport(error: &(dyn StdError + 'static)) -> Self {
        let remedy = error.downcast_ref().and_then(remedy_of_connection);
        let remedy = remedy.unwrap_or_else(|| "try the other --transport: reqwest or ureq".to_owned());
        Self::new("the HTTP client cannot be set up", error, &remedy)
    }

    /// Says it on standard error, and how the process is to end.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Explained { explanation, status } => {
                explanation.say();
                ExitCode::from(status)
            }
            Self::Several(sum) => {
                let _ = writeln!(io::stderr().lock(), "error: {sum}");
                ExitCode::from(FAILED)
            }
        }
    }
}

impl From<Explanation> for Failure {
    fn from(explanation: Explanation) -> Self {
        Self::Explained { explanation, status: FAILED }
    }
}

/// An option or a variable with which nothing can be done.
#[derive(Debug)]
pub(crate) struct WrongUsage(pub(crate) Explanation);

impl From<WrongUsage> for Failure {
    fn from(WrongUsage(explanation): WrongUsage) -> Self {
        Self::Explained { explanation, status: WRONG_USAGE }
    }
}

/// From writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::new("the output cannot be written", &error, "make room on the disk, or write elsewhere"),
        }
    }
}

/// An error and its sources, on one line; what one of them says already is not said again.
fn chain(error: &dyn StdError) -> String {
    // The alternate form leaves out the hint, which is said apart.
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

/// What to do about a certificate or a proxy that is in the way of the service or the authority.
pub(crate) fn remedy_of_connection(error: &TransportError) -> Option<String> {
    let variable = error.proxy().map(ProxyServer::variable);
    match (error.kind(), variable) {
        (TransportErrorKind::Certificate(problem), _) => Some(problem.hint().to_owned()),
        (TransportErrorKind::Exchange, Some(variable)) => Some(format!(
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

fn remedy(error: &Error) -> Cow<'static, str> {
    if let Some(wait) = error.retry_after().filter(|_| error.exceeds_max_retry_after()) {
        return remedy_of_long_wait(wait).into();
    }
    if error.is_authentication() {
        return remedy_of_sign_in(error).into();
    }
    let remedy = match error.kind() {
        ErrorKind::Configuration | ErrorKind::Request => "correct what is named above; see --help for what is allowed",
        ErrorKind::Transport => {
            "check that the address (--base-url, PARTNER_CENTER_BASE_URL) is right and can be reached from here; \
             -vvv shows each attempt"
        }
        ErrorKind::Timeout => "give it more time with --timeout (each attempt) or --deadline (the whole command)",
        ErrorKind::Decode if has_invalid_head(error) => {
            "check which proxy is in between; the other --transport, reqwest or ureq, may read what this one does not"
        }
        ErrorKind::Decode => "check that the address is the service's and that no proxy changes the answers",
        ErrorKind::Paging => "what was printed is valid; list again, perhaps with another --size or a filter",
        _ => {
            error.service_error().map_or("try again with -vvv to see each attempt", |api| remedy_by_answer(error, api))
        }
    };
    remedy.into()
}

/// Whether the head of the response could not be read.
fn has_invalid_head(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<TransportError>());
    source.is_some_and(|source| source.kind() == TransportErrorKind::InvalidResponse)
}

/// What to do about a wait that is longer than the command waits by itself. More attempts are no help.
fn remedy_of_long_wait(wait: Duration) -> String {
    let seconds = whole_seconds(wait);
    if wait > MAX_SECONDS {
        return format!("run it again in {seconds} s; if that cannot be meant, check that no proxy answers in between");
    }
    format!(
        "run it again in {seconds} s, or with --max-retry-after {seconds}, which waits by itself unless --max-attempts is 1"
    )
}

/// The seconds of a wait, such that it is over when they are.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// What to do when there is no token to ask the service with.
fn remedy_of_sign_in(error: &Error) -> &'static str {
    const UNREACHED: &str =
        "check that the authority (--cloud, PARTNER_CENTER_AUTHORITY) is right and can be reached from here";
    match error.token_error() {
        Some(token) => match token.reason() {
            Some(TokenErrorReason::InvalidGrant) => {
                "have the user sign in again, and put the new refresh token where the old one is: in the file that \
                 PARTNER_CENTER_REFRESH_TOKEN_FILE (refresh_token_file) names, or else in PARTNER_CENTER_REFRESH_TOKEN \
                 (refresh_token)"
            }
            Some(reason) => reason.hint(),
            None if token.status.is_server_error() => "try again later: the authority is not well",
            None if token.error.is_none() && token.description.is_none() => UNREACHED,
            None => "correct what the authority names above; `partner-center auth check` shows what is set up",
        },
        None => UNREACHED,
    }
}

fn remedy_by_answer(error: &Error, api: &ServiceError) -> &'static str {
    const ADDRESS: &str = "check that the address (--base-url, PARTNER_CENTER_BASE_URL) is the service's";
    let says_why = api.code.is_some() || api.description.is_some();
    match (api.reason(), api.status.as_u16()) {
        // What the command's own options and variables can do about it.
        (Some(ErrorReason::NotFound), _) if api.code.is_none() => ADDRESS,
        (Some(ErrorReason::NotFound), 404) if error.page().is_some() => {
            "check that the address (--base-url, PARTNER_CENTER_BASE_URL) is the service's, and any ID that was given"
        }
        (Some(ErrorReason::NotFound), _) => "check the ID: `partner-center customers list` shows those there are",
        (Some(ErrorReason::Unauthorized), _) => {
            "if the token was given (PARTNER_CENTER_TOKEN, or token in a file), get a new one: it lives about an hour; its audience must be \
             https://api.partnercenter.microsoft.com (or that of your cloud)"
        }
        (Some(ErrorReason::Throttled), _) => {
            "wait as long as the service asks, or a minute, and run it again; a greater --max-attempts waits by itself"
        }
        (Some(reason), _) => reason.hint(),
        (None, 403) if api.code.is_some() => {
            "use a token of a user or application that may do this; the code above says what is missing"
        }
        (None, 403) => {
            "use a token of a user or application that may do this; the response has no error code, so that a proxy or \
             firewall may have sent it: `partner-center doctor` checks the way"
        }
        (None, 400) if says_why => "correct what the service names above",
        // A fault in place of what was requested.
        (None, 200..=299) => "look up the code above among the error codes of Microsoft's Partner Center documentation",
        (None, 408 | 500..) => "try again later; if it stays so, give Microsoft's support the ids above",
        _ => ADDRESS,
    }
}
