//! Steering over HTTP: requests to `/_emulator/`. They come in at the server, before anything else sees them: they are in no log, count
//! for no fault and no limit, and no quirk affects them. The in-memory transport has none of them.
//!
//! A page of another site must not steer an emulator on this machine: [`access`] has what keeps it from that. `steering.yaml`
//! documents the requests, and a test holds it against [`STEERING_ROUTES`].

mod access;
mod handlers;
mod page;
mod response;

use crate::Emulator;
use handlers::Handler;
use http::{
    HeaderValue, Method, StatusCode,
    header::{ALLOW, LOCATION},
};
use partner_center_core::{Request, Response};
use percent_encoding::percent_decode_str;
use response::{error_response, status_code_of_error};
use std::sync::atomic::AtomicBool;

/// The first segment of the path of all steering requests. No path of the service begins with an underscore.
const STEERING_ROOT_SEGMENT: &str = "_emulator";

/// The maximum size of the body of a request that [`may_have_large_body`], in bytes.
pub(crate) const MAX_STEERING_BODY_SIZE: usize = 512 << 20;

/// Whether a request to `path` steers the emulator. The path must be exact: it has no other spelling.
pub(crate) fn is_steering_path(path: &str) -> bool {
    path.strip_prefix('/')
        .and_then(|path| path.strip_prefix(STEERING_ROOT_SEGMENT))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a request has a body without the limit of other requests: a snapshot, or resources.
pub(crate) fn may_have_large_body(method: &Method, path: &str) -> bool {
    (method == Method::PUT && path.starts_with("/_emulator/snapshots/"))
        || (method == Method::POST && path == "/_emulator/resources")
}

/// Returns the response to a request that may not steer, whatever its body is.
pub(crate) fn reject_access<B>(request: &http::Request<B>) -> Option<Response> {
    access::check_access(request).err().map(|(status, message)| error_response(status, &message))
}

/// Returns the response to a request with a large body while another one is read.
pub(crate) fn busy_response() -> Response {
    error_response(StatusCode::SERVICE_UNAVAILABLE, "another large body is being read: send this one again later")
}

/// Returns the response to a steering request that [`reject_access`] does not reject. One that waits ends when it is `cancelled`.
pub(crate) fn respond(emulator: &Emulator, request: &Request, cancelled: &AtomicBool) -> Response {
    let path = request.uri().path();
    if path.strip_prefix('/') == Some(STEERING_ROOT_SEGMENT) {
        // The addresses in the page are relative to its folder.
        let mut response = error_response(StatusCode::PERMANENT_REDIRECT, "the path is /_emulator/");
        response.headers_mut().insert(LOCATION, HeaderValue::from_static("/_emulator/"));
        return response;
    }
    let rest = path.get(STEERING_ROOT_SEGMENT.len() + 2..).unwrap_or_default();
    let allowed: Vec<_> = STEERING_ROUTES.iter().filter(|route| route.matches_path(rest)).collect();
    // HEAD is GET whose body is not sent.
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let Some(route) = allowed.iter().find(|route| route.method == *method) else {
        if allowed.is_empty() {
            return error_response(StatusCode::NOT_FOUND, "there is no such path: see /_emulator/openapi.yaml");
        }
        let methods = allowed.iter().map(|route| route.method.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("the path has {methods} only");
        let mut response = error_response(StatusCode::METHOD_NOT_ALLOWED, &message);
        response.headers_mut().extend(methods.try_into().ok().map(|methods| (ALLOW, methods)));
        return response;
    };
    let call = SteeringCall { emulator, request, cancelled, parameter: route.path_parameter_of(rest) };
    let mut response =
        (route.handler)(&call).unwrap_or_else(|error| error_response(status_code_of_error(&error), &error.to_string()));
    if request.method() == Method::HEAD {
        response.body_mut().clear();
    }
    response
}

/// A steering request on its way.
struct SteeringCall<'a> {
    emulator: &'a Emulator,
    request: &'a Request,
    cancelled: &'a AtomicBool,
    /// What stands in the place of the parameter of the path, decoded.
    parameter: String,
}

/// A method of a path below the root. A segment in braces is a parameter; with an asterisk, it is the rest of the path.
struct SteeringRoute {
    method: Method,
    path: &'static str,
    handler: Handler,
}

impl SteeringRoute {
    fn matches_path(&self, path: &str) -> bool {
        if let Some((prefix, _)) = self.path.split_once("{path*}") {
            return path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
        }
        let (expected, actual): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        let is_same = |(expected, actual): (&&str, &&str)| {
            if expected.starts_with('{') { !actual.is_empty() } else { expected == actual }
        };
        expected.len() == actual.len() && expected.iter().zip(&actual).all(is_same)
    }

    fn path_parameter_of(&self, path: &str) -> String {
        if let Some((prefix, _)) = self.path.split_once("{path*}") {
            // Not decoded: it is a path again.
            return path.strip_prefix(prefix).unwrap_or_default().to_owned();
        }
        let mut segments = self.path.split('/').zip(path.split('/'));
        let parameter = segments.find(|(expected, _)| expected.starts_with('{')).map(|(_, actual)| actual);
        percent_decode_str(parameter.unwrap_or_default()).decode_utf8_lossy().into_owned()
    }
}

const fn new_steering_route(method: Method, path: &'static str, handler: Handler) -> SteeringRoute {
    SteeringRoute { method, path, handler }
}

const STEERING_ROUTES: &[SteeringRoute] = &[
    new_steering_route(Method::GET, "", page::get_steering_page),
    new_steering_route(Method::GET, "openapi.yaml", handlers::get_specification),
    new_steering_route(Method::GET, "status", handlers::get_status),
    new_steering_route(Method::POST, "reset", handlers::reset_emulator),
    new_steering_route(Method::GET, "clock", handlers::get_clock),
    new_steering_route(Method::POST, "clock", handlers::advance_clock),
    new_steering_route(Method::GET, "requests", handlers::list_logged_requests),
    new_steering_route(Method::DELETE, "requests", handlers::clear_requests),
    new_steering_route(Method::GET, "verdicts", handlers::list_verdicts),
    new_steering_route(Method::DELETE, "verdicts", handlers::clear_verdicts),
    new_steering_route(Method::GET, "faults", handlers::list_faults),
    new_steering_route(Method::POST, "faults", handlers::add_fault),
    new_steering_route(Method::DELETE, "faults", handlers::clear_faults),
    new_steering_route(Method::DELETE, "faults/{id}", handlers::remove_fault),
    new_steering_route(Method::GET, "quirks", handlers::get_quirks),
    new_steering_route(Method::PATCH, "quirks", handlers::change_quirks),
    new_steering_route(Method::GET, "rate-limit", handlers::get_rate_limit),
    new_steering_route(Method::PUT, "rate-limit", handlers::set_rate_limit),
    new_steering_route(Method::POST, "tokens/revoke", handlers::revoke_tokens),
    new_steering_route(Method::GET, "snapshots", handlers::list_snapshots),
    new_steering_route(Method::POST, "snapshots", handlers::take_snapshot),
    new_steering_route(Method::GET, "snapshots/{name}", handlers::download_snapshot),
    new_steering_route(Method::PUT, "snapshots/{name}", handlers::upload_snapshot),
    new_steering_route(Method::DELETE, "snapshots/{name}", handlers::delete_snapshot),
    new_steering_route(Method::POST, "snapshots/{name}/restore", handlers::restore_snapshot),
    new_steering_route(Method::GET, "resources", handlers::list_readable_paths),
    new_steering_route(Method::POST, "resources", handlers::change_resources),
    new_steering_route(Method::GET, "resources/{path*}", handlers::get_resource),
];

#[cfg(test)]
mod tests {
    use super::{STEERING_ROUTES, is_steering_path};

    #[test]
    fn steering_path_has_no_other_spelling() {
        for path in ["/_emulator", "/_emulator/", "/_emulator/requests", "/_emulator/v1/customers"] {
            assert!(is_steering_path(path), "{path}");
        }
        for path in
            ["/", "/v1/customers", "//_emulator/", "/_EMULATOR/", "/%5femulator/", "/_emulators", "/v1/_emulator/"]
        {
            assert!(!is_steering_path(path), "{path}");
        }
    }

    #[test]
    fn specification_has_every_route_and_no_other() {
        let specification = include_str!("../../steering.yaml");
        let mut described = Vec::new();
        let mut path = "";
        for line in specification.lines().skip_while(|line| *line != "paths:") {
            if let Some(name) = line.strip_prefix("  /_emulator").and_then(|name| name.strip_suffix(':')) {
                path = name.trim_start_matches('/');
            }
            let method = line.strip_prefix("    ").and_then(|method| method.strip_suffix(':')).unwrap_or_default();
            if ["get", "post", "put", "patch", "delete"].contains(&method) {
                described.push(format!("{} {path}", method.to_uppercase()));
            }
        }
        let mut routes: Vec<_> = STEERING_ROUTES
            .iter()
            .map(|route| format!("{} {}", route.method, route.path.replace("{path*}", "{path}")))
            .collect();
        routes.sort();
        described.sort();
        assert_eq!(routes, described);
    }
}
