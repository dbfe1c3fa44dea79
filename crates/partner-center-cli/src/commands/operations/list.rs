//! Lists: page after page, or at once.

use crate::{
    arguments::operations::{OperationCall, naming::ResourceNoun},
    error::{CommandError, ErrorReport},
    messages::Messages,
    output::Printer,
    settings::AddressSources,
};
use indexmap::IndexMap;
use partner_center::{
    Transport,
    models::JsonValue,
    pagination::{Pages, RawList},
    transport::Mode,
};

/// Prints page after page, until the list ends or `limit` items are printed. `look_at_page` is told the items of each.
pub(crate) async fn print_pages<X: Transport>(
    mut pages: Pages<X, RawList>,
    limit: Option<u32>,
    noun: ResourceNoun,
    sources: &AddressSources,
    printer: &mut Printer,
    mut look_at_page: impl FnMut(&[&str]) + Send,
    messages: &Messages,
) -> Result<(), CommandError> {
    let mut remaining = item_limit_or_max(limit);
    let (mut count, mut page_count) = (0_usize, 0);
    while remaining > 0
        && let Some(page) = X::Mode::into_future(pages.next_page()).await
    {
        let page = page
            .map_err(|error| CommandError::from_client_error(&list_broken_off_message(count, noun), &error, sources))?;
        let items: Vec<_> = page.items().take(remaining).collect();
        look_at_page(&items);
        printer.print_page(&items)?;
        count += items.len();
        remaining -= items.len();
        page_count += 1;
        messages.progress_line().set_page_count(page_count);
    }
    print_list_end(printer, messages)
}

/// Prints a list that came at once: what is at the path `items` of `value`.
pub(super) fn print_list_of_single_response(
    value: &JsonValue,
    items: &str,
    call: &OperationCall,
    printer: &mut Printer,
    messages: &Messages,
) -> Result<(), CommandError> {
    let Some(items) = items_of_complete_list(value, items) else {
        return Err(ErrorReport {
            message: listing_failed_message(call.result_resource_noun()),
            cause: "the response has no list".to_owned(),
            advice: format!(
                "see what the service sends with `partner-center api {} PATH`, and report it",
                call.operation.method
            ),
        }
        .into());
    };
    let items: Vec<_> = items.iter().take(item_limit_or_max(call.options.limit)).map(JsonValue::json).collect();
    printer.print_page(&items)?;
    print_list_end(printer, messages)
}

/// Returns the items of a list that came at once: what is at the path `items` of `value`.
pub(super) fn items_of_complete_list(value: &JsonValue, items: &str) -> Option<Vec<JsonValue>> {
    let list = items.split('.').filter(|name| !name.is_empty()).try_fold(value.clone(), |value, name| {
        let fields: IndexMap<String, JsonValue> = value.read().ok()?;
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    });
    list?.read().ok()
}

fn print_list_end(printer: &mut Printer, messages: &Messages) -> Result<(), CommandError> {
    if let Some(note) = printer.print_end_of_list()? {
        messages.print(note);
    }
    Ok(())
}

pub(super) fn item_limit_or_max(limit: Option<u32>) -> usize {
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Describes a list that ended with an error after `count` items.
fn list_broken_off_message(count: usize, noun: ResourceNoun) -> String {
    match count {
        0 => listing_failed_message(noun),
        1 => format!("the list ended early after {}, which is valid", noun.with_count(1)),
        _ => format!("the list ended early after {}; they are valid, but not all", noun.with_count(count as u64)),
    }
}

pub(super) fn listing_failed_message(noun: ResourceNoun) -> String {
    format!("the {} could not be listed", noun.plural())
}
