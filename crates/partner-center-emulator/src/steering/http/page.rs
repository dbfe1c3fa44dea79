use super::{Call, response::respond_with};
use crate::steering::SteeringError;
use http::StatusCode;
use partner_center_core::Response;

/// Returns the page to look at.
#[expect(clippy::unnecessary_wraps, reason = "all handlers have the type of one table")]
pub(super) fn get_page(_: &Call<'_>) -> Result<Response, SteeringError> {
    Ok(respond_with(StatusCode::OK, "text/plain; charset=utf-8", "see /_emulator/openapi.yaml\n"))
}
