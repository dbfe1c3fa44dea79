//! The quirks of the service, as settings. Each has been seen on the wire or is a risk that clients should survive; by default
//! all are off and the emulator does as documented. [`response_writer`](crate::response_writer) and
//! [`customer_list`](crate::customer_list) apply them.

use std::num::NonZeroU16;

// The summaries of the enums' variants are also the help text of the command line, which has no period at their end.

/// The encoding of JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8
    #[default]
    #[cfg_attr(feature = "clap", value(name = "utf-8"))]
    Utf8,
    /// UTF-16, little-endian
    #[cfg_attr(feature = "clap", value(name = "utf-16le"))]
    Utf16Le,
    /// UTF-16, big-endian
    #[cfg_attr(feature = "clap", value(name = "utf-16be"))]
    Utf16Be,
}

/// The format of the links of a page or a resource; those of the items in a page are plain.
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

/// The place of the continuation token in a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum TotalCount {
    /// The customers of the page
    #[default]
    Page,
    /// The customers of the complete list
    List,
}

/// The JSON type of error codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
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

/// All quirks; [`EmulatorBuilder`](crate::EmulatorBuilder) documents each.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate quirk, and all combinations are valid")]
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
