//! A transport on plain sockets that meets every requirement except the one it is told to violate.

mod connection;

use connection::{Body, Framing, IoTimeout, RawConnection};
use flate2::read::MultiGzDecoder;
use partner_center_conformance::Requirement;
use partner_center_core::{
    Blocking, Limits, Request, Response, Transport, TransportError, TransportErrorKind,
    http::{HeaderName, HeaderValue, Method, Version, header},
};
use std::{
    collections::HashMap,
    io::{self, Read},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

const MAX_HEAD: usize = 64 << 10;

#[derive(Default)]
pub(crate) struct ReferenceTransport {
    violation: Option<Requirement>,
    idle: Mutex<HashMap<String, Vec<RawConnection>>>,
    cookie: Mutex<Option<HeaderValue>>,
    exclusive: Mutex<()>,
}

impl ReferenceTransport {
    pub(crate) fn violating(requirement: Requirement) -> Self {
        Self { violation: Some(requirement), ..Self::default() }
    }

    fn violates(&self, requirement: Requirement) -> bool {
        self.violation == Some(requirement)
    }

    /// Sends the request, receives the response, and keeps the connection for reuse if nothing is left on it.
    fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let uri = request.uri();
        let host = match uri.authority() {
            Some(host) if uri.scheme_str() == Some("http") => host.to_string(),
            _ if self.violates(Requirement::InvalidRequestsAreErrors) => return Ok(Response::default()),
            _ => return Err(TransportError::new("the URI has no host, or its scheme is not http")),
        };
        let pool_key =
            if self.violates(Requirement::ServersDoNotShareConnections) { "anywhere".to_owned() } else { host.clone() };
        let deadline = self.deadline(request)?;
        let mut connection = self.connection(&pool_key, &host)?;
        let response = self.exchange_on(&mut connection, request, &host, deadline);
        let response = match response {
            Err(_) if connection.has_received_nothing && self.violates(Requirement::RequestsAreNotRetried) => {
                connection = RawConnection::connect(&host).map_err(failure)?;
                self.exchange_on(&mut connection, request, &host, deadline)
            }
            response => response,
        };
        let is_timed_out = response.as_ref().is_err_and(|error| error.kind() == TransportErrorKind::Timeout);
        let continues_in_background = is_timed_out
            && (self.violates(Requirement::TimedOutExchangesStop)
                || self.violates(Requirement::CancelledExchangesStop));
        if continues_in_background {
            thread::spawn(move || {
                let _ = connection.stream.set_read_timeout(None);
                io::copy(&mut connection.stream, &mut io::sink())
            });
        } else if connection.is_reusable || is_timed_out && self.violates(Requirement::LateResponsesAreDiscarded) {
            let mut idle = self.idle.lock().unwrap();
            let kept = idle.entry(pool_key).or_default();
            if !(self.violates(Requirement::ConcurrentConnectionsAreReused) && kept.len() == 3) {
                kept.push(connection);
            }
        }
        response
    }

    fn deadline(&self, request: &Request) -> Result<Instant, TransportError> {
        if self.violates(Requirement::MaxTimeoutIsAccepted) {
            let limits: Limits = request.extensions().get().copied().unwrap_or_default();
            return Instant::now()
                .checked_add(limits.timeout)
                .ok_or_else(|| TransportError::new("the deadline is out of range"));
        }
        let timeout = Limits::of(request).timeout;
        if timeout.is_zero() && self.violates(Requirement::ZeroTimeoutTimesOut) {
            return Err(TransportError::new("sockets have no timeout of zero"));
        }
        Ok(Instant::now() + timeout)
    }

    fn connection(&self, pool_key: &str, host: &str) -> Result<RawConnection, TransportError> {
        let keeps = !self.violates(Requirement::ConnectionsAreReused);
        while let Some(mut connection) =
            self.idle.lock().unwrap().get_mut(pool_key).filter(|_| keeps).and_then(Vec::pop)
        {
            let is_careless = self.violates(Requirement::ClosedConnectionsAreDetected)
                || self.violates(Requirement::UnsolicitedResponsesAreDiscarded)
                || self.violates(Requirement::LateResponsesAreDiscarded);
            if is_careless || connection.is_idle() {
                connection.is_reused = true;
                return Ok(connection);
            }
        }
        RawConnection::connect(host).map_err(|error| match self.violation {
            Some(Requirement::UnreachableServersAreErrors) => failure(error),
            _ => failure(error).before_sending(),
        })
    }

    fn exchange_on(
        &self,
        connection: &mut RawConnection,
        request: &Request,
        host: &str,
        deadline: Instant,
    ) -> Result<Response, TransportError> {
        let timeout = Limits::of(request).timeout;
        connection.is_reusable = false;
        connection.has_received_nothing = true;
        connection.io_timeout = if self.violates(Requirement::StalledRequestsTimeOut) {
            IoTimeout::Unlimited
        } else {
            IoTimeout::Until(deadline)
        };
        connection.send(&self.head(request, host)).map_err(failure)?;
        connection.send(&self.body(request)).map_err(failure)?;
        connection.io_timeout = match self.violation {
            Some(Requirement::MissingResponsesTimeOut) => IoTimeout::Unlimited,
            Some(Requirement::SlowHeadsTimeOut) => IoTimeout::PerOperation(timeout),
            _ => IoTimeout::Until(deadline),
        };
        let mut response = loop {
            let response = self.receive_head(connection)?;
            if !response.status().is_informational() || self.violates(Requirement::InterimResponsesAreSkipped) {
                break response;
            }
        };
        if self.violates(Requirement::SlowBodiesTimeOut) {
            connection.io_timeout = IoTimeout::PerOperation(timeout);
        }
        match self.receive_body(connection, request, &response) {
            Ok(body) => *response.body_mut() = body.into(),
            Err((part, _))
                if self.violates(Requirement::ErrorBodiesAreCompleteOrEmpty) && !response.status().is_success() =>
            {
                *response.body_mut() = part.into();
            }
            Err(_) if !response.status().is_success() => {}
            Err((_, error)) => return Err(error),
        }
        Ok(response)
    }

    fn head(&self, request: &Request, host: &str) -> Vec<u8> {
        let mut target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
        if self.violates(Requirement::TargetsArriveUnchanged) {
            target = target.replace("%20", "+");
        }
        let mut head =
            format!("{} {target} HTTP/1.1\r\nhost: {host}\r\naccept-encoding: gzip\r\n", request.method()).into_bytes();
        for name in request.headers().keys().filter(|name| *name != header::CONTENT_LENGTH) {
            let values = request.headers().get_all(name).iter();
            let count = if self.violates(Requirement::RequestHeadersArriveUnchanged) { 1 } else { usize::MAX };
            for value in values.take(count) {
                head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
            }
        }
        if self.violates(Requirement::NoHeadersAreAdded) {
            head.extend(b"accept-language: en\r\n");
        }
        if let Some(cookie) = self.cookie.lock().unwrap().as_ref() {
            head.extend([b"cookie: ", cookie.as_bytes(), b"\r\n"].concat());
        }
        let length = self.body(request).len();
        if length > 0 || request.headers().contains_key(header::CONTENT_LENGTH) {
            head.extend(format!("content-length: {length}\r\n").into_bytes());
        }
        head.extend(b"\r\n");
        head
    }

    fn body(&self, request: &Request) -> Vec<u8> {
        let mut body = request.body().clone();
        if self.violates(Requirement::RequestBodiesArriveComplete) {
            body.truncate(65_536);
        }
        body
    }

    fn receive_head(&self, connection: &mut RawConnection) -> Result<Response, TransportError> {
        let is_lenient = self.violates(Requirement::InvalidHttpIsAnError);
        let mut response = Response::default();
        let mut total = 0;
        let mut lines = Vec::new();
        loop {
            let limit = if self.violates(Requirement::EndlessHeadsAreErrors) { usize::MAX } else { MAX_HEAD - total };
            let line = match connection.line(limit) {
                Err(error) if error.kind() == io::ErrorKind::Other => {
                    return Err(TransportError::invalid_response(error));
                }
                Err(error)
                    if error.kind() == io::ErrorKind::UnexpectedEof && self.accepts_missing_response(connection) =>
                {
                    return Ok(response);
                }
                line => line.map_err(failure)?,
            };
            total += if limit == usize::MAX { 0 } else { line.len() + 2 };
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let first = lines.first().map(|line| String::from_utf8_lossy(line).into_owned()).unwrap_or_default();
        let invalid = |problem: &str| {
            let secret = if self.violates(Requirement::ErrorsHideSecrets) { first.as_str() } else { "" };
            let problem = format!("{problem} {secret}");
            match self.violation {
                Some(Requirement::UnusualHeadsAreParsedOrReported) => TransportError::new(problem),
                _ => TransportError::invalid_response(problem),
            }
        };
        if lines.len() > 101 && self.violates(Requirement::ManyResponseHeadersAreAccepted) {
            return Err(invalid("more than 100 headers"));
        }
        let (version, status) = first.split_once(' ').unwrap_or_default();
        let status = status.split(' ').next().unwrap_or_default();
        match (version, status.len() == 3, status.parse()) {
            ("HTTP/1.1" | "HTTP/1.0", true, Ok(status)) => *response.status_mut() = status,
            _ if is_lenient => return Ok(response),
            _ => return Err(invalid("invalid status line")),
        }
        if version == "HTTP/1.0" {
            *response.version_mut() = Version::HTTP_10;
        }
        for line in &lines[1..] {
            let colon =
                line.iter().position(|byte| *byte == b':').ok_or_else(|| invalid("a header without a colon"))?;
            let name = HeaderName::from_bytes(&line[..colon]).map_err(|_| invalid("invalid header name"))?;
            let value =
                HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).map_err(|_| invalid("invalid header value"))?;
            if name == header::SET_COOKIE && self.violates(Requirement::CookiesAreNotStored) {
                *self.cookie.lock().unwrap() = Some(value.clone());
            }
            if self.violates(Requirement::ResponseHeadersAreUnchanged) {
                response.headers_mut().insert(name, value);
            } else {
                response.headers_mut().append(name, value);
            }
        }
        Ok(response)
    }

    fn accepts_missing_response(&self, connection: &RawConnection) -> bool {
        self.violates(Requirement::LostConnectionsAreErrors)
            || connection.is_reused && self.violates(Requirement::ClosedConnectionsAreDetected)
    }

    /// Returns the body, or the error with the part that was received.
    fn receive_body(
        &self,
        connection: &mut RawConnection,
        request: &Request,
        response: &Response,
    ) -> Result<Vec<u8>, (Vec<u8>, TransportError)> {
        let limit = Limits::of(request).body;
        let framing = self.framing(request, response).map_err(|error| (Vec::new(), error))?;
        let is_close_delimited = matches!(framing, Framing::CloseDelimited);
        let accepts_truncation = self.violates(Requirement::TruncatedBodiesAreErrors);
        let rejects_extensions = self.violates(Requirement::ChunkedBodiesAreComplete);
        let may_be_kept = !is_close_delimited
            && response.version() == Version::HTTP_11
            && response.headers().get(header::CONNECTION).is_none_or(|value| value != "close");
        let codings = response.headers().get_all(header::CONTENT_ENCODING).iter();
        let codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let gzip_count = codings.filter(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"gzip")).count();
        let is_compressed = gzip_count > 0
            && !matches!(framing, Framing::None)
            && !self.violates(Requirement::CompressedBodiesAreDecompressed);
        let mut raw = Body { connection, framing, accepts_truncation, rejects_extensions, bytes_read: 0 };
        let read_limit = match () {
            () if self.violates(Requirement::BodyLimitIsExact) => limit.saturating_add(2),
            () if self.violates(Requirement::EndlessBodiesAreAbandoned) => usize::MAX,
            () => limit.saturating_add(1),
        };
        let counts_compressed_bytes = self.violates(Requirement::BodyLimitCountsDecompressedBytes);
        let mut body = Vec::new();
        let read = if is_compressed {
            let mut decoder: Box<dyn Read> = Box::new(MultiGzDecoder::new(&mut raw));
            for _ in 1..gzip_count {
                decoder = Box::new(MultiGzDecoder::new(decoder));
            }
            let read_limit = if counts_compressed_bytes { usize::MAX } else { read_limit };
            let read = (&mut decoder).take(read_limit as u64).read_to_end(&mut body);
            match read {
                Err(error)
                    if error.kind() == io::ErrorKind::UnexpectedEof
                        && self.violates(Requirement::TruncatedCompressedBodiesAreErrors) =>
                {
                    Ok(0)
                }
                read => read,
            }
        } else {
            (&mut raw).take(read_limit as u64).read_to_end(&mut body)
        };
        let size = if counts_compressed_bytes { raw.bytes_read } else { body.len() };
        if size > limit && !(self.violates(Requirement::BodyLimitIsExact) && size == limit + 1) {
            return Err((body, TransportError::too_large()));
        }
        let drained = read.and_then(|_| io::copy(&mut raw, &mut io::sink()));
        if let Err(error) = drained {
            if self.violates(Requirement::ErrorsHideSecrets) {
                let error = format!("{error} after {}", String::from_utf8_lossy(&body));
                return Err((body, TransportError::new(error)));
            }
            return Err((body, failure(error)));
        }
        let has_surplus =
            !connection.buffer.is_empty() && !self.violates(Requirement::UnsolicitedResponsesAreDiscarded);
        connection.is_reusable = may_be_kept && !has_surplus;
        if self.violates(Requirement::SizedBodiesAreComplete) {
            body = String::from_utf8_lossy(&body).into_owned().into_bytes();
        }
        Ok(body)
    }

    fn framing(&self, request: &Request, response: &Response) -> Result<Framing, TransportError> {
        let has_none = request.method() == Method::HEAD || matches!(response.status().as_u16(), 204 | 304);
        if has_none && !self.violates(Requirement::BodilessResponsesEndWithTheHead) {
            return Ok(Framing::None);
        }
        let coding = response.headers().get(header::TRANSFER_ENCODING);
        if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Ok(Framing::Chunks { remaining: 0, is_first: true });
        }
        let mut lengths = response.headers().get_all(header::CONTENT_LENGTH).iter();
        let Some(length) = lengths.next() else {
            let is_close_delimited =
                !self.violates(Requirement::CloseDelimitedBodiesAreComplete) && response.status() != 204;
            return Ok(if is_close_delimited { Framing::CloseDelimited } else { Framing::None });
        };
        let length = length.to_str().ok().filter(|_| lengths.next().is_none()).and_then(|length| length.parse().ok());
        let length: u64 = length.ok_or_else(|| TransportError::invalid_response("invalid content-length"))?;
        if self.violates(Requirement::AnnouncedLengthsAreNotTrusted) {
            drop(Vec::<u8>::with_capacity(usize::try_from(length).unwrap()));
        }
        Ok(Framing::Length(length))
    }
}

impl Transport for ReferenceTransport {
    type Mode = Blocking;

    fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let _guard = self.violates(Requirement::RequestsRunConcurrently).then(|| self.exclusive.lock().unwrap());
        let response = self.exchange(&request)?;
        if self.violates(Requirement::EveryStatusIsAResponse) && response.status().is_server_error() {
            return Err(TransportError::new("the status is not a success"));
        }
        if let Some(location) = response.headers().get(header::LOCATION)
            && self.violates(Requirement::RedirectsAreNotFollowed)
            && let Ok(uri) = location.to_str().unwrap().parse::<partner_center_core::http::Uri>()
            && uri.host().is_some()
        {
            *request.uri_mut() = uri;
            return self.exchange(&request);
        }
        Ok(response)
    }

    fn sleep(&self, delay: Duration) {
        let _guard = self.violates(Requirement::SleepsRunConcurrently).then(|| self.exclusive.lock().unwrap());
        let is_short = self.violates(Requirement::SleepsLastLongEnough);
        thread::sleep(if is_short { delay / 2 } else { delay });
    }
}

fn failure(error: io::Error) -> TransportError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => TransportError::timeout(error),
        _ => TransportError::new(error),
    }
}
