//! Reads text files and standard input as the editors and shells of every operating system write them.
//!
//! Notepad and Windows PowerShell begin UTF-8 with a byte order mark, and `>` in Windows PowerShell writes UTF-16.

use partner_center::Secret;
use std::{
    error::Error as StdError,
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};
use zeroize::Zeroizing;

/// The maximum size of a configuration or secret file in bytes; a token has a few kilobytes.
const MAX_SMALL_FILE_SIZE: usize = 1 << 20;

/// The number of bytes that are read at a time.
const READ_CHUNK_SIZE: usize = 8 << 10;

/// Reads a small file, without its byte order mark.
///
/// The content may be a secret: no error shows any of it. An error about the content has a [`TextError`] as its source.
pub(crate) fn read_small_text_file(path: &Path) -> io::Result<Secret> {
    read_small_text(File::open(path)?)
}

/// Reads a small text like [`read_small_text_file`].
pub(crate) fn read_small_text(input: impl Read) -> io::Result<Secret> {
    let mut text = Zeroizing::new(Vec::with_capacity(READ_CHUNK_SIZE));
    Utf8Converter::new(input).take(MAX_SMALL_FILE_SIZE as u64 + 1).read_to_end(&mut text)?;
    if text.len() > MAX_SMALL_FILE_SIZE {
        return Err(TextError::TooLarge.into());
    }
    // The reader returns only UTF-8.
    let text = str::from_utf8(&text).map_err(|_| TextError::UnknownEncoding)?;
    Ok(Secret::new(text))
}

/// Checks that `text` is a single value, such as a secret; returns it without surrounding white space.
pub(crate) fn trim_and_check_single_value(text: &Secret) -> Result<Secret, TextError> {
    let text = text.expose().trim();
    let first_word = text.split_whitespace().next().unwrap_or_default();
    Err(if text.is_empty() {
        TextError::Empty
    } else if first_word.eq_ignore_ascii_case("bearer") {
        TextError::BearerPrefix
    } else if QUOTATION_MARKS.into_iter().any(|(opening, closing)| text.starts_with(opening) && text.ends_with(closing))
    {
        TextError::Quoted
    } else if text.starts_with('{') && text.ends_with('}') {
        TextError::Json
    } else if text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        TextError::SeveralLines
    } else if let Some(character) = text.chars().find(|character| is_invisible_character(*character)) {
        TextError::Invisible(character)
    } else {
        return Ok(Secret::new(text));
    })
}

/// The quotation marks of shells, JSON and word processors.
const QUOTATION_MARKS: [(char, char); 4] =
    [('"', '"'), ('\'', '\''), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];

/// Whether an editor shows nothing for the character, although it is not white space.
fn is_invisible_character(character: char) -> bool {
    character.is_control() || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Why a text is not usable. It shows nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextError {
    Binary,
    Utf16WithoutMark,
    Utf32,
    UnknownEncoding,
    TooLarge,
    Empty,
    BearerPrefix,
    Quoted,
    Json,
    SeveralLines,
    Invisible(char),
}

impl fmt::Display for TextError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Binary => "it is binary data, not text",
            Self::Utf16WithoutMark => "it is UTF-16 without a byte order mark; save it as UTF-8",
            Self::Utf32 => "it is UTF-32; save it as UTF-8",
            Self::UnknownEncoding => "it is neither UTF-8 nor UTF-16 with a byte order mark; save it as UTF-8",
            Self::TooLarge => "it is larger than 1 MiB",
            Self::Empty => "it is empty",
            Self::BearerPrefix => "it begins with the word `Bearer`; remove that",
            Self::Quoted => "it is enclosed in quotation marks; remove them",
            Self::Json => "it is a JSON object; take the value out of it",
            Self::SeveralLines => "it has several lines, but must have one",
            Self::Invisible(character) => {
                return write!(formatter, "it contains the invisible character U+{:04X}", u32::from(*character));
            }
        })
    }
}

impl StdError for TextError {}

impl From<TextError> for io::Error {
    fn from(error: TextError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// A reader that converts text to UTF-8 without a byte order mark, from the encoding that the mark indicates. Each line end
/// (LF, CR LF or CR alone) becomes LF.
///
/// It returns what was read before it waits for more, and everything before an error before the error.
pub(crate) struct Utf8Converter<R> {
    input: R,
    /// The encoding, once the beginning of the input was read.
    encoding: Option<TextEncoding>,
    /// Bytes that are not decoded yet.
    raw: Zeroizing<Vec<u8>>,
    /// Decoded text, of which the first `returned` bytes have been returned.
    decoded: Zeroizing<Vec<u8>>,
    returned: usize,
    /// Whether the last decoded character is a CR, which a LF may complete.
    ends_with_cr: bool,
    is_at_end: bool,
    error: Option<TextError>,
}

#[derive(Clone, Copy, Debug)]
enum TextEncoding {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
}

impl<R: Read> Utf8Converter<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            encoding: None,
            raw: Zeroizing::new(Vec::with_capacity(2 * READ_CHUNK_SIZE)),
            decoded: Zeroizing::new(Vec::with_capacity(4 * READ_CHUNK_SIZE)),
            returned: 0,
            ends_with_cr: false,
            is_at_end: false,
            error: None,
        }
    }

    /// Reads and decodes one chunk.
    fn read_and_decode_chunk(&mut self) -> io::Result<()> {
        let filled = self.raw.len();
        self.raw.resize(filled + READ_CHUNK_SIZE, 0);
        let read = self.input.read(&mut self.raw[filled..]);
        self.raw.truncate(filled + read.as_ref().map_or(0, |count| *count));
        self.is_at_end = read? == 0;
        (self.returned, self.error) = (0, None);
        self.decoded.clear();
        let Some(encoding) = self.detect_encoding_and_remove_byte_order_mark() else { return Ok(()) };
        let outcome = match encoding {
            TextEncoding::Utf8 => self.decode_utf8(),
            TextEncoding::Utf16(unit) => self.decode_utf16(unit),
        };
        self.error = outcome.err();
        self.convert_line_ends();
        Ok(())
    }

    fn convert_line_ends(&mut self) {
        let ends_with_cr = &mut self.ends_with_cr;
        self.decoded.retain_mut(|byte| {
            let is_rest_of_line_end = *ends_with_cr && *byte == b'\n';
            *ends_with_cr = *byte == b'\r';
            if *ends_with_cr {
                *byte = b'\n';
            }
            !is_rest_of_line_end
        });
    }

    /// Determines the encoding as soon as enough was read, and removes the byte order mark.
    fn detect_encoding_and_remove_byte_order_mark(&mut self) -> Option<TextEncoding> {
        const BYTE_ORDER_MARKS: [(&[u8], TextEncoding); 3] = [
            (b"\xef\xbb\xbf", TextEncoding::Utf8),
            (b"\xff\xfe", TextEncoding::Utf16(u16::from_le_bytes)),
            (b"\xfe\xff", TextEncoding::Utf16(u16::from_be_bytes)),
        ];
        if self.encoding.is_none() {
            let is_unsure = |(mark, _): &(&[u8], _)| self.raw.len() < mark.len() && mark.starts_with(&self.raw);
            if BYTE_ORDER_MARKS.iter().any(is_unsure) && !self.is_at_end {
                return None;
            }
            let found = BYTE_ORDER_MARKS.into_iter().find(|(mark, _)| self.raw.starts_with(mark));
            let (mark, encoding) = found.unwrap_or((b"", TextEncoding::Utf8));
            self.raw.drain(..mark.len());
            self.encoding = Some(encoding);
        }
        self.encoding
    }

    fn decode_utf8(&mut self) -> Result<(), TextError> {
        let (length, error) = match str::from_utf8(&self.raw) {
            Ok(text) => (text.len(), None),
            Err(error) if error.error_len().is_none() && !self.is_at_end => (error.valid_up_to(), None),
            Err(error) => (error.valid_up_to(), Some(TextError::UnknownEncoding)),
        };
        let (length, error) = match self.raw[..length].iter().position(|byte| *byte == 0) {
            Some(position) => (position, Some(error_for_binary_bytes(&self.raw))),
            None => (length, error),
        };
        self.decoded.extend_from_slice(&self.raw[..length]);
        self.raw.drain(..length);
        error.map_or(Ok(()), Err)
    }

    fn decode_utf16(&mut self, unit: fn([u8; 2]) -> u16) -> Result<(), TextError> {
        let units = self.raw.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let mut units: Zeroizing<Vec<_>> = Zeroizing::new(units.collect());
        // The first half of a surrogate pair waits for the second.
        if !self.is_at_end && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
        }
        let mut buffer = [0; 4];
        for character in char::decode_utf16(units.iter().copied()) {
            match character {
                Ok('\0') if self.decoded.is_empty() => return Err(TextError::Utf32),
                Ok('\0') => return Err(TextError::Binary),
                Ok(character) => self.decoded.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
                Err(_) => return Err(TextError::UnknownEncoding),
            }
        }
        self.raw.drain(..units.len() * 2);
        if self.is_at_end && !self.raw.is_empty() { Err(TextError::UnknownEncoding) } else { Ok(()) }
    }
}

/// Classifies bytes with zeros among them, which text in UTF-8 does not have.
fn error_for_binary_bytes(bytes: &[u8]) -> TextError {
    // In UTF-16, every other byte of Latin text is zero.
    let zeros = |parity: usize| bytes.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let is_utf16 = |zeros: usize, others: usize| others == 0 && zeros * 4 >= bytes.len();
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => TextError::Utf32,
        _ if is_utf16(zeros(0), zeros(1)) || is_utf16(zeros(1), zeros(0)) => TextError::Utf16WithoutMark,
        _ => TextError::Binary,
    }
}

impl<R: Read> Read for Utf8Converter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = &self.decoded[self.returned..];
            if !left.is_empty() || buffer.is_empty() {
                let count = left.len().min(buffer.len());
                buffer[..count].copy_from_slice(&left[..count]);
                self.returned += count;
                return Ok(count);
            }
            match self.error {
                Some(error) => return Err(error.into()),
                None if self.is_at_end => return Ok(0),
                None => self.read_and_decode_chunk()?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Returns a fixed number of bytes at a time.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buffer.len());
            self.0.take(count as u64).read(buffer).inspect(|count| self.0 = &self.0[*count..])
        }
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn text_is_decoded_from_every_encoding() {
        for (count, sizes) in
            [(5, [1, 2, 3, 5]), (5000, [READ_CHUNK_SIZE - 1, READ_CHUNK_SIZE, READ_CHUNK_SIZE + 1, usize::MAX])]
        {
            let text = format!("secret~Ünï 東京 🥐\r\n{}\r\r\n\n\r", "x🥐".repeat(count));
            let expected = text.replace("\r\n", "\n").replace('\r', "\n");
            let marked = format!("\u{feff}{text}");
            for bytes in [
                text.clone().into_bytes(),
                marked.clone().into_bytes(),
                utf16(&marked, u16::to_le_bytes),
                utf16(&marked, u16::to_be_bytes),
            ] {
                for size in sizes {
                    let mut read = String::new();
                    Utf8Converter::new(Dripping(&bytes, size)).read_to_string(&mut read).unwrap();
                    assert!(read == expected, "{size}: {:?}", &read[..read.len().min(40)]);
                }
            }
        }
        for nothing in [&b""[..], b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"] {
            assert_eq!(Utf8Converter::new(nothing).read_to_end(&mut Vec::new()).unwrap(), 0, "{nothing:?}");
        }
    }

    #[test]
    fn undecodable_text_is_an_error_after_the_text_before_it() {
        let utf32 = |text: &str| text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect();
        for (bytes, expected, error) in [
            (b"abc\nd\xe9f".to_vec(), "abc\nd", TextError::UnknownEncoding),
            (b"abc\xc3".to_vec(), "abc", TextError::UnknownEncoding),
            (b"\xef\xbb".to_vec(), "", TextError::UnknownEncoding),
            (b"PK\x03\x04\x00\x00\x08\x00".to_vec(), "PK\u{3}\u{4}", TextError::Binary),
            (b"\x1f\x8b\x08".to_vec(), "\u{1f}", TextError::UnknownEncoding),
            (utf16("secret\r\n", u16::to_le_bytes), "s", TextError::Utf16WithoutMark),
            (utf16("secret\r\n", u16::to_be_bytes), "", TextError::Utf16WithoutMark),
            (utf32("\u{feff}secret"), "", TextError::Utf32),
            (b"\xff\xfea\0b".to_vec(), "a", TextError::UnknownEncoding),
            (b"\xff\xfea\0\x3d\xd8".to_vec(), "a", TextError::UnknownEncoding),
        ] {
            let mut read = Vec::new();
            let found = Utf8Converter::new(&bytes[..]).read_to_end(&mut read).unwrap_err();
            assert_eq!(found.get_ref().and_then(|error| error.downcast_ref()), Some(&error), "{bytes:?}");
            assert_eq!(String::from_utf8(read).unwrap(), expected);
        }
    }

    #[test]
    fn file_is_small_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, b"\xff\xfes\0\r\0\n\0").unwrap();
        assert_eq!(read_small_text_file(&path).unwrap().expose(), "s\n");
        fs::write(&path, "x".repeat(MAX_SMALL_FILE_SIZE)).unwrap();
        assert_eq!(read_small_text_file(&path).unwrap().expose().len(), MAX_SMALL_FILE_SIZE);
        fs::write(&path, "x".repeat(MAX_SMALL_FILE_SIZE + 1)).unwrap();
        assert_eq!(read_small_text_file(&path).unwrap_err().to_string(), TextError::TooLarge.to_string());
        assert!(read_small_text_file(folder.path()).is_err());
    }

    #[test]
    fn value_is_trimmed_or_rejected_with_a_reason() {
        let check = |text: &str| trim_and_check_single_value(&Secret::new(text));
        for text in ["hush", " \t hush\r\n", "hush\u{85}", "\u{a0}hush\u{2028}", "\n\nhush\n"] {
            assert_eq!(check(text).unwrap().expose(), "hush", "{text:?}");
        }
        // Secrets that were chosen by hand may hold blanks and single quotation marks.
        for text in ["hu sh", "\"hush", "hu'sh'", "bearers", "{hush"] {
            assert_eq!(check(text).unwrap().expose(), text);
        }
        for (text, error) in [
            ("", TextError::Empty),
            (" \r\n\u{85}", TextError::Empty),
            ("Bearer hush", TextError::BearerPrefix),
            ("bearer\thush\n", TextError::BearerPrefix),
            ("\"hush\"\n", TextError::Quoted),
            ("'hush'", TextError::Quoted),
            ("“hush”", TextError::Quoted),
            ("{\"access_token\": \"hush\"}\n", TextError::Json),
            ("hush\nhush\n", TextError::SeveralLines),
            ("hush\u{200b}", TextError::Invisible('\u{200b}')),
            ("hu\u{1b}sh", TextError::Invisible('\u{1b}')),
        ] {
            assert_eq!(check(text).err(), Some(error), "{text:?}");
            assert!(!error.to_string().contains("hush"));
        }
    }
}
