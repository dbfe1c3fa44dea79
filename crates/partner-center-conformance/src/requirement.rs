use crate::{exchange::Seen, requirements};
use partner_center_core::{Mode, Output, Transport};
use std::{error::Error, fmt};

/// A requirement that does not hold: what was promised, and what was seen instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    requirement: Requirement,
    seen: String,
}

impl Violation {
    /// The requirement.
    #[must_use]
    pub fn requirement(&self) -> Requirement {
        self.requirement
    }

    /// What was seen of it.
    #[must_use]
    pub fn seen(&self) -> &str {
        &self.seen
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} is broken\n  promised: {}\n  seen: {}",
            self.requirement.name(),
            self.requirement,
            self.seen
        )
    }
}

impl Error for Violation {}

/// What is promised, in words.
impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text().trim())
    }
}

/// Makes of one table: the requirements, how each is held, and the tests of [`suite!`](crate::suite). `$dollar` is a dollar
/// sign, which the macro that is made here cannot have otherwise.
macro_rules! requirements {
    ($dollar:tt $($module:ident { $($(#[doc = $line:literal])+ $requirement:ident => $name:ident,)+ })+) => {
        /// One thing that a transport requirements.
        ///
        /// Its name is that of the test that [`suite!`](crate::suite) makes of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Requirement {
            $($($(#[doc = $line])+ $requirement,)+)+
        }

        impl Requirement {
            /// All of them.
            pub const ALL: &[Self] = &[$($(Self::$requirement,)+)+];

            /// The name, in snake case.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$requirement => stringify!($name),)+)+
                }
            }

            fn text(self) -> &'static str {
                match self {
                    $($(Self::$requirement => concat!($($line),+),)+)+
                }
            }

            /// Holds `transport` to the requirement: a `Result` if it blocks, a future of one if it does not, which is to be
            /// awaited where the transport works, such as in its runtime.
            ///
            /// It takes a few seconds at most for a transport that keeps its timeouts, and is best given one that nothing
            /// else uses.
            ///
            /// # Panics
            ///
            /// When the transport does.
            pub fn check<X: Transport>(self, transport: &X) -> Output<'_, X, Result<(), Violation>> {
                X::Mode::block_or_box(async move {
                    let held = match self {
                        $($(Self::$requirement => requirements::$module::$name(transport).await,)+)+
                    };
                    held.map_err(|Seen(seen)| Violation { requirement: self, seen })
                })
            }
        }

        /// Makes a test of each [`Requirement`], named like it, that holds a transport to it.
        ///
        /// Of a blocking transport, `suite!(transport)`; of an async one, `suite!(#[attribute] async transport)`, where
        /// the attribute makes a test of an async function, such as `#[tokio::test]`. `transport` is an expression; each
        /// test has a transport of its own. A module around it tells its tests from others.
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
                        let held = $crate::Requirement::$requirement.check(&$dollar transport).await;
                        held.unwrap_or_else(|broken| panic!("{broken}"));
                    }
                )+)+
            };
            ($dollar transport:expr) => {
                $($(
                    #[test]
                    fn $name() {
                        let held = $crate::Requirement::$requirement.check(&$dollar transport);
                        held.unwrap_or_else(|broken| panic!("{broken}"));
                    }
                )+)+
            };
        }
    };
}

requirements! {
    $
    requests {
        /// Method and URI arrive as they are: nothing is encoded, decoded or tidied up.
        TargetsArriveAsTheyAre => targets_arrive_as_they_are,
        /// Headers arrive as they are: every value of a name, in order, long and sensitive ones too, and each once.
        HeadersArriveAsTheyAre => headers_arrive_as_they_are,
        /// No header is added but what HTTP itself needs (`host`, `accept-encoding`, `content-length`, `connection`), and
        /// `accept` where there is none.
        NoHeaderIsAdded => no_header_is_added,
        /// Cookies are not kept.
        CookiesAreNotKept => cookies_are_not_kept,
        /// The body arrives whole, and its length with it; a request without one has none.
        BodiesArriveWhole => bodies_arrive_whole,
        /// A request is sent once, whatever comes of it: repeating is up to the client.
        RequestsAreSentOnce => requests_are_sent_once,
        /// A request that cannot be sent is an error of kind `Exchange`.
        ImpossibleRequestsAreErrors => impossible_requests_are_errors,
    }
    answers {
        /// Every status is an answer, with its body.
        StatusesAreAnswers => statuses_are_answers,
        /// Redirects are not followed: they are answers.
        RedirectsAreNotFollowed => redirects_are_not_followed,
        /// Interim answers (1xx) are passed over.
        InterimAnswersArePassedOver => interim_answers_are_passed_over,
        /// Headers come back as they are: every value of a name, in order, long ones too.
        HeadersComeBackAsTheyAre => headers_come_back_as_they_are,
        /// As many as 128 headers come back; more of them do, or are an error of kind `InvalidResponse`.
        ManyHeadersComeBack => many_headers_come_back,
        /// Whatever an old proxy does to a head, such as to fold a line, is read as it was meant, or is an error of kind
        /// `InvalidResponse`, never one of kind `Exchange`, which is retried.
        OddHeadsAreReadOrNamed => odd_heads_are_read_or_named,
    }
    bodies {
        /// A body with a length comes back whole.
        BodiesComeBackWhole => bodies_come_back_whole,
        /// A body in chunks comes back whole, without what is between them.
        ChunkedBodiesComeBackWhole => chunked_bodies_come_back_whole,
        /// A body without a length ends where the connection does.
        BodiesMayEndWithTheConnection => bodies_may_end_with_the_connection,
        /// A body is decompressed if the transport asked for compression, whatever `identity` is listed beside it, and as
        /// often as it was compressed.
        CompressedBodiesComeBackDecompressed => compressed_bodies_come_back_decompressed,
        /// Where no body follows (204, 304, an answer to `HEAD`), none is waited for, whatever the headers say.
        NoBodyIsWaitedForInVain => no_body_is_waited_for_in_vain,
        /// A body that ends early is an error of kind `Exchange`, never a shorter body.
        BodiesCutShortAreErrors => bodies_cut_short_are_errors,
        /// A compressed body that ends early or is damaged is an error of kind `Exchange`, never a shorter body.
        CompressedBodiesCutShortAreErrors => compressed_bodies_cut_short_are_errors,
        /// Of a status that is no success, a body that fails may be left out; never is a part of it given for the whole.
        RefusalsAreWholeOrEmpty => refusals_are_whole_or_empty,
    }
    limits {
        /// A body may be as large as `Limits::body`; with a byte more it is an error of kind `TooLarge`.
        TheBodyLimitIsExact => the_body_limit_is_exact,
        /// `Limits::body` counts what a body decompresses to.
        TheBodyLimitCountsWhatIsDecompressed => the_body_limit_counts_what_is_decompressed,
        /// A body is given up as soon as it is too large, even if it never ends.
        EndlessBodiesEnd => endless_bodies_end,
        /// The length that a body is said to have is not believed: memory is for what has come.
        AnnouncedLengthsAreNotBelieved => announced_lengths_are_not_believed,
        /// A head that does not end is an error of kind `InvalidResponse` before it fills the memory.
        EndlessHeadsEnd => endless_heads_end,
    }
    timeouts {
        /// No answer at all is an error of kind `Timeout` when `Limits::timeout` has passed.
        SilenceTimesOut => silence_times_out,
        /// A head that drips is an error of kind `Timeout` when `Limits::timeout` has passed.
        DrippingHeadsTimeOut => dripping_heads_time_out,
        /// A body that drips is an error of kind `Timeout` when `Limits::timeout` has passed.
        DrippingBodiesTimeOut => dripping_bodies_time_out,
        /// A request that is not taken is an error of kind `Timeout` when `Limits::timeout` has passed.
        StuckRequestsTimeOut => stuck_requests_time_out,
        /// The longest `Limits::timeout` there is does no harm.
        TheLongestTimeoutIsOne => the_longest_timeout_is_one,
        /// A `Limits::timeout` of zero leaves no time, and is no panic.
        NoTimeIsATimeout => no_time_is_a_timeout,
    }
    connections {
        /// Requests one after another use one connection.
        ConnectionsAreKept => connections_are_kept,
        /// A connection that was closed while nothing was sent is replaced, or an error of kind `Exchange`.
        ClosedConnectionsAreNoAnswers => closed_connections_are_no_answers,
        /// What a server sends unasked is the answer to nothing.
        WhatIsSentUnaskedIsNoAnswer => what_is_sent_unasked_is_no_answer,
        /// An answer that comes when its request was given up is not taken for that to the next one.
        LateAnswersAreNoAnswers => late_answers_are_no_answers,
        /// Each server gets its own requests.
        ServersAreToldApart => servers_are_told_apart,
        /// Nobody there is an error of kind `Exchange`.
        NobodyThereIsAnError => nobody_there_is_an_error,
        /// A connection that closes or breaks without an answer is an error of kind `Exchange`.
        LostConnectionsAreErrors => lost_connections_are_errors,
        /// What is not HTTP is an error: of kind `InvalidResponse` in a head, of kind `Exchange` in a body.
        NonsenseIsAnError => nonsense_is_an_error,
    }
    concurrency {
        /// What is sent at once is on its way at once, and each request gets its own answer.
        ManyAreSentAtOnce => many_are_sent_at_once,
        /// As many connections are kept as were used at once: sixteen at least.
        ManyConnectionsAreKept => many_connections_are_kept,
        /// An exchange that has timed out goes on in no background.
        TimedOutExchangesEnd => timed_out_exchanges_end,
        /// An exchange whose future is dropped goes on in no background, and the next one is as good as the first. (Where
        /// nothing can be dropped, it is the timeout that ends it.)
        DroppedExchangesEnd => dropped_exchanges_end,
        /// `sleep` lets at least as much time pass as it was asked to.
        SleepsAreLongEnough => sleeps_are_long_enough,
        /// Those who `sleep` keep no one else from it.
        SleepsPassAtOnce => sleeps_pass_at_once,
    }
    secrets {
        /// No error shows the value of a header, or a body.
        ErrorsKeepSecrets => errors_keep_secrets,
    }
}
