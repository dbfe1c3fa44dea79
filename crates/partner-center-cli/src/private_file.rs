//! Files that only their owner may read, and others that are replaced atomically.

use std::{
    fs::{self, File},
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
    sync_folder_of_file(&path)
}

/// Synchronizes the folder of a file, so that a file that was replaced survives a loss of power.
pub(crate) fn sync_folder_of_file(path: &Path) -> io::Result<()> {
    sync_folder(folder_of_file(path))
}

/// Checks that there can be a file at `path`, before work begins whose result is for it.
pub(crate) fn check_file_can_be_replaced(path: &Path) -> io::Result<()> {
    let path = resolve_symbolic_link(path);
    metadata_of_replaced_file(&path)?;
    create_temporary_file(&path, &mut temporary_file_builder()).map(drop)
}

/// Who may read a file that was not there before. What replaces a file may be read by those who may read that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewFileReaders {
    /// Its owner alone, on Unix; elsewhere, a file has the permissions of its folder.
    Owner,
    /// Those who may read any new file.
    Usual,
}

/// Creates a temporary file beside the one at `path`, which it is to replace: with its owner and permissions, or else as a new file.
pub(crate) fn create_temporary_file_beside(path: &Path, readers: NewFileReaders) -> io::Result<NamedTempFile> {
    let replaced = metadata_of_replaced_file(path)?;
    let mut builder = temporary_file_builder();
    if replaced.is_none() && readers == NewFileReaders::Usual {
        allow_usual_readers(&mut builder);
    }
    let file = create_temporary_file(path, &mut builder)?;
    if let Some(replaced) = replaced {
        copy_owner_and_permissions(&replaced, file.as_file())?;
    }
    Ok(file)
}

/// Returns the metadata of the file at `path`, `None` if there is none; anything but a regular file that can be written is an error.
fn metadata_of_replaced_file(path: &Path) -> io::Result<Option<fs::Metadata>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    Ok(Some(metadata))
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

/// Returns a path that is the same for all names of a file, whether it is there or not.
pub(crate) fn resolve_path(path: &Path) -> PathBuf {
    let path = resolve_symbolic_link(path);
    match (fs::canonicalize(folder_of_file(&path)), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
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

/// Lets the file have the mode of any new file.
#[cfg(unix)]
fn allow_usual_readers(builder: &mut tempfile::Builder<'_, '_>) {
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
}

#[cfg(not(unix))]
fn allow_usual_readers(_: &mut tempfile::Builder<'_, '_>) {}

/// Gives `file` the permissions of the file that it replaces, and the owner and the group if this user may do so.
#[cfg(unix)]
fn copy_owner_and_permissions(replaced: &fs::Metadata, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let new = file.metadata()?;
    // Each for itself: a user who may not give files away may still choose the group.
    if new.gid() != replaced.gid() {
        let _ = fchown(file, None, Some(replaced.gid()));
    }
    if new.uid() != replaced.uid() {
        let _ = fchown(file, Some(replaced.uid()), None);
    }
    file.set_permissions(replaced.permissions())
}

/// A file has the permissions of its folder.
#[cfg(not(unix))]
fn copy_owner_and_permissions(_: &fs::Metadata, _: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
