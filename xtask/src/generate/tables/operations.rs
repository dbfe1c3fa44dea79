//! The tables of operations.

use super::{
    Extensions, Facts, Table, columns, default_of, header_of, link, option, plain_text,
    schemas::{constraints, range},
    type_of, variant,
};
use crate::{
    dialect::{
        CAPITALIZED, CONTEXT, ERROR_CODES, FIELD, FLAG, JSON, JSON_STRING, MINIMUM, OUTCOME, PAGING, QUOTED, Shape,
        required_description,
    },
    document::{Endpoint, Spec, is_success, parameter_shape},
    generate::examples::{self, MediaExample},
};
use anyhow::{Context as _, Result, anyhow, bail};
use heck::{ToKebabCase as _, ToPascalCase as _};
use openapiv3::{
    MediaType, Parameter, ParameterData, ParameterSchemaOrContent, ReferenceOr, RequestBody, Response, StatusCode,
};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;
use std::path::Path;

pub(super) fn operation_tables(spec: &Spec, folder: &Path) -> Result<Vec<Table>> {
    let table = |endpoint: Endpoint<'_>| {
        let value = operation(spec, &endpoint, folder).with_context(|| endpoint.at.clone())?;
        let (name, area) = (endpoint.id()?.to_owned(), spec.area(&endpoint.at).to_owned());
        Ok(Table { name, area, of: quote!(Operation), value })
    };
    spec.endpoints()?.into_iter().map(table).collect()
}

fn operation(spec: &Spec, endpoint: &Endpoint<'_>, folder: &Path) -> Result<TokenStream> {
    let Endpoint { operation, path, method, .. } = endpoint;
    let (id, area) = (endpoint.id()?, spec.area(&endpoint.at));
    let facts = Facts::read(endpoint)?;
    let Facts { summary, description, command: (resource, verb), permissions, is_destructive, .. } = &facts;
    let docs = facts.documentation;
    let documentation = link(docs.map(|docs| (docs.description.as_deref().unwrap_or(&docs.url), docs.url.as_str())));
    let parameters = ordered_parameters(endpoint).into_iter().map(|data| {
        let name = &data.parameter_data_ref().name;
        parameter(data, resource).with_context(|| format!("the parameter {name}"))
    });
    let parameters = parameters.collect::<Result<Vec<_>>>()?;
    let body = endpoint.body.map(|body| request_body(body, folder)).transpose().context("requestBody")?;
    let body = option(body);
    let responses = outcomes(spec, endpoint, folder)?;
    let extensions = Extensions::of(&operation.extensions);
    let (paging, error_codes) = (paging(&extensions), error_codes(&extensions)?);
    let items = columns::items(spec, endpoint)?;
    let columns = columns::columns(spec, endpoint, items.as_ref())?;
    let items = option(items.and_then(|items| items.path).map(|path| quote!(#path)));
    let authentication = facts.authentication.iter().map(|kind| variant("Authentication", kind));
    let clouds = facts.clouds.iter().map(|cloud| variant("Cloud", cloud));
    let idempotency = variant("Idempotency", facts.idempotency);
    let deprecated = option(facts.deprecated.map(|why| quote!(#why)));
    let method = variant("Method", &method.to_pascal_case());
    Ok(quote! {
        Operation {
            id: #id,
            area: #area,
            command: Command { resource: #resource, verb: #verb },
            method: #method,
            path: #path,
            summary: #summary,
            description: #description,
            documentation: #documentation,
            parameters: &[#(#parameters),*],
            body: #body,
            responses: &[#(#responses),*],
            items: #items,
            paging: #paging,
            authentication: &[#(#authentication),*],
            clouds: &[#(#clouds),*],
            permissions: #permissions,
            idempotency: #idempotency,
            is_destructive: #is_destructive,
            deprecated: #deprecated,
            error_codes: &[#(#error_codes),*],
            columns: &[#(#columns),*],
        }
    })
}

/// Returns the parameters that a caller sets: those of the path in its order, then the others.
fn ordered_parameters<'a>(endpoint: &Endpoint<'a>) -> Vec<&'a Parameter> {
    let callers = |parameter: &&Parameter| !parameter.parameter_data_ref().extensions.contains_key(CONTEXT);
    let mut parameters: Vec<_> = endpoint.parameters.iter().copied().filter(callers).collect();
    parameters.sort_by_key(|parameter| match parameter {
        Parameter::Path { parameter_data, .. } => {
            endpoint.path.find(&format!("{{{}}}", parameter_data.name)).unwrap_or_default()
        }
        _ => usize::MAX,
    });
    parameters
}

fn parameter(parameter: &Parameter, resource: &str) -> Result<TokenStream> {
    let data = parameter.parameter_data_ref();
    let ParameterData { name, description, required, .. } = data;
    let extensions = Extensions::of(&data.extensions);
    let (location, in_path) = match parameter {
        Parameter::Path { .. } => ("Path", true),
        Parameter::Query { .. } => ("Query", false),
        Parameter::Header { .. } => ("Header", false),
        Parameter::Cookie { .. } => bail!("a parameter in this place is not understood"),
    };
    let location = variant("Location", location);
    let own_flag = extensions.text(FLAG)?;
    let without_prefix = name.strip_prefix("MS-").or_else(|| name.strip_prefix("X-")).unwrap_or(name);
    let flag = own_flag.map_or_else(|| without_prefix.to_kebab_case(), str::to_owned);
    let is_positional = in_path && own_flag.is_none_or(|flag| resource == format!("{flag}s"));
    let shape = parameter_shape(parameter)?.context("`content` is not understood")?;
    let value = type_of(&shape);
    let style = variant("ParameterStyle", style(parameter, &extensions, &shape));
    let schema = match &data.format {
        ParameterSchemaOrContent::Schema(ReferenceOr::Item(schema)) => Some(schema),
        _ => None,
    };
    let (minimum, maximum) = range(schema);
    let sent_minimum = data.extensions.get(MINIMUM).and_then(Value::as_i64).map(Literal::i64_unsuffixed);
    let sent_minimum = option(sent_minimum.map(|minimum| quote!(#minimum)));
    let constraints = constraints(schema);
    let default = default_of(schema);
    let description = required_description(description.as_deref())?;
    let examples = data.examples.values().filter_map(|example| example.as_item()?.value.as_ref());
    let example = data.example.iter().chain(examples).next().map(plain_text);
    let example = option(example.map(|example| quote!(#example)));
    Ok(quote! {
        Parameter {
            name: #name,
            flag: #flag,
            is_positional: #is_positional,
            location: #location,
            is_required: #required,
            style: #style,
            value: #value,
            minimum: #minimum,
            sent_minimum: #sent_minimum,
            maximum: #maximum,
            constraints: #constraints,
            default: #default,
            description: #description,
            example: #example,
        }
    })
}

fn style(parameter: &Parameter, extensions: &Extensions<'_>, shape: &Shape) -> &'static str {
    let explode = parameter.parameter_data_ref().explode;
    match shape {
        _ if extensions.get(JSON_STRING).is_some() => "Json",
        _ if extensions.is_set(QUOTED) => "Quoted",
        _ if extensions.is_set(CAPITALIZED) => "CapitalizedBool",
        Shape::List(_) if explode == Some(false) || !matches!(parameter, Parameter::Query { .. }) => "CommaSeparated",
        Shape::List(_) => "Repeated",
        _ => "Plain",
    }
}

fn request_body(body: &RequestBody, folder: &Path) -> Result<TokenStream> {
    let (name, media) = body.content.first().context("`content` is empty")?;
    let (media_type, value) = (media_type(name), body_type(media)?);
    let examples = examples(media, folder)?;
    let (required, description) = (body.required, required_description(body.description.as_deref())?);
    Ok(quote! {
        RequestBody {
            is_required: #required,
            description: #description,
            media_type: #media_type,
            value: #value,
            examples: &[#(#examples),*],
        }
    })
}

/// Returns the responses that are outcomes, not errors.
fn outcomes(spec: &Spec, endpoint: &Endpoint<'_>, folder: &Path) -> Result<Vec<TokenStream>> {
    let mut outcomes = Vec::new();
    for (status, response) in &endpoint.responses {
        let outcome = match (Extensions::of(&response.extensions).text(OUTCOME)?, status) {
            (Some("absent"), _) => "Absent",
            (Some(other), _) => bail!("{OUTCOME}: `{other}` is not known; it is `absent`"),
            (None, StatusCode::Code(202)) => "Accepted",
            (None, status) if is_success(status) => "Done",
            _ => continue,
        };
        outcomes.push(response_table(spec, status, response, outcome, folder).with_context(|| status.to_string())?);
    }
    Ok(outcomes)
}

fn response_table(
    spec: &Spec,
    status: &StatusCode,
    response: &Response,
    outcome: &str,
    folder: &Path,
) -> Result<TokenStream> {
    let StatusCode::Code(status) = status else { bail!("a range of statuses is not understood: name each status") };
    let status = Literal::u16_unsuffixed(*status);
    let outcome = variant("Outcome", outcome);
    let description = &response.description;
    let (mut body, mut examples_of_body) = (None, Vec::new());
    if let Some((name, media)) = response.content.first() {
        let (media_type, value) = (media_type(name), body_type(media)?);
        body = Some(quote!((#media_type, #value)));
        if name == JSON {
            examples_of_body = examples(media, folder)?;
        }
    }
    let body = option(body);
    let mut headers = Vec::new();
    for (name, header) in &response.headers {
        let header = header_of(spec, header)?;
        if Extensions::of(&header.extensions).is_set(FIELD) {
            let description = required_description(header.description.as_deref()).with_context(|| name.clone())?;
            headers.push(quote!(ResponseHeader { name: #name, description: #description }));
        }
    }
    Ok(quote! {
        Response {
            status: #status,
            outcome: #outcome,
            description: #description,
            body: #body,
            headers: &[#(#headers),*],
            examples: &[#(#examples_of_body),*],
        }
    })
}

fn media_type(name: &str) -> TokenStream {
    match name {
        JSON => quote!(MediaType::Json),
        "multipart/form-data" => quote!(MediaType::Multipart),
        text if text.starts_with("text/") => quote!(MediaType::Text(#text)),
        binary => quote!(MediaType::Binary(#binary)),
    }
}

fn body_type(media: &MediaType) -> Result<TokenStream> {
    let schema = media.schema.as_ref().context("a schema is missing")?;
    Ok(type_of(&Shape::of(schema)?))
}

fn examples(media: &MediaType, folder: &Path) -> Result<Vec<TokenStream>> {
    let table = |MediaExample { name, summary, json, has_unknown_fields, .. }| {
        let json: TokenStream =
            examples::raw_string_literal(&json).parse().map_err(|error| anyhow!("the example {name}: {error}"))?;
        Ok(quote!(Example { name: #name, summary: #summary, json: #json, has_unknown_fields: #has_unknown_fields }))
    };
    examples::media_examples(media, folder)?.into_iter().map(table).collect()
}

fn paging(extensions: &Extensions<'_>) -> TokenStream {
    let Some(paging) = extensions.get(PAGING) else { return quote!(None) };
    let text = |key: &str| paging.get(key).and_then(Value::as_str);
    let optional = |key: &str| option(text(key).map(|value| quote!(#value)));
    let items = text("items").unwrap_or_default();
    let seek = option(text("seek-query").zip(text("seek-value")).map(|(query, value)| quote!((#query, #value))));
    let [next_link, continuation_token, response_header, token_header, token_query, size_query, offset_query, total] =
        [
            "next-link",
            "continuation-token",
            "response-header",
            "token-header",
            "token-query",
            "size-query",
            "offset-query",
            "total",
        ]
        .map(optional);
    quote! {
        Some(Paging {
            items: #items,
            next_link: #next_link,
            continuation_token: #continuation_token,
            response_header: #response_header,
            token_header: #token_header,
            token_query: #token_query,
            seek: #seek,
            size_query: #size_query,
            offset_query: #offset_query,
            total: #total,
        })
    }
}

fn error_codes(extensions: &Extensions<'_>) -> Result<Vec<TokenStream>> {
    let Some(codes) = extensions.get(ERROR_CODES) else { return Ok(Vec::new()) };
    let codes = codes.as_array().with_context(|| format!("{ERROR_CODES}: not a list"))?.iter().map(|code| {
        let status = code["status"].as_u64().and_then(|status| u16::try_from(status).ok()).context("status")?;
        let status = Literal::u16_unsuffixed(status);
        let (text, description) = (code["code"].as_str(), code["description"].as_str());
        let (text, description) = text.zip(description).context("`code` and `description` are strings")?;
        Ok(quote!(ErrorCode { status: #status, code: #text, description: #description }))
    });
    codes.collect::<Result<_>>().context(ERROR_CODES)
}
