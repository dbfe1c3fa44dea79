//! The commands of the service's operations, built from the tables of the specification.
//!
//! `partner-center RESOURCE VERB [ID]... [--FLAG VALUE]...`: parameters of the path that identify the resource are arguments,
//! all others are flags, and so are the scalar fields of a body. What two operations have beyond the tables is in
//! [`customers`].

pub(crate) mod bulk;
mod call_options;
pub(crate) mod customers;
pub(crate) mod fields;
pub(crate) mod help;
pub(crate) mod naming;
mod passwords;
pub(crate) mod tables;
pub(crate) mod value;

pub(crate) use call_options::{CallOptions, TimeFormat};
pub(crate) use passwords::PasswordOptions;

use bulk::{CustomerSelection, takes_many_customers};
use call_options::build_call_options;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, builder::NonEmptyStringValueParser, error::ErrorKind};
use clap_complete::ArgValueCompleter;
use naming::{RESERVED_FLAGS, ResourceNoun, to_kebab_case};
use partner_center_spec::{MediaType, Method, OPERATIONS, Operation, Parameter, ParameterStyle, Property, Type};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};
use tables::{
    asks_before_sending, body_object_schema, caller_settable_parameters, command_takes_several_ids, etag_parameter,
    has_etag_in_body, has_example_body, id_path_parameter, is_customer_id, json_body_or_part_type, non_json_form_parts,
    operation_that_reads_resource, page_size_parameter,
};
use value::{SchemaValueParser, is_scalar_type};

/// A command to call an operation, as it was given.
#[derive(Debug)]
pub(crate) struct OperationCall {
    pub(crate) operation: &'static Operation,
    /// The values of parameters, without those that were not given.
    pub(crate) parameters: Vec<(&'static Parameter, Vec<String>)>,
    /// The IDs, if the command takes several.
    pub(crate) ids: Vec<IdArg>,
    pub(crate) body: BodyArguments,
    pub(crate) options: CallOptions,
}

/// An ID that a command takes several of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IdArg {
    Id(String),
    /// `-`: all IDs of standard input.
    Stdin,
}

/// A file that is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InputFile {
    Path(PathBuf),
    /// `-`
    Stdin,
    /// Text in place of a file, from an assistant.
    Inline(String),
}

/// The body of a request, as it was given.
#[derive(Debug, Default)]
pub(crate) struct BodyArguments {
    /// The complete body; of a form, its JSON part.
    pub(crate) file: Option<InputFile>,
    /// Changes to it, in their order: the path of a field, and its value.
    pub(crate) changes: Vec<(String, FieldValue)>,
    /// The other parts of a form, by their names.
    pub(crate) parts: Vec<(&'static Property, Vec<String>)>,
}

/// The value of a field on the command line.
#[derive(Debug)]
pub(crate) enum FieldValue {
    Text(String),
    /// JSON, from an assistant.
    Json(String),
    /// The content of a file.
    File(InputFile),
    /// The content of a file that was read.
    Content(String),
    /// `null`
    Null,
}

/// Returns the word that names the command, if it is the name of one: the first that is neither an option nor its value.
pub(super) fn find_command_word<'a>(words: &'a [OsString], options: &[Arg]) -> Option<&'a str> {
    let takes_value = |word: &str| {
        let is_named = |option: &&Arg| match word.strip_prefix("--") {
            Some(long) => option.get_long() == Some(long),
            None => word.len() == 2 && option.get_short() == word.chars().nth(1),
        };
        options.iter().find(is_named).is_some_and(|option| option.get_action().takes_values())
    };
    let mut words = words.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            if takes_value(word) {
                words.next();
            }
        } else if word != "help" {
            return Some(word);
        }
    }
    None
}

/// Returns the commands of all resources, or of the one that is named; with the verbs and arguments that `words` name.
pub(super) fn build_resource_commands(words: CommandLineWords<'_>) -> Vec<Command> {
    let mut resources: BTreeMap<&str, Vec<&'static Operation>> = BTreeMap::new();
    for operation in OPERATIONS {
        resources.entry(operation.command.resource).or_default().push(operation);
    }
    if let CommandLineWords::Some { command: Some(name), .. } = words
        && resources.contains_key(name)
    {
        resources.retain(|resource, _| *resource == name);
    }
    resources.into_iter().map(|(name, operations)| build_resource_command(name, &operations, words)).collect()
}

/// The words of a command line, which say what must be built.
#[derive(Clone, Copy)]
pub(crate) enum CommandLineWords<'a> {
    /// These words, and the one of them that names the command.
    Some { words: &'a [OsString], command: Option<&'a str> },
    /// Everything is built.
    All,
}

impl CommandLineWords<'_> {
    fn may_contain_word(self, name: &str) -> bool {
        match self {
            Self::Some { words, .. } => words.iter().any(|word| word == OsStr::new(name)),
            Self::All => true,
        }
    }
}

fn build_resource_command(
    name: &'static str,
    operations: &[&'static Operation],
    words: CommandLineWords<'_>,
) -> Command {
    let noun = ResourceNoun::new(name);
    // All resources come before the other commands, sorted by name.
    let command = Command::new(name)
        .about(resource_command_about(name, operations))
        .display_order(0)
        .subcommand_required(true)
        .arg_required_else_help(true);
    if !words.may_contain_word(name) {
        return command;
    }
    let mut examples = "Examples:".to_owned();
    for operation in operations {
        if let Some(example) = help::example_commands(operation).first() {
            examples = format!("{examples}\n  partner-center {example}");
        }
    }
    let verbs = operations.iter().map(|operation| build_verb_command(operation, noun, words));
    command.subcommands(verbs).after_help(examples)
}

/// Returns the verbs of a resource as a sentence: `Get and update billing profiles`.
fn resource_command_about(name: &str, operations: &[&Operation]) -> String {
    let verbs: Vec<_> = operations.iter().map(|operation| operation.command.verb.replace('-', " ")).collect();
    let words = name.replace('-', " ");
    let mut about = match &verbs[..] {
        [verbs @ .., last] if !verbs.is_empty() => format!("{} and {last} {words}", verbs.join(", ")),
        verbs => format!("{} {words}", verbs.concat()),
    };
    if let Some(first) = about.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    about
}

fn build_verb_command(operation: &'static Operation, noun: ResourceNoun, words: CommandLineWords<'_>) -> Command {
    let mut command = Command::new(operation.command.verb).about(help::command_about(operation));
    if !words.may_contain_word(operation.command.verb) {
        return command;
    }
    command = command.long_about(help::command_long_about(operation));
    if command_takes_several_ids(operation) {
        command = command.args(id_path_parameter(operation).map(build_ids_argument));
    }
    for parameter in caller_settable_parameters(operation) {
        if !is_repeatable_id_parameter(operation, parameter) {
            command = command.arg(build_parameter_argument(operation, parameter, noun));
        }
    }
    command = command.args(build_body_arguments(operation)).args(build_call_options(operation, noun));
    command = command
        .after_help(help::examples_section(operation))
        .after_long_help(help::command_after_help(operation, noun));
    customers::add_filter_options(operation, command)
}

fn is_repeatable_id_parameter(operation: &Operation, parameter: &Parameter) -> bool {
    parameter.is_positional && command_takes_several_ids(operation)
}

/// The names of the arguments that operations have in common.
mod name {
    pub(super) const IDS_ARG: &str = "ids";
    pub(super) const BODY_ARG: &str = "body";
    pub(super) const SET_ARG: &str = "set";
    pub(super) const SET_FILE_ARG: &str = "set-file";
    pub(super) const CLEAR_ARG: &str = "clear";
    pub(super) const EXAMPLE_BODY_ARG: &str = "example-body";
    pub(super) const DRY_RUN_ARG: &str = "dry-run";
    pub(super) const CURL_ARG: &str = "curl";
    pub(super) const YES_ARG: &str = "yes";
    pub(super) const LIMIT_ARG: &str = "limit";
    pub(super) const COLUMNS_ARG: &str = "columns";
    pub(super) const QUERY_ARG: &str = "query";
    pub(super) const TIME_ARG: &str = "time";
    pub(super) const PAGE_SIZE_ARG: &str = "page-size";
}

fn build_ids_argument(parameter: &'static Parameter) -> Arg {
    let help = format!("{}; `-` reads them from standard input", help::first_sentence(parameter.description));
    let parser = SchemaValueParser::for_parameter(parameter);
    let value_name = if is_customer_id(parameter) { "ID|DOMAIN" } else { "ID" };
    let argument = Arg::new(name::IDS_ARG).value_name(value_name).required(true).num_args(1..);
    add_customer_completer(argument.value_parser(IdArgParser(parser)).help(help), parameter)
}

/// Has shells complete the customers that were listed last, if the argument is the ID of a customer.
fn add_customer_completer(argument: Arg, parameter: &Parameter) -> Arg {
    if is_customer_id(parameter) {
        argument.add(ArgValueCompleter::new(crate::customer_names::complete_customer))
    } else {
        argument
    }
}

/// Parses an ID or `-`.
#[derive(Clone, Copy, Debug)]
struct IdArgParser(SchemaValueParser);

impl clap::builder::TypedValueParser for IdArgParser {
    type Value = IdArg;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<IdArg, clap::Error> {
        if value == OsStr::new("-") {
            return Ok(IdArg::Stdin);
        }
        self.0.parse_ref(command, argument, value).map(IdArg::Id)
    }
}

fn parameter_argument_id(parameter: &Parameter) -> String {
    format!("parameter {}", parameter.name)
}

fn build_parameter_argument(operation: &'static Operation, parameter: &'static Parameter, noun: ResourceNoun) -> Arg {
    let parser = SchemaValueParser::for_parameter(parameter);
    let mut argument = Arg::new(parameter_argument_id(parameter)).value_parser(parser);
    argument = add_customer_completer(argument, parameter);
    let minimum = parameter.constraints.client_minimum();
    let is_size = page_size_parameter(operation).is_some_and(|size| size.name == parameter.name);
    let takes_etag_from_body =
        has_etag_in_body(operation) && etag_parameter(operation).is_some_and(|etag| etag.name == parameter.name);
    argument = if is_size {
        let range = match (minimum, parameter.constraints.maximum) {
            (Some(minimum), Some(maximum)) => format!(", {minimum} to {maximum}"),
            _ => String::new(),
        };
        let help = format!("Maximum number of {} per page{range} [default: that of the service]", noun.plural());
        argument.long(name::PAGE_SIZE_ARG).value_name("N").help(help)
    } else {
        let mut help = help::argument_help_from_markdown(parameter.description);
        if takes_etag_from_body {
            help = format!("{} [default: `attributes.etag` of the file of --body]", help.trim_end_matches('.'));
        }
        if let (Some(minimum), Some(maximum)) = (minimum, parameter.constraints.maximum) {
            help = format!("{} [{minimum} to {maximum}]", help.trim_end_matches('.'));
        }
        let short = help::first_sentence(parameter.description);
        if short != help && help.contains(". ") {
            argument = argument.long_help(help.clone());
            help = short;
        }
        argument.help(help)
    };
    if parameter.is_positional {
        argument = argument.value_name(positional_value_name(parameter, noun));
    } else if !is_size {
        let last_word = parameter.flag.rsplit('-').next().unwrap_or(parameter.flag);
        argument =
            argument.long(parameter.flag).value_name(parser.value_placeholder(last_word)).allow_negative_numbers(true);
    }
    if let ParameterStyle::Exploded | ParameterStyle::CommaSeparated = parameter.style {
        argument = argument.action(ArgAction::Append);
        if parameter.style == ParameterStyle::CommaSeparated {
            argument = argument.value_delimiter(',');
        }
    }
    match parameter.default {
        Some(default) => argument.default_value(default),
        None if !parameter.is_required => argument,
        None if !parameter.is_positional && is_customer_id(parameter) && takes_many_customers(operation) => {
            let alternatives = [bulk::ALL_CUSTOMERS_ARG, bulk::CUSTOMERS_ARG];
            let argument = argument.conflicts_with_all(alternatives);
            let example = has_example_body(operation).then_some(name::EXAMPLE_BODY_ARG);
            argument.required_unless_present_any(alternatives.into_iter().chain(example))
        }
        // It is that of what is read, or of the file.
        None if takes_etag_from_body && operation_that_reads_resource(operation).is_some() => argument,
        None if takes_etag_from_body => argument.required_unless_present_any([name::BODY_ARG, name::EXAMPLE_BODY_ARG]),
        None if has_example_body(operation) => argument.required_unless_present(name::EXAMPLE_BODY_ARG),
        None => argument.required(true),
    }
}

fn positional_value_name(parameter: &Parameter, noun: ResourceNoun) -> String {
    if is_customer_id(parameter) {
        return "ID|DOMAIN".to_owned();
    }
    let is_own_id = parameter.flag == "id" || parameter.flag.replace('-', " ") == noun.singular();
    if is_own_id { "ID".to_owned() } else { parameter.flag.to_ascii_uppercase() }
}

/// The fields of a body that have flags of their own.
fn fields_with_flags(operation: &'static Operation) -> impl Iterator<Item = (&'static Property, String)> {
    let properties = body_object_schema(operation).map_or(&[][..], |object| object.properties);
    properties.iter().filter_map(|property| {
        let flag = to_kebab_case(property.name);
        let is_taken = RESERVED_FLAGS.contains(&flag.as_str())
            || operation.parameters.iter().any(|parameter| parameter.flag == flag && !parameter.is_positional)
            || non_json_form_parts(operation).any(|part| to_kebab_case(part.name) == flag);
        // A secret is not given on the command line, which other programs can read.
        let has_flag = is_scalar_type(property.value) && !property.value.is_secret() && !property.is_read_only;
        (has_flag && !is_taken).then_some((property, flag))
    })
}

const BODY_HELP_HEADING: &str = "Request body";

fn build_body_arguments(operation: &'static Operation) -> Vec<Arg> {
    let Some(body) = operation.body else { return Vec::new() };
    let file = Arg::new(name::BODY_ARG)
        .long(name::BODY_ARG)
        .value_name("FILE")
        .value_parser(parse_input_file)
        .value_hint(ValueHint::FilePath)
        .help_heading(BODY_HELP_HEADING);
    let mut arguments = Vec::new();
    if json_body_or_part_type(operation).is_some() {
        arguments.push(
            file.help("Complete body as JSON, from a file or from standard input (`-`); the options below change it"),
        );
        for (property, flag) in fields_with_flags(operation) {
            arguments.push(build_field_argument(property, &flag));
        }
        arguments.extend([
            Arg::new(name::SET_ARG)
                .long(name::SET_ARG)
                .value_name("PATH=VALUE")
                .action(ArgAction::Append)
                .value_parser(parse_field_assignment)
                .help(
                    "Set a field, such as address.city=Bergen; a number in the path is a position in a list, such as \
                     items.0.quantity=3. An object is JSON, and so is a list, to which a single value is added. May be given \
                     several times",
                ),
            Arg::new(name::SET_FILE_ARG)
                .long(name::SET_FILE_ARG)
                .value_name("PATH=FILE")
                .action(ArgAction::Append)
                .value_parser(parse_field_assignment)
                .help("Set a field to the content of a file or of standard input (`-`), such as a secret"),
            Arg::new(name::CLEAR_ARG)
                .long(name::CLEAR_ARG)
                .value_name("PATH")
                .action(ArgAction::Append)
                .value_parser(NonEmptyStringValueParser::new())
                .help("Set a field to null, which clears it"),
        ]);
    } else if body.media_type != MediaType::Multipart {
        let file = file.required(body.is_required);
        arguments.push(file.help("Content to send, from a file or from standard input (`-`)"));
    }
    arguments.extend(non_json_form_parts(operation).map(build_form_part_argument));
    if has_example_body(operation) {
        arguments.push(
            Arg::new(name::EXAMPLE_BODY_ARG)
                .long(name::EXAMPLE_BODY_ARG)
                .action(ArgAction::SetTrue)
                .help("Print an example of the body, to be changed and given with --body; nothing is sent"),
        );
    }
    arguments.into_iter().map(|argument| argument.help_heading(BODY_HELP_HEADING)).collect()
}

fn build_field_argument(property: &'static Property, flag: &str) -> Arg {
    let parser = SchemaValueParser::new(property.value);
    let last_word = flag.rsplit('-').next().unwrap_or(flag);
    let mut help = help::first_sentence(property.description);
    if property.is_required {
        help += " [required]";
    }
    if property.deprecated.is_some() {
        help += " (deprecated)";
    }
    Arg::new(field_argument_id(property))
        .long(flag.to_owned())
        .value_name(parser.value_placeholder(last_word))
        .allow_negative_numbers(true)
        .value_parser(parser)
        .help(help)
}

fn field_argument_id(property: &Property) -> String {
    format!("field {}", property.name)
}

fn build_form_part_argument(part: &'static Property) -> Arg {
    let argument =
        Arg::new(field_argument_id(part)).long(to_kebab_case(part.name)).help(help::first_sentence(part.description));
    let argument = if part.is_required { argument.required_unless_present(name::EXAMPLE_BODY_ARG) } else { argument };
    match part.value {
        Type::Binary => argument.value_name("FILE"),
        Type::List(Type::Binary) => argument.value_name("FILE").action(ArgAction::Append),
        value if is_scalar_type(value) => argument.value_name("VALUE").value_parser(SchemaValueParser::new(value)),
        _ => argument.value_name("JSON"),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap expects a result of a parser")]
pub(super) fn parse_input_file(text: &str) -> Result<InputFile, std::convert::Infallible> {
    Ok(match text {
        "-" => InputFile::Stdin,
        path => InputFile::Path(path.into()),
    })
}

fn parse_field_assignment(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => Ok((path.trim().to_owned(), value.to_owned())),
        _ => Err("it must be the path of a field, `=`, and its value"),
    }
}

impl OperationCall {
    /// Reads the call that the command line names, if it is one.
    pub(super) fn from_matches(matches: &ArgMatches) -> Result<Option<Self>, clap::Error> {
        let Some((resource, matches)) = matches.subcommand() else { return Ok(None) };
        let Some((verb, matches)) = matches.subcommand() else { return Ok(None) };
        let is_named =
            |operation: &&Operation| operation.command.resource == resource && operation.command.verb == verb;
        let Some(operation) = OPERATIONS.iter().find(is_named) else { return Ok(None) };
        let mut call = Self {
            operation,
            parameters: Vec::new(),
            ids: argument_values(matches, name::IDS_ARG),
            body: BodyArguments::from_matches(operation, matches),
            options: CallOptions::from_matches(matches),
        };
        for parameter in caller_settable_parameters(operation) {
            let values: Vec<String> = argument_values(matches, &parameter_argument_id(parameter));
            if !values.is_empty() {
                call.parameters.push((parameter, values));
            }
        }
        customers::set_filter_from_options(&mut call, matches);
        if call.stdin_argument_count() > 1 {
            let problem = "the argument '-' cannot be used multiple times: there is one standard input";
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, problem));
        }
        Ok(Some(call))
    }

    /// Returns how often `-` is among the arguments; standard input can be read only once.
    fn stdin_argument_count(&self) -> usize {
        let changes = self.body.changes.iter().map(|(_, value)| value);
        self.ids.iter().filter(|id| **id == IdArg::Stdin).count()
            + usize::from(self.body.file == Some(InputFile::Stdin))
            + usize::from(matches!(self.options.bulk.customers, Some(CustomerSelection::OfFile(InputFile::Stdin))))
            + changes.filter(|value| matches!(value, FieldValue::File(InputFile::Stdin))).count()
    }

    /// Whether IDs are read from standard input.
    pub(crate) fn reads_ids_from_stdin(&self) -> bool {
        self.ids.contains(&IdArg::Stdin)
            || matches!(self.options.bulk.customers, Some(CustomerSelection::OfFile(InputFile::Stdin)))
    }

    /// Returns the ID, if the command takes several and has one.
    pub(crate) fn single_id(&self) -> Option<&str> {
        match &self.ids[..] {
            [IdArg::Id(id)] => Some(id),
            _ => None,
        }
    }

    /// Whether a person may be asked before the request is sent.
    pub(crate) fn may_need_confirmation(&self) -> bool {
        let is_write_for_many = self.options.bulk.customers.is_some() && self.operation.method != Method::Get;
        !self.options.is_confirmed && (asks_before_sending(self.operation) || is_write_for_many)
    }

    /// Returns the noun of what the command returns.
    pub(crate) fn result_resource_noun(&self) -> ResourceNoun {
        ResourceNoun::new(self.operation.command.resource)
    }
}

impl BodyArguments {
    fn from_matches(operation: &'static Operation, matches: &ArgMatches) -> Self {
        let mut changes = Vec::new();
        for (property, _) in fields_with_flags(operation) {
            let values: Vec<String> = argument_values(matches, &field_argument_id(property));
            changes.extend(values.into_iter().map(|value| (property.name.to_owned(), FieldValue::Text(value))));
        }
        let assignments = |name| argument_values::<(String, String)>(matches, name).into_iter();
        changes.extend(assignments(name::SET_ARG).map(|(path, value)| (path, FieldValue::Text(value))));
        changes.extend(assignments(name::SET_FILE_ARG).map(|(path, file)| {
            let Ok(file) = parse_input_file(&file);
            (path, FieldValue::File(file))
        }));
        changes.extend(
            argument_values::<String>(matches, name::CLEAR_ARG).into_iter().map(|path| (path, FieldValue::Null)),
        );
        let parts =
            non_json_form_parts(operation).map(|part| (part, argument_values(matches, &field_argument_id(part))));
        Self {
            file: argument_values(matches, name::BODY_ARG).pop(),
            changes,
            parts: parts.filter(|(_, values)| !values.is_empty()).collect(),
        }
    }
}

/// Returns the values of an argument that the command may not have.
fn argument_values<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Vec<T> {
    matches.try_get_many(name).ok().flatten().map(|values| values.cloned().collect()).unwrap_or_default()
}

fn is_flag_set(matches: &ArgMatches, name: &str) -> bool {
    matches.try_get_one::<bool>(name).ok().flatten().copied().unwrap_or_default()
}
