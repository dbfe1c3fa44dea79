use crate::steering::Delivery;
use partner_center_core::Response;
use std::time::Duration;

/// A response with the delay and the manner of its delivery, which faults change.
pub(crate) struct ScheduledResponse {
    /// The time before anything else happens.
    pub(crate) delay: Duration,
    pub(crate) delivery: ResponseDelivery,
}

pub(crate) enum ResponseDelivery {
    Complete(Response),
    /// The body in chunks of [`DRIP_CHUNK_SIZE`], with this pause before each.
    Drip(Response, Duration),
    /// Half of the body, after which the connection ends.
    Truncated(Response),
    /// A connection reset instead of a response.
    Reset,
    /// No connection instead of a response.
    Unreachable,
    /// No response, ever.
    Hang,
}

/// The size of the chunks of a dripping body, in bytes.
pub(crate) const DRIP_CHUNK_SIZE: usize = 1024;

impl ScheduledResponse {
    /// Whether a client over a socket has the response as soon as it is sent, and cannot have given up before.
    pub(crate) fn is_sent_immediately(&self) -> bool {
        self.delay.is_zero() && !matches!(self.delivery, ResponseDelivery::Drip(..))
    }
}

impl ResponseDelivery {
    /// Returns the response, if any part of it is sent.
    pub(crate) fn response(&self) -> Option<&Response> {
        match self {
            Self::Complete(response) | Self::Drip(response, _) | Self::Truncated(response) => Some(response),
            Self::Reset | Self::Unreachable | Self::Hang => None,
        }
    }

    /// Returns what becomes of it once it is time to send it.
    pub(crate) fn delivery_outcome(&self) -> Delivery {
        match self {
            Self::Complete(_) | Self::Drip(..) => Delivery::Sent,
            Self::Truncated(_) => Delivery::Truncated,
            Self::Reset | Self::Unreachable | Self::Hang => Delivery::NotSent,
        }
    }

    /// Returns a truncated delivery of `response`. A response without a body cannot be truncated in it: its connection is
    /// reset.
    pub(crate) fn truncated_delivery(response: Response) -> Self {
        if response.body().is_empty() { Self::Reset } else { Self::Truncated(response) }
    }
}
