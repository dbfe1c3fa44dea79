//! Gzip, for transports over an HTTP library that leaves bodies as they are.
//!
//! The body is decompressed while it arrives, so that its limit applies to the decompressed size before memory is used for it:
//! a decompression bomb ends with [`TransportError::too_large`]. A proxy may compress a body a second time; two encodings are
//! decompressed, in pieces.

use crate::{
    Limits, Request, TransportError,
    http::{HeaderMap, HeaderValue, header},
};
use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use std::{fmt, io};

/// Sets `Accept-Encoding: gzip`, unless `request` has that header or a body.
///
/// A request with a body is one for a token, whose response must not be decompressed: the decompressor keeps copies of it in
/// memory that are never overwritten.
pub fn accept(request: &mut Request) {
    if request.body().is_empty() {
        request.headers_mut().entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
    }
}

/// Decompresses a body while it arrives.
///
/// ```
/// use partner_center_core::{Limits, gzip::Decompression, http::HeaderMap};
///
/// let mut headers = HeaderMap::new();
/// assert!(Decompression::of(&mut headers, Limits::default()).is_none());
///
/// headers.insert("content-encoding", "gzip".parse()?);
/// let mut decompression = Decompression::of(&mut headers, Limits::default()).ok_or("it is compressed")?;
/// decompression.push(b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xab")?;
/// decompression.push(b"\xae\x05\0C\xbf\xa6\xa3\x02\0\0\0")?;
/// assert_eq!((&decompression.finish()?[..], headers.len()), (&b"{}"[..], 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Decompression {
    /// The encoding that was applied last, if there are two; it is decompressed first.
    outer: Option<OuterCoding>,
    inner: InnerCoding,
}

/// An encoding around another one, decompressed a piece at a time.
struct OuterCoding {
    gzip: GzipDecoder,
    piece: Vec<u8>,
    /// The number of bytes that were decompressed so far.
    length: usize,
}

/// The encoding of the body itself.
struct InnerCoding {
    limits: Limits,
    /// The declared length of the compressed body.
    content_length: Option<u64>,
    gzip: GzipDecoder,
    body: Vec<u8>,
}

/// A gzip stream: one member or several, one after the other. `member` is the one that has begun and not ended.
#[derive(Default)]
struct GzipDecoder {
    member: Option<Decompress>,
}

impl GzipDecoder {
    /// Decompresses as much of `bytes` as fits the capacity of `output`, and returns the number of bytes consumed.
    fn decompress_up_to_capacity(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Result<usize, TransportError> {
        let member = self.member.get_or_insert_with(|| Decompress::new_gzip(GZIP_WINDOW_BITS));
        let before = member.total_in();
        let status = member.decompress_vec(bytes, output, FlushDecompress::None);
        let consumed = usize::try_from(member.total_in() - before).map_err(TransportError::new)?;
        if status.map_err(TransportError::new)? == Status::StreamEnd {
            self.member = None;
        }
        Ok(consumed)
    }

    /// Whether the decompressor may hold bytes that did not fit `output`.
    fn may_have_pending_output(&self, output: &Vec<u8>) -> bool {
        self.member.is_some() && is_buffer_full(output)
    }

    fn is_complete(&self) -> bool {
        self.member.is_none()
    }
}

fn is_buffer_full(output: &Vec<u8>) -> bool {
    output.len() == output.capacity()
}

/// Usual compression ratio of a page of customers.
const USUAL_COMPRESSION_RATIO: u64 = 10;

/// Minimum number of bytes by which the decompressed body grows.
const MIN_BUFFER_GROWTH: usize = 1 << 12;

/// Maximum number of encodings: that of the service, and that of a proxy.
const MAX_CONTENT_ENCODINGS: usize = 2;

/// Size of the pieces in which an outer encoding is decompressed, in bytes.
const OUTER_PIECE_SIZE: usize = 1 << 14;

/// Size of gzip's window, as the number of bits of a distance: the maximum of the format.
const GZIP_WINDOW_BITS: u8 = 15;

impl Decompression {
    /// Returns the decompression of a response with `headers`: `None` if its content encoding is not gzip, or not only gzip.
    ///
    /// Removes the headers of the content encoding and length, which no longer apply. Gzip applied twice, and named twice, is
    /// decompressed twice; `identity` is ignored.
    #[must_use]
    pub fn of(headers: &mut HeaderMap, limits: Limits) -> Option<Self> {
        let encodings = headers.get_all(header::CONTENT_ENCODING);
        let encodings = encodings.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let mut count = 0;
        for encoding in encodings.map(<[u8]>::trim_ascii) {
            match encoding.to_ascii_lowercase().as_slice() {
                b"" | b"identity" => {}
                // `x-gzip` is an old name of the same.
                b"gzip" | b"x-gzip" => count += 1,
                _ => return None,
            }
        }
        if !(1..=MAX_CONTENT_ENCODINGS).contains(&count) {
            return None;
        }
        headers.remove(header::CONTENT_ENCODING);
        let content_length =
            headers.remove(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let outer = (count > 1).then(|| OuterCoding {
            gzip: GzipDecoder::default(),
            piece: Vec::with_capacity(OUTER_PIECE_SIZE),
            length: 0,
        });
        let inner = InnerCoding { limits, content_length, gzip: GzipDecoder::default(), body: Vec::new() };
        Some(Self { outer, inner })
    }

    /// Decompresses the next bytes of the body.
    ///
    /// # Errors
    ///
    /// - [`TooLarge`](crate::TransportErrorKind::TooLarge): the decompressed body exceeds [`Limits::body`].
    /// - [`Exchange`](crate::TransportErrorKind::Exchange): the bytes are not gzip.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), TransportError> {
        let Self { outer, inner } = self;
        let Some(OuterCoding { gzip, piece, length }) = outer else { return inner.decompress_into_body(bytes) };
        while !bytes.is_empty() || gzip.may_have_pending_output(piece) {
            piece.clear();
            let consumed = gzip.decompress_up_to_capacity(bytes, piece)?;
            bytes = bytes.get(consumed..).unwrap_or_default();
            *length = length.saturating_add(piece.len());
            // An endless sequence of empty members has no size, but costs time.
            if *length > inner.limits.body.saturating_add(inner.limits.body / 8).saturating_add(OUTER_PIECE_SIZE) {
                return Err(TransportError::too_large());
            }
            inner.decompress_into_body(piece)?;
        }
        Ok(())
    }

    /// Returns the decompressed body, once all bytes were pushed. No bytes at all are an empty body.
    ///
    /// # Errors
    ///
    /// - [`Exchange`](crate::TransportErrorKind::Exchange): the body is truncated.
    pub fn finish(self) -> Result<Bytes, TransportError> {
        if self.inner.gzip.is_complete() && self.outer.is_none_or(|outer| outer.gzip.is_complete()) {
            return Ok(self.inner.body.into());
        }
        Err(TransportError::new(io::Error::from(io::ErrorKind::UnexpectedEof)))
    }
}

impl InnerCoding {
    fn decompress_into_body(&mut self, mut bytes: &[u8]) -> Result<(), TransportError> {
        while !bytes.is_empty() || self.gzip.may_have_pending_output(&self.body) {
            if is_buffer_full(&self.body) {
                self.grow_body_buffer();
            }
            let consumed = self.gzip.decompress_up_to_capacity(bytes, &mut self.body)?;
            bytes = bytes.get(consumed..).unwrap_or_default();
            if self.body.len() > self.limits.body {
                return Err(TransportError::too_large());
            }
        }
        Ok(())
    }

    /// Grows the capacity of the body, to at most one byte above its limit, which shows that the limit is exceeded.
    fn grow_body_buffer(&mut self) {
        let usual_size = self.content_length.map(|length| length.saturating_mul(USUAL_COMPRESSION_RATIO));
        let growth = if self.body.is_empty() { self.limits.initial_capacity(usual_size) } else { self.body.len() };
        let allowed = self.limits.body.saturating_add(1).saturating_sub(self.body.len());
        self.body.reserve_exact(growth.max(MIN_BUFFER_GROWTH).min(allowed));
    }
}

impl fmt::Debug for Decompression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Decompression").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TransportErrorKind, http};
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use std::io::Write as _;

    fn compressed(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn of(encoding: &'static str, limit: usize) -> (Option<Decompression>, HeaderMap) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("100"));
        headers.insert(header::ETAG, HeaderValue::from_static("1"));
        (Decompression::of(&mut headers, Limits { body: limit, ..Limits::default() }), headers)
    }

    fn decompressed(body: &[u8], piece: usize, limit: usize) -> Result<Bytes, TransportErrorKind> {
        decompressed_of("gzip", body, piece, limit)
    }

    fn decompressed_of(
        encoding: &'static str,
        body: &[u8],
        piece: usize,
        limit: usize,
    ) -> Result<Bytes, TransportErrorKind> {
        let mut decompression = of(encoding, limit).0.unwrap();
        let pushed = body.chunks(piece).try_for_each(|piece| decompression.push(piece));
        pushed.and_then(|()| decompression.finish()).map_err(|error| error.kind())
    }

    #[test]
    fn gzip_is_not_requested_with_a_body() {
        let accepted = |mut request: Request| {
            accept(&mut request);
            request.headers().get("accept-encoding").cloned()
        };
        assert_eq!(accepted(Request::default()).unwrap(), "gzip");
        let identity = http::Request::get("/").header("accept-encoding", "identity").body(Vec::new()).unwrap();
        assert_eq!(accepted(identity).unwrap(), "identity");
        assert_eq!(accepted(Request::new(b"grant_type=refresh_token".to_vec())), None);
    }

    #[test]
    fn only_gzip_is_decompressed() {
        for (encoding, is_decompressed) in [
            ("gzip", true),
            ("GZip", true),
            ("x-gzip", true),
            ("GZIP", true),
            ("gzip, identity", true),
            ("identity,gzip", true),
            (" , gzip ,, ", true),
            ("gzip, gzip", true),
            ("gzip, X-GZip, identity", true),
            ("gzip, gzip, gzip", false),
            ("identity", false),
            ("identity, identity", false),
            ("", false),
            (",", false),
            ("br", false),
            ("gzip, br", false),
            ("br, gzip", false),
            ("gzip;q=1", false),
            ("gzip gzip", false),
        ] {
            let (decompression, headers) = of(encoding, 100);
            assert_eq!(
                (decompression.is_some(), headers.len()),
                (is_decompressed, if is_decompressed { 1 } else { 3 }),
                "{encoding}"
            );
        }
    }

    #[test]
    fn encodings_of_several_headers_are_one_list() {
        for (encodings, is_decompressed) in [
            (&["gzip", "identity"][..], true),
            (&["identity", "gzip"], true),
            (&["", "gzip"], true),
            (&["gzip", "gzip"], true),
            (&["gzip", "br"], false),
            (&["identity", ""], false),
        ] {
            let mut headers = HeaderMap::new();
            for encoding in encodings {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            assert_eq!(Decompression::of(&mut headers, Limits::default()).is_some(), is_decompressed, "{encodings:?}");
            assert_eq!(headers.len(), if is_decompressed { 0 } else { encodings.len() }, "{encodings:?}");
        }
    }

    #[test]
    fn body_compressed_twice_is_decompressed() {
        let body: Vec<_> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let twice = compressed(&compressed(&body, 6), 0);
        for piece in [1, 1000, twice.len()] {
            assert_eq!(decompressed_of("gzip, gzip", &twice, piece, body.len()).unwrap(), body);
            let too_large = decompressed_of("gzip, gzip", &twice, piece, body.len() - 1);
            assert_eq!(too_large, Err(TransportErrorKind::TooLarge));
            for length in [1, 20, twice.len() / 2, twice.len() - 1] {
                let truncated = decompressed_of("gzip, gzip", &twice[..length], piece, body.len());
                assert_eq!(truncated, Err(TransportErrorKind::Exchange), "{length}");
            }
        }
        assert_eq!(decompressed_of("gzip, gzip", b"", 1, 100).unwrap(), "");
        // The inner encoding is truncated, the outer one is not.
        let truncated = compressed(&compressed(b"{}", 6)[..10], 6);
        assert_eq!(decompressed_of("gzip, gzip", &truncated, 5, 100), Err(TransportErrorKind::Exchange));
        assert_eq!(decompressed_of("gzip, gzip", &compressed(b"{}", 6), 5, 100), Err(TransportErrorKind::Exchange));
    }

    #[test]
    fn bombs_of_two_encodings_are_too_large() {
        let empty = compressed(b"", 6);
        for inner in [compressed(&vec![b' '; 5_000_000], 9), empty.repeat(2_000)] {
            let bomb = compressed(&inner, 9);
            assert_eq!(decompressed_of("gzip, gzip", &bomb, 1000, 1000), Err(TransportErrorKind::TooLarge));
        }
    }

    #[test]
    fn no_bytes_are_an_empty_body() {
        assert_eq!(decompressed(b"", 1, 100).unwrap(), "");
        let mut decompression = of("gzip", 100).0.unwrap();
        decompression.push(b"").unwrap();
        assert_eq!(decompression.finish().unwrap(), "");
    }

    #[test]
    fn several_members_are_one_body() {
        let body = [compressed(b"{", 6), compressed(b"", 6), compressed(b"}", 6)].concat();
        for piece in 1..=body.len() {
            assert_eq!(decompressed(&body, piece, 2).unwrap(), "{}", "{piece}");
        }
    }

    #[test]
    fn invalid_gzip_is_an_error() {
        let complete = compressed(br#"{"items": []}"#, 6);
        let mut corrupt = complete.clone();
        *corrupt.last_mut().unwrap() ^= 1;
        let truncated = (1..complete.len()).map(|length| complete[..length].to_vec());
        let longer = [&complete[..], b"and more"].concat();
        for body in truncated.chain([corrupt, longer, b"{}".to_vec()]) {
            for piece in [1, 5, body.len()] {
                assert_eq!(decompressed(&body, piece, 100), Err(TransportErrorKind::Exchange), "{piece} of {body:?}");
            }
        }
    }

    #[test]
    fn limit_applies_to_the_decompressed_size() {
        for limit in [1, 1_000, 100_000] {
            for (length, fits) in [(limit, true), (limit + 1, false), (limit * 1000, false)] {
                let body = decompressed(&compressed(&vec![b' '; length], 6), 1_000, limit);
                let expected = if fits { Ok(length) } else { Err(TransportErrorKind::TooLarge) };
                assert_eq!(body.map(|body| body.len()), expected, "{length} of {limit}");
            }
        }
    }

    #[test]
    fn body_that_exceeds_the_limit_fails_immediately() {
        let mut body = compressed(&[b' '; 1_000], 6);
        // The trailer does not arrive.
        body.truncate(body.len() - 8);
        assert_eq!(of("gzip", 999).0.unwrap().push(&body).unwrap_err().kind(), TransportErrorKind::TooLarge);
        assert!(of("gzip", 1_000).0.unwrap().push(&body).is_ok());
    }

    proptest! {
        #[test]
        fn compressed_body_is_decompressed(bytes: Vec<u8>, level in 0_u32..=9, piece in 1_usize..100) {
            prop_assert_eq!(decompressed(&compressed(&bytes, level), piece, bytes.len()).unwrap(), bytes);
        }

        #[test]
        fn invalid_bytes_never_panic(bytes: Vec<u8>, piece in 1_usize..100) {
            match decompressed(&[&b"\x1f\x8b\x08"[..], &bytes].concat(), piece, 1000) {
                Ok(body) => prop_assert!(body.len() <= 1000),
                Err(kind) => prop_assert_ne!(kind, TransportErrorKind::Timeout),
            }
        }
    }
}
