use serde::Serialize;
use std::{borrow::Cow, fmt};

/// The body of a request, with its content type.
///
/// `Debug` does not show its content, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    content_type: Cow<'static, str>,
    bytes: Vec<u8>,
}

impl Body {
    /// Creates a body of `bytes`.
    pub fn new(content_type: impl Into<Cow<'static, str>>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { content_type: content_type.into(), bytes: bytes.into() }
    }

    /// Creates a body of `json`, which is sent as it is.
    pub fn json(json: impl Into<String>) -> Self {
        Self::new("application/json", json.into())
    }

    /// Returns the content type, such as `application/json`.
    #[must_use]
    #[inline]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Returns the content.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the content if it is a string, as JSON is.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

impl fmt::Debug for Body {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Body").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

/// A file to be uploaded.
///
/// ```
/// use partner_center_models::UploadFile;
///
/// let file = UploadFile::new("order.pdf", "application/pdf", b"%PDF-1.7 ...");
/// assert_eq!(file.name(), "order.pdf");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UploadFile {
    name: String,
    content_type: String,
    bytes: Vec<u8>,
}

impl UploadFile {
    /// Creates a file with its name, without a folder, and its content type, such as `application/pdf`.
    pub fn new(name: impl Into<String>, content_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), content_type: content_type.into(), bytes: bytes.into() }
    }

    /// Returns the name.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the content.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for UploadFile {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UploadFile").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The maximum size of a form in bytes. It is in memory while it is sent; the documents that the service takes are much smaller.
const MAX_MULTIPART_FORM_SIZE: usize = 64 << 20;

/// The parts of a form, which is sent as `multipart/form-data` (RFC 7578).
#[derive(Debug, Default)]
pub struct MultipartForm {
    parts: Vec<MultipartPart>,
    invalid: Option<(&'static str, String)>,
}

#[derive(Debug)]
struct MultipartPart {
    name: &'static str,
    file_name: Option<String>,
    content_type: String,
    content: Body,
}

impl MultipartForm {
    /// Creates a form without parts.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part with a value, as JSON; a string is sent without quotation marks, as a plain value. Nothing is added for `None`.
    #[must_use]
    pub fn value<'a, T: Serialize + ?Sized + 'a>(
        mut self,
        name: &'static str,
        value: impl Into<Option<&'a T>>,
    ) -> Self {
        let Some(value) = value.into() else { return self };
        match serde_json::to_value(value) {
            Ok(serde_json::Value::String(string)) => self.push_part(name, None, "text/plain; charset=utf-8", string),
            // Not the `Value`, which would round numbers.
            Ok(_) => match serde_json::to_string(value) {
                Ok(json) => self.push_part(name, None, "application/json", json),
                Err(error) => self.record_first_problem(name, format!("is not JSON: {error}")),
            },
            Err(error) => self.record_first_problem(name, format!("is not JSON: {error}")),
        }
        self
    }

    /// Adds a part for each of the `files`.
    #[must_use]
    pub fn files<'a>(mut self, name: &'static str, files: impl IntoIterator<Item = &'a UploadFile>) -> Self {
        for file in files {
            // Servers read other characters in different ways: of Node's FormData, say, and of Python's requests.
            let is_plain =
                |character: char| (character.is_ascii_graphic() || character == ' ') && !"\"\\/".contains(character);
            let is_content_type = |character: char| character.is_ascii_graphic() || character == ' ';
            if file.name.is_empty() || !file.name.chars().all(is_plain) {
                self.record_first_problem(
                    name,
                    "needs a file name of ASCII characters without quotation marks and slashes".to_owned(),
                );
            } else if !file.content_type.contains('/') || !file.content_type.chars().all(is_content_type) {
                self.record_first_problem(name, "needs a content type, such as application/pdf".to_owned());
            } else {
                self.push_part(name, Some(file.name.clone()), &file.content_type, file.bytes.clone());
            }
        }
        self
    }

    /// Returns the form as a body, or the part that is invalid.
    #[inline]
    pub(crate) fn into_multipart_body(self) -> Result<Body, (&'static str, String)> {
        if let Some(invalid) = self.invalid {
            return Err(invalid);
        }
        let size: usize = self.parts.iter().map(|part| part.content.bytes.len()).sum();
        if size > MAX_MULTIPART_FORM_SIZE {
            return Err((
                "body",
                format!("has {size} bytes, more than the {MAX_MULTIPART_FORM_SIZE} that a form may have"),
            ));
        }
        let boundary = self.choose_boundary();
        let mut form = Vec::with_capacity(size + self.parts.len() * 256);
        for MultipartPart { name, file_name, content_type, content } in self.parts {
            form.extend(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"").into_bytes());
            if let Some(file_name) = file_name {
                form.extend(format!("; filename=\"{file_name}\"").into_bytes());
            }
            form.extend(format!("\r\nContent-Type: {content_type}\r\n\r\n").into_bytes());
            form.extend(content.bytes);
            form.extend(b"\r\n");
        }
        form.extend(format!("--{boundary}--\r\n").into_bytes());
        Ok(Body::new(format!("multipart/form-data; boundary={boundary}"), form))
    }

    /// Returns a boundary that no part contains, the same for the same parts: a request that is sent again is the same.
    #[inline]
    fn choose_boundary(&self) -> String {
        let is_free =
            |boundary: &String| self.parts.iter().all(|part| !contains_bytes(&part.content.bytes, boundary.as_bytes()));
        let boundaries = (0_u32..).map(|number| format!("partner-center-form-{number}"));
        boundaries.into_iter().find(is_free).unwrap_or_default()
    }

    fn push_part(
        &mut self,
        name: &'static str,
        file_name: Option<String>,
        content_type: &str,
        content: impl Into<Vec<u8>>,
    ) {
        let content = Body::new("", content);
        self.parts.push(MultipartPart { name, file_name, content_type: content_type.to_owned(), content });
    }

    #[inline]
    fn record_first_problem(&mut self, name: &'static str, problem: String) {
        self.invalid.get_or_insert((name, problem));
    }
}

#[inline]
fn contains_bytes(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pdf(name: &str) -> UploadFile {
        UploadFile::new(name, "application/pdf", *b"%PDF\r\n")
    }

    #[test]
    fn form_has_a_part_for_each_value_and_file() {
        let form =
            MultipartForm::new().value("order", &json!({"id": 7})).value("note", "Käse").value::<i32>("absent", None);
        let body = form.files("files", &[pdf("a.pdf"), pdf("b c.pdf")]).into_multipart_body().unwrap();
        assert_eq!(body.content_type(), "multipart/form-data; boundary=partner-center-form-0");
        let expected = [
            "--partner-center-form-0\r\nContent-Disposition: form-data; name=\"order\"",
            "\r\nContent-Type: application/json\r\n\r\n{\"id\":7}\r\n",
            "--partner-center-form-0\r\nContent-Disposition: form-data; name=\"note\"",
            "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nKäse\r\n",
            "--partner-center-form-0\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.pdf\"",
            "\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n\r\n",
            "--partner-center-form-0\r\nContent-Disposition: form-data; name=\"files\"; filename=\"b c.pdf\"",
            "\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n\r\n",
            "--partner-center-form-0--\r\n",
        ];
        assert_eq!(body.as_str(), Some(expected.concat().as_str()));
        assert!(!format!("{body:?}").contains("PDF"));
    }

    #[test]
    fn boundary_is_in_no_part() {
        let form = MultipartForm::new().value("a", "--partner-center-form-0").value("b", "partner-center-form-1");
        let body = form.into_multipart_body().unwrap();
        assert_eq!(body.content_type(), "multipart/form-data; boundary=partner-center-form-2");
    }

    #[test]
    fn file_name_that_servers_read_differently_is_rejected() {
        for name in ["", "a\"b.pdf", "../a.pdf", "a\\b.pdf", "ä.pdf", "a\r\nb.pdf"] {
            let (part, problem) = MultipartForm::new().files("file", [&pdf(name)]).into_multipart_body().unwrap_err();
            assert_eq!(
                (part, problem.as_str()),
                ("file", "needs a file name of ASCII characters without quotation marks and slashes")
            );
        }
        let file = UploadFile::new("a", "text/plain\r\nX: 1", "");
        assert!(MultipartForm::new().files("file", [&file]).into_multipart_body().is_err());
    }

    #[test]
    fn form_is_bounded() {
        let file = UploadFile::new("a", "application/pdf", vec![0; MAX_MULTIPART_FORM_SIZE + 1]);
        let (part, problem) = MultipartForm::new().files("file", [&file]).into_multipart_body().unwrap_err();
        assert_eq!(
            (part, problem.as_str()),
            ("body", "has 67108865 bytes, more than the 67108864 that a form may have")
        );
    }
}
