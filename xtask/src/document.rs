//! The specification as the generator reads it. Everything in it is understood, or reading it fails: nothing is skipped silently.

mod common;
mod files;
mod lint;
mod operations;
mod paging;
mod schemas;
mod simplified;
mod visit;

pub(crate) use files::SourceFile;
pub(crate) use simplified::{ADDITIONAL_PROPERTIES_FIELD, simplified_schemas};
pub(crate) use visit::visit_objects_mut;

use crate::{
    dialect::{Definition, Shape, X_PC_JSON, component_name_of_reference, escape_pointer_step},
    problems::{ProblemAlreadyReported, Problems},
};
use anyhow::{Context as _, Error, Result, ensure};
use files::SourceFilesByPointer;
use heck::ToLowerCamelCase as _;
use openapiv3::{
    Components, OpenAPI, Operation, Parameter, ParameterSchemaOrContent, PathItem, ReferenceOr, RequestBody, Response,
    Schema, StatusCode,
};
use serde::Deserialize as _;
use std::{collections::BTreeSet, fs, path::Path};

pub(crate) use crate::dialect::ERROR_BODY_SCHEMA;

/// The name of the root of the specification, in its folder.
pub(crate) const ROOT_FILE_NAME: &str = "partner-center.yaml";
/// The name of the specification for other tools, which is generated.
const BUNDLE_FILE_NAME: &str = "openapi.yaml";

/// Whether a file in the folder of the specification is that of an area.
pub(crate) fn is_area_file(name: &str) -> bool {
    let is_yaml = Path::new(name).extension().is_some_and(|extension| extension == "yaml");
    is_yaml && !name.starts_with('.') && ![ROOT_FILE_NAME, BUNDLE_FILE_NAME].contains(&name)
}

/// A specification that is understood completely.
pub(crate) struct Spec {
    pub(crate) document: OpenAPI,
    /// The document as one file, with `x-pc-common` written out.
    pub(crate) source: yaml_serde::Value,
    /// The schemas, in the order of the document.
    pub(crate) definitions: Vec<Definition>,
    /// The operations, in the order of the document.
    pub(crate) operations: Vec<crate::dialect::Operation>,
    origins: SourceFilesByPointer,
}

/// A method of a path, with its references resolved.
pub(crate) struct Endpoint<'a> {
    /// The place in the document, as a JSON pointer.
    pub(crate) at: String,
    pub(crate) operation: &'a Operation,
    /// Those of the path first.
    pub(crate) parameters: Vec<&'a Parameter>,
    pub(crate) body: Option<&'a RequestBody>,
    pub(crate) responses: Vec<(&'a StatusCode, &'a Response)>,
}

impl Spec {
    /// Reads the specification in a folder: the root, and a file for each area.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut names = vec![ROOT_FILE_NAME.to_owned()];
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            names.extend(is_area_file(&name).then_some(name));
        }
        // The root comes first.
        names[1..].sort();
        let files = names.into_iter().map(|name| {
            let text = fs::read_to_string(folder.join(&name)).with_context(|| format!("spec/{name}"))?;
            Ok(SourceFile { name, text })
        });
        Self::from_files(&files.collect::<Result<Vec<_>>>()?)
    }

    /// Reads a specification of one file.
    #[cfg(test)]
    pub(crate) fn parse(yaml: &str) -> Result<Self> {
        Self::from_files(&[SourceFile { name: ROOT_FILE_NAME.to_owned(), text: yaml.to_owned() }])
    }

    /// Reads a specification of several files, of which the first is the root.
    ///
    /// # Errors
    ///
    /// All [`Problems`] of all files.
    pub(crate) fn from_files(files: &[SourceFile]) -> Result<Self> {
        let mut problems = Problems::default();
        let Some((mut source, origins)) = files::merge_files(files, &mut problems) else {
            return Err(Error::new(problems));
        };
        common::expand_common_parts(&mut source, &mut problems);
        let Some((document, broken)) = lint::read_document(&mut source, &mut problems) else {
            return Err(Error::new(problems.with_file_names(|at| origins.source_file_of_pointer(at).to_owned())));
        };
        let mut spec = Self { document, source, definitions: Vec::new(), operations: Vec::new(), origins };
        spec.definitions = schemas::read_schemas(&spec, &broken, &mut problems);
        spec.operations = operations::read_operations(&spec, &broken, &mut problems);
        schemas::check_files_are_in_multipart_bodies(&spec, &mut problems);
        spec.mark_reachable_schemas();
        spec.with_file_names(problems).into_result()?;
        Ok(spec)
    }

    /// Returns the problems with the file of each.
    pub(crate) fn with_file_names(&self, problems: Problems) -> Problems {
        problems.with_file_names(|at| self.origins.source_file_of_pointer(at).to_owned())
    }

    pub(crate) fn definition(&self, name: &str) -> Result<&Definition> {
        Definition::find_by_name(&self.definitions, name)
    }

    /// Returns a schema as it is written.
    pub(crate) fn schema(&self, name: &str) -> Result<&Schema> {
        let schemas = self.document.components.as_ref().map(|components| &components.schemas);
        let found = schemas.and_then(|schemas| schemas.get(name)?.as_item());
        found.with_context(|| format!("there is no schema {name}"))
    }

    /// Returns the operations, in the order of the document.
    pub(crate) fn endpoints(&self) -> Result<Vec<Endpoint<'_>>> {
        let mut endpoints = Vec::new();
        for (path, item) in self.document.paths.iter() {
            let at = format!("#/paths/{}", escape_pointer_step(path));
            let item = item.as_item().with_context(|| format!("{at}: a path that is a $ref is not understood"))?;
            for (method, operation) in item.iter() {
                let at = format!("{at}/{method}");
                let endpoint = self.read_endpoint(&at, item, operation);
                endpoints.push(endpoint.with_context(|| at.clone())?);
            }
        }
        Ok(endpoints)
    }

    fn read_endpoint<'a>(&'a self, at: &str, item: &'a PathItem, operation: &'a Operation) -> Result<Endpoint<'a>> {
        let parameter =
            |item| self.resolve_reference(item, "parameters", |components, name| components.parameters.get(name));
        let body = |item| {
            self.resolve_reference(item, "requestBodies", |components, name| components.request_bodies.get(name))
        };
        let response =
            |item| self.resolve_reference(item, "responses", |components, name| components.responses.get(name));
        let responses = operation.responses.responses.iter();
        Ok(Endpoint {
            at: at.to_owned(),
            operation,
            // `PathItem::iter` omits the parameters of the path.
            parameters: item.parameters.iter().chain(&operation.parameters).map(parameter).collect::<Result<_>>()?,
            body: operation.request_body.as_ref().map(body).transpose()?,
            responses: responses.map(|(status, item)| Ok((status, response(item)?))).collect::<Result<_>>()?,
        })
    }

    /// Returns what an item is or refers to. A `$ref` that leads nowhere is reported already.
    fn resolve_reference<'a, T>(
        &'a self,
        item: &'a ReferenceOr<T>,
        folder: &str,
        find: impl FnOnce(&'a Components, &str) -> Option<&'a ReferenceOr<T>>,
    ) -> Result<&'a T> {
        match item {
            ReferenceOr::Item(item) => Ok(item),
            ReferenceOr::Reference { reference } => {
                let name = component_name_of_reference(reference, folder)?;
                let found = self.document.components.as_ref().and_then(|components| find(components, name));
                let found = found.ok_or_else(|| Error::new(ProblemAlreadyReported))?;
                let is_another = || format!("{reference} is only another $ref: refer to what that refers to");
                found.as_item().with_context(is_another)
            }
        }
    }

    /// Marks the schemas that occur in requests and in responses, those whose types are derived, and those that are sent only as
    /// they were read.
    fn mark_reachable_schemas(&mut self) {
        let (mut sent, mut received) = (vec![], vec![ERROR_BODY_SCHEMA.to_owned()]);
        for operation in &self.operations {
            sent.extend(
                operation.parameters.iter().filter_map(|parameter| parameter.shape.schema_name().map(str::to_owned)),
            );
            sent.extend(operation.body.iter().filter_map(|body| body.shape.schema_name().map(str::to_owned)));
            let bodies = operation.responses.iter().filter_map(|response| response.body.as_ref());
            received.extend(bodies.filter_map(|(_, shape)| shape.schema_name().map(str::to_owned)));
        }
        let derived = self.definitions.iter().filter(|definition| definition.is_derived);
        let derived = self.schemas_reachable_from(derived.map(|definition| definition.name.clone()).collect());
        let (sent, received) = (self.schemas_reachable_from(sent), self.schemas_reachable_from(received));
        let replaced = self.operations.iter().filter(|operation| operation.facts.is_replacement());
        let replaced: BTreeSet<_> =
            replaced.filter_map(|operation| operation.body.as_ref()?.shape.schema_name()).collect();
        for definition in &mut self.definitions {
            definition.is_read_first = replaced.contains(definition.name.as_str());
            definition.is_sent = sent.contains(&definition.name);
            definition.is_received = received.contains(&definition.name);
            definition.is_derived = derived.contains(&definition.name);
        }
    }

    fn schemas_reachable_from(&self, mut ahead: Vec<String>) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        while let Some(name) = ahead.pop() {
            if let (true, Ok(definition)) = (reached.insert(name.clone()), self.definition(&name)) {
                ahead.extend(definition.referenced_schemas().into_iter().map(str::to_owned));
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
    pub(crate) fn success_responses(&self) -> impl Iterator<Item = &'a Response> {
        self.responses.iter().filter(|(status, _)| is_success(status)).map(|(_, response)| *response)
    }

    /// Returns the error responses, each with a name: that of the component, or one of the operation and the status.
    pub(crate) fn named_error_responses(&self) -> Result<Vec<(String, &'a Response)>> {
        let id = self.id()?;
        let with_reference = self.responses.iter().zip(self.operation.responses.responses.values());
        let error_responses = with_reference.filter(|((status, _), _)| !is_success(status));
        let named = error_responses.map(|((status, response), item)| match item {
            ReferenceOr::Reference { reference } => {
                Ok((component_name_of_reference(reference, "responses")?.to_owned(), *response))
            }
            ReferenceOr::Item(_) => Ok((format!("{id}-{status}"), *response)),
        });
        named.collect()
    }
}

/// Returns the shape of a parameter; for JSON in a string, the shape of that JSON.
pub(crate) fn parameter_shape(parameter: &Parameter) -> Result<Option<Shape>> {
    let data = parameter.parameter_data_ref();
    match (data.extensions.get(X_PC_JSON), &data.format) {
        (Some(schema), _) => {
            let schema: ReferenceOr<Schema> = ReferenceOr::deserialize(schema).context(X_PC_JSON)?;
            Shape::from_schema(&schema).context(X_PC_JSON).map(Some)
        }
        (None, ParameterSchemaOrContent::Schema(schema)) => Shape::from_schema(schema).map(Some),
        (None, ParameterSchemaOrContent::Content(_)) => Ok(None),
    }
}

pub(crate) fn is_success(status: &StatusCode) -> bool {
    matches!(status, StatusCode::Code(200..=299) | StatusCode::Range(2))
}

#[cfg(test)]
mod tests;
