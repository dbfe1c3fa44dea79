//! The reference of all operations, `docs/operations.md`: one table an area.

use super::tables::{ALL_CLOUDS, Facts};
use crate::{
    dialect::PAGING,
    document::{Endpoint, Spec},
};
use anyhow::{Context as _, Result};
use heck::{ToPascalCase as _, ToTitleCase as _};

const INTRODUCTION: &str = "\
# Operations

Every operation of the specification, by area. Each is a command of the command line, such as
`partner-center customers list`, which has its own `--help`; a struct in Rust, such as
`partner_center::operations::ListCustomers`, for `client.call(..)` or, if it has pages, `client.items(..)`; and an
endpoint of the emulator.

*Authentication* has the credentials that may call it: app-only (the application alone) or App+User (the application on
behalf of a user who has signed in). The permissions are the roles that the caller needs, where they are documented. All
clouds have an operation unless its notes name those that have it.
";

/// Returns the reference.
pub(super) fn generate_reference(spec: &Spec) -> Result<String> {
    let mut areas: Vec<(&str, String)> = Vec::new();
    for endpoint in spec.endpoints()? {
        let row = row(&endpoint).with_context(|| endpoint.at.clone())?;
        let area = spec.area(&endpoint.at);
        match areas.iter_mut().find(|(name, _)| *name == area) {
            Some((_, rows)) => *rows += &row,
            None => areas.push((area, row)),
        }
    }
    let mut reference = INTRODUCTION.to_owned();
    for (area, rows) in areas {
        let title = area.to_title_case();
        let head = "| Command | Rust | REST | Authentication | Permissions and notes | Documentation |\n|---|---|---|---|---|---|";
        reference += &format!("\n## {title}\n\n{head}\n{rows}");
    }
    Ok(reference)
}

fn row(endpoint: &Endpoint<'_>) -> Result<String> {
    let facts = Facts::read(endpoint)?;
    let (resource, verb) = facts.command;
    let authentication = facts.authentication.iter().map(|kind| match *kind {
        "AppOnly" => "app-only",
        _ => "App+User",
    });
    let mut notes: Vec<String> = Vec::new();
    notes.extend(facts.deprecated.map(|why| format!("**Deprecated.** {why}")));
    notes.extend((!facts.permissions.is_empty()).then(|| facts.permissions.to_owned()));
    if facts.clouds.len() < ALL_CLOUDS.len() {
        let clouds = ALL_CLOUDS.iter().filter(|(_, variant)| facts.clouds.contains(variant)).map(|(name, _)| *name);
        notes.push(format!("Clouds: {}.", clouds.collect::<Vec<_>>().join(", ")));
    }
    if endpoint.operation.extensions.contains_key(PAGING) {
        notes.push("Has pages.".to_owned());
    }
    let link = facts.documentation.map(|docs| {
        let title = docs.description.as_deref().unwrap_or("Documentation");
        format!("[{title}]({})", docs.url)
    });
    let cells = [
        format!("`{resource} {verb}`"),
        format!("`{}`", endpoint.id()?.to_pascal_case()),
        format!("`{} {}`", endpoint.method.to_uppercase(), endpoint.path),
        authentication.collect::<Vec<_>>().join(", "),
        notes.join(" "),
        link.unwrap_or_default(),
    ];
    let cells = cells.map(|cell| cell.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|"));
    Ok(format!("| {} |\n", cells.join(" | ")))
}
