use serde_json::{Value, json};

/// What the other side does with one request.
#[derive(Clone, Debug)]
pub enum Step {
    /// It answers.
    Answer(Answer),
    /// It closes the connection without a word.
    Hangup,
    /// It resets the connection, the request unread.
    Reset,
    /// It sends half of the body it announced, then closes the connection.
    Truncate(Answer),
    /// It says nothing for longer than any timeout.
    Silence,
    /// It begins an answer, and then says nothing for longer than any timeout.
    Stall,
    /// It answers with a head that is not HTTP, as old proxies do.
    InvalidHead,
    /// It sends the body so slowly that only a timeout over the whole exchange ends it.
    Drip(Answer),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body is sent in chunks, without saying how long it is.
    pub(crate) chunked: bool,
    /// Whether nothing says how long the body is: it ends where the connection does.
    pub(crate) unframed: bool,
    /// How long it says the body is, if that is a lie.
    pub(crate) announced: Option<usize>,
    /// Whether the body is compressed on its way.
    pub(crate) gzip: bool,
}

/// An answer with a body.
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    let headers = vec![("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())];
    Answer { status, headers, body: body.into(), chunked: false, unframed: false, announced: None, gzip: false }
}

/// A customer, by the name of its company.
pub fn customer(name: &str) -> Value {
    json!({"companyProfile": {"companyName": name}})
}

/// A page of customers, by the names of their companies, without a way on.
pub fn page<const N: usize>(names: [&str; N]) -> Answer {
    json_answer(
        &json!({"totalCount": N, "items": names.map(customer).to_vec(), "attributes": {"objectType": "Collection"}}),
    )
}

fn json_answer(body: &Value) -> Answer {
    answer(200, body.to_string())
}

impl Answer {
    /// The body before any encoding.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same in chunks.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// The same without a word of how long it is.
    #[must_use]
    pub fn unframed(mut self) -> Self {
        self.unframed = true;
        self
    }

    /// The same with a lie about how long it is; the connection is closed behind it.
    #[must_use]
    pub fn announced(mut self, length: usize) -> Self {
        self.announced = Some(length);
        self
    }

    /// The same, compressed on its way; a script hands it over as a transport would, decompressed.
    #[must_use]
    pub fn gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// The page with a link to the next one, the token in the link's headers.
    #[must_use]
    pub fn next(self, uri: &str, token: &str) -> Self {
        self.next_link(json!({
            "uri": uri, "method": "GET", "headers": [{"key": "MS-ContinuationToken", "value": token}]
        }))
    }

    /// The page with any link to the next one.
    #[must_use]
    pub fn next_link(self, link: Value) -> Self {
        self.edit(|page| page["links"]["next"] = link)
    }

    /// The page with a token of its own.
    #[must_use]
    pub fn token(self, token: impl Into<Value>) -> Self {
        self.edit(|page| page["continuationToken"] = token.into())
    }

    /// The same with its JSON body changed.
    #[must_use]
    pub fn edit(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut body = serde_json::from_slice(&self.body).expect("the body is JSON");
        edit(&mut body);
        self.body = body.to_string().into_bytes();
        self
    }

    /// The same body in another encoding.
    #[must_use]
    pub fn encode(mut self, encode: impl FnOnce(&str) -> Vec<u8>) -> Self {
        self.body = encode(std::str::from_utf8(&self.body).expect("the body is UTF-8"));
        self
    }

    /// Puts the address of the server where the answer says `{base}`.
    pub(crate) fn at(mut self, base: &str) -> Self {
        if let Ok(text) = std::str::from_utf8(&self.body) {
            self.body = text.replace("{base}", base).into_bytes();
        }
        for (_, value) in &mut self.headers {
            *value = value.replace("{base}", base);
        }
        self
    }
}

impl From<Answer> for Step {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl Step {
    pub(crate) fn at(self, base: &str) -> Self {
        match self {
            Self::Answer(answer) => Self::Answer(answer.at(base)),
            Self::Truncate(answer) => Self::Truncate(answer.at(base)),
            Self::Drip(answer) => Self::Drip(answer.at(base)),
            Self::Hangup | Self::Reset | Self::Silence | Self::Stall | Self::InvalidHead => self,
        }
    }
}
