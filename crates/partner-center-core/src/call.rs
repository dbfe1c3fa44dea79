//! From an operation, or from the link on a page, to a request that may be sent any number of times.

use crate::{
    base_url::{BaseUrl, has_dot_segment},
    error::BoxError,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use partner_center_models::{ContinuationToken, Method, Operation, Paginated, Pagination, Parameters};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// All but RFC 3986's unreserved characters.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What may stand nowhere in a URI, and yet does in links; and `'`, which some transports encode and others do not.
const ILLEGAL: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'\'').add(b'<').add(b'>').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Bounds on what a link may make us send.
const LONGEST_URI: usize = 8 << 10;
const LONGEST_HEADER: usize = 16 << 10;
const MOST_HEADERS: usize = 16;

/// What to ask.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    pub(crate) method: http::Method,
    /// Path and query, percent-encoded.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<String>,
}

impl Call {
    pub(crate) fn new<O: Operation>(operation: &O) -> Result<Self, BoxError> {
        let parameters = operation.parameters()?;
        if parameters.continuation.is_some() {
            return Err("a listing that is resumed is not one call: perform it with `pages` or `items`".into());
        }
        Self::with_parameters::<O>(parameters)
    }

    fn with_parameters<O: Operation>(parameters: Parameters) -> Result<Self, BoxError> {
        let mut target = path(O::PATH, &parameters)?;
        append_query(&mut target, parameters.query.iter().map(|(name, value)| (*name, value.as_str())));
        let mut headers = HeaderMap::new();
        for (name, value) in &parameters.headers {
            let value = ascii(value).ok_or_else(|| format!("`{name}` cannot stand in a header"))?;
            headers.insert(HeaderName::from_bytes(name.as_bytes())?, value);
        }
        Ok(Self { operation: O::ID, method: method(O::METHOD), target, headers, body: parameters.body })
    }
}

/// How one listing asks for its pages.
pub(crate) struct Listing {
    /// The operation as it was asked for: what every further call is like, but for where it goes.
    origin: Call,
    token_header: HeaderName,
    /// The target of a page that is asked for by token alone.
    seek_target: String,
    resume: Option<ContinuationToken>,
}

impl Listing {
    pub(crate) fn new<O: Paginated>(operation: &O) -> Result<Self, BoxError> {
        let mut parameters = operation.parameters()?;
        let resume = parameters.continuation.take();
        let Pagination { token_header, query, size_query, .. } = O::PAGINATION;
        let is_other = |(name, _): &&(&str, String)| Some(*name) != size_query;
        if let Some((name, _)) = parameters.query.iter().find(is_other).filter(|_| resume.is_some()) {
            return Err(
                format!("`{name}` cannot be set on a listing that is resumed: it keeps what it began with").into()
            );
        }
        let mut seek_target = path(O::PATH, &parameters)?;
        let size = parameters.query.iter().find(|(name, _)| Some(*name) == size_query);
        append_query(&mut seek_target, size.map(|(name, value)| (*name, value.as_str())).into_iter().chain([query]));
        Ok(Self {
            origin: Call::with_parameters::<O>(parameters)?,
            token_header: HeaderName::from_bytes(token_header.as_bytes())?,
            seek_target,
            resume,
        })
    }

    /// The token that `call` carries.
    pub(crate) fn token<'a>(&self, call: &'a Call) -> Option<&'a HeaderValue> {
        call.headers.get(&self.token_header)
    }

    /// Whether it goes on where another one stopped.
    pub(crate) fn is_resumed(&self) -> bool {
        self.resume.is_some()
    }

    /// The first call: of the first page, or of the one it is resumed at.
    pub(crate) fn first(&self, base: &BaseUrl) -> Result<Call, BoxError> {
        self.resume.as_ref().map_or_else(|| Ok(self.origin.clone()), |continuation| self.follow(continuation, base))
    }

    /// The call for the page that `continuation` points to.
    ///
    /// A link may not lead away from the service, nor do anything but read: the bearer token goes along.
    pub(crate) fn follow(&self, continuation: &ContinuationToken, base: &BaseUrl) -> Result<Call, BoxError> {
        if !continuation.method().eq_ignore_ascii_case("GET") {
            return Err("the link to the next page is not a GET".into());
        }
        let mut call = self.origin.clone();
        if let Some(token) = continuation.token() {
            call.headers.insert(&self.token_header, secret_value(token)?);
        }
        // The token of the link counts more than that of the page.
        for (name, value) in &link_headers(continuation)? {
            call.headers.insert(name, value.clone());
        }
        call.target = match continuation.uri() {
            Some(uri) => link_target(uri, base)?,
            None => self.seek_target.clone(),
        };
        Ok(call)
    }
}

/// Path and query of a link, with exactly one `/v1` and one `?`, however the service wrote it: `/v1/customers?..`,
/// `/customers?..`, `customers?..`, or absolute.
fn link_target(uri: &str, base: &BaseUrl) -> Result<String, BoxError> {
    if uri.len() > LONGEST_URI {
        return Err("the link to the next page is too long".into());
    }
    if uri.contains(|character: char| character.is_control() || matches!(character, '\\' | '#')) {
        return Err("the link to the next page holds a character that no link may have".into());
    }
    if uri.starts_with("//") {
        return Err("the link to the next page leads to another server".into());
    }
    let (before_query, _) = uri.split_once('?').unwrap_or((uri, ""));
    let target = if before_query.contains(':') {
        base.strip(uri).ok_or("the link to the next page leads to another server")?
    } else {
        base.strip_path(uri).unwrap_or(uri)
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if has_dot_segment(path) || path.to_ascii_lowercase().contains("%2f") || path.to_ascii_lowercase().contains("%5c") {
        return Err("the link to the next page leaves the service's path".into());
    }
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
    while segments.next_if(|segment| segment.eq_ignore_ascii_case("v1")).is_some() {}
    if segments.peek().is_none() {
        return Err("the link to the next page names no resource".into());
    }
    let mut target = String::from("/v1");
    for segment in segments {
        target.push('/');
        target.extend(utf8_percent_encode(segment, ILLEGAL));
    }
    for (index, pair) in query.split(['?', '&']).filter(|pair| !pair.is_empty()).enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(utf8_percent_encode(pair, ILLEGAL));
    }
    Ok(target)
}

/// The headers a link asks for: only the service's own, `MS-*`, and of those none that identifies the call.
fn link_headers(continuation: &ContinuationToken) -> Result<HeaderMap, BoxError> {
    let mut headers = HeaderMap::new();
    for (name, value) in continuation.headers() {
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| "the link to the next page has a header with no valid name")?;
        if !name.as_str().starts_with("ms-") {
            return Err(format!("the link to the next page asks for the header `{name}`, which it may not").into());
        }
        // The ids are those of the call that follows, and a blank value is none.
        if matches!(name.as_str(), "ms-requestid" | "ms-correlationid") || value.trim().is_empty() {
            continue;
        }
        if headers.len() == MOST_HEADERS {
            return Err("the link to the next page has too many headers".into());
        }
        if headers.insert(name, secret_value(value)?).is_some() {
            return Err("the link to the next page has a header twice".into());
        }
    }
    Ok(headers)
}

fn secret_value(value: &str) -> Result<HeaderValue, BoxError> {
    if value.len() > LONGEST_HEADER {
        return Err(format!(
            "the continuation holds a value of {} bytes, which is more than the {LONGEST_HEADER} that a header may have",
            value.len()
        )
        .into());
    }
    let mut value = ascii(value).ok_or("the continuation holds a value that cannot stand in a header")?;
    value.set_sensitive(true);
    Ok(value)
}

/// The value of a header. What is not ASCII each server would read its own way.
pub(crate) fn ascii(value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(value).ok().filter(|value| value.to_str().is_ok())
}

/// The path of an operation with its parameters put in.
fn path(template: &str, parameters: &Parameters) -> Result<String, BoxError> {
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
        path.extend(encoded(value));
        rest = tail;
    }
    path.push_str(rest);
    Ok(path)
}

/// The text as it may stand anywhere in a URI or a form.
pub(crate) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, COMPONENT)
}

fn append_query<'a>(target: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    for (index, (name, value)) in pairs.enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(encoded(name));
        target.push('=');
        target.extend(encoded(value));
    }
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
        _ => http::Method::GET,
    }
}
