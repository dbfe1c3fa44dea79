use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(crate) enum CustomersCommand {
    /// List the customers, all of them or those that a filter picks
    #[command(after_help = "\
Customers are printed as they arrive, one page after another. If the list breaks off, the exit status is 1 and what was \
printed is valid; with `--output json` the array then stays open, so that a part does not pass for the whole.

Examples:
  partner-center customers list --emulator
  partner-center customers list --limit 10
  partner-center customers list --domain contoso --output jsonl
  partner-center customers list --indirect-reseller 484e548c-f5f3-4528-93a9-c16c6373cb59")]
    List(List),
    /// Get customers by their IDs, with all that you may see of them
    #[command(after_help = "\
What you may not see is absent. One customer is shown in full; as a table, links and attributes are left out, and \
`--output json` has everything. Several are printed as a list is, in the order of their IDs.

Standard input may be what `customers list` printed as csv, json or jsonl, or any CSV with a column `id`; or else IDs that \
are separated by blanks, commas or line ends, where what follows a `#` on a line is a comment. A customer that cannot be fetched is reported, and the rest goes on: the exit status is then 1. What would fail for every customer, such \
as a refused token, ends the command.

Examples:
  partner-center customers get b44bb1fb-c595-45b0-9e09-d657365580bf --emulator
  partner-center customers get b44bb1fb-c595-45b0-9e09-d657365580bf --output json
  partner-center customers get - --output csv < ids.txt > customers.csv
  partner-center customers list --output csv | partner-center customers get - --output jsonl")]
    Get {
        /// IDs of customers, the GUIDs that `customers list` shows; `-` reads them from standard input
        #[arg(value_name = "ID", required = true, value_parser = wanted)]
        ids: Vec<Wanted>,
    },
}

impl CustomersCommand {
    /// How often it is asked for IDs from standard input; more than once makes no sense.
    pub(crate) fn inputs(&self) -> usize {
        match self {
            Self::List(_) => 0,
            Self::Get { ids } => ids.iter().filter(|wanted| **wanted == Wanted::Input).count(),
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// The most customers to ask for at a time, 1 to 500; without it the service chooses
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=500))]
    pub(crate) size: Option<i32>,
    /// The most customers to print, from 1 on; no more pages are asked for than that takes
    #[arg(long, value_name = "N", value_parser = super::from_one)]
    pub(crate) limit: Option<u32>,
    #[command(flatten)]
    pub(crate) filter: Filter,
}

#[derive(Args, Debug)]
#[group(multiple = false)]
pub(crate) struct Filter {
    /// Only customers whose company name begins so, in any case
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) company_name: Option<String>,
    /// Only customers whose default domain begins so, in any case
    #[arg(long, value_name = "PREFIX", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) domain: Option<String>,
    /// Only customers of the indirect reseller with this tenant ID
    #[arg(long, value_name = "GUID", value_parser = super::guid)]
    pub(crate) indirect_reseller: Option<Uuid>,
}

/// Where the ID of a customer to get is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Here.
    Id(Uuid),
    /// On standard input, with all others that are there.
    Input,
}

fn wanted(text: &str) -> Result<Wanted, &'static str> {
    match text {
        "-" => Ok(Wanted::Input),
        _ => super::guid(text).map(Wanted::Id),
    }
}
