//! What is said when something failed: what, why, and what to do about it.

use crate::{
    arguments::MAX_SECONDS,
    identity::TokenFileInUse,
    settings::AddressSources,
    terminal::{paragraph, width},
};
use console::Term;
use partner_center::{
    Error, ErrorCode, ErrorKind, ErrorReason, ProxyServer, ServiceError, TokenErrorReason, TransportError,
    TransportErrorKind,
};
use std::{
    borrow::Cow,
    error::Error as StdError,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
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

    /// A call of the client that failed, or a client that could not be built; `sources` is where its addresses come from.
    pub(crate) fn of_call(what: &str, error: &Error, sources: &AddressSources) -> Self {
        let of_connection = error.transport_error().and_then(remedy_of_connection);
        Self::new(what, error, &of_connection.map_or_else(|| remedy(error, sources), Cow::from))
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

    /// A call of the client that failed; `sources` is where its addresses come from.
    pub(crate) fn of_call(what: &str, error: &Error, sources: &AddressSources) -> Self {
        let status = match error.kind() {
            // Nothing was sent: an argument or a variable is at fault.
            ErrorKind::Configuration | ErrorKind::Request => WRONG_USAGE,
            _ => FAILED,
        };
        let mut explanation = Explanation::of_call(what, error, sources);
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
    if is_proxy_setting(error) {
        return Some(PROXY_SETTING.to_owned());
    }
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

/// What to do about a variable that is to name a proxy and does not.
pub(crate) const PROXY_SETTING: &str =
    "correct or unset the variable that is named above, or name the service's host in NO_PROXY";

/// Whether the variable that is to name a proxy cannot be used.
fn is_proxy_setting(error: &TransportError) -> bool {
    let source = error.source().map(ToString::to_string);
    source.is_some_and(|source| source.ends_with("does not hold the URL of an http or https proxy"))
}

fn remedy(error: &Error, sources: &AddressSources) -> Cow<'static, str> {
    const TIME: &str = "give it more time with --timeout (each attempt) or --deadline (the whole command)";
    if has_source::<TokenFileInUse>(error) {
        return format!("wait until the other command has ended, or {TIME}").into();
    }
    if let Some(wait) = error.retry_after().filter(|_| error.exceeds_max_retry_after()) {
        return remedy_of_long_wait(wait).into();
    }
    if error.is_timeout() {
        return TIME.into();
    }
    if error.is_authentication() {
        return remedy_of_sign_in(error, sources);
    }
    let remedy = match error.kind() {
        ErrorKind::Configuration | ErrorKind::Request => "correct what is named above; see --help for what is allowed",
        ErrorKind::Transport => {
            return format!(
                "check that the address ({}) is right and can be reached from here; -vvv shows each attempt",
                sources.base_url()
            )
            .into();
        }
        ErrorKind::Decode if has_invalid_head(error) => {
            "check which proxy is in between; the other --transport, reqwest or ureq, may read what this one does not"
        }
        ErrorKind::Decode => "check that the address is the service's and that no proxy changes the answers",
        ErrorKind::Paging => "what was printed is valid; list again, perhaps with another --size or a filter",
        _ => match error.service_error() {
            Some(service_error) => return remedy_by_answer(error, service_error, sources),
            None => "try again with -vvv to see each attempt",
        },
    };
    remedy.into()
}

/// Whether an error of the type `T` is among the sources of `error`.
fn has_source<T: StdError + 'static>(error: &Error) -> bool {
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
fn remedy_of_sign_in(error: &Error, sources: &AddressSources) -> Cow<'static, str> {
    let unreached = || {
        let settings = sources.authority();
        format!("check that the authority ({settings}) is right and can be reached from here").into()
    };
    let remedy = match error.token_error() {
        Some(token) => match token.reason() {
            Some(TokenErrorReason::InvalidGrant) => {
                "have the user sign in again, and put the new refresh token where the old one is: in the file that \
                 PARTNER_CENTER_REFRESH_TOKEN_FILE (refresh_token_file) names, or else in PARTNER_CENTER_REFRESH_TOKEN \
                 (refresh_token)"
            }
            Some(reason) => reason.hint(),
            None if token.status.is_server_error() => "try again later: the authority is not well",
            None if token.error.is_none() && token.description.is_none() => return unreached(),
            None => "correct what the authority names above; `partner-center auth check` shows what is set up",
        },
        None => return unreached(),
    };
    remedy.into()
}

/// The codes of responses with the status 404 that are about an entity: the path was a known one.
const ENTITY_CODES: [i64; 2] = [60_002, 60_003];

fn remedy_by_answer(error: &Error, api: &ServiceError, sources: &AddressSources) -> Cow<'static, str> {
    let address = || format!("check that the address ({}) is the service's", sources.base_url());
    let says_why = api.code.is_some() || api.description.is_some();
    let is_entity_missing =
        api.code.as_ref().and_then(ErrorCode::number).is_some_and(|code| ENTITY_CODES.contains(&code));
    let remedy = match (api.reason(), api.status.as_u16()) {
        // What the command's own options and variables can do about it.
        (Some(ErrorReason::NotFound), _) if api.code.is_none() => return address().into(),
        (Some(ErrorReason::NotFound), 404) if error.page().is_some() => {
            return (address() + ", and any ID that was given").into();
        }
        // The service says the same of a path that it does not know.
        (Some(ErrorReason::NotFound), 404) if !is_entity_missing => {
            return (address() + ", and the ID: `partner-center customers list` shows those there are").into();
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
        _ => return address().into(),
    };
    remedy.into()
}
