//! Writes responses of the service: serializes their content, and applies the quirks that concern values, encoding and headers.

mod value_quirks;

use crate::{
    json_fields::add_null_fields,
    origin::request_origin,
    quirks::{Encoding, LinkStyle, Quirks},
    response_headers::build_response_headers,
    service_response::{ResponseContent, ServiceResponse},
    settings::Settings,
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use hyper::body::Bytes;
use partner_center_core::{Request, Response};
use serde::Serialize;
use serde_json::Value;
use value_quirks::{ObjectKind, has_value_quirks, serialize_with_value_quirks};

/// Writes `response`, which is the one to `request`. `previous_requests` is the number of requests before it; headers are
/// drawn from the `seed`.
pub(crate) fn write_response(
    seed: u64,
    settings: &Settings,
    response: ServiceResponse,
    request: &Request,
    previous_requests: u64,
) -> Response {
    let Settings { quirks, rendered_pages, .. } = settings;
    let ServiceResponse { status, headers, content } = response;
    let json_type = json_media_type(quirks.encoding);
    let (media_type, body): (_, Bytes) = match content {
        ResponseContent::CustomerPage(page, key) => {
            let body = encode_customer_page(quirks, request, page).into();
            if let Some(key) = key {
                rendered_pages.cache_page(key, &body);
            }
            (json_type, body)
        }
        ResponseContent::RenderedPage(body) => (json_type, body),
        ResponseContent::Customer(customer) => {
            (json_type, serialize_json(quirks, request, &customer, ObjectKind::CUSTOMER_OBJECT).into())
        }
        ResponseContent::GeneratedCustomer(customer) => {
            (json_type, serialize_json(quirks, request, &customer, ObjectKind::CUSTOMER_OBJECT).into())
        }
        ResponseContent::Resource(mut value, kind, of) => {
            if quirks.nulls {
                add_null_fields(of, &mut value);
            }
            (json_type, serialize_json(quirks, request, &value, kind.into()).into())
        }
        ResponseContent::Bytes(media_type, bytes) => (media_type, bytes.into()),
        ResponseContent::Error(error) => {
            (json_type, serialize_json(quirks, request, &error, ObjectKind::ERROR_RESPONSE_KIND).into())
        }
        ResponseContent::PlainText(text) => ("text/plain; charset=utf-8", text.into()),
        ResponseContent::Html(page) => ("text/html; charset=utf-8", page.into()),
        ResponseContent::Garbage => (json_type, Bytes::from_static(b"}\x00\xc3\x28 garbage")),
        ResponseContent::Empty => ("", Bytes::new()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = build_response_headers(quirks, request.headers(), seed, previous_requests);
    response.headers_mut().extend(headers);
    if !media_type.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    if status != StatusCode::NO_CONTENT {
        let length = response.body().len();
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    if request.method() == Method::HEAD {
        response.body_mut().clear();
    }
    response
}

/// Returns the media type of JSON. It does not name UTF-16: the service does not either, so clients must detect it.
fn json_media_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "application/json; charset=utf-8",
        Encoding::Utf16Le | Encoding::Utf16Be => "application/json",
    }
}

/// Returns what a link has before the path below the version.
fn link_prefix(style: LinkStyle, request: &Request) -> String {
    match style {
        LinkStyle::V1 => "/v1/".to_owned(),
        LinkStyle::Plain => "/".to_owned(),
        LinkStyle::Bare => String::new(),
        LinkStyle::Absolute => format!("{}/v1/", request_origin(request)),
    }
}

fn encode_customer_page(quirks: &Quirks, request: &Request, page: Vec<u8>) -> Vec<u8> {
    if has_value_quirks(quirks) {
        let value: Value = serde_json::from_slice(&page).unwrap_or_else(|error| {
            unreachable!("a page of this crate is JSON: {error}");
        });
        return serialize_json(quirks, request, &value, ObjectKind::PAGE_OBJECT);
    }
    encode_json(quirks, page)
}

fn serialize_json(quirks: &Quirks, request: &Request, value: &impl Serialize, kind: ObjectKind) -> Vec<u8> {
    let json = if has_value_quirks(quirks) {
        serialize_with_value_quirks(quirks, &link_prefix(quirks.link_style, request), value, kind)
    } else {
        serde_json::to_vec(value)
    };
    #[expect(
        clippy::expect_used,
        reason = "types of this crate, whose keys are strings and whose `Serialize` cannot fail"
    )]
    encode_json(quirks, json.expect("the content of a response can be written as JSON"))
}

/// Encodes JSON, which is in UTF-8.
fn encode_json(quirks: &Quirks, json: Vec<u8>) -> Vec<u8> {
    let mark = if quirks.byte_order_mark { "\u{feff}" } else { "" };
    let utf16 = || -> Vec<u16> { mark.encode_utf16().chain(String::from_utf8_lossy(&json).encode_utf16()).collect() };
    match quirks.encoding {
        Encoding::Utf16Le => utf16().into_iter().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => utf16().into_iter().flat_map(u16::to_be_bytes).collect(),
        Encoding::Utf8 if mark.is_empty() => json,
        Encoding::Utf8 => [mark.as_bytes(), &json].concat(),
    }
}
