//! Repair of JSON that `serde_json` rejects: one pass over its tokens, which replaces what no value can hold.
//!
//! The pass knows its position (the enclosing arrays and objects, their keys and identifiers), so that each replacement is
//! reported with a path and with the identifier of the customer it belongs to.

use super::{
    replacement::{Replacement, ReplacementKind},
    tokens::{Token, Tokens, is_number, replace_unpaired_surrogates, unescape_string},
};
use crate::{Secret, writer::field_path};
use std::borrow::Cow;

/// The maximum depth of arrays and objects that `serde_json` accepts.
const MAX_DEPTH: usize = 127;
/// The maximum number of replacements that are reported. This and the following are bounds on what the service controls.
const MAX_REPORTED_REPLACEMENTS: usize = 16;
/// The maximum number of characters of a reported path.
const MAX_REPORTED_PATH_LENGTH: usize = 256;
/// The maximum number of characters of a reported identifier.
const MAX_REPORTED_ID_LENGTH: usize = 64;

/// The kinds of replacements to make.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum RepairScope {
    /// Unpaired surrogates.
    Strings,
    /// Unpaired surrogates, numbers out of range, and values nested too deeply.
    All,
}

/// Returns the repaired JSON, if anything had to be replaced, and the replacements. The JSON may hold a token, so that it is
/// overwritten when it is dropped.
///
/// Takes one pass and the memory of its result. Does not validate: that is up to the parser of the result.
pub(super) fn repair_json(json: &str, scope: RepairScope) -> (Option<Secret>, Vec<Replacement>) {
    // Surrogates are replaced by as many bytes, so that a result with only those never outgrows its allocation.
    let mut repaired = String::with_capacity(json.len());
    let mut position = Position::default();
    let mut is_replaced = false;
    for token in Tokens(json) {
        let is_skipped = scope == RepairScope::All && position.depth > MAX_DEPTH;
        position.enter(token);
        match token {
            Token::Open(_) if scope == RepairScope::All && position.depth == MAX_DEPTH + 1 => {
                repaired.push_str("null");
                position.report(ReplacementKind::Nesting);
                is_replaced = true;
            }
            _ if is_skipped => {}
            Token::String(written) => {
                let string = replace_unpaired_surrogates(written);
                repaired.push_str(&string);
                if let Cow::Owned(_) = string {
                    position.report(ReplacementKind::UnpairedSurrogate);
                    is_replaced = true;
                }
            }
            Token::Scalar(scalar) if scope == RepairScope::All && is_out_of_range(scalar) => {
                repaired.push_str(if scalar.starts_with('-') {
                    "-1.7976931348623157e308"
                } else {
                    "1.7976931348623157e308"
                });
                position.report(ReplacementKind::Number);
                is_replaced = true;
            }
            Token::Open(written) | Token::Close(written) | Token::Other(written) | Token::Scalar(written) => {
                repaired.push_str(written);
            }
        }
        position.leave(token);
    }
    let repaired = Secret::new(repaired);
    (is_replaced.then_some(repaired), position.replacements)
}

fn is_out_of_range(scalar: &str) -> bool {
    is_number(scalar) && scalar.parse::<f64>().is_ok_and(f64::is_infinite)
}

/// The position of the pass in the JSON, and the replacements so far.
#[derive(Default)]
struct Position<'a> {
    /// The enclosing arrays and objects, without those nested too deeply.
    containers: Vec<Container<'a>>,
    depth: usize,
    replacements: Vec<Replacement>,
}

/// An array or object that is open.
struct Container<'a> {
    /// Its own key in the container around it.
    key: Key<'a>,
    /// The key of its current value.
    current: Key<'a>,
    /// Whether the next string is the name of a field.
    expects_name: bool,
    is_object: bool,
    id: Option<String>,
    /// The number of replacements before it.
    replacements: usize,
}

#[derive(Clone, Copy)]
enum Key<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Position<'a> {
    /// Moves to `token`.
    fn enter(&mut self, token: Token<'a>) {
        if self.depth > MAX_DEPTH {
            // Nothing is reported about values nested too deeply.
            self.depth += usize::from(matches!(token, Token::Open(_)));
            return;
        }
        match (token, self.containers.last_mut()) {
            (Token::Open(bracket), container) => {
                let key = container.map_or(Key::Index(0), |container| container.current);
                self.depth += 1;
                if self.depth <= MAX_DEPTH {
                    let is_object = bracket == "{";
                    self.containers.push(Container {
                        key,
                        current: if is_object { Key::Name("") } else { Key::Index(0) },
                        expects_name: is_object,
                        is_object,
                        id: None,
                        replacements: self.replacements.len(),
                    });
                }
            }
            (Token::String(name), Some(container)) if container.expects_name => container.current = Key::Name(name),
            (Token::String(value), Some(container)) => {
                if matches!(container.current, Key::Name(r#""id""# | r#""Id""#)) {
                    container.id = plain_id(value);
                }
            }
            (Token::Other(":"), Some(container)) => container.expects_name = false,
            (Token::Other(","), Some(container)) => {
                container.expects_name = container.is_object;
                if let Key::Index(index) = &mut container.current {
                    *index += 1;
                }
            }
            _ => {}
        }
    }

    /// Moves behind `token`; at the end of an object, gives its identifier to the replacements within it.
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
        if self.replacements.len() < MAX_REPORTED_REPLACEMENTS {
            self.replacements.push(Replacement { path: self.path(), id: None, kind });
        }
    }

    fn path(&self) -> String {
        let inner = self.containers.iter().skip(1).map(|container| container.key);
        let innermost = self.containers.last().map(|container| container.current);
        let mut path = String::new();
        for key in inner.chain(innermost) {
            match key {
                Key::Index(index) => path.extend(["[", &index.to_string(), "]"]),
                Key::Name(name) => {
                    let name: String =
                        unescape_string(name).chars().filter(|character| !character.is_control()).collect();
                    path = field_path(&path, &name);
                }
            }
            if let Some((end, _)) = path.char_indices().nth(MAX_REPORTED_PATH_LENGTH) {
                path.truncate(end);
                path.push('…');
                break;
            }
        }
        path
    }
}

/// Returns the identifier in a JSON string, if it consists of letters, digits, `-`, `_` and `.` only.
fn plain_id(value: &str) -> Option<String> {
    let id = unescape_string(value);
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    (is_plain && (1..=MAX_REPORTED_ID_LENGTH).contains(&id.len())).then(|| id.into_owned())
}
