//! Compression, for a transport over an HTTP library that is to leave bodies alone.

use crate::{
    Limits, Request, TransportError,
    http::{HeaderMap, HeaderValue, header},
};
use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use std::{fmt, io};

/// Asks for gzip, unless `request` says by itself what it accepts.
///
/// Nor is it asked for when `request` has a body: it is one for a token then, and of what is decompressed there are copies that
/// nobody overwrites.
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
    /// The last coding, which is undone first, if there is another one below it.
    outer: Option<Outer>,
    inner: Inner,
}

/// A coding around another one, of which a piece at a time is undone.
struct Outer {
    gzip: Gzip,
    piece: Vec<u8>,
    /// How many bytes have come out of it.
    length: usize,
}

/// The coding of the body itself.
struct Inner {
    limits: Limits,
    /// How many bytes are on their way, so it is said.
    announced: Option<u64>,
    gzip: Gzip,
    body: Vec<u8>,
}

/// Gzip is one member or several, one after the other: this one has begun and not ended.
#[derive(Default)]
struct Gzip {
    member: Option<Decompress>,
}

impl Gzip {
    /// Decompresses of `bytes` what there is room for in `output`, and says how many of them were taken.
    fn decompress(&mut self, bytes: &[u8], output: &mut Vec<u8>) -> Result<usize, TransportError> {
        let member = self.member.get_or_insert_with(|| Decompress::new_gzip(WINDOW_BITS));
        let before = member.total_in();
        let status = member.decompress_vec(bytes, output, FlushDecompress::None);
        let taken = usize::try_from(member.total_in() - before).map_err(TransportError::new)?;
        if status.map_err(TransportError::new)? == Status::StreamEnd {
            self.member = None;
        }
        Ok(taken)
    }

    /// Whether something may have been decompressed that there was no room for.
    fn holds_back(&self, output: &Vec<u8>) -> bool {
        self.member.is_some() && is_full(output)
    }
}

fn is_full(output: &Vec<u8>) -> bool {
    output.len() == output.capacity()
}

/// How much longer than in gzip a page of customers is, about.
const USUAL_RATIO: u64 = 10;

/// How much room is made for what comes out, at least.
const LEAST_ROOM: usize = 1 << 12;

/// How often a body may be compressed: by the service, and once more by a proxy.
const MAX_CODINGS: usize = 2;

/// How many bytes of an outer coding are undone at a time.
const PIECE: usize = 1 << 14;

/// How far back gzip may point, as the number of bits of a distance.
const WINDOW_BITS: u8 = 15;

impl Decompression {
    /// What is to be undone of a response with `headers`: `None` if it is not labelled as gzip, or as something else besides.
    /// If it is, the headers that tell of its coding and its length on the way are taken out. Whoever compresses what is
    /// compressed says so twice, and both are undone; `identity` is nothing to undo.
    #[must_use]
    pub fn of(headers: &mut HeaderMap, limits: Limits) -> Option<Self> {
        let codings = headers.get_all(header::CONTENT_ENCODING);
        let codings = codings.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let mut count = 0;
        for coding in codings.map(<[u8]>::trim_ascii) {
            // The other name is an old one of the same.
            match coding.to_ascii_lowercase().as_slice() {
                b"" | b"identity" => {}
                b"gzip" | b"x-gzip" => count += 1,
                _ => return None,
            }
        }
        if !(1..=MAX_CODINGS).contains(&count) {
            return None;
        }
        headers.remove(header::CONTENT_ENCODING);
        let announced = headers.remove(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let outer = (count > 1).then(|| Outer { gzip: Gzip::default(), piece: Vec::with_capacity(PIECE), length: 0 });
        let inner = Inner { limits, announced, gzip: Gzip::default(), body: Vec::new() };
        Some(Self { outer, inner })
    }

    /// Takes what comes next of the body. An error of the kind `TooLarge` as soon as that decompresses to more than
    /// [`Limits::body`], and of the kind `Exchange` if it is no gzip.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), TransportError> {
        let Self { outer, inner } = self;
        let Some(Outer { gzip, piece, length }) = outer else { return inner.push(bytes) };
        while !bytes.is_empty() || gzip.holds_back(piece) {
            piece.clear();
            let taken = gzip.decompress(bytes, piece)?;
            bytes = bytes.get(taken..).unwrap_or_default();
            *length = length.saturating_add(piece.len());
            // An endless row of empty members is no body, but work.
            if *length > inner.limits.body.saturating_add(inner.limits.body / 8).saturating_add(PIECE) {
                return Err(TransportError::too_large());
            }
            inner.push(piece)?;
        }
        Ok(())
    }

    /// The decompressed body, which has come whole: an error of the kind `Exchange` if it ends early. No bytes at all are an
    /// empty body.
    pub fn finish(self) -> Result<Bytes, TransportError> {
        let is_whole = |gzip: &Gzip| gzip.member.is_none();
        if is_whole(&self.inner.gzip) && self.outer.is_none_or(|outer| is_whole(&outer.gzip)) {
            return Ok(self.inner.body.into());
        }
        Err(TransportError::new(io::Error::from(io::ErrorKind::UnexpectedEof)))
    }
}

impl Inner {
    fn push(&mut self, mut bytes: &[u8]) -> Result<(), TransportError> {
        while !bytes.is_empty() || self.gzip.holds_back(&self.body) {
            if is_full(&self.body) {
                self.make_room();
            }
            let taken = self.gzip.decompress(bytes, &mut self.body)?;
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.body.len() > self.limits.body {
                return Err(TransportError::too_large());
            }
        }
        Ok(())
    }

    /// Up to one byte more than is allowed, by which it is noticed.
    fn make_room(&mut self) {
        let usual = self.announced.map(|length| length.saturating_mul(USUAL_RATIO));
        let wanted = if self.body.is_empty() { self.limits.initial_capacity(usual) } else { self.body.len() };
        let allowed = self.limits.body.saturating_add(1).saturating_sub(self.body.len());
        self.body.reserve_exact(wanted.max(LEAST_ROOM).min(allowed));
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

    fn of(coding: &'static str, limit: usize) -> (Option<Decompression>, HeaderMap) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("100"));
        headers.insert(header::ETAG, HeaderValue::from_static("1"));
        (Decompression::of(&mut headers, Limits { body: limit, ..Limits::default() }), headers)
    }

    fn decompressed(body: &[u8], piece: usize, limit: usize) -> Result<Bytes, TransportErrorKind> {
        decompressed_of("gzip", body, piece, limit)
    }

    fn decompressed_of(
        coding: &'static str,
        body: &[u8],
        piece: usize,
        limit: usize,
    ) -> Result<Bytes, TransportErrorKind> {
        let mut decompression = of(coding, limit).0.unwrap();
        let pushed = body.chunks(piece).try_for_each(|piece| decompression.push(piece));
        pushed.and_then(|()| decompression.finish()).map_err(|error| error.kind())
    }

    #[test]
    fn it_is_asked_for_where_nothing_secret_comes_back() {
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
    fn only_gzip_is_undone() {
        for (coding, is_undone) in [
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
            let (decompression, headers) = of(coding, 100);
            assert_eq!(
                (decompression.is_some(), headers.len()),
                (is_undone, if is_undone { 1 } else { 3 }),
                "{coding}"
            );
        }
    }

    #[test]
    fn codings_of_several_headers_are_one_list() {
        for (codings, is_undone) in [
            (&["gzip", "identity"][..], true),
            (&["identity", "gzip"], true),
            (&["", "gzip"], true),
            (&["gzip", "gzip"], true),
            (&["gzip", "br"], false),
            (&["identity", ""], false),
        ] {
            let mut headers = HeaderMap::new();
            for coding in codings {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
            assert_eq!(Decompression::of(&mut headers, Limits::default()).is_some(), is_undone, "{codings:?}");
            assert_eq!(headers.len(), if is_undone { 0 } else { codings.len() }, "{codings:?}");
        }
    }

    #[test]
    fn what_was_compressed_twice_comes_back() {
        let body: Vec<_> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let twice = compressed(&compressed(&body, 6), 0);
        for piece in [1, 1000, twice.len()] {
            assert_eq!(decompressed_of("gzip, gzip", &twice, piece, body.len()).unwrap(), body);
            let too_large = decompressed_of("gzip, gzip", &twice, piece, body.len() - 1);
            assert_eq!(too_large, Err(TransportErrorKind::TooLarge));
            for length in [1, 20, twice.len() / 2, twice.len() - 1] {
                let cut = decompressed_of("gzip, gzip", &twice[..length], piece, body.len());
                assert_eq!(cut, Err(TransportErrorKind::Exchange), "{length}");
            }
        }
        assert_eq!(decompressed_of("gzip, gzip", b"", 1, 100).unwrap(), "");
        // The inner one ends early, the outer one does not.
        let cut = compressed(&compressed(b"{}", 6)[..10], 6);
        assert_eq!(decompressed_of("gzip, gzip", &cut, 5, 100), Err(TransportErrorKind::Exchange));
        assert_eq!(decompressed_of("gzip, gzip", &compressed(b"{}", 6), 5, 100), Err(TransportErrorKind::Exchange));
    }

    #[test]
    fn bombs_of_two_codings_are_too_large() {
        let empty = compressed(b"", 6);
        for inner in [compressed(&vec![b' '; 5_000_000], 9), empty.repeat(2_000)] {
            let bomb = compressed(&inner, 9);
            assert_eq!(decompressed_of("gzip, gzip", &bomb, 1000, 1000), Err(TransportErrorKind::TooLarge));
        }
    }

    #[test]
    fn nothing_is_an_empty_body() {
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
    fn what_is_no_gzip_is_an_error() {
        let whole = compressed(br#"{"items": []}"#, 6);
        let mut corrupt = whole.clone();
        *corrupt.last_mut().unwrap() ^= 1;
        let cut = (1..whole.len()).map(|length| whole[..length].to_vec());
        let longer = [&whole[..], b"and more"].concat();
        for body in cut.chain([corrupt, longer, b"{}".to_vec()]) {
            for piece in [1, 5, body.len()] {
                assert_eq!(decompressed(&body, piece, 100), Err(TransportErrorKind::Exchange), "{piece} of {body:?}");
            }
        }
    }

    #[test]
    fn the_limit_is_that_of_what_comes_out() {
        for limit in [1, 1_000, 100_000] {
            for (length, fits) in [(limit, true), (limit + 1, false), (limit * 1000, false)] {
                let body = decompressed(&compressed(&vec![b' '; length], 6), 1_000, limit);
                let expected = if fits { Ok(length) } else { Err(TransportErrorKind::TooLarge) };
                assert_eq!(body.map(|body| body.len()), expected, "{length} of {limit}");
            }
        }
    }

    #[test]
    fn what_is_too_large_is_so_as_soon_as_it_has_come() {
        let mut body = compressed(&[b' '; 1_000], 6);
        // What follows the last byte does not come.
        body.truncate(body.len() - 8);
        assert_eq!(of("gzip", 999).0.unwrap().push(&body).unwrap_err().kind(), TransportErrorKind::TooLarge);
        assert!(of("gzip", 1_000).0.unwrap().push(&body).is_ok());
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(bytes: Vec<u8>, level in 0_u32..=9, piece in 1_usize..100) {
            prop_assert_eq!(decompressed(&compressed(&bytes, level), piece, bytes.len()).unwrap(), bytes);
        }

        #[test]
        fn nonsense_is_no_panic(bytes: Vec<u8>, piece in 1_usize..100) {
            match decompressed(&[&b"\x1f\x8b\x08"[..], &bytes].concat(), piece, 1000) {
                Ok(body) => prop_assert!(body.len() <= 1000),
                Err(kind) => prop_assert_ne!(kind, TransportErrorKind::Timeout),
            }
        }
    }
}
