use crate::{checks, harness::ViolationObservation};
use partner_center_core::{Mode, Output, Transport};
use std::{error::Error, fmt};

/// A requirement that a transport does not meet, and the behavior that was observed instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    requirement: Requirement,
    observed: String,
}

impl Violation {
    /// Returns the requirement.
    #[must_use]
    pub fn requirement(&self) -> Requirement {
        self.requirement
    }

    /// Returns a description of the behavior that was observed.
    #[must_use]
    pub fn observed(&self) -> &str {
        &self.observed
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} is violated\n  requirement: {}\n  observed: {}",
            self.requirement.name(),
            self.requirement,
            self.observed
        )
    }
}

impl Error for Violation {}

/// The text of the requirement.
impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.requirement_text().trim())
    }
}

/// Generates from one table the enum of requirements, the call of each check, and the tests of [`suite!`](crate::suite).
///
/// `$dollar` is a dollar sign: a macro that defines another macro has no other way to write one for it.
macro_rules! requirements {
    ($dollar:tt $($module:ident { $($(#[doc = $line:literal])+ $requirement:ident => $name:ident,)+ })+) => {
        /// A requirement of the trait [`Transport`].
        ///
        /// Each has the name of the test that [`suite!`](crate::suite) generates for it, in camel case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Requirement {
            $($($(#[doc = $line])+ $requirement,)+)+
        }

        impl Requirement {
            /// All requirements.
            pub const ALL: &[Self] = &[$($(Self::$requirement,)+)+];

            /// Returns the name in snake case, which is the name of the test.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$requirement => stringify!($name),)+)+
                }
            }

            fn requirement_text(self) -> &'static str {
                match self {
                    $($(Self::$requirement => concat!($($line),+),)+)+
                }
            }

            /// Checks whether `transport` meets the requirement.
            ///
            /// Returns a `Result` if the transport blocks, otherwise a future, which must be awaited inside the runtime of
            /// the transport. A check takes a few seconds at most if the transport keeps its timeouts. Pass a transport that
            /// nothing else uses.
            ///
            /// # Errors
            ///
            /// A [`Violation`] if the transport does not meet the requirement.
            ///
            /// # Panics
            ///
            /// Panics if the transport panics.
            pub fn check<X: Transport>(self, transport: &X) -> Output<'_, X, Result<(), Violation>> {
                X::Mode::block_or_box(async move {
                    let result = match self {
                        $($(Self::$requirement => checks::$module::$name(transport).await,)+)+
                    };
                    result.map_err(|ViolationObservation(observed)| Violation { requirement: self, observed })
                })
            }
        }

        /// Generates one test for each [`Requirement`], which verifies that a transport meets it.
        ///
        /// For a blocking transport, write `suite!(transport)`; for an async one, `suite!(#[attribute] async transport)`,
        /// where the attribute turns an async function into a test, such as `#[tokio::test]`. `transport` is an expression,
        /// evaluated once for each test. Put the macro into a module, which then begins the names of the tests.
        ///
        /// ```
        /// mod conformance {
        ///     partner_center_conformance::suite!(partner_center_ureq::Ureq::new().unwrap());
        /// }
        /// ```
        #[macro_export]
        macro_rules! suite {
            ($dollar(#[$dollar test:meta])+ async $dollar transport:expr) => {
                $($(
                    $dollar(#[$dollar test])+
                    async fn $name() {
                        let result = $crate::Requirement::$requirement.check(&$dollar transport).await;
                        result.unwrap_or_else(|violation| panic!("{violation}"));
                    }
                )+)+
            };
            ($dollar transport:expr) => {
                $($(
                    #[test]
                    fn $name() {
                        let result = $crate::Requirement::$requirement.check(&$dollar transport);
                        result.unwrap_or_else(|violation| panic!("{violation}"));
                    }
                )+)+
            };
        }
    };
}

requirements! {
    $
    requests {
        /// Method and URI arrive unchanged: nothing is encoded, decoded or normalized.
        TargetsArriveUnchanged => targets_arrive_unchanged,
        /// Request headers arrive unchanged: every value of a name once and in order, long and sensitive values included.
        RequestHeadersArriveUnchanged => request_headers_arrive_unchanged,
        /// No headers are added except those that HTTP needs (`host`, `accept-encoding`, `content-length`, `connection`), and
        /// `accept` if the request has none.
        NoHeadersAreAdded => no_headers_are_added,
        /// Cookies are not stored.
        CookiesAreNotStored => cookies_are_not_stored,
        /// A request body arrives complete and with `content-length`; a request without a body arrives without one.
        RequestBodiesArriveComplete => request_bodies_arrive_complete,
        /// A request is sent once, whatever its outcome: retries are made by the client.
        RequestsAreNotRetried => requests_are_not_retried,
        /// A request that cannot be sent is an error of kind `Exchange`.
        InvalidRequestsAreErrors => invalid_requests_are_errors,
    }
    response_heads {
        /// Every status is a response with its body, not an error.
        EveryStatusIsAResponse => every_status_is_a_response,
        /// Redirects are not followed: they are responses.
        RedirectsAreNotFollowed => redirects_are_not_followed,
        /// Interim responses (1xx) are skipped.
        InterimResponsesAreSkipped => interim_responses_are_skipped,
        /// Response headers are returned unchanged: every value of a name in order, long values included.
        ResponseHeadersAreUnchanged => response_headers_are_unchanged,
        /// Up to 128 response headers are returned; more are returned too, or are an error of kind `InvalidResponse`.
        ManyResponseHeadersAreAccepted => many_response_headers_are_accepted,
        /// A head as old proxies write it, such as with folded lines, is parsed as it was meant, or is an error of kind
        /// `InvalidResponse`, never of kind `Exchange`, which is retried.
        UnusualHeadsAreParsedOrReported => unusual_heads_are_parsed_or_reported,
    }
    response_bodies {
        /// A body with `content-length` is returned complete.
        SizedBodiesAreComplete => sized_bodies_are_complete,
        /// A chunked body is returned complete, without the framing of its chunks.
        ChunkedBodiesAreComplete => chunked_bodies_are_complete,
        /// A body without a length ends with the connection (RFC 9112, section 6.3) and is returned complete.
        CloseDelimitedBodiesAreComplete => close_delimited_bodies_are_complete,
        /// A body is decompressed if the transport accepted compression: as often as it was compressed, and also if
        /// `identity` is listed besides.
        CompressedBodiesAreDecompressed => compressed_bodies_are_decompressed,
        /// A response that has no body (status 204, 304, method `HEAD`) ends with its head, whatever its headers say.
        BodilessResponsesEndWithTheHead => bodiless_responses_end_with_the_head,
        /// A truncated body is an error of kind `Exchange`, never a shorter body.
        TruncatedBodiesAreErrors => truncated_bodies_are_errors,
        /// A compressed body that is truncated or damaged is an error of kind `Exchange`, never a shorter body.
        TruncatedCompressedBodiesAreErrors => truncated_compressed_bodies_are_errors,
        /// If the body of an error response cannot be read, the body may be empty, but never a part of it.
        ErrorBodiesAreCompleteOrEmpty => error_bodies_are_complete_or_empty,
    }
    limits {
        /// A body may have `Limits::body` bytes; one more byte is an error of kind `TooLarge`.
        BodyLimitIsExact => body_limit_is_exact,
        /// `Limits::body` counts decompressed bytes.
        BodyLimitCountsDecompressedBytes => body_limit_counts_decompressed_bytes,
        /// A body is abandoned as soon as it is too large, even if it never ends.
        EndlessBodiesAreAbandoned => endless_bodies_are_abandoned,
        /// An announced length is not trusted: memory is allocated for bytes that have arrived.
        AnnouncedLengthsAreNotTrusted => announced_lengths_are_not_trusted,
        /// A head that never ends is an error of kind `InvalidResponse` before it fills the memory.
        EndlessHeadsAreErrors => endless_heads_are_errors,
    }
    timeouts {
        /// A response that does not begin is an error of kind `Timeout` when `Limits::timeout` has passed.
        MissingResponsesTimeOut => missing_responses_time_out,
        /// A head that arrives too slowly is an error of kind `Timeout` when `Limits::timeout` has passed.
        SlowHeadsTimeOut => slow_heads_time_out,
        /// A body that arrives too slowly is an error of kind `Timeout` when `Limits::timeout` has passed.
        SlowBodiesTimeOut => slow_bodies_time_out,
        /// A request that the server does not read is an error of kind `Timeout` when `Limits::timeout` has passed.
        StalledRequestsTimeOut => stalled_requests_time_out,
        /// The maximum of `Limits::timeout` is accepted.
        MaxTimeoutIsAccepted => max_timeout_is_accepted,
        /// A `Limits::timeout` of zero is an error of kind `Timeout`, not a panic.
        ZeroTimeoutTimesOut => zero_timeout_times_out,
    }
    connections {
        /// Sequential requests use one connection.
        ConnectionsAreReused => connections_are_reused,
        /// A connection that was closed while idle is replaced, or is an error of kind `Exchange`.
        ClosedConnectionsAreDetected => closed_connections_are_detected,
        /// A response that was not requested is discarded.
        UnsolicitedResponsesAreDiscarded => unsolicited_responses_are_discarded,
        /// A response that arrives after its request was abandoned is not returned for the next request.
        LateResponsesAreDiscarded => late_responses_are_discarded,
        /// A connection to one server is not used for another.
        ServersDoNotShareConnections => servers_do_not_share_connections,
        /// An address where no server listens is an error of kind `Connect`, so that the request is known to be unsent.
        UnreachableServersAreErrors => unreachable_servers_are_errors,
        /// A connection that closes or is reset before the response is an error of kind `Exchange`.
        LostConnectionsAreErrors => lost_connections_are_errors,
        /// Invalid HTTP is an error: of kind `InvalidResponse` in a head, of kind `Exchange` in a body.
        InvalidHttpIsAnError => invalid_http_is_an_error,
    }
    concurrency {
        /// Concurrent requests are sent concurrently, and each gets its own response.
        RequestsRunConcurrently => requests_run_concurrently,
        /// As many connections are kept for reuse as were used concurrently, at least sixteen.
        ConcurrentConnectionsAreReused => concurrent_connections_are_reused,
        /// An exchange that has timed out does not continue in the background.
        TimedOutExchangesStop => timed_out_exchanges_stop,
        /// An exchange whose future is dropped does not continue in the background, and the next exchange works. (A blocking
        /// exchange cannot be dropped: its timeout ends it.)
        CancelledExchangesStop => cancelled_exchanges_stop,
        /// `sleep` lasts at least the given time.
        SleepsLastLongEnough => sleeps_last_long_enough,
        /// Calls of `sleep` do not delay each other.
        SleepsRunConcurrently => sleeps_run_concurrently,
    }
    secrets {
        /// No error contains the value of a header or a body.
        ErrorsHideSecrets => errors_hide_secrets,
    }
}
