//! The options of commands that are performed many times: for all customers, for those of a file, or for several IDs.

use super::{
    InputFile, argument_values, is_flag_set, name, parse_input_file,
    tables::{ResultShape, command_takes_several_ids, customer_flag_parameter, is_read_only, path_in_examples},
};
use clap::{Arg, ArgAction, ArgMatches};
use partner_center_spec::Operation;
use std::path::PathBuf;

/// How a command is performed many times.
#[derive(Debug)]
pub(crate) struct BulkOptions {
    /// The customers, if it is performed for several.
    pub(crate) customers: Option<CustomerSelection>,
    /// The maximum number of calls at the same time.
    pub(crate) concurrency: usize,
    /// The file that says what is done.
    pub(crate) journal: Option<PathBuf>,
}

/// The customers that a command is performed for.
#[derive(Debug)]
pub(crate) enum CustomerSelection {
    /// All that the partner has.
    All,
    /// Those that a file names.
    OfFile(InputFile),
    /// Those of the list that the command prints, with all details.
    OfList,
}

pub(super) const ALL_CUSTOMERS_ARG: &str = "all-customers";
pub(super) const CUSTOMERS_ARG: &str = "customers";
/// The options of which one is given with those below.
const MANY_CALLS_GROUP: &str = "many calls";
const FULL_ARG: &str = "full";
const CONCURRENCY_ARG: &str = "concurrency";
const JOURNAL_ARG: &str = "journal";

const HELP_HEADING: &str = "Many calls";
const DEFAULT_CONCURRENCY: u16 = 8;
const MAX_CONCURRENCY: u16 = 128;

impl Default for BulkOptions {
    fn default() -> Self {
        Self { customers: None, concurrency: DEFAULT_CONCURRENCY.into(), journal: None }
    }
}

/// Whether the command can be performed for many customers: what it returns can be put together.
pub(crate) fn takes_many_customers(operation: &Operation) -> bool {
    customer_flag_parameter(operation).is_some() && ResultShape::of_operation(operation) != ResultShape::Bytes
}

/// Returns the names of the options that select customers, if the command has them.
pub(super) fn customer_selection_arg_names(operation: &Operation) -> &'static [&'static str] {
    if takes_many_customers(operation) { &[ALL_CUSTOMERS_ARG, CUSTOMERS_ARG] } else { &[] }
}

/// Returns the options of a command that can be performed many times.
pub(super) fn build_bulk_options(operation: &Operation) -> Vec<Arg> {
    let mut options = Vec::new();
    if takes_many_customers(operation) {
        options.extend([
            Arg::new(ALL_CUSTOMERS_ARG)
                .long(ALL_CUSTOMERS_ARG)
                .action(ArgAction::SetTrue)
                .conflicts_with(CUSTOMERS_ARG)
                .group(MANY_CALLS_GROUP)
                .help("Do it for each customer; what is printed has the customer, as customer.id and customer.companyName"),
            Arg::new(CUSTOMERS_ARG)
                .long(CUSTOMERS_ARG)
                .value_name("FILE")
                .value_parser(parse_input_file)
                .group(MANY_CALLS_GROUP)
                .help(
                    "Do it for each customer that a file or standard input (`-`) names: IDs or domains, or what `customers list` \
                     printed as csv, json or jsonl",
                ),
        ]);
    } else if is_customer_list(operation) {
        options.push(
            Arg::new(FULL_ARG)
                .long(FULL_ARG)
                .group(MANY_CALLS_GROUP)
                .action(ArgAction::SetTrue)
                .help("Get each customer with all details, which lists do not have: one more request for each"),
        );
    } else if !command_takes_several_ids(operation) {
        return options;
    }
    let mut more = [
        Arg::new(CONCURRENCY_ARG)
            .long(CONCURRENCY_ARG)
            .value_name("N")
            .value_parser(clap::value_parser!(u16).range(1..=i64::from(MAX_CONCURRENCY)))
            .help(format!(
                "Maximum number of calls at the same time, 1 to {MAX_CONCURRENCY} [default: {DEFAULT_CONCURRENCY}]"
            )),
        Arg::new(JOURNAL_ARG)
            .long(JOURNAL_ARG)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .conflicts_with_all([name::DRY_RUN_ARG, name::CURL_ARG])
            .help(journal_help(operation)),
    ];
    if !command_takes_several_ids(operation) {
        more = more.map(|option| option.requires(MANY_CALLS_GROUP));
    }
    options.extend(more);
    options.into_iter().map(|option| option.help_heading(HELP_HEADING)).collect()
}

fn journal_help(operation: &Operation) -> String {
    let mut help =
        "File that says what is done, and keeps its output: the same command continues where it was stopped, and prints everything"
            .to_owned();
    if is_read_only(operation) {
        help += "; if the journal is older than 12 hours, everything is read again";
    }
    help
}

/// Whether the operation lists the partner's customers.
pub(crate) fn is_customer_list(operation: &Operation) -> bool {
    operation.id == "listCustomers"
}

/// Returns the operation that gets a customer with all details, as `--full` does for each customer of `list`.
pub(crate) fn get_customer_operation(list: &'static Operation) -> &'static Operation {
    partner_center_spec::operation("getCustomer").unwrap_or(list)
}

/// Returns the beginning of a path that customers have and lists of them leave out, by the examples of the documentation.
pub(crate) fn prefix_not_in_list<'a>(list: &'static Operation, path: &'a str) -> Option<&'a str> {
    let complete = get_customer_operation(list);
    let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
    ends.map(|end| &path[..end]).find(|prefix| path_in_examples(complete, prefix) && !path_in_examples(list, prefix))
}

impl BulkOptions {
    pub(super) fn from_matches(matches: &ArgMatches) -> Self {
        let file = argument_values(matches, CUSTOMERS_ARG).pop().map(CustomerSelection::OfFile);
        let all = is_flag_set(matches, ALL_CUSTOMERS_ARG).then_some(CustomerSelection::All);
        let list = is_flag_set(matches, FULL_ARG).then_some(CustomerSelection::OfList);
        let concurrency = argument_values::<u16>(matches, CONCURRENCY_ARG).pop().unwrap_or(DEFAULT_CONCURRENCY);
        Self {
            customers: file.or(all).or(list),
            concurrency: concurrency.into(),
            journal: argument_values(matches, JOURNAL_ARG).pop(),
        }
    }

    /// Whether each item is printed with its customer.
    pub(crate) fn prints_customers(&self) -> bool {
        matches!(self.customers, Some(CustomerSelection::All | CustomerSelection::OfFile(_)))
    }
}
