//! A request of the service, built once and sent any number of times: from an [`Operation`], or by the caller as a
//! [`RawRequest`].

use crate::{base_url::has_dot_segment, engine::tracing_fields::TRACEPARENT_HEADER, error::BoxError};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use partner_center_models::{Body, ContinuationToken, FromResponse, Idempotency, Method, Operation, Parameters};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use std::{borrow::Cow, fmt};

/// The header with the id of a request.
pub(crate) const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("ms-requestid");
/// The header with the id of a unit of work.
pub(crate) const CORRELATION_ID_HEADER: HeaderName = HeaderName::from_static("ms-correlationid");
/// The header with the version of the API.
pub(crate) const CONTRACT_VERSION_HEADER: HeaderName = HeaderName::from_static("ms-contract-version");

/// A request to the service that is not one of the generated operations, or one whose parameters are known at run time only.
///
/// [`Client::request`](crate::Client::request) sends it with the authentication, the retries and the limits of all calls;
/// [`request_as`](crate::Client::request_as) also reads the response, and [`request_pages`](crate::Client::request_pages) a list.
///
/// ```
/// use partner_center_core::{Blocking, Client, Error, Method, RawRequest, Transport};
///
/// fn rename(client: &Client<impl Transport<Mode = Blocking>>, etag: &str) -> Result<(), Error> {
///     let request = RawRequest::new(Method::Patch, "/v1/things/7")
///         .query("validate", "true")
///         .header("If-Match", etag)
///         .json(r#"{"name": "Contoso"}"#);
///     let response = client.request(request)?;
///     assert_eq!(response.status(), 200);
///     Ok(())
/// }
/// # use partner_center_core::{Credential, Request, Response, TransportError};
/// # struct Done;
/// # impl Transport for Done {
/// #     type Mode = Blocking;
/// #     fn send(&self, request: Request) -> Result<Response, TransportError> {
/// #         assert_eq!(request.uri(), "https://api.partnercenter.microsoft.com/v1/things/7?validate=true");
/// #         assert_eq!(request.body(), br#"{"name": "Contoso"}"#);
/// #         Ok(Response::new("{}".into()))
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # rename(&Client::builder(Done, Credential::token("secret")).build()?, "\"7\"")?;
/// # Ok::<(), Error>(())
/// ```
///
/// What is invalid in it is reported when it is sent, as an error of the kind
/// [`ErrorKind::Request`](crate::ErrorKind::Request).
#[derive(Clone)]
#[must_use = "a request does nothing until a client sends it"]
pub struct RawRequest {
    prepared: PreparedRequest,
    resume: Option<ContinuationToken>,
    problem: Option<String>,
}

impl RawRequest {
    /// Creates a request. `path` begins with `/`, as in `/v1/customers`, and may have a query; it is sent as it is, except for
    /// characters that no URL can have, which are percent-encoded.
    pub fn new(method: Method, path: &str) -> Self {
        let target = encode_request_target(path);
        Self {
            prepared: PreparedRequest {
                operation: "request",
                path_template: None,
                method: to_http_method(method),
                idempotency: method.idempotency(),
                outcomes: Cow::Borrowed(&[]),
                needs_user: false,
                target: target.as_ref().ok().cloned().unwrap_or_default(),
                headers: HeaderMap::new(),
                body: None,
            },
            resume: None,
            problem: target.err().map(|problem| format!("the path {problem}")),
        }
    }

    /// Adds a query parameter. It is percent-encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        append_query_parameters(&mut self.prepared.target, [(name, value)]);
        self
    }

    /// Adds a query parameter with several values in one, separated by commas; they are percent-encoded, but not the commas.
    pub fn query_comma_separated<'a>(mut self, name: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        append_list_parameter(&mut self.prepared.target, name, values);
        self
    }

    /// Sets a header. Those of authentication, of the ids, of the connection and of the trace, `User-Agent` and
    /// `MS-Contract-Version` are rejected, since the client sets them by itself; `Accept` is not one of them. The value is removed
    /// from errors, as a secret is.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match parse_caller_header(name, value) {
            Ok((name, value)) => {
                self.prepared.headers.insert(name, value);
                self
            }
            Err(problem) => self.with_problem(problem),
        }
    }

    /// Sets the body to JSON, which is sent as it is.
    pub fn json(self, json: impl Into<String>) -> Self {
        self.body(Body::json(json))
    }

    /// Sets the body.
    pub fn body(mut self, body: Body) -> Self {
        let problem = parse_header_value("Content-Type", body.content_type()).err();
        self.prepared.body = Some(body);
        problem.into_iter().fold(self, Self::with_problem)
    }

    /// Sets whether the request may be sent again when it is unknown what has come of it. Default: that of the method.
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.prepared.idempotency = idempotency;
        self
    }

    /// Sets the name by which errors and logs call the request. Default: `request`.
    pub fn operation_id(mut self, id: &'static str) -> Self {
        self.prepared.operation = id;
        self
    }

    /// Sets the statuses that are results and not errors although they are not 2xx, such as 404; and 202, if the service may
    /// complete the request later. See [`Operation::ADDITIONAL_RESULT_STATUSES`]. Default: none.
    pub fn outcomes(mut self, statuses: impl Into<Cow<'static, [u16]>>) -> Self {
        self.prepared.outcomes = statuses.into();
        self
    }

    /// Sets whether App+User credentials alone may send it; with an app-only one nothing is sent. Default: no.
    pub fn needs_user(mut self, needs_user: bool) -> Self {
        self.prepared.needs_user = needs_user;
        self
    }

    /// Continues a list at a position of an earlier one, in place of its first page.
    pub fn resume(mut self, continuation: ContinuationToken) -> Self {
        self.resume = Some(continuation);
        self
    }

    pub(crate) fn operation(&self) -> &'static str {
        self.prepared.operation
    }

    /// Returns the request of a single call.
    pub(crate) fn prepare(self) -> Result<PreparedRequest, BoxError> {
        match self.prepare_list()? {
            (request, None) => Ok(request),
            (_, Some(_)) => {
                Err("a list that is resumed is not a single call: perform it with `pages` or `items`".into())
            }
        }
    }

    /// Returns the request for the first page of a list, and the position at which the list is resumed.
    pub(crate) fn prepare_list(self) -> Result<(PreparedRequest, Option<ContinuationToken>), BoxError> {
        match self.problem {
            None => Ok((self.prepared, self.resume)),
            Some(problem) => Err(problem.into()),
        }
    }

    /// Returns the request of an operation.
    pub(crate) fn from_operation<O: Operation>(operation: &O) -> Result<Self, BoxError> {
        let Parameters { path, query, comma_separated, headers, body, continuation, .. } = operation.parameters()?;
        let mut target = expand_path_template(O::PATH, &path)?;
        append_query_parameters(&mut target, query.iter().map(|(name, value)| (*name, value.as_str())));
        for (name, values) in &comma_separated {
            append_list_parameter(&mut target, name, values.iter().map(String::as_str));
        }
        let prepared = PreparedRequest {
            operation: O::ID,
            path_template: Some(O::PATH),
            method: to_http_method(O::METHOD),
            idempotency: O::IDEMPOTENCY,
            outcomes: Cow::Borrowed(O::ADDITIONAL_RESULT_STATUSES),
            needs_user: O::NEEDS_USER,
            target,
            headers: HeaderMap::new(),
            body: None,
        };
        let request = Self { prepared, resume: continuation, problem: None };
        let request = body.into_iter().fold(request, Self::body);
        Ok(headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value))
            .with_accept_header::<O::Response>())
    }

    /// Requests the media types of `T`, unless the caller has set others.
    pub(crate) fn with_accept_header<T: FromResponse>(mut self) -> Self {
        // That of JSON is a header of every request.
        if T::ACCEPT != "application/json" && !self.prepared.headers.contains_key(header::ACCEPT) {
            self.prepared.headers.insert(header::ACCEPT, HeaderValue::from_static(T::ACCEPT));
        }
        self
    }

    fn with_problem(mut self, problem: String) -> Self {
        self.problem.get_or_insert(problem);
        self
    }
}

/// Shows neither the query nor the headers nor the body, which may hold secrets and data of customers.
impl fmt::Debug for RawRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PreparedRequest { operation, method, .. } = &self.prepared;
        let path = self.prepared.path();
        let mut request = formatter.debug_struct("RawRequest");
        request.field("operation", operation).field("method", method).field("path", &path).finish_non_exhaustive()
    }
}

/// A request without what changes from one attempt to the next: the base URL, the token, and the ids.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PreparedRequest {
    /// The id of the operation in the specification.
    pub(crate) operation: &'static str,
    /// The path of the operation, with `{name}` for each path parameter.
    pub(crate) path_template: Option<&'static str>,
    pub(crate) method: http::Method,
    pub(crate) idempotency: Idempotency,
    /// See [`Operation::ADDITIONAL_RESULT_STATUSES`].
    pub(crate) outcomes: Cow<'static, [u16]>,
    /// See [`Operation::NEEDS_USER`].
    pub(crate) needs_user: bool,
    /// Path and query, percent-encoded.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
}

impl PreparedRequest {
    /// Returns the path, without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the meaning of a status of the response.
    pub(crate) fn outcome_of_status(&self, status: StatusCode) -> ResponseOutcome {
        // These are about the call, not about the resource.
        const ALWAYS_ERROR_STATUSES: [StatusCode; 4] = [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        let is_named = self.outcomes.contains(&status.as_u16());
        match status {
            StatusCode::ACCEPTED if is_named => ResponseOutcome::Accepted,
            status if status.is_success() => ResponseOutcome::Done,
            status if is_named && status.is_client_error() && !ALWAYS_ERROR_STATUSES.contains(&status) => {
                ResponseOutcome::Absent
            }
            _ => ResponseOutcome::Error,
        }
    }

    /// Returns path and query in the form in which those of the same page are equal. The service reads a path without regard to
    /// case; a value in a query may be a token.
    pub(crate) fn comparable_target(&self) -> (String, &str) {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        (path.to_ascii_lowercase(), query)
    }

    /// Whether `other` fetches the same page of a list.
    pub(crate) fn is_same_page(&self, other: &Self) -> bool {
        (&self.method, &self.headers) == (&other.method, &other.headers)
            && self.comparable_target() == other.comparable_target()
    }

    /// Whether the request may change something.
    pub(crate) fn is_write(&self) -> bool {
        !matches!(self.method, http::Method::GET | http::Method::HEAD)
    }

    /// Whether it matters what has come of the request: it is a write, or its caller says that it may not be sent twice.
    pub(crate) fn may_have_effect(&self) -> bool {
        self.is_write() || self.idempotency != Idempotency::Natural
    }

    /// Whether the absence of a resource is a result.
    pub(crate) fn accepts_absent_resource(&self) -> bool {
        self.outcomes.iter().any(|status| (400..500).contains(status))
    }
}

/// The meaning of a response by its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseOutcome {
    Done,
    /// The service completes the operation later, as it may.
    Accepted,
    /// There is no such resource, which is a result.
    Absent,
    Error,
}

/// Characters that a URI cannot contain, but links and callers do; and `'`, which some transports encode and others do not.
pub(crate) const ILLEGAL_URI_CHARACTERS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'\'').add(b'<').add(b'>').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Maximum length of the path and query of a request, in bytes.
pub(crate) const MAX_TARGET_LENGTH: usize = 8 << 10;

/// Returns a path and query as they are sent, or what is wrong with them.
fn encode_request_target(path: &str) -> Result<String, &'static str> {
    let (before_query, _) = path.split_once('?').unwrap_or((path, ""));
    if !path.starts_with('/') || path.starts_with("//") {
        return Err("must begin with one slash, as in /v1/customers");
    }
    if path.len() > MAX_TARGET_LENGTH {
        return Err("is too long");
    }
    if path.contains(|character: char| character.is_control() || matches!(character, '\\' | '#')) {
        return Err("contains a character that no URL can have: percent-encode it");
    }
    if has_dot_segment(before_query) {
        return Err("must not have the segments `.` or `..`");
    }
    Ok(utf8_percent_encode(path, ILLEGAL_URI_CHARACTERS).to_string())
}

/// Returns a header that a caller sets, unless it is invalid or one that the client sets by itself. Its value may be a secret.
pub(crate) fn parse_caller_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    const RESERVED_HEADERS: [HeaderName; 16] = [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::HOST,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        header::EXPECT,
        header::TE,
        header::TRAILER,
        header::UPGRADE,
        header::USER_AGENT,
        CONTRACT_VERSION_HEADER,
        REQUEST_ID_HEADER,
        CORRELATION_ID_HEADER,
        TRACEPARENT_HEADER,
    ];
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not the name of a header"))?;
    if RESERVED_HEADERS.contains(&parsed) {
        return Err(header_set_by_client_problem(name));
    }
    let mut value = parse_header_value(name, value)?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// Returns the problem of a header that a caller may not set.
pub(crate) fn header_set_by_client_problem(name: &str) -> String {
    format!("the header `{name}` is set by the client")
}

/// Returns `value` as the value of the header `name`.
pub(crate) fn parse_header_value(name: &str, value: &str) -> Result<HeaderValue, String> {
    ascii_header_value(value).ok_or_else(|| format!("the value of `{name}` must be ASCII on one line, as headers are"))
}

/// Returns `template` with its path parameters filled in.
fn expand_path_template(template: &str, parameters: &[(&str, String)]) -> Result<String, BoxError> {
    let mut path = String::new();
    let mut rest = template;
    while let Some((literal, tail)) = rest.split_once('{') {
        let (name, tail) = tail.split_once('}').ok_or("the path of the operation has an open brace")?;
        let value = parameters.iter().find(|(known, _)| *known == name);
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

/// Appends query parameters to `target`.
fn append_query_parameters<'a>(target: &mut String, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) {
    for (name, value) in pairs {
        append_list_parameter(target, name, [value]);
    }
}

/// Appends a query parameter with several values, separated by commas, to `target`.
fn append_list_parameter<'a>(target: &mut String, name: &str, values: impl IntoIterator<Item = &'a str>) {
    for (index, value) in values.into_iter().enumerate() {
        if index == 0 {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.extend(percent_encode(name));
        }
        target.push(if index == 0 { '=' } else { ',' });
        target.extend(percent_encode(value));
    }
}

/// All characters but RFC 3986's unreserved ones.
const PERCENT_ENCODED_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes `value`, so that it is valid anywhere in a URI or a form.
pub(crate) fn percent_encode(value: &str) -> PercentEncode<'_> {
    utf8_percent_encode(value, PERCENT_ENCODED_CHARACTERS)
}

/// Returns `value` as the value of a header; `None` if it is not ASCII, which servers interpret differently.
pub(crate) fn ascii_header_value(value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(value).ok().filter(|value| value.to_str().is_ok())
}

fn to_http_method(method: Method) -> http::Method {
    match method {
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
        _ => http::Method::GET,
    }
}
