//! `partner-center man`: the help texts as manual pages.

use crate::{
    arguments::{Arguments, operations::CommandLineWords},
    error::{CommandError, ErrorReport, UsageError},
};
use std::path::Path;

/// Writes a page for each command to `folder`.
pub(crate) fn write_manual(folder: &Path) -> Result<(), CommandError> {
    let command = Arguments::build_clap_command(CommandLineWords::All);
    clap_mangen::generate_to(command, folder).map_err(|error| {
        let message = format!("the manual pages cannot be written to {}", folder.display());
        UsageError(ErrorReport::new(&message, &error, "name a folder that exists and can be written")).into()
    })
}
