//! The reference of all operations, `docs/operations.md`: one table an area.

use crate::{
    dialect::{Authentication, Cloud, Command, Operation},
    document::Spec,
};
use heck::{ToPascalCase as _, ToTitleCase as _};

/// The number of clouds that an operation may be in.
const NUMBER_OF_CLOUDS: usize = 3;

const REFERENCE_INTRODUCTION: &str = "\
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
pub(super) fn generate_reference(spec: &Spec) -> String {
    let mut areas: Vec<(&str, String)> = Vec::new();
    for operation in &spec.operations {
        let row = generate_operation_row(operation);
        match areas.iter_mut().find(|(name, _)| *name == operation.area) {
            Some((_, rows)) => *rows += &row,
            None => areas.push((&operation.area, row)),
        }
    }
    let tables = areas.into_iter().map(|(area, rows)| {
        let title = area.to_title_case();
        let head = "| Command | Rust | REST | Authentication | Permissions and notes | Documentation |\n|---|---|---|---|---|---|";
        format!("\n## {title}\n\n{head}\n{rows}")
    });
    REFERENCE_INTRODUCTION.to_owned() + &tables.collect::<Vec<_>>().concat()
}

fn generate_operation_row(Operation { method, path, facts, .. }: &Operation) -> String {
    let Command { resource, verb } = &facts.command;
    let authentication = facts.authentication.iter().map(|kind| match kind {
        Authentication::AppOnly => "app-only",
        Authentication::AppUser => "App+User",
    });
    let clouds = facts.clouds.iter().map(|cloud| match cloud {
        Cloud::Global => "global",
        Cloud::China => "China",
        Cloud::UsGovernment => "US Government",
    });
    let clouds = clouds.collect::<Vec<_>>();
    let mut notes: Vec<String> = Vec::new();
    notes.extend(facts.deprecated.as_ref().map(|why| format!("**Deprecated.** {why}")));
    notes.extend((!facts.permissions.is_empty()).then(|| facts.permissions.clone()));
    if clouds.len() < NUMBER_OF_CLOUDS {
        notes.push(format!("Clouds: {}.", clouds.join(", ")));
    }
    if facts.paging.is_some() {
        notes.push("Has pages.".to_owned());
    }
    let link = facts.documentation.as_ref().map(|(title, url)| format!("[{title}]({url})"));
    let cells = [
        format!("`{resource} {verb}`"),
        format!("`{}`", facts.id.to_pascal_case()),
        format!("`{} {path}`", method.to_uppercase()),
        authentication.collect::<Vec<_>>().join(", "),
        notes.join(" "),
        link.unwrap_or_default(),
    ];
    let cells = cells.map(|cell| cell.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}
