//! The quirks of the service, as settings. Each has been seen on the wire or is a risk that clients should survive; by default
//! all are off and the emulator does as documented. [`response_writer`](crate::response_writer) and
//! [`customer_list`](crate::customer_list) apply them.

use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;

// The summaries of the enums' variants are also the help text of the command line, which has no period at their end.

/// The encoding of JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8
    #[default]
    #[cfg_attr(feature = "clap", value(name = "utf-8"))]
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, little-endian
    #[cfg_attr(feature = "clap", value(name = "utf-16le"))]
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, big-endian
    #[cfg_attr(feature = "clap", value(name = "utf-16be"))]
    #[serde(rename = "utf-16be")]
    Utf16Be,
}

/// The format of the links of a page or a resource; those of the items in a page are plain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
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

/// The place of the continuation token in a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContinuationIn {
    /// Among the headers of the next-page link
    #[default]
    Link,
    /// In `continuationToken`, without a next-page link
    Body,
    /// In both
    Both,
}

/// The way in which a list ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ListEnd {
    /// The last page has no token
    #[default]
    NoToken,
    /// The last page has a token; continuing with it returns 400, code 2000
    ErrorResponse,
    /// The last page has a token; continuing with it returns 204 and no body
    NoContent,
    /// The last page has a token; continuing with it returns a page without customers
    EmptyPage,
}

/// The customers that `totalCount` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TotalCount {
    /// The customers of the page
    #[default]
    Page,
    /// The customers of the complete list
    List,
}

/// The JSON type of error codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorCodes {
    /// Numbers or strings, depending on the part of the service that sends the error
    #[default]
    Mixed,
    /// Numbers
    Numbers,
    /// Strings
    Strings,
}

/// All quirks. [`EmulatorBuilder`](crate::EmulatorBuilder) sets those that an emulator starts with, and documents each more closely;
/// [`Emulator::set_quirks`](crate::Emulator::set_quirks) sets them while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate quirk, and all combinations are valid")]
#[non_exhaustive]
pub struct Quirks {
    /// The format of links.
    pub link_style: LinkStyle,
    /// Whether a next-page link has a second `?` instead of `&` between its parameters.
    pub double_question_mark: bool,
    /// The place of the continuation token in a page.
    pub continuation_in: ContinuationIn,
    /// The way in which a list ends.
    pub list_end: ListEnd,
    /// The customers that `totalCount` counts.
    pub total_count: TotalCount,
    /// The maximum number of customers in a page, whatever size is requested.
    pub page_cap: Option<NonZeroU16>,
    /// Whether all `links` are missing.
    pub without_links: bool,
    /// Whether no customer allows delegated access.
    pub without_delegated_access: bool,
    /// Whether a field without a value is `null` instead of absent.
    pub nulls: bool,
    /// Whether there are fields and values that the documentation does not have.
    pub unknown_values: bool,
    /// The JSON type of error codes.
    pub error_codes: ErrorCodes,
    /// Whether the names of fields begin with a capital letter.
    pub pascal_case: bool,
    /// The encoding of JSON.
    pub encoding: Encoding,
    /// Whether JSON begins with a byte order mark.
    pub byte_order_mark: bool,
    /// Whether responses have `X-Locale` twice.
    pub duplicate_locale: bool,
    /// Whether responses have another `MS-RequestId` than the request.
    pub foreign_request_ids: bool,
    /// Whether a request with a query parameter that its resource does not have is rejected.
    pub reject_unknown_parameters: bool,
}
