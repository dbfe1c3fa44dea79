//! The job of a batch of devices is queued, processed and finished; what becomes of each device is known at its beginning.

use super::{get_internal_field, internal_moment};
use crate::timestamp::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// The times after which a job is processed, and finished.
const JOB_PROCESSING_AFTER: Duration = Duration::from_secs(2);
const JOB_FINISHED_AFTER: Duration = Duration::from_secs(10);

/// Sets the status of a job, or of a batch, whose start is among its internal fields.
pub(super) fn advance(job: &mut Value, now: Timestamp) {
    let Some(started) = internal_moment(job, "startedAt") else { return };
    let final_status = get_internal_field(job, "finalStatus").and_then(Value::as_str).unwrap_or("finished").to_owned();
    if now < started + JOB_FINISHED_AFTER {
        let status = if now < started + JOB_PROCESSING_AFTER { "queued" } else { "processing" };
        job["status"] = status.into();
        return;
    }
    job["status"] = final_status.into();
    if let Some(devices) = get_internal_field(job, "devicesStatus").cloned() {
        job["devicesStatus"] = devices;
        job["completedTime"] = (started + JOB_FINISHED_AFTER).to_string_in_seconds().trim_end_matches('Z').into();
    }
}

/// Whether the devices of a batch that was uploaded at `started` are in it by now.
pub(crate) fn is_batch_finished(started: Timestamp, now: Timestamp) -> bool {
    now >= started + JOB_FINISHED_AFTER
}
