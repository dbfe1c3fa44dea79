//! Who may steer: programs on this machine, and the page of the emulator itself, but no page of another site, which a browser on this
//! machine lets send requests to it.

use http::{
    HeaderName, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN},
    uri::Authority,
};
use std::net::IpAddr;

/// Checks that `request` is not one that a page of another site sent, or that a client of the service sent by mistake.
pub(super) fn check_access<B>(request: &http::Request<B>) -> Result<(), (StatusCode, String)> {
    let forbidden = |message: String| Err((StatusCode::FORBIDDEN, message));
    let header = |name: &HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let host = request.uri().authority().map(Authority::as_str).or(header(&HOST)).unwrap_or_default();
    // A page whose name its owner lets point to this machine sends its own name (DNS rebinding).
    if !is_ip_or_private_host_name(host) {
        return forbidden(format!(
            "the host {host:?} may not steer the emulator: use its IP address, localhost, or a name without a dot"
        ));
    }
    // A browser sends it with each request that can change something, and with each one to another site.
    if let Some(origin) = header(&ORIGIN)
        && origin.split_once("://").map(|(_, origin)| origin) != Some(host)
    {
        return forbidden(format!("a page of {origin:?} may not steer the emulator"));
    }
    if let Some(site) = header(&SEC_FETCH_SITE).filter(|site| ["cross-site", "same-site"].contains(site)) {
        return forbidden(format!("a {site} request of a browser may not steer the emulator"));
    }
    if header(&AUTHORIZATION).is_some() {
        let message = "a steering request takes no Authorization: this looks like a client of the service, whose base URL must \
                       not have /_emulator";
        return Err((StatusCode::BAD_REQUEST, message.to_owned()));
    }
    // No form can send it, and other sites' scripts only if the emulator allowed it beforehand.
    let media_type = header(&CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let needs_json = ![Method::GET, Method::HEAD, Method::DELETE].contains(request.method());
    if needs_json && !media_type.eq_ignore_ascii_case("application/json") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the Content-Type must be application/json".to_owned()));
    }
    Ok(())
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a host, with or without a port, is an IP address, or a name that no other site can have.
fn is_ip_or_private_host_name(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.split_once(']').is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok());
    }
    let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let has_local_end = [".localhost", ".local", ".internal", ".test"].iter().any(|end| name.ends_with(end));
    name.parse::<IpAddr>().is_ok() || has_local_end || (!name.is_empty() && !name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::{check_access, is_ip_or_private_host_name};
    use partner_center_core::Request;

    #[test]
    fn name_of_another_site_is_not_local() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:8080",
            "localhost:80",
            "LOCALHOST",
            "emulator:8080",
            "a.localhost",
            "host.docker.internal:1",
        ] {
            assert!(is_ip_or_private_host_name(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "example.com:80",
            "127.0.0.1.example.com",
            "localhost.example.com",
            "[evil]",
            "a.b",
            ":80",
        ] {
            assert!(!is_ip_or_private_host_name(host), "{host}");
        }
    }

    #[test]
    fn page_of_another_site_may_not_steer() {
        let status = |method: &str, headers: &[(&str, &str)]| {
            let mut request = http::Request::builder().method(method).uri("/_emulator/faults");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request: Request = request.body(Vec::new()).unwrap();
            check_access(&request).err().map(|(status, _)| status.as_u16())
        };
        let host = ("Host", "localhost:8080");
        let json = ("Content-Type", "application/json; charset=utf-8");
        assert_eq!(status("GET", &[host]), None);
        assert_eq!(status("POST", &[host, json]), None);
        assert_eq!(
            status("POST", &[host, json, ("Origin", "http://localhost:8080"), ("Sec-Fetch-Site", "same-origin")]),
            None
        );
        for (method, headers, expected) in [
            ("GET", &[("Host", "rebound.example.com:8080")][..], 403),
            ("GET", &[], 403),
            ("POST", &[host, json, ("Origin", "http://localhost:3000")], 403),
            ("POST", &[host, json, ("Origin", "null")], 403),
            ("GET", &[host, ("Sec-Fetch-Site", "cross-site")], 403),
            ("DELETE", &[host, ("Origin", "https://example.com")], 403),
            ("POST", &[host], 415),
            ("POST", &[host, ("Content-Type", "text/plain")], 415),
            ("POST", &[host, ("Content-Type", "application/x-www-form-urlencoded")], 415),
            ("GET", &[host, ("Authorization", "Bearer me")], 400),
        ] {
            assert_eq!(status(method, headers), Some(expected), "{method} {headers:?}");
        }
    }
}
