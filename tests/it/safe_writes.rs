//! Writes over an unreliable network: each is done once at most, and the outcome is reported as it is.
//!
//! A service counts what it does, while something goes wrong at every point of an exchange: before a connection is opened, before
//! the request has arrived, after that, in the middle of the response, or by a response that says so.

mod counting_service;
mod over_sockets;

use counting_service::{CountingService, CountingTransport, Fault, Received};
use futures_util::FutureExt as _;
use partner_center::{
    AppRegistration, Client, Credential, Error, ErrorKind, RetryPolicy, Transport,
    error::WriteOutcome,
    request::{Idempotency, Method, RawRequest},
    transport::{Async, Blocking, CallOutput, Mode},
};
use partner_center_tests::{MockResponse, ScriptedTransport, block_on, response};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The number of runs in each mode.
const RUNS: u32 = 20_000;

/// A write, and what goes wrong with its attempts, one after the other.
#[derive(Clone, Debug)]
struct Run {
    idempotency: Idempotency,
    faults: Vec<Fault>,
    max_attempts: u32,
}

fn runs() -> impl Strategy<Value = Run> {
    let idempotency = prop::sample::select(vec![
        Idempotency::Natural,
        Idempotency::RequestId,
        Idempotency::RequestId,
        Idempotency::None,
    ]);
    let faults = prop::collection::vec(prop::sample::select(Fault::ALL.to_vec()), 0..6);
    (idempotency, faults, 1_u32..7).prop_map(|(idempotency, faults, max_attempts)| Run {
        idempotency,
        faults,
        max_attempts,
    })
}

/// Performs the write of `run`, and returns its result.
fn write_over<X: Transport>(transport: X, url: &str, run: &Run) -> CallOutput<X, Value> {
    let app = AppRegistration::new("contoso.example", "0a1b2c3d-0000-4000-8000-00000000000a").secret("s3cret");
    let client = Client::builder(transport, Credential::app_only(app))
        .base_url(url)
        .authority(url)
        .attempt_timeout(over_sockets::ATTEMPT_TIMEOUT)
        .retry(RetryPolicy::default().max_attempts(run.max_attempts).max_retry_after(Duration::from_secs(20)))
        .build()
        .unwrap();
    let method = if run.idempotency == Idempotency::Natural { Method::Delete } else { Method::Post };
    let request = RawRequest::new(method, "/v1/things").json("{}").idempotency(run.idempotency);
    client.request_as(request)
}

/// Performs the write of `run` in memory, where nothing waits.
fn write_in_memory<M: Mode>(service: &Arc<CountingService>, run: &Run) -> Result<Value, Error> {
    let output = write_over(CountingTransport::<M>::new(service.clone()), "http://127.0.0.1:9", run);
    M::into_future(output).now_or_never().expect("nothing waits")
}

/// Verifies that what was reported is what the service has done.
fn verify(run: &Run, result: &Result<Value, Error>, service: &CountingService) -> Result<(), TestCaseError> {
    let (performed, received) = (service.performed(), service.received());
    if run.idempotency != Idempotency::Natural {
        prop_assert!(performed <= 1, "it was done {performed} times");
    }
    match result {
        Ok(_) => prop_assert!(performed > 0, "it was reported as done"),
        Err(error) => {
            match error.write_outcome() {
                Some(WriteOutcome::NotPerformed) => prop_assert_eq!(performed, 0, "it was reported as not done"),
                Some(WriteOutcome::Performed) => prop_assert!(performed > 0, "it was reported as done"),
                Some(_) => {}
                // It may be sent again at any time, and was not rejected after it was done.
                None => {
                    let is_rejected = error.status().is_some_and(|status| status.is_client_error());
                    prop_assert!(run.idempotency == Idempotency::Natural && !(is_rejected && performed > 0));
                }
            }
            prop_assert_eq!(error.is_outcome_unknown(), error.write_outcome() == Some(WriteOutcome::Unknown));
            prop_assert_eq!(error.attempts() as usize, received.len());
            prop_assert_eq!(error.request_id(), received.last().and_then(|last| last.request_id));
        }
    }
    // The service's rule: the same id as long as there is no response, and a new one after any response.
    for pair in received.windows(2) {
        prop_assert_eq!(pair[0].request_id == pair[1].request_id, !pair[0].fault.has_response(), "{:?}", pair);
    }
    // Each of the two tokens has the attempts of the policy.
    prop_assert!(received.len() <= 2 * run.max_attempts as usize, "{} attempts", received.len());
    // Never silently none: what can be retried safely is.
    let faults: Vec<_> = run.faults.iter().copied().take_while(|fault| *fault != Fault::None).collect();
    if faults.len() < run.max_attempts as usize && is_safe_to_retry(run.idempotency, &faults) {
        prop_assert!(result.is_ok(), "{result:?}");
    }
    Ok(())
}

/// Whether every fault may be retried until the service performs the write: those after which it is certainly not done, and then,
/// if the service recognizes the request by its id, those without a response.
fn is_safe_to_retry(idempotency: Idempotency, faults: &[Fault]) -> bool {
    let certain = faults.iter().take_while(|fault| fault.is_certainly_not_performed()).count();
    match idempotency {
        Idempotency::None => certain == faults.len(),
        Idempotency::RequestId => {
            faults[certain..].iter().all(|fault| !fault.has_response() && *fault != Fault::InvalidHead)
        }
        _ => faults.iter().all(|fault| fault.is_certainly_not_performed()),
    }
}

/// Verifies the runs in memory, always the same ones.
fn verify_runs_in_memory<M: Mode>() {
    let config = Config { cases: RUNS, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&runs(), |run| {
        let service = Arc::new(CountingService::new(run.idempotency, run.faults.clone()));
        let result = write_in_memory::<M>(&service, &run);
        verify(&run, &result, &service)
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn blocking_write_is_done_once_at_most_and_reported_truly() {
    verify_runs_in_memory::<Blocking>();
}

#[test]
fn async_write_is_done_once_at_most_and_reported_truly() {
    verify_runs_in_memory::<Async>();
}

/// Returns the result of a write, and what the service has received, in the mode `M`.
fn run_in_memory<M: Mode>(idempotency: Idempotency, faults: &[Fault]) -> (Result<Value, Error>, usize, Vec<Received>) {
    let service = Arc::new(CountingService::new(idempotency, faults.to_vec()));
    let run = Run { idempotency, faults: faults.to_vec(), max_attempts: 4 };
    let result = write_in_memory::<M>(&service, &run);
    (result, service.performed(), service.received())
}

#[test]
fn write_that_was_throttled_or_never_sent_is_retried() {
    for idempotency in [Idempotency::None, Idempotency::RequestId, Idempotency::Natural] {
        for faults in [[Fault::Throttled; 2], [Fault::NoConnection; 2], [Fault::NoConnection, Fault::Throttled]] {
            let (result, performed, received) = run_in_memory::<Blocking>(idempotency, &faults);
            assert!(result.is_ok() && performed == 1 && received.len() == 3, "{faults:?}: {result:?}");
        }
    }
}

#[test]
fn lost_response_is_fetched_with_the_same_id_if_the_service_recognizes_it() {
    for fault in [Fault::LostResponse, Fault::LateResponse, Fault::TruncatedBody, Fault::LostRequest] {
        let (result, performed, received) = run_in_memory::<Async>(Idempotency::RequestId, &[fault]);
        assert!(result.is_ok() && performed == 1 && received.len() == 2, "{fault:?}: {result:?}");
        assert_eq!(received[0].request_id, received[1].request_id);
        let (result, _, received) = run_in_memory::<Async>(Idempotency::None, &[fault]);
        assert!(result.is_err() && received.len() == 1, "{fault:?}");
    }
}

#[test]
fn write_without_a_response_is_not_sent_again_with_a_new_id() {
    for response in [Fault::Throttled, Fault::Unavailable, Fault::Unauthorized] {
        let (result, performed, received) =
            run_in_memory::<Blocking>(Idempotency::RequestId, &[Fault::LostResponse, response]);
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.is_outcome_unknown()), (ErrorKind::Service, true), "{response:?}: {error}");
        assert_eq!((performed, received.len()), (1, 2), "{response:?}");
    }
}

/// What a response tells, if it may be that of a proxy.
#[test]
fn write_is_reported_as_not_done_only_by_the_service() {
    fn outcome<M: Mode>(response: MockResponse) -> Option<WriteOutcome> {
        let client = Client::builder(ScriptedTransport::<M>::new([response.into()]), Credential::token("the-token"));
        let client = client.base_url("http://127.0.0.1:9").retry(RetryPolicy::none()).build().unwrap();
        let request = RawRequest::new(Method::Post, "/v1/things").json("{}");
        block_on::<M, _>(client.request_as::<Value>(request)).unwrap_err().write_outcome()
    }
    let error = |status| response(status, r#"{"code": 2000, "description": "Invalid."}"#);
    let text = "text/plain";
    for (response, expected) in [
        (error(200), WriteOutcome::NotPerformed),
        (error(200).with("Content-Type", text).with("MS-RequestId", "r"), WriteOutcome::NotPerformed),
        (error(200).with("Content-Type", text), WriteOutcome::Unknown),
        (error(200).with("Content-Type", "text/html"), WriteOutcome::Unknown),
        (error(400), WriteOutcome::NotPerformed),
        (error(408), WriteOutcome::Unknown),
        (response(302, "").with("Location", "https://proxy.example/sign-in"), WriteOutcome::Unknown),
        (response(304, ""), WriteOutcome::Unknown),
        (response(307, "").with("Location", "/v1/other"), WriteOutcome::Unknown),
    ] {
        let outcomes = [outcome::<Blocking>(response.clone()), outcome::<Async>(response.clone())];
        assert_eq!(outcomes, [Some(expected); 2], "{response:?}");
    }
}

#[test]
fn rejection_of_a_retried_write_may_be_its_own_effect() {
    // The first DELETE was performed, so that the second one finds nothing.
    let (result, performed, _) = run_in_memory::<Blocking>(Idempotency::Natural, &[Fault::LostResponse]);
    let error = result.unwrap_err();
    assert!(error.is_not_found() && error.is_outcome_unknown() && performed == 1, "{error}");
    let (result, ..) = run_in_memory::<Blocking>(Idempotency::Natural, &[Fault::Rejected]);
    assert_eq!(result.unwrap_err().write_outcome(), None);
}
