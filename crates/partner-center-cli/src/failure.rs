//! What is said when something failed: what, why, and what to do about it.

use crate::terminal::{paragraph, width};
use console::Term;
use partner_center::{ApiError, Error, ErrorKind, Reason, TokenErrorReason};
use std::{
    error::Error as StdError,
    io::{self, Write},
    process::ExitCode,
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
        Self::new(what, error, remedy(error))
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
        Self::Explained { explanation: Explanation::of_call(what, error), status }
    }

    /// An HTTP client that could not be set up.
    pub(crate) fn of_transport(error: &dyn StdError) -> Self {
        Self::new("the HTTP client cannot be set up", error, "try the other --transport: reqwest or ureq")
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

fn remedy(error: &Error) -> &'static str {
    if error.is_sign_in() {
        return remedy_of_sign_in(error);
    }
    match error.kind() {
        ErrorKind::Configuration | ErrorKind::Request => "correct what is named above; see --help for what is allowed",
        ErrorKind::Transport => {
            "check that the address (--base-url, PARTNER_CENTER_BASE_URL) is right and can be reached from here; \
             -vvv shows each attempt"
        }
        ErrorKind::Timeout => "give it more time with --timeout (each attempt) or --deadline (the whole command)",
        ErrorKind::Decode => "check that the address is the service's and that no proxy changes the answers",
        ErrorKind::Paging => "what was printed is valid; list again, perhaps with another --size or a filter",
        _ => error.api().map_or("try again with -vvv to see each attempt", |api| remedy_by_answer(error, api)),
    }
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

fn remedy_by_answer(error: &Error, api: &ApiError) -> &'static str {
    const ADDRESS: &str = "check that the address (--base-url, PARTNER_CENTER_BASE_URL) is the service's";
    let says_why = api.code.is_some() || api.description.is_some();
    match (api.reason(), api.status.as_u16()) {
        // What the command's own options and variables can do about it.
        (Some(Reason::NotFound), _) if api.code.is_none() => ADDRESS,
        (Some(Reason::NotFound), 404) if error.page().is_some() => {
            "check that the address (--base-url, PARTNER_CENTER_BASE_URL) is the service's, and any ID that was given"
        }
        (Some(Reason::NotFound), _) => "check the ID: `partner-center customers list` shows those there are",
        (Some(Reason::Unauthorized), _) => {
            "if the token was given (PARTNER_CENTER_TOKEN, or token in a file), get a new one: it lives about an hour; its audience must be \
             https://api.partnercenter.microsoft.com (or that of your cloud)"
        }
        (Some(Reason::Throttled), _) => {
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
        (None, 408 | 500..) => "try again later; if it stays so, give Microsoft's support the ids above",
        _ => ADDRESS,
    }
}
