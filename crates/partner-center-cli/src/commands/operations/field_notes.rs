//! Notes on the fields that a call selects, queries or sorts by.

use super::bulk::printed_operation;
use crate::{
    arguments::operations::{
        OperationCall,
        bulk::{is_customer_list, prefix_not_in_list},
        customers::filters_by_domain,
        naming::ResourceNoun,
        tables::{result_item_type, type_has_property},
    },
    messages::Messages,
    output::{QueryFields, resolve_column_names, undocumented_selected_paths},
    terminal::replace_control_characters,
};

/// Prints what is worth knowing of the fields that are selected, queried or sorted by: the output would not say it.
pub(super) fn print_field_notes(call: &OperationCall, sort_by: Option<&str>, messages: &Messages) {
    let print = |note: String| messages.print(replace_control_characters(&note));
    let printed = printed_operation(call);
    let paths = if let Some(query) = &call.options.query {
        let QueryFields { paths, compared_quoted_names } = QueryFields::of_expression(query);
        let is_unknown = |name: &&String| result_item_type(printed).is_some_and(|item| !type_has_property(item, name));
        for name in compared_quoted_names.iter().filter(is_unknown) {
            print(format!(
                "warning: in --query, `\"{name}\"` is the name of a field, and no item is known to have it; a string is in \
                     single quotes: '{name}'"
            ));
        }
        paths
    } else {
        let columns = resolve_column_names(printed, &call.options.columns, call.options.bulk.prints_customers());
        for path in undocumented_selected_paths(printed, &columns) {
            print(format!("note: the column `{path}` is not documented, so that it may be empty"));
        }
        columns.into_iter().chain(sort_by.map(|path| path.trim_start_matches('-').to_owned())).collect()
    };
    if !is_customer_list(printed) {
        return;
    }
    let mut left_out: Vec<_> = paths.iter().filter_map(|path| prefix_not_in_list(printed, path)).collect();
    left_out.sort_unstable();
    left_out.dedup();
    for path in left_out {
        let noun = ResourceNoun::new(printed.command.resource).plural();
        print(format!("note: `{path}` is not in a list of {noun}; add --full"));
    }
}

/// Says how to find a customer by another domain than its default one, if a list by the default domain has none.
pub(super) fn note_if_no_domain_was_found(call: &OperationCall, count: usize, messages: &Messages) {
    if count == 0 && filters_by_domain(call) {
        messages.print(
            "note: --domain finds customers by their default domains only, such as contoso.onmicrosoft.com; one with another domain \
             is found by `customers list --full --query \"[?contains(customDomains || '', 'contoso.com')]\"`, or by --company-name",
        );
    }
}
