//! Repair of JSON that `serde_json` rejects: one pass over its tokens, which replaces what no value can hold.
//!
//! The pass knows its position (the enclosing arrays and objects, their keys and identifiers), so that each replacement is
//! reported with a path and with the identifier of the customer it belongs to.

use super::{
    replacement::{Replacement, ReplacementKind},
    tokens::{JsonToken, JsonTokens, has_json_number_start, replace_unpaired_surrogates, unescape_string},
};
use crate::{Secret, writer::join_field_path};
use std::borrow::Cow;

/// The maximum depth of arrays and objects that `serde_json` accepts.
const PARSER_RECURSION_LIMIT: usize = 127;
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
#[inline]
pub(super) fn repair_json(json: &str, scope: RepairScope) -> (Option<Secret>, Vec<Replacement>) {
    // Surrogates are replaced by as many bytes, so that a result with only those never outgrows its allocation.
    let mut repaired = String::with_capacity(json.len());
    let mut position = RepairPosition::default();
    let mut is_replaced = false;
    for token in JsonTokens(json) {
        let is_skipped = scope == RepairScope::All && position.depth > PARSER_RECURSION_LIMIT;
        position.enter_token(token);
        match token {
            JsonToken::Open(_) if scope == RepairScope::All && position.depth == PARSER_RECURSION_LIMIT + 1 => {
                repaired.push_str("null");
                position.record_replacement(ReplacementKind::Nesting);
                is_replaced = true;
            }
            _ if is_skipped => {}
            JsonToken::String(written) => {
                let string = replace_unpaired_surrogates(written);
                repaired.push_str(&string);
                if let Cow::Owned(_) = string {
                    position.record_replacement(ReplacementKind::UnpairedSurrogate);
                    is_replaced = true;
                }
            }
            JsonToken::Scalar(scalar) if scope == RepairScope::All && is_number_out_of_range(scalar) => {
                repaired.push_str(if scalar.starts_with('-') {
                    "-1.7976931348623157e308"
                } else {
                    "1.7976931348623157e308"
                });
                position.record_replacement(ReplacementKind::Number);
                is_replaced = true;
            }
            JsonToken::Open(written)
            | JsonToken::Close(written)
            | JsonToken::Other(written)
            | JsonToken::Scalar(written) => {
                repaired.push_str(written);
            }
        }
        position.leave_token(token);
    }
    let repaired = Secret::new(repaired);
    (is_replaced.then_some(repaired), position.replacements)
}

#[inline]
fn is_number_out_of_range(scalar: &str) -> bool {
    has_json_number_start(scalar) && scalar.parse::<f64>().is_ok_and(f64::is_infinite)
}

/// The position of the pass in the JSON, and the replacements so far.
#[derive(Default)]
struct RepairPosition<'a> {
    /// The enclosing arrays and objects, without those nested too deeply.
    containers: Vec<OpenContainer<'a>>,
    depth: usize,
    replacements: Vec<Replacement>,
}

/// An array or object that is open.
struct OpenContainer<'a> {
    /// Its own key in the container around it.
    key: ContainerKey<'a>,
    /// The key of its current value.
    current: ContainerKey<'a>,
    /// Whether the next string is the name of a field.
    expects_name: bool,
    is_object: bool,
    id: Option<String>,
    /// The number of replacements before it.
    replacements: usize,
}

#[derive(Clone, Copy)]
enum ContainerKey<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> RepairPosition<'a> {
    /// Moves to `token`.
    #[inline]
    fn enter_token(&mut self, token: JsonToken<'a>) {
        if self.depth > PARSER_RECURSION_LIMIT {
            // Nothing is reported about values nested too deeply.
            self.depth += usize::from(matches!(token, JsonToken::Open(_)));
            return;
        }
        match (token, self.containers.last_mut()) {
            (JsonToken::Open(bracket), container) => {
                let key = container.map_or(ContainerKey::Index(0), |container| container.current);
                self.depth += 1;
                if self.depth <= PARSER_RECURSION_LIMIT {
                    let is_object = bracket == "{";
                    self.containers.push(OpenContainer {
                        key,
                        current: if is_object { ContainerKey::Name("") } else { ContainerKey::Index(0) },
                        expects_name: is_object,
                        is_object,
                        id: None,
                        replacements: self.replacements.len(),
                    });
                }
            }
            (JsonToken::String(name), Some(container)) if container.expects_name => {
                container.current = ContainerKey::Name(name);
            }
            (JsonToken::String(value), Some(container)) => {
                if matches!(container.current, ContainerKey::Name(r#""id""# | r#""Id""#)) {
                    container.id = reportable_id(value);
                }
            }
            (JsonToken::Other(":"), Some(container)) => container.expects_name = false,
            (JsonToken::Other(","), Some(container)) => {
                container.expects_name = container.is_object;
                if let ContainerKey::Index(index) = &mut container.current {
                    *index += 1;
                }
            }
            _ => {}
        }
    }

    /// Moves behind `token`; at the end of an object, gives its identifier to the replacements within it.
    #[inline]
    fn leave_token(&mut self, token: JsonToken<'a>) {
        let JsonToken::Close(_) = token else { return };
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

    #[inline]
    fn record_replacement(&mut self, kind: ReplacementKind) {
        if self.replacements.len() < MAX_REPORTED_REPLACEMENTS {
            self.replacements.push(Replacement { path: self.current_path(), id: None, kind });
        }
    }

    #[inline]
    fn current_path(&self) -> String {
        let inner = self.containers.iter().skip(1).map(|container| container.key);
        let innermost = self.containers.last().map(|container| container.current);
        let mut path = String::new();
        for key in inner.chain(innermost) {
            match key {
                ContainerKey::Index(index) => path.extend(["[", &index.to_string(), "]"]),
                ContainerKey::Name(name) => {
                    let name: String =
                        unescape_string(name).chars().filter(|character| !character.is_control()).collect();
                    path = join_field_path(&path, &name);
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
#[inline]
fn reportable_id(value: &str) -> Option<String> {
    let id = unescape_string(value);
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    (is_plain && (1..=MAX_REPORTED_ID_LENGTH).contains(&id.len())).then(|| id.into_owned())
}
