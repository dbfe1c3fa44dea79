use super::operations::{InputFile, parse_input_file};
use clap::{Args, ValueEnum};

/// `partner-center api`
#[derive(Args, Debug)]
#[command(after_help = "\
The path may be given with or without /v1, and with a query; a complete URL is accepted if it is one of the configured \
service. The body of the response is printed as it is received.

A response that is one page of a longer list is an error, so that it is not taken for the list. With --paginate, the pages are \
followed to the end, and the items are printed as one array, or one per line with `--output jsonl`. If the list ends early, the exit status is not 0, and the array is not closed.

Examples:
  partner-center api GET customers --query size=500 --emulator
  partner-center api GET /v1/customers --paginate --output jsonl --emulator
  partner-center api GET customers/b44bb1fb-c595-45b0-9e09-d657365580bf --emulator
  partner-center api PUT customers/b44bb1fb-c595-45b0-9e09-d657365580bf/profiles/billing --body profile.json \
--header 'If-Match: \"etag\"'")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct ApiCall {
    /// Method of the request
    #[arg(ignore_case = true)]
    pub(crate) method: Method,
    /// Path of the request, such as customers or /v1/customers
    pub(crate) path: String,
    /// Follow the pages of a list, and print its items; for GET
    #[arg(long)]
    pub(crate) paginate: bool,
    /// Body of the request, from a file or from standard input (`-`); it is JSON unless a header Content-Type says otherwise
    #[arg(long, value_name = "FILE", value_parser = parse_input_file)]
    pub(crate) body: Option<InputFile>,
    /// Header of the request; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = parse_header_argument)]
    pub(crate) headers: Vec<(String, String)>,
    /// Parameter of the query, which is encoded; may be given several times
    #[arg(long = "query", value_name = "NAME=VALUE", value_parser = parse_query_argument)]
    pub(crate) query: Vec<(String, String)>,
    /// Print the request, without the token, and do not send it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the request as a command of curl, with the token in a variable, and do not send it
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) curl: bool,
    /// Do not ask before sending a DELETE
    #[arg(long)]
    pub(crate) yes: bool,
}

/// The methods that the service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl From<Method> for partner_center_spec::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::Get,
            Method::Head => Self::Head,
            Method::Post => Self::Post,
            Method::Put => Self::Put,
            Method::Patch => Self::Patch,
            Method::Delete => Self::Delete,
        }
    }
}

/// The headers that the client sets by itself.
const HEADERS_SET_BY_CLIENT: [&str; 14] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "ms-correlationid",
    "ms-partnercenter-application",
    "ms-requestid",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "x-locale",
];

fn parse_header_argument(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once(':') else { return Err("it must be `Name: value`".to_owned()) };
    let (name, value) = (name.trim(), value.trim());
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err("it must be `Name: value`".to_owned());
    }
    if HEADERS_SET_BY_CLIENT.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(match name.to_ascii_lowercase().as_str() {
            "ms-correlationid" => "use --correlation-id instead".to_owned(),
            "ms-partnercenter-application" => "use --application-name instead".to_owned(),
            "x-locale" => "use --locale instead".to_owned(),
            _ => format!("the client sets `{name}` by itself"),
        });
    }
    if !value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
        return Err("its value must consist of visible ASCII characters".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn parse_query_argument(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be `name=value`"),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_header_argument;

    #[test]
    fn headers_of_the_client_are_rejected() {
        for header in ["Authorization: Bearer x", "ms-requestid:1", "Content-Length: 3", "X-Locale: de"] {
            assert!(parse_header_argument(header).is_err(), "{header}");
        }
        for header in ["nothing", ": x", "a b: c", "If-Match: \u{e9}", "If-Match: a\nb: c"] {
            assert!(parse_header_argument(header).is_err(), "{header}");
        }
        assert_eq!(parse_header_argument("If-Match:  \"a:b\" "), Ok(("If-Match".to_owned(), "\"a:b\"".to_owned())));
    }
}
