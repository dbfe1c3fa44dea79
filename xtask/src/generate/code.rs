//! The layout of generated code. Without rustfmt, so that it depends on the specification and `Cargo.lock` alone.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::BTreeSet;
use syn::{Expr, Token, parse_quote, punctuated::Punctuated, visit::Visit, visit_mut::VisitMut};

/// The maximum width of doc comments.
const MAX_DOC_COMMENT_WIDTH: usize = 100;

/// The column of the members of a struct, an enum or an `impl`.
pub(crate) const MEMBER_INDENT: usize = 4;

/// Formats items, with a blank line between items and between methods.
///
/// All methods are `#[inline]`, so that they are compiled where they are used: in the models crate, those that few programs use
/// would be most of its compile time.
pub(crate) fn format_items_with_inline_methods(items: TokenStream) -> Result<String> {
    let mut file: syn::File = syn::parse2(items)?;
    AddInlineToMethods.visit_file_mut(&mut file);
    let items = std::mem::take(&mut file.items).into_iter().map(|item| {
        file.items = vec![item];
        let code = prettyplease::unparse(&file);
        code.replace("\n    }\n    ", "\n    }\n\n    ")
    });
    Ok(items.collect::<Vec<_>>().join("\n"))
}

struct AddInlineToMethods;

impl VisitMut for AddInlineToMethods {
    fn visit_impl_item_fn_mut(&mut self, method: &mut syn::ImplItemFn) {
        method.attrs.push(parse_quote!(#[inline]));
    }
}

/// Returns a doc comment, wrapped except for its code; `indent` is its column.
pub(crate) fn doc_comment(text: &str, indent: usize) -> TokenStream {
    let width = MAX_DOC_COMMENT_WIDTH - indent - "/// ".len();
    let mut is_code = false;
    let lines = text.lines().flat_map(|line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        if is_code || is_fence { vec![line.to_owned()] } else { wrap_line(line, width) }
    });
    let lines = lines.map(|line| {
        let line = if line.is_empty() { line } else { format!(" {line}") };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// Returns the imports of some items: those of the `candidates`, names at the root of the crate, that they use, and the `macros`.
pub(crate) fn generate_imports<'a>(
    items: &TokenStream,
    candidates: impl IntoIterator<Item = &'a str>,
    macros: &[TokenStream],
) -> Result<String> {
    let used = names_used(items)?;
    let names: BTreeSet<_> = candidates.into_iter().filter(|name| used.contains(*name)).collect();
    let names = names.into_iter().map(|name| format_ident!("{name}"));
    let of_crate = format_items_with_inline_methods(quote! { use crate::{#(#names,)* #(#macros),*}; })?;
    let map = if used.contains("BTreeMap") { "use std::collections::BTreeMap;\n" } else { "" };
    let uuid = if used.contains("Uuid") { "use uuid::Uuid;\n" } else { "" };
    Ok(of_crate + map + uuid)
}

/// Wraps a line at `width` columns, where words allow it; the following lines of a list item are indented.
fn wrap_line(line: &str, width: usize) -> Vec<String> {
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

/// Returns the first segment of every path in some items, also in the arguments of macros that are expressions.
pub(crate) fn names_used(items: &TokenStream) -> Result<BTreeSet<String>> {
    struct UsedNames(BTreeSet<String>);
    impl<'ast> Visit<'ast> for UsedNames {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0.extend(path.segments.first().map(|segment| segment.ident.to_string()));
            syn::visit::visit_path(self, path);
        }
        fn visit_macro(&mut self, call: &'ast syn::Macro) {
            let arguments = Punctuated::<Expr, Token![,]>::parse_terminated;
            for argument in call.parse_body_with(arguments).into_iter().flatten() {
                let mut inner = UsedNames(BTreeSet::new());
                inner.visit_expr(&argument);
                self.0.extend(inner.0);
            }
        }
    }
    let mut names = UsedNames(BTreeSet::new());
    names.visit_file(&syn::parse2(items.clone())?);
    Ok(names.0)
}
