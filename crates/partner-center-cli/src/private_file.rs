//! Files that only their owner may read, and others that are replaced atomically.

#[cfg(unix)]
use std::fs::File;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Replaces the file at `path`, or creates it: whenever the process ends, the file has the old content or the new one.
///
/// On Unix, a new file has the mode 0600; elsewhere it inherits the permissions of the folder.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    // Replacing a symbolic link would not change the file that it points to.
    let path = resolve_symbolic_link(path);
    let mut file = create_temporary_file(&path, &mut temporary_file_builder())?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    sync_folder(folder_of_file(&path))
}

/// Checks that there can be a file at `path`, before work begins whose result is for it.
pub(crate) fn check_file_can_be_replaced(path: &Path) -> io::Result<()> {
    let path = resolve_symbolic_link(path);
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, format!("{} is a folder", path.display())));
    }
    create_temporary_file(&path, &mut temporary_file_builder()).map(drop)
}

/// Creates a temporary file beside the one at `path`, which it is to replace: with its `permissions`, or else with those of any new
/// file.
pub(crate) fn create_temporary_file_beside(
    path: &Path,
    permissions: Option<fs::Permissions>,
) -> io::Result<NamedTempFile> {
    let mut builder = temporary_file_builder();
    #[cfg(unix)]
    let new_file_permissions: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(new_file_permissions);
    let file = create_temporary_file(path, &mut builder)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    Ok(file)
}

fn temporary_file_builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partner-center-");
    builder
}

fn create_temporary_file(path: &Path, builder: &mut tempfile::Builder<'_, '_>) -> io::Result<NamedTempFile> {
    let folder = folder_of_file(path);
    builder.tempfile_in(folder).map_err(|error| file_not_created_error(folder, &error))
}

fn folder_of_file(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates a folder that only its owner may look into, with those above it.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    restrict_folder_to_owner(folder)
}

/// Deletes a file; returns whether there was one.
pub(crate) fn delete_file(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the file that a symbolic link points to, or else `path`.
pub(crate) fn resolve_symbolic_link(path: &Path) -> PathBuf {
    let target = fs::read_link(path).map(|target| path.parent().unwrap_or(Path::new("")).join(target));
    fs::canonicalize(path).or(target).unwrap_or_else(|_| path.to_owned())
}

#[cfg(unix)]
fn restrict_folder_to_owner(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// On Windows, the folders of a user's data are readable by that user alone.
#[cfg(not(unix))]
fn restrict_folder_to_owner(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Why no file could be created in `folder`, without the name of the temporary file, which means nothing to the user.
fn file_not_created_error(folder: &Path, error: &io::Error) -> io::Error {
    let (kind, folder) = (error.kind(), folder.display());
    let message = match kind {
        io::ErrorKind::NotFound => format!("the folder {folder} does not exist"),
        _ => format!("no file can be created in the folder {folder}: {kind}"),
    };
    io::Error::new(kind, message)
}

/// Synchronizes the folder, so that the new file survives a loss of power.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
