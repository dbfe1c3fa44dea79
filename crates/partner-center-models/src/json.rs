//! JSON as the grammar of RFC 8259 allows it, of which `serde_json` rejects a part.
//!
//! [`from_json`] tries `serde_json` first. Only if that fails or reports a loss, the JSON is repaired (`repair`) and read again.

mod compact_items;
mod repair;
mod replacement;
mod tokens;

pub(crate) use compact_items::find_compact_items;
pub use replacement::{Replacement, ReplacementKind};
pub(crate) use tokens::{compact_json, has_json_number_start, has_unpaired_surrogate, unescape_string};

use crate::{Secret, loss_mode};
use repair::{RepairScope, repair_json};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Parses JSON as `serde_json::from_str` does, and also what the grammar of JSON allows but `serde_json` rejects.
///
/// Services and programs write such JSON: .NET and JavaScript cut a name within an emoji, and leave an unpaired surrogate. That
/// costs the one character, not the list. This takes the time of `serde_json::from_str` unless `serde_json` fails or would lose
/// digits; then the JSON is read a second time.
///
/// - An unpaired surrogate, in a string or in the name of a field, becomes U+FFFD.
/// - A value of a type other than documented keeps its digits (`1.10` where a string is documented, say);
///   `serde_json::from_str` sees its value only, and keeps `1.1`.
/// - A byte order mark at the beginning is skipped.
/// - Where `T` is a custom type: a number out of the range of `f64` becomes the maximum of that sign, arrays and objects nested
///   deeper than 127 become `null`, and of several fields with the same name the last one counts. The generated types keep the
///   former two as received, in their [`UnknownFields`](crate::UnknownFields).
///
/// Everything that was replaced is in [`ParsedJson::replacements`].
///
/// # Errors
///
/// - The string is not JSON.
/// - The value is not a `T`: for a generated type, an object of another kind or a page without its items.
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
    from_json_with(json, |json| serde_json::from_str(json))
}

/// Does what [`from_json`] does, with `read` in place of `serde_json::from_str`. For the client.
#[doc(hidden)]
pub fn from_json_with<T>(
    json: &str,
    mut read: impl FnMut(&str) -> serde_json::Result<T>,
) -> serde_json::Result<ParsedJson<T>> {
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let (first, is_lossy) = loss_mode::detect_loss(|| read(json));
    match first {
        Ok(value) if !is_lossy => Ok(ParsedJson { value, replacements: Vec::new() }),
        // Truncated JSON cannot be repaired.
        Err(error) if error.is_eof() => Err(error),
        first => reread_with_repaired_json(json, first, read),
    }
}

/// The result of [`from_json`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParsedJson<T> {
    /// The value.
    pub value: T,
    /// The first 16 replacements, in order; usually none.
    pub replacements: Vec<Replacement>,
}

/// The maximum length of JSON that is parsed by way of a `Value`, which takes many times its length in memory.
const MAX_LENGTH_PARSED_AS_VALUE: usize = 8 << 20;

/// Reads JSON whose first read, with the result `first`, failed or lost digits.
fn reread_with_repaired_json<T>(
    json: &str,
    first: serde_json::Result<T>,
    mut read: impl FnMut(&str) -> serde_json::Result<T>,
) -> serde_json::Result<ParsedJson<T>> {
    let (strings, replacements) = repair_json(json, RepairScope::Strings);
    let mut last = match loss_mode::with_exact_values(|| read(repaired_or_original(json, strings.as_ref()))) {
        Ok(value) => return Ok(ParsedJson { value, replacements }),
        Err(error) => error,
    };
    let first = match first {
        Ok(value) => return Ok(ParsedJson { value, replacements: Vec::new() }),
        Err(error) => error,
    };
    let (all, replacements) = repair_json(json, RepairScope::All);
    let repaired = repaired_or_original(json, all.as_ref());
    if !replacements.is_empty() {
        match loss_mode::with_exact_values(|| read(repaired)) {
            Ok(value) => return Ok(ParsedJson { value, replacements }),
            Err(error) => last = error,
        }
    }
    // A derived `Deserialize` rejects duplicate fields; a `Value` takes the last of them.
    if last.to_string().contains("duplicate field")
        && repaired.len() <= MAX_LENGTH_PARSED_AS_VALUE
        && let Ok(value) = serde_json::from_str::<Value>(repaired).and_then(|value| read(&value.to_string()))
    {
        return Ok(ParsedJson { value, replacements });
    }
    // The first error has the line and column in the original JSON; if that could be repaired, the last error is the cause.
    Err(if first.is_data() || !last.is_data() { first } else { last })
}

#[inline]
fn repaired_or_original<'a>(json: &'a str, repaired: Option<&'a Secret>) -> &'a str {
    repaired.map_or(json, Secret::expose)
}

#[cfg(test)]
mod tests;
