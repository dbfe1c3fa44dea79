//! Operations that the service completes later (202): their state is polled until they are completed.

use super::Client;
use crate::{
    CallOutput, Completion, Error, ErrorKind, FromResponse, LongRunning, Method, Mode, Operation, Output, Polling,
    RawRequest, ResponseReader, Transport, WriteOutcome, base_url::BaseUrl, error::BoxError,
    link::request_target_of_link,
};
use serde_json::{Map, Value};
use std::{
    fmt,
    marker::PhantomData,
    str::FromStr,
    time::{Duration, Instant},
};

/// The result of an operation that may be completed later.
type ResultOf<O> = <<O as LongRunning>::Poll as Operation>::Response;

impl<X: Transport> Client<X> {
    /// Performs an operation that the service may complete later, and returns the [`Poller`] of its state.
    ///
    /// ```text
    /// blocking: Result<Poller<X, O>, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<Poller<X, O>, Error>> + Send>>
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call), and [`ErrorKind::Decode`] if the response points to a state that cannot be polled: on another
    /// server, say, to which no token is sent. The service has accepted the operation all the same ([`WriteOutcome::Performed`]).
    #[must_use = "an operation is started once the outcome is used"]
    pub fn start<O: LongRunning>(&self, operation: O) -> CallOutput<X, Poller<X, O>> {
        let (client, poll, expected) = (self.clone(), operation.poll(), operation.expected_properties());
        let poll_target = poll.as_ref().map(poll_request_target).transpose();
        let call = self.call(operation);
        X::Mode::block_or_box(async move {
            let poll_target = poll_target.map_err(|error| Error::new(ErrorKind::Request, O::Poll::ID, error))?;
            let completion = O::completion(X::Mode::into_future(call).await?);
            let (result, location, retry_after) = match completion {
                Completion::Completed(result) => (Some(result), None, None),
                Completion::Accepted(accepted) => (None, accepted.location, accepted.retry_after),
            };
            let location = location.map(|location| target_of_location_header::<O>(&location, &client.engine.base_url));
            // Whoever starts it again, as the error does not say that it was accepted, may do it twice.
            let unusable = |problem: String| {
                Error::new(ErrorKind::Decode, O::ID, problem).with_write_outcome(Some(WriteOutcome::Performed))
            };
            let target = location.transpose().map_err(unusable)?;
            let target = target.or(poll_target);
            if result.is_none() && target.is_none() {
                return Err(unusable("the response does not say where the state is".to_owned()));
            }
            let token = target.map(|target| PollToken { operation: O::ID.to_owned(), target, expected });
            Ok(Poller::new(client, token, result, retry_after))
        })
    }

    /// Returns the poller of an operation that was started earlier, perhaps by another process.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Request`]: the token is that of another operation, or points elsewhere than to the service.
    pub fn resume_poller<O: LongRunning>(&self, token: PollToken) -> Result<Poller<X, O>, Error> {
        let invalid = |problem: String| Error::new(ErrorKind::Request, O::ID, problem);
        let PollToken { operation, target, expected } = token;
        if operation != O::ID {
            return Err(invalid(format!("the token is that of the operation `{operation}`")));
        }
        let target = request_target_of_link(&target, &self.engine.base_url, is_path_versioned::<O>());
        let target = target.map_err(|problem| invalid(format!("the token's path {problem}")))?;
        let token = PollToken { operation, target, expected };
        Ok(Poller { interval: Duration::ZERO, ..Poller::new(self.clone(), Some(token), None, None) })
    }
}

fn is_path_versioned<O: LongRunning>() -> bool {
    O::Poll::PATH.starts_with("/v1/")
}

fn poll_request_target<P: Operation>(poll: &P) -> Result<String, BoxError> {
    Ok(RawRequest::from_operation(poll)?.prepare()?.target)
}

fn target_of_location_header<O: LongRunning>(location: &str, base: &BaseUrl) -> Result<String, String> {
    let target = request_target_of_link(location.trim(), base, is_path_versioned::<O>());
    target.map_err(|problem| format!("the operation is accepted, but its `Location` {problem}"))
}

/// The state of an operation that the service completes later, and how often it is polled.
///
/// Returned by [`Client::start`]. [`wait`](Self::wait) polls until the operation is completed; [`poll`](Self::poll) polls once. To go
/// on tomorrow, or in another process, save the [`token`](Self::token) and hand it to [`Client::resume_poller`].
///
/// ```
/// use partner_center_core::{Blocking, Client, RegisterSubscription, SubscriptionRegistrationStatus, Transport};
/// use std::{error::Error, time::Duration};
/// use uuid::Uuid;
///
/// /// Registers a subscription; returns the text to continue with if that takes more than a minute.
/// fn register(
///     client: &Client<impl Transport<Mode = Blocking>>,
///     customer: Uuid,
///     subscription: Uuid,
/// ) -> Result<Result<SubscriptionRegistrationStatus, String>, Box<dyn Error>> {
///     let poller = client.start(RegisterSubscription::new(customer, subscription))?;
///     let mut poller = poller.timeout(Duration::from_secs(60));
///     match poller.wait() {
///         Ok(status) => Ok(Ok(status)),
///         Err(error) if error.is_timeout() => {
///             let token = poller.token().ok_or("the operation is completed")?;
///             Ok(Err(token.to_string()))
///         }
///         Err(error) => Err(error.into()),
///     }
/// }
///
/// fn go_on(client: &Client<impl Transport<Mode = Blocking>>, token: &str) -> Result<(), Box<dyn Error>> {
///     let mut poller = client.resume_poller::<RegisterSubscription>(token.parse()?)?;
///     let status = poller.wait()?;
///     println!("{:?}", status.status);
///     Ok(())
/// }
/// # use partner_center_core::{Credential, Request, Response, TransportError, http::{Method, StatusCode}};
/// # struct Registration(std::sync::atomic::AtomicU32);
/// # impl Transport for Registration {
/// #     type Mode = Blocking;
/// #     fn send(&self, request: Request) -> Result<Response, TransportError> {
/// #         if request.method() == Method::POST {
/// #             let mut response = Response::default();
/// #             *response.status_mut() = StatusCode::ACCEPTED;
/// #             return Ok(response);
/// #         }
/// #         let polls = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
/// #         let status = if polls < 8 { "registering" } else { "registered" };
/// #         Ok(Response::new(format!(r#"{{"status": "{status}"}}"#).into()))
/// #     }
/// #     fn sleep(&self, _: Duration) {}
/// # }
/// # let client = Client::builder(Registration(Default::default()), Credential::token("secret")).build()?;
/// # go_on(&client, &client.start(RegisterSubscription::new(Uuid::nil(), Uuid::nil()))?.token().unwrap().to_string())?;
/// # assert!(register(&client, Uuid::nil(), Uuid::nil())?.is_ok());
/// # Ok::<(), Box<dyn Error>>(())
/// ```
///
/// In async mode the same methods return futures. Dropping one loses nothing: the next poll gets the state again.
#[must_use = "the state is polled only when it is requested"]
pub struct Poller<X: Transport, O: LongRunning> {
    client: Client<X>,
    /// Where the state is; `None` if the operation was completed immediately and the service has not said.
    token: Option<PollToken>,
    /// The result, if the operation was completed immediately.
    result: Option<ResultOf<O>>,
    /// The properties that did not show yet, at the last poll, that the operation is completed.
    pending: Vec<String>,
    /// The wait before the next poll.
    interval: Duration,
    /// The number of polls without a requested wait.
    polls: u32,
    max_interval: Duration,
    timeout: Duration,
    operation: PhantomData<fn() -> O>,
}

/// The state of an operation, as a poll has shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollState<T> {
    /// The operation is completed, successfully or not: its result says so.
    Completed(T),
    /// It is not. The service, or the poller, suggests this wait before the next poll.
    Pending(Duration),
}

/// The interval before the first poll; it doubles with each, as long as the service requests no other.
const INITIAL_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The maximum interval that the service has not requested.
const MAX_UNREQUESTED_POLL_INTERVAL: Duration = Duration::from_secs(30);

impl<X: Transport, O: LongRunning> Poller<X, O> {
    fn new(
        client: Client<X>,
        token: Option<PollToken>,
        result: Option<ResultOf<O>>,
        retry_after: Option<Duration>,
    ) -> Self {
        let mut poller = Self {
            client,
            token,
            result,
            pending: Vec::new(),
            interval: Duration::ZERO,
            polls: 0,
            max_interval: Duration::from_secs(10 * 60),
            timeout: Duration::from_secs(60 * 60),
            operation: PhantomData,
        };
        if poller.result.is_none() {
            poller.set_next_poll_interval(retry_after);
        }
        poller
    }

    /// Leaves out what has not changed: waits only for values that differ from those of `previous`, the resource as it was read
    /// before the change. Default: for all that was sent and that is documented to be shown. A value that somebody else changes
    /// meanwhile would never be.
    pub fn changed_from(mut self, previous: &ResultOf<O>) -> Self {
        if let Some(token) = &mut self.token {
            Polling::retain_changed(&mut token.expected, previous);
        }
        self
    }

    /// Sets the time after which [`wait`](Self::wait) fails. Default: an hour. The deadline of the client
    /// ([`Client::with_deadline`]) holds besides it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the maximum interval between two polls, also where the service requests a longer one (`Retry-After`). Default: 10
    /// minutes.
    pub fn max_interval(mut self, interval: Duration) -> Self {
        self.max_interval = interval;
        self.interval = self.interval.min(interval);
        self
    }

    /// Returns the text by which [`Client::resume_poller`] continues; `None` if the operation was completed immediately.
    #[must_use]
    pub fn token(&self) -> Option<&PollToken> {
        self.token.as_ref().filter(|_| self.result.is_none())
    }

    /// Polls the state once, without waiting.
    ///
    /// ```text
    /// blocking: Result<PollState<T>, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<PollState<T>, Error>> + Send + '_>>
    /// ```
    ///
    /// `T` is the response of [`LongRunning::Poll`]. After an error, which may be temporary, the poller can continue.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    #[must_use = "the state is polled once the outcome is used"]
    pub fn poll(&mut self) -> Output<'_, X, Result<PollState<ResultOf<O>>, Error>> {
        X::Mode::block_or_box(self.fetch_poll_state())
    }

    /// Polls the state until the operation is completed, at the intervals that the service requests, or else after 1, 2, 4 seconds
    /// and so on, up to 30.
    ///
    /// ```text
    /// blocking: Result<T, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<T, Error>> + Send + '_>>
    /// ```
    ///
    /// `T` is the response of [`LongRunning::Poll`]. It says whether the operation was successful.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`], and [`ErrorKind::Timeout`] if the operation is not completed before the timeout: its sources name the
    /// properties that are not shown yet as expected. The poller can continue after either.
    #[must_use = "the state is polled once the outcome is used"]
    pub fn wait(&mut self) -> Output<'_, X, Result<ResultOf<O>, Error>> {
        X::Mode::block_or_box(async move {
            let start = Instant::now();
            let mut waited = Duration::ZERO;
            loop {
                let remaining = self.timeout.saturating_sub(waited.max(start.elapsed()));
                let remaining =
                    self.client.scope.time_until_deadline().map_or(remaining, |in_scope| remaining.min(in_scope));
                if self.interval >= remaining {
                    return Err(Error::new_deadline_exceeded(O::ID, self.completion_not_shown_error()));
                }
                // A result that is available is returned immediately.
                if !self.interval.is_zero() {
                    X::Mode::into_future(self.client.engine.sender.transport.sleep(self.interval)).await;
                    waited += self.interval;
                }
                if let PollState::Completed(result) = self.fetch_poll_state().await? {
                    return Ok(result);
                }
            }
        })
    }

    async fn fetch_poll_state(&mut self) -> Result<PollState<ResultOf<O>>, Error> {
        if let Some(result) = self.result.take() {
            return Ok(PollState::Completed(result));
        }
        let Some(token) = &self.token else {
            return Err(Error::new(
                ErrorKind::Request,
                O::ID,
                "the operation is completed, and its result was returned",
            ));
        };
        let request = RawRequest::new(Method::Get, &token.target).operation_id(O::Poll::ID).outcomes(&[202][..]);
        let response = X::Mode::into_future(self.client.request_as::<PollResponse<ResultOf<O>>>(request)).await?;
        let retry_after = match response {
            PollResponse::Shown { result, json, retry_after } => {
                self.pending = O::POLLING.pending(&json, &token.expected);
                if self.pending.is_empty() {
                    return Ok(PollState::Completed(result));
                }
                retry_after
            }
            PollResponse::Accepted { location, retry_after } => {
                if let Some(location) = location {
                    let target = target_of_location_header::<O>(&location, &self.client.engine.base_url);
                    let target = target.map_err(|error| Error::new(ErrorKind::Decode, O::Poll::ID, error))?;
                    self.token = Some(PollToken { target, ..token.clone() });
                }
                retry_after
            }
        };
        self.set_next_poll_interval(retry_after);
        Ok(PollState::Pending(self.interval))
    }

    /// Returns the error that names what the last poll did not show.
    fn completion_not_shown_error(&self) -> Option<Error> {
        let problem = || format!("not shown yet as expected: {}", self.pending.join(", "));
        (!self.pending.is_empty()).then(|| Error::new(ErrorKind::Timeout, O::ID, problem()))
    }

    /// Sets the wait before the next poll. A requested wait of zero is none, as for retries.
    fn set_next_poll_interval(&mut self, retry_after: Option<Duration>) {
        let interval = retry_after.filter(|wait| !wait.is_zero()).unwrap_or_else(|| {
            let factor = 1_u32.checked_shl(self.polls).unwrap_or(u32::MAX);
            self.polls = self.polls.saturating_add(1);
            INITIAL_POLL_INTERVAL.saturating_mul(factor).min(MAX_UNREQUESTED_POLL_INTERVAL)
        });
        self.interval = interval.min(self.max_interval);
    }
}

impl<X: Transport, O: LongRunning> fmt::Debug for Poller<X, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut poller = formatter.debug_struct("Poller");
        poller.field("operation", &O::ID).field("is_completed", &self.result.is_some()).finish_non_exhaustive()
    }
}

/// The response to a poll.
enum PollResponse<T> {
    /// The operation is not completed (202); the body, if there is one, is not read.
    Accepted { location: Option<String>, retry_after: Option<Duration> },
    /// The state, also as JSON.
    Shown { result: T, json: Value, retry_after: Option<Duration> },
}

impl<T: FromResponse + serde::Serialize> FromResponse for PollResponse<T> {
    const ACCEPT: &'static str = T::ACCEPT;

    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        let retry_after = response.retry_after();
        if response.status() == 202 {
            return Ok(Self::Accepted { location: response.header("location").map(str::to_owned), retry_after });
        }
        let result = T::from_response(response)?;
        // A value that is not JSON shows no state.
        let json = serde_json::to_value(&result).unwrap_or_default();
        Ok(Self::Shown { result, json, retry_after })
    }
}

/// The position of a [`Poller`], as text: `to_string` writes it, `parse` reads it.
///
/// It has the name of the operation, the path of its state, and what that is to show, but no token of authentication. It is checked
/// when it is resumed: no text makes a client send its token to another server.
#[derive(Clone, PartialEq, Eq)]
pub struct PollToken {
    operation: String,
    target: String,
    expected: Map<String, Value>,
}

/// The maximum length of a [`PollToken`] in bytes.
const MAX_POLL_TOKEN_LENGTH: usize = 64 << 10;

impl fmt::Display for PollToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, target, expected } = self;
        let token = serde_json::json!({ "operation": operation, "target": target, "expected": expected });
        write!(formatter, "{token}")
    }
}

impl FromStr for PollToken {
    type Err = InvalidPollToken;

    fn from_str(text: &str) -> Result<Self, InvalidPollToken> {
        if text.len() > MAX_POLL_TOKEN_LENGTH {
            return Err(InvalidPollToken);
        }
        let mut token: Map<String, Value> = serde_json::from_str(text).map_err(|_| InvalidPollToken)?;
        match (token.remove("operation"), token.remove("target"), token.remove("expected")) {
            (Some(Value::String(operation)), Some(Value::String(target)), Some(Value::Object(expected))) => {
                Ok(Self { operation, target, expected })
            }
            _ => Err(InvalidPollToken),
        }
    }
}

/// Shows nothing of the path, which has the ids of a customer.
impl fmt::Debug for PollToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PollToken(..)")
    }
}

/// The error of text that is not a [`PollToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPollToken;

impl fmt::Display for InvalidPollToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the text is not the token of a poller: pass what its `to_string` returned, unchanged")
    }
}

impl std::error::Error for InvalidPollToken {}
