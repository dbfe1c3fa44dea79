//! The format of errors on standard error: text for people, or JSON for programs. It is one for the process, and is chosen
//! before the command line is parsed, as a usage error has it, too.

use partner_center::{Error, error::ErrorReason};
use serde::Serialize;
use std::{
    ffi::OsString,
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether errors are JSON.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Chooses the format by `--error-format`, or else by `--output json`, among the words of the command line.
pub(crate) fn set_error_format_from_words(words: &[OsString]) {
    let words = words.iter().map_while(|word| word.to_str().filter(|word| *word != "--"));
    IS_JSON.store(words_request_json_errors(&words.collect::<Vec<_>>()), Ordering::Relaxed);
}

/// Whether errors are JSON.
pub(crate) fn is_error_format_json() -> bool {
    IS_JSON.load(Ordering::Relaxed)
}

fn words_request_json_errors(words: &[&str]) -> bool {
    let value_of = |long: &str, short: Option<&str>| {
        words.iter().enumerate().rev().find_map(|(index, word)| {
            if *word == long || Some(*word) == short {
                return words.get(index + 1).copied();
            }
            let attached = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('='));
            let attached_short = short.and_then(|short| word.strip_prefix(short)).filter(|_| !word.starts_with("--"));
            attached.or_else(|| attached_short.map(|value| value.strip_prefix('=').unwrap_or(value)))
        })
    };
    match value_of("--error-format", None) {
        Some(format) => format == "json",
        None => value_of("--output", Some("-o")) == Some("json"),
    }
}

/// An error as JSON, in one line. Names are part of the command line contract: fields are only added.
#[derive(Serialize)]
struct JsonError<'a> {
    error: JsonErrorContent<'a>,
}

#[derive(Serialize)]
struct JsonErrorContent<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cause: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    advice: &'a str,
    /// The exit status of the command; absent if the command continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_status: Option<u8>,
    #[serde(flatten)]
    details: &'a ErrorDetails,
}

/// What is known of an error of the service or of the authority.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ErrorDetails {
    /// The customer that the error is about, if the command is performed for several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<String>,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// The error code of the service, or the OAuth 2.0 error of the authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The numbers behind `AADSTS`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entra_codes: Vec<u64>,
    /// The known meaning of the error, such as `NotFound`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
}

impl ErrorDetails {
    /// Whether the service knows the caller, and does not allow it what was requested (403), also with a credential of another kind.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.status == Some(403) && self.reason != Some(format!("{:?}", ErrorReason::NeedsAppAndUser))
    }

    /// Returns what is known of an error of the client.
    pub(crate) fn of_client_error(error: &Error) -> Self {
        let token_error = error.token_error();
        let service_error = error.service_error();
        let reason = match token_error {
            Some(token_error) => token_error.reason().map(|reason| format!("{reason:?}")),
            None => error.reason().map(|reason| format!("{reason:?}")),
        };
        Self {
            customer: None,
            status: token_error.map(|error| error.status).or(error.status()).map(|status| status.as_u16()),
            code: token_error
                .and_then(|error| error.error.clone())
                .or_else(|| service_error.and_then(|error| error.code.as_ref()).map(ToString::to_string)),
            entra_codes: token_error.map(|error| error.codes.clone()).unwrap_or_default(),
            reason,
            request_id: error.request_id().map(|id| id.to_string()),
            correlation_id: error.correlation_id().map(|id| id.to_string()),
            attempts: Some(error.attempts()).filter(|attempts| *attempts > 0),
        }
    }
}

/// Returns an error as one line of JSON.
pub(crate) fn format_json_error(
    (message, cause, advice): (&str, &str, &str),
    exit_status: Option<u8>,
    details: &ErrorDetails,
) -> String {
    let error = JsonError { error: JsonErrorContent { message, cause, advice, exit_status, details } };
    serde_json::to_string(&error).unwrap_or_default()
}

/// Prints an error as one line of JSON to standard error.
pub(crate) fn print_json_error(parts: (&str, &str, &str), exit_status: Option<u8>, details: &ErrorDetails) {
    let line = format_json_error(parts, exit_status, details);
    // If standard error is closed, there is still the exit status.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::words_request_json_errors;

    #[test]
    fn error_format_is_that_of_the_output_unless_it_is_named() {
        for (words, is_json) in [
            (&["customers", "list", "-o", "json"][..], true),
            (&["-ojson", "customers", "list"], true),
            (&["--output=json", "doctor"], true),
            (&["doctor", "--error-format", "json"], true),
            (&["doctor", "--error-format=json", "-o", "csv"], true),
            (&["doctor", "--error-format", "text", "-o", "json"], false),
            (&["customers", "list", "-o", "jsonl"], false),
            (&["customers", "list", "-o"], false),
            (&["customers", "list", "--output-json"], false),
            (&[], false),
        ] {
            assert_eq!(words_request_json_errors(words), is_json, "{words:?}");
        }
    }
}
