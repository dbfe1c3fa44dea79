use super::operations::value::normalize_customer;
use clap::Args;

#[derive(Args, Debug)]
#[command(after_help = "\
The checks, in this order: the address, a connection to it, TLS, whether there is a token, whether the service accepts \
it, a list of one customer, and getting that customer. With --customer, that customer is the one that is named, and two checks \
follow: whether it has a relationship with the partner, and whether the partner may administer its tenant (GDAP, or DAP). They \
tell why a command for this customer returns 403. A check that depends on a failed one is skipped. The token is never shown.

The exit status is 0 if no check failed, and 1 otherwise.

Examples:
  partner-center doctor
  partner-center doctor --customer contoso.onmicrosoft.com
  partner-center doctor --cloud china --transport ureq
  partner-center doctor --output json
  partner-center doctor --emulator")]
pub(crate) struct DoctorCommand {
    /// Customer that is checked as well
    #[arg(long, value_name = "ID|DOMAIN", value_parser = normalize_customer)]
    pub(crate) customer: Option<String>,
}
