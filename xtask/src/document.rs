//! The specification as the generator reads it. Everything in it is understood, or reading it fails: nothing is skipped silently.

mod lint;

use crate::dialect::{Definition, JSON_STRING, Kind, Shape, escape_pointer_step, local_name};
use anyhow::{Context as _, Result, ensure};
use heck::ToLowerCamelCase as _;
use openapiv3::{
    Components, MediaType, OpenAPI, Operation, Parameter, ParameterSchemaOrContent, PathItem, ReferenceOr, RequestBody,
    Response, Schema, SchemaKind, StatusCode, Type,
};
use serde::Deserialize as _;
use std::collections::BTreeSet;

/// The schema that all error responses are read as.
pub(crate) const ERROR_BODY: &str = "ErrorBody";

/// A specification that is understood completely.
pub(crate) struct Spec {
    pub(crate) document: OpenAPI,
    /// The schemas, in the order of the document.
    pub(crate) definitions: Vec<Definition>,
}

/// A method of a path, with its references resolved.
pub(crate) struct Endpoint<'a> {
    /// The place in the document, as a JSON pointer.
    pub(crate) at: String,
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) operation: &'a Operation,
    /// Those of the path first.
    pub(crate) parameters: Vec<&'a Parameter>,
    pub(crate) body: Option<&'a RequestBody>,
    pub(crate) responses: Vec<(&'a StatusCode, &'a Response)>,
}

impl Spec {
    pub(crate) fn parse(yaml: &str) -> Result<Self> {
        // By way of a value, which rejects duplicate keys; `OpenAPI` itself takes the last one.
        let source: yaml_serde::Value = yaml_serde::from_str(yaml)?;
        let source = serde_json::to_value(source)?;
        // From the YAML itself, since a JSON value does not keep the order of keys.
        let document: Result<OpenAPI, _> = yaml_serde::from_str(yaml);
        if document.is_err() {
            lint::first_invalid_object(&source)?;
        }
        let document = document?;
        lint::ensure_no_ignored_content(&source, &serde_json::to_value(&document)?)?;

        let mut spec = Self { document, definitions: Vec::new() };
        spec.definitions = spec.read_definitions()?;
        let request_only = spec.request_only()?;
        for definition in &mut spec.definitions {
            definition.request_only = request_only.contains(&definition.name);
        }
        Ok(spec)
    }

    pub(crate) fn definition(&self, name: &str) -> Result<&Definition> {
        let found = self.definitions.iter().find(|definition| definition.name == name);
        found.with_context(|| format!("there is no schema {name}"))
    }

    /// Returns the operations, in the order of the document.
    pub(crate) fn endpoints(&self) -> Result<Vec<Endpoint<'_>>> {
        let mut endpoints = Vec::new();
        for (path, item) in self.document.paths.iter() {
            let at = format!("#/paths/{}", escape_pointer_step(path));
            let item = item.as_item().with_context(|| format!("{at}: a path that is a $ref is not understood"))?;
            ensure!(item.servers.is_empty(), "{at}/servers: a path with servers of its own is not understood");
            for (method, operation) in item.iter() {
                let at = format!("{at}/{method}");
                let endpoint = self.endpoint(&at, path, item, method, operation);
                endpoints.push(endpoint.with_context(|| at.clone())?);
            }
        }
        Ok(endpoints)
    }

    fn endpoint<'a>(
        &'a self,
        at: &str,
        path: &'a str,
        item: &'a PathItem,
        method: &'a str,
        operation: &'a Operation,
    ) -> Result<Endpoint<'a>> {
        let parameter = |item| self.resolve(item, "parameters", |components, name| components.parameters.get(name));
        let body = |item| self.resolve(item, "requestBodies", |components, name| components.request_bodies.get(name));
        let response = |item| self.resolve(item, "responses", |components, name| components.responses.get(name));
        let responses = operation.responses.responses.iter();
        Ok(Endpoint {
            at: at.to_owned(),
            path,
            method,
            operation,
            // `PathItem::iter` omits the parameters of the path.
            parameters: item.parameters.iter().chain(&operation.parameters).map(parameter).collect::<Result<_>>()?,
            body: operation.request_body.as_ref().map(body).transpose()?,
            responses: responses.map(|(status, item)| Ok((status, response(item)?))).collect::<Result<_>>()?,
        })
    }

    fn resolve<'a, T>(
        &'a self,
        item: &'a ReferenceOr<T>,
        folder: &str,
        find: impl FnOnce(&'a Components, &str) -> Option<&'a ReferenceOr<T>>,
    ) -> Result<&'a T> {
        match item {
            ReferenceOr::Item(item) => Ok(item),
            ReferenceOr::Reference { reference } => {
                let name = local_name(reference, folder)?;
                let found = self.document.components.as_ref().and_then(|components| find(components, name));
                found.and_then(ReferenceOr::as_item).with_context(|| format!("{reference} is only another $ref"))
            }
        }
    }

    fn read_definitions(&self) -> Result<Vec<Definition>> {
        let schemas = self.document.components.iter().flat_map(|components| &components.schemas);
        let description_of = |name: &str| {
            let schema = self.document.components.as_ref()?.schemas.get(name)?.as_item()?;
            schema.schema_data.description.clone()
        };
        let read = |(name, schema): (&String, &ReferenceOr<Schema>)| {
            let at = format!("#/components/schemas/{}", escape_pointer_step(name));
            let schema = schema.as_item().with_context(|| format!("{at}: a schema that is only a $ref"))?;
            Definition::read(&at, name, schema, &description_of)
        };
        schemas.map(read).collect()
    }

    /// Returns the names of the schemas that occur in requests only.
    fn request_only(&self) -> Result<BTreeSet<String>> {
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for Endpoint { parameters, body, responses, .. } in self.endpoints()? {
            // An error is reported by the code that uses the parameter.
            sent.extend(parameters.into_iter().filter_map(|parameter| parameter_shape(parameter).ok().flatten()));
            sent.extend(body.into_iter().flat_map(|body| body.content.values()).filter_map(media_shape));
            received
                .extend(responses.iter().flat_map(|(_, response)| response.content.values()).filter_map(media_shape));
        }
        Ok(&self.reached_from(&sent) - &self.reached_from(&received))
    }

    fn reached_from(&self, shapes: &[Shape]) -> BTreeSet<String> {
        let mut ahead: Vec<_> = shapes.iter().filter_map(Shape::named).collect();
        let mut reached = BTreeSet::new();
        while let Some(name) = ahead.pop() {
            if reached.insert(name.to_owned())
                && let Ok(Definition { kind: Kind::Object(properties), .. }) = self.definition(name)
            {
                ahead.extend(properties.iter().filter_map(|property| property.shape.named()));
            }
        }
        reached
    }
}

impl<'a> Endpoint<'a> {
    pub(crate) fn id(&self) -> Result<&'a str> {
        let id = self.operation.operation_id.as_deref();
        let id = id.context("an operationId is missing")?;
        ensure!(id == id.to_lower_camel_case(), "operationId: it is written {}", id.to_lower_camel_case());
        Ok(id)
    }

    /// Returns the responses with a 2xx status.
    pub(crate) fn successes(&self) -> impl Iterator<Item = &'a Response> {
        self.responses.iter().filter(|(status, _)| is_success(status)).map(|(_, response)| *response)
    }

    /// Returns the error responses, each with a name: that of the component, or one of the operation and the status.
    pub(crate) fn error_responses(&self) -> Result<Vec<(String, &'a Response)>> {
        let id = self.id()?;
        let with_reference = self.responses.iter().zip(self.operation.responses.responses.values());
        let error_responses = with_reference.filter(|((status, _), _)| !is_success(status));
        let named = error_responses.map(|((status, response), item)| match item {
            ReferenceOr::Reference { reference } => Ok((local_name(reference, "responses")?.to_owned(), *response)),
            ReferenceOr::Item(_) => Ok((format!("{id}-{status}"), *response)),
        });
        named.collect()
    }
}

/// Returns the shape of a parameter; for JSON in a string, the shape of that JSON.
pub(crate) fn parameter_shape(parameter: &Parameter) -> Result<Option<Shape>> {
    let data = parameter.parameter_data_ref();
    match (data.extensions.get(JSON_STRING), &data.format) {
        (Some(schema), _) => {
            let schema: ReferenceOr<Schema> = ReferenceOr::deserialize(schema).context(JSON_STRING)?;
            Shape::of(&schema).context(JSON_STRING).map(Some)
        }
        (None, ParameterSchemaOrContent::Schema(schema)) => {
            let mut schema = schema.clone();
            if let ReferenceOr::Item(Schema { schema_kind: SchemaKind::Type(Type::Integer(integer)), .. }) = &mut schema
            {
                (integer.minimum, integer.maximum) = (None, None);
            }
            Shape::of(&schema).map(Some)
        }
        (None, ParameterSchemaOrContent::Content(_)) => Ok(None),
    }
}

fn media_shape(media: &MediaType) -> Option<Shape> {
    Shape::of(media.schema.as_ref()?).ok()
}

pub(crate) fn is_success(status: &StatusCode) -> bool {
    matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2))
}
