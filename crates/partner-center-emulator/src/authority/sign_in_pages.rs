//! The pages on which a user signs in, in a browser: for the code of a device, for an application that waits for an authorization
//! code, and to consent for the tenant. There is one user, without a password.

use super::{
    Authority, TokenError,
    discovery::resolve_tenant_id,
    form::TokenRequestForm,
    sign_ins::{AuthorizationCodeGrant, User},
    token_endpoint::SIGNED_IN_USER_NAME,
};
use crate::{query::QueryParameters, test_credentials};
use http::{
    HeaderValue, Method, StatusCode, Uri,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
};
use partner_center_core::{Request, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::{fmt::Write, time::Duration};

/// What a user has decided on a page.
struct UserDecision {
    /// The user who has accepted, or `None` if they have declined.
    user: Option<User>,
    user_code: String,
}

impl Authority {
    /// Returns the page on which a user enters the code of a device, or takes their decision.
    pub(super) fn respond_with_device_login_page(&self, request: &Request, now: Duration) -> Response {
        let Some(UserDecision { user, user_code }) = read_user_decision(request) else {
            let code = QueryParameters::parse(request.uri()).first_value("user_code").unwrap_or_default().to_owned();
            return html_response(StatusCode::OK, "Enter the code", &self.sign_in_form_html(Some(&code)));
        };
        if !self.lock_sign_ins().is_pending_user_code(&user_code, now) {
            let form = format!(
                "<p>That code did not work. It is unknown, used or expired.</p>{}",
                self.sign_in_form_html(Some(""))
            );
            return html_response(StatusCode::BAD_REQUEST, "Enter the code", &form);
        }
        if user.is_some() {
            self.record_application_consent();
        }
        self.lock_sign_ins().decide_device_sign_in(&user_code, user, now);
        let message = match user {
            Some(_) => "You have signed in. Close this window, and go back to the device.",
            None => "You have declined. Close this window.",
        };
        html_response(StatusCode::OK, "Done", &format!("<p>{message}</p>"))
    }

    /// Returns the page on which a user signs in for an application, or redirects to the application with the outcome.
    pub(super) fn respond_with_sign_in_page(&self, request: &Request, tenant: &str, now: Duration) -> Response {
        let query = QueryParameters::parse(request.uri());
        let value = |name| query.first_value(name).unwrap_or_default();
        if value("client_id") != test_credentials::CLIENT_ID {
            return error_page_response(TokenError::UnknownClient);
        }
        let redirect_uri = value("redirect_uri");
        if !is_registered_redirect_uri(redirect_uri) {
            return error_page_response(TokenError::UnregisteredRedirectUri);
        }
        let redirect = |outcome: &[(&str, &str)]| redirect_response(redirect_uri, outcome, query.first_value("state"));
        if value("response_type") != "code" {
            return redirect(&[("error", "unsupported_response_type")]);
        }
        let is_challenge_unsupported =
            query.first_value("code_challenge").is_some() && value("code_challenge_method") != "S256";
        if is_challenge_unsupported {
            return redirect(&[("error", "invalid_request")]);
        }
        let Some(UserDecision { user, .. }) = read_user_decision(request) else {
            return html_response(StatusCode::OK, "Sign in", &self.sign_in_form_html(None));
        };
        let Some(user) = user else {
            let text = TokenError::AuthorizationDeclined.entra_error_text();
            let description = format!("AADSTS{}: {}", text.code, text.message);
            return redirect(&[("error", "access_denied"), ("error_description", &description)]);
        };
        self.record_application_consent();
        let authorization = AuthorizationCodeGrant {
            tenant: resolve_tenant_id(tenant),
            redirect_uri: redirect_uri.to_owned(),
            code_challenge: query.first_value("code_challenge").map(str::to_owned),
            user,
        };
        let code = self.lock_sign_ins().issue_authorization_code(self.seed, authorization, now);
        redirect(&[("code", &code)])
    }

    /// Returns the page on which an administrator consents for the tenant, or redirects with the outcome.
    pub(super) fn respond_with_consent_page(&self, request: &Request, tenant: &str) -> Response {
        let query = QueryParameters::parse(request.uri());
        if query.first_value("client_id") != Some(test_credentials::CLIENT_ID) {
            return error_page_response(TokenError::UnknownClient);
        }
        let Some(UserDecision { user, .. }) = read_user_decision(request) else {
            return html_response(StatusCode::OK, "Consent for the tenant", &self.sign_in_form_html(None));
        };
        if user.is_some() {
            self.record_application_consent();
        }
        match query.first_value("redirect_uri").filter(|uri| is_registered_redirect_uri(uri)) {
            Some(uri) => {
                let consent = if user.is_some() { "True" } else { "False" };
                let outcome = [("admin_consent", consent), ("tenant", &resolve_tenant_id(tenant))];
                redirect_response(uri, &outcome, query.first_value("state"))
            }
            None => html_response(StatusCode::OK, "Done", "<p>You may close this window.</p>"),
        }
    }

    /// Returns the form of a sign-in, with a field for the code of a device if there is one.
    fn sign_in_form_html(&self, user_code: Option<&str>) -> String {
        let code_field = match user_code.map(escape_html) {
            Some(code) => {
                format!("<p><label>Code <input name=\"user_code\" value=\"{code}\" autofocus></label></p>")
            }
            None => String::new(),
        };
        let checked = if self.settings.require_second_factor { " checked" } else { "" };
        format!(
            "<form method=\"post\">{code_field}\
             <p>Sign in as {SIGNED_IN_USER_NAME}, and let the application act for you in Partner Center.</p>\
             <p><label><input type=\"checkbox\" name=\"second_factor\" value=\"yes\"{checked}> \
             with a second factor</label></p>\
             <p><button name=\"decision\" value=\"accept\">Sign in and accept</button> \
             <button name=\"decision\" value=\"decline\">Decline</button></p></form>"
        )
    }
}

/// Reads the decision of a user from a form that was posted.
fn read_user_decision(request: &Request) -> Option<UserDecision> {
    if request.method() != Method::POST {
        return None;
    }
    let form = TokenRequestForm::parse(request.body());
    let has_second_factor = form.get_field("second_factor") == Some("yes");
    let user = (form.get_field("decision") == Some("accept")).then_some(User { has_second_factor });
    Some(UserDecision { user, user_code: form.get_field("user_code").unwrap_or_default().to_owned() })
}

/// Whether it is a redirect URI of the emulator's application, which is registered with `http://localhost`: as with Entra, the
/// port is ignored and the path is not.
fn is_registered_redirect_uri(uri: &str) -> bool {
    let is_local = |uri: Uri| {
        uri.scheme_str() == Some("http") && uri.host() == Some("localhost") && matches!(uri.path(), "" | "/")
    };
    uri.parse().is_ok_and(is_local)
}

fn redirect_response(redirect_uri: &str, outcome: &[(&str, &str)], state: Option<&str>) -> Response {
    let mut location = redirect_uri.to_owned();
    let outcome = outcome.iter().copied().chain(state.map(|state| ("state", state)));
    for (separator, (name, value)) in std::iter::once('?').chain(std::iter::repeat('&')).zip(outcome) {
        let _ = write!(location, "{separator}{name}={}", utf8_percent_encode(value, ENCODED_QUERY_VALUE_CHARACTERS));
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(LOCATION, location);
    }
    response
}

/// The characters of a value in a query that are percent-encoded.
const ENCODED_QUERY_VALUE_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn error_page_response(error: TokenError) -> Response {
    let text = error.entra_error_text();
    html_response(StatusCode::BAD_REQUEST, "Sorry", &format!("<p>AADSTS{}: {}</p>", text.code, text.message))
}

fn html_response(status: StatusCode, title: &str, content: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{content}<p>This is the emulator of Partner Center: nobody is asked for a password.</p>\
         </body></html>"
    );
    let mut response = Response::new(page.into());
    *response.status_mut() = status;
    let length = response.body().len();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escape_html(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
        escaped
    })
}
