//! `--record`: the responses of the service, without any value, in a file.

use crate::{
    arguments::operations::naming::ResourceNoun,
    error::{CommandError, ErrorReport, UsageError},
    messages::Messages,
    private_file,
};
use partner_center::{
    Transport,
    transport::{Mode, Output, Request, Response, TransportError, http::Uri},
};
use partner_center_emulator::{RecordedExchange, Recording};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Records what passes through its transports, until it is written to the file, if there is one.
#[derive(Default)]
pub(crate) struct Recorder {
    recording: SharedRecording,
    path: Option<PathBuf>,
}

type SharedRecording = Arc<Mutex<Recording>>;

/// A transport whose responses are recorded, if it has a recording.
pub(crate) struct RecordingTransport<X> {
    transport: X,
    recording: Option<SharedRecording>,
    /// The path of the service's address, before those of the specification.
    base_path: String,
}

impl Recorder {
    /// Begins a recording for the file at `path`, which must be one that can be written.
    pub(crate) fn for_file(path: &Path) -> Result<Self, UsageError> {
        private_file::check_file_can_be_replaced(path)
            .map_err(|error| UsageError(unwritable_file_error_report(&error)))?;
        Ok(Self { path: Some(path.to_owned()), ..Self::default() })
    }

    /// Returns `transport` with what records the responses of the service at `base_url`.
    pub(crate) fn record<X>(&self, transport: X, base_url: &str) -> RecordingTransport<X> {
        let base_url: Uri = base_url.trim().parse().unwrap_or_default();
        let base_path = base_url.path().trim_end_matches('/').to_owned();
        RecordingTransport { transport, recording: Some(Arc::clone(&self.recording)), base_path }
    }

    /// Returns the exchanges after the first `count`.
    pub(crate) fn exchanges_after(&self, count: usize) -> Vec<RecordedExchange> {
        lock(&self.recording).exchanges().iter().skip(count).cloned().collect()
    }

    /// Writes the file, all of it or none.
    pub(crate) fn write_file(&self, messages: &Messages) -> Result<(), CommandError> {
        let Some(path) = &self.path else { return Ok(()) };
        let recording = lock(&self.recording);
        private_file::replace_file(path, recording.to_json().as_bytes())
            .map_err(|error| unwritable_file_error_report(&error))?;
        let count = u64::try_from(recording.exchanges().len()).unwrap_or(u64::MAX);
        let responses = ResourceNoun::new("responses").with_count(count);
        messages.print(format_args!("note: recorded {responses}, without any value, in {}", path.display()));
        Ok(())
    }
}

impl<X> RecordingTransport<X> {
    /// Returns `transport` as it is.
    pub(crate) fn without_recording(transport: X) -> Self {
        Self { transport, recording: None, base_path: String::new() }
    }
}

impl<X: Transport> Transport for RecordingTransport<X> {
    type Mode = X::Mode;

    fn send(&self, mut request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let Some(recording) = &self.recording else { return self.transport.send(request) };
        // What is compressed would have to be decompressed here as well.
        request.headers_mut().remove("Accept-Encoding");
        let (method, path) = (request.method().clone(), request.uri().path());
        let path = path.strip_prefix(&self.base_path).filter(|path| path.starts_with('/')).unwrap_or(path).to_owned();
        X::Mode::block_or_box(async move {
            let response = X::Mode::into_future(self.transport.send(request)).await?;
            lock(recording).extend(RecordedExchange::new(&method, &path, &response));
            Ok(response)
        })
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.transport.sleep(delay)
    }
}

fn lock(recording: &SharedRecording) -> MutexGuard<'_, Recording> {
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unwritable_file_error_report(error: &io::Error) -> ErrorReport {
    ErrorReport::new("the recording cannot be written", error, "name a file that can be written with --record")
}

#[cfg(test)]
mod tests {
    use super::*;
    use partner_center::transport::{Blocking, http};
    use partner_center_emulator::Emulator;

    #[test]
    fn path_of_the_address_is_left_out() {
        let emulator = Emulator::builder().build();
        for (base_url, path, expected) in [
            ("https://gateway.example/partner/", "/partner/v1/customers", 1),
            (" https://gateway.example", "/v1/customers", 1),
            ("https://gateway.example/partner", "/v1/customers", 1),
            ("https://gateway.example/v1", "/v1customers", 0),
        ] {
            let recorder = Recorder::default();
            let transport = recorder.record(emulator.transport::<Blocking>(), base_url);
            transport.send(http::Request::get(path).body(Vec::new()).unwrap()).unwrap();
            let paths: Vec<_> = recorder.exchanges_after(0).into_iter().map(|exchange| exchange.path).collect();
            assert_eq!(paths, vec!["/v1/customers"; expected], "{base_url}");
        }
    }
}
