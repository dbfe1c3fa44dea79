//! Error responses of the service, the headers of all responses, and the log of requests.

use crate::{authorization, emulator, get, get_with, items, request, send};
use http::{Method, StatusCode};
use partner_center_core::{Async, Blocking, Limits, Transport, TransportErrorKind};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::{
    task::{Context, Poll, Waker},
    time::Duration,
};

/// Returns the status and the code of an error response.
fn error(emulator: &Emulator, uri: &str) -> (u16, Value) {
    let (status, error) = get(emulator, uri);
    assert!(!error["description"].as_str().unwrap().is_empty());
    assert_eq!(error["data"], json!([]));
    (status.as_u16(), error["code"].clone())
}

#[test]
fn token_is_required() {
    let emulator = Emulator::builder().token("right").build();
    for authorization in [None, Some(""), Some("Bearer"), Some("Bearer wrong"), Some("Basic right"), Some("right")] {
        let headers: Vec<_> = authorization.map(|value| ("Authorization", value)).into_iter().collect();
        let response = send(&emulator, request(Method::GET, "/v1/customers", &headers));
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert!(response.headers()["WWW-Authenticate"].to_str().unwrap().starts_with("OAuth realm="));
        let error: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(error, json!({ "code": 400, "description": "Access denied", "data": [], "source": "PartnerFD" }));
    }
    for authorization in ["Bearer right", "bearer  right "] {
        let request = request(Method::GET, "/v1/customers", &[("Authorization", authorization)]);
        assert_eq!(send(&emulator, request).status(), StatusCode::OK, "{authorization}");
    }
}

#[test]
fn unknown_resource_is_not_found() {
    let emulator = emulator(3);
    for uri in [
        "/",
        "/customers",
        "/v2/customers",
        "/v1/v1/customers",
        "/v1/customers/b44bb1fb-c595-45b0-9e09-d657365580bf/profiles",
        "/v1/customers/00000000-0000-0000-0000-000000000000",
    ] {
        assert_eq!(error(&emulator, uri), (404, json!(1000)), "{uri}");
    }
    let fourth = items(&crate::emulator(4), "/v1/customers")[3]["id"].as_str().unwrap().to_owned();
    assert_eq!(error(&emulator, &format!("/v1/customers/{fourth}")), (404, json!(1000)), "the fourth of three");
}

#[test]
fn invalid_request_is_rejected() {
    let emulator = emulator(100);
    for id in [
        "customer",
        "b44bb1fb-c595-45b0-9e09-d657365580b",
        "b44bb1fbc59545b09e09d657365580bf",
        "%7Bb44bb1fb-c595-45b0-9e09-d657365580bf%7D",
        "urn:uuid:b44bb1fb-c595-45b0-9e09-d657365580bf",
        "%00",
        "%FF",
        "all",
    ] {
        assert_eq!(error(&emulator, &format!("/v1/customers/{id}")), (400, json!(900_118)), "{id}");
    }
    for query in [
        "size=501",
        "size=-1",
        "size=%2B5",
        "size=+5",
        "size=",
        "size=ten",
        "size=99999999999999999999",
        "filter=",
        "filter={}",
        "filter=%7B%22Field%22%3A%22Domain%22%7D",
        "seekOperation=Next",
        "seekOperation=Previous",
        "seekOperation=",
        "size",
        "filter",
        "filter[Field]=Domain&filter[Value]=a&filter[Operator]=starts_with",
        "filter%5BField%5D=Domain",
        "filter.Field=Domain",
        "Field=Domain&Value=a&Operator=starts_with",
        "filter%7B%22Field%22:%22Domain%22,%22Value%22:%22a%22,%22Operator%22:%22starts_with%22%7D",
    ] {
        assert_eq!(error(&emulator, &format!("/v1/customers?{query}")), (400, json!("2000")), "{query}");
    }
}

#[test]
fn invalid_size_is_rejected_with_the_accepted_range() {
    let emulator = emulator(5);
    for size in ["-1", "501"] {
        let (_, error) = get(&emulator, &format!("/v1/customers?size={size}"));
        assert_eq!(error["description"], "The size must be a number from 0 to 500.");
    }
    for size in ["0", "500"] {
        assert_eq!(get(&emulator, &format!("/v1/customers?size={size}")).0, StatusCode::OK);
    }
}

#[test]
fn foreign_continuation_token_is_rejected() {
    let page = |customers, seed, token: &str| {
        let emulator = Emulator::builder().customers(customers).seed(seed).build();
        get_with(&emulator, "/v1/customers?size=40&seekOperation=Next", &[("MS-ContinuationToken", token)])
    };
    let (_, first) = get(&emulator(100), "/v1/customers?size=40");
    let token = first["links"]["next"]["headers"][0]["value"].as_str().unwrap();
    assert_eq!(page(100, 7, token).0, StatusCode::OK);

    let assert_rejected = |customers, seed, token: &str| {
        let (status, _, error) = page(customers, seed, token);
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("2000")), "{token}");
    };
    for other in ["", "AQAAAA==", "?", &token[1..], &token.to_lowercase(), &format!("{token}{token}")] {
        assert_rejected(100, 7, other);
    }
    assert_rejected(100, 8, token);
    assert_rejected(40, 7, token); // past the end of the list
}

#[test]
fn method_that_no_operation_has_is_not_allowed() {
    let emulator = emulator(5);
    for method in [Method::PUT, Method::HEAD, Method::OPTIONS] {
        for uri in ["/v1/customers", "/v1/customers/b44bb1fb-c595-45b0-9e09-d657365580bf"] {
            let response = send(&emulator, request(method.clone(), uri, &[("Authorization", &authorization())]));
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {uri}");
            assert!(response.headers()["Allow"].to_str().unwrap().starts_with("GET"));
            assert_eq!(response.body().is_empty(), method == Method::HEAD);
        }
    }
}

#[test]
fn nested_filter_is_rejected_with_an_example() {
    let (_, error) = get(&emulator(100), "/v1/customers?filter[Field]=Domain");
    let description = error["description"].as_str().unwrap();
    assert!(description.contains(r#"filter={"Field":"CompanyName","Value":"#), "{description}");
}

#[test]
fn unknown_parameters_are_rejected_if_configured() {
    let strict = Emulator::builder().customers(5).reject_unknown_parameters(true).build();
    let customer = "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee";
    for uri in ["/v1/customers?offset=1", "/v1/customers?size=1&companyName=a", &format!("{customer}?size=1")] {
        assert_eq!(get(&emulator(5), uri).0, StatusCode::OK, "{uri}");
        let (status, code) = error(&strict, uri);
        assert_eq!((status, code), (400, json!("2000")), "{uri}");
    }
    assert!(get(&strict, "/v1/customers?offset=1").1["description"].as_str().unwrap().contains("\"offset\""));
    assert_eq!(get(&strict, "/v1/customers?size=1&FILTER=").0, StatusCode::BAD_REQUEST);
    assert_eq!(get(&strict, "/v1/customers?size=1").0, StatusCode::OK);
    assert_eq!(get(&strict, customer).0, StatusCode::OK);
}

#[test]
fn accept_without_json_is_not_acceptable() {
    let emulator = emulator(5);
    for uri in ["/v1/customers", "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee"] {
        let (status, _, body) = get_with(&emulator, uri, &[("Accept", "application/xml")]);
        assert_eq!(status, StatusCode::NOT_ACCEPTABLE, "{uri}");
        assert!(body["message"].as_str().unwrap().contains("application/json"));
        for accept in ["application/json", "text/json", "*/*", "application/*;q=0.5, text/html"] {
            assert_eq!(get_with(&emulator, uri, &[("Accept", accept)]).0, StatusCode::OK, "{accept}");
        }
    }
}

#[test]
fn injected_405_has_allow() {
    let emulator = Emulator::builder().fault("405".parse().unwrap()).build();
    let (status, headers, _) = get_with(&emulator, "/v1/customers", &[]);
    assert_eq!((status, &headers["Allow"]), (StatusCode::METHOD_NOT_ALLOWED, &"GET".parse().unwrap()));
}

#[test]
fn response_headers_identify_the_request() {
    let emulator = emulator(5);
    let (request_id, correlation_id) = (REQUEST_ID, "3F2504E0-4F89-41D3-9A0C-0305E82C3302");
    let sent =
        [("MS-RequestId", request_id), ("ms-correlationid", correlation_id), ("X-Locale", "de-DE"), ("MS-CV", "mine")];
    for uri in ["/v1/customers", "/nowhere"] {
        let (_, headers, _) = get_with(&emulator, uri, &sent);
        assert_eq!(headers["Content-Type"], "application/json; charset=utf-8");
        assert_eq!(
            (&headers["MS-RequestId"], &headers["MS-CorrelationId"]),
            (&request_id.parse().unwrap(), &correlation_id.parse().unwrap())
        );
        assert_eq!(headers["X-Locale"], "de-DE");
        assert!(headers["MS-CV"].to_str().unwrap().ends_with(".0"));
        assert!(headers.contains_key("MS-ServerId") && headers.contains_key("Request-Context"));
    }
    let (_, first, _) = get_with(&emulator, "/v1/customers", &[]);
    let (_, second, _) = get_with(&emulator, "/v1/customers", &[]);
    assert!(first["MS-RequestId"].to_str().unwrap().parse::<uuid::Uuid>().is_ok());
    assert_ne!(first["MS-RequestId"], second["MS-RequestId"]);
    assert_eq!(first["X-Locale"], "en-US");
    for invalid_locale in ["", "de DE", "dé"] {
        assert_eq!(get_with(&emulator, "/v1/customers", &[("X-Locale", invalid_locale)]).1["X-Locale"], "en-US");
    }
}

#[test]
fn request_ids_must_be_guids() {
    let emulator = emulator(5);
    for name in ["MS-RequestId", "MS-CorrelationId"] {
        for value in ["", "a", "3f2504e0-4f89-41d3-9a0c-0305e82c330", "3f2504e04f8941d39a0c0305e82c3301"] {
            let (status, headers, error) = get_with(&emulator, "/v1/customers", &[(name, value)]);
            assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(800_002)), "{name}: {value}");
            assert!(headers[name].to_str().unwrap().parse::<uuid::Uuid>().is_ok());
        }
    }
}

#[test]
fn response_has_its_content_length() {
    let emulator = emulator(5);
    for (method, uri, token, status) in [
        (Method::GET, "/v1/customers", Emulator::TOKEN, 200),
        (Method::GET, "/v1/customers/b44bb1fb-c595-45b0-9e09-d657365580bf", Emulator::TOKEN, 200),
        (Method::GET, "/v1/customers?size=501", Emulator::TOKEN, 400),
        (Method::GET, "/v1/customers", "wrong", 401),
        (Method::GET, "/", Emulator::TOKEN, 404),
        (Method::PUT, "/v1/customers", Emulator::TOKEN, 405),
    ] {
        let authorization = format!("Bearer {token}");
        let response = send(&emulator, request(method, uri, &[("Authorization", &authorization)]));
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["Content-Length"], response.body().len().to_string().as_str(), "{status}");
    }
}

#[test]
fn request_log_has_no_tokens() {
    let emulator = emulator(5);
    for number in 0..10_001 {
        get_with(&emulator, &format!("/nowhere/{number}"), &[("X-Number", &number.to_string())]);
    }
    let requests = emulator.clone().requests();
    assert_eq!(requests.len(), 10_000);
    assert_eq!((requests[0].uri().path(), &requests[0].headers()["X-Number"]), ("/nowhere/1", &"1".parse().unwrap()));
    assert!(requests.iter().all(|request| request.method() == Method::GET));
    let twice = [("Authorization", "Bearer one"), ("Authorization", "Bearer two")];
    send(&emulator, request(Method::GET, "/", &twice));
    assert!(!format!("{:?}", emulator.requests().last()).contains("Bearer"));
    assert!(!format!("{requests:?} {emulator:?} {:?}", Emulator::builder()).contains(Emulator::TOKEN));
}

#[test]
fn request_log_is_bounded_in_bytes() {
    let emulator = emulator(0);
    let long = "x".repeat(1 << 20);
    for number in 0..20 {
        get_with(&emulator, &format!("/nowhere/{number}"), &[("X-Long", &long)]);
    }
    let numbers: Vec<_> = emulator.requests().iter().map(|request| request.uri().path()[9..].to_owned()).collect();
    assert_eq!(numbers, (5..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

const REQUEST_ID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

#[test]
fn both_modes_return_the_same_response() {
    let make_request =
        || request(Method::GET, "/v1/customers", &[("Authorization", &authorization()), ("MS-RequestId", REQUEST_ID)]);
    let blocking = send(&emulator(5), make_request());
    let transport = emulator(5).transport::<Async>();
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(response) = transport.send(make_request()).as_mut().poll(&mut context) else {
        panic!("nothing to wait for")
    };
    let response = response.unwrap();
    assert_eq!((response.headers(), response.body()), (blocking.headers(), blocking.body()));
    assert!(transport.sleep(Duration::from_secs(3600)).as_mut().poll(&mut context).is_ready());
}

#[test]
fn in_memory_transport_limits_the_body() {
    let mut limits = Limits::default();
    limits.body = 1000;
    let mut request = request(Method::GET, "/v1/customers", &[("Authorization", &authorization())]);
    request.extensions_mut().insert(limits);
    let error = emulator(1000).transport::<Blocking>().send(request).unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::TooLarge);
}
