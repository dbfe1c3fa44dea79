//! Finds the IDs in an input: a plain list of IDs, CSV with a header, or JSON, determined by its first line.

use crate::text::Utf8Converter;
use serde::{
    Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::{
    fmt,
    io::{self, BufRead, BufReader, Cursor, Read},
};

/// An entry where an ID is expected.
#[derive(Debug, PartialEq)]
pub(super) struct IdWord {
    pub(super) text: String,
    /// Its position in the input, such as `line 7`.
    pub(super) position: String,
}

impl IdWord {
    fn new(text: &str, position: String) -> Self {
        Self { text: text.trim().chars().take(MAX_ID_WORD_LENGTH).collect(), position }
    }
}

/// The maximum length of a word in characters, beyond which it is truncated; every spelling of a GUID is shorter.
const MAX_ID_WORD_LENGTH: usize = 100;

/// The maximum number of bytes that are read to find the first line.
const MAX_FIRST_LINE_SEARCH_BYTES: u64 = 64 << 10;

/// Reads `input` and passes each word to `take` as soon as it is read, until that returns `false`.
pub(super) fn read_id_words(input: impl Read, take: &mut dyn FnMut(IdWord) -> bool) -> io::Result<()> {
    let mut input = BufReader::new(Utf8Converter::new(input));
    let BeginningOfInput { skipped, lines, first } = BeginningOfInput::read_first_line(&mut input)?;
    let is_json = is_json_input(&first);
    let header = if is_json { None } else { CsvHeader::find_id_column(&first) };
    let rest = Cursor::new(first).chain(input);
    match header {
        Some(header) => header.read_csv_records(rest, lines, take),
        None if is_json => read_ids_from_json(rest, take),
        None => read_separated_words(Cursor::new(skipped).chain(rest), take),
    }
}

/// The input up to the end of its first line that is neither blank nor a comment.
struct BeginningOfInput {
    /// The lines before that line.
    skipped: Vec<u8>,
    /// The number of lines before it.
    lines: u64,
    first: Vec<u8>,
}

impl BeginningOfInput {
    fn read_first_line(input: &mut impl BufRead) -> io::Result<Self> {
        let mut beginning = Self { skipped: Vec::new(), lines: 0, first: Vec::new() };
        let mut input = input.take(MAX_FIRST_LINE_SEARCH_BYTES);
        loop {
            let mut line = Vec::new();
            // The reader returns the error again, after the text before it.
            let is_good = input.read_until(b'\n', &mut line).is_ok();
            let is_comment = line.trim_ascii_start().first().is_none_or(|byte| *byte == b'#');
            if !is_good || !is_comment || !line.ends_with(b"\n") {
                beginning.first = line;
                return Ok(beginning);
            }
            beginning.skipped.append(&mut line);
            beginning.lines += 1;
        }
    }
}

/// Whether an input that begins with this line is JSON; IDs may be written in braces as well.
fn is_json_input(line: &[u8]) -> bool {
    match line.trim_ascii() {
        [b'[', ..] => true,
        [b'{', rest @ ..] => matches!(rest.trim_ascii_start(), [] | [b'"' | b'}', ..]),
        _ => false,
    }
}

/// The relevant part of the header of a CSV file.
struct CsvHeader {
    delimiter: u8,
    /// The column of the IDs.
    column: usize,
}

impl CsvHeader {
    /// Finds the column of the IDs, with any of the delimiters that spreadsheets write.
    fn find_id_column(line: &[u8]) -> Option<Self> {
        [b',', b';', b'\t'].into_iter().find_map(|delimiter| {
            let mut csv = csv_reader(delimiter, line);
            let names = csv.headers().ok()?;
            let find = |name: &str| names.iter().position(|column| normalize_column_name(column) == name);
            let column = find("id").or_else(|| find("customerid"))?;
            Some(Self { delimiter, column })
        })
    }

    /// Passes the IDs of the records to `take`; there are `lines` lines before `input`.
    fn read_csv_records(self, input: impl Read, lines: u64, take: &mut dyn FnMut(IdWord) -> bool) -> io::Result<()> {
        let mut csv = csv_reader(self.delimiter, input);
        for record in csv.records() {
            let record = record.map_err(io::Error::from)?;
            let line = lines + record.position().map_or(0, ::csv::Position::line);
            let text = record.get(self.column).unwrap_or_default();
            if !take(IdWord::new(text, format!("line {line}"))) {
                break;
            }
        }
        Ok(())
    }
}

fn csv_reader<R: Read>(delimiter: u8, input: R) -> ::csv::Reader<R> {
    ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(input)
}

/// Normalizes the name of a column: `customer_id`, `Customer ID` and `CustomerId` are the same.
fn normalize_column_name(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Passes the IDs of JSON values to `take`, each as soon as it is read.
fn read_ids_from_json(input: impl Read, take: &mut dyn FnMut(IdWord) -> bool) -> io::Result<()> {
    let mut json = serde_json::Deserializer::from_reader(input);
    let mut ids = JsonIdVisitor { count: 0, is_stopped: false, take };
    while json.end().is_err() {
        match (&mut ids).deserialize(&mut json) {
            Ok(()) => {}
            Err(_) if ids.is_stopped => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A visitor that finds the IDs in a JSON value: a string, an object with the field `id`, an array of these, or an object
/// with `items`. Any other value in the place of an ID, such as `null`, is passed on to be reported, so that it does not end
/// the input.
struct JsonIdVisitor<'a> {
    count: u64,
    /// Whether `take` has returned `false`.
    is_stopped: bool,
    take: &'a mut dyn FnMut(IdWord) -> bool,
}

impl JsonIdVisitor<'_> {
    fn pass_id_to_callback<E: de::Error>(&mut self, id: &str) -> Result<(), E> {
        self.count += 1;
        self.is_stopped = !(self.take)(IdWord::new(id, format!("entry {}", self.count)));
        if self.is_stopped { Err(E::custom("no more IDs are wanted")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for &mut JsonIdVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut JsonIdVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an ID, a customer, or a list of such")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.pass_id_to_callback(text)
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.pass_id_to_callback("null")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.pass_id_to_callback(&value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.pass_id_to_callback(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.pass_id_to_callback(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.pass_id_to_callback(&value.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut has_id = false;
        while let Some(name) = fields.next_key::<String>()? {
            match name.to_ascii_lowercase().as_str() {
                "id" | "items" if !has_id => {
                    has_id = true;
                    fields.next_value_seed(&mut *self)?;
                }
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        // An object without an ID is reported, not ignored.
        if has_id { Ok(()) } else { self.pass_id_to_callback("") }
    }
}

/// Passes words to `take`: they are separated by white space, commas and semicolons, may be in quotation marks, and `#`
/// begins a comment.
fn read_separated_words(mut input: impl BufRead, take: &mut dyn FnMut(IdWord) -> bool) -> io::Result<()> {
    let (mut text, mut line) = (Vec::new(), 1_u64);
    let mut is_comment = false;
    loop {
        let byte = match input.fill_buf() {
            Ok(bytes) => bytes.first().copied(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let ends_word = byte.is_none_or(|byte| byte.is_ascii_whitespace() || b"#,;".contains(&byte));
        if ends_word && !text.is_empty() {
            let word = String::from_utf8_lossy(&text);
            if !take(IdWord::new(without_quotation_marks(&word), format!("line {line}"))) {
                return Ok(());
            }
            text.clear();
        }
        let Some(byte) = byte else { return Ok(()) };
        input.consume(1);
        match byte {
            b'\n' => {
                line += 1;
                is_comment = false;
            }
            b'#' => is_comment = true,
            // A word that is too long is not an ID: its beginning is enough for the message.
            _ if !is_comment && !ends_word && text.len() < 4 * MAX_ID_WORD_LENGTH => text.push(byte),
            _ => {}
        }
    }
}

/// Returns `word` without surrounding quotation marks.
fn without_quotation_marks(word: &str) -> &str {
    let word = word.trim();
    let inner = |mark: char| word.strip_prefix(mark).and_then(|word| word.strip_suffix(mark));
    inner('"').or_else(|| inner('\'')).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the words of an input, and the error that ended it.
    fn words(text: &[u8]) -> (Vec<(String, String)>, Option<String>) {
        let mut words = Vec::new();
        let outcome = read_id_words(text, &mut |word| {
            words.push((word.text, word.position));
            true
        });
        (words, outcome.err().map(|error| error.to_string()))
    }

    #[track_caller]
    fn assert_words(text: &str, expected: &[(&str, &str)]) {
        let marked = format!("\u{feff}{text}");
        let utf16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), marked.as_bytes(), &utf16] {
            let (words, error) = words(bytes);
            let words: Vec<_> = words.iter().map(|(text, position)| (text.as_str(), position.as_str())).collect();
            assert_eq!((words.as_slice(), error), (expected, None), "{text:?}");
        }
    }

    #[test]
    fn words_have_their_lines() {
        let long = "x".repeat(1000);
        assert_words(
            &format!("a b\tc\r\n\n# d e\n  f#g h\r\n{long}\nlast"),
            &[
                ("a", "line 1"),
                ("b", "line 1"),
                ("c", "line 1"),
                ("f", "line 4"),
                (&long[..MAX_ID_WORD_LENGTH], "line 5"),
                ("last", "line 6"),
            ],
        );
        assert_words(
            "'a'\n\"b\", \"c\"\n{d};e\u{a0}\n",
            &[("a", "line 1"), ("b", "line 2"), ("c", "line 2"), ("{d}", "line 3"), ("e", "line 3")],
        );
        assert_words("# none\ra\rb # c\rd", &[("a", "line 2"), ("b", "line 3"), ("d", "line 4")]);
        for (text, count) in [("# none\n", 0), ("\na", 1), ("", 0), ("\n\n", 0), ("a", 1)] {
            assert_eq!(words(text.as_bytes()).0.len(), count, "{text:?}");
            assert_eq!(words(format!("\u{feff}{text}").as_bytes()).0.len(), count, "{text:?}");
        }
        // A byte order mark that is not at the beginning is part of a word.
        assert_eq!(words("a \u{feff}".as_bytes()).0.len(), 2);
    }

    #[test]
    fn csv_is_known_by_its_header() {
        assert_words("id\na\n\"b\"\n", &[("a", "line 2"), ("b", "line 3")]);
        assert_words(
            "# exported\r\n\r\ncompany_name,id\r\n\"Contoso, \"\"Ltd\"\"\r\n(2)\",a\r\n#1 Bakery,b\r\nshort\r\n",
            &[("a", "line 4"), ("b", "line 6"), ("", "line 7")],
        );
        // As Excel writes it in much of Europe, and `Export-Csv` of PowerShell.
        assert_words("Name;Customer ID;Id2\nx;a;y\n", &[("a", "line 2")]);
        assert_words("name\tID\tcustomer_id\nx\ta\ty\n", &[("a", "line 2")]);
        assert_words("#TYPE System.Object\n\"Id\",\"Name\"\n\"a\",\"x\"\n", &[("a", "line 3")]);
        assert_words("id,name", &[]);
        // As Excel writes "CSV (Macintosh)".
        assert_words("name,id\rx,a\ry,b\r", &[("a", "line 2"), ("b", "line 3")]);
        assert_words("# exported\r\r\nname,id\r\"x\ry\",a\r\ny,b", &[("a", "line 4"), ("b", "line 6")]);
    }

    #[test]
    fn json_is_known_by_its_first_line() {
        let (one, two) = (("a", "entry 1"), ("b", "entry 2"));
        assert_words("{\"id\":\"a\",\"tags\":[\"x\"]}\n{\"tags\":null,\"id\":\"b\"}\n", &[one, two]);
        assert_words("[\n{\"id\":\"a\"},\n{\"Id\":\"b\", \"links\": {\"id\": \"c\"}}\n]\n", &[one, two]);
        assert_words("[\"a\", \"b\"]", &[one, two]);
        assert_words("{\n  \"totalCount\": 2, \"items\": [{\"id\": \"a\"}, {\"id\": \"b\"}]\n}", &[one, two]);
        assert_words("[]\n", &[]);
        // An object without an ID is not ignored.
        assert_words("{\"id\":\"a\"}\n{}\n", &[one, ("", "entry 2")]);
        let (found, error) = words(b"{\"id\":\"a\"}\n{\"id\":\n");
        assert!(found.len() == 1 && error.is_some_and(|error| error.contains("EOF")));
        // A value that is not an ID does not hide the others, before or after it.
        assert_words(
            "[{\"id\": \"a\"}, {\"id\": null}, {\"id\": 7}, {\"id\": -2.5}, null, true, {\"id\": \"b\"}]",
            &[
                one,
                ("null", "entry 2"),
                ("7", "entry 3"),
                ("-2.5", "entry 4"),
                ("null", "entry 5"),
                ("true", "entry 6"),
                ("b", "entry 7"),
            ],
        );
        let (found, error) = words(b"[{\"id\":\"a\"}, {\"id\":");
        assert!(found.len() == 1 && error.is_some_and(|error| error.contains("EOF")));
    }

    #[test]
    fn words_before_an_error_are_taken() {
        let (found, error) = words(b"a\nb\n\xff");
        assert_eq!(found.len(), 2);
        assert!(error.is_some_and(|error| error.contains("UTF-8")));
        let (found, error) = words(b"a\0\nb\0\n");
        assert!(error.is_some_and(|error| error.contains("binary")), "{found:?}");
    }
}
