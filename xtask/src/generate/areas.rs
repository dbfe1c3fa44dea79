//! The areas of the specification: modules of the models crate, and features of the crates.

use super::{OutputFile, ROOT_AREA};
use crate::dialect::Definition;
use anyhow::{Context as _, Result, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

/// The manifests whose features are written, and what a feature of an area turns on.
const MANIFESTS_WITH_AREA_FEATURES: [(&str, Option<&str>); 2] = [
    ("crates/partner-center-models/Cargo.toml", None),
    ("crates/partner-center/Cargo.toml", Some("partner-center-models")),
];

/// The lines of a manifest around the features of the areas.
const AREA_FEATURES_BEGIN: &str = "# The areas of the service, one feature each. `cargo xtask codegen` writes them.\n";
const AREA_FEATURES_END: &str = "# (End of the areas.)\n";

/// Rejects a schema of another area, which is a feature that may be off. The schemas of the root are always there.
pub(super) fn ensure_same_area(definition: &Definition, area: &str) -> Result<()> {
    let Definition { name, area: own, .. } = definition;
    ensure!(
        [area, ROOT_AREA].contains(&own.as_str()),
        "{name} is of the area `{own}`, whose feature may be off: move {name} to the root of the specification"
    );
    Ok(())
}

/// Returns the modules of the areas, and a module of all schemas and one of all operations.
pub(super) fn generate_area_modules(types: &BTreeMap<&str, String>, operations: &BTreeMap<&str, String>) -> String {
    let (mut modules, mut schemas, mut all_operations) = (String::new(), String::new(), String::new());
    let areas: BTreeSet<_> = types.keys().chain(operations.keys()).copied().collect();
    // Writing to a `String` does not fail.
    for area in areas {
        let feature = if area == ROOT_AREA { String::new() } else { format!("#[cfg(feature = \"{area}\")]\n") };
        let _ = writeln!(modules, "{feature}pub(crate) mod {area} {{");
        for (kind, code, all) in [("operations", operations, &mut all_operations), ("schemas", types, &mut schemas)] {
            if code.contains_key(area) {
                let _ = writeln!(modules, "    pub(crate) mod {kind};");
                let feature = feature.replace('#', "    #");
                let _ = writeln!(all, "{feature}    pub use super::{area}::{kind}::*;");
            }
        }
        modules.push_str("}\n");
    }
    format!("{modules}\npub(crate) mod operations {{\n{all_operations}}}\n\npub(crate) mod schemas {{\n{schemas}}}\n")
}

/// Returns the manifests with a feature for each area, and `full` for all of them.
pub(super) fn generate_manifests(root: &Path, areas: &BTreeSet<String>) -> Result<Vec<OutputFile>> {
    let mut outputs = Vec::new();
    for (path, dependency) in MANIFESTS_WITH_AREA_FEATURES {
        // A copy that consists of the specification has no manifests.
        let Ok(manifest) = fs::read_to_string(root.join(path)) else { continue };
        let manifest = manifest.replace("\r\n", "\n");
        let features = generate_area_features(areas, dependency);
        let content = replace_text_between(&manifest, AREA_FEATURES_BEGIN, AREA_FEATURES_END, &features);
        let content = content.with_context(|| {
            format!("{path}: the features lack the lines\n{AREA_FEATURES_BEGIN}{AREA_FEATURES_END}")
        })?;
        outputs.push(OutputFile { path: path.into(), content });
    }
    Ok(outputs)
}

fn generate_area_features(areas: &BTreeSet<String>, dependency: Option<&str>) -> String {
    let feature = |area: &String| {
        let turned_on = dependency.map(|name| format!("\"{name}/{area}\"")).unwrap_or_default();
        format!("{area} = [{turned_on}]\n")
    };
    let all: Vec<_> = areas.iter().map(|area| format!("\"{area}\"")).collect();
    format!("full = [{}]\n{}", all.join(", "), areas.iter().map(feature).collect::<String>())
}

fn replace_text_between(text: &str, begin: &str, end: &str, new: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}{new}{end}{after}"))
}
