use clap::Args;
use uuid::Uuid;

#[derive(Args, Debug)]
#[command(after_help = "\
It reads once what each GET operation returns that needs no ID, or none but that of --customer, and asks the emulator for the \
same. What it prints has no value of a response and no ID: only statuses, and the names of headers and fields with the \
types of their values; names of fields that may be data, such as those of maps, are replaced by *. So it can be shown to \
others, who correct the emulator by it. Read it first all the same.

Examples:
  partner-center verify > report.json
  partner-center verify --customer aaaabbbb-0000-cccc-1111-dddd2222eeee --yes > report.json")]
pub(crate) struct VerifyCommand {
    /// Customer whose resources are read as well
    #[arg(long, value_name = "ID", value_parser = super::parse_guid)]
    pub(crate) customer: Option<Uuid>,
    /// Do not ask before the requests are sent
    #[arg(long)]
    pub(crate) yes: bool,
}
