use super::{DataFileError, DataFileErrorKind};
use crate::{
    customers::CustomerStore,
    store::{SavedSession, State, StateChange, StateSnapshot, to_json},
};
use redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadableDatabase, ReadableTable, StorageError, TableDefinition,
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};
use tempfile::NamedTempFile;

/// The number of the format, which changes when a newer version of the emulator can no longer read what an older one wrote.
const FORMAT: u64 = 1;

const FORMATS: TableDefinition<'_, (), u64> = TableDefinition::new("format");
/// The settings in JSON.
const SETTINGS: TableDefinition<'_, (), &[u8]> = TableDefinition::new("settings");
/// The pieces of a state in JSON.
const STATE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("state");
/// The changes since then in JSON, by ascending numbers.
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
/// The [`SavedSession`] in JSON.
const SESSION: TableDefinition<'_, (), &[u8]> = TableDefinition::new("session");

/// The size of a piece of a state, in bytes.
const PIECE_SIZE: usize = 1 << 20;

/// The memory that the database may use, in bytes. It is read once, and otherwise only written.
const CACHE_SIZE: usize = 16 << 20;

/// A file with the state of an emulator.
pub(crate) struct DataFile {
    database: Database,
    /// The number of the next record.
    next_record: u64,
}

/// What generated customers depend on; `None` is whatever the file has.
#[derive(Clone, Copy)]
pub(crate) struct PopulationSettings {
    pub(crate) seed: Option<u64>,
    pub(crate) customers: Option<u32>,
    pub(crate) rare_values: Option<bool>,
}

/// What a data file contains.
pub(crate) struct SavedEmulator {
    /// The seed that the file was made with. That of the state is another one if it is that of another emulator.
    pub(crate) seed: u64,
    pub(crate) state: State,
    /// `None` if there was none yet.
    pub(crate) session: Option<SavedSession>,
}

#[derive(Serialize, Deserialize)]
struct SavedSettings {
    seed: u64,
    customers: u32,
    rare_values: bool,
}

/// What is written to the file in one commit, in this order.
#[derive(Default)]
pub(crate) struct Batch {
    /// Replaces the state, and all records.
    pub(crate) state: Option<Arc<State>>,
    /// Changes in JSON.
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) session: Option<SavedSession>,
}

impl DataFile {
    /// Opens the file at `path`, which is made for an emulator with these settings if there is none.
    pub(crate) fn open(path: &Path, settings: PopulationSettings) -> Result<(Self, SavedEmulator), DataFileError> {
        let is_new = match fs::metadata(path) {
            Ok(metadata) => metadata.len() == 0,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(DataFileError::io(path, error)),
        };
        if is_new {
            create_file(path, settings)?;
        }
        // The database asserts what it reads of a file that somebody has cut off or changed.
        let opened = catch_unwind(AssertUnwindSafe(|| open_database(path)));
        let database = opened.unwrap_or_else(|_| Err(DataFileError::damaged(path, "it contradicts itself")))?;
        let read = catch_unwind(AssertUnwindSafe(|| read_database(&database, path, settings)));
        let (saved, next_record) =
            read.unwrap_or_else(|_| Err(DataFileError::damaged(path, "it contradicts itself")))?;
        Ok((Self { database, next_record }, saved))
    }

    /// Writes all of a batch or nothing. It is on the disk afterwards.
    pub(super) fn write_batch(&mut self, batch: &Batch) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut records = transaction.open_table(RECORDS)?;
            if let Some(state) = &batch.state {
                records.retain(|_, _| false)?;
                let mut pieces = transaction.open_table(STATE)?;
                pieces.retain(|_, _| false)?;
                let json = to_json(&state.to_snapshot());
                for (number, piece) in (0..).zip(json.chunks(PIECE_SIZE)) {
                    pieces.insert(number, piece)?;
                }
            }
            for (number, record) in (self.next_record..).zip(&batch.records) {
                records.insert(number, record.as_slice())?;
            }
            if let Some(session) = &batch.session {
                transaction.open_table(SESSION)?.insert((), to_json(session).as_slice())?;
            }
        }
        transaction.commit()?;
        self.next_record += batch.records.len() as u64;
        Ok(())
    }
}

/// Makes the file under another name first, so that there is no file that is half made.
fn create_file(path: &Path, settings: PopulationSettings) -> Result<(), DataFileError> {
    let PopulationSettings { seed, customers, rare_values } = settings;
    let settings = SavedSettings {
        seed: seed.unwrap_or(CustomerStore::DEFAULT_SEED),
        customers: customers.unwrap_or(CustomerStore::DEFAULT_COUNT),
        rare_values: rare_values.unwrap_or_default(),
    };
    let io_error = |error| DataFileError::io(path, error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(folder).map_err(io_error)?;
    let reopened = file.reopen().map_err(io_error)?;
    let write_settings = || -> Result<(), redb::Error> {
        let database = Builder::new().set_cache_size(CACHE_SIZE).create_file(reopened)?;
        let transaction = database.begin_write()?;
        transaction.open_table(FORMATS)?.insert((), FORMAT)?;
        transaction.open_table(SETTINGS)?.insert((), to_json(&settings).as_slice())?;
        transaction.open_table(STATE)?;
        transaction.open_table(RECORDS)?;
        transaction.open_table(SESSION)?;
        transaction.commit()?;
        Ok(())
    };
    write_settings().map_err(|error| DataFileError::io(path, io::Error::other(error)))?;
    match file.persist_noclobber(path) {
        // Another process was faster, or the file is empty.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            let is_empty = fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0);
            if is_empty { error.file.persist(path).map(drop).map_err(|error| io_error(error.error)) } else { Ok(()) }
        }
        persisted => persisted.map(drop).map_err(|error| io_error(error.error)),
    }
}

fn open_database(path: &Path) -> Result<Database, DataFileError> {
    let open = || {
        let mut database = Builder::new().set_cache_size(CACHE_SIZE).open(path)?;
        // A file that was not closed has been checked already.
        let is_intact = database.check_integrity()?;
        Ok((database, is_intact))
    };
    match open() {
        Ok((database, true)) => Ok(database),
        Ok((_, false)) => Err(DataFileError::damaged(path, "a checksum is wrong")),
        Err(DatabaseError::DatabaseAlreadyOpen) => {
            let problem = "is in use by another process: end that one, or name another file";
            Err(DataFileError::new(DataFileErrorKind::InUse, path, problem))
        }
        Err(DatabaseError::UpgradeRequired(_)) => Err(other_version(path, "an older one")),
        Err(DatabaseError::Storage(StorageError::Io(error)))
            if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            Err(DataFileError::io(path, error))
        }
        Err(error) => Err(DataFileError::damaged(path, error)),
    }
}

fn other_version(path: &Path, format: impl std::fmt::Display) -> DataFileError {
    let problem = format!(
        "has the format {format}, and this version of the emulator reads format {FORMAT} alone: use the version that wrote it, or \
         name another file"
    );
    DataFileError::new(DataFileErrorKind::OtherVersion, path, problem)
}

/// Returns what the file has, and the number of the next record.
fn read_database(
    database: &Database,
    path: &Path,
    wanted: PopulationSettings,
) -> Result<(SavedEmulator, u64), DataFileError> {
    let damaged = |error: redb::Error| DataFileError::damaged(path, error);
    let transaction = database.begin_read().map_err(|error| damaged(error.into()))?;
    let single = |error: redb::TableError| damaged(error.into());
    let stored = |error: StorageError| damaged(error.into());
    let missing = || DataFileError::damaged(path, "a value is missing");

    let formats = transaction.open_table(FORMATS).map_err(single)?;
    let format = formats.get(()).map_err(stored)?.ok_or_else(missing)?.value();
    if format != FORMAT {
        return Err(other_version(path, format));
    }
    let settings = transaction.open_table(SETTINGS).map_err(single)?;
    let settings = settings.get(()).map_err(stored)?.ok_or_else(missing)?;
    let settings: SavedSettings =
        serde_json::from_slice(settings.value()).map_err(|error| DataFileError::damaged(path, error))?;
    check_settings(path, &settings, wanted)?;

    let mut json = Vec::new();
    for piece in transaction.open_table(STATE).map_err(single)?.iter().map_err(stored)? {
        json.extend_from_slice(piece.map_err(stored)?.1.value());
    }
    let SavedSettings { seed, customers, rare_values } = settings;
    let mut state = match json.as_slice() {
        [] => State::new(CustomerStore { seed, count: customers, rare_values }),
        json => {
            let snapshot: StateSnapshot<'_> =
                serde_json::from_slice(json).map_err(|error| DataFileError::damaged(path, error))?;
            State::from_snapshot(snapshot).map_err(|error| DataFileError::damaged(path, error))?
        }
    };
    let records: ReadOnlyTable<u64, &[u8]> = transaction.open_table(RECORDS).map_err(single)?;
    let mut next_record = 0;
    for record in records.iter().map_err(stored)? {
        let (number, record) = record.map_err(stored)?;
        let changes: Vec<StateChange> =
            serde_json::from_slice(record.value()).map_err(|error| DataFileError::damaged(path, error))?;
        state.apply_changes(changes).map_err(|_| DataFileError::damaged(path, "it has more than the store holds"))?;
        next_record = number.value() + 1;
    }
    let sessions = transaction.open_table(SESSION).map_err(single)?;
    let session = sessions.get(()).map_err(stored)?;
    let session = session.map(|session| serde_json::from_slice(session.value())).transpose();
    let session = session.map_err(|error| DataFileError::damaged(path, error))?;
    Ok((SavedEmulator { seed, state, session }, next_record))
}

/// Checks that a file was made with the settings that somebody asks for.
fn check_settings(path: &Path, saved: &SavedSettings, wanted: PopulationSettings) -> Result<(), DataFileError> {
    let PopulationSettings { seed, customers, rare_values } = wanted;
    let other = |name: &str, value: &dyn std::fmt::Display| {
        let problem = format!("was made with {name} {value}: leave that setting out, or name another file");
        Err(DataFileError::new(DataFileErrorKind::OtherSettings, path, problem))
    };
    if seed.is_some_and(|seed| seed != saved.seed) {
        return other("the seed", &saved.seed);
    }
    if customers.is_some_and(|customers| customers != saved.customers) {
        return other("a number of customers of", &saved.customers);
    }
    if rare_values.is_some_and(|rare_values| rare_values != saved.rare_values) {
        return other("rare values:", &saved.rare_values);
    }
    Ok(())
}
