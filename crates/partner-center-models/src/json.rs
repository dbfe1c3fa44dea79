//! Reading all that the grammar of JSON (RFC 8259) allows, of which `serde_json` rejects some.

use crate::{Secret, reading};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{borrow::Cow, fmt};

/// Reads JSON as `serde_json::from_str` does, and also what the grammar of JSON allows but `serde_json` rejects.
///
/// Services and programs write such JSON: .NET and JavaScript cut a name within an emoji, and leave half a surrogate pair.
/// That costs the one character, not the list. This takes the time of `serde_json::from_str` unless something is amiss; then
/// the JSON is read a second time.
///
/// - Half a surrogate pair, in a string or in the name of a field, becomes U+FFFD.
/// - A value of another type than documented keeps its digits (`1.10` where a string is due, say); `serde_json::from_str` sees
///   its value only, and keeps `1.1`.
/// - A byte order mark at the beginning is skipped.
/// - Where `T` is a custom type: a number beyond the range of `f64` becomes the largest of that sign, arrays and objects nested
///   deeper than 127 become `null`, and of several fields with the same name the last one counts. The generated types keep the
///   former two as they came, in their [`UnknownFields`](crate::UnknownFields).
///
/// Everything that was replaced is in [`ParsedJson::replacements`].
///
/// ```
/// use partner_center_models::{CustomerCollection, from_json};
///
/// let saved = r#"{"items": [{
///     "id": "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c",
///     "companyProfile": {"companyName": "Bakery \ud83e"}
/// }]}"#;
/// let parsed = from_json::<CustomerCollection>(saved)?;
/// assert_eq!(parsed.value.items[0].company_name(), Some("Bakery \u{fffd}"));
/// assert_eq!(
///     parsed.replacements[0].to_string(),
///     "items[0].companyProfile.companyName of 53eb21cb-6b2d-4ee5-9e92-27dfc927e93c: \
///      half of a surrogate pair was replaced by U+FFFD"
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn from_json<T: DeserializeOwned>(json: &str) -> serde_json::Result<ParsedJson<T>> {
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let (first, is_amiss) = reading::watched(|| serde_json::from_str(json));
    match first {
        Ok(value) if !is_amiss => Ok(ParsedJson { value, replacements: Vec::new() }),
        // Of what was cut short there is no other reading.
        Err(error) if error.is_eof() => Err(error),
        first => read_exactly(json, first),
    }
}

/// What [`from_json`] has read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParsedJson<T> {
    /// The value.
    pub value: T,
    /// The first 16 replacements, in order; as a rule there are none.
    pub replacements: Vec<Replacement>,
}

/// Something in JSON that no value can hold, and that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replacement {
    /// Where it stood, such as `items[3].companyProfile.companyName`.
    pub path: String,
    /// The identifier of the innermost object around it that has one: of the customer, as a rule.
    pub id: Option<String>,
    /// What was replaced.
    pub kind: ReplacementKind,
}

/// What was replaced in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplacementKind {
    /// Half of a surrogate pair, by U+FFFD.
    HalfPair,
    /// A number beyond the range of `f64`, by the largest of that sign.
    Number,
    /// An array or object nested deeper than can be read, by `null`.
    Nesting,
}

impl fmt::Display for Replacement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.path.is_empty() { "the value" } else { &self.path })?;
        if let Some(id) = &self.id {
            write!(formatter, " of {id}")?;
        }
        write!(formatter, ": {}", self.kind)
    }
}

impl fmt::Display for ReplacementKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::HalfPair => "half of a surrogate pair was replaced by U+FFFD",
            Self::Number => "a number out of range was replaced by the largest there is",
            Self::Nesting => "a value nested too deep was replaced by null",
        })
    }
}

/// How deep `serde_json` lets arrays and objects be nested.
const MAX_DEPTH: usize = 127;
/// How many replacements are reported, and how long a path or identifier of one may be. The service decides on them.
const MAX_REPLACEMENTS: usize = 16;
const MAX_PATH: usize = 256;
const MAX_ID: usize = 64;
/// The longest JSON that is read by way of a tree, which takes many times its length in memory.
const MAX_TREE: usize = 8 << 20;

/// The second reading; of the generated types each value in full before it is judged.
fn read_exactly<T: DeserializeOwned>(json: &str, first: serde_json::Result<T>) -> serde_json::Result<ParsedJson<T>> {
    let (strings, replacements) = repaired(json, Extent::Strings);
    let mut last = match reading::exactly(|| serde_json::from_str(text_of(json, strings.as_ref()))) {
        Ok(value) => return Ok(ParsedJson { value, replacements }),
        Err(error) => error,
    };
    let first = match first {
        Ok(value) => return Ok(ParsedJson { value, replacements: Vec::new() }),
        Err(error) => error,
    };
    let (all, replacements) = repaired(json, Extent::All);
    let text = text_of(json, all.as_ref());
    if !replacements.is_empty() {
        match reading::exactly(|| serde_json::from_str(text)) {
            Ok(value) => return Ok(ParsedJson { value, replacements }),
            Err(error) => last = error,
        }
    }
    // A derived type rejects what a tree has room for: the same name twice.
    if last.to_string().contains("duplicate field")
        && text.len() <= MAX_TREE
        && let Ok(value) = serde_json::from_str::<Value>(text).and_then(serde_json::from_value)
    {
        return Ok(ParsedJson { value, replacements });
    }
    // The first error tells the place in the JSON as it came; but if that could be repaired, what is wrong is the last one.
    Err(if first.is_data() || !last.is_data() { first } else { last })
}

fn text_of<'a>(json: &'a str, repaired: Option<&'a Secret>) -> &'a str {
    repaired.map_or(json, Secret::expose)
}

/// What is to be replaced.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// Halves of surrogate pairs.
    Strings,
    /// Those, numbers out of range, and what is nested too deep.
    All,
}

/// The JSON with replacements in it, if there are any, and which. It may hold a token, so it is overwritten when dropped.
///
/// One pass, in memory of the size of its result. Whether it is JSON at all is found out by whoever reads the result.
fn repaired(json: &str, extent: Extent) -> (Option<Secret>, Vec<Replacement>) {
    // Halves are replaced by as many bytes, so that a text of those alone is never moved while it grows.
    let mut text = String::with_capacity(json.len());
    let mut place = Place::default();
    let mut is_replaced = false;
    for token in Tokens(json) {
        let is_skipped = extent == Extent::All && place.depth > MAX_DEPTH;
        place.enter(token);
        match token {
            Token::Open(_) if extent == Extent::All && place.depth == MAX_DEPTH + 1 => {
                text.push_str("null");
                place.report(ReplacementKind::Nesting);
                is_replaced = true;
            }
            _ if is_skipped => {}
            Token::String(written) => {
                let whole = without_half_pairs(written);
                text.push_str(&whole);
                if let Cow::Owned(_) = whole {
                    place.report(ReplacementKind::HalfPair);
                    is_replaced = true;
                }
            }
            Token::Scalar(scalar) if extent == Extent::All && is_out_of_range(scalar) => {
                text.push_str(if scalar.starts_with('-') {
                    "-1.7976931348623157e308"
                } else {
                    "1.7976931348623157e308"
                });
                place.report(ReplacementKind::Number);
                is_replaced = true;
            }
            Token::Open(written) | Token::Close(written) | Token::Other(written) | Token::Scalar(written) => {
                text.push_str(written);
            }
        }
        place.leave(token);
    }
    let text = Secret::new(text);
    (is_replaced.then_some(text), place.replacements)
}

fn is_out_of_range(scalar: &str) -> bool {
    is_number(scalar) && scalar.parse::<f64>().is_ok_and(f64::is_infinite)
}

/// Whether a JSON text that is a single value is a number.
pub(crate) fn is_number(json: &str) -> bool {
    json.starts_with(|character: char| character == '-' || character.is_ascii_digit())
}

/// The length of an escape by hexadecimal digits.
const ESCAPE: usize = r"\ud83e".len();

/// Where the escapes stand in a string that are half of a surrogate pair without the other half.
fn half_pairs(string: &str) -> impl Iterator<Item = usize> {
    let bytes = string.as_bytes();
    let unit = move |at: usize| {
        let digits = bytes.get(at..at + ESCAPE)?.strip_prefix(br"\u")?;
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += string.get(at..)?.find('\\')?;
            let escape = at;
            match unit(at) {
                None => at += 2,
                Some(0xD800..0xDC00) if matches!(unit(at + ESCAPE), Some(0xDC00..0xE000)) => at += 2 * ESCAPE,
                Some(0xD800..0xE000) => {
                    at += ESCAPE;
                    return Some(escape);
                }
                Some(_) => at += ESCAPE,
            }
        }
    })
}

/// The JSON of a string, with U+FFFD for each half of a surrogate pair.
fn without_half_pairs(string: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(string);
    for half in half_pairs(string) {
        text.to_mut().replace_range(half..half + ESCAPE, r"\ufffd");
    }
    text
}

/// A part of a JSON text; all of them together are the text.
#[derive(Clone, Copy)]
pub(crate) enum Token<'a> {
    /// `[` or `{`.
    Open(&'a str),
    /// `]` or `}`.
    Close(&'a str),
    /// A string with its quotes.
    String(&'a str),
    /// A number, `true`, `false`, `null`, or what is not JSON.
    Scalar(&'a str),
    /// A comma, a colon, or white space.
    Other(&'a str),
}

/// The parts of a JSON text. That they are in a meaningful order is not checked.
pub(crate) struct Tokens<'a>(pub(crate) &'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let is_delimiter = |byte: &u8| is_space(byte) || b"[]{}:,\"".contains(byte);
        let bytes = self.0.as_bytes();
        let until = |is_end: &dyn Fn(&u8) -> bool| bytes.iter().position(is_end).unwrap_or(bytes.len());
        let (length, token): (_, fn(&'a str) -> Token<'a>) = match bytes.first()? {
            b'[' | b'{' => (1, Token::Open),
            b']' | b'}' => (1, Token::Close),
            b',' | b':' => (1, Token::Other),
            b'"' => (string_length(bytes), Token::String),
            byte if is_space(byte) => (until(&|byte| !is_space(byte)), Token::Other),
            _ => (until(&is_delimiter), Token::Scalar),
        };
        let (token_text, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token(token_text))
    }
}

/// The length of the string that `bytes` begin with, quotes and all.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(length) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\')))
    {
        at += length;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// Where a reader of tokens is in a JSON text, and what was replaced so far.
#[derive(Default)]
struct Place<'a> {
    /// The arrays and objects around it, but for those nested too deep.
    containers: Vec<Container<'a>>,
    depth: usize,
    replacements: Vec<Replacement>,
}

/// An array or object that is open.
struct Container<'a> {
    /// Where it stands: the name of its field, or its number in an array.
    key: Key<'a>,
    /// What comes next.
    next: Key<'a>,
    /// Whether that is the name of a field.
    is_at_name: bool,
    is_object: bool,
    id: Option<String>,
    /// How many replacements there were before it.
    replacements: usize,
}

#[derive(Clone, Copy)]
enum Key<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    /// Goes to `token`.
    fn enter(&mut self, token: Token<'a>) {
        if self.depth > MAX_DEPTH {
            // Nothing is told about what is in there.
            self.depth += usize::from(matches!(token, Token::Open(_)));
            return;
        }
        match (token, self.containers.last_mut()) {
            (Token::Open(bracket), container) => {
                let key = container.map_or(Key::Index(0), |container| container.next);
                self.depth += 1;
                if self.depth <= MAX_DEPTH {
                    let is_object = bracket == "{";
                    self.containers.push(Container {
                        key,
                        next: if is_object { Key::Name("") } else { Key::Index(0) },
                        is_at_name: is_object,
                        is_object,
                        id: None,
                        replacements: self.replacements.len(),
                    });
                }
            }
            (Token::String(name), Some(container)) if container.is_at_name => container.next = Key::Name(name),
            (Token::String(value), Some(container)) => {
                if matches!(container.next, Key::Name(r#""id""# | r#""Id""#)) {
                    container.id = id(value);
                }
            }
            (Token::Other(":"), Some(container)) => container.is_at_name = false,
            (Token::Other(","), Some(container)) => {
                container.is_at_name = container.is_object;
                if let Key::Index(index) = &mut container.next {
                    *index += 1;
                }
            }
            _ => {}
        }
    }

    /// Goes on behind `token`.
    fn leave(&mut self, token: Token<'a>) {
        let Token::Close(_) = token else { return };
        self.depth = self.depth.saturating_sub(1);
        if self.depth < self.containers.len()
            && let Some(container) = self.containers.pop()
            && container.id.is_some()
        {
            let within = self.replacements.iter_mut().skip(container.replacements);
            within.filter(|replacement| replacement.id.is_none()).for_each(|replacement| {
                replacement.id.clone_from(&container.id);
            });
        }
    }

    fn report(&mut self, kind: ReplacementKind) {
        if self.replacements.len() < MAX_REPLACEMENTS {
            self.replacements.push(Replacement { path: self.path(), id: None, kind });
        }
    }

    fn path(&self) -> String {
        let inner = self.containers.iter().skip(1).map(|container| container.key);
        let innermost = self.containers.last().map(|container| container.next);
        let mut path = String::new();
        for key in inner.chain(innermost) {
            match key {
                Key::Index(index) => path.extend(["[", &index.to_string(), "]"]),
                Key::Name(name) => {
                    let name: String = string(name).chars().filter(|character| !character.is_control()).collect();
                    path = crate::described::path(&path, &name);
                }
            }
            if let Some((end, _)) = path.char_indices().nth(MAX_PATH) {
                path.truncate(end);
                path.push('…');
                break;
            }
        }
        path
    }
}

/// The identifier in a JSON string, if it looks like one.
fn id(value: &str) -> Option<String> {
    let id = string(value);
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    (is_plain && (1..=MAX_ID).contains(&id.len())).then(|| id.into_owned())
}

/// The characters of a JSON string, of half a surrogate pair U+FFFD.
pub(crate) fn string(json: &str) -> Cow<'_, str> {
    let inner = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    Cow::Owned(serde_json::from_str(&without_half_pairs(json)).unwrap_or_default())
}

/// The JSON without white space, and its strings as `serde_json` writes them; half a surrogate pair is U+FFFD.
pub(crate) fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for token in Tokens(json) {
        match token {
            Token::String(written) if written.contains('\\') => {
                if half_pairs(written).next().is_some() {
                    reading::notice();
                }
                text.push_str(&Value::from(string(written)).to_string());
            }
            Token::Other(written) if written != "," && written != ":" => {}
            Token::Open(written)
            | Token::Close(written)
            | Token::String(written)
            | Token::Scalar(written)
            | Token::Other(written) => text.push_str(written),
        }
    }
    text
}

#[cfg(test)]
mod tests;
