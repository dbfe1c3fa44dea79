//! A connection and what comes of it.

use std::{
    collections::VecDeque,
    io::{self, Read, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

/// A connection, and what came of it but was not read yet.
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    /// What has come and was not read yet.
    pub(super) buffer: VecDeque<u8>,
    pub(super) clock: Clock,
    /// Whether the answer was read to its end, and no more than that came.
    pub(super) is_clean: bool,
    pub(super) is_used_again: bool,
    pub(super) is_unused: bool,
}

impl Wire {
    pub(super) fn connect(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        Ok(Self {
            stream,
            buffer: VecDeque::new(),
            clock: Clock::Stopped,
            is_clean: false,
            is_used_again: false,
            is_unused: true,
        })
    }

    /// Whether the other side neither closed it nor sent something meanwhile.
    pub(super) fn is_silent(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// How long the next bytes may take.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = match self.clock {
            Clock::Stopped => return Ok(None),
            Clock::Anew(timeout) => timeout,
            Clock::Until(until) => until.saturating_duration_since(Instant::now()),
        };
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }

    pub(super) fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(self.left()?)?;
            let sent = self.stream.write(bytes)?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// A line without its end, of at most `limit` bytes.
    pub(super) fn line(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\n") {
            if line.len() >= limit {
                return Err(io::Error::other("too long a line"));
            }
            if self.read(&mut byte)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            line.push(byte[0]);
        }
        line.pop();
        line.pop_if(|byte| *byte == b'\r');
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

/// When time is up.
pub(super) enum Clock {
    Until(Instant),
    /// The clock starts anew with all that comes.
    Anew(Duration),
    Stopped,
}

/// Where a body ends.
pub(super) enum Framing {
    None,
    Length(u64),
    Chunks { left: u64, is_first: bool },
    Open,
}

/// A body on its way.
pub(super) struct Body<'a> {
    pub(super) wire: &'a mut Wire,
    pub(super) framing: Framing,
    pub(super) is_short_fine: bool,
    pub(super) is_strict: bool,
    pub(super) count: usize,
}

impl Body<'_> {
    /// How many bytes may be read now.
    fn initial_capacity(&mut self) -> io::Result<u64> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        match &mut self.framing {
            Framing::Open => Ok(u64::MAX),
            Framing::Length(left) | Framing::Chunks { left, .. } if *left > 0 => Ok(*left),
            Framing::None | Framing::Length(_) => Ok(0),
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
        let room = match self.initial_capacity() {
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
