//! The journal of a run: what is done, with its output, so that a run that was stopped goes on, and prints the same as one that
//! was not.

use super::{
    outcomes::{TargetFailure, TargetOutcome},
    target::Target,
    work::TargetOutput,
};
use crate::{
    arguments::operations::{OperationCall, naming::ResourceNoun},
    error::{CommandError, ErrorReport, UsageError},
    session::Session,
};
use partner_center::journal::{ItemState, Journal, JournalEntry};
use partner_center_spec::Idempotency;
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// The age of a request beyond which it is not sent again with the same ID: Microsoft does not say for how long the service remembers
/// the IDs of requests, and what it has forgotten it would do twice.
const MAX_AGE_OF_RESENT_REQUEST: Duration = Duration::from_secs(60 * 60);

/// A journal, and what earlier runs have written to it.
pub(super) struct RunJournal {
    path: PathBuf,
    pub(super) journal: Journal,
    entries: HashMap<String, JournalEntry>,
    idempotency: Idempotency,
}

impl RunJournal {
    /// Opens the journal of a call.
    pub(super) fn open(path: &Path, call: &OperationCall, purpose: &str) -> Result<Self, CommandError> {
        let opened = Journal::open(path, purpose).map_err(|error| {
            let message = format!("the journal {} cannot be used", path.display());
            if error.kind() == io::ErrorKind::ResourceBusy {
                let advice =
                    "wait until that command has ended, and run this one again: it goes on where the other ended";
                return CommandError::of_other_command(ErrorReport::new(&message, &error, advice));
            }
            let advice = "name the journal of the same command, or a file that is not there yet";
            UsageError(ErrorReport::new(&message, &error, advice)).into()
        })?;
        // The service does such a call once, however often it is sent with the same request ID.
        let idempotency = call.operation.idempotency;
        let journal = if idempotency == Idempotency::None { opened } else { opened.retry_unknown() };
        let entries = journal.entries().into_iter().map(|entry| (entry.item.clone(), entry)).collect();
        Ok(Self { path: path.to_owned(), journal, entries, idempotency })
    }

    /// Returns the outcome of a target for which nothing is to be done any more.
    pub(super) fn known_outcome(
        &self,
        target: &Target,
        noun: ResourceNoun,
    ) -> Result<Option<TargetOutcome>, CommandError> {
        let Some(entry) = self.entries.get(&target.key) else { return Ok(None) };
        match entry.state {
            ItemState::Done => {
                let output = self.journal.read_output(target).and_then(|output| {
                    let output = output.unwrap_or_else(|| "{}".to_owned());
                    Ok(serde_json::from_str::<TargetOutput>(&output)?)
                });
                let output = output.map_err(|error| {
                    CommandError::new("the journal cannot be read", &error, "see whether its file was changed")
                })?;
                Ok(Some(TargetOutcome::DoneEarlier(output)))
            }
            ItemState::Unknown
                if self.idempotency == Idempotency::None || self.may_service_have_forgotten_request(entry) =>
            {
                let request_id = entry.request_id.map(|id| format!(" (request id {id})")).unwrap_or_default();
                let error_report = ErrorReport {
                    message: format!("{}: it is not known whether the service has done it", target.label(noun)),
                    cause: format!(
                        "an earlier run has sent the request{request_id} and not received its response; sent again, it {}",
                        match self.idempotency {
                            Idempotency::RequestId => "would be done twice if the service has forgotten its ID",
                            _ => "would be done twice",
                        }
                    ),
                    advice: "look at what is there; if it was not done, run the command for this one alone, without the journal"
                        .to_owned(),
                };
                Ok(Some(TargetOutcome::Failed(TargetFailure::from_report(error_report, "unknown"))))
            }
            _ => Ok(None),
        }
    }

    /// Whether the service may have forgotten the ID of a request. So it may if the clock was set back since then.
    fn may_service_have_forgotten_request(&self, entry: &JournalEntry) -> bool {
        let age = entry.unknown_since.map(|sent| sent.elapsed());
        self.idempotency == Idempotency::RequestId
            && age.is_some_and(|age| !age.is_ok_and(|age| age <= MAX_AGE_OF_RESENT_REQUEST))
    }

    /// Deletes the journal of a list that is complete: the same command is to read what the service has then.
    pub(super) fn delete(self) -> Result<(), CommandError> {
        let Self { path, journal, .. } = self;
        drop(journal);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CommandError::new(
                &format!("the journal {} could not be deleted", path.display()),
                &error,
                "delete it: the list is complete, and the same command would print it again from the journal",
            )),
            _ => Ok(()),
        }
    }

    /// Forces the journal to the disk.
    pub(super) fn sync_to_disk(self) -> Result<(), CommandError> {
        self.journal.finish().map(drop).map_err(|error| {
            CommandError::new(
                "the journal could not be written",
                &error,
                "free disk space; what was printed is valid, and the same command does again what the journal lacks",
            )
        })
    }
}

/// Says what a call does, with which data and where: a journal is that of one such purpose. The targets are not part of it.
pub(super) fn journal_purpose(call: &OperationCall, body: Option<&[u8]>, session: &Session<'_>) -> String {
    let mut words = vec![call.operation.command.to_string()];
    words.extend(call.parameters.iter().map(|(parameter, values)| format!("{}={}", parameter.flag, values.join(","))));
    // A value may be a secret, and is not shown.
    let changes = format!("{:?}", call.body.changes);
    match body {
        Some(body) => words.push(format!("body={}", short_digest(body))),
        None if !call.body.changes.is_empty() => words.push(format!("changes={}", short_digest(changes.as_bytes()))),
        None => {}
    }
    let service = if session.options.emulator { "emulator" } else { &session.base_url };
    words.push(format!("at {service}"));
    words.extend(session.settings.profile_name().map(|profile| format!("profile={profile}")));
    if let Ok(Some(tenant)) = session.settings.get_setting("tenant_id") {
        words.push(format!("tenant={}", tenant.value()));
    }
    words.join(" ")
}

/// Returns the beginning of a digest, by which data is compared with that of an earlier run.
fn short_digest(data: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, data);
    let start = digest.as_ref().first_chunk().map_or(0, |start| u64::from_be_bytes(*start));
    format!("{start:016x}")
}
