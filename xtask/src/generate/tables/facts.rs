//! What the extensions of an operation say, as the tables and the reference have it.

use super::Extensions;
use crate::{
    dialect::{AUTHENTICATION, CLOUDS, COMMAND, DESTRUCTIVE, IDEMPOTENCY, PERMISSIONS, required_description},
    document::Endpoint,
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToKebabCase as _;
use openapiv3::ExternalDocumentation;

/// The kinds of credentials: the value of the extension and the variant of the tables.
pub(crate) const AUTHENTICATION_KINDS: [(&str, &str); 2] = [("app-only", "AppOnly"), ("app-user", "AppUser")];
/// The clouds: the value of the extension and the variant of the tables.
pub(crate) const ALL_CLOUDS: [(&str, &str); 3] =
    [("global", "Global"), ("china", "China"), ("us-government", "UsGovernment")];
const IDEMPOTENCIES: [(&str, &str); 3] = [("natural", "Natural"), ("request-id", "RequestId"), ("none", "None")];

/// What an operation says of itself, besides its parameters and responses.
pub(crate) struct Facts<'a> {
    pub(crate) summary: &'a str,
    pub(crate) description: String,
    pub(crate) documentation: Option<&'a ExternalDocumentation>,
    /// The resource and the verb of the command.
    pub(crate) command: (&'a str, &'a str),
    /// The variants of the kinds of credentials.
    pub(crate) authentication: Vec<&'static str>,
    /// The variants of the clouds.
    pub(crate) clouds: Vec<&'static str>,
    pub(crate) permissions: &'a str,
    /// The variant.
    pub(crate) idempotency: &'static str,
    pub(crate) is_destructive: bool,
    pub(crate) deprecated: Option<&'a str>,
}

impl<'a> Facts<'a> {
    pub(crate) fn read(endpoint: &Endpoint<'a>) -> Result<Self> {
        let operation = endpoint.operation;
        let extensions = Extensions::of(&operation.extensions);
        let summary = operation.summary.as_deref().context("a summary is missing")?;
        ensure_summary(summary)?;
        let authentication = extensions.list(AUTHENTICATION)?;
        let authentication = authentication.with_context(|| {
            format!(
                "{AUTHENTICATION} is missing: the kinds of credentials that may call it, such as `[app-only, app-user]`"
            )
        })?;
        let all_clouds = || ALL_CLOUDS.map(|(name, _)| name).to_vec();
        let clouds = extensions.list(CLOUDS)?.unwrap_or_else(all_clouds);
        let idempotency = extensions.text(IDEMPOTENCY)?.unwrap_or(match endpoint.method {
            "get" | "head" | "put" | "delete" => "natural",
            _ => "none",
        });
        Ok(Self {
            summary,
            description: required_description(operation.description.as_deref())?,
            documentation: operation.external_docs.as_ref(),
            command: command(&extensions)?,
            authentication: variants(&authentication, &AUTHENTICATION_KINDS).context(AUTHENTICATION)?,
            clouds: variants(&clouds, &ALL_CLOUDS).context(CLOUDS)?,
            permissions: extensions.text(PERMISSIONS)?.unwrap_or_default(),
            idempotency: variant_named(idempotency, &IDEMPOTENCIES).context(IDEMPOTENCY)?,
            is_destructive: extensions.bool(DESTRUCTIVE)?.unwrap_or(endpoint.method == "delete"),
            deprecated: operation.deprecated.then(|| extensions.deprecation()).transpose()?,
        })
    }
}

fn command<'a>(extensions: &Extensions<'a>) -> Result<(&'a str, &'a str)> {
    let command = extensions.text(COMMAND)?.with_context(|| {
        format!("{COMMAND} is missing: the resource and the verb of the command, such as `billing-profile update`")
    })?;
    let is_kebab = |text: &str| !text.is_empty() && text == text.to_kebab_case();
    let words = command.split_once(' ').filter(|(resource, verb)| is_kebab(resource) && is_kebab(verb));
    words.with_context(|| {
        format!("{COMMAND}: `{command}` is not a resource and a verb in kebab case, such as `billing-profile update`")
    })
}

/// Rejects a summary that is not one sentence: it is a line of the help of the command line.
fn ensure_summary(summary: &str) -> Result<()> {
    let is_sentence = summary.ends_with('.') && !summary.contains(". ") && !summary.contains(['\n', '`', '[']);
    ensure!(is_sentence, "summary: write one sentence without Markdown, which ends with a period");
    Ok(())
}

fn variants(values: &[&str], known: &[(&'static str, &'static str)]) -> Result<Vec<&'static str>> {
    ensure!(!values.is_empty(), "the list is empty");
    values.iter().map(|value| variant_named(value, known)).collect()
}

/// Returns the variant for a value of an extension.
fn variant_named(value: &str, known: &[(&'static str, &'static str)]) -> Result<&'static str> {
    match known.iter().find(|(name, _)| *name == value) {
        Some((_, variant)) => Ok(variant),
        None => {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            bail!("`{value}` is not known: write one of {}", names.join(", "))
        }
    }
}
