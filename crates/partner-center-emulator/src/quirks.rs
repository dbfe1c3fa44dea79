//! How the service writes what it answers: as documented, unless it is told to be odd in a way that has been seen, or is
//! to be feared.

mod tree;

use crate::{
    answer::{Answer, Content},
    customer_id,
    random::Random,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use partner_center_core::{Request, Response};
use serde::Serialize;
use std::num::NonZeroU16;

/// How text is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8
    #[default]
    #[cfg_attr(feature = "clap", value(name = "utf-8"))]
    Utf8,
    /// UTF-16, little end first
    #[cfg_attr(feature = "clap", value(name = "utf-16le"))]
    Utf16Le,
    /// UTF-16, big end first
    #[cfg_attr(feature = "clap", value(name = "utf-16be"))]
    Utf16Be,
}

/// The form of the links between pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum LinkStyle {
    /// `/v1/customers?…`
    V1,
    /// `/customers?…`
    #[default]
    Plain,
    /// `customers?…`
    Bare,
    /// `https://…/v1/customers?…`
    Absolute,
}

/// Where a page has the token of the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum ContinuationIn {
    /// Among the headers of the next link
    #[default]
    Link,
    /// In `continuationToken`, without a next link
    Body,
    /// In both
    Both,
}

/// How a list ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum ListEnd {
    /// The last page has no token
    #[default]
    NoToken,
    /// The last page still has a token; asking on with it is refused with 400, code 2000
    ErrorResponse,
    /// The last page still has a token; asking on with it gives 204 and no body
    NoContent,
    /// The last page still has a token; asking on with it gives a page without customers
    EmptyPage,
}

/// What `totalCount` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum TotalCount {
    /// The customers of the page
    #[default]
    Page,
    /// The customers of the whole list
    List,
}

/// How the codes of faults are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum ErrorCodes {
    /// Some so, some so, as the part of the service has it that speaks
    #[default]
    Mixed,
    /// As numbers
    Numbers,
    /// As texts
    Texts,
}

#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an quirk of its own, and all combinations are meant")]
pub(crate) struct Quirks {
    pub(crate) link_style: LinkStyle,
    pub(crate) double_question_mark: bool,
    pub(crate) continuation: ContinuationIn,
    pub(crate) list_end: ListEnd,
    pub(crate) total_count: TotalCount,
    pub(crate) page_cap: Option<NonZeroU16>,
    pub(crate) without_links: bool,
    pub(crate) without_delegated_access: bool,
    pub(crate) nulls: bool,
    pub(crate) unknown_values: bool,
    pub(crate) error_codes: ErrorCodes,
    pub(crate) pascal_case: bool,
    pub(crate) encoding: Encoding,
    pub(crate) byte_order_mark: bool,
    pub(crate) duplicate_locale: bool,
    pub(crate) foreign_request_ids: bool,
}

impl Quirks {
    /// Writes `answer`, which is the one to `request`, the `number`th.
    pub(crate) fn write(&self, answer: Answer, request: &Request, seed: u64, number: u64) -> Response {
        let Answer { status, headers, content } = answer;
        let (media_type, body) = match content {
            Content::Page(page) => (self.json(), self.text(&page, "page")),
            Content::Customer(customer) => (self.json(), self.text(&customer, "customer")),
            Content::Fault(fault) => (self.json(), self.text(&fault, "fault")),
            Content::Text(text) => ("text/plain; charset=utf-8", text.into()),
            Content::Html(page) => ("text/html; charset=utf-8", page.into()),
            Content::Garbage => (self.json(), b"}\x00\xc3\x28 garbage".to_vec()),
            Content::Nothing => ("", Vec::new()),
        };
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        *response.headers_mut() = self.context(request.headers(), seed, number);
        response.headers_mut().extend(headers);
        if !media_type.is_empty() {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        if status != http::StatusCode::NO_CONTENT {
            let length = response.body().len();
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        if request.method() == Method::HEAD {
            response.body_mut().clear();
        }
        response
    }

    /// The media type of JSON. UTF-16 is left to be noticed, as the service does not tell.
    fn json(&self) -> &'static str {
        match self.encoding {
            Encoding::Utf8 => "application/json; charset=utf-8",
            Encoding::Utf16Le | Encoding::Utf16Be => "application/json",
        }
    }

    /// The bytes of `value`, which is a `name`.
    fn text(&self, value: &impl Serialize, name: &str) -> Vec<u8> {
        let text = if self.leave_values_alone() { serde_json::to_string(value) } else { self.of_tree(value, name) };
        #[expect(clippy::expect_used, reason = "our own types, whose keys are texts and which never refuse")]
        let text = text.expect("what is answered can be written as JSON");
        let mark = if self.byte_order_mark { "\u{feff}" } else { "" };
        match self.encoding {
            Encoding::Utf8 if mark.is_empty() => text.into_bytes(),
            Encoding::Utf8 => [mark, &text].concat().into_bytes(),
            Encoding::Utf16Le => units(mark, &text).flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => units(mark, &text).flat_map(u16::to_be_bytes).collect(),
        }
    }

    /// The headers that say which request was answered, and by whom.
    fn context(&self, request: &HeaderMap, seed: u64, number: u64) -> HeaderMap {
        let mut random = Random::new(seed, "request", number);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (REQUEST_ID, random.guid().to_string()),
            (CORRELATION_ID, random.guid().to_string()),
            (CORRELATION_VECTOR, format!("{:016x}.0", random.number())),
            (SERVER_ID, "101112012".to_owned()),
            (REQUEST_CONTEXT, format!("appId=cid-v1:{}", Random::new(seed, "service", 0u8).guid())),
            (LOCALE, "en-US".to_owned()),
        ] {
            headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
        }
        for echoed in [REQUEST_ID, CORRELATION_ID, LOCALE] {
            let is_foreign = self.foreign_request_ids && echoed == REQUEST_ID;
            let is_said = if echoed == LOCALE { is_locale } else { is_guid };
            let said = request.get(&echoed).filter(|value| !is_foreign && is_said(value));
            if let Some(value) = said {
                headers.insert(echoed, value.clone());
            }
        }
        if self.duplicate_locale
            && let Some(locale) = headers.get(LOCALE).cloned()
        {
            headers.append(LOCALE, locale);
        }
        headers
    }
}

pub(crate) fn is_guid(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|value| customer_id::parse(value).is_some())
}

/// Whether it can be one: nothing more is known of the locales that the service has.
fn is_locale(value: &HeaderValue) -> bool {
    !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_graphic)
}

fn units<'a>(mark: &'a str, text: &'a str) -> impl Iterator<Item = u16> + 'a {
    mark.encode_utf16().chain(text.encode_utf16())
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("ms-requestid");
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("ms-correlationid");
const CORRELATION_VECTOR: HeaderName = HeaderName::from_static("ms-cv");
const SERVER_ID: HeaderName = HeaderName::from_static("ms-serverid");
const REQUEST_CONTEXT: HeaderName = HeaderName::from_static("request-context");
const LOCALE: HeaderName = HeaderName::from_static("x-locale");
