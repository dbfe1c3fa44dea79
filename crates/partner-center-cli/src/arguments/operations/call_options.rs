//! Options of operations that say how they are performed and printed.

use super::{
    PasswordOptions, argument_values,
    bulk::{self, BulkOptions, build_bulk_options, takes_many_customers},
    fields::ColumnParser,
    is_flag_set, name,
    naming::ResourceNoun,
    passwords::build_password_options,
    tables::{ResultShape, asks_before_sending, operation_that_reads_resource},
};
use crate::arguments::parse_positive_number;
use clap::{Arg, ArgAction, ArgMatches, ValueEnum};
use partner_center_spec::{Method, Operation};

/// Options of operations that say how they are performed and printed.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct CallOptions {
    /// The columns of a table; those of the specification if there are none.
    pub(crate) columns: Vec<String>,
    /// A `JMESPath` expression over the output.
    pub(crate) query: Option<String>,
    /// How dates with times are printed.
    pub(crate) time: TimeFormat,
    /// The maximum number of items.
    pub(crate) limit: Option<u32>,
    pub(crate) is_dry_run: bool,
    /// Whether the request is printed as a command of `curl`, in place of being sent.
    pub(crate) is_curl: bool,
    pub(crate) is_confirmed: bool,
    pub(crate) shows_example_body: bool,
    pub(crate) password: PasswordOptions,
    pub(crate) bulk: BulkOptions,
}

/// How dates with times are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimeFormat {
    /// As the service sends them, in UTC for the most part
    #[default]
    AsReceived,
    /// In UTC
    Utc,
    /// In the time zone of this machine (or of the variable TZ)
    Local,
}

pub(super) fn build_call_options(operation: &'static Operation, noun: ResourceNoun) -> Vec<Arg> {
    let mut options = Vec::new();
    let shape = ResultShape::of_operation(operation);
    if let ResultShape::Pages | ResultShape::List { .. } = shape {
        let help = format!("Maximum number of {} to print, at least 1", noun.plural());
        let pages = if shape == ResultShape::Pages { "; no further pages are requested" } else { "" };
        options.push(
            Arg::new(name::LIMIT_ARG)
                .long(name::LIMIT_ARG)
                .value_name("N")
                .value_parser(parse_positive_number)
                .conflicts_with_all(bulk::customer_selection_arg_names(operation))
                .help(help + pages),
        );
    }
    if let ResultShape::Pages | ResultShape::List { .. } | ResultShape::Value = shape {
        options.push(
            Arg::new(name::COLUMNS_ARG)
                .long(name::COLUMNS_ARG)
                .value_name("A,B.C")
                .value_delimiter(',')
                .value_parser(ColumnParser(operation))
                .help("Columns of every format: paths of fields, such as id,address.city; `help` prints the fields there are"),
        );
        options.push(
            Arg::new(name::QUERY_ARG)
                .long(name::QUERY_ARG)
                .value_name("JMESPATH")
                .value_parser(crate::output::check_query)
                .help("JMESPath expression over the complete output; < and > compare numbers only"),
        );
        options.push(
            Arg::new(name::TIME_ARG)
                .long(name::TIME_ARG)
                .value_name("ZONE")
                .value_parser(clap::value_parser!(TimeFormat))
                .help("Time zone of dates with times [default: as-received]"),
        );
    }
    options.push(
        Arg::new(name::DRY_RUN_ARG)
            .long(name::DRY_RUN_ARG)
            .action(ArgAction::SetTrue)
            .conflicts_with(name::CURL_ARG)
            .help(if operation_that_reads_resource(operation).is_some() {
                "Print the difference and the request, without the token, and do not send it"
            } else {
                "Print the request, without the token, and do not send it"
            }),
    );
    options.push(
        Arg::new(name::CURL_ARG)
            .long(name::CURL_ARG)
            .action(ArgAction::SetTrue)
            .help("Print the request as a command of curl, with the token in a variable, and do not send it"),
    );
    options.extend(build_bulk_options(operation));
    options.extend(build_password_options(operation));
    if asks_before_sending(operation) || (takes_many_customers(operation) && operation.method != Method::Get) {
        options.push(
            Arg::new(name::YES_ARG)
                .long(name::YES_ARG)
                .action(ArgAction::SetTrue)
                .help("Do not ask before sending the request"),
        );
    }
    options
}

impl CallOptions {
    pub(super) fn from_matches(matches: &ArgMatches) -> Self {
        Self {
            columns: argument_values(matches, name::COLUMNS_ARG),
            query: argument_values(matches, name::QUERY_ARG).pop(),
            time: argument_values(matches, name::TIME_ARG).pop().unwrap_or_default(),
            limit: argument_values(matches, name::LIMIT_ARG).pop(),
            is_dry_run: is_flag_set(matches, name::DRY_RUN_ARG),
            is_curl: is_flag_set(matches, name::CURL_ARG),
            is_confirmed: is_flag_set(matches, name::YES_ARG),
            shows_example_body: is_flag_set(matches, name::EXAMPLE_BODY_ARG),
            password: PasswordOptions::from_matches(matches),
            bulk: BulkOptions::from_matches(matches),
        }
    }
}
