//! A transport by hand, which keeps every promise but the one it is told to break.

use flate2::read::GzDecoder;
use partner_center_conformance::Promise;
use partner_center_core::{
    Blocking, Limits, Request, Response, Transport, TransportError,
    http::{HeaderName, HeaderValue, Method, Version, header},
};
use std::{
    collections::{HashMap, VecDeque},
    io::{self, Read, Write as _},
    net::TcpStream,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

const LARGEST_HEAD: usize = 64 << 10;

#[derive(Default)]
pub(crate) struct Handmade {
    broken: Option<Promise>,
    idle: Mutex<HashMap<String, Vec<Wire>>>,
    cookie: Mutex<Option<HeaderValue>>,
    turn: Mutex<()>,
}

impl Handmade {
    pub(crate) fn breaking(promise: Promise) -> Self {
        Self { broken: Some(promise), ..Self::default() }
    }

    fn breaks(&self, promise: Promise) -> bool {
        self.broken == Some(promise)
    }

    /// Sends and receives, and keeps the connection if it is as good as new.
    fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let uri = request.uri();
        let is_possible = uri.scheme_str() == Some("http") || self.breaks(Promise::ImpossibleRequestsAreErrors);
        let host = uri.authority().filter(|_| is_possible).map(ToString::to_string);
        let host = match host {
            None if self.breaks(Promise::ImpossibleRequestsAreErrors) => return Ok(Response::default()),
            host => host.ok_or_else(|| TransportError::new("that URI leads nowhere"))?,
        };
        let place = if self.breaks(Promise::ServersAreToldApart) { "anywhere".to_owned() } else { host.clone() };
        let until = self.until(request)?;
        let mut wire = self.connection(&place, &host, until)?;
        let response = self.converse(&mut wire, request, &host);
        let response = match response {
            Err(_) if wire.is_unused && self.breaks(Promise::RequestsAreSentOnce) => {
                wire = Wire::connect(&host, until).map_err(failure)?;
                self.converse(&mut wire, request, &host)
            }
            response => response,
        };
        let is_late = response
            .as_ref()
            .is_err_and(|error| matches!(error.kind(), partner_center_core::TransportErrorKind::Timeout));
        let goes_on =
            is_late && (self.breaks(Promise::TimedOutExchangesEnd) || self.breaks(Promise::DroppedExchangesEnd));
        if goes_on {
            thread::spawn(move || {
                let _ = wire.stream.set_read_timeout(None);
                io::copy(&mut wire.stream, &mut io::sink())
            });
        } else if wire.is_clean || is_late && self.breaks(Promise::LateAnswersAreNoAnswers) {
            self.idle.lock().unwrap().entry(place).or_default().push(wire);
        }
        response
    }

    fn until(&self, request: &Request) -> Result<Instant, TransportError> {
        if self.breaks(Promise::TheLongestTimeoutIsOne) {
            let limits: Limits = request.extensions().get().copied().unwrap_or_default();
            return Instant::now().checked_add(limits.timeout).ok_or_else(|| TransportError::new("the clock ends"));
        }
        let timeout = Limits::of(request).timeout;
        if timeout.is_zero() && self.breaks(Promise::NoTimeIsATimeout) {
            return Err(TransportError::new("a socket has no timeout of zero"));
        }
        Ok(Instant::now() + timeout)
    }

    fn connection(&self, place: &str, host: &str, until: Instant) -> Result<Wire, TransportError> {
        let keeps = !self.breaks(Promise::ConnectionsAreKept);
        while let Some(mut wire) = self.idle.lock().unwrap().get_mut(place).filter(|_| keeps).and_then(Vec::pop) {
            let is_careless = self.breaks(Promise::ClosedConnectionsAreNoAnswers)
                || self.breaks(Promise::WhatIsSentUnaskedIsNoAnswer)
                || self.breaks(Promise::LateAnswersAreNoAnswers);
            if is_careless || wire.is_silent() {
                wire.until = until;
                wire.is_used_again = true;
                return Ok(wire);
            }
        }
        Wire::connect(host, until).map_err(|error| match self.breaks(Promise::NobodyThereIsAnError) {
            true => TransportError::timeout(error),
            false => failure(error),
        })
    }

    fn converse(&self, wire: &mut Wire, request: &Request, host: &str) -> Result<Response, TransportError> {
        wire.is_clean = false;
        wire.is_unused = true;
        wire.has_no_clock = self.breaks(Promise::StuckRequestsTimeOut);
        wire.send(&self.head(request, host)).map_err(failure)?;
        wire.send(&self.body(request)).map_err(failure)?;
        wire.has_no_clock = self.breaks(Promise::SilenceTimesOut);
        wire.starts_anew = self.breaks(Promise::DrippingHeadsTimeOut).then(|| Limits::of(request).timeout);
        let mut response = loop {
            let response = self.receive_head(wire)?;
            if !response.status().is_informational() || self.breaks(Promise::InterimAnswersArePassedOver) {
                break response;
            }
        };
        wire.starts_anew = self.breaks(Promise::DrippingBodiesTimeOut).then(|| Limits::of(request).timeout);
        match self.receive_body(wire, request, &response) {
            Ok(body) => *response.body_mut() = body,
            Err((part, _)) if self.breaks(Promise::RefusalsAreWholeOrEmpty) && !response.status().is_success() => {
                *response.body_mut() = part;
            }
            Err(_) if !response.status().is_success() => {}
            Err((_, error)) => return Err(error),
        }
        Ok(response)
    }

    fn head(&self, request: &Request, host: &str) -> Vec<u8> {
        let mut target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
        if self.breaks(Promise::TargetsArriveAsTheyAre) {
            target = target.replace("%20", "+");
        }
        let mut head =
            format!("{} {target} HTTP/1.1\r\nhost: {host}\r\naccept-encoding: gzip\r\n", request.method()).into_bytes();
        for name in request.headers().keys().filter(|name| *name != header::CONTENT_LENGTH) {
            let values = request.headers().get_all(name).iter();
            let count = if self.breaks(Promise::HeadersArriveAsTheyAre) { 1 } else { usize::MAX };
            for value in values.take(count) {
                head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
            }
        }
        if self.breaks(Promise::NoHeaderIsAdded) {
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
        if self.breaks(Promise::BodiesArriveWhole) {
            body.truncate(65_536);
        }
        body
    }

    fn receive_head(&self, wire: &mut Wire) -> Result<Response, TransportError> {
        let is_lenient = self.breaks(Promise::NonsenseIsAnError);
        let mut response = Response::default();
        let mut total = 0;
        let mut lines = Vec::new();
        loop {
            let limit = if self.breaks(Promise::EndlessHeadsEnd) { usize::MAX } else { LARGEST_HEAD - total };
            let line = match wire.line(limit) {
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
        let invalid = |what: &str| match self.breaks(Promise::ErrorsKeepSecrets) {
            true => TransportError::new(format!("{what}: {first}")),
            false => TransportError::new(what.to_owned()),
        };
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
            if name == header::SET_COOKIE && self.breaks(Promise::CookiesAreNotKept) {
                *self.cookie.lock().unwrap() = Some(value.clone());
            }
            if self.breaks(Promise::HeadersComeBackAsTheyAre) {
                response.headers_mut().insert(name, value);
            } else {
                response.headers_mut().append(name, value);
            }
        }
        Ok(response)
    }

    fn takes_nothing_for_an_answer(&self, wire: &Wire) -> bool {
        self.breaks(Promise::LostConnectionsAreErrors)
            || wire.is_used_again && self.breaks(Promise::ClosedConnectionsAreNoAnswers)
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
        let is_short_fine = self.breaks(Promise::BodiesCutShortAreErrors);
        let is_strict = self.breaks(Promise::ChunkedBodiesComeBackWhole);
        let may_be_kept = !is_open
            && response.version() == Version::HTTP_11
            && response.headers().get(header::CONNECTION).is_none_or(|value| value != "close");
        let is_compressed = response.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value == "gzip")
            && !matches!(framing, Framing::None)
            && !self.breaks(Promise::CompressedBodiesComeBackDecompressed);
        let mut raw = Body { wire, framing, is_short_fine, is_strict, count: 0 };
        let beyond = match () {
            () if self.breaks(Promise::TheBodyLimitIsExact) => limit.saturating_add(2),
            () if self.breaks(Promise::EndlessBodiesEnd) => usize::MAX,
            () => limit.saturating_add(1),
        };
        let beyond_travelled = self.breaks(Promise::TheBodyLimitCountsWhatIsDecompressed);
        let mut body = Vec::new();
        let read = if is_compressed {
            let mut decoder = GzDecoder::new(&mut raw);
            let beyond = if beyond_travelled { usize::MAX } else { beyond };
            let read = (&mut decoder).take(beyond as u64).read_to_end(&mut body);
            match read {
                Err(error)
                    if error.kind() == io::ErrorKind::UnexpectedEof
                        && self.breaks(Promise::CompressedBodiesCutShortAreErrors) =>
                {
                    Ok(0)
                }
                read => read,
            }
        } else {
            (&mut raw).take(beyond as u64).read_to_end(&mut body)
        };
        let size = if beyond_travelled { raw.count } else { body.len() };
        if size > limit && !(self.breaks(Promise::TheBodyLimitIsExact) && size == limit + 1) {
            return Err((body, TransportError::too_large()));
        }
        let drained = read.and_then(|_| io::copy(&mut raw, &mut io::sink()));
        if let Err(error) = drained {
            let error = match self.breaks(Promise::ErrorsKeepSecrets) {
                true => TransportError::new(format!("{error} after {}", String::from_utf8_lossy(&body))),
                false => failure(error),
            };
            return Err((body, error));
        }
        let has_surplus = !wire.buffer.is_empty() && !self.breaks(Promise::WhatIsSentUnaskedIsNoAnswer);
        wire.is_clean = may_be_kept && !has_surplus;
        if self.breaks(Promise::BodiesComeBackWhole) {
            body = String::from_utf8_lossy(&body).into_owned().into_bytes();
        }
        Ok(body)
    }

    fn framing(&self, request: &Request, response: &Response) -> Result<Framing, TransportError> {
        let has_none = request.method() == Method::HEAD || matches!(response.status().as_u16(), 204 | 304);
        if has_none && !self.breaks(Promise::NoBodyIsWaitedForInVain) {
            return Ok(Framing::None);
        }
        if response.headers().contains_key(header::TRANSFER_ENCODING) {
            return Ok(Framing::Chunks { left: 0, is_first: true });
        }
        let mut lengths = response.headers().get_all(header::CONTENT_LENGTH).iter();
        let Some(length) = lengths.next() else {
            let is_open = !self.breaks(Promise::BodiesMayEndWithTheConnection) && response.status() != 204;
            return Ok(if is_open { Framing::Open } else { Framing::None });
        };
        let length = length.to_str().ok().filter(|_| lengths.next().is_none()).and_then(|length| length.parse().ok());
        let length: u64 = length.ok_or_else(|| TransportError::new("no valid length"))?;
        if length > 1 << 30 && self.breaks(Promise::AnnouncedLengthsAreNotBelieved) {
            return Err(TransportError::too_large());
        }
        Ok(Framing::Length(length))
    }
}

impl Transport for Handmade {
    type Mode = Blocking;

    fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let _turn = self.breaks(Promise::ManyAreSentAtOnce).then(|| self.turn.lock().unwrap());
        let response = self.exchange(&request)?;
        if self.breaks(Promise::StatusesAreAnswers) && response.status().is_server_error() {
            return Err(TransportError::new("a status that is no success"));
        }
        if let Some(location) = response.headers().get(header::LOCATION)
            && self.breaks(Promise::RedirectsAreNotFollowed)
            && let Ok(uri) = location.to_str().unwrap().parse::<partner_center_core::http::Uri>()
            && uri.host().is_some()
        {
            *request.uri_mut() = uri;
            return self.exchange(&request);
        }
        Ok(response)
    }

    fn sleep(&self, delay: Duration) {
        let _turn = self.breaks(Promise::SleepsPassAtOnce).then(|| self.turn.lock().unwrap());
        let is_short = self.breaks(Promise::SleepsAreLongEnough);
        thread::sleep(if is_short { delay / 2 } else { delay });
    }
}

/// A connection, and what came of it but was not read yet.
struct Wire {
    stream: TcpStream,
    buffer: VecDeque<u8>,
    until: Instant,
    /// Whether the answer was read to its end, and no more than that came.
    is_clean: bool,
    is_used_again: bool,
    is_unused: bool,
    has_no_clock: bool,
    starts_anew: Option<Duration>,
}

impl Wire {
    fn connect(host: &str, until: Instant) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        Ok(Self {
            stream,
            buffer: VecDeque::new(),
            until,
            is_clean: false,
            is_used_again: false,
            is_unused: true,
            has_no_clock: false,
            starts_anew: None,
        })
    }

    /// Whether the other side neither closed it nor sent something meanwhile.
    fn is_silent(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let until = self.starts_anew.map_or(self.until, |timeout| Instant::now() + timeout);
        let left = until.saturating_duration_since(Instant::now());
        match self.has_no_clock {
            true => Ok(None),
            false if left.is_zero() => Err(io::ErrorKind::TimedOut.into()),
            false => Ok(Some(left)),
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(self.left()?)?;
            let sent = self.stream.write(bytes)?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// A line without its end, of at most `limit` bytes.
    fn line(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            if line.len() >= limit {
                return Err(io::Error::other("too long a line"));
            }
            if self.read(&mut byte)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            line.push(byte[0]);
        }
        line.truncate(line.len() - 2);
        Ok(line)
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            self.stream.set_read_timeout(self.left()?)?;
            let mut more = vec![0; 1 << 16];
            let count = self.stream.read(&mut more)?;
            self.buffer.extend(&more[..count]);
        }
        let count = self.buffer.read(into)?;
        self.is_unused &= count == 0;
        Ok(count)
    }
}

/// Where a body ends.
enum Framing {
    None,
    Length(u64),
    Chunks { left: u64, is_first: bool },
    Open,
}

/// A body on its way.
struct Body<'a> {
    wire: &'a mut Wire,
    framing: Framing,
    is_short_fine: bool,
    is_strict: bool,
    count: usize,
}

impl Body<'_> {
    /// How many bytes may be read now.
    fn room(&mut self) -> io::Result<u64> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        match &mut self.framing {
            Framing::None => Ok(0),
            Framing::Open => Ok(u64::MAX),
            Framing::Length(left) | Framing::Chunks { left, .. } if *left > 0 => Ok(*left),
            Framing::Length(_) => Ok(0),
            Framing::Chunks { is_first, left } => {
                if !std::mem::take(is_first) && !self.wire.line(2)?.is_empty() {
                    return Err(invalid());
                }
                let line = self.wire.line(1000)?;
                let size = line.split(|byte| *byte == b';' && !self.is_strict).next().unwrap_or_default();
                let size = std::str::from_utf8(size).map_err(|_| invalid())?;
                *left = u64::from_str_radix(size, 16).map_err(|_| invalid())?;
                if *left > 0 {
                    return Ok(*left);
                }
                while !self.wire.line(1000)?.is_empty() {}
                self.framing = Framing::None;
                Ok(0)
            }
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let room = match self.room() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.is_short_fine => 0,
            room => room?,
        };
        let most = into.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let count = self.wire.read(&mut into[..most])?;
        self.count += count;
        match &mut self.framing {
            Framing::Length(left) | Framing::Chunks { left, .. } if count > 0 => *left -= count as u64,
            Framing::Length(_) | Framing::Chunks { .. } if !self.is_short_fine => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            _ => {}
        }
        Ok(count)
    }
}

fn failure(error: io::Error) -> TransportError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => TransportError::timeout(error),
        _ => TransportError::new(error),
    }
}
