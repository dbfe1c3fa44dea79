//! Events that the emulator sends to the registered address.

use crate::{call, get, post};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use partner_center_core::webhooks::{EventVerifier, WebhookErrorKind, WebhookEvent, WebhookEventName};
use partner_center_emulator::{Emulator, EmulatorBuilder, WebhookFault};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, SystemTime},
};

pub(crate) const REGISTRATION: &str = "/webhooks/v1/registration";
const CUSTOMER_EVENT: &str = "reseller-relationship-accepted-by-customer";
const SUBSCRIPTION_EVENT: &str = "subscription-updated";

/// A program that events are sent to. It responds with the statuses one after another, and then with 200.
pub(crate) struct EventReceiver {
    pub(crate) url: String,
    requests: Receiver<(HeaderMap, Vec<u8>)>,
}

impl EventReceiver {
    pub(crate) fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?tenant=7", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        let statuses = statuses.to_vec();
        thread::spawn(move || {
            let mut statuses = statuses.into_iter();
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut lines = stream.by_ref().lines().map(Result::unwrap);
                assert_eq!(lines.next().unwrap(), "POST /hook?tenant=7 HTTP/1.1");
                let mut headers = HeaderMap::new();
                for line in lines.take_while(|line| !line.is_empty()) {
                    let (name, value) = line.split_once(": ").unwrap();
                    headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
                }
                let length = headers["content-length"].to_str().unwrap().parse().unwrap();
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let status = statuses.next().unwrap_or(200);
                let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = stream.get_mut().write_all(response.as_bytes());
                if sender.send((headers, body)).is_err() {
                    return;
                }
            }
        });
        Self { url, requests }
    }

    pub(crate) fn next_request(&self) -> (HeaderMap, Vec<u8>) {
        self.requests.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    pub(crate) fn register(&self, emulator: &Emulator, events: &[&str]) {
        let registration = json!({ "WebhookUrl": self.url, "WebhookEvents": events });
        let (status, body) = post(emulator, REGISTRATION, &registration);
        assert_eq!(status, StatusCode::OK, "{body}");
    }
}

pub(crate) fn builder() -> EmulatorBuilder {
    Emulator::builder().customers(30).webhook_retry_interval(Duration::from_millis(1))
}

fn verifier(emulator: &Emulator) -> EventVerifier {
    let authority = emulator.webhook_certificate_authority().unwrap();
    EventVerifier::new([authority]).unwrap().certificate_location("http://localhost/cert").unwrap()
}

pub(crate) fn verify(
    emulator: &Emulator,
    (headers, body): &(HeaderMap, Vec<u8>),
) -> Result<WebhookEvent, WebhookErrorKind> {
    let verifier = verifier(emulator);
    let signature = verifier.signature(headers).map_err(|error| error.kind())?;
    let request = crate::request(Method::GET, signature.certificate_url(), &[]);
    let certificate = crate::send(emulator, request);
    assert_eq!(certificate.status(), StatusCode::OK);
    verifier.verify(&signature, certificate.body(), body, SystemTime::now()).map_err(|error| error.kind())
}

fn create_customer(emulator: &Emulator, domain: &str) -> String {
    let customer = json!({
        "companyProfile": { "domain": domain },
        "billingProfile": {
            "culture": "en-US",
            "email": "accounts@margie.example",
            "language": "en",
            "companyName": "Margie Travel",
            "defaultAddress": {
                "firstName": "Eva",
                "lastName": "Lind",
                "addressLine1": "5 Pine Road",
                "city": "Seattle",
                "state": "WA",
                "postalCode": "98101",
                "country": "US",
            },
        },
    });
    let (status, created) = post(emulator, "/v1/customers", &customer);
    assert_eq!(status, StatusCode::CREATED, "{created}");
    created["id"].as_str().unwrap().to_owned()
}

#[test]
fn event_of_a_write_is_signed_and_names_it() {
    let emulator = builder().build();
    let receiver = EventReceiver::start(&[]);
    create_customer(&emulator, "before.onmicrosoft.com");
    receiver.register(&emulator, &[CUSTOMER_EVENT, SUBSCRIPTION_EVENT]);
    let id = create_customer(&emulator, "margie.onmicrosoft.com");
    let request = receiver.next_request();
    assert!(!request.1.starts_with(b"\xEF\xBB\xBF") && request.0["content-type"] == "application/json");
    let event = verify(&emulator, &request).unwrap();
    assert_eq!(event.resource_uri.as_deref(), Some(&*format!("http://localhost/v1/customers/{id}")));
    let audit_path = event.audit_uri.unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    let (status, record) = get(&emulator, &audit_path);
    assert_eq!((status, &record["operationType"]), (StatusCode::OK, &json!("add_customer")), "{record}");

    let (subscription, path) = first_subscription(&emulator);
    let (status, _, changed) = call(&emulator, &Method::PATCH, &path, &[], &subscription);
    assert_eq!(status, StatusCode::OK, "{changed}");
    let event = verify(&emulator, &receiver.next_request()).unwrap();
    assert_eq!(event.event_name, Some(WebhookEventName::SubscriptionUpdated));
    let resource = path.replace("/v1/", "http://localhost/webhooks/v1/");
    assert_eq!(event.resource_uri, Some(resource));
}

/// Returns a subscription of a customer with another name, and its path.
fn first_subscription(emulator: &Emulator) -> (Value, String) {
    let (_, page) = get(emulator, "/v1/customers");
    let customer = format!("/v1/customers/{}", page["items"][0]["id"].as_str().unwrap());
    let (_, subscriptions) = get(emulator, &format!("{customer}/subscriptions"));
    let mut subscription = subscriptions["items"][0].clone();
    subscription["friendlyName"] = "Renamed".into();
    let path = format!("{customer}/subscriptions/{}", subscription["id"].as_str().unwrap());
    (subscription, path)
}

#[test]
fn event_that_is_not_accepted_comes_again_and_only_ten_times() {
    let emulator = builder().build();
    let receiver = EventReceiver::start(&[500, 302, 404]);
    receiver.register(&emulator, &[CUSTOMER_EVENT]);
    create_customer(&emulator, "again.onmicrosoft.com");
    let attempts: Vec<_> = (0..4).map(|_| receiver.next_request()).collect();
    assert!(attempts.iter().all(|(_, body)| *body == attempts[0].1), "the body is the same");
    verify(&emulator, &attempts[3]).unwrap();

    let emulator = builder().build();
    let receiver = EventReceiver::start(&[503; 10]);
    receiver.register(&emulator, &[CUSTOMER_EVENT]);
    create_customer(&emulator, "given-up.onmicrosoft.com");
    let first = receiver.next_request().1;
    for _ in 0..9 {
        assert_eq!(receiver.next_request().1, first);
    }
    // An eleventh attempt would come after half a second.
    assert!(receiver.requests.recv_timeout(Duration::from_millis(1500)).is_err(), "it is not sent an eleventh time");
    create_customer(&emulator, "next.onmicrosoft.com");
    assert_ne!(receiver.next_request().1, first);
}

#[test]
fn event_that_is_not_registered_is_not_sent() {
    let emulator = builder().build();
    let receiver = EventReceiver::start(&[]);
    receiver.register(&emulator, &[SUBSCRIPTION_EVENT]);
    create_customer(&emulator, "silent.onmicrosoft.com");
    let (subscription, path) = first_subscription(&emulator);
    call(&emulator, &Method::PATCH, &path, &[], &subscription);
    let event = verify(&emulator, &receiver.next_request()).unwrap();
    assert_eq!(event.event_name, Some(WebhookEventName::SubscriptionUpdated));
}

#[test]
fn signature_is_in_the_registered_header() {
    let emulator = builder().build();
    let receiver = EventReceiver::start(&[]);
    let registration = json!({
        "WebhookUrl": receiver.url,
        "WebhookEvents": [CUSTOMER_EVENT],
        "SignatureTokenToMsSignatureHeader": true,
    });
    post(&emulator, REGISTRATION, &registration);
    create_customer(&emulator, "header.onmicrosoft.com");
    let request = receiver.next_request();
    assert!(request.0.contains_key("x-ms-signature") && !request.0.contains_key("authorization"));
    verify(&emulator, &request).unwrap();
}

#[test]
fn webhook_faults_are_noticed_by_a_receiver() {
    for (fault, expected) in [
        (WebhookFault::WrongSignature, WebhookErrorKind::Signature),
        (WebhookFault::MissingSignature, WebhookErrorKind::Unsigned),
        (WebhookFault::ReformattedBody, WebhookErrorKind::Signature),
        (WebhookFault::ForeignCertificateUrl, WebhookErrorKind::CertificateUrl),
        (WebhookFault::Sha1, WebhookErrorKind::Algorithm),
        (WebhookFault::OldDate, WebhookErrorKind::Age),
    ] {
        let emulator = builder().webhook_fault(fault).build();
        let receiver = EventReceiver::start(&[]);
        receiver.register(&emulator, &[CUSTOMER_EVENT]);
        create_customer(&emulator, "fault.onmicrosoft.com");
        assert_eq!(verify(&emulator, &receiver.next_request()).unwrap_err(), expected, "{fault:?}");
    }
    let emulator = builder().webhook_fault(WebhookFault::Duplicate).build();
    let receiver = EventReceiver::start(&[]);
    receiver.register(&emulator, &[CUSTOMER_EVENT]);
    create_customer(&emulator, "twice.onmicrosoft.com");
    let (first, second) = (receiver.next_request(), receiver.next_request());
    assert_eq!(first.1, second.1);
}
