//! Help texts of operations, from the tables.

use super::{
    bulk::takes_many_customers,
    naming::{ResourceNoun, to_kebab_case},
    tables::{
        ResultShape, asks_before_sending_given_body, command_takes_several_ids, has_example_body, is_file_part,
        non_json_form_parts, operation_that_reads_resource,
    },
};
use partner_center_spec::{Authentication, Cloud, MediaType, Method, Operation, Outcome, Parameter};
use std::fmt::Write;

/// Returns the text of Markdown: links as their texts, without emphasis, a paragraph as one line.
pub(crate) fn markdown_to_plain_text(markdown: &str) -> String {
    let mut paragraphs = Vec::new();
    for paragraph in markdown.split("\n\n") {
        let mut text = String::new();
        for line in paragraph.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let is_item = line.starts_with("- ") || line.starts_with("* ");
            if !text.is_empty() {
                text.push(if is_item { '\n' } else { ' ' });
            }
            text.push_str(&remove_inline_markup(line.trim_start_matches('#').trim_start()));
        }
        if !text.is_empty() {
            paragraphs.push(text);
        }
    }
    paragraphs.join("\n\n")
}

/// Replaces links by their texts, and removes the marks of emphasis; code keeps its backticks.
fn remove_inline_markup(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        if let Some((label, after)) = parse_leading_link(rest) {
            text.push_str(&remove_inline_markup(label));
            rest = after;
        } else if let Some(code) = rest.strip_prefix('`').and_then(|after| after.split_once('`')) {
            text.extend(["`", code.0, "`"]);
            rest = code.1;
        } else if let Some(after) = rest.strip_prefix("**") {
            rest = after;
        } else {
            text.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    text
}

/// Returns the text of the link that `markdown` begins with, and what follows the link.
fn parse_leading_link(markdown: &str) -> Option<(&str, &str)> {
    let (label, after) = markdown.strip_prefix('[')?.split_once("](")?;
    let (_url, after) = after.split_once(')')?;
    (!label.contains('[')).then_some((label, after))
}

/// Returns the first sentence of Markdown, without its period, as help texts of arguments are written.
pub(crate) fn first_sentence(markdown: &str) -> String {
    let text = markdown_to_plain_text(markdown);
    let first = text.split("\n\n").next().unwrap_or_default();
    let end = first.match_indices(". ").map(|(end, _)| end).find(|end| {
        // Not an abbreviation such as `e.g. `.
        !first[..*end].rsplit(' ').next().unwrap_or_default().contains('.')
    });
    first[..end.unwrap_or(first.len())].trim_end_matches('.').to_owned()
}

/// Returns the description of a parameter, without the period of its only sentence.
pub(super) fn argument_help_from_markdown(markdown: &str) -> String {
    let text = markdown_to_plain_text(markdown);
    let is_one_sentence = !text.contains(". ") && !text.contains('\n');
    if is_one_sentence { text.trim_end_matches('.').to_owned() } else { text }
}

/// Returns the summary as a help text: without its period.
pub(crate) fn command_about(operation: &Operation) -> String {
    let about = sentence_to_imperative(&first_sentence(operation.summary));
    if operation.deprecated.is_some() { format!("{about} (deprecated)") } else { about }
}

/// Returns a sentence that begins with a verb in the third person as help texts of commands are written: `Lists all` is `List all`.
fn sentence_to_imperative(sentence: &str) -> String {
    let (verb, rest) = sentence.split_once(' ').unwrap_or((sentence, ""));
    let verb = match verb {
        _ if verb.ends_with("ss") => verb.to_owned(),
        _ if ["sses", "ches", "shes", "xes"].iter().any(|end| verb.ends_with(end)) => verb[..verb.len() - 2].to_owned(),
        _ => match (verb.strip_suffix("ies"), verb.strip_suffix('s')) {
            (Some(stem), _) => format!("{stem}y"),
            (None, Some(stem)) => stem.to_owned(),
            (None, None) => verb.to_owned(),
        },
    };
    format!("{verb} {rest}").trim_end().to_owned()
}

/// Returns what the complete help says before the arguments.
pub(crate) fn command_long_about(operation: &Operation) -> String {
    let mut text = command_about(operation);
    if let Some(why) = operation.deprecated {
        let _ = write!(text, "\n\nDeprecated: {}", markdown_to_plain_text(why));
    }
    let description = markdown_to_plain_text(operation.description);
    if !description.is_empty() && description.trim_end_matches('.') != text {
        let _ = write!(text, "\n\n{description}");
    }
    text
}

/// Returns what the complete help says after the arguments: what is printed, who may call it, and examples.
pub(super) fn command_after_help(operation: &Operation, noun: ResourceNoun) -> String {
    let mut paragraphs = vec![describe_output(operation, noun)];
    paragraphs.extend(takes_many_customers(operation).then(|| {
        "With --all-customers or --customers, the output of all customers is one list in the order of the customers, of which each \
         has either all its items or an error, which is reported and does not stop the others; the exit status is then 1. An error \
         that would be the same for every customer ends the command. With --journal, a run that was stopped goes on where it was, \
         and prints all of it: what is done is not done again. The journal of what only reads is deleted once all is printed, \
         so that the same command begins anew. What is changed for many customers must be confirmed."
            .to_owned()
    }));
    paragraphs.extend(operation_that_reads_resource(operation).map(|_| {
        "Without --body, what is there is read first, the other flags are applied to it, and all of it is sent back, with its etag \
         if it has one; the differences are printed. See them beforehand with --dry-run. On a terminal, the command asks before \
         it sends them; elsewhere they must be confirmed with --yes."
            .to_owned()
    }));
    paragraphs.extend((!operation.replaced_properties.is_empty()).then(|| {
        format!(
            "With --body, the file must be what was read, with its changes, as the request replaces all of it: a body without {} \
             is rejected, and one with them must be confirmed, too.",
            operation.replaced_properties.join(" or ")
        )
    }));
    paragraphs.extend(operation.is_destructive.then(|| {
        "On a terminal, the command asks before it sends the request; elsewhere it must be confirmed with --yes."
            .to_owned()
    }));
    paragraphs.push(describe_access_and_documentation(operation));
    paragraphs.push(examples_section(operation));
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}

fn describe_output(operation: &Operation, noun: ResourceNoun) -> String {
    let (one, several) = (noun.singular(), noun.plural());
    let absent = || {
        let absent = operation.responses.iter().find(|response| response.outcome == Outcome::Absent);
        absent.map(|response| markdown_to_plain_text(response.description)).unwrap_or_default()
    };
    let mut text = match ResultShape::of_operation(operation) {
        ResultShape::Pages => format!(
            "Items are printed as they arrive, one page after another. If the list ends early, the exit status is not 0 and \
             what was printed is valid; with `--output json` the array is then not closed, so that a part is not taken for \
             the complete list of {several}."
        ),
        ResultShape::Presence => {
            let absent = absent();
            let mut text = "Prints `true` if the service finds it (200), and `false` if it does not (404)".to_owned();
            let _ = if absent.is_empty() { write!(text, ".") } else { write!(text, ": {absent}") };
            text + " The exit status is 0 for both."
        }
        ResultShape::Value if command_takes_several_ids(operation) => format!(
            "Several IDs are fetched at the same time and printed as a list, in their order; with `-` they are read from standard \
             input: JSON, CSV with a column `id`, or words. An ID that cannot be fetched is reported, and the command continues; the exit status is \
             then 1. An error that would be the same for every {one} ends the command."
        ),
        ResultShape::List { .. } | ResultShape::Value => String::new(),
        ResultShape::Bytes => "The content is printed as it is received.".to_owned(),
        ResultShape::Nothing => "Prints nothing if the service accepts the request.".to_owned(),
    };
    if operation.responses.iter().any(|response| response.outcome == Outcome::Accepted) {
        text +=
            " If the operation goes on at the service (202), its `location` and `retryAfter` in seconds are printed.";
    }
    text.trim_start().to_owned()
}

/// Returns lines on who may call the operation, and where it is documented.
fn describe_access_and_documentation(operation: &Operation) -> String {
    let mut lines = Vec::new();
    if !operation.permissions.is_empty() {
        lines.push(format!("Permissions: {}", markdown_to_plain_text(operation.permissions)));
    }
    let credential = match operation.authentication {
        [Authentication::AppOnly] => Some("app-only"),
        [Authentication::AppUser] => Some("App+User"),
        [] => None,
        _ => Some("app-only or App+User"),
    };
    lines.extend(credential.map(|credential| format!("Credential: {credential}")));
    if (1..3).contains(&operation.clouds.len()) {
        let clouds: Vec<_> = operation.clouds.iter().map(|cloud| cloud_argument_value(*cloud)).collect();
        lines.push(format!("Clouds: {}", clouds.join(", ")));
    }
    lines.push(format!("Request: {} {}", operation.method, operation.path));
    lines.extend(operation.documentation.map(|link| format!("Documentation: {}, {}", link.title, link.url)));
    let mut text = lines.join("\n");
    if !operation.error_codes.is_empty() {
        text += "\n\nErrors (status, code):";
    }
    for code in operation.error_codes {
        let _ = write!(text, "\n  {} {}: {}", code.status, code.code, markdown_to_plain_text(code.description));
    }
    text
}

/// Returns the name of a cloud, as `--cloud` takes it.
pub(crate) fn cloud_argument_value(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::China => "china",
        Cloud::UsGovernment => "us-government",
        _ => "global",
    }
}

/// Returns the examples of the short and the complete help; each runs with `--emulator`.
pub(super) fn examples_section(operation: &Operation) -> String {
    let mut text = "Examples:".to_owned();
    for words in example_commands(operation).into_iter().chain(many_calls_examples(operation)) {
        let _ = write!(text, "\n  partner-center {words}");
    }
    text
}

/// Returns the examples of the commands that are most often performed many times.
fn many_calls_examples(operation: &Operation) -> Vec<String> {
    let examples = match operation.id {
        "listCustomers" => &["customers list --full --output csv --emulator"][..],
        "getCustomer" => &["customers get adatumlogistics0.onmicrosoft.com --emulator"],
        "listSubscriptions" => &[
            "subscriptions list --all-customers --output csv --emulator",
            "subscriptions list --all-customers --query '[].[customer.companyName, quantity]' --emulator",
            "subscriptions list --all-customers --journal nightly.journal -o jsonl --emulator > all.jsonl",
        ],
        "updateSubscription" => &["subscriptions update --customer aaaabbbb-0000-cccc-1111-dddd2222eeee \
             9e3258d1-19e2-4b05-bb0b-ffad62f208b8 --quantity 26 --dry-run --emulator"],
        _ => &[],
    };
    examples.iter().map(|&example| example.to_owned()).collect()
}

/// Returns the examples as they are typed, without the name of the program.
pub(crate) fn example_commands(operation: &Operation) -> Vec<String> {
    let mut arguments = String::new();
    for parameter in operation.parameters.iter().filter(|parameter| is_parameter_in_example(parameter)) {
        let value = quote_for_shell(parameter.example.unwrap_or("VALUE"));
        let _ = match parameter.is_positional {
            true => write!(arguments, " {value}"),
            // A value with a dash would be taken for a flag.
            false if value.starts_with('-') => write!(arguments, " --{}={value}", parameter.flag),
            false => write!(arguments, " --{} {value}", parameter.flag),
        };
    }
    // Any file will do as a part of a form.
    for part in non_json_form_parts(operation).filter(|part| part.is_required && is_file_part(part)) {
        let _ = write!(arguments, " --{} body.json", to_kebab_case(part.name));
    }
    let command = operation.command;
    let confirmed = if asks_before_sending_given_body(operation) { " --yes" } else { "" };
    match operation.body {
        Some(body) if has_example_body(operation) && body.is_required => vec![
            format!("{command} --example-body > body.json"),
            format!("{command}{arguments} --body body.json{confirmed} --emulator"),
        ],
        Some(body) if body.is_required && body.media_type != MediaType::Json => {
            vec![format!("{command}{arguments} --body FILE{confirmed} --emulator")]
        }
        _ => {
            let once = format!("{command}{arguments}{confirmed} --emulator");
            let is_list = matches!(ResultShape::of_operation(operation), ResultShape::Pages | ResultShape::List { .. });
            let other = is_list.then(|| format!("{once} --output csv"));
            let is_read = operation.method == Method::Get && ResultShape::of_operation(operation) == ResultShape::Value;
            let json = is_read.then(|| format!("{once} --output json"));
            [Some(once), other, json].into_iter().flatten().collect()
        }
    }
}

fn is_parameter_in_example(parameter: &Parameter) -> bool {
    parameter.is_required && parameter.default.is_none()
}

/// Quotes a word for a shell, if necessary.
fn quote_for_shell(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+/=:@,%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{first_sentence, markdown_to_plain_text, quote_for_shell, sentence_to_imperative};

    #[test]
    fn summary_becomes_imperative() {
        for (summary, about) in [
            ("Lists the users of a customer", "List the users of a customer"),
            ("Searches for it", "Search for it"),
            ("Applies it", "Apply it"),
            ("Gets", "Get"),
            ("Assess it", "Assess it"),
            ("Update it", "Update it"),
        ] {
            assert_eq!(sentence_to_imperative(summary), about);
        }
    }

    #[test]
    fn markdown_is_reduced_to_text() {
        let markdown =
            "See [Get a *customer*](https://x.example/a) and **do** `a [b](c)`,\nalways.\n\n- one\n- two\n\n## Title";
        assert_eq!(
            markdown_to_plain_text(markdown),
            "See Get a *customer* and do `a [b](c)`, always.\n\n- one\n- two\n\nTitle"
        );
        assert_eq!(markdown_to_plain_text("[unclosed](x"), "[unclosed](x");
    }

    #[test]
    fn first_sentence_ends_at_its_period() {
        assert_eq!(first_sentence("The size. It limits the page."), "The size");
        assert_eq!(
            first_sentence("A value, e.g. 1.5 or v1.0, is sent.\n\nMore."),
            "A value, e.g. 1.5 or v1.0, is sent"
        );
        assert_eq!(first_sentence(""), "");
    }

    #[test]
    fn words_are_quoted_for_shells() {
        assert_eq!(quote_for_shell("a@contoso.com"), "a@contoso.com");
        assert_eq!(quote_for_shell("it's"), r"'it'\''s'");
    }
}
