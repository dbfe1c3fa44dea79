use clap::Args;

/// The help text behind the options of `partner-center mcp`.
pub(super) const MCP_AFTER_HELP: &str = "\
An assistant starts this command, and talks to it over standard input and output. Each operation of the service is a tool, \
such as customers_list or subscriptions_get: the command's words, joined by an underscore. Tools that need a file, or return \
one, are left out.

What an assistant can do:
  By default, the tools only read. With --allow-writes there are those that change something as well; one that removes \
something, cannot be undone, or replaces what is there asks for `confirm`, which must be the ID of the resource.
  A list is complete, or the call fails and says how to narrow it: `fields` and `query` (JMESPath) choose what is returned, \
`limit` takes the first items and says so, and --max-result-size is the maximum.
  No result has a password, a token or another secret: each is replaced by [secret].

All tools are many for an assistant. --tools chooses: areas of the service (account, audit, catalog, commerce, customers, \
devices, migrations, usage, users, webhooks), resources (subscriptions) or single tools (customers_get). --list-tools shows them.

The settings are those of the other commands: `partner-center auth login` signs in, and a profile is chosen with --profile.

Examples:
  partner-center mcp --list-tools
  partner-center mcp --tools customers,subscriptions,invoices
  partner-center mcp --emulator --allow-writes

In the configuration of an assistant:
  {\"mcpServers\": {\"partner-center\": {\"command\": \"partner-center\", \"args\": [\"mcp\", \"--tools\", \"customers,commerce\"]}}}";

#[derive(Args, Clone, Debug)]
pub(crate) struct McpCommand {
    /// Offer the tools that change something as well
    #[arg(long)]
    pub(crate) allow_writes: bool,
    /// Offer only these tools: areas, resources or tools [default: all that read]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    pub(crate) tools: Vec<String>,
    /// Maximum size of a result, 1000 to 100000000; a larger one is an error, never cut
    #[arg(long, value_name = "BYTES", default_value_t = 100_000, value_parser = parse_result_size)]
    pub(crate) max_result_size: usize,
    /// Print the tools in place of serving
    #[arg(long)]
    pub(crate) list_tools: bool,
}

fn parse_result_size(text: &str) -> Result<usize, &'static str> {
    let size = text.parse().ok().filter(|size| (1_000..=100_000_000).contains(size));
    size.ok_or("it must be a number of bytes from 1000 to 100000000")
}
