use clap::Args;
use partner_center_sandbox::Sandbox;

#[derive(Args, Debug)]
#[command(after_help = "\
The first line on standard output says where it listens. There are made-up customers and those of Microsoft's \
documentation. Nothing leaves this machine. An interruption (Ctrl-C) is how it is meant to end: the exit status is \
then 0.

Examples:
  partner-center sandbox --port 8080
  PARTNER_CENTER_TOKEN=sandbox-token partner-center --base-url http://127.0.0.1:8080 customers list")]
pub(crate) struct SandboxCommand {
    /// The port to listen on; 0 finds a free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// How many customers there are, up to 10000000
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = super::customers)]
    pub(crate) customers: u32,
    /// What the made-up customers are made from: the same seed makes the same ones
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The token to expect: any throw-away text of visible ASCII characters without blanks, not a secret
    #[arg(long, value_name = "T", default_value = Sandbox::TOKEN, value_parser = token)]
    pub(crate) token: String,
}

fn token(text: &str) -> Result<String, &'static str> {
    let can_be_sent = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    can_be_sent.then(|| text.to_owned()).ok_or("it must be of visible ASCII characters, without blanks")
}
