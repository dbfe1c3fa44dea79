//! Sends the events of writes to the address that is registered for them, signed as the service signs them: from a thread of its own,
//! which is started when there is an event to send, so that no request waits for it.

mod event;
mod queue;
mod signer;
mod validation_results;

pub(crate) use event::{Event, event_of_write};

use crate::store::ResourceStore;
use queue::EventQueue;
use signer::{CERTIFICATE_PATHS, EventSigner};
use std::{
    fmt, io,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use validation_results::{AttemptResult, note_attempt};

/// What is wrong with the events that an emulator sends, so that a receiver can be tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum WebhookFault {
    /// The signature is that of another body.
    WrongSignature,
    /// There is no signature.
    MissingSignature,
    /// The body has been written anew after it was signed, as a proxy does that parses it.
    ReformattedBody,
    /// The certificate is at an address that is not the emulator's.
    ForeignCertificateUrl,
    /// The algorithm is said to be RSA with SHA-1.
    Sha1,
    /// Each event comes twice.
    Duplicate,
    /// The change was ten days ago.
    OldDate,
}

/// The settings of a sender.
#[derive(Clone, Debug)]
pub(crate) struct WebhookSettings {
    pub(crate) faults: Vec<WebhookFault>,
    /// The time between the first two attempts, which doubles with each.
    pub(crate) retry_interval: Duration,
}

pub(crate) struct WebhookSender {
    settings: WebhookSettings,
    /// Where the results of validation events are noted. The thread that sends must not keep a data file open.
    store: Weak<ResourceStore>,
    queue: Arc<EventQueue>,
    signer: OnceLock<Result<Arc<EventSigner>, String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The number of attempts after which an event is dropped.
const MAX_ATTEMPTS: u32 = 10;

/// The longest time between two attempts. The service does not say its own.
const MAX_RETRY_INTERVAL: Duration = Duration::from_secs(60);

impl WebhookSender {
    pub(crate) fn new(settings: WebhookSettings, store: Weak<ResourceStore>) -> Self {
        Self { settings, store, queue: Arc::default(), signer: OnceLock::new(), thread: Mutex::default() }
    }

    /// Sends `event` soon.
    pub(crate) fn send_event(&self, event: &Event) {
        let signer = match self.signer() {
            Ok(signer) => signer,
            Err(error) => return tracing::warn!("the event {} is not sent: {error}", event.name),
        };
        let copies = if self.settings.faults.contains(&WebhookFault::Duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            if !self.queue.push_unless_full(event.clone()) {
                tracing::warn!("the event {} is not sent: too many wait for their receivers", event.name);
            }
        }
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (settings, store, queue) = (self.settings.clone(), Weak::clone(&self.store), Arc::clone(&self.queue));
            let worker = Worker { settings, store, queue, signer };
            let builder = thread::Builder::new().name("partner-center-webhooks".to_owned());
            match builder.spawn(move || worker.deliver_until_closed()) {
                Ok(started) => *thread = Some(started),
                Err(error) => tracing::warn!("no event is sent: {error}"),
            }
        }
    }

    /// Drops the events that have not been delivered so far.
    pub(crate) fn drop_events(&self) {
        self.queue.clear();
    }

    /// Returns the certificate of the authority that has issued the certificate of the signer, in PEM.
    pub(crate) fn certificate_authority(&self) -> io::Result<String> {
        self.signer().map(|signer| signer.authority_pem.clone()).map_err(io::Error::other)
    }

    /// Returns the certificate at a path of the emulator, with its media type.
    pub(crate) fn certificate_at(&self, path: &str) -> Option<(&'static str, Vec<u8>)> {
        let [signer_path, authority_path] = CERTIFICATE_PATHS;
        let signer = if CERTIFICATE_PATHS.contains(&path) { self.signer().ok()? } else { return None };
        match path {
            _ if path == signer_path => Some(("application/pkix-cert", signer.certificate.clone())),
            _ if path == authority_path => Some(("application/x-pem-file", signer.authority_pem.clone().into_bytes())),
            _ => None,
        }
    }

    fn signer(&self) -> Result<Arc<EventSigner>, String> {
        self.signer.get_or_init(|| EventSigner::generate().map(Arc::new).map_err(|error| error.to_string())).clone()
    }
}

impl Drop for WebhookSender {
    /// Ends the thread. It is not waited for: it may be waiting for a receiver.
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// The thread that sends events.
struct Worker {
    settings: WebhookSettings,
    store: Weak<ResourceStore>,
    queue: Arc<EventQueue>,
    signer: Arc<EventSigner>,
}

impl Worker {
    fn deliver_until_closed(&self) {
        // A redirect would let the receiver choose whom the emulator calls.
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(ATTEMPT_TIMEOUT))
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build())
            .build()
            .new_agent();
        while let Some(queued) = self.queue.next_due() {
            let (event, attempts) = (&queued.event, queued.attempts + 1);
            let result = match self.signer.signed_request(event, &self.settings.faults) {
                Ok(request) => match agent.run(request) {
                    Ok(response) => AttemptResult::Response(response.status()),
                    Err(error) => AttemptResult::NoResponse(error.to_string()),
                },
                Err(error) => AttemptResult::NoResponse(error),
            };
            if let Some((path, store)) = event.validation_path.as_ref().zip(self.store.upgrade()) {
                note_attempt(&store, path, queued.emulator_time(), &result, attempts == MAX_ATTEMPTS);
            }
            if result.is_delivered() {
                tracing::info!("the event {} was delivered", event.name);
                continue;
            }
            // The address may have a secret in its query: it is not logged.
            tracing::warn!(
                "the event {} was not delivered, attempt {attempts} of {MAX_ATTEMPTS}: {result}",
                event.name
            );
            if attempts < MAX_ATTEMPTS {
                let interval = self.settings.retry_interval.saturating_mul(1 << (attempts - 1));
                let due = Instant::now() + interval.min(MAX_RETRY_INTERVAL);
                let name = event.name;
                if !self.queue.push_again_unless_full(queued, due) {
                    tracing::warn!("the event {name} is not sent again: too many wait for their receivers");
                }
            }
        }
    }
}

/// The time for one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

impl fmt::Debug for WebhookSender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebhookSender").field("settings", &self.settings).finish_non_exhaustive()
    }
}
