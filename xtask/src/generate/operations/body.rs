//! The JSON bodies of requests and responses.

use crate::{
    dialect::{JSON, Kind, Shape},
    document::{ERROR_BODY, Endpoint, Spec, is_success},
};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use openapiv3::{Content, Link, LinkOperation, MediaType, Parameter, Response, StatusCode};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// A JSON body.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    /// An object, by the name of its schema.
    One(String),
    /// A list of objects.
    Many(String),
}

impl Body {
    pub(super) fn rust_type(&self) -> TokenStream {
        match self {
            Self::One(name) => type_name(name),
            Self::Many(name) => {
                let item = type_name(name);
                quote!(Vec<#item>)
            }
        }
    }
}

/// Returns the type of the response body, if there is one.
pub(super) fn response_type(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<Option<Body>> {
    ensure!(endpoint.successes().next().is_some(), "responses: there is no 2xx");
    let mut bodies = Vec::new();
    for (status, response) in &endpoint.responses {
        let at = || format!("responses/{status}");
        let body = response_body(spec, response, is_success(status)).with_context(at)?;
        ensure_links_exist(spec, response).with_context(at)?;
        if is_success(status) {
            bodies.extend(body);
            continue;
        }
        ensure!(
            matches!(status, StatusCode::Code(400..=599) | StatusCode::Range(4 | 5)),
            "responses/{status}: the status is neither 2xx nor 4xx nor 5xx"
        );
        if let Some(other) = body.filter(|body| *body != Body::One(ERROR_BODY.to_owned())) {
            bail!("responses/{status}: every error response is an {ERROR_BODY}, not a {}", other.rust_type());
        }
    }
    bodies.dedup();
    ensure!(bodies.len() <= 1, "responses: one schema for all 2xx, not {bodies:?}");
    Ok(bodies.pop())
}

fn response_body(spec: &Spec, response: &Response, only_json: bool) -> Result<Option<Body>> {
    // An error response of a gateway may be text or HTML.
    let other = response.content.keys().find(|media_type| only_json && *media_type != JSON);
    ensure!(other.is_none(), "the media type {other:?} is not understood");
    response.content.get(JSON).map(|media| json_body(spec, media)).transpose()
}

/// Rejects links to operations and parameters that do not exist. The links are for testing tools; no code is generated for them.
fn ensure_links_exist(spec: &Spec, response: &Response) -> Result<()> {
    for (name, link) in &response.links {
        let at = || format!("links/{name}");
        let Some(Link { operation: LinkOperation::OperationId(id), parameters, .. }) = link.as_item() else {
            return Err(anyhow!("a link has an `operationId`")).with_context(at);
        };
        let endpoints = spec.endpoints()?;
        let target = endpoints.iter().find(|endpoint| endpoint.operation.operation_id.as_ref() == Some(id));
        let target = target.with_context(|| format!("there is no operation {id}")).with_context(at)?;
        for name in parameters.keys() {
            let has = |parameter: &&Parameter| parameter.parameter_data_ref().name == *name;
            let found = target.parameters.iter().any(has);
            ensure!(found, "{}: {id} has no parameter `{name}`", at());
        }
    }
    Ok(())
}

/// Returns the schema of a request body, whose `content` must be JSON alone.
pub(super) fn request_body_schema(spec: &Spec, content: &Content) -> Result<String> {
    let Some(media) = content.get(JSON).filter(|_| content.len() == 1) else {
        bail!("`content` is {JSON} and nothing else")
    };
    match json_body(spec, media)? {
        Body::One(name) => Ok(name),
        Body::Many(_) => bail!("a list is understood in responses only"),
    }
}

fn json_body(spec: &Spec, media: &MediaType) -> Result<Body> {
    ensure!(media.encoding.is_empty(), "`encoding` is not understood");
    let schema = media.schema.as_ref().context("a JSON body has a schema")?;
    let body = match Shape::of(schema)? {
        Shape::Named(name) => Some((spec.definition(&name)?, Body::One(name))),
        Shape::List(item) => match *item {
            Shape::Named(name) => Some((spec.definition(&name)?, Body::Many(name))),
            _ => None,
        },
        _ => None,
    };
    let body = body.filter(|(definition, _)| matches!(definition.kind, Kind::Object(_)));
    body.map(|(_, body)| body).context("a JSON body is a $ref to an object, or a list of these")
}

fn type_name(schema: &str) -> TokenStream {
    let name = format_ident!("{schema}");
    quote!(#name)
}
