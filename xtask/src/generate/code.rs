//! How generated code looks: no rustfmt, so the bytes depend on the specification and `Cargo.lock` alone.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::BTreeSet;
use syn::visit::Visit;

const WIDTH: usize = 100;

/// The code of some items, with a blank line between items and between methods.
pub(crate) fn pretty(items: TokenStream) -> Result<String> {
    let mut file: syn::File = syn::parse2(items)?;
    let items = std::mem::take(&mut file.items).into_iter().map(|item| {
        file.items = vec![item];
        let code = prettyplease::unparse(&file);
        code.replace("\n    }\n    ", "\n    }\n\n    ")
    });
    Ok(items.collect::<Vec<_>>().join("\n"))
}

/// A doc comment, wrapped; `indent` is the column that it stands at.
pub(crate) fn docs(text: &str, indent: usize) -> TokenStream {
    let width = WIDTH - indent - "/// ".len();
    let lines = text.lines().flat_map(|line| wrap(line, width)).map(|line| {
        let line = if line.is_empty() { line } else { format!(" {line}") };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// Imports for some items: what they name of `candidates`, which the crate has at its root, and `macros`, which no path
/// names. Whatever else was imported, rustc would warn of.
pub(crate) fn imports<'a>(
    items: &TokenStream,
    candidates: impl IntoIterator<Item = &'a str>,
    macros: &[TokenStream],
) -> Result<String> {
    let used = names_used(items)?;
    let names: BTreeSet<_> = candidates.into_iter().filter(|name| used.contains(*name)).collect();
    let names = names.into_iter().map(|name| format_ident!("{name}"));
    let of_crate = pretty(quote! { use crate::{#(#names,)* #(#macros),*}; })?;
    let uuid = if used.contains("Uuid") { "use uuid::Uuid;\n" } else { "" };
    Ok(of_crate + uuid)
}

/// Lines of at most `width` columns, where words allow it; what follows in a list item is indented.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let mut lines = vec![String::new()];
    for word in line.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last].push_str(word);
        } else if lines[last].chars().count() + 1 + word.chars().count() <= width {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines
}

/// The first segment of every path in some items.
fn names_used(items: &TokenStream) -> Result<BTreeSet<String>> {
    struct Names(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Names {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0.extend(path.segments.first().map(|segment| segment.ident.to_string()));
            syn::visit::visit_path(self, path);
        }
    }
    let mut names = Names(BTreeSet::new());
    names.visit_file(&syn::parse2(items.clone())?);
    Ok(names.0)
}
