//! Responses: what an operation returns, and how it is read.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use std::{fmt, time::Duration};

/// The media type of JSON.
const JSON_MEDIA_TYPE: &str = "application/json";

/// A type that a response is read as.
///
/// - A type that is deserialized from JSON, such as a generated one, a `Vec` of them or a custom one. Where the absence of a
///   resource is a result ([`Operation::ADDITIONAL_RESULT_STATUSES`](crate::Operation::ADDITIONAL_RESULT_STATUSES)): an
///   `Option` of such a type, or a `bool` if the response has no body.
/// - [`NoContent`] for a response without a body.
/// - [`Accepted`] for work that the service completes later, [`Completion`] if it may also be completed at once.
/// - [`Text`] and [`Binary`] for other media types.
/// - The generated structs that also have headers of the response.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a response",
    note = "a type that implements `Deserialize` is read from JSON; it must be `Send` and `'static`"
)]
pub trait FromResponse: Sized + Send + 'static {
    /// The media types that the request accepts.
    const ACCEPT: &'static str = JSON_MEDIA_TYPE;

    /// Reads the response of a request that succeeded.
    ///
    /// # Errors
    ///
    /// The body is not of this type.
    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error>;
}

impl<T: DeserializeOwned + Send + 'static> FromResponse for T {
    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        response.json(|json| serde_json::from_str(json))
    }
}

/// A response of the service, as the client hands it to a [`FromResponse`].
pub trait ResponseReader {
    /// The error of a body that cannot be read.
    type Error;

    /// Returns the HTTP status.
    fn status(&self) -> u16;

    /// Returns the value of a header; `None` if it is absent or not ASCII.
    fn header(&self, name: &str) -> Option<&str>;

    /// Returns the wait that the service requests.
    fn retry_after(&self) -> Option<Duration>;

    /// Returns the path and the query of the request.
    fn request_target(&self) -> &str;

    /// Parses the body, which is JSON in any charset. An absent resource is `null`, or else `false`; an empty body is `null`, or
    /// `true` where an absent resource is a result.
    ///
    /// # Errors
    ///
    /// The body is not JSON, or `parse` rejects it.
    fn json<T>(&mut self, parse: impl Fn(&str) -> serde_json::Result<T>) -> Result<T, Self::Error>;

    /// Returns the body as a string.
    ///
    /// # Errors
    ///
    /// The body is invalid in its charset, or truncated.
    fn text(&mut self) -> Result<String, Self::Error>;

    /// Returns the body as it was received.
    ///
    /// # Errors
    ///
    /// The body is truncated.
    fn bytes(&mut self) -> Result<Vec<u8>, Self::Error>;
}

/// The response of an operation that returns no body; a JSON body is accepted and ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoContent;

impl<'de> Deserialize<'de> for NoContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// The response `202 Accepted`: the service has taken the request and completes it later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// Where the state of the work can be read (`Location`), as the service sent it: relative to the base URL, or absolute.
    pub location: Option<String>,
    /// The wait that the service requests before the state is read (`Retry-After`).
    pub retry_after: Option<Duration>,
}

impl FromResponse for Accepted {
    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        Ok(Self { location: response.header("location").map(str::to_owned), retry_after: response.retry_after() })
    }
}

/// The response of an operation that the service completes at once or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion<T> {
    /// The operation is completed, with this result.
    Completed(T),
    /// The service completes it later (status 202).
    Accepted(Accepted),
}

impl<T> Completion<T> {
    /// Returns the result, if the operation is completed.
    pub fn completed(self) -> Option<T> {
        match self {
            Self::Completed(value) => Some(value),
            Self::Accepted(_) => None,
        }
    }
}

impl<T: FromResponse> FromResponse for Completion<T> {
    const ACCEPT: &'static str = T::ACCEPT;

    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        match response.status() {
            202 => Accepted::from_response(response).map(Self::Accepted),
            _ => T::from_response(response).map(Self::Completed),
        }
    }
}

/// A response that is text, such as CSV.
///
/// `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Text {
    /// The text.
    pub text: String,
    /// The content type, such as `text/csv; charset=utf-8`.
    pub content_type: Option<String>,
}

impl FromResponse for Text {
    const ACCEPT: &'static str = "text/*, */*;q=0.1";

    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        let content_type = response.header("content-type").map(str::to_owned);
        Ok(Self { text: response.text()?, content_type })
    }
}

impl fmt::Debug for Text {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, content_type } = self;
        formatter.debug_struct("Text").field("length", &text.len()).field("content_type", content_type).finish()
    }
}

/// A response that is a file, such as a PDF.
///
/// `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binary {
    /// The content.
    pub bytes: Vec<u8>,
    /// The content type, such as `application/pdf`.
    pub content_type: Option<String>,
    /// The name that the service gives to the file, without a folder; a program that saves the file under this name lets the
    /// service choose it.
    pub file_name: Option<String>,
}

impl FromResponse for Binary {
    const ACCEPT: &'static str = "*/*";

    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        let content_type = response.header("content-type").map(str::to_owned);
        let file_name = response.header("content-disposition").and_then(parse_file_name);
        Ok(Self { bytes: response.bytes()?, content_type, file_name })
    }
}

impl fmt::Debug for Binary {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, content_type, file_name } = self;
        let mut binary = formatter.debug_struct("Binary");
        binary.field("length", &bytes.len()).field("content_type", content_type).field("file_name", file_name).finish()
    }
}

/// Returns the file name in a `Content-Disposition` (RFC 6266); `None` if it is not a plain name.
#[inline]
fn parse_file_name(disposition: &str) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    let mut rest = disposition.split_once(';')?.1;
    while let Some((name, value)) = rest.split_once('=') {
        let value = value.trim_start();
        let (value, tail) = if let Some(quoted) = value.strip_prefix('"') {
            split_off_quoted_string(quoted)?
        } else {
            let (value, tail) = value.split_once(';').unwrap_or((value, ""));
            (value.trim().to_owned(), tail)
        };
        match name.trim_matches([' ', ';', '\t']).to_ascii_lowercase().as_str() {
            "filename" => plain = plain.or(Some(value)),
            "filename*" => extended = extended.or_else(|| percent_decode(value.split_once("''")?.1)),
            _ => {}
        }
        rest = tail;
    }
    let is_plain = |name: &String| {
        !matches!(name.as_str(), "" | "." | "..")
            && !name.contains(|character: char| character.is_control() || "/\\:".contains(character))
    };
    extended.or(plain).filter(is_plain)
}

/// Returns the content of a quoted string, whose opening quotation mark is removed, and what follows it.
#[inline]
fn split_off_quoted_string(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

#[inline]
fn percent_decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = encoded.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        (bytes, rest) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digits = [char::from(*high).to_digit(16)?, char::from(*low).to_digit(16)?];
                bytes.push(u8::try_from(digits[0] * 16 + digits[1]).ok()?);
                (bytes, tail)
            }
            (b'%', _) => return None,
            _ => {
                bytes.push(first);
                (bytes, tail)
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_is_read_and_stays_within_its_folder() {
        for (disposition, expected) in [
            ("attachment; filename=invoice.pdf", Some("invoice.pdf")),
            ("attachment; filename=\"an \\\"invoice\\\"; 7.pdf\"; size=7", Some("an \"invoice\"; 7.pdf")),
            ("attachment; size=7; FileName = \"a.pdf\"", Some("a.pdf")),
            ("attachment; filename=\"a.pdf\"; filename*=UTF-8''%C3%A4%20b.pdf", Some("ä b.pdf")),
            ("attachment; filename*=UTF-8''%C3; filename=a.pdf", Some("a.pdf")),
            ("attachment; filename=\"../a.pdf\"", None),
            ("attachment; filename*=UTF-8''..%2Fa.pdf", None),
            ("attachment; filename=\"C:\\\\a.pdf\"", None),
            ("attachment; filename=..", None),
            ("attachment; filename=\"\"", None),
            ("attachment; filename=\"open", None),
            ("attachment", None),
            ("", None),
        ] {
            assert_eq!(parse_file_name(disposition).as_deref(), expected, "{disposition}");
        }
    }
}
