//! The authority that issues tokens, imitated: the token endpoint of Entra, as far as partners use it.

mod refusal;

pub(crate) use refusal::TokenRefusal;

use crate::{Sandbox, random::hash};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{
    HeaderValue, Method, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE},
};
use partner_center_core::{Request, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Issues tokens that tell by themselves whose they are, when they end and how many came before, so that none is kept.
pub(crate) struct Authority {
    seed: u64,
    /// How long access tokens live.
    lifetime: Duration,
    /// How many answers with tokens there were.
    issued: AtomicU64,
    /// Of how many the access tokens, and the refresh tokens, are no longer good.
    revoked: AtomicU64,
    refresh_revoked: AtomicU64,
    /// Whether a refresh token dies when one that came after it is used.
    is_strict: bool,
}

/// Whom an access token was issued to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// An application on its own.
    Application,
    /// An application on behalf of a user.
    User,
    /// Either, for an audience that the service no longer accepts.
    OfRetiredAudience,
}

/// The name of the endpoint behind the tenant: in the first version of the protocol, and in the second.
const ENDPOINTS: [&[&str]; 2] = [&["oauth2", "token"], &["oauth2", "v2.0", "token"]];

/// Whether tokens are issued at `path`.
pub(crate) fn is_token_endpoint(path: &str) -> bool {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    segments.split_first().is_some_and(|(_, endpoint)| ENDPOINTS.contains(&endpoint))
}

impl Authority {
    pub(crate) fn new(seed: u64, lifetime: Duration, is_strict: bool) -> Self {
        Self {
            seed,
            lifetime,
            issued: AtomicU64::new(0),
            revoked: AtomicU64::new(0),
            refresh_revoked: AtomicU64::new(0),
            is_strict,
        }
    }

    /// Access tokens that were issued are not accepted any more.
    pub(crate) fn revoke_access_tokens(&self) {
        self.revoked.store(self.issued.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Refresh tokens that were issued are not accepted any more, nor is the first one.
    pub(crate) fn revoke_refresh_tokens(&self) {
        // The first one has the number 0, the next to be issued the one after all so far.
        self.refresh_revoked.store(self.issued.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    /// Whom `token` was issued to, if it lives `now`, a time since the sandbox was made.
    pub(crate) fn holder(&self, token: &str, now: Duration) -> Option<Holder> {
        let Token { kind, number, expires } = Token::read(token, self.seed)?;
        let Kind::Access(holder) = kind else { return None };
        (number > self.revoked.load(Ordering::SeqCst) && now < expires).then_some(holder)
    }

    /// The answer to a request for a token that comes `now`; it is to be refused if there is a `refusal` already.
    pub(crate) fn answer(&self, request: &Request, refusal: Option<TokenRefusal>, now: Duration) -> Response {
        let outcome = match refusal {
            Some(refusal) => Err(refusal),
            None => self.issue(request, now),
        };
        let (status, body) = match outcome {
            Ok(body) => (StatusCode::OK, body),
            Err(refusal) => (refusal.status(), refusal.body(&correlation_id(request))),
        };
        let mut response = Response::new(body.to_string().into());
        *response.status_mut() = status;
        let length = response.body().len();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(CONTENT_LENGTH, length.into());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }

    fn issue(&self, request: &Request, now: Duration) -> Result<Value, TokenRefusal> {
        if request.method() != Method::POST {
            return Err(TokenRefusal::MethodNotAllowed);
        }
        let form = Form::parse(request.body());
        let is_first_version = !request.uri().path().contains("v2.0");
        let audience = form.audience(is_first_version)?;
        if form.get("client_id") != Some(Sandbox::CLIENT_ID) {
            return Err(TokenRefusal::UnknownClient);
        }
        let secret = form.get("client_secret");
        let is_right = secret == Some(Sandbox::CLIENT_SECRET);
        let user = match form.get("grant_type") {
            Some("client_credentials") if is_right => false,
            // A native application has no secret, but whoever sends one must know it.
            Some("refresh_token") if is_right || secret.is_none() => {
                let known = form.get("refresh_token").is_some_and(|token| self.is_refresh_token(token));
                if !known {
                    return Err(TokenRefusal::InvalidGrant);
                }
                true
            }
            Some("client_credentials" | "refresh_token") => return Err(TokenRefusal::InvalidClient),
            _ => return Err(TokenRefusal::UnsupportedGrantType),
        };
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let holder = match (audience, user) {
            (Audience::Retired, _) => Holder::OfRetiredAudience,
            (Audience::Service, true) => Holder::User,
            (Audience::Service, false) => Holder::Application,
        };
        let token = |kind, expires| Token { kind, number, expires }.write(self.seed);
        let mut answer = json!({
            "token_type": "Bearer",
            "expires_in": self.lifetime.as_secs_f64(),
            "access_token": token(Kind::Access(holder), now.saturating_add(self.lifetime)),
        });
        let seconds = self.lifetime.as_secs();
        if self.lifetime.subsec_nanos() == 0 {
            answer["expires_in"] = seconds.into();
        }
        answer["ext_expires_in"] = answer["expires_in"].clone();
        if is_first_version {
            for name in ["expires_in", "ext_expires_in"] {
                answer[name] = answer[name].to_string().into();
            }
        }
        if user {
            answer["refresh_token"] = token(Kind::Refresh, Duration::MAX).into();
        }
        Ok(answer)
    }

    /// Whether `token` is good. As with Entra, an old one goes on being good when a new one is issued, and unless this is
    /// strict, even when that is used.
    fn is_refresh_token(&self, token: &str) -> bool {
        let number = match Token::read(token, self.seed) {
            Some(Token { kind: Kind::Refresh, number, .. }) => number,
            _ if token == Sandbox::REFRESH_TOKEN => 0,
            _ => return false,
        };
        let least = self.refresh_revoked.load(Ordering::SeqCst);
        if self.is_strict {
            self.refresh_revoked.fetch_max(number, Ordering::SeqCst);
        }
        number >= least
    }
}

fn correlation_id(request: &Request) -> String {
    let id = request.headers().get("client-request-id").and_then(|id| id.to_str().ok());
    id.unwrap_or("00000000-0000-0000-0000-000000000000").to_owned()
}

enum Audience {
    Service,
    Retired,
}

/// The fields of a form, decoded.
struct Form(Vec<(String, String)>);

impl Form {
    fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let fields = text.split('&').filter_map(|field| field.split_once('='));
        Self(fields.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whom the token is to be for: the resource of the first version, or a scope of the second.
    fn audience(&self, is_first_version: bool) -> Result<Audience, TokenRefusal> {
        let asked = if is_first_version { self.get("resource") } else { self.get("scope") };
        let asked = asked.unwrap_or_default().split(' ').next().unwrap_or_default();
        let resource =
            if is_first_version { asked } else { asked.rsplit_once('/').map_or(asked, |(resource, _)| resource) };
        match resource.trim_end_matches('/') {
            "https://api.partnercenter.microsoft.com" | "https://partner.partnercenterapi.microsoftonline.cn" => {
                Ok(Audience::Service)
            }
            "https://graph.windows.net" => Ok(Audience::Retired),
            _ => Err(TokenRefusal::UnknownAudience),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token {
    kind: Kind,
    /// By which answer it came, counted from 1.
    number: u64,
    /// A time since the sandbox was made.
    expires: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Access(Holder),
    Refresh,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Access(Holder::Application),
        Self::Access(Holder::User),
        Self::Access(Holder::OfRetiredAudience),
        Self::Refresh,
    ];
}

impl Token {
    fn write(self, seed: u64) -> String {
        let kind = (0_u8..).zip(Kind::ALL).find(|(_, kind)| *kind == self.kind).map_or(0, |(kind, _)| kind);
        let expires = u64::try_from(self.expires.as_millis()).unwrap_or(u64::MAX);
        let content = [&[kind][..], &self.number.to_be_bytes(), &expires.to_be_bytes()].concat();
        BASE64_URL_SAFE_NO_PAD.encode([&content[..], &hash(seed, &content).to_be_bytes()].concat())
    }

    /// What `token` says; nothing unless it was written under this seed.
    fn read(token: &str, seed: u64) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (content, checksum) = bytes.split_last_chunk()?;
        if hash(seed, content) != u64::from_be_bytes(*checksum) {
            return None;
        }
        let (kind, content) = content.split_first()?;
        let (number, content) = content.split_first_chunk()?;
        let expires = <[u8; 8]>::try_from(content).ok()?;
        Some(Self {
            kind: *Kind::ALL.get(usize::from(*kind))?,
            number: u64::from_be_bytes(*number),
            expires: Duration::from_millis(u64::from_be_bytes(expires)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is_and_until_when() {
        for kind in Kind::ALL {
            let token = Token { kind, number: 7, expires: Duration::from_millis(1234) };
            assert_eq!(Token::read(&token.write(1), 1), Some(token));
            assert_eq!(Token::read(&token.write(1), 2), None);
        }
        for text in ["", "sandbox-token", "AAAA"] {
            assert_eq!(Token::read(text, 1), None);
        }
    }

    #[test]
    fn the_endpoint_is_that_of_any_tenant() {
        for (path, is_one) in [
            ("/contoso.com/oauth2/v2.0/token", true),
            ("/common//oauth2/token/", true),
            ("/oauth2/v2.0/token", false),
            ("/contoso.com/oauth2/v2.0/token/more", false),
            ("/v1/customers", false),
            ("/", false),
        ] {
            assert_eq!(is_token_endpoint(path), is_one, "{path}");
        }
    }
}
