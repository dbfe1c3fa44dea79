//! Bodies of success responses: their size, compression, framing, encoding and content.

use super::{conversations, customer_response, get_customer};
use partner_center::ErrorKind;
use partner_center_tests::{Step, get, response};

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

conversations! {
    // Size.
    body_too_large:
        |name| get(name, "the limit is enforced while the body is read").then(customer_response()).max_response_size(20)
            => fails_with(ErrorKind::Decode, None, []);
    chunked_body_too_large:
        |name| get(name, "the limit does not need a Content-Length").then(customer_response().chunked()).max_response_size(20)
            => fails_with(ErrorKind::Decode, None, []);
    body_of_max_size:
        |name| get(name, "a body of exactly the limit is accepted").then(customer_response()).max_response_size(38)
            => returns(["a"]);
    chunked_body_of_max_size:
        |name| get(name, "a body of exactly the limit is accepted").then(customer_response().chunked()).max_response_size(38)
            => returns(["a"]);
    body_one_byte_too_large:
        |name| get(name, "one byte more is too large").then(customer_response()).max_response_size(37)
            => fails_with(ErrorKind::Decode, None, []);

    // Compression.
    compressed_body: get_customer("gzip is requested and decompressed", [customer_response().gzip().into()])
        => returns(["a"]);
    compressed_chunked_body:
        get_customer("gzip is requested and decompressed", [customer_response().gzip().chunked().into()])
            => returns(["a"]);
    compressed_truncated_body: get_customer("a truncated compressed body is retried", [
        Step::Truncate(customer_response().gzip().chunked()),
        customer_response().into(),
    ]) => returns(["a"]);
    decompression_bomb: |name| get(name, "the limit applies to the decompressed size")
        .then(response(200, " ".repeat(10_000_000)).gzip()).max_response_size(1_000_000)
        => fails_with(ErrorKind::Decode, None, []);
    content_encoding_identity: get_customer("identity beside gzip changes nothing", [
        customer_response().gzip().with("Content-Encoding", "identity").into(),
    ]) => returns(["a"]);
    content_encoding_unsupported: get_customer("an encoding that was not requested is named, and not retried", [
        response(200, *b"\x8b\x00\x80{\x03").with("Content-Encoding", "br").into(),
    ]) => fails_with(ErrorKind::Decode, None, []);
    content_encoding_invalid: get_customer("a label that is not an encoding is ignored", [
        customer_response().with("Content-Encoding", "utf-8").into(),
    ]) => returns(["a"]);
    compressed_empty_body: get_customer("an empty body labeled gzip is empty", [
        response(404, "").with("Content-Encoding", "gzip").into(),
    ]) => fails_with(ErrorKind::Service, None, []);

    // Framing.
    content_length_too_small: get_customer("surplus bytes do not become the next response", [
        customer_response().announced(20).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    content_length_too_large: get_customer("a body shorter than announced is truncated", [
        customer_response().announced(100).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    many_headers: get_customer("128 headers are accepted", [
        (0..126).fold(customer_response(), |response, number| response.with(&format!("X-{number}"), "1")).into(),
    ]) => returns(["a"]);
    chunked_body: get_customer("chunked bodies are complete bodies", [customer_response().chunked().into()])
        => returns(["a"]);
    body_without_length:
        get_customer("a body may end where the connection does", [customer_response().unframed().into()])
            => returns(["a"]);
    truncated_body_without_length: get_customer("incomplete JSON shows that the connection closed too early", [
        response(200, &customer_response().body()[..20]).unframed().into(),
        customer_response().into(),
    ]) => returns(["a"]);

    // Encoding.
    byte_order_mark: get_customer("success bodies start with a UTF-8 byte order mark", [
        customer_response().encode(|text| [b"\xEF\xBB\xBF", text.as_bytes()].concat()).into(),
    ]) => returns(["a"]);
    utf16_little_endian: get_customer("UTF-16 has been observed", [
        customer_response().encode(|text| [&b"\xFF\xFE"[..], &utf16(text, u16::to_le_bytes)].concat()).into(),
    ]) => returns(["a"]);
    utf16_big_endian: get_customer("UTF-16 in the other byte order", [
        customer_response().encode(|text| [&b"\xFE\xFF"[..], &utf16(text, u16::to_be_bytes)].concat()).into(),
    ]) => returns(["a"]);
    utf16_by_charset: get_customer("the charset parameter is respected", [
        customer_response().encode(|text| utf16(text, u16::to_le_bytes)).with("Content-Type", "application/json;charset=utf-16LE").into(),
    ]) => returns(["a"]);
    content_type_is_ignored:
        get_customer("the content type is not trusted", [customer_response().with("Content-Type", "text/plain").into()])
            => returns(["a"]);
    truncated_utf16_unit: get_customer("a body that ends within a character is truncated", [
        response(200, [&b"\xFF\xFE"[..], &utf16("{\"a\":1", u16::to_le_bytes), b"\x7D"].concat()).into(),
        customer_response().into(),
    ]) => returns(["a"]);
    truncated_utf8_character: get_customer("a body that ends within a character is truncated", [
        response(200, *b"{\"companyProfile\": {\"companyName\": \"\xC3").into(),
        customer_response().into(),
    ]) => returns(["a"]);

    // Content.
    html_with_status_200:
        get_customer("HTML with status 200 is not a customer", [response(200, "<html>Log in</html>").into()])
            => fails_with(ErrorKind::Decode, None, []);
    invalid_utf8: get_customer("invalid UTF-8 is not a customer", [response(200, *b"{\"id\": \"\xC3\x28\"}").into()])
        => fails_with(ErrorKind::Decode, None, []);
    empty_body: get_customer("an empty body is not a customer", [response(200, "").into()])
        => fails_with(ErrorKind::Decode, None, []);
    nesting_of_arrays_is_limited: get_customer("nesting is limited", [response(200, "[".repeat(100_000)).into()])
        => fails_with(ErrorKind::Decode, None, []);
    object_without_an_error_code: get_customer("an object of another kind is not a customer", [
        response(200, r#"{"description":"Something else"}"#).into(),
    ]) => fails_with(ErrorKind::Decode, None, []);
    customer_with_an_error_code: get_customer("a customer that also has a code is a customer", [
        response(200, r#"{"id":"00000000-0000-0000-0000-000000000007","code":7,"description":"Dear","companyProfile":{"companyName":"a"}}"#).into(),
    ]) => returns(["a"]);
}
