//! Files and standard input with a body or the value of a field.

use super::{json_tree::JsonTree, request::Body};
use crate::{
    arguments::operations::InputFile,
    error::{ErrorReport, UsageError},
    text::Utf8Converter,
};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    str,
};

/// The maximum size of a body in bytes, which bounds the memory that a wrong file takes.
const MAX_SIZE: u64 = 256 << 20;

/// Reads bytes.
pub(super) fn read_bytes(file: &InputFile) -> Result<Vec<u8>, UsageError> {
    read_limited(file, Ok)
}

/// Reads the file with this name.
pub(super) fn read_file(name: &str) -> Result<Vec<u8>, UsageError> {
    read_bytes(&InputFile::Path(name.into()))
}

/// Reads text, without its byte order mark and the end of its last line.
pub(super) fn read_text(file: &InputFile) -> Result<String, UsageError> {
    let mut text = read_utf8(file)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

/// Reads JSON.
pub(super) fn read_json(file: &InputFile) -> Result<JsonTree, UsageError> {
    JsonTree::parse(&read_utf8(file)?).map_err(|error| not_json(file, &error))
}

fn not_json(file: &InputFile, error: &serde_json::Error) -> UsageError {
    UsageError(ErrorReport::new(&format!("{} is not JSON", name_of(file)), error, "correct it"))
}

fn read_utf8(file: &InputFile) -> Result<String, UsageError> {
    let bytes = read_limited(file, |input| Ok(Box::new(Utf8Converter::new(input))))?;
    String::from_utf8(bytes).map_err(|error| {
        UsageError(ErrorReport::new(&format!("{} is not text", name_of(file)), &error, "save it as UTF-8"))
    })
}

type Input = Box<dyn Read>;

fn read_limited(file: &InputFile, convert: impl Fn(Input) -> io::Result<Input>) -> Result<Vec<u8>, UsageError> {
    let read = || {
        let input: Input = match file {
            InputFile::Stdin => Box::new(io::stdin().lock()),
            InputFile::Path(path) => Box::new(File::open(path)?),
        };
        let mut bytes = Vec::new();
        convert(input)?.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_SIZE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {MAX_SIZE} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(|error| {
        UsageError(ErrorReport::new(
            &format!("{} cannot be read", name_of(file)),
            &error,
            "name a file that can be read",
        ))
    })
}

fn name_of(file: &InputFile) -> String {
    match file {
        InputFile::Stdin => "standard input".to_owned(),
        InputFile::Path(path) => Path::display(path).to_string(),
    }
}

/// Reads a body of the content type, which is JSON by default.
pub(crate) fn read_content(file: &InputFile, content_type: Option<String>) -> Result<Body, UsageError> {
    if let Some(content_type) = content_type {
        let bytes = read_bytes(file)?;
        let shown = str::from_utf8(&bytes).ok().map(str::to_owned);
        return Ok(Body { content_type, bytes, shown });
    }
    let json = read_utf8(file)?;
    let valid = JsonTree::parse(&json).map(|_| ());
    valid.map_err(|error| not_json(file, &error))?;
    Ok(Body { content_type: "application/json".to_owned(), bytes: json.clone().into_bytes(), shown: Some(json) })
}
