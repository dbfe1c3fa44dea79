//! The files of a specification, merged into one document: the root, and a file for each area.

use super::visit::visit_objects_mut;
use crate::{dialect::escape_pointer_step, problems::Problems};
use std::collections::{BTreeMap, BTreeSet};
use yaml_serde::{Mapping, Value};

/// The keys of the file of an area.
const ALLOWED_AREA_FILE_KEYS: [&str; 2] = ["paths", "components"];

/// The area of what the root describes itself.
const ROOT_AREA: &str = "customers";

/// A file of the specification.
pub(crate) struct SourceFile {
    /// The name in the folder of the specification.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The files that the parts of the document are from.
#[derive(Debug, Default)]
pub(crate) struct SourceFilesByPointer {
    root: String,
    /// The files of paths and components, by their JSON pointers.
    files: BTreeMap<String, String>,
}

impl SourceFilesByPointer {
    /// Returns the file of a place in the document.
    pub(crate) fn source_file_of_pointer(&self, at: &str) -> &str {
        // A path is two steps below the root, a component is three.
        let mut ends = at.match_indices('/').map(|(end, _)| end).chain([at.len()]);
        let file = ends.find_map(|end| self.files.get(&at[..end]));
        file.unwrap_or(&self.root)
    }

    /// Returns the area of a place in the document: the name of its file without the extension.
    pub(crate) fn area_of_pointer(&self, at: &str) -> &str {
        let file = self.source_file_of_pointer(at);
        if file == self.root { ROOT_AREA } else { file.strip_suffix(".yaml").unwrap_or(file) }
    }
}

/// Merges the files, of which the first is the root, into one document. Each `$ref` leads to a component of it.
///
/// Returns `None` if the root cannot be read.
pub(super) fn merge_files(files: &[SourceFile], problems: &mut Problems) -> Option<(Value, SourceFilesByPointer)> {
    let mut documents = Vec::new();
    let mut unreadable = BTreeSet::new();
    for SourceFile { name, text } in files {
        match parse_yaml(text) {
            Ok(document) => documents.push((name.as_str(), document)),
            Err(error) => {
                problems.add_problem(name, error);
                unreadable.insert(name.as_str());
            }
        }
    }
    let names: Vec<_> =
        documents.iter().map(|(name, document)| DefinedPointers::from_document(name, document)).collect();
    for (name, document) in &mut documents {
        localize_references(name, document, &names, &unreadable, problems);
    }
    let (first, mut rest) = {
        let mut documents = documents.into_iter();
        (documents.next()?, documents.collect::<BTreeMap<_, _>>())
    };
    let (root, mut document) = first;
    if files.first()?.name != root {
        return None;
    }
    let mut origins = SourceFilesByPointer { root: root.to_owned(), files: BTreeMap::new() };
    if let (false, Value::Mapping(document)) = (rest.is_empty(), &mut document) {
        document.entry("components".into()).or_insert_with(|| Mapping::new().into());
    }
    merge_paths(&mut document, &mut rest, &mut origins, problems);
    for (area, source) in rest {
        merge_components(area, source, &mut document, &mut origins, problems);
    }
    Some((document, origins))
}

fn parse_yaml(text: &str) -> Result<Value, String> {
    let mut document: Value =
        yaml_serde::from_str(text).map_err(|error| format!("it is not YAML: {error}: correct it there"))?;
    if !document.is_mapping() {
        return Err("it is empty or a list: write keys, such as `paths:`".to_owned());
    }
    convert_keys_to_strings(&mut document);
    Ok(document)
}

/// Makes strings of keys such as `200`.
fn convert_keys_to_strings(value: &mut Value) {
    match value {
        Value::Mapping(mapping) => {
            let entries = std::mem::take(mapping).into_iter().map(|(key, mut value)| {
                convert_keys_to_strings(&mut value);
                let key = match key {
                    Value::Number(number) => number.to_string().into(),
                    Value::Bool(value) => value.to_string().into(),
                    key => key,
                };
                (key, value)
            });
            *mapping = entries.collect();
        }
        Value::Sequence(items) => items.iter_mut().for_each(convert_keys_to_strings),
        _ => {}
    }
}

/// The names that a file defines: JSON pointers of its paths and components.
struct DefinedPointers<'a> {
    file: &'a str,
    pointers: BTreeSet<String>,
}

impl<'a> DefinedPointers<'a> {
    fn from_document(file: &'a str, document: &Value) -> Self {
        let keys = |value: Option<&Value>| {
            let keys = value.and_then(Value::as_mapping).into_iter().flat_map(Mapping::keys);
            keys.filter_map(Value::as_str).map(escape_pointer_step).collect::<Vec<_>>()
        };
        let paths = keys(document.get("paths")).into_iter().map(|path| format!("/paths/{path}"));
        let components = document.get("components");
        let components = keys(components).into_iter().flat_map(|kind| {
            let names = keys(components.and_then(|components| components.get(kind.as_str())));
            names.into_iter().map(move |name| format!("/components/{kind}/{name}"))
        });
        Self { file, pointers: paths.chain(components).collect() }
    }
}

/// Makes each `$ref` to a component of any file one to a component of the document. Reports those that lead nowhere.
fn localize_references(
    file: &str,
    document: &mut Value,
    names: &[DefinedPointers<'_>],
    unreadable: &BTreeSet<&str>,
    problems: &mut Problems,
) {
    let mut resolve = |place: &str, reference: &mut String| {
        let (target, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let target = if target.is_empty() { file } else { target.strip_prefix("./").unwrap_or(target) };
        let at = format!("{file}{place}");
        let found = names.iter().find(|names| names.file == target);
        // Only a path refers to a path, which is then put in its place.
        let is_path = pointer.starts_with("/paths/") && place == format!("#{pointer}");
        if found.is_some_and(|names| names.pointers.contains(pointer))
            && (is_path || pointer.starts_with("/components/"))
        {
            if !is_path {
                *reference = format!("#{pointer}");
            }
        } else if !unreadable.contains(target) {
            let elsewhere = names.iter().find(|names| names.pointers.contains(pointer));
            let hint = elsewhere.map_or_else(
                || "write the file and the name of a component, such as `#/components/schemas/Customer`".to_owned(),
                |names| format!("write '{}#{pointer}'", names.file),
            );
            problems.add_problem(at, format!("the $ref {reference} points to nothing: {hint}"));
        }
    };
    visit_objects_mut(document, &mut |at, object| {
        if let Some(Value::String(reference)) = object.get_mut("$ref") {
            resolve(at, reference);
        }
        if let (true, Some(Value::Mapping(mapping))) = (at.ends_with("/discriminator"), object.get_mut("mapping")) {
            for target in mapping.values_mut() {
                if let Value::String(reference) = target {
                    resolve(at, reference);
                }
            }
        }
    });
}

/// Puts the paths of the areas where the root lists them.
fn merge_paths(
    document: &mut Value,
    areas: &mut BTreeMap<&str, Value>,
    origins: &mut SourceFilesByPointer,
    problems: &mut Problems,
) {
    let root = origins.root.clone();
    if let Some(Value::Mapping(paths)) = document.get_mut("paths") {
        let mut missing = Vec::new();
        for (path, item) in paths.iter_mut() {
            let Some(path) = path.as_str().map(str::to_owned) else { continue };
            let Some(Value::String(reference)) = item.get("$ref") else { continue };
            let step = escape_pointer_step(&path);
            let pointer = format!("#/paths/{step}");
            let (file, target) = reference.split_once('#').unwrap_or((reference, ""));
            let file = file.strip_prefix("./").unwrap_or(file);
            if format!("#{target}") != pointer || file == root {
                let file = areas.keys().next().copied().unwrap_or("account.yaml");
                problems.add_problem(
                    format!("{root}{pointer}"),
                    format!("the path is not one of another file: write '{file}{pointer}'"),
                );
                missing.push(path);
                continue;
            }
            if item.as_mapping().is_some_and(|item| item.len() > 1) {
                problems.add_problem(
                    format!("{root}{pointer}"),
                    "a $ref has nothing beside it: write the rest in the other file",
                );
            }
            let of_area =
                areas.get_mut(file).and_then(|area| area.get_mut("paths")?.as_mapping_mut()?.shift_remove(&*path));
            match of_area {
                Some(of_area) => {
                    origins.files.insert(pointer, file.to_owned());
                    *item = of_area;
                }
                // It is reported already.
                None => missing.push(path),
            }
        }
        for path in missing {
            paths.shift_remove(&*path);
        }
    }
    for (area, source) in areas {
        let Some(Value::Mapping(paths)) = source.get_mut("paths") else { continue };
        for (path, item) in std::mem::take(paths) {
            let Some(name) = path.as_str() else { continue };
            let pointer = format!("#/paths/{}", escape_pointer_step(name));
            problems.add_problem(
                format!("{area}{pointer}"),
                format!("{root} does not list the path, or lists it twice: write `{name}: {{ $ref: '{area}{pointer}' }}` there"),
            );
            if let Some(Value::Mapping(paths)) = document.get_mut("paths")
                && !paths.contains_key(name)
            {
                origins.files.insert(pointer, (*area).to_owned());
                paths.insert(path, item);
            }
        }
    }
}

/// Adds the components of an area, whose names must not be taken.
fn merge_components(
    area: &str,
    source: Value,
    document: &mut Value,
    origins: &mut SourceFilesByPointer,
    problems: &mut Problems,
) {
    let Value::Mapping(source) = source else { return };
    for (key, value) in source {
        let key = key.as_str().unwrap_or_default();
        if !ALLOWED_AREA_FILE_KEYS.contains(&key) {
            let at = format!("{area}#/{}", escape_pointer_step(key));
            problems.add_problem(
                at,
                format!("an area has `paths` and `components` only: write `{key}` in {}", origins.root),
            );
        }
        let (true, Value::Mapping(kinds)) = (key == "components", value) else { continue };
        for (kind, components) in kinds {
            let Value::Mapping(components) = components else { continue };
            let kind_name = kind.as_str().unwrap_or_default().to_owned();
            let Some(Value::Mapping(all)) = document.get_mut("components") else { continue };
            let Value::Mapping(all) = all.entry(kind).or_insert_with(|| Mapping::new().into()) else { continue };
            for (name, component) in components {
                let step = escape_pointer_step(name.as_str().unwrap_or_default());
                let pointer = format!("#/components/{kind_name}/{step}");
                if all.contains_key(&name) {
                    let other = origins.source_file_of_pointer(&pointer);
                    problems.add_problem(
                        format!("{area}{pointer}"),
                        format!("the name is taken in {other}: write another one, or refer to '{other}{pointer}'"),
                    );
                } else {
                    origins.files.insert(pointer, area.to_owned());
                    all.insert(name, component);
                }
            }
        }
    }
}
