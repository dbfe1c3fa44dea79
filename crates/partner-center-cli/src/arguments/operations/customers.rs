//! What `customers list` has beyond the tables: a filter as options, in place of the JSON that the service expects.

use super::{OperationCall, bulk::is_customer_list};
use crate::arguments::parse_guid;
use clap::{Arg, ArgGroup, ArgMatches, Command, builder::NonEmptyStringValueParser};
use partner_center::CustomerFilter;
use partner_center_spec::Operation;
use serde_json::Value;
use uuid::Uuid;

/// The parameter that the options stand for.
const FILTER_PARAMETER: &str = "filter";

/// Adds the options of the filter to the command of the list.
pub(super) fn add_filter_options(operation: &Operation, command: Command) -> Command {
    if !is_customer_list(operation) {
        return command;
    }
    let prefix = |name, help| {
        Arg::new(name).long(name).value_name("PREFIX").value_parser(NonEmptyStringValueParser::new()).help(help)
    };
    command
        .mut_args(|argument| if argument.get_long() == Some(FILTER_PARAMETER) { argument.hide(true) } else { argument })
        .args([
            prefix("company-name", "Only customers whose company name starts with this, in any case"),
            prefix("domain", "Only customers whose default domain starts with this, in any case"),
            Arg::new("indirect-reseller")
                .long("indirect-reseller")
                .value_name("GUID")
                .value_parser(parse_guid)
                .help("Only customers of the indirect reseller with this tenant ID"),
        ])
        .group(ArgGroup::new("filter options").args(["company-name", "domain", "indirect-reseller"]).multiple(false))
}

/// Whether a call lists the customers whose default domain begins with something.
pub(crate) fn filters_by_domain(call: &OperationCall) -> bool {
    let filter = call.parameters.iter().find(|(parameter, _)| parameter.name == FILTER_PARAMETER);
    let filter = filter.and_then(|(_, values)| serde_json::from_str::<Value>(values.first()?).ok());
    is_customer_list(call.operation) && filter.is_some_and(|filter| filter["Field"] == "Domain")
}

/// Sets the filter of the options.
pub(super) fn set_filter_from_options(call: &mut OperationCall, matches: &ArgMatches) {
    if !is_customer_list(call.operation) {
        return;
    }
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let filter = text("company-name")
        .map(CustomerFilter::company_name)
        .or_else(|| text("domain").map(CustomerFilter::domain))
        .or_else(|| matches.get_one::<Uuid>("indirect-reseller").copied().map(CustomerFilter::indirect_reseller));
    let parameter = call.operation.parameters.iter().find(|parameter| parameter.name == FILTER_PARAMETER);
    if let (Some(filter), Some(parameter)) = (filter, parameter) {
        // A filter has only strings, so that it can be serialized.
        let json = serde_json::to_string(&filter).unwrap_or_default();
        call.parameters.retain(|(given, _)| given.name != FILTER_PARAMETER);
        call.parameters.push((parameter, vec![json]));
    }
}
