use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the value of a setting, whether it is from the environment or from the file
    #[command(after_help = "\
A secret is not printed.

Examples:
  partner-center config get tenant_id
  partner-center config get tenant_id --profile emea")]
    Get {
        /// Name of the setting
        #[arg(value_name = "SETTING")]
        name: String,
    },
    /// Store a setting in the file
    #[command(after_help = "\
The comments and the order of the file are kept. Only you can read a file that is created. A secret is read from standard \
input, so that it is not in the history of your shell.

Examples:
  partner-center config set tenant_id contoso.onmicrosoft.com
  partner-center config set tenant_id fabrikam.onmicrosoft.com --profile emea
  partner-center config set client_secret - < secret.txt")]
    Set {
        /// Name of the setting
        #[arg(value_name = "SETTING")]
        name: String,
        /// Its value, or - to read it from standard input; an empty one removes the setting
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// List the settings and where each is from
    #[command(after_help = "\
Secrets are not shown.

Examples:
  partner-center config list
  partner-center config list --profile emea --output json")]
    List,
    /// Print the path of the configuration file, whether it exists or not
    #[command(after_help = "\
Examples:
  partner-center config path")]
    Path,
}
