//! Changes of operations, and of the commands that are made of them.

use super::{Changes, Impact, pair_by_key};
use crate::{
    dialect::{Operation, Parameter},
    document::Spec,
};

pub(super) fn compare_operations(before: &Spec, after: &Spec, changes: &mut Changes) {
    for (id, before, after) in pair_by_key(&before.operations, &after.operations, |operation| &operation.facts.id) {
        match (before, after) {
            (Some(before), Some(after)) => compare_operation(before, after, changes),
            (Some(before), None) => {
                changes.add(Impact::Breaking, format!("`{id}` (`{}`) is removed", before.facts.command));
            }
            (None, Some(after)) => {
                let summary = after.facts.summary.trim_end_matches('.');
                changes.add(Impact::Addition, format!("`{id}` (`{}`): {summary}", after.facts.command));
            }
            (None, None) => {}
        }
    }
}

fn compare_operation(before: &Operation, after: &Operation, changes: &mut Changes) {
    let id = format!("`{}`", after.facts.id);
    let (old, new) = (&before.facts, &after.facts);
    if (&before.method, &before.path) != (&after.method, &after.path) {
        let target = |operation: &Operation| format!("`{} {}`", operation.method.to_uppercase(), operation.path);
        changes.add(Impact::Breaking, format!("{id} sends {}, which was {}", target(after), target(before)));
    }
    if old.command != new.command {
        changes.add(Impact::Breaking, format!("the command `{}` is now `{}`", old.command, new.command));
    }
    if before.area != after.area {
        changes
            .add(Impact::Breaking, format!("{id} is in the feature `{}`, no longer in `{}`", after.area, before.area));
    }
    changes.add_text_difference(&id, &old.summary, &new.summary);
    changes.add_text_difference(&id, &old.description, &new.description);
    changes.add_text_difference(&format!("the permission text of {id}"), &old.permissions, &new.permissions);
    changes.add_deprecation(&id, old.deprecated.as_deref(), new.deprecated.as_deref());
    changes.add_list_difference(&id, &old.authentication, &new.authentication, |kind| format!("accepts {kind:?}"));
    changes.add_list_difference(&id, &old.clouds, &new.clouds, |cloud| format!("is in the cloud {cloud:?}"));
    if old.is_destructive != new.is_destructive {
        let (impact, verb) = if new.is_destructive {
            (Impact::Breaking, "asks for confirmation")
        } else {
            (Impact::Addition, "no longer asks for confirmation")
        };
        changes.add(impact, format!("the command `{}` {verb}", new.command));
    }
    if old.idempotency != new.idempotency {
        changes.add(
            Impact::Documentation,
            format!("{id} is retried by another rule: {:?}, which was {:?}", new.idempotency, old.idempotency),
        );
    }
    if old.is_replacement() != new.is_replacement() {
        changes.add(Impact::Breaking, format!("{id} takes its body in another way, as it replaces or no longer does"));
    }
    if (old.paging.is_some(), old.polling.is_some()) != (new.paging.is_some(), new.polling.is_some()) {
        changes.add(Impact::Breaking, format!("{id} returns its result in another way: in pages, or later"));
    }
    if old.error_codes != new.error_codes {
        changes.add(Impact::Documentation, format!("{id} has other codes of errors"));
    }
    compare_parameters(&id, before, after, changes);
    compare_bodies(&id, before, after, changes);
    compare_responses(&id, before, after, changes);
}

fn compare_parameters(id: &str, before: &Operation, after: &Operation, changes: &mut Changes) {
    for (name, before, after) in
        pair_by_key(before.caller_set_parameters(), after.caller_set_parameters(), |parameter: &Parameter| {
            &parameter.wire
        })
    {
        let what = format!("the parameter `{name}` of {id}");
        match (before, after) {
            (Some(_), None) => changes.add(Impact::Breaking, format!("{what} is removed")),
            (None, Some(new)) if new.required => changes.add(Impact::Breaking, format!("{what} is new and required")),
            (None, Some(_)) => changes.add(Impact::Addition, format!("{what} is new")),
            (Some(old), Some(new)) => compare_parameter(&what, old, new, changes),
            (None, None) => {}
        }
    }
}

fn compare_parameter(what: &str, old: &Parameter, new: &Parameter, changes: &mut Changes) {
    if (&old.shape, &old.field, old.location) != (&new.shape, &new.field, new.location) {
        changes.add(Impact::Breaking, format!("{what} has another type, name or place"));
    }
    match (old.required, new.required) {
        (false, true) => changes.add(Impact::Breaking, format!("{what} is required")),
        (true, false) => changes.add(Impact::Breaking, format!("{what} is set by a method, as it is optional")),
        _ => {}
    }
    if old.flag != new.flag {
        changes.add(Impact::Breaking, format!("{what} is the flag `--{}`, no longer `--{}`", new.flag, old.flag));
    }
    if old.style != new.style {
        changes.add(Impact::Documentation, format!("{what} is written in another way"));
    }
    let bounds = |parameter: &Parameter| {
        let range = parameter.range.as_ref().map_or((i64::MIN, i64::MAX), |range| (*range.start(), *range.end()));
        let length = (parameter.min_length.unwrap_or(0), parameter.max_length.unwrap_or(usize::MAX));
        (range, length)
    };
    let (((old_low, old_high), (old_short, old_long)), ((low, high), (short, long))) = (bounds(old), bounds(new));
    if low > old_low || high < old_high || short > old_short || long < old_long {
        changes.add(Impact::Breaking, format!("{what} has narrower limits"));
    } else if bounds(old) != bounds(new) {
        changes.add(Impact::Addition, format!("{what} has wider limits"));
    }
    changes.add_text_difference(what, &old.description, &new.description);
    changes.add_deprecation(what, old.deprecated.as_deref(), new.deprecated.as_deref());
}

fn compare_bodies(id: &str, before: &Operation, after: &Operation, changes: &mut Changes) {
    let parts = |operation: &Operation| {
        operation
            .body
            .as_ref()
            .map(|body| (body.field.clone(), body.media_type.clone(), body.shape.clone(), body.required))
    };
    if parts(before) != parts(after) {
        changes.add(Impact::Breaking, format!("{id} takes another body"));
    }
}

fn compare_responses(id: &str, before: &Operation, after: &Operation, changes: &mut Changes) {
    let parts = |operation: &Operation| {
        let parts = operation.responses.iter().map(|response| {
            let fields: Vec<_> = response.fields.iter().map(|header| header.field.clone()).collect();
            (response.status, response.outcome, response.body.clone(), fields)
        });
        parts.collect::<Vec<_>>()
    };
    if parts(before) != parts(after) {
        changes.add(Impact::Breaking, format!("{id} returns another result"));
    }
}
