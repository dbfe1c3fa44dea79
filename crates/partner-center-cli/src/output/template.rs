//! Values that have the same fields in the same order as one before them, and differ in their strings alone: they are recognized
//! by comparison, and written without being taken apart.

use std::{mem, ops::Range};

/// The templates of the values of a field, if they are of use.
#[derive(Default)]
pub(super) struct FieldTemplates {
    /// Those that recognized a value last come first.
    templates: Vec<Template>,
    /// The numbers of values that were recognized, and that were not: all of them, and since the last one that was.
    recognized: u32,
    missed: u32,
    missed_in_a_row: u32,
}

/// How values with the same fields are written.
pub(super) struct Template {
    /// With each string of a value.
    full: Pattern,
    /// With those that were not the same in all values so far.
    narrow: Pattern,
    /// The strings that were the same.
    constants: Vec<Option<String>>,
    /// How often the narrow pattern may still be widened.
    widened: u8,
}

/// A value that was recognized.
pub(super) struct RecognizedValue {
    pub(super) length: usize,
    /// Whether it is written in another way than it was received.
    pub(super) is_changed: bool,
}

/// The text around the strings of a value, as it is received and as it is written.
#[derive(Default)]
struct Pattern {
    /// The text before the first string, between strings, and behind the last one.
    received: Vec<String>,
    written: Vec<WrittenPart>,
    is_changed: bool,
}

/// A part of what is written.
enum WrittenPart {
    Text(String),
    /// The string with this index.
    String(usize),
}

/// The maximum number of templates of a field.
const MAX_TEMPLATES: usize = 4;

/// Templates are given up when they missed so many more values than they recognized: they cost more than they save.
const MAX_MISSED_BEYOND_RECOGNIZED: u32 = 16;

/// The number of values in a row that templates must miss before a new one replaces the one that was not of use for longest.
const MIN_MISSED_IN_A_ROW: u32 = 4;

/// The maximum number of strings in a value, and the maximum depth of values in it.
const MAX_STRINGS: usize = 64;
const MAX_DEPTH: usize = 16;

/// What takes the place of a string, around its index: a string in valid JSON has none of these characters.
const MARKS: [char; 2] = ['\u{1}', '\u{2}'];

impl FieldTemplates {
    /// Whether it is worth while to compare values with the templates.
    pub(super) fn are_useful(&self) -> bool {
        self.missed < self.recognized.saturating_add(MAX_MISSED_BEYOND_RECOGNIZED)
    }

    #[cfg(test)]
    pub(super) fn recognized_count(&self) -> usize {
        self.recognized.try_into().unwrap_or_default()
    }

    /// Whether a value that was missed is to have a template.
    pub(super) fn need_template(&self) -> bool {
        self.templates.len() < MAX_TEMPLATES || self.missed_in_a_row >= MIN_MISSED_IN_A_ROW
    }

    /// Adds the template of a value that was missed, if it has one.
    pub(super) fn add_template(&mut self, template: Option<Template>) {
        self.missed_in_a_row = 0;
        if let Some(template) = template {
            self.templates.truncate(MAX_TEMPLATES - 1);
            self.templates.insert(0, template);
        }
    }

    /// Appends what is written for the value at the beginning of `json`, unless it is the same as was received; `None` if the
    /// value is not recognized. `strings` is room to work in.
    #[inline]
    pub(super) fn recognize_and_append_value(
        &mut self,
        json: &[u8],
        strings: &mut Vec<Range<usize>>,
        text: &mut Vec<u8>,
    ) -> Option<RecognizedValue> {
        for index in 0..self.templates.len() {
            if let Some(recognized) = self.templates[index].recognize_and_append_value(json, strings, text) {
                self.templates[..=index].rotate_right(1);
                self.recognized = self.recognized.saturating_add(1);
                self.missed_in_a_row = 0;
                return Some(recognized);
            }
        }
        self.missed = self.missed.saturating_add(1);
        self.missed_in_a_row += 1;
        None
    }
}

impl Template {
    /// Returns the template of an array or an object; `write` returns what is written for one that has other strings. `None` for
    /// another value, and for one that has white space, escapes or too many parts.
    pub(super) fn try_from_value(json: &str, write: impl FnOnce(&str) -> String) -> Option<Self> {
        let (received, strings) = split_at_strings(json)?;
        let mut marked = String::with_capacity(json.len());
        for (index, text) in received.iter().enumerate() {
            if index > 0 {
                marked.extend([MARKS[0].to_string(), (index - 1).to_string(), MARKS[1].to_string()]);
            }
            marked.push_str(text);
        }
        let mut written = Vec::new();
        for part in write(&marked).split(MARKS[0]) {
            let (index, text) = part.split_once(MARKS[1]).unwrap_or(("", part));
            written.extend(index.parse().ok().map(WrittenPart::String));
            written.push(WrittenPart::Text(text.to_owned()));
        }
        let received = received.into_iter().map(str::to_owned).collect();
        let full = Pattern { received, written, is_changed: true };
        let constants: Vec<_> = strings.into_iter().map(|string| Some(string.to_owned())).collect();
        Some(Self { narrow: full.with_constants(&constants), full, constants, widened: 16 })
    }

    #[inline]
    fn recognize_and_append_value(
        &mut self,
        json: &[u8],
        strings: &mut Vec<Range<usize>>,
        text: &mut Vec<u8>,
    ) -> Option<RecognizedValue> {
        if let Some(recognized) = self.narrow.recognize_and_append_value(json, strings, text) {
            return Some(recognized);
        }
        self.widened = self.widened.checked_sub(1)?;
        let recognized = self.full.recognize_and_append_value(json, strings, text)?;
        for (constant, string) in self.constants.iter_mut().zip(strings) {
            constant.take_if(|constant| constant.as_bytes() != &json[string.clone()]);
        }
        self.narrow = self.full.with_constants(&self.constants);
        Some(recognized)
    }
}

impl Pattern {
    /// Returns the pattern of values in which the strings that have a constant are that.
    fn with_constants(&self, constants: &[Option<String>]) -> Self {
        let mut received = Vec::new();
        let mut text = String::new();
        // The index of each string among those that are left.
        let mut indexes = Vec::new();
        for (index, part) in self.received.iter().enumerate() {
            text.push_str(part);
            indexes.push(received.len());
            match constants.get(index) {
                Some(Some(constant)) => text.push_str(constant),
                _ => received.push(mem::take(&mut text)),
            }
        }
        let mut written = Vec::new();
        for part in &self.written {
            let text = match part {
                WrittenPart::Text(text) => Some(text),
                WrittenPart::String(index) => constants[*index].as_ref(),
            };
            match (part, text, written.last_mut()) {
                (_, Some(text), Some(WrittenPart::Text(last))) => last.push_str(text),
                (_, Some(text), _) => written.push(WrittenPart::Text(text.clone())),
                (WrittenPart::String(index), ..) => written.push(WrittenPart::String(indexes[*index])),
                (WrittenPart::Text(_), ..) => {}
            }
        }
        let is_same = |(index, part): (usize, &WrittenPart)| match part {
            WrittenPart::Text(text) => index % 2 == 0 && received.get(index / 2) == Some(text),
            WrittenPart::String(string) => index == 2 * string + 1,
        };
        let is_changed = written.len() + 1 != 2 * received.len() || !written.iter().enumerate().all(is_same);
        Self { received, written, is_changed }
    }

    #[inline]
    fn recognize_and_append_value(
        &self,
        json: &[u8],
        strings: &mut Vec<Range<usize>>,
        text: &mut Vec<u8>,
    ) -> Option<RecognizedValue> {
        let (last, before_strings) = self.received.split_last()?;
        strings.clear();
        let mut position = 0;
        for received in before_strings {
            let rest = json.get(position..)?.strip_prefix(received.as_bytes())?;
            let length = unchanged_string_length(rest)?;
            let start = position + received.len();
            position = start + length;
            strings.push(start..position);
        }
        json.get(position..)?.starts_with(last.as_bytes()).then_some(())?;
        if self.is_changed {
            for part in &self.written {
                text.extend_from_slice(match part {
                    WrittenPart::Text(text) => text.as_bytes(),
                    WrittenPart::String(index) => &json[strings[*index].clone()],
                });
            }
        }
        Some(RecognizedValue { length: position + last.len(), is_changed: self.is_changed })
    }
}

/// Returns the length of the string at the beginning of `json`, up to its quote. `None` if it has escapes other than those that
/// are written as they were received.
#[inline]
fn unchanged_string_length(json: &[u8]) -> Option<usize> {
    let mut length = memchr::memchr2(b'"', b'\\', json)?;
    while json[length] == b'\\' {
        matches!(json.get(length + 1)?, b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't').then_some(())?;
        length += 2;
        length += memchr::memchr2(b'"', b'\\', &json[length..])?;
    }
    Some(length)
}

/// Returns the text around the strings of an array or an object that is compact JSON without escapes, and the strings. The names
/// of fields are part of the text.
fn split_at_strings(json: &str) -> Option<(Vec<&str>, Vec<&str>)> {
    json.starts_with(['{', '[']).then_some(())?;
    let bytes = json.as_bytes();
    let (mut around, mut strings) = (Vec::new(), Vec::new());
    let (mut position, mut text_start, mut depth) = (0, 0, 0_usize);
    while let Some(byte) = bytes.get(position) {
        position += 1;
        match byte {
            b'"' => {
                let (start, end) = (position, position + memchr::memchr2(b'"', b'\\', &bytes[position..])?);
                position = end + 1;
                if bytes[end] == b'\\' || strings.len() == MAX_STRINGS {
                    return None;
                }
                if bytes.get(position) != Some(&b':') {
                    around.push(json.get(text_start..start)?);
                    strings.push(json.get(start..end)?);
                    text_start = end;
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            ..=b' ' => return None,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return None;
        }
    }
    around.push(json.get(text_start..)?);
    Some((around, strings))
}
