//! A transport by hand, which keeps every requirement but the one it is told to break.

mod wire;

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
use wire::{Body, Clock, Framing, Wire};

const LARGEST_HEAD: usize = 64 << 10;

#[derive(Default)]
pub(crate) struct Handmade {
    broken: Option<Requirement>,
    idle: Mutex<HashMap<String, Vec<Wire>>>,
    cookie: Mutex<Option<HeaderValue>>,
    turn: Mutex<()>,
}

impl Handmade {
    pub(crate) fn breaking(requirement: Requirement) -> Self {
        Self { broken: Some(requirement), ..Self::default() }
    }

    fn breaks(&self, requirement: Requirement) -> bool {
        self.broken == Some(requirement)
    }

    /// Sends and receives, and keeps the connection if it is as good as new.
    fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let uri = request.uri();
        let host = match uri.authority() {
            Some(host) if uri.scheme_str() == Some("http") => host.to_string(),
            _ if self.breaks(Requirement::ImpossibleRequestsAreErrors) => return Ok(Response::default()),
            _ => return Err(TransportError::new("that URI leads nowhere")),
        };
        let place = if self.breaks(Requirement::ServersAreToldApart) { "anywhere".to_owned() } else { host.clone() };
        let until = self.until(request)?;
        let mut wire = self.connection(&place, &host)?;
        let response = self.converse(&mut wire, request, &host, until);
        let response = match response {
            Err(_) if wire.is_unused && self.breaks(Requirement::RequestsAreSentOnce) => {
                wire = Wire::connect(&host).map_err(failure)?;
                self.converse(&mut wire, request, &host, until)
            }
            response => response,
        };
        let is_late = response.as_ref().is_err_and(|error| error.kind() == TransportErrorKind::Timeout);
        let goes_on = is_late
            && (self.breaks(Requirement::TimedOutExchangesEnd) || self.breaks(Requirement::DroppedExchangesEnd));
        if goes_on {
            thread::spawn(move || {
                let _ = wire.stream.set_read_timeout(None);
                io::copy(&mut wire.stream, &mut io::sink())
            });
        } else if wire.is_clean || is_late && self.breaks(Requirement::LateAnswersAreNoAnswers) {
            let mut idle = self.idle.lock().unwrap();
            let kept = idle.entry(place).or_default();
            if !(self.breaks(Requirement::ManyConnectionsAreKept) && kept.len() == 3) {
                kept.push(wire);
            }
        }
        response
    }

    fn until(&self, request: &Request) -> Result<Instant, TransportError> {
        if self.breaks(Requirement::TheLongestTimeoutIsOne) {
            let limits: Limits = request.extensions().get().copied().unwrap_or_default();
            return Instant::now().checked_add(limits.timeout).ok_or_else(|| TransportError::new("the clock ends"));
        }
        let timeout = Limits::of(request).timeout;
        if timeout.is_zero() && self.breaks(Requirement::NoTimeIsATimeout) {
            return Err(TransportError::new("a socket has no timeout of zero"));
        }
        Ok(Instant::now() + timeout)
    }

    fn connection(&self, place: &str, host: &str) -> Result<Wire, TransportError> {
        let keeps = !self.breaks(Requirement::ConnectionsAreKept);
        while let Some(mut wire) = self.idle.lock().unwrap().get_mut(place).filter(|_| keeps).and_then(Vec::pop) {
            let is_careless = self.breaks(Requirement::ClosedConnectionsAreNoAnswers)
                || self.breaks(Requirement::WhatIsSentUnaskedIsNoAnswer)
                || self.breaks(Requirement::LateAnswersAreNoAnswers);
            if is_careless || wire.is_silent() {
                wire.is_used_again = true;
                return Ok(wire);
            }
        }
        let nobody = if self.breaks(Requirement::NobodyThereIsAnError) { TransportError::timeout } else { failure };
        Wire::connect(host).map_err(nobody)
    }

    fn converse(
        &self,
        wire: &mut Wire,
        request: &Request,
        host: &str,
        until: Instant,
    ) -> Result<Response, TransportError> {
        let timeout = Limits::of(request).timeout;
        wire.is_clean = false;
        wire.is_unused = true;
        wire.clock = if self.breaks(Requirement::StuckRequestsTimeOut) { Clock::Stopped } else { Clock::Until(until) };
        wire.send(&self.head(request, host)).map_err(failure)?;
        wire.send(&self.body(request)).map_err(failure)?;
        wire.clock = match self.broken {
            Some(Requirement::SilenceTimesOut) => Clock::Stopped,
            Some(Requirement::DrippingHeadsTimeOut) => Clock::Anew(timeout),
            _ => Clock::Until(until),
        };
        let mut response = loop {
            let response = self.receive_head(wire)?;
            if !response.status().is_informational() || self.breaks(Requirement::InterimAnswersArePassedOver) {
                break response;
            }
        };
        if self.breaks(Requirement::DrippingBodiesTimeOut) {
            wire.clock = Clock::Anew(timeout);
        }
        match self.receive_body(wire, request, &response) {
            Ok(body) => *response.body_mut() = body.into(),
            Err((part, _)) if self.breaks(Requirement::RefusalsAreWholeOrEmpty) && !response.status().is_success() => {
                *response.body_mut() = part.into();
            }
            Err(_) if !response.status().is_success() => {}
            Err((_, error)) => return Err(error),
        }
        Ok(response)
    }

    fn head(&self, request: &Request, host: &str) -> Vec<u8> {
        let mut target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
        if self.breaks(Requirement::TargetsArriveAsTheyAre) {
            target = target.replace("%20", "+");
        }
        let mut head =
            format!("{} {target} HTTP/1.1\r\nhost: {host}\r\naccept-encoding: gzip\r\n", request.method()).into_bytes();
        for name in request.headers().keys().filter(|name| *name != header::CONTENT_LENGTH) {
            let values = request.headers().get_all(name).iter();
            let count = if self.breaks(Requirement::HeadersArriveAsTheyAre) { 1 } else { usize::MAX };
            for value in values.take(count) {
                head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
            }
        }
        if self.breaks(Requirement::NoHeaderIsAdded) {
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
        if self.breaks(Requirement::BodiesArriveWhole) {
            body.truncate(65_536);
        }
        body
    }

    fn receive_head(&self, wire: &mut Wire) -> Result<Response, TransportError> {
        let is_lenient = self.breaks(Requirement::NonsenseIsAnError);
        let mut response = Response::default();
        let mut total = 0;
        let mut lines = Vec::new();
        loop {
            let limit = if self.breaks(Requirement::EndlessHeadsEnd) { usize::MAX } else { LARGEST_HEAD - total };
            let line = match wire.line(limit) {
                Err(error) if error.kind() == io::ErrorKind::Other => {
                    return Err(TransportError::invalid_response(error));
                }
                Err(error)
                    if error.kind() == io::ErrorKind::UnexpectedEof && self.takes_nothing_for_an_answer(wire) =>
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
        let invalid = |what: &str| {
            let more = if self.breaks(Requirement::ErrorsKeepSecrets) { first.as_str() } else { "" };
            let problem = format!("{what} {more}");
            match self.broken {
                Some(Requirement::OddHeadsAreReadOrNamed) => TransportError::new(problem),
                _ => TransportError::invalid_response(problem),
            }
        };
        if lines.len() > 101 && self.breaks(Requirement::ManyHeadersComeBack) {
            return Err(invalid("more than 100 headers"));
        }
        let (version, status) = first.split_once(' ').unwrap_or_default();
        let status = status.split(' ').next().unwrap_or_default();
        match (version, status.len() == 3, status.parse()) {
            ("HTTP/1.1" | "HTTP/1.0", true, Ok(status)) => *response.status_mut() = status,
            _ if is_lenient => return Ok(response),
            _ => return Err(invalid("no status line")),
        }
        if version == "HTTP/1.0" {
            *response.version_mut() = Version::HTTP_10;
        }
        for line in &lines[1..] {
            let colon =
                line.iter().position(|byte| *byte == b':').ok_or_else(|| invalid("a header without a colon"))?;
            let name = HeaderName::from_bytes(&line[..colon]).map_err(|_| invalid("no header name"))?;
            let value =
                HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).map_err(|_| invalid("no header value"))?;
            if name == header::SET_COOKIE && self.breaks(Requirement::CookiesAreNotKept) {
                *self.cookie.lock().unwrap() = Some(value.clone());
            }
            if self.breaks(Requirement::HeadersComeBackAsTheyAre) {
                response.headers_mut().insert(name, value);
            } else {
                response.headers_mut().append(name, value);
            }
        }
        Ok(response)
    }

    fn takes_nothing_for_an_answer(&self, wire: &Wire) -> bool {
        self.breaks(Requirement::LostConnectionsAreErrors)
            || wire.is_used_again && self.breaks(Requirement::ClosedConnectionsAreNoAnswers)
    }

    /// The body, or what there is of it with what went wrong.
    fn receive_body(
        &self,
        wire: &mut Wire,
        request: &Request,
        response: &Response,
    ) -> Result<Vec<u8>, (Vec<u8>, TransportError)> {
        let limit = Limits::of(request).body;
        let framing = self.framing(request, response).map_err(|error| (Vec::new(), error))?;
        let is_open = matches!(framing, Framing::Open);
        let is_short_fine = self.breaks(Requirement::BodiesCutShortAreErrors);
        let is_strict = self.breaks(Requirement::ChunkedBodiesComeBackWhole);
        let may_be_kept = !is_open
            && response.version() == Version::HTTP_11
            && response.headers().get(header::CONNECTION).is_none_or(|value| value != "close");
        let codings = response.headers().get_all(header::CONTENT_ENCODING).iter();
        let codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let times_compressed = codings.filter(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"gzip")).count();
        let is_compressed = times_compressed > 0
            && !matches!(framing, Framing::None)
            && !self.breaks(Requirement::CompressedBodiesComeBackDecompressed);
        let mut raw = Body { wire, framing, is_short_fine, is_strict, count: 0 };
        let beyond = match () {
            () if self.breaks(Requirement::TheBodyLimitIsExact) => limit.saturating_add(2),
            () if self.breaks(Requirement::EndlessBodiesEnd) => usize::MAX,
            () => limit.saturating_add(1),
        };
        let beyond_travelled = self.breaks(Requirement::TheBodyLimitCountsWhatIsDecompressed);
        let mut body = Vec::new();
        let read = if is_compressed {
            let mut decoder: Box<dyn Read> = Box::new(MultiGzDecoder::new(&mut raw));
            for _ in 1..times_compressed {
                decoder = Box::new(MultiGzDecoder::new(decoder));
            }
            let beyond = if beyond_travelled { usize::MAX } else { beyond };
            let read = (&mut decoder).take(beyond as u64).read_to_end(&mut body);
            match read {
                Err(error)
                    if error.kind() == io::ErrorKind::UnexpectedEof
                        && self.breaks(Requirement::CompressedBodiesCutShortAreErrors) =>
                {
                    Ok(0)
                }
                read => read,
            }
        } else {
            (&mut raw).take(beyond as u64).read_to_end(&mut body)
        };
        let size = if beyond_travelled { raw.count } else { body.len() };
        if size > limit && !(self.breaks(Requirement::TheBodyLimitIsExact) && size == limit + 1) {
            return Err((body, TransportError::too_large()));
        }
        let drained = read.and_then(|_| io::copy(&mut raw, &mut io::sink()));
        if let Err(error) = drained {
            if self.breaks(Requirement::ErrorsKeepSecrets) {
                let error = format!("{error} after {}", String::from_utf8_lossy(&body));
                return Err((body, TransportError::new(error)));
            }
            return Err((body, failure(error)));
        }
        let has_surplus = !wire.buffer.is_empty() && !self.breaks(Requirement::WhatIsSentUnaskedIsNoAnswer);
        wire.is_clean = may_be_kept && !has_surplus;
        if self.breaks(Requirement::BodiesComeBackWhole) {
            body = String::from_utf8_lossy(&body).into_owned().into_bytes();
        }
        Ok(body)
    }

    fn framing(&self, request: &Request, response: &Response) -> Result<Framing, TransportError> {
        let has_none = request.method() == Method::HEAD || matches!(response.status().as_u16(), 204 | 304);
        if has_none && !self.breaks(Requirement::NoBodyIsWaitedForInVain) {
            return Ok(Framing::None);
        }
        let coding = response.headers().get(header::TRANSFER_ENCODING);
        if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Ok(Framing::Chunks { left: 0, is_first: true });
        }
        let mut lengths = response.headers().get_all(header::CONTENT_LENGTH).iter();
        let Some(length) = lengths.next() else {
            let is_open = !self.breaks(Requirement::BodiesMayEndWithTheConnection) && response.status() != 204;
            return Ok(if is_open { Framing::Open } else { Framing::None });
        };
        let length = length.to_str().ok().filter(|_| lengths.next().is_none()).and_then(|length| length.parse().ok());
        let length: u64 = length.ok_or_else(|| TransportError::invalid_response("no valid length"))?;
        if self.breaks(Requirement::AnnouncedLengthsAreNotBelieved) {
            drop(Vec::<u8>::with_capacity(usize::try_from(length).unwrap()));
        }
        Ok(Framing::Length(length))
    }
}

impl Transport for Handmade {
    type Mode = Blocking;

    fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let _turn = self.breaks(Requirement::ManyAreSentAtOnce).then(|| self.turn.lock().unwrap());
        let response = self.exchange(&request)?;
        if self.breaks(Requirement::StatusesAreAnswers) && response.status().is_server_error() {
            return Err(TransportError::new("a status that is no success"));
        }
        if let Some(location) = response.headers().get(header::LOCATION)
            && self.breaks(Requirement::RedirectsAreNotFollowed)
            && let Ok(uri) = location.to_str().unwrap().parse::<partner_center_core::http::Uri>()
            && uri.host().is_some()
        {
            *request.uri_mut() = uri;
            return self.exchange(&request);
        }
        Ok(response)
    }

    fn sleep(&self, delay: Duration) {
        let _turn = self.breaks(Requirement::SleepsPassAtOnce).then(|| self.turn.lock().unwrap());
        let is_short = self.breaks(Requirement::SleepsAreLongEnough);
        thread::sleep(if is_short { delay / 2 } else { delay });
    }
}

fn failure(error: io::Error) -> TransportError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => TransportError::timeout(error),
        _ => TransportError::new(error),
    }
}
