//! Workspaces of the crates that are measured: the types, and programs that use them.

use crate::generate;
use anyhow::{Context as _, Result};
use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};
use yaml_serde::Value as Yaml;

/// The package of the types.
pub(super) const MODELS_PACKAGE_ALIAS: &str = "models";
/// A program that reads and writes the body of every request and response.
pub(super) const ALL_OPERATIONS_PROGRAM_PACKAGE: &str = "program-of-all";
/// A program of two operations of the root of the specification.
pub(super) const TWO_OPERATIONS_PROGRAM_PACKAGE: &str = "program-of-few";

const MODELS_FOLDER: &str = "crates/partner-center-models";

const TWO_OPERATIONS_PROGRAM_SOURCE: &str = r#"
use partner_center_models::{Customer, CustomerCollection, GetCustomer, ListCustomers, Operation, Paginated, from_json};

fn main() {
    let text = std::env::args().nth(1).unwrap_or_default();
    println!("{:?}", ListCustomers::new().size(40).parameters().map(|parameters| parameters.query));
    if let Ok(page) = from_json::<CustomerCollection>(&text) {
        println!("{:?}", ListCustomers::continuation(&page.value));
        for customer in ListCustomers::items(page.value) {
            println!("{:?}", customer.id.map(|id| GetCustomer::new(id).parameters().map(|parameters| parameters.path)));
        }
    }
    println!("{:?}", from_json::<Customer>(&text).map(|customer| customer.value.id));
}
"#;

/// A workspace of the types and of programs that use them.
pub(super) struct MeasuredWorkspace {
    pub(super) folder: PathBuf,
    models: &'static str,
    models_source: &'static str,
}

impl MeasuredWorkspace {
    /// Writes a workspace of our models crate with the types and operations of `document`.
    pub(super) fn create_with_models_crate(root: &Path, folder: &Path, document: &Yaml) -> Result<Self> {
        for generated in ["crates", ALL_OPERATIONS_PROGRAM_PACKAGE, TWO_OPERATIONS_PROGRAM_PACKAGE] {
            let _ = fs::remove_dir_all(folder.join(generated));
        }
        copy_folder(&root.join(MODELS_FOLDER), &folder.join(MODELS_FOLDER))?;
        fs::create_dir_all(folder.join("spec"))?;
        fs::write(folder.join("spec/partner-center.yaml"), yaml_serde::to_string(document)?)?;
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let members = format!(
            r#"members = ["{MODELS_FOLDER}", "{ALL_OPERATIONS_PROGRAM_PACKAGE}", "{TWO_OPERATIONS_PROGRAM_PACKAGE}"]"#
        );
        let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
        let manifest = manifest.replace(r#"members = ["crates/*", "tests", "xtask"]"#, &members);
        // Hand-written code names areas that the document does not have.
        let manifest =
            manifest.replace("[workspace.lints.rust]", "[workspace.lints.rust]\nunexpected_cfgs = \"allow\"");
        fs::write(folder.join("Cargo.toml"), manifest)?;
        generate::write_generated_files(folder)?;
        let name = "partner-center-models";
        write_program(
            folder,
            ALL_OPERATIONS_PROGRAM_PACKAGE,
            &all_operations_program_source(name, document)?,
            name,
            MODELS_FOLDER,
        )?;
        write_program(folder, TWO_OPERATIONS_PROGRAM_PACKAGE, TWO_OPERATIONS_PROGRAM_SOURCE, name, MODELS_FOLDER)?;
        let models_source = "crates/partner-center-models/src/lib.rs";
        Ok(Self { folder: folder.to_owned(), models: name, models_source })
    }

    /// Writes a workspace of a crate with the types that progenitor generates from `document`.
    pub(super) fn create_with_progenitor_types(root: &Path, folder: &Path, document: &Yaml) -> Result<Self> {
        let name = "progenitor-types";
        write_program(
            folder,
            ALL_OPERATIONS_PROGRAM_PACKAGE,
            &all_operations_program_source(name, document)?,
            name,
            "",
        )?;
        let mut document: OpenAPI =
            serde_json::from_value(document_without_extensions(&serde_json::to_value(document)?))?;
        // Without paths it generates no client.
        document.paths = openapiv3::Paths::default();
        let mut generator = Generator::new(&GenerationSettings::new());
        generator.generate_tokens(&document)?;
        let file = syn::parse2(generator.get_type_space().to_stream())?;
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src/lib.rs"), prettyplease::unparse(&file))?;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [workspace]\nmembers = [\"{ALL_OPERATIONS_PROGRAM_PACKAGE}\"]\n\n\
             [dependencies]\nserde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n\
             uuid = {{ version = \"1\", features = [\"serde\"] }}\n\n[profile.dev]\ndebug = \"line-tables-only\"\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self { folder: folder.to_owned(), models: name, models_source: "src/lib.rs" })
    }

    /// Returns the name of a package in this workspace.
    pub(super) fn resolve_package_name<'a>(&self, package: &'a str) -> &'a str {
        if package == MODELS_PACKAGE_ALIAS { self.models } else { package }
    }

    /// Returns a source file of a package: when it is touched, the package is built again.
    pub(super) fn source_file_of_package(&self, package: &str) -> PathBuf {
        if package == MODELS_PACKAGE_ALIAS {
            self.folder.join(self.models_source)
        } else {
            self.folder.join(package).join("src/main.rs")
        }
    }

    pub(super) fn release_folder(&self) -> PathBuf {
        self.folder.join("target/release")
    }
}

fn write_program(workspace: &Path, name: &str, source: &str, models: &str, models_folder: &str) -> Result<()> {
    let folder = workspace.join(name);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), source)?;
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{models} = {{ path = \"../{models_folder}\" }}\nserde = \"1\"\nserde_json = \"1\"\n"
    );
    Ok(fs::write(folder.join("Cargo.toml"), manifest)?)
}

/// Returns the source of a program that reads and writes the body of every request and response of `document`.
fn all_operations_program_source(models: &str, document: &Yaml) -> Result<String> {
    let mut bodies = BTreeSet::new();
    let paths = serde_json::to_value(&document["paths"]).context("the specification has no paths")?;
    // The schemas of the root may have hand-written types.
    let synthetic = paths.as_object().into_iter().flatten().filter(|(path, _)| path.contains("{customer-tenant-id}/"));
    synthetic.for_each(|(_, path)| collect_schema_names(path, &mut bodies));
    let mut source = "use serde::{Serialize, de::DeserializeOwned};\n\n\
        fn read_and_write<T: DeserializeOwned + Serialize>(text: &str) {\n    \
        let value = serde_json::from_str::<T>(text);\n    \
        println!(\"{:?}\", value.and_then(|value| serde_json::to_string(&value)));\n}\n\n\
        fn main() {\n    let text = std::env::args().nth(1).unwrap_or_default();\n"
        .to_owned();
    let models = models.replace('-', "_");
    for body in bodies {
        writeln!(source, "    read_and_write::<{models}::{body}>(&text);")?;
    }
    Ok(source + "}\n")
}

/// Adds the names of all schemas that `value` refers to.
fn collect_schema_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            names.extend(name.map(str::to_owned));
            object.values().for_each(|value| collect_schema_names(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_schema_names(item, names)),
        _ => {}
    }
}

/// Returns the document without the extensions of this workspace.
fn document_without_extensions(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| !key.starts_with("x-pc-"));
            kept.map(|(key, value)| (key.clone(), document_without_extensions(value))).collect()
        }
        Value::Array(items) => items.iter().map(document_without_extensions).collect(),
        value => value.clone(),
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
