use partner_center_core::Response;
use std::time::Duration;

/// An answer, and how it is to arrive.
pub(crate) struct Reply {
    /// The time before anything happens.
    pub(crate) delay: Duration,
    pub(crate) delivery: Delivery,
}

pub(crate) enum Delivery {
    Whole(Response),
    /// Piece by piece, with so much time before each.
    Dripping(Response, Duration),
    /// Half the body, and then the end of the connection.
    Truncated(Response),
    /// The end of the connection, without an answer.
    Reset,
    Never,
}

impl Delivery {
    /// An answer without a body cannot break off in it; then there is none at all.
    pub(crate) fn truncated(response: Response) -> Self {
        if response.body().is_empty() { Self::Reset } else { Self::Truncated(response) }
    }
}

/// How large the pieces of a body that drips are.
pub(crate) const PIECE: usize = 1024;
