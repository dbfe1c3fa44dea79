use partner_center::transport::Response;
use serde_json::{Value, json};

/// A response as a test describes it, valid or not.
#[derive(Clone, Debug)]
pub struct MockResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body is sent in chunks, without a `Content-Length`.
    pub(crate) is_chunked: bool,
    /// Whether the body has neither a length nor chunks: it ends when the connection is closed.
    pub(crate) is_unframed: bool,
    /// The `Content-Length` to send in place of the true one.
    pub(crate) announced_length: Option<usize>,
    /// Whether the body is compressed by the server.
    pub(crate) is_gzip: bool,
}

/// Returns a JSON response with this body.
pub fn response(status: u16, body: impl Into<Vec<u8>>) -> MockResponse {
    MockResponse {
        status,
        headers: vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())],
        body: body.into(),
        is_chunked: false,
        is_unframed: false,
        announced_length: None,
        is_gzip: false,
    }
}

/// Returns a customer with this company name.
pub fn customer(company_name: &str) -> Value {
    json!({"companyProfile": {"companyName": company_name}})
}

/// Returns a page of customers with these company names, without a next page.
pub fn page<const N: usize>(company_names: [&str; N]) -> MockResponse {
    let items = company_names.map(customer).to_vec();
    let body = json!({"totalCount": N, "items": items, "attributes": {"objectType": "Collection"}});
    response(200, body.to_string())
}

impl MockResponse {
    /// Returns the body before compression.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Sets a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Sends the body in chunks.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.is_chunked = true;
        self
    }

    /// Sends the body without its length; it ends when the connection is closed.
    #[must_use]
    pub fn unframed(mut self) -> Self {
        self.is_unframed = true;
        self
    }

    /// Sends a wrong `Content-Length`, and closes the connection after the body.
    #[must_use]
    pub fn announced(mut self, length: usize) -> Self {
        self.announced_length = Some(length);
        self
    }

    /// Compresses the body. A [`ScriptedTransport`](crate::ScriptedTransport) returns it decompressed, as every transport
    /// does.
    #[must_use]
    pub fn gzip(mut self) -> Self {
        self.is_gzip = true;
        self
    }

    /// Adds a next-page link to the page, with the continuation token in the headers of the link.
    #[must_use]
    pub fn next(self, uri: &str, token: &str) -> Self {
        self.next_link(json!({
            "uri": uri, "method": "GET", "headers": [{"key": "MS-ContinuationToken", "value": token}]
        }))
    }

    /// Adds a next-page link to the page, valid or not.
    #[must_use]
    pub fn next_link(self, link: Value) -> Self {
        self.edit(|page| page["links"]["next"] = link)
    }

    /// Adds a continuation token to the body of the page.
    #[must_use]
    pub fn token(self, token: impl Into<Value>) -> Self {
        self.edit(|page| page["continuationToken"] = token.into())
    }

    /// Edits the JSON body.
    #[must_use]
    pub fn edit(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut body = serde_json::from_slice(&self.body).expect("the body is JSON");
        edit(&mut body);
        self.body = body.to_string().into_bytes();
        self
    }

    /// Writes the body in another encoding.
    #[must_use]
    pub fn encode(mut self, encode: impl FnOnce(&str) -> Vec<u8>) -> Self {
        self.body = encode(std::str::from_utf8(&self.body).expect("the body is UTF-8"));
        self
    }

    /// Returns the response as a transport does.
    pub fn to_http(&self) -> Response {
        let mut builder = http::Response::builder().status(self.status);
        if self.is_chunked {
            builder = builder.header("Transfer-Encoding", "chunked");
        } else if !self.is_unframed {
            builder = builder.header("Content-Length", self.body.len());
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        builder.body(self.body.clone().into()).expect("the response is valid")
    }

    /// Replaces `{base}` with the base URL of the server.
    pub(crate) fn with_base_url(mut self, base_url: &str) -> Self {
        if let Ok(text) = std::str::from_utf8(&self.body) {
            self.body = text.replace("{base}", base_url).into_bytes();
        }
        for (_, value) in &mut self.headers {
            *value = value.replace("{base}", base_url);
        }
        self
    }
}
