#![allow(dead_code, unused, missing_docs)]
use partner_center::{Client, Error, Transport, models::JsonValue, transport::Output};
use std::{borrow::Cow, marker::PhantomData, time::Duration};
pub(crate) trait FromResponse: Sized + Send + 'static {
    const ACCEPT: &'static str = "application/json";
    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error>;
}
pub(crate) trait ResponseReader {
    type Error;
    fn status(&self) -> u16;
    fn header(&self, name: &str) -> Option<&str>;
    fn retry_after(&self) -> Option<Duration>;
    fn json<T>(&mut self, parse: impl Fn(&str) -> serde_json::Result<T>) -> Result<T, Self::Error>;
    fn bytes(&mut self) -> Result<Vec<u8>, Self::Error>;
}
pub(crate) struct Body;
impl Body { pub(crate) fn new(t: impl Into<Cow<'static, str>>, b: impl Into<Vec<u8>>) -> Self { Self } }
pub(crate) enum Method { Get, Head, Post, Put, Patch, Delete }
pub(crate) enum Idempotency { Natural, RequestId, None }
pub(crate) struct ServiceRequest;
impl ServiceRequest {
    pub(crate) fn new(m: Method, p: &str) -> Self { Self }
    pub(crate) fn header(self, n: &str, v: &str) -> Self { self }
    pub(crate) fn body(self, b: Body) -> Self { self }
    pub(crate) fn idempotency(self, i: Idempotency) -> Self { self }
    pub(crate) fn operation_id(self, i: &'static str) -> Self { self }
    pub(crate) fn outcomes(self, s: impl Into<Cow<'static, [u16]>>) -> Self { self }
}
#[derive(Default)]
pub(crate) struct Pagination { pub items: &'static str, pub next_link: Option<&'static str>, pub continuation_token: Option<&'static str>, pub response_header: Option<&'static str>, pub token_header: Option<&'static str>, pub token_query: Option<&'static str>, pub seek: Option<(&'static str, &'static str)>, pub size_query: Option<&'static str>, pub offset_query: Option<&'static str>, pub total: Option<&'static str> }
impl Pagination { pub(crate) fn new(items: &'static str) -> Self { Self { items, ..Self::default() } } }
pub(crate) enum DynamicList {}
pub(crate) struct Page { pub items: Vec<JsonValue> }
pub(crate) struct Pages<X: Transport, D>(PhantomData<(X, fn() -> D)>);
impl<X: Transport> Pages<X, DynamicList> {
    pub(crate) fn prefetch(self) -> Self { self }
    pub(crate) fn next_page(&mut self) -> Output<'_, X, Option<Result<Page, Error>>> { unimplemented!() }
}
pub(crate) trait Dynamic<X: Transport> {
    fn request_as<T: FromResponse>(&self, r: ServiceRequest) -> Output<'static, X, Result<T, Error>>;
    fn request_pages(&self, r: ServiceRequest, p: Pagination) -> Pages<X, DynamicList>;
}
impl<X: Transport> Dynamic<X> for Client<X> {
    fn request_as<T: FromResponse>(&self, r: ServiceRequest) -> Output<'static, X, Result<T, Error>> { unimplemented!() }
    fn request_pages(&self, r: ServiceRequest, p: Pagination) -> Pages<X, DynamicList> { unimplemented!() }
}
