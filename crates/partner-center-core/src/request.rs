//! A request of the service, built from an [`Operation`] once and sent any number of times.

use crate::error::BoxError;
use http::{HeaderMap, HeaderName, HeaderValue};
use partner_center_models::{Method, Operation, Parameters};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// A request without what changes from one attempt to the next: the base URL, the token, and the ids.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PreparedRequest {
    /// The id of the operation in the specification.
    pub(crate) operation: &'static str,
    pub(crate) method: http::Method,
    /// Path and query, percent-encoded.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<String>,
}

impl PreparedRequest {
    pub(crate) fn new<O: Operation>(operation: &O) -> Result<Self, BoxError> {
        let parameters = operation.parameters()?;
        if parameters.continuation.is_some() {
            return Err("a list that is resumed is not a single call: perform it with `pages` or `items`".into());
        }
        Self::with_parameters::<O>(parameters)
    }

    pub(crate) fn with_parameters<O: Operation>(parameters: Parameters) -> Result<Self, BoxError> {
        let mut target = expand_path(O::PATH, &parameters)?;
        append_query(&mut target, parameters.query.iter().map(|(name, value)| (*name, value.as_str())));
        let mut headers = HeaderMap::new();
        for (name, value) in &parameters.headers {
            let value = ascii_header_value(value).ok_or_else(|| format!("`{name}` is invalid in a header"))?;
            headers.insert(HeaderName::from_bytes(name.as_bytes())?, value);
        }
        Ok(Self { operation: O::ID, method: http_method(O::METHOD), target, headers, body: parameters.body })
    }
}

/// Returns `template` with its path parameters filled in.
pub(crate) fn expand_path(template: &str, parameters: &Parameters) -> Result<String, BoxError> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((literal, tail)) = rest.split_once('{') {
        let (name, tail) = tail.split_once('}').ok_or("the path of the operation has an open brace")?;
        let value = parameters.path.iter().find(|(known, _)| *known == name);
        let (_, value) = value.ok_or_else(|| format!("`{name}` is missing"))?;
        // An empty or dotted segment would name another resource, encoded or not.
        if matches!(value.as_str(), "" | "." | "..") {
            return Err(format!("`{name}` cannot be `{value}`").into());
        }
        path.push_str(literal);
        path.extend(percent_encode(value));
        rest = tail;
    }
    path.push_str(rest);
    Ok(path)
}

/// Appends `pairs` to `target` as a query string.
pub(crate) fn append_query<'a>(target: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    for (index, (name, value)) in pairs.enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(percent_encode(name));
        target.push('=');
        target.extend(percent_encode(value));
    }
}

/// All characters but RFC 3986's unreserved ones.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes `value`, so that it is valid anywhere in a URI or a form.
pub(crate) fn percent_encode(value: &str) -> PercentEncode<'_> {
    utf8_percent_encode(value, RESERVED)
}

/// Returns `value` as the value of a header; `None` if it is not ASCII, which servers interpret differently.
pub(crate) fn ascii_header_value(value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(value).ok().filter(|value| value.to_str().is_ok())
}

fn http_method(method: Method) -> http::Method {
    match method {
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
        _ => http::Method::GET,
    }
}
