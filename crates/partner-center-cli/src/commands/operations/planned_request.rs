//! Requests that are printed in place of being sent: as they are, or as a command of `curl`.

use super::request::{PlannedRequest, RequestBody};
use crate::{arguments::operations::CallOptions, output::pretty_print_json};
use partner_center_spec::Method;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::fmt::Write;

/// The characters of a path and query that the client encodes before it sends them.
const ILLEGAL_URI_CHARACTERS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'\'').add(b'<').add(b'>').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// How a request is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlannedFormat {
    /// The request line, the headers and the body.
    Http,
    /// A command that sends it, for a POSIX shell.
    Curl,
}

impl PlannedFormat {
    /// Returns the format of `--dry-run` or `--curl`; `None` if the request is sent.
    pub(crate) fn of_call(options: &CallOptions) -> Option<Self> {
        Self::from_dry_run_and_curl_flags(options.is_dry_run, options.is_curl)
    }

    /// The same, of the flags.
    pub(crate) fn from_dry_run_and_curl_flags(is_dry_run: bool, is_curl: bool) -> Option<Self> {
        if is_curl { Some(Self::Curl) } else { is_dry_run.then_some(Self::Http) }
    }

    /// Returns what is said on standard error.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::Http => "note: nothing was sent; the client adds the token and the IDs of the request",
            Self::Curl => {
                "note: nothing was sent; PARTNER_CENTER_TOKEN=$(partner-center auth token) sets the token of the command"
            }
        }
    }

    /// Returns the request without secrets.
    pub(crate) fn format_request(self, request: &PlannedRequest, base_url: &str) -> String {
        let target = utf8_percent_encode(&request.target, ILLEGAL_URI_CHARACTERS);
        let url = format!("{}{target}", base_url.trim().trim_end_matches('/'));
        match self {
            Self::Http => format_as_http(request, &url),
            Self::Curl => format_as_curl(request, &url),
        }
    }
}

fn format_as_http(request: &PlannedRequest, url: &str) -> String {
    let mut text = format!("{} {url}\n", request.method);
    for (name, value) in &request.headers {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    let Some(body) = &request.body else { return text };
    let _ = writeln!(text, "Content-Type: {}\n", body.content_type);
    let _ = match &body.shown {
        Some(json) if body.content_type == "application/json" => writeln!(text, "{}", pretty_print_json(json)),
        Some(shown) => writeln!(text, "{shown}"),
        None => writeln!(text, "[{} bytes]", body.bytes.len()),
    };
    text
}

fn format_as_curl(request: &PlannedRequest, url: &str) -> String {
    let method = match request.method {
        // With --request HEAD, it would wait for the body that the length announces.
        Method::Head => "--head".to_owned(),
        method => format!("--request {method}"),
    };
    // In a URL, curl takes brackets for a range of URLs.
    let globbing = if url.contains(['[', ']']) { "--globoff " } else { "" };
    let mut lines = vec![format!("curl {globbing}{method} {}", quote(url))];
    // The shell replaces the variable, which keeps the token out of what is printed.
    lines.push("--header \"Authorization: Bearer $PARTNER_CENTER_TOKEN\"".to_owned());
    let header = |name: &str, value: &str| format!("--header {}", quote(&format!("{name}: {value}")));
    lines.push(header("Accept", "application/json"));
    lines.extend(request.headers.iter().map(|(name, value)| header(name, value)));
    if let Some(body) = &request.body {
        lines.push(header("Content-Type", &body.content_type));
        lines.push(match body {
            RequestBody { shown: Some(shown), .. } => format!("--data-raw {}", quote(shown)),
            RequestBody { bytes, .. } => format!("--data-binary @FILE  # {} bytes", bytes.len()),
        });
    } else if let Method::Post | Method::Put | Method::Patch = request.method {
        // The service wants a length, which curl does not send without a body.
        lines.push(header("Content-Length", "0"));
    }
    lines.join(" \\\n  ") + "\n"
}

/// Quotes a word for a POSIX shell.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: Option<&str>) -> PlannedRequest {
        let body = body.map(|shown| RequestBody {
            content_type: "application/json".to_owned(),
            bytes: b"secret".to_vec(),
            shown: Some(shown.to_owned()),
        });
        let headers = vec![("If-Match".to_owned(), "\"1\"".to_owned())];
        PlannedRequest { method: Method::Put, target: "/v1/a?b=x y".to_owned(), headers, body }
    }

    #[test]
    fn request_is_shown_as_it_is_sent() {
        assert_eq!(
            PlannedFormat::Http.format_request(&request(None), "https://a.example/"),
            "PUT https://a.example/v1/a?b=x%20y\nIf-Match: \"1\"\n"
        );
    }

    #[test]
    fn curl_command_sends_what_the_client_sends() {
        let mut request = request(None);
        request.headers.clear();
        let mut curl = |method, target: &str| {
            (request.method, request.target) = (method, target.to_owned());
            PlannedFormat::Curl.format_request(&request, "https://a.example")
        };
        assert!(curl(Method::Head, "/v1/a").starts_with("curl --head 'https://a.example/v1/a' \\\n"));
        assert!(curl(Method::Get, "/v1/a?b=[1]").starts_with("curl --globoff --request GET 'https://"));
        assert!(!curl(Method::Delete, "/v1/a").contains("Content-Length"));
        assert!(curl(Method::Post, "/v1/a").ends_with(" \\\n  --header 'Content-Length: 0'\n"));
    }

    #[test]
    fn curl_command_is_quoted_and_has_no_secret() {
        assert_eq!(
            PlannedFormat::Curl.format_request(&request(Some(r#"{"name":"O'Neill $HOME"}"#)), "https://a.example"),
            r#"curl --request PUT 'https://a.example/v1/a?b=x%20y' \
  --header "Authorization: Bearer $PARTNER_CENTER_TOKEN" \
  --header 'Accept: application/json' \
  --header 'If-Match: "1"' \
  --header 'Content-Type: application/json' \
  --data-raw '{"name":"O'\''Neill $HOME"}'
"#
        );
    }
}
