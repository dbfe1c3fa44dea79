//! The journal of a run: what is done, with its output, so that a run that was stopped goes on, and prints the same as one that
//! was not.

use super::{
    outcomes::{TargetFailure, TargetOutcome},
    target::Target,
    work::TargetOutput,
};
use crate::{
    arguments::operations::{BodyArguments, OperationCall, naming::ResourceNoun},
    error::{CommandError, ErrorReport, UsageError},
    session::Session,
};
use partner_center::journal::{ItemState, Journal, JournalEntry};
use partner_center_spec::Idempotency;
use std::{collections::HashMap, path::Path};

/// A journal, and what earlier runs have written to it.
pub(super) struct RunJournal {
    pub(super) journal: Journal,
    entries: HashMap<String, JournalEntry>,
    repeats_unknown: bool,
}

impl RunJournal {
    /// Opens the journal of a call.
    pub(super) fn open(path: &Path, call: &OperationCall, purpose: &str) -> Result<Self, CommandError> {
        let opened = Journal::open(path, purpose).map_err(|error| {
            let message = format!("the journal {} cannot be used", path.display());
            let advice = "name the journal of the same command, or a file that is not there yet";
            UsageError(ErrorReport::new(&message, &error, advice))
        })?;
        // The service does such a call once, however often it is sent with the same request ID.
        let repeats_unknown = call.operation.idempotency != Idempotency::None;
        let journal = if repeats_unknown { opened.repeat_unknown() } else { opened };
        let entries = journal.entries().into_iter().map(|entry| (entry.item.clone(), entry)).collect();
        Ok(Self { journal, entries, repeats_unknown })
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
            ItemState::Unknown if !self.repeats_unknown => {
                let request_id = entry.request_id.map(|id| format!(" (request id {id})")).unwrap_or_default();
                let error_report = ErrorReport {
                    message: format!("{}: it is not known whether the service has done it", target.label(noun)),
                    cause: format!("an earlier run has sent the request{request_id} and not received its response"),
                    advice: "look at what is there; if it was not done, run the command for this one alone, without the journal"
                        .to_owned(),
                };
                Ok(Some(TargetOutcome::Failed(TargetFailure::from_report(error_report, "unknown"))))
            }
            _ => Ok(None),
        }
    }

    /// Forces the journal to the disk.
    pub(super) fn finish(self) -> Result<(), CommandError> {
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
    let mut purpose = call.operation.command.to_string();
    for (parameter, values) in &call.parameters {
        purpose += &format!(" {}={}", parameter.flag, values.join(","));
    }
    let BodyArguments { changes, .. } = &call.body;
    let digest = |data: &[u8]| {
        let digest = ring::digest::digest(&ring::digest::SHA256, data);
        digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    // A value may be a secret, and is not shown.
    let changes: String = changes.iter().map(|(path, value)| format!("{path}={value:?};")).collect();
    match body {
        Some(body) => purpose += &format!(" body={}", digest(body)),
        None if !changes.is_empty() => purpose += &format!(" changes={}", digest(changes.as_bytes())),
        None => {}
    }
    let profile = session.options.profile.as_ref().map(|profile| format!(" profile={profile}")).unwrap_or_default();
    let service = if session.options.emulator { "emulator" } else { &session.base_url };
    format!("{purpose} at {service}{profile}")
}
