use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(crate) enum CustomersCommand {
    /// List all customers, or those that match a filter
    #[command(after_help = "\
Customers are printed as they arrive, one page after another. If the list ends early, the exit status is 1 and what was \
printed is valid; with `--output json` the array is then not closed, so that a part is not taken for the complete list.

Examples:
  partner-center customers list --emulator
  partner-center customers list --limit 10
  partner-center customers list --domain contoso --output jsonl
  partner-center customers list --indirect-reseller 484e548c-f5f3-4528-93a9-c16c6373cb59")]
    List(List),
    /// Get customers by their IDs, with all fields that you have access to
    #[command(after_help = "\
Fields without access are absent. One customer is shown in full; as a table without links and attributes, which \
`--output json` has. Several are printed as a list, in the order of their IDs.

Standard input may be the output of `customers list` as csv, json or jsonl, or any CSV with a column `id`; or else IDs that \
are separated by blanks, commas or line ends, with comments after `#`. A customer that cannot be fetched is reported, and the \
command continues; the exit status is then 1. An error that would be the same for every customer, such as a rejected token, \
ends the command.

With several IDs, the command waits up to 5 minutes if the service requests it (`Retry-After`).

Examples:
  partner-center customers get b44bb1fb-c595-45b0-9e09-d657365580bf --emulator
  partner-center customers get b44bb1fb-c595-45b0-9e09-d657365580bf --output json
  partner-center customers get - --output csv < ids.txt > customers.csv
  partner-center customers list --output csv | partner-center customers get - --output jsonl")]
    Get {
        /// IDs of customers, as `customers list` prints them; `-` reads them from standard input
        #[arg(value_name = "ID", required = true, value_parser = id_arg)]
        ids: Vec<IdArg>,
    },
}

impl CustomersCommand {
    /// Returns how often `-` is among the arguments; standard input can be read only once.
    pub(crate) fn stdin_count(&self) -> usize {
        match self {
            Self::List(_) => 0,
            Self::Get { ids } => ids.iter().filter(|id| **id == IdArg::Stdin).count(),
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Maximum number of customers per page, 1 to 500 [default: that of the service]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=500))]
    pub(crate) page_size: Option<i32>,
    /// Maximum number of customers to print, at least 1; no further pages are requested
    #[arg(long, value_name = "N", value_parser = super::positive_number)]
    pub(crate) limit: Option<u32>,
    #[command(flatten)]
    pub(crate) filter: Filter,
}

#[derive(Args, Debug)]
#[group(multiple = false)]
pub(crate) struct Filter {
    /// Only customers whose company name starts with this, in any case
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) company_name: Option<String>,
    /// Only customers whose default domain starts with this, in any case
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) domain: Option<String>,
    /// Only customers of the indirect reseller with this tenant ID
    #[arg(long, value_name = "GUID", value_parser = super::parse_guid)]
    pub(crate) indirect_reseller: Option<Uuid>,
}

/// An argument of `customers get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdArg {
    /// A customer ID.
    Id(Uuid),
    /// `-`: all IDs of standard input.
    Stdin,
}

fn id_arg(text: &str) -> Result<IdArg, &'static str> {
    match text {
        "-" => Ok(IdArg::Stdin),
        _ => super::parse_guid(text).map(IdArg::Id),
    }
}
