//! Strings from responses, made safe to show in an error.

use crate::Response;
use http::header::LOCATION;
use std::borrow::Cow;

/// Minimum length of a string that is treated as a secret, in bytes: shorter ones are not secret, and may occur anywhere.
const MIN_SECRET_LENGTH: usize = 8;

/// Maximum length of a sanitized string, in characters.
const MAX_MESSAGE_LENGTH: usize = 1024;

/// Returns `message` on one line, without control characters (which could act on a terminal), bounded in length, and with the
/// `secrets` redacted. Secrets are searched in decoded fields, since a body may escape them.
pub(crate) fn sanitize_message(message: &str, secrets: &[&str]) -> String {
    let secrets = secrets.iter().filter(|secret| secret.len() >= MIN_SECRET_LENGTH);
    let redacted = secrets.fold(Cow::Borrowed(message), |message, secret| {
        if message.contains(secret) { Cow::Owned(message.replace(secret, "[redacted]")) } else { message }
    });
    let words = redacted.split(|character: char| character.is_whitespace() || character.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_MESSAGE_LENGTH) {
        Some((end, _)) => line[..end].to_owned() + "…",
        None => line,
    }
}

/// Returns the target of a redirect, without the parts that may hold a secret: user, query and fragment.
pub(crate) fn redirect_location_without_secrets(response: &Response, secrets: &[&str]) -> Option<String> {
    let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection())?.to_str().ok()?;
    let location = location.split(['?', '#']).next()?;
    let (scheme, rest) = location.split_at(location.find("//").map_or(0, |start| start + 2));
    let authority = if scheme.is_empty() { "" } else { rest.split('/').next()? };
    let user = authority.rfind('@').map_or(0, |end| end + 1);
    Some(sanitize_message(&format!("{scheme}{}", &rest[user..]), secrets)).filter(|location| !location.is_empty())
}
