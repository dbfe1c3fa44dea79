use crate::{
    answer::{Answer, Content},
    authority::{TokenRefusal, refused},
    error_response::CHALLENGE,
};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
};
use partner_center_core::{Request, Response};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// An answer that says that something went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    pub(super) status: StatusCode,
    /// Absent: as the service does it for this status.
    pub(super) form: Option<Form>,
    pub(super) code: Option<u32>,
    pub(super) retry_after: Option<RetryAfter>,
}

/// The forms in which errors have been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    FrontDoor,
    TextCode,
    NewerService,
    Gateway,
    Text,
    Html,
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryAfter {
    Seconds(u32),
    /// As the date that it will be in so many seconds.
    Date(u32),
}

/// What the gateway says to one request too many.
pub(crate) fn rate_limited(wait: Duration) -> ErrorAnswer {
    // Whoever waits for so many whole seconds is welcome.
    let seconds = wait.as_millis().div_ceil(1000).try_into().unwrap_or(u32::MAX);
    let retry_after = Some(RetryAfter::Seconds(seconds));
    ErrorAnswer { status: StatusCode::TOO_MANY_REQUESTS, form: None, code: None, retry_after }
}

impl ErrorAnswer {
    /// Returns the error as the authority sends it to `request`, unless another form was asked for: as OAuth 2.0 has it.
    pub(crate) fn authority_response(&self, request: &Request) -> Option<Response> {
        let is_transient = self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS;
        let refusal = match self.status {
            StatusCode::UNAUTHORIZED => TokenRefusal::InvalidClient,
            _ if is_transient => TokenRefusal::Unavailable,
            status if status.is_client_error() => TokenRefusal::InvalidRequest,
            _ => return None,
        };
        let mut headers = self.answer().headers;
        headers.remove(WWW_AUTHENTICATE);
        let is_usual = self.form.is_none() && self.code.is_none();
        is_usual.then(|| refused(request, refusal, Some(self.status), headers))
    }

    pub(crate) fn answer(&self) -> Answer {
        let content = match self.form.unwrap_or_else(|| self.usual_form()) {
            Form::FrontDoor => Content::Fault(self.front_door(self.code())),
            Form::TextCode => Content::Fault(self.front_door(self.code().to_string())),
            Form::NewerService => Content::Fault(self.newer_service()),
            Form::Gateway => Content::Fault(self.gateway()),
            Form::Text => {
                Content::Text("The supplied role does not have the rights to perform the requested operation")
            }
            Form::Html => Content::Html(PAGE),
            Form::Empty => Content::Nothing,
        };
        let mut answer = Answer::new(self.status, content);
        if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&self.status) {
            answer = answer.with(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            answer = answer.with(ALLOW, HeaderValue::from_static("GET"));
        }
        match self.retry_after {
            None => answer,
            Some(RetryAfter::Seconds(seconds)) => answer.with(RETRY_AFTER, seconds),
            Some(RetryAfter::Date(seconds)) => {
                let date = SystemTime::now() + Duration::from_secs(seconds.into());
                match HeaderValue::try_from(httpdate::fmt_http_date(date)) {
                    Ok(date) => answer.with(RETRY_AFTER, date),
                    Err(_) => answer,
                }
            }
        }
    }

    fn usual_form(&self) -> Form {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => Form::Gateway,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Form::Html,
            _ => Form::FrontDoor,
        }
    }

    fn code(&self) -> u32 {
        self.code.unwrap_or(match self.status {
            StatusCode::BAD_REQUEST => 800_002,
            StatusCode::UNAUTHORIZED => 400,
            StatusCode::FORBIDDEN => 1002,
            StatusCode::NOT_FOUND => 1000,
            StatusCode::INTERNAL_SERVER_ERROR => 800_003,
            _ => 0,
        })
    }

    fn description(&self) -> &'static str {
        match self.code() {
            0 => "Exception not defined",
            400 => "Access denied",
            1000 => "Not found",
            1002 => "Authorization Failed",
            20002 => "No relationship between caller and account.",
            800_002 => "Invalid request input",
            800_003 => "Unexpected service error",
            _ => self.status.canonical_reason().unwrap_or("Unknown"),
        }
    }

    fn front_door(&self, code: impl Serialize) -> Value {
        json!({ "code": code, "description": self.description(), "data": [], "source": "PartnerFD" })
    }

    fn newer_service(&self) -> Value {
        let code = self.code();
        json!({
            "code": code,
            "message": self.description(),
            "description": self.description(),
            "errorName": self.description().replace(|character: char| !character.is_alphanumeric(), ""),
            "isRetryable": self.status.is_server_error(),
            "parameters": {},
            "errorMessageExtended": format!("InternalErrorCode={code}"),
        })
    }

    fn gateway(&self) -> Value {
        let again = match self.retry_after {
            Some(RetryAfter::Seconds(seconds) | RetryAfter::Date(seconds)) => {
                format!(" Try again in {seconds} seconds.")
            }
            None => String::new(),
        };
        let message = match self.status {
            StatusCode::TOO_MANY_REQUESTS => format!("Rate limit is exceeded.{again}"),
            status => format!("{}.{again}", status.canonical_reason().unwrap_or("Unknown")),
        };
        json!({ "statusCode": self.status.as_u16(), "message": message })
    }
}

const PAGE: &str = "<html><head><title>Service unavailable</title></head><body><h1>Our services aren't available right \
                    now</h1><p>We're working to restore all services as soon as possible.</p></body></html>\n";
