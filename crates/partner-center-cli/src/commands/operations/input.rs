//! Files and standard input with a body or the value of a field.

use super::{json_tree::JsonTree, request::RequestBody, secrets::with_secrets_replaced};
use crate::{
    arguments::operations::InputFile,
    error::{ErrorReport, UsageError},
    text::Utf8Converter,
};
use partner_center_spec::Type;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    str,
};

/// The maximum size of a body in bytes, which bounds the memory that a wrong file takes.
const MAX_INPUT_SIZE: u64 = 256 << 20;

/// Reads bytes.
pub(super) fn read_input_bytes(file: &InputFile) -> Result<Vec<u8>, UsageError> {
    read_up_to_max_size(file, Ok)
}

/// Reads the file with this name.
pub(super) fn read_named_file(name: &str) -> Result<Vec<u8>, UsageError> {
    read_input_bytes(&InputFile::Path(name.into()))
}

/// Reads text, without its byte order mark and the end of its last line.
pub(super) fn read_input_text(file: &InputFile) -> Result<String, UsageError> {
    let mut text = read_input_as_utf8(file)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

/// Reads JSON.
pub(super) fn read_input_json(file: &InputFile) -> Result<JsonTree, UsageError> {
    parse_json_of_file(file, &read_input_as_utf8(file)?)
}

/// The maximum depth of a body: that of common JSON readers.
const MAX_BODY_DEPTH: usize = 127;

fn parse_json_of_file(file: &InputFile, json: &str) -> Result<JsonTree, UsageError> {
    let tree = JsonTree::parse(json).map_err(|error| not_json_error(file, &error))?;
    if json_nesting_depth(json) > MAX_BODY_DEPTH {
        return Err(UsageError(ErrorReport {
            message: format!("{} cannot be sent", input_name_for_messages(file)),
            cause: format!("its values are nested deeper than {MAX_BODY_DEPTH} levels"),
            advice: "correct it".to_owned(),
        }));
    }
    Ok(tree)
}

/// Returns the number of objects and lists within each other in valid JSON.
fn json_nesting_depth(json: &str) -> usize {
    let (mut depth, mut max_depth) = (0_usize, 0);
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        if is_string {
            is_string = is_escaped || byte != b'"';
            is_escaped = byte == b'\\' && !is_escaped;
            continue;
        }
        match byte {
            b'"' => is_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        max_depth = max_depth.max(depth);
    }
    max_depth
}

fn not_json_error(file: &InputFile, error: &serde_json::Error) -> UsageError {
    UsageError(ErrorReport::new(&format!("{} is not JSON", input_name_for_messages(file)), error, "correct it"))
}

fn read_input_as_utf8(file: &InputFile) -> Result<String, UsageError> {
    let bytes = read_up_to_max_size(file, |input| Ok(Box::new(Utf8Converter::new(input))))?;
    String::from_utf8(bytes).map_err(|error| {
        UsageError(ErrorReport::new(
            &format!("{} is not text", input_name_for_messages(file)),
            &error,
            "save it as UTF-8",
        ))
    })
}

type BoxedReader = Box<dyn Read>;

fn read_up_to_max_size(
    file: &InputFile,
    convert: impl Fn(BoxedReader) -> io::Result<BoxedReader>,
) -> Result<Vec<u8>, UsageError> {
    let read = || {
        let input: BoxedReader = match file {
            InputFile::Stdin => Box::new(io::stdin().lock()),
            InputFile::Path(path) => Box::new(File::open(path)?),
            InputFile::Inline(text) => Box::new(io::Cursor::new(text.clone().into_bytes())),
        };
        let mut bytes = Vec::new();
        convert(input)?.take(MAX_INPUT_SIZE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_INPUT_SIZE {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it is larger than {MAX_INPUT_SIZE} bytes"),
            ));
        }
        Ok(bytes)
    };
    read().map_err(|error| {
        UsageError(ErrorReport::new(
            &format!("{} cannot be read", input_name_for_messages(file)),
            &error,
            "name a file that can be read",
        ))
    })
}

/// Returns how messages name an input.
pub(super) fn input_name_for_messages(file: &InputFile) -> String {
    match file {
        InputFile::Stdin => "standard input".to_owned(),
        InputFile::Path(path) => Path::display(path).to_string(),
        InputFile::Inline(_) => "the body".to_owned(),
    }
}

/// Reads a body of the content type, which is JSON by default; `of` is the type of the JSON, by which its secrets are not shown.
pub(crate) fn read_request_body(
    file: &InputFile,
    content_type: Option<String>,
    of: Type,
) -> Result<RequestBody, UsageError> {
    if let Some(content_type) = content_type {
        let bytes = read_input_bytes(file)?;
        // Where the secrets of other formats are is not known.
        let tree = str::from_utf8(&bytes).ok().and_then(|text| JsonTree::parse(text).ok());
        let shown = tree.map(|tree| with_secrets_replaced(of, tree).to_json());
        return Ok(RequestBody { content_type, bytes, shown });
    }
    let json = read_input_as_utf8(file)?;
    let shown = Some(with_secrets_replaced(of, parse_json_of_file(file, &json)?).to_json());
    Ok(RequestBody { content_type: "application/json".to_owned(), bytes: json.into_bytes(), shown })
}
