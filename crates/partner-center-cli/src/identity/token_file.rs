use partner_center::Secret;
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The file with the newest refresh token.
///
/// It is replaced as a whole and never written into: whenever the process ends, there is the old token in it or the new one.
pub(crate) struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    pub(crate) fn new(path: &Path) -> Self {
        // To replace a link would leave what it leads to as it is.
        let target = fs::read_link(path).map(|target| path.parent().unwrap_or(Path::new("")).join(target));
        Self { path: fs::canonicalize(path).or(target).unwrap_or_else(|_| path.to_owned()) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The token that was kept last; none if there is no file, or nothing in it.
    pub(crate) fn read(&self) -> io::Result<Option<Secret>> {
        match fs::read_to_string(&self.path).map(Secret::new) {
            Ok(text) => Ok(Some(text.expose().trim()).filter(|token| !token.is_empty()).map(Secret::new)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps `token` instead of the one there is. Where files have modes, the file is its owner's alone (0600).
    pub(crate) fn keep(&self, token: &Secret) -> io::Result<()> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // On Unix such files are made for their owner's eyes only; elsewhere they are as the folder has it.
        let mut file = tempfile::Builder::new().prefix(".partner-center-").tempfile_in(folder)?;
        file.write_all(token.expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        sync_folder(folder)
    }
}

/// The name, too, is to outlast a loss of power.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_token_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::new(&path);
        assert!(file.read().unwrap().is_none());
        for token in ["first", "second"] {
            file.keep(&Secret::new(token)).unwrap();
            assert_eq!(file.read().unwrap().unwrap().expose(), token);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, symlink};
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            let link = folder.path().join("link");
            symlink(&path, &link).unwrap();
            TokenFile::new(&link).keep(&Secret::new("third")).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(file.read().unwrap().unwrap().expose(), "third");
            // A link that leads to nothing yet.
            fs::remove_file(&path).unwrap();
            TokenFile::new(&link).keep(&Secret::new("fourth")).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(file.read().unwrap().unwrap().expose(), "fourth");
        }
        fs::write(&path, " \n").unwrap();
        assert!(file.read().unwrap().is_none());
    }

    /// What a process leaves behind that ends before, while or after it writes the new token: the old one is there until
    /// the new one is there as a whole.
    #[test]
    fn half_a_token_is_never_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(&folder.path().join("token"));
        file.keep(&Secret::new("the-old-one")).unwrap();
        for half in ["", "the-new", "the-new-one\n"] {
            fs::write(folder.path().join(".partner-center-abcdef"), half).unwrap();
            assert_eq!(file.read().unwrap().unwrap().expose(), "the-old-one");
        }
        file.keep(&Secret::new("the-new-one")).unwrap();
        assert_eq!(file.read().unwrap().unwrap().expose(), "the-new-one");
    }

    #[test]
    fn what_cannot_be_kept_is_an_error_and_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(&folder.path().join("missing/token"));
        assert!(file.keep(&Secret::new("token")).is_err());
        assert!(file.read().unwrap().is_none());
    }
}
