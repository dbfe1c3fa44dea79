use super::*;
use http::{HeaderName, HeaderValue};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RevokedCertParams, SerialNumber, SigningKey as _, date_time_ymd,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

const BODY: &str = r#"{"EventName":"subscription-updated","ResourceUri":null,"ResourceName":"subscription","AuditUri":"https://api.partnercenter.microsoft.com/auditactivity/v1/auditrecords/7","ResourceChangeUtcDate":"2026-01-14T16:57:15.0966728+00:00"}"#;
const URL: &str = "https://3psostorageacct.blob.core.windows.net/cert/pcnotifications-dispatch.microsoft.com.cer";

/// A day after the change in [`BODY`].
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_768_496_235)
}

fn rsa_key(pkcs8: &[u8]) -> KeyPair {
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8), &PKCS_RSA_SHA256).unwrap()
}

fn signer_key() -> KeyPair {
    rsa_key(include_bytes!("testdata/signer.pk8"))
}

fn other_key() -> KeyPair {
    rsa_key(include_bytes!("testdata/other.pk8"))
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn authority(name: &str) -> Authority {
    CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate().unwrap()).unwrap()
}

fn signer_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "Microsoft Corporation");
    params.distinguished_name.push(DnType::CommonName, "pcnotifications-dispatch.microsoft.com");
    params.not_before = date_time_ymd(2025, 6, 1);
    params.not_after = date_time_ymd(2026, 6, 1);
    params.serial_number = Some(SerialNumber::from(7));
    params
}

fn certificate(authority: &Authority, params: &CertificateParams) -> Vec<u8> {
    params.clone().signed_by(&signer_key(), authority).unwrap().der().to_vec()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn base64_signature(key: &KeyPair, body: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(key.sign(body.as_bytes()).unwrap())
}

fn signed_headers(signature: &str) -> HeaderMap {
    headers(&[
        ("authorization", &format!("Signature {signature}")),
        ("x-ms-signature-algorithm", "rsa-sha256"),
        ("x-ms-certificate-url", URL),
    ])
}

fn verifier(authority: &Authority) -> EventVerifier {
    EventVerifier::new([authority.der()]).unwrap()
}

fn verify(verifier: &EventVerifier, certificate: &[u8], body: &str) -> Result<WebhookEvent, WebhookError> {
    let signature = verifier.signature(&signed_headers(&base64_signature(&signer_key(), BODY)))?;
    verifier.verify(&signature, certificate, body.as_bytes(), now())
}

/// Asserts that a request is rejected with an error of this kind.
#[track_caller]
fn assert_rejected<T: std::fmt::Debug>(outcome: Result<T, WebhookError>, kind: WebhookErrorKind, problem: &str) {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(problem), "{problem:?} is not in {error}");
    assert!((400..500).contains(&error.status()));
}

#[test]
fn event_of_the_service_is_verified() {
    let authority = authority("Root");
    let certificate = certificate(&authority, &signer_params());
    let event = verify(&verifier(&authority), &certificate, BODY).unwrap();
    assert_eq!(event.event_name, Some(WebhookEventName::SubscriptionUpdated));
    assert_eq!((event.resource_uri, event.resource_name.as_deref()), (None, Some("subscription")));
    assert!(event.audit_uri.unwrap().ends_with("/auditrecords/7"));
    // A certificate in PEM, and one of the authority.
    let pem = signer_params().signed_by(&signer_key(), &authority).unwrap().pem();
    let verifier = EventVerifier::new([authority.pem()]).unwrap();
    verify(&verifier, pem.as_bytes(), BODY).unwrap();
}

#[test]
fn signature_is_read_from_either_header() {
    let verifier = verifier(&authority("Root"));
    let common = [("x-ms-signature-algorithm", "RSA-SHA256"), ("x-ms-certificate-url", URL)];
    let read = |own: &[(&'static str, &str)]| verifier.signature(&headers(&[own, &common].concat()));
    for own in [
        &[("authorization", "Signature QUJD")][..],
        &[("x-ms-signature", "Signature QUJD")],
        &[("x-ms-signature", "QUJD")],
        &[("x-ms-signature", "QUJD"), ("authorization", "signature QUJD")],
        // Those of a gateway.
        &[("x-ms-signature", "QUJD"), ("authorization", "Bearer REVG")],
        &[("x-ms-signature", "QUJD"), ("authorization", "REVG")],
    ] {
        let signature = read(own).unwrap();
        assert_eq!((signature.bytes.as_slice(), signature.certificate_url()), (&b"ABC"[..], URL), "{own:?}");
        assert!(!format!("{signature:?}").contains("65"), "the signature is shown");
    }
    for own in [
        &[][..],
        &[("authorization", "Bearer QUJD")],
        &[("authorization", "Signature")],
        &[("authorization", "Signature ")],
        &[("x-ms-signature", "")],
    ] {
        assert_rejected(read(own), WebhookErrorKind::Unsigned, "has no signature");
    }
    let long = "QUJD".repeat(1000);
    for (own, problem) in [
        (&[("authorization", "Signature QUJD"), ("x-ms-signature", "REVG")][..], "two signatures"),
        (&[("authorization", "Signature QUJD"), ("authorization", "Signature QUJD")], "authorization comes twice"),
        (&[("x-ms-signature", "QUJD"), ("x-ms-signature", "REVG")], "x-ms-signature comes twice"),
        (&[("x-ms-signature", "QUJ")], "not base64"),
        (&[("x-ms-signature", "QU-_")], "not base64"),
        (&[("x-ms-signature", &long)], "not base64"),
    ] {
        assert_rejected(read(own), WebhookErrorKind::Header, problem);
    }
}

#[test]
fn other_algorithm_is_rejected() {
    let verifier = verifier(&authority("Root"));
    for algorithm in ["RSA-SHA1", "rsa-sha512", "none", "hmac-sha256", "rsa-sha256,rsa-sha1"] {
        let mut headers = signed_headers("QUJD");
        headers.insert("x-ms-signature-algorithm", HeaderValue::from_str(algorithm).unwrap());
        assert_rejected(verifier.signature(&headers), WebhookErrorKind::Algorithm, "rsa-sha256");
    }
    for name in ["x-ms-signature-algorithm", "x-ms-certificate-url"] {
        let mut headers = signed_headers("QUJD");
        headers.remove(name);
        assert_rejected(
            verifier.signature(&headers),
            WebhookErrorKind::Header,
            &format!("the header {name} is missing"),
        );
        let mut headers = signed_headers("QUJD");
        headers.append(name, HeaderValue::from_static("x"));
        assert_rejected(verifier.signature(&headers), WebhookErrorKind::Header, "comes twice");
    }
}

#[test]
fn certificate_is_fetched_from_the_service_only() {
    let verifier = verifier(&authority("Root"));
    let signature = |url: &str| {
        let mut headers = signed_headers("QUJD");
        headers.insert("x-ms-certificate-url", HeaderValue::from_str(url).unwrap());
        verifier.signature(&headers).map(|signature| signature.certificate_url().to_owned())
    };
    let host = "3psostorageacct.blob.core.windows.net";
    for url in [format!("https://{host}/cert/a.cer"), format!("HTTPS://{}:443/cert/a.cer", host.to_uppercase())] {
        assert_eq!(signature(&url).unwrap(), format!("https://{host}/cert/a.cer"));
    }
    for url in [
        format!("http://{host}/cert/a.cer"),
        format!("https://{host}:8443/cert/a.cer"),
        format!("https://{host}.evil.example/cert/a.cer"),
        format!("https://{host}@evil.example/cert/a.cer"),
        format!("https://user@{host}/cert/a.cer"),
        "https://other.blob.core.windows.net/cert/a.cer".to_owned(),
        "https://169.254.169.254/cert/a.cer".to_owned(),
        "file:///cert/a.cer".to_owned(),
        format!("//{host}/cert/a.cer"),
        format!("https://{host}/a.cer"),
        format!("https://{host}/certs/a.cer"),
        format!("https://{host}/cert/../x/a.cer"),
        format!("https://{host}/cert/x/a.cer"),
        format!("https://{host}/cert/%2e%2e/a.cer"),
        format!("https://{host}/cert/a.cer?x=.cer"),
        format!("https://{host}/cert/a.cer#.cer"),
        format!("https://{host}/cert/a.exe"),
        format!("https://{host}/cert/..cer"),
        format!("https://{host}/cert/{}.cer", "a".repeat(300)),
    ] {
        assert_rejected(
            signature(&url),
            WebhookErrorKind::CertificateUrl,
            "the certificate is not a `.cer` in https://",
        );
    }
    let own = verifier.clone().certificate_location("https://127.0.0.1:8443/cert/").unwrap();
    let mut headers = signed_headers("QUJD");
    assert_rejected(own.signature(&headers), WebhookErrorKind::CertificateUrl, "https://127.0.0.1:8443/cert");
    headers.insert("x-ms-certificate-url", HeaderValue::from_static("https://127.0.0.1:8443/cert/a.cer"));
    own.signature(&headers).unwrap();
    assert_rejected(verifier.certificate_location("http://example.com"), WebhookErrorKind::CertificateUrl, "https");
}

#[test]
fn changed_body_is_rejected() {
    let authority = authority("Root");
    let certificate = certificate(&authority, &signer_params());
    let reformatted = BODY.replace(',', ", ");
    for body in [&reformatted, &format!("\u{FEFF}{BODY}"), &BODY.replace("updated", "created"), &BODY[1..], ""] {
        let outcome = verify(&verifier(&authority), &certificate, body);
        assert_rejected(outcome, WebhookErrorKind::Signature, "the signature is not that of the body");
    }
    // The signature of another key, and one that is too short.
    let verifier = verifier(&authority);
    for signature in [base64_signature(&other_key(), BODY), "QUJD".to_owned()] {
        let signature = verifier.signature(&signed_headers(&signature)).unwrap();
        let outcome = verifier.verify(&signature, &certificate, BODY.as_bytes(), now());
        assert_rejected(outcome, WebhookErrorKind::Signature, "the signature is not that of the body");
    }
}

#[test]
fn certificate_of_another_authority_is_rejected() {
    let (trusted, other) = (authority("Root"), authority("Root"));
    let forged = certificate(&other, &signer_params());
    assert_rejected(verify(&verifier(&trusted), &forged, BODY), WebhookErrorKind::Certificate, "not trusted");
    let self_signed = signer_params().self_signed(&signer_key()).unwrap();
    assert_rejected(verify(&verifier(&trusted), self_signed.der(), BODY), WebhookErrorKind::Certificate, "not trusted");
    let none = EventVerifier::new::<&[u8]>([]).unwrap();
    assert_rejected(
        verify(&none, &certificate(&trusted, &signer_params()), BODY),
        WebhookErrorKind::Certificate,
        "not trusted",
    );
}

#[test]
fn chain_needs_each_of_its_certificates() {
    let root = authority("Root");
    let issuing = CertifiedIssuer::signed_by(authority_params("Issuing"), KeyPair::generate().unwrap(), &root).unwrap();
    let certificate = certificate(&issuing, &signer_params());
    assert_rejected(verify(&verifier(&root), &certificate, BODY), WebhookErrorKind::Certificate, "not trusted");
    verify(&verifier(&root).intermediate(issuing.der()).unwrap(), &certificate, BODY).unwrap();
    // The authority that has issued it may be trusted itself.
    verify(&verifier(&issuing), &certificate, BODY).unwrap();
    // A certificate that is none of an authority issues nothing.
    let mut params = signer_params();
    params.key_identifier_method = KeyIdMethod::Sha256;
    let end = CertifiedIssuer::signed_by(params, other_key(), &root).unwrap();
    let issued_by_end = signer_params().signed_by(&signer_key(), &end).unwrap();
    let verifier = verifier(&root).intermediate(end.der()).unwrap();
    assert_rejected(verify(&verifier, issued_by_end.der(), BODY), WebhookErrorKind::Certificate, "not trusted");
}

#[test]
fn certificate_is_valid_for_its_time_only() {
    let authority = authority("Root");
    let certificate = certificate(&authority, &signer_params());
    let verifier = verifier(&authority).max_age(Duration::MAX);
    let signature = verifier.signature(&signed_headers(&base64_signature(&signer_key(), BODY))).unwrap();
    let at = |days: u64| {
        verifier.verify(&signature, &certificate, BODY.as_bytes(), UNIX_EPOCH + Duration::from_secs(days * 86400))
    };
    at(20_500).unwrap();
    assert_rejected(at(20_000), WebhookErrorKind::Certificate, "not trusted");
    assert_rejected(at(21_000), WebhookErrorKind::Certificate, "not trusted");
    assert_rejected(at(0), WebhookErrorKind::Certificate, "not trusted");
}

#[test]
fn certificate_of_another_subject_is_rejected() {
    let authority = authority("Microsoft Corporation");
    let verifier = verifier(&authority);
    let with = |organization: Option<&str>, name: &str, alternative: &[&str]| {
        let names = alternative.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(organization) = organization {
            params.distinguished_name.push(DnType::OrganizationName, organization);
        }
        verify(&verifier, &certificate(&authority, &params), BODY)
    };
    let (organization, name) = (Some("Microsoft Corporation"), "pcnotifications-dispatch.microsoft.com");
    with(organization, name, &[]).unwrap();
    with(organization, "Partner Center", &["example.com", name]).unwrap();
    for other in [None, Some("Contoso"), Some("Microsoft Corporation Ltd"), Some("microsoft corporation")] {
        assert_rejected(with(other, name, &[]), WebhookErrorKind::Certificate, "not for the organization");
    }
    // The name of an organization within another attribute, which a search for its bytes would find.
    let hidden = "\u{6}\u{3}U\u{4}\n\u{c}\u{15}Microsoft Corporation";
    assert_rejected(with(None, hidden, &[name]), WebhookErrorKind::Certificate, "not for the organization");
    for (other, alternative) in [("contoso.microsoft.com", "contoso.microsoft.com"), (hidden, "microsoft.com")] {
        let outcome = with(organization, other, &[alternative]);
        assert_rejected(outcome, WebhookErrorKind::Certificate, "not for pcnotifications-dispatch.microsoft.com");
    }
    let other = verifier.clone().signer("hooks.contoso.example").organization("Contoso");
    let mut params = CertificateParams::new(vec!["hooks.contoso.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::OrganizationName, "Contoso");
    verify(&other, &certificate(&authority, &params), BODY).unwrap();
}

#[test]
fn revoked_certificate_is_rejected() {
    let root = authority("Root");
    let certificate = certificate(&root, &signer_params());
    let list = |serial: u64, until| {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: until,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&root).unwrap().der().to_vec()
    };
    let verifier = |list: &[u8]| verifier(&root).revocation_list(list).unwrap();
    let later = date_time_ymd(2027, 1, 1);
    verify(&verifier(&list(8, later)), &certificate, BODY).unwrap();
    assert_rejected(
        verify(&verifier(&list(7, later)), &certificate, BODY),
        WebhookErrorKind::Certificate,
        "not trusted",
    );
    // A list that expired before the event came.
    let expired = verifier(&list(8, date_time_ymd(2026, 1, 10)));
    assert_rejected(verify(&expired, &certificate, BODY), WebhookErrorKind::Certificate, "CrlExpired");
    assert_rejected(
        EventVerifier::new([root.der()]).unwrap().revocation_list(b"no list"),
        WebhookErrorKind::Certificate,
        "the revocation list is invalid",
    );
}

#[test]
fn sizes_and_formats_are_checked() {
    let authority = authority("Root");
    let certificate = certificate(&authority, &signer_params());
    let verifier = verifier(&authority);
    let large = "x".repeat(MAX_EVENT_SIZE + 1);
    assert_rejected(verify(&verifier, &certificate, &large), WebhookErrorKind::TooLarge, "the body is too large");
    let large = vec![0; MAX_CERTIFICATE_SIZE + 1];
    assert_rejected(verify(&verifier, &large, BODY), WebhookErrorKind::TooLarge, "the certificate is too large");
    for (invalid, problem) in [
        (&b""[..], "the certificate is invalid"),
        (b"<html>not found</html>", "the certificate is invalid"),
        (&certificate[..certificate.len() - 1], "the certificate is invalid"),
        (b"-----BEGIN CERTIFICATE-----", "not valid PEM"),
    ] {
        assert_rejected(verify(&verifier, invalid, BODY), WebhookErrorKind::Certificate, problem);
        assert!(EventVerifier::new([invalid]).is_err() && verifier.clone().intermediate(invalid).is_err());
    }
    // What is signed and is no event.
    for (body, problem) in [("[]", "not an event"), ("{", "not an event"), ("\"x\"", "not an event")] {
        let signature = verifier.signature(&signed_headers(&base64_signature(&signer_key(), body))).unwrap();
        let outcome = verifier.verify(&signature, &certificate, body.as_bytes(), now());
        assert_rejected(outcome, WebhookErrorKind::Body, problem);
    }
}

#[test]
fn replayed_event_is_recognized() {
    let authority = authority("Root");
    let certificate = certificate(&authority, &signer_params());
    let verifier = verifier(&authority);
    let signature = verifier.signature(&signed_headers(&base64_signature(&signer_key(), BODY))).unwrap();
    let after = |days: u64| {
        let now = now() + Duration::from_secs(days * 24 * 60 * 60);
        verifier.verify(&signature, &certificate, BODY.as_bytes(), now)
    };
    let event = after(0).unwrap();
    after(2).unwrap();
    assert_rejected(after(7), WebhookErrorKind::Age, "it is of 2026-01-14T16:57:15.0966728+00:00");
    let undated = r#"{"EventName":"test-created"}"#;
    let signature = verifier.signature(&signed_headers(&base64_signature(&signer_key(), undated))).unwrap();
    let outcome = verifier.verify(&signature, &certificate, undated.as_bytes(), now());
    assert_rejected(outcome, WebhookErrorKind::Age, "the event has no date");

    let mut seen = SeenEvents::new(2);
    assert!(seen.insert(&event) && !seen.insert(&event.clone()));
    let mut others = (0..3).map(|number| {
        let mut other = event.clone();
        other.audit_uri = Some(number.to_string());
        other
    });
    assert!(others.all(|other| seen.insert(&other)));
    // The oldest is forgotten.
    assert_eq!((seen.insert(&event), seen.clone().insert(&event)), (true, false));
}

#[test]
fn event_that_was_not_stored_is_forgotten() {
    let event = |number: u32| {
        let mut event: WebhookEvent = serde_json::from_str(BODY).unwrap();
        event.audit_uri = Some(number.to_string());
        event
    };
    let mut seen = SeenEvents::new(2);
    assert!(!seen.contains(&event(1)) && !seen.forget(&event(1)));
    assert!(seen.insert(&event(1)) && seen.insert(&event(2)));
    assert!(seen.forget(&event(1)) && !seen.contains(&event(1)) && seen.contains(&event(2)));
    // It is as if it had never come: it neither takes a place, nor makes a later one be forgotten.
    assert!(seen.insert(&event(1)) && seen.contains(&event(2)));
    assert!(seen.insert(&event(3)) && seen.contains(&event(1)) && !seen.contains(&event(2)));
}

#[test]
fn malformed_name_has_no_values() {
    let name = [0x31, 0x0C, 0x30, 0x0A, 0x06, 0x03, 0x55, 0x04, 0x0A, 0x0C, 0x03, b'A', b'B', b'C'];
    assert_eq!(certificate::subject_attribute_values(&name, &[0x55, 0x04, 0x0A]), [b"ABC"]);
    assert!(certificate::subject_attribute_values(&name, &[0x55, 0x04, 0x03]).is_empty());
    for length in 0..name.len() {
        assert!(certificate::subject_attribute_values(&name[..length], &[0x55, 0x04, 0x0A]).is_empty());
    }
    for first in [0x80, 0x81, 0x82, 0x83, 0x84, 0xFF] {
        let malformed = [&[0x31, first][..], &name].concat();
        assert!(certificate::subject_attribute_values(&malformed, &[0x55, 0x04, 0x0A]).is_empty());
    }
}
