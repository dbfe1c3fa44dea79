//! The items of a list in compact JSON, which are validated without being read.

use std::ops::Range;

/// The maximum depth of arrays and objects of an item.
const MAX_DEPTH: u32 = 60;

/// The number of bytes in which the end of a name is looked for word by word; a search has a start that costs more than that.
const MAX_SHORT_NAME: usize = 24;

/// Returns the place of the array that begins at `start`, and of its items.
///
/// This validates the JSON of the items as `serde_json` does, in a third of the time. `None` if it is not valid, and also if it
/// is not compact, has unpaired surrogates, or is nested unusually deep: then `serde_json` decides.
pub(crate) fn find_compact_items(json: &str, start: usize) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let bytes = json.as_bytes();
    // Neither white space other than a blank, nor control characters in strings.
    let is_plain = |chunk: &[u8]| chunk.iter().fold(u8::MAX, |least, byte| least.min(*byte)) >= b' ';
    if !bytes.chunks(64).all(is_plain) {
        return None;
    }
    let mut scanner = CompactJson { bytes, position: start };
    scanner.skip_byte(b'[')?;
    let mut items = Vec::new();
    if scanner.peek_byte()? == b']' {
        return Some((start..start + 2, items));
    }
    loop {
        let item_start = scanner.position;
        scanner.skip_value()?;
        items.push(item_start..scanner.position);
        match scanner.read_byte()? {
            b',' => {}
            b']' => return Some((start..scanner.position, items)),
            _ => return None,
        }
    }
}

/// A position in JSON that has no control characters.
struct CompactJson<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl CompactJson<'_> {
    #[inline]
    fn peek_byte(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    #[inline]
    fn read_byte(&mut self) -> Option<u8> {
        let byte = self.peek_byte()?;
        self.position += 1;
        Some(byte)
    }

    #[inline]
    fn skip_byte(&mut self, byte: u8) -> Option<()> {
        (self.read_byte()? == byte).then_some(())
    }

    /// Moves behind a value.
    fn skip_value(&mut self) -> Option<()> {
        // One bit for each array or object that is open: whether it is an object. The innermost one has the lowest bit.
        let (mut depth, mut objects) = (0_u32, 0_u64);
        loop {
            match self.read_byte()? {
                b'"' => self.skip_rest_of_string()?,
                byte @ (b'{' | b'[') => {
                    // The closing bracket comes two characters behind the opening one, in ASCII.
                    if self.peek_byte()? == byte + 2 {
                        self.position += 1;
                    } else {
                        depth += 1;
                        objects = (objects << 1) | u64::from(byte == b'{');
                        if depth > MAX_DEPTH {
                            return None;
                        }
                        if byte == b'{' {
                            self.skip_name_and_colon()?;
                        }
                        continue;
                    }
                }
                b't' => self.skip_expected_bytes(b"rue")?,
                b'f' => self.skip_expected_bytes(b"alse")?,
                b'n' => self.skip_expected_bytes(b"ull")?,
                byte @ (b'-' | b'0'..=b'9') => self.skip_rest_of_number(byte)?,
                _ => return None,
            }
            loop {
                if depth == 0 {
                    return Some(());
                }
                match (self.read_byte()?, objects & 1) {
                    (b',', 1) => {
                        self.skip_name_and_colon()?;
                        break;
                    }
                    (b',', _) => break,
                    (b'}', 1) | (b']', 0) => {
                        depth -= 1;
                        objects >>= 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    /// Moves from the name of a field to its value.
    #[inline]
    fn skip_name_and_colon(&mut self) -> Option<()> {
        self.skip_byte(b'"')?;
        let start = self.position;
        while let Some(word) = self.bytes.get(self.position..self.position + 8)
            && self.position < start + MAX_SHORT_NAME
        {
            let word = u64::from_le_bytes(word.try_into().ok()?);
            let ends = equal_bytes_mask(word, b'"') | equal_bytes_mask(word, b'\\');
            if ends == 0 {
                self.position += 8;
                continue;
            }
            self.position += ends.trailing_zeros() as usize / 8;
            break;
        }
        self.skip_rest_of_string()?;
        self.skip_byte(b':')
    }

    /// Moves behind a string, from anywhere in it.
    #[inline]
    fn skip_rest_of_string(&mut self) -> Option<()> {
        loop {
            if self.peek_byte()? != b'"' {
                self.position += memchr::memchr2(b'"', b'\\', &self.bytes[self.position..])?;
            }
            if self.read_byte()? == b'"' {
                return Some(());
            }
            self.skip_rest_of_escape()?;
        }
    }

    /// Moves behind an escape, from the character that follows its backslash.
    #[cold]
    fn skip_rest_of_escape(&mut self) -> Option<()> {
        match self.read_byte()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.read_code_unit()? {
                0xD800..0xDC00 => {
                    self.skip_expected_bytes(br"\u")?;
                    (0xDC00..0xE000).contains(&self.read_code_unit()?).then_some(())
                }
                0xDC00..0xE000 => None,
                _ => Some(()),
            },
            _ => None,
        }
    }

    fn read_code_unit(&mut self) -> Option<u16> {
        let digits = self.bytes.get(self.position..self.position + 4)?;
        self.position += 4;
        digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?))
    }

    #[inline]
    fn skip_expected_bytes(&mut self, literal: &[u8]) -> Option<()> {
        self.bytes.get(self.position..)?.starts_with(literal).then_some(())?;
        self.position += literal.len();
        Some(())
    }

    /// Moves behind a number that begins with `first`.
    fn skip_rest_of_number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.read_byte()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return None,
        }
        if self.peek_byte() == Some(b'.') {
            self.position += 1;
            self.skip_one_digit_or_more()?;
        }
        if let Some(b'e' | b'E') = self.peek_byte() {
            self.position += 1;
            if let Some(b'+' | b'-') = self.peek_byte() {
                self.position += 1;
            }
            self.skip_one_digit_or_more()?;
        }
        Some(())
    }

    fn skip_one_digit_or_more(&mut self) -> Option<()> {
        self.read_byte()?.is_ascii_digit().then_some(())?;
        self.skip_digits();
        Some(())
    }

    fn skip_digits(&mut self) {
        while self.peek_byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.position += 1;
        }
    }
}

/// Returns a word in which the lowest bit that is set is in the first byte of `word`, in little endian, that is `byte`; zero if
/// none is.
#[inline]
fn equal_bytes_mask(word: u64, byte: u8) -> u64 {
    let difference = word ^ u64::from_le_bytes([byte; 8]);
    difference.wrapping_sub(u64::from_le_bytes([0x01; 8])) & !difference & u64::from_le_bytes([0x80; 8])
}

#[cfg(test)]
mod tests {
    use super::find_compact_items;
    use serde_json::value::RawValue;

    /// Whether the items of a list at the beginning are found; they must be those of `serde_json`.
    fn is_found(json: &str) -> bool {
        let Some((list, items)) = find_compact_items(json, 0) else { return false };
        let Ok(expected) = serde_json::from_str::<Vec<&RawValue>>(&json[list.clone()]) else {
            panic!("{json} is not valid")
        };
        assert_eq!(list.start, 0);
        let items: Vec<_> = items.into_iter().map(|item| &json[item]).collect();
        assert_eq!(items, expected.iter().map(|item| item.get()).collect::<Vec<_>>());
        true
    }

    #[test]
    fn items_of_compact_json_are_found() {
        for json in [
            "[]",
            "[{}]",
            "[[],{\"a\":[1,-0,0.10,1E+2,1e999,12345678901234567890]},true,false,null,\"x\"]",
            "[{\"a name that is longer than words\":{\"b\":\"c\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00E9\\ud83e\\udd50é🥐\"},\"\":\"\"}]",
            r#"[{"\"\\":[[[[]]]],"a\u0062cdefgh":{}}]"#,
        ] {
            assert!(is_found(json), "{json}");
        }
    }

    #[test]
    fn all_else_is_left_to_serde_json() {
        let deep = format!("[{}{}]", "[".repeat(1_000), "]".repeat(1_000));
        for json in [
            "",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,]",
            "[1 ]",
            "[ 1]",
            "[\n1]",
            "[1}",
            "[{]",
            "[{\"a\"}]",
            "[{\"a\":}]",
            "[{\"a\":1,}]",
            "[{\"a\":1]",
            "[{1:1}]",
            "[01]",
            "[-]",
            "[1.]",
            "[.1]",
            "[1e]",
            "[+1]",
            "[tru]",
            "[nul]",
            "[\"a]",
            "[\"\\q\"]",
            "[\"\\u12\"]",
            "[\"\\u12g4\"]",
            "[\"\\ud83e\"]",
            "[\"\\udd50\"]",
            "[\"\\ud83e\\u0041\"]",
            "[\"\u{1}\"]",
            "[\"a\\",
            "{}",
            "1",
            "[\u{e9}]",
            &deep,
        ] {
            assert!(!is_found(json), "{json}");
        }
    }

    /// Each change of one byte, and each beginning.
    #[test]
    fn no_invalid_json_is_taken_for_valid() {
        let json = r#"[{"ab":"cd\n\u00e9","e":[1.5e-7,true,{}],"longer than a word":null},-10]"#;
        assert!(is_found(json));
        for end in 0..json.len() {
            assert!(!is_found(&json[..end]));
            for byte in b' '..=b'~' {
                let changed = [&json[..end], &char::from(byte).to_string(), &json[end + 1..]].concat();
                is_found(&changed);
            }
        }
    }
}
