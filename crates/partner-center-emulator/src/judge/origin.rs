//! Where a request comes from, as far as its headers tell.

use super::arrivals::guid_header;
use crate::{random::keyed_hash, response_headers::CORRELATION_ID_HEADER};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use serde_json::Value;
use uuid::Uuid;

/// The origin of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestOrigin {
    /// Identifies the tenant, the user and the application of the token, or else the token itself. A program that fetches a new
    /// token each hour is the same caller as before.
    pub(super) caller: u64,
    /// Identifies the token. Two programs of the same user have two.
    token: u64,
    /// Identifies the work that the request is part of.
    pub(super) correlation_id: Option<Uuid>,
}

impl RequestOrigin {
    pub(super) fn of_headers(headers: &HeaderMap) -> Self {
        let authorization = headers.get(AUTHORIZATION).map_or(&[][..], HeaderValue::as_bytes);
        let token = keyed_hash(0, authorization);
        let subject = str::from_utf8(authorization).ok().and_then(read_caller_claims);
        Self {
            caller: subject.map_or(token, |subject| keyed_hash(1, subject.as_bytes())),
            token,
            correlation_id: guid_header(headers, CORRELATION_ID_HEADER),
        }
    }
}

/// Whether two requests for the same are a request and its retry, rather than those of two parts of a program or of two programs.
/// Without a correlation id, those with the same token are.
pub(super) fn is_same_work(one: &RequestOrigin, other: &RequestOrigin) -> bool {
    one.correlation_id == other.correlation_id
        && if one.correlation_id.is_some() { one.caller == other.caller } else { one.token == other.token }
}

/// Returns what the token of an `Authorization` tells about its user, or `None` unless it is a JWT that names one. Nothing is granted
/// for it: the service checks the token by itself.
fn read_caller_claims(authorization: &str) -> Option<String> {
    let (_, token) = authorization.trim().split_once(' ')?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.trim().split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims["sub"].as_str()?;
    Some(["tid", "appid", "sub"].map(|name| claims[name].to_string()).join(" "))
}
