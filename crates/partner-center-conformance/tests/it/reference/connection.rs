//! A connection with deadlines for reads and writes, and the framing of bodies on it.

use std::{
    collections::VecDeque,
    io::{self, Read, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

/// A connection with a buffer of received bytes.
pub(super) struct RawConnection {
    pub(super) stream: TcpStream,
    /// Bytes received but not read yet.
    pub(super) buffer: VecDeque<u8>,
    pub(super) io_timeout: IoTimeout,
    /// Whether the response was read completely and nothing else was received.
    pub(super) is_reusable: bool,
    pub(super) is_reused: bool,
    pub(super) has_received_nothing: bool,
}

impl RawConnection {
    pub(super) fn connect(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        Ok(Self {
            stream,
            buffer: VecDeque::new(),
            io_timeout: IoTimeout::Unlimited,
            is_reusable: false,
            is_reused: false,
            has_received_nothing: true,
        })
    }

    /// Whether the server has neither closed the connection nor sent anything.
    pub(super) fn is_idle(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Returns the timeout of the next read or write.
    fn remaining(&self) -> io::Result<Option<Duration>> {
        let remaining = match self.io_timeout {
            IoTimeout::Unlimited => return Ok(None),
            IoTimeout::PerOperation(timeout) => timeout,
            IoTimeout::Until(deadline) => deadline.saturating_duration_since(Instant::now()),
        };
        if remaining.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(remaining)) }
    }

    pub(super) fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(self.remaining()?)?;
            let sent = self.stream.write(bytes)?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// Reads a line of at most `limit` bytes, and returns it without its end.
    pub(super) fn line(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\n") {
            if line.len() >= limit {
                return Err(io::Error::other("the line is too long"));
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

impl Read for RawConnection {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            self.stream.set_read_timeout(self.remaining()?)?;
            let mut more = vec![0; 1 << 16];
            let count = self.stream.read(&mut more)?;
            self.buffer.extend(&more[..count]);
        }
        let count = self.buffer.read(into)?;
        self.has_received_nothing &= count == 0;
        Ok(count)
    }
}

/// The timeout of reads and writes.
pub(super) enum IoTimeout {
    Until(Instant),
    /// Each read and write has this timeout.
    PerOperation(Duration),
    Unlimited,
}

/// The rule by which a body ends.
pub(super) enum Framing {
    None,
    Length(u64),
    Chunks { remaining: u64, is_first: bool },
    CloseDelimited,
}

/// A body being received.
pub(super) struct Body<'a> {
    pub(super) connection: &'a mut RawConnection,
    pub(super) framing: Framing,
    pub(super) accepts_truncation: bool,
    pub(super) rejects_extensions: bool,
    pub(super) bytes_read: usize,
}

impl Body<'_> {
    /// Returns the number of bytes that belong to the body and can be read next.
    fn available(&mut self) -> io::Result<u64> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        match &mut self.framing {
            Framing::CloseDelimited => Ok(u64::MAX),
            Framing::Length(remaining) | Framing::Chunks { remaining, .. } if *remaining > 0 => Ok(*remaining),
            Framing::None | Framing::Length(_) => Ok(0),
            Framing::Chunks { is_first, remaining } => {
                if !std::mem::take(is_first) && !self.connection.line(2)?.is_empty() {
                    return Err(invalid());
                }
                let line = self.connection.line(1000)?;
                let size = line.split(|byte| *byte == b';' && !self.rejects_extensions).next().unwrap_or_default();
                let size = std::str::from_utf8(size).map_err(|_| invalid())?;
                *remaining = u64::from_str_radix(size, 16).map_err(|_| invalid())?;
                if *remaining > 0 {
                    return Ok(*remaining);
                }
                while !self.connection.line(1000)?.is_empty() {}
                self.framing = Framing::None;
                Ok(0)
            }
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = match self.available() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.accepts_truncation => 0,
            available => available?,
        };
        let max = into.len().min(usize::try_from(available).unwrap_or(usize::MAX));
        if max == 0 {
            return Ok(0);
        }
        let count = self.connection.read(&mut into[..max])?;
        self.bytes_read += count;
        match &mut self.framing {
            Framing::Length(remaining) | Framing::Chunks { remaining, .. } if count > 0 => *remaining -= count as u64,
            Framing::Length(_) | Framing::Chunks { .. } if !self.accepts_truncation => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            _ => {}
        }
        Ok(count)
    }
}
