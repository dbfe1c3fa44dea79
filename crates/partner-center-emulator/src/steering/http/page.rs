//! The page to look at: one file, with its style and its script in it, and nothing from elsewhere.

use super::{SteeringCall, response::respond_with};
use crate::steering::SteeringError;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY},
};
use partner_center_core::Response;
use std::sync::LazyLock;

const PAGE: &str = include_str!("page.html");

/// Allows the page's own style and script by their hashes, requests to the emulator, and nothing else.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = |tag| Some(BASE64_STANDARD.encode(hmac_sha256::Hash::hash(content_of_element(PAGE, tag)?.as_bytes())));
    let (style, script) = (hash("style")?, hash("script")?);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).ok()
});

/// Returns the page.
#[expect(clippy::unnecessary_wraps, reason = "all handlers have the type of one table")]
pub(super) fn get_steering_page(_: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let mut response = respond_with(StatusCode::OK, "text/html; charset=utf-8", PAGE);
    let headers = response.headers_mut();
    let forbid_all = HeaderValue::from_static("default-src 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone().unwrap_or(forbid_all));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Returns what stands between the tags of the only element with this name.
fn content_of_element<'a>(page: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("<{tag}>"))?;
    Some(rest.split_once(&format!("</{tag}>"))?.0)
}

#[cfg(test)]
mod tests {
    use super::{PAGE, POLICY, content_of_element};

    #[test]
    fn page_has_one_style_and_one_script_and_nothing_from_elsewhere() {
        for tag in ["style", "script"] {
            assert_eq!(PAGE.matches(&format!("<{tag}")).count(), 1, "{tag}");
            assert!(content_of_element(PAGE, tag).is_some_and(|content| content.len() > 1000), "{tag}");
        }
        let policy = POLICY.as_ref().unwrap().to_str().unwrap();
        assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "http://",
            "https://",
            "//cdn",
            " style=",
            " onclick=\"",
        ] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
    }
}
