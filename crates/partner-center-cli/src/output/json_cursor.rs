//! A walk through valid JSON, which builds no values: what is printed stays text.
//!
//! What a page consists of has been validated when it was received. Of anything else, the walk ends where it cannot go on.

use std::{borrow::Cow, ops::Range};

/// A position in JSON.
#[derive(Clone)]
pub(super) struct JsonCursor<'a> {
    json: &'a str,
    position: usize,
}

/// A value, as it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReceivedValue<'a> {
    pub(super) json: &'a str,
    /// Whether it has neither white space around its parts nor escapes.
    pub(super) is_compact: bool,
}

impl<'a> JsonCursor<'a> {
    pub(super) fn new(json: &'a str) -> Self {
        Self { json, position: 0 }
    }

    /// Returns the position, in bytes.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Returns a cursor at another position in the same JSON.
    pub(super) fn at_position(&self, position: usize) -> Self {
        Self { position, ..*self }
    }

    /// Returns the first byte of what is next, behind white space.
    pub(super) fn peek_byte_after_white_space(&mut self) -> Option<u8> {
        loop {
            let byte = *self.json.as_bytes().get(self.position)?;
            if !is_white_space(byte) {
                return Some(byte);
            }
            self.position += 1;
        }
    }

    /// Skips `byte`, if that is next.
    pub(super) fn skip_byte(&mut self, byte: u8) -> bool {
        let is_next = self.peek_byte_after_white_space() == Some(byte);
        self.position += usize::from(is_next);
        is_next
    }

    /// Skips `text`, if that is next, just so.
    #[inline]
    pub(super) fn skip_text(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text.as_bytes());
        self.position += if is_next { text.len() } else { 0 };
        is_next
    }

    /// Skips that many bytes.
    pub(super) fn skip_bytes(&mut self, count: usize) {
        self.position += count;
    }

    /// Returns the JSON from the position on.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.json.as_bytes().get(self.position..).unwrap_or_default()
    }

    /// Returns the bytes between two positions.
    #[inline]
    pub(super) fn bytes_between(&self, range: Range<usize>) -> &'a [u8] {
        self.json.as_bytes().get(range).unwrap_or_default()
    }

    /// Returns the JSON between two positions.
    pub(super) fn json_between(&self, range: Range<usize>) -> &'a str {
        self.json.get(range).unwrap_or_default()
    }

    /// Reads the name of the next field of an object, and moves to its value; `None` behind the last field, or if this is not
    /// an object.
    pub(super) fn read_next_field_name(&mut self) -> Option<ReceivedValue<'a>> {
        if self.move_to_next_field() { self.read_name_of_current_field() } else { None }
    }

    /// Moves to the name of the next field of an object; returns false behind the last field, or if this is not an object.
    #[inline]
    pub(super) fn move_to_next_field(&mut self) -> bool {
        if let [b',', b'"', ..] = self.rest() {
            self.position += 1;
            return true;
        }
        self.move_to_next_part(b'{', b'}') && self.peek_byte_after_white_space() == Some(b'"')
    }

    /// Reads the name of the field that the cursor has moved to, and moves to its value.
    pub(super) fn read_name_of_current_field(&mut self) -> Option<ReceivedValue<'a>> {
        let name = self.read_value();
        self.skip_byte(b':').then_some(name)
    }

    /// Moves to the next item of an array; returns false behind the last one, or if this is not an array.
    pub(super) fn move_to_next_item(&mut self) -> bool {
        self.move_to_next_part(b'[', b']')
    }

    /// Moves to the next part of a value between `start` and `end`; returns false behind the last one, where it moves behind the
    /// value.
    fn move_to_next_part(&mut self, start: u8, end: u8) -> bool {
        let is_first = self.skip_byte(start);
        if is_first || self.skip_byte(b',') {
            // One behind a comma is there, unless this is not JSON.
            return !(is_first && self.skip_byte(end)) && self.peek_byte_after_white_space().is_some();
        }
        self.skip_byte(end);
        false
    }

    /// Reads a value, and moves behind it.
    pub(super) fn read_value(&mut self) -> ReceivedValue<'a> {
        let first = self.peek_byte_after_white_space();
        let (start, bytes) = (self.position, self.json.as_bytes());
        let mut is_compact = true;
        match first {
            Some(b'"') => is_compact = !self.skip_string_and_detect_escapes(),
            Some(b'{' | b'[') => {
                let mut depth = 0_usize;
                while let Some(byte) = bytes.get(self.position) {
                    match byte {
                        b'"' => {
                            is_compact &= !self.skip_string_and_detect_escapes();
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        byte => is_compact &= !is_white_space(*byte),
                    }
                    self.position += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => {
                let is_end = |byte: &u8| is_white_space(*byte) || matches!(byte, b',' | b'}' | b']');
                let length = bytes[start..].iter().position(is_end);
                self.position = length.map_or(bytes.len(), |length| start + length);
            }
        }
        ReceivedValue { json: self.json.get(start..self.position).unwrap_or_default(), is_compact }
    }

    /// Finds the field of an object with this name: see [`find_fields`](Self::find_fields).
    pub(super) fn find_field(&self, name: &str) -> Option<ReceivedValue<'a>> {
        self.find_fields(&[name]).pop().flatten()
    }

    /// Finds the fields of an object with these names, which may have other capitals. Of several fields with the same name the
    /// last one counts, and one that is spelled as in `names` before others.
    pub(super) fn find_fields(&self, names: &[impl AsRef<str>]) -> Vec<Option<ReceivedValue<'a>>> {
        let mut cursor = self.clone();
        let mut found: Vec<Option<(ReceivedValue<'a>, bool)>> = vec![None; names.len()];
        while let Some(field) = cursor.read_next_field_name() {
            let (field, value) = (field.decode_string().unwrap_or_default(), cursor.read_value());
            for (name, found) in names.iter().zip(&mut found) {
                let is_exact = field == name.as_ref();
                let may_count = found.is_none_or(|(_, is_found_exact)| !is_found_exact);
                if is_exact || (may_count && field.eq_ignore_ascii_case(name.as_ref())) {
                    *found = Some((value, is_exact));
                }
            }
        }
        found.into_iter().map(|found| found.map(|(value, _)| value)).collect()
    }

    /// Moves behind a string, and returns whether it has escapes.
    #[inline]
    fn skip_string_and_detect_escapes(&mut self) -> bool {
        let bytes = self.json.as_bytes();
        let mut has_escapes = false;
        self.position += 1;
        while let Some(length) = bytes.get(self.position..).and_then(find_quote_or_backslash) {
            self.position += length;
            if bytes[self.position] == b'"' {
                self.position += 1;
                return has_escapes;
            }
            has_escapes = true;
            self.position += 2;
        }
        self.position = bytes.len();
        has_escapes
    }
}

/// Returns the position of the first quote or backslash.
#[inline]
fn find_quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    // Names are short: two words at most are compared before a search begins, which costs more than that.
    for (index, word) in bytes.as_chunks::<8>().0.iter().take(2).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = bytes_equal_to(word, b'"') | bytes_equal_to(word, b'\\');
        if found != 0 {
            return Some(8 * index + found.trailing_zeros() as usize / 8);
        }
    }
    memchr::memchr2(b'"', b'\\', bytes)
}

/// Returns a word whose lowest bit that is set is in the first byte of `word`, in little endian, that is `byte`; zero if none is.
#[inline]
fn bytes_equal_to(word: u64, byte: u8) -> u64 {
    let difference = word ^ u64::from_le_bytes([byte; 8]);
    difference.wrapping_sub(u64::from_le_bytes([0x01; 8])) & !difference & u64::from_le_bytes([0x80; 8])
}

impl<'a> ReceivedValue<'a> {
    /// Returns the characters, if it is a string.
    pub(super) fn decode_string(&self) -> Option<Cow<'a, str>> {
        let inner = self.json.strip_prefix('"')?.strip_suffix('"')?;
        if self.is_compact {
            return Some(Cow::Borrowed(inner));
        }
        serde_json::from_str(self.json).ok().map(Cow::Owned)
    }

    /// Returns the value as [`append_compact_json_to`](Self::append_compact_json_to) appends it.
    pub(super) fn to_compact_json(self) -> Cow<'a, str> {
        if self.is_compact {
            return Cow::Borrowed(self.json);
        }
        let mut text = Vec::new();
        self.append_compact_json_to(&mut text);
        // It is UTF-8, as all its parts are strings.
        Cow::Owned(String::from_utf8(text).unwrap_or_default())
    }

    /// Appends the value to `text` without white space around its parts, and each string as `serde_json` writes it.
    pub(super) fn append_compact_json_to(&self, text: &mut Vec<u8>) {
        if self.is_compact {
            return text.extend_from_slice(self.json.as_bytes());
        }
        let mut cursor = JsonCursor::new(self.json);
        while let Some(byte) = cursor.peek_byte_after_white_space() {
            if matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':') {
                cursor.skip_byte(byte);
                text.push(byte);
                continue;
            }
            let part = cursor.read_value();
            match part.decode_string().filter(|_| !part.is_compact).map(|string| serde_json::to_string(&string)) {
                Some(Ok(string)) => text.extend_from_slice(string.as_bytes()),
                _ => text.extend_from_slice(part.json.as_bytes()),
            }
        }
    }
}

fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Returns the parts of JSON: brackets, commas, colons, and values without parts.
pub(super) fn json_tokens(json: &str) -> impl Iterator<Item = &str> {
    let mut cursor = JsonCursor::new(json);
    std::iter::from_fn(move || {
        let byte = cursor.peek_byte_after_white_space()?;
        if matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':') {
            let start = cursor.position();
            cursor.skip_byte(byte);
            return json.get(start..=start);
        }
        Some(cursor.read_value().json).filter(|token| !token.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::{JsonCursor, ReceivedValue};

    fn read(json: &str) -> ReceivedValue<'_> {
        JsonCursor::new(json).read_value()
    }

    #[test]
    fn value_ends_where_the_next_one_begins() {
        for (json, is_compact) in [
            (r#""a]}, b""#, true),
            (r#""\"\\""#, false),
            ("-1.10e5", true),
            ("null", true),
            (r#"{"a":[1,{"b":"]}"}],"c":{}}"#, true),
            (r#"{"a" : 1}"#, false),
            (r#"["\u0041"]"#, false),
            ("[]", true),
        ] {
            for end in ["", ",1", " ", "]", "}"] {
                assert_eq!(read(&format!(" {json}{end}")), ReceivedValue { json, is_compact }, "{json}{end}");
            }
        }
    }

    #[test]
    fn fields_and_items_are_read_in_their_order() {
        let mut cursor = JsonCursor::new(r#" { "a" : [ 1 , [ ] ] , "\u0062":{} } "#);
        assert_eq!(cursor.read_next_field_name().unwrap().decode_string().unwrap(), "a");
        assert!(cursor.move_to_next_item());
        assert_eq!(cursor.read_value().json, "1");
        assert!(cursor.move_to_next_item());
        assert!(!cursor.move_to_next_item(), "the inner array");
        assert!(!cursor.move_to_next_item(), "the outer one");
        assert_eq!(cursor.read_next_field_name().unwrap().decode_string().unwrap(), "b");
        assert_eq!(cursor.read_next_field_name(), None, "the inner object");
        assert_eq!(cursor.read_next_field_name(), None, "the outer one");
    }

    #[test]
    fn received_value_is_appended_compact() {
        for (json, compact) in [
            ("{ \"a\" : [ 1.10 , \"x \\u00e9\\/\" ] ,\n\"b\\u0062\": null }", "{\"a\":[1.10,\"x é/\"],\"bb\":null}"),
            (r#"{"a": "b c"}"#, r#"{"a":"b c"}"#),
            (" 1e999 ", "1e999"),
            (r#""\u0007""#, r#""\u0007""#),
        ] {
            let mut text = Vec::new();
            read(json).append_compact_json_to(&mut text);
            assert_eq!(String::from_utf8(text).unwrap(), compact);
        }
    }

    #[test]
    fn walk_ends_in_what_is_not_json() {
        for json in
            ["", " ", "{", "[", "\"a", "\"a\\", "{\"a\"", "{\"a\":", "[1,", "}", "{}}", "[{\"a\":é", "{,", "[,]"]
        {
            let mut text = Vec::new();
            read(json).append_compact_json_to(&mut text);
            let mut cursor = JsonCursor::new(json);
            while cursor.read_next_field_name().is_some() {
                cursor.read_value();
            }
            let mut cursor = JsonCursor::new(json);
            for _ in 0..10 {
                cursor.move_to_next_item();
                cursor.read_value();
            }
        }
    }
}
