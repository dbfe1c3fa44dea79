use super::sign_in_store::StoredSignIn;
use crate::{messages::Messages, private_file, terminal::replace_control_characters, text};
use partner_center::{Secret, auth::RefreshTokenLease};
use std::{
    error::Error as StdError,
    ffi::OsString,
    fmt,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// The file with the newest refresh token, which several processes may use.
///
/// It is replaced atomically: whenever the process ends, the file contains the old token or the new one. Only where that is
/// impossible, as for a file that is mounted by itself, the file is overwritten.
pub(crate) struct TokenFile {
    path: PathBuf,
    /// The token in the file, if this process has a newer one that could not be stored.
    outdated: Mutex<Option<Secret>>,
    limits: CommandTimeLimits,
    /// The sign-in that the token belongs to: once it has ended, this process neither sends nor stores the token.
    sign_in: Option<StoredSignIn>,
}

/// The time limits of a command.
#[derive(Clone, Copy)]
pub(crate) struct CommandTimeLimits {
    /// The timeout of one attempt of a request.
    pub(crate) attempt: Duration,
    /// The deadline of the command.
    pub(crate) deadline: Option<Instant>,
}

/// The maximum wait for other processes. They hold the lock for as long as the authority takes to respond; one that holds
/// it for longer has been stopped or has lost its connection.
const MAX_LOCK_WAIT: Duration = Duration::from_secs(30);
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// After so long, the user is told what the command waits for.
const LOCK_WAIT_BEFORE_MESSAGE: Duration = Duration::from_secs(1);

/// The wait ends so long before the client's own timeout would end it, whose error could not name the file.
const LOCK_WAIT_MARGIN_BEFORE_TIMEOUT: Duration = Duration::from_millis(100);

impl TokenFile {
    pub(crate) fn new(path: &Path, limits: CommandTimeLimits) -> Self {
        Self { path: private_file::resolve_symbolic_link(path), outdated: Mutex::default(), limits, sign_in: None }
    }

    /// Returns the file as that of a sign-in.
    pub(crate) fn of_sign_in(self, sign_in: StoredSignIn) -> Self {
        Self { sign_in: Some(sign_in), ..self }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the stored token; `None` if there is no file, or it is empty.
    pub(crate) fn read_token(&self) -> io::Result<Option<Secret>> {
        match text::read_small_text_file(&self.path) {
            Ok(text) if text.expose().trim().is_empty() => Ok(None),
            Ok(text) => Ok(Some(text::trim_and_check_single_value(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Locks the token against other processes that use this lock, and returns the token that is stored then: another process
    /// may have stored it.
    ///
    /// It is an error if the command runs out of time meanwhile: the token is then not sent, as the response with the next
    /// one would come too late. A process that holds the lock beyond [`MAX_LOCK_WAIT`] is not waited for any longer: the
    /// token that is known may still be good.
    ///
    /// It is an error, too, if the sign-in has ended: the token in the file may be that of another user.
    pub(crate) fn lease_refresh_token(
        &self,
        messages: &Messages,
    ) -> Result<RefreshTokenLease, Box<dyn StdError + Send + Sync>> {
        let lease = RefreshTokenLease::new(self.acquire_locks(messages)?);
        if !self.is_sign_in_current() {
            return Err(SignInEnded.into());
        }
        Ok(match self.read_usable_token() {
            Some(token) => lease.refresh_token(token.expose()),
            None => lease,
        })
    }

    /// Reads the stored token; `None` if it cannot be read, or is older than that of this process.
    fn read_usable_token(&self) -> Option<Secret> {
        self.read_token().ok().flatten().filter(|token| self.lock_outdated_token_mutex().as_ref() != Some(token))
    }

    /// Stores `token` in place of the current one, unless the sign-in has ended. On Unix, a new file has the mode 0600.
    pub(crate) fn store_token(&self, token: &Secret) -> io::Result<()> {
        if !self.is_sign_in_current() {
            tracing::debug!("the new refresh token is not stored: the sign-in has ended");
            return Ok(());
        }
        let outcome = self.replace_file(token).or_else(|error| {
            self.overwrite_file(token)
                .map_err(|other| if other.kind() == io::ErrorKind::NotFound { error } else { other })
        });
        *self.lock_outdated_token_mutex() = if outcome.is_ok() { None } else { self.read_token().ok().flatten() };
        outcome
    }

    fn is_sign_in_current(&self) -> bool {
        self.sign_in.as_ref().is_none_or(StoredSignIn::is_sign_in_current)
    }

    fn replace_file(&self, token: &Secret) -> io::Result<()> {
        let line = Secret::new(format!("{}\n", token.expose()));
        private_file::replace_file(&self.path, line.expose().as_bytes())
    }

    /// Overwrites the file.
    fn overwrite_file(&self, token: &Secret) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        let line = Secret::new(format!("{}\n", token.expose()));
        file.write_all(line.expose().as_bytes())?;
        file.set_len(line.expose().len() as u64)?;
        // Some files can be written, but not synchronized.
        let _ = file.sync_all();
        Ok(())
    }

    /// Waits for the locks, which are held until they are dropped.
    pub(crate) fn acquire_locks(&self, messages: &Messages) -> Result<Vec<File>, TokenFileInUse> {
        let start = Instant::now();
        let deadline = self.lock_deadline(start);
        let mut is_silent = true;
        let mut locks = Vec::new();
        for file in self.open_lock_files() {
            let outcome = loop {
                match file.try_lock() {
                    Err(TryLockError::WouldBlock) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                        return Err(TokenFileInUse { path: self.path.clone() });
                    }
                    Err(TryLockError::WouldBlock) if start.elapsed() < MAX_LOCK_WAIT => {
                        if is_silent && start.elapsed() >= LOCK_WAIT_BEFORE_MESSAGE {
                            is_silent = false;
                            let path = replace_control_characters(&self.path.display().to_string());
                            messages.print(format_args!("note: waiting for another command that uses {path}"));
                        }
                        thread::sleep(LOCK_POLL_INTERVAL);
                    }
                    outcome => break outcome,
                }
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "the refresh token is used without its lock");
            }
            locks.push(file);
        }
        Ok(locks)
    }

    /// Returns the moment at which a wait for other processes, begun at `start`, becomes an error.
    fn lock_deadline(&self, start: Instant) -> Option<Instant> {
        let CommandTimeLimits { attempt, deadline } = self.limits;
        let attempt = start.checked_add(attempt);
        let deadline = [attempt, deadline].into_iter().flatten().min()?;
        Some(deadline.checked_sub(LOCK_WAIT_MARGIN_BEFORE_TIMEOUT).unwrap_or(start))
    }

    /// Opens the files to lock: one next to the token file, as that one is replaced.
    fn open_lock_files(&self) -> Vec<File> {
        let mut name = self.path.file_name().map_or_else(OsString::new, OsString::from);
        name.push(".lock");
        let path = self.path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let beside = options.open(&path);
        let beside = beside.or_else(|_| File::open(&path));
        // A file that is mounted by itself has a different folder in each container, so the file is locked as well. On Windows,
        // that would keep even this process from reading it.
        let itself = if cfg!(unix) { File::open(&self.path).ok() } else { None };
        beside.ok().into_iter().chain(itself).collect()
    }

    fn lock_outdated_token_mutex(&self) -> MutexGuard<'_, Option<Secret>> {
        self.outdated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the refresh token was not sent: another process holds the lock, and this one has no more time.
#[derive(Debug)]
pub(crate) struct TokenFileInUse {
    path: PathBuf,
}

impl fmt::Display for TokenFileInUse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "another command has been using the refresh token in {} for as long as this one may wait",
            self.path.display()
        )
    }
}

impl StdError for TokenFileInUse {}

/// Why the refresh token was not sent: the user has signed out, or in again, while the command ran.
#[derive(Debug)]
pub(crate) struct SignInEnded;

impl fmt::Display for SignInEnded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("the sign-in that this command began with has ended: another command signed out, or in again")
    }
}

impl StdError for SignInEnded {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const UNLIMITED: CommandTimeLimits = CommandTimeLimits { attempt: Duration::from_secs(60), deadline: None };

    fn lease(file: &TokenFile) -> RefreshTokenLease {
        file.lease_refresh_token(&Messages::new(true)).unwrap()
    }

    #[test]
    fn stored_token_is_readable_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::new(&path, UNLIMITED);
        assert!(file.read_token().unwrap().is_none());
        for token in ["first", "second"] {
            file.store_token(&Secret::new(token)).unwrap();
            assert_eq!(file.read_token().unwrap().unwrap().expose(), token);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, symlink};
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            let link = folder.path().join("link");
            symlink(&path, &link).unwrap();
            TokenFile::new(&link, UNLIMITED).store_token(&Secret::new("third")).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(file.read_token().unwrap().unwrap().expose(), "third");
            // A link to a file that does not exist yet.
            fs::remove_file(&path).unwrap();
            TokenFile::new(&link, UNLIMITED).store_token(&Secret::new("fourth")).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(file.read_token().unwrap().unwrap().expose(), "fourth");
        }
        fs::write(&path, " \n").unwrap();
        assert!(file.read_token().unwrap().is_none());
    }

    /// A process that ends before, while or after it writes the new token leaves the old one or the complete new one.
    #[test]
    fn partial_token_is_never_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(&folder.path().join("token"), UNLIMITED);
        file.store_token(&Secret::new("the-old-one")).unwrap();
        for half in ["", "the-new", "the-new-one\n"] {
            fs::write(folder.path().join(".partner-center-abcdef"), half).unwrap();
            assert_eq!(file.read_token().unwrap().unwrap().expose(), "the-old-one");
        }
        file.store_token(&Secret::new("the-new-one")).unwrap();
        assert_eq!(file.read_token().unwrap().unwrap().expose(), "the-new-one");
    }

    #[test]
    fn token_that_cannot_be_stored_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(&folder.path().join("missing/token"), UNLIMITED);
        let error = file.store_token(&Secret::new("token")).unwrap_err().to_string();
        assert_eq!(error, format!("the folder {} does not exist", folder.path().join("missing").display()));
        assert!(file.read_token().unwrap().is_none());
    }
    #[test]
    fn file_that_cannot_be_replaced_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::new(&path, UNLIMITED);
        for token in ["the-first-one", "another", "the-longest-of-them"] {
            fs::write(&path, "the-old-one").unwrap();
            file.overwrite_file(&Secret::new(token)).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{token}\n"));
        }
    }

    /// Not even root can create a file in this folder; it has a file that can be overwritten.
    #[cfg(target_os = "linux")]
    #[test]
    fn file_in_a_read_only_folder_is_overwritten() {
        let file = TokenFile::new(Path::new("/proc/thread-self/comm"), UNLIMITED);
        assert!(file.replace_file(&Secret::new("new")).is_err());
        let _lease = lease(&file);
        file.store_token(&Secret::new("new")).unwrap();
        assert_eq!(file.read_token().unwrap().unwrap().expose(), "new");
    }

    #[test]
    fn lease_has_the_token_that_another_process_stored() {
        let folder = tempfile::tempdir().unwrap();
        let [ours, theirs] = [(); 2].map(|()| TokenFile::new(&folder.path().join("token"), UNLIMITED));
        let leased = || {
            let has_token = format!("{:?}", lease(&ours)).contains("Some");
            let token = ours.read_usable_token().map(|token| token.expose().to_owned());
            assert_eq!(has_token, token.is_some());
            token.unwrap_or_default()
        };
        assert!(ours.read_token().unwrap().is_none());
        assert_eq!(leased(), "");
        theirs.store_token(&Secret::new("theirs")).unwrap();
        // Also after a lease that nobody used, as its command had timed out.
        assert_eq!([leased(), leased()], ["theirs"; 2]);
        ours.store_token(&Secret::new("ours")).unwrap();
        assert_eq!(leased(), "ours");
        fs::write(ours.path(), "\u{feff}ours\r\n").unwrap();
        assert_eq!(leased(), "ours");
        fs::write(ours.path(), b"\xff").unwrap();
        assert_eq!(leased(), "");
        fs::write(ours.path(), "theirs").unwrap();
        assert_eq!(leased(), "theirs");
    }

    /// Not even root can write to this file.
    #[cfg(target_os = "linux")]
    #[test]
    fn token_in_the_file_is_outdated_when_the_next_one_cannot_be_stored() {
        let file = TokenFile::new(Path::new("/proc/sys/kernel/ostype"), UNLIMITED);
        assert_eq!(file.read_usable_token().unwrap().expose(), "Linux");
        assert!(file.store_token(&Secret::new("newest")).is_err());
        assert!(file.read_usable_token().is_none());
    }

    #[test]
    fn lease_has_no_token_older_than_one_that_could_not_be_stored() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(&folder.path().join("token"), UNLIMITED);
        let leased = || file.read_usable_token().map(|token| token.expose().to_owned());
        file.store_token(&Secret::new("older")).unwrap();
        *file.lock_outdated_token_mutex() = file.read_token().unwrap();
        assert_eq!(leased(), None);
        // Another process may store a token all the same.
        fs::write(file.path(), "theirs").unwrap();
        assert_eq!(leased().as_deref(), Some("theirs"));
        *file.lock_outdated_token_mutex() = file.read_token().unwrap();
        file.store_token(&Secret::new("newest")).unwrap();
        assert_eq!(leased().as_deref(), Some("newest"));
    }

    #[test]
    fn lease_is_exclusive_and_waits_within_the_time_limits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let first = lease(&TokenFile::new(&path, UNLIMITED));
        let waiting = path.clone();
        let other = thread::spawn(move || drop(lease(&TokenFile::new(&waiting, UNLIMITED))));
        thread::sleep(Duration::from_millis(100));
        assert!(!other.is_finished());
        let started = Instant::now();
        let (short, long) = (Duration::from_millis(150), Duration::from_secs(60));
        for limits in [
            CommandTimeLimits { attempt: long, deadline: Some(started + short) },
            CommandTimeLimits { attempt: short, deadline: None },
            CommandTimeLimits { attempt: short, deadline: Some(started + long) },
        ] {
            let error =
                TokenFile::new(&path, limits).lease_refresh_token(&Messages::new(true)).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
        assert!((50..5000).contains(&started.elapsed().as_millis()) && !other.is_finished());
        drop(first);
        other.join().unwrap();
    }
}
