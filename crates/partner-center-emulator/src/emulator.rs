use crate::{
    EmulatorBuilder, EmulatorTransport, Server,
    customers::{INDIRECT_RESELLER_COUNT, indirect_provider_id, indirect_reseller_id},
    request_handler::RequestHandler,
    server::TransportSecurity,
    test_credentials,
};
use partner_center_core::Mode;
use std::{fmt, io, net::ToSocketAddrs, sync::Arc, time::Duration};
use uuid::Uuid;

/// An emulator of the Partner Center REST API and of the authority that issues tokens for it.
///
/// It is used in memory ([`transport`](Self::transport)) or over HTTP ([`serve`](Self::serve)). By default it has 1,000
/// customers and no quirks or faults; [`builder`](Self::builder) has the settings.
///
/// Cheap to clone. Clones share the customers and the log of [`requests`](Self::requests), and so do the transports and servers
/// made from them.
#[derive(Clone)]
pub struct Emulator(Arc<RequestHandler>);

impl Emulator {
    /// The access token that is accepted by default; [`EmulatorBuilder::token`] sets another.
    pub const TOKEN: &str = test_credentials::ACCESS_TOKEN;

    /// The tenant of the partner. A tenant that a client names by its domain, or as `common`, is this one.
    pub const TENANT_ID: &str = test_credentials::TENANT_ID;

    /// The application that the emulator's authority knows, in every tenant.
    pub const CLIENT_ID: &str = test_credentials::CLIENT_ID;

    /// The client secret of that application.
    pub const CLIENT_SECRET: &str = test_credentials::CLIENT_SECRET;

    /// A refresh token of a user of that application.
    pub const REFRESH_TOKEN: &str = test_credentials::REFRESH_TOKEN;

    /// Returns a builder with the default settings, among them 1,000 customers.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Returns an in-memory transport to this emulator, in mode [`Blocking`](partner_center_core::Blocking) or
    /// [`Async`](partner_center_core::Async). It needs no runtime, and ignores the host of a request.
    #[must_use]
    pub fn transport<M: Mode>(&self) -> EmulatorTransport<M> {
        EmulatorTransport::new(Arc::clone(&self.0))
    }

    /// Starts an HTTP/1.1 server in a background thread, which runs until the [`Server`] is dropped.
    ///
    /// Port 0 lets the system choose one; [`Server::address`] has it. Use an address of the loopback interface, as nothing is
    /// encrypted.
    ///
    /// # Errors
    /// - The address cannot be bound to, as a rule because the port is in use.
    /// - The system gives no thread or no event queue.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// let server = Emulator::default().serve("127.0.0.1:0")?;
    /// assert!(server.url().starts_with("http://127.0.0.1:"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn serve(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::start(Arc::clone(&self.0), address, TransportSecurity::None)
    }

    /// Starts a server over TLS, with a new certificate for `localhost`, `127.0.0.1` and `::1`. Clients must trust its
    /// [`certificate_authority`](Server::certificate_authority).
    ///
    /// Some clients fetch tokens over TLS only, MSAL and `azure-identity` among them.
    ///
    /// # Errors
    /// - Those of [`serve`](Self::serve).
    /// - No random numbers are available for the keys.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// let server = Emulator::default().serve_tls("127.0.0.1:0")?;
    /// assert!(server.url().starts_with("https://127.0.0.1:"));
    /// assert!(server.certificate_authority().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn serve_tls(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::start_tls(Arc::clone(&self.0), address)
    }

    /// Lets `time` pass without waiting: terms end, carts expire, scheduled changes happen. Access tokens stay valid, as they are by
    /// the real clock.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    /// use std::time::Duration;
    ///
    /// let emulator = Emulator::default();
    /// emulator.advance_clock(Duration::from_secs(7 * 24 * 60 * 60)); // a week
    /// ```
    pub fn advance_clock(&self, time: Duration) {
        self.0.clock.advance_simulated_time(time);
        // If it cannot be saved, the next response says so.
        let _ = self.0.save();
    }

    /// Returns the newest requests, the oldest of them first, without their bodies and without the value of `Authorization`.
    ///
    /// The log has up to 10,000 requests with up to 16 MiB of URIs and headers together. [`exchanges`](Self::exchanges) has the
    /// bodies and the responses, too.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Transport};
    /// use partner_center_emulator::Emulator;
    ///
    /// let emulator = Emulator::default();
    /// let request = http::Request::get("/v1/customers?size=1").header("Authorization", "Bearer me");
    /// emulator.transport::<Blocking>().send(request.body(Vec::new())?)?;
    ///
    /// let [request] = &emulator.requests()[..] else { panic!("one request was sent") };
    /// assert_eq!(request.uri(), "/v1/customers?size=1");
    /// assert_eq!(request.headers()["Authorization"], "(not kept)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<http::Request<()>> {
        self.0.lock_log().logged_requests()
    }

    /// Returns the identifiers of the indirect resellers that have customers here. The first is that of the service's
    /// documentation.
    #[must_use]
    pub fn indirect_resellers(&self) -> Vec<Uuid> {
        let seed = self.population_seed();
        (0..INDIRECT_RESELLER_COUNT).map(|number| indirect_reseller_id(seed, number)).collect()
    }

    /// Returns the identifier of the indirect provider of all customers of indirect resellers.
    #[must_use]
    pub fn indirect_provider(&self) -> Uuid {
        indirect_provider_id(self.population_seed())
    }

    /// Revokes all access tokens that the emulator's authority has issued so far, but not [`Emulator::TOKEN`].
    pub fn revoke_access_tokens(&self) {
        self.0.service.authority.revoke_access_tokens();
        let _ = self.0.save();
    }

    /// Revokes all refresh tokens that the emulator's authority has issued so far, and [`Emulator::REFRESH_TOKEN`].
    pub fn revoke_refresh_tokens(&self) {
        self.0.service.authority.revoke_refresh_tokens();
        let _ = self.0.save();
    }

    /// Returns the certificate of the authority, in PEM, that has issued the certificate with which events are signed: what a
    /// receiver under test must trust. It is new for each emulator. Its server has it at `/cert/certificate-authority.pem`.
    ///
    /// Never trust it elsewhere than in a test: everybody has the key of the signer.
    ///
    /// # Errors
    /// No random numbers are available for the key of the authority.
    #[cfg(feature = "webhooks")]
    pub fn webhook_certificate_authority(&self) -> io::Result<String> {
        self.0.service.webhooks.certificate_authority()
    }

    fn population_seed(&self) -> u64 {
        self.0.service.store.state_snapshot().population.seed
    }

    pub(crate) fn handler(&self) -> &RequestHandler {
        &self.0
    }

    pub(crate) fn new(handler: RequestHandler) -> Self {
        Self::from_handler(Arc::new(handler))
    }

    pub(crate) fn from_handler(handler: Arc<RequestHandler>) -> Self {
        Self(handler)
    }
}

impl Default for Emulator {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
