use super::{DataFileError, DataFileErrorKind};
use crate::{
    customers::CustomerStore,
    store::{SavedSession, State, StateChange, StateSnapshot, to_json},
};
use redb::{
    Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, ReadableTable, StorageError, TableDefinition,
    Value,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fmt, fs, io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tempfile::NamedTempFile;

/// The number of the format, which changes when a newer version of the emulator can no longer read what an older one wrote.
const FORMAT: u64 = 1;

const FORMAT_TABLE: TableDefinition<'_, (), u64> = TableDefinition::new("format");
/// The settings in JSON.
const SETTINGS_TABLE: TableDefinition<'_, (), &[u8]> = TableDefinition::new("settings");
/// The pieces of a state in JSON.
const STATE_TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("state");
/// The changes since then in JSON.
const RECORDS_TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
/// The number of pieces, that of the first record, and that after the last one.
const EXTENT_TABLE: TableDefinition<'_, (), (u64, u64, u64)> = TableDefinition::new("extent");
/// The [`SavedSession`] in JSON.
const SESSION_TABLE: TableDefinition<'_, (), &[u8]> = TableDefinition::new("session");

/// The size of a piece of a state, in bytes.
const PIECE_SIZE: usize = 1 << 20;

/// The memory that the database may use, in bytes. It is read once, and otherwise only written.
const CACHE_SIZE: usize = 16 << 20;

/// The time in which another emulator may close the file.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);

/// A file with the state of an emulator.
pub(crate) struct DataFile {
    database: Database,
    extent: Extent,
    /// What the file had when it was opened.
    pub(super) sizes: Sizes,
}

/// The sizes of what a file has, in bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Sizes {
    /// That of the state, approximately.
    pub(super) state: usize,
    /// That of the records since then.
    pub(super) records: usize,
}

/// Which pieces and records there are, so that missing ones are noticed.
#[derive(Clone, Copy, Default)]
struct Extent {
    pieces: u64,
    first_record: u64,
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
    /// What the file was made with. That of the state is another one if it was that of another emulator.
    pub(crate) population: CustomerStore,
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
        let (saved, extent, sizes) =
            read.unwrap_or_else(|_| Err(DataFileError::damaged(path, "it contradicts itself")))?;
        Ok((Self { database, extent, sizes }, saved))
    }

    /// Writes all of a batch or nothing. It is on the disk afterwards.
    pub(super) fn write_batch(&mut self, batch: &Batch) -> Result<(), redb::Error> {
        let mut extent = self.extent;
        let transaction = self.database.begin_write()?;
        {
            let mut records = transaction.open_table(RECORDS_TABLE)?;
            if let Some(state) = &batch.state {
                records.retain(|_, _| false)?;
                let mut pieces = transaction.open_table(STATE_TABLE)?;
                pieces.retain(|_, _| false)?;
                extent = Extent { pieces: 0, first_record: extent.next_record, ..extent };
                for piece in to_json(&state.to_snapshot()).chunks(PIECE_SIZE) {
                    pieces.insert(extent.pieces, with_digest(piece).as_slice())?;
                    extent.pieces += 1;
                }
            }
            for record in &batch.records {
                records.insert(extent.next_record, with_digest(record).as_slice())?;
                extent.next_record += 1;
            }
            if let Some(session) = &batch.session {
                transaction.open_table(SESSION_TABLE)?.insert((), with_digest(&to_json(session)).as_slice())?;
            }
            transaction
                .open_table(EXTENT_TABLE)?
                .insert((), (extent.pieces, extent.first_record, extent.next_record))?;
        }
        transaction.commit()?;
        self.extent = extent;
        Ok(())
    }

    /// Closes the file. The database keeps its last two commits, and falls back to the older one if the newer is damaged: here both
    /// have all changes.
    pub(super) fn close(mut self) -> Result<(), redb::Error> {
        self.write_batch(&Batch::default())
    }
}

/// Returns `content` with a digest, as the database checks its own ones only after it was not closed.
fn with_digest(content: &[u8]) -> Vec<u8> {
    [hmac_sha256::Hash::hash(content).as_slice(), content].concat()
}

/// Returns the content that [`with_digest`] was called with, unless it is damaged.
fn without_digest(stored: &[u8]) -> Option<&[u8]> {
    let (digest, content) = stored.split_first_chunk::<32>()?;
    (hmac_sha256::Hash::hash(content) == *digest).then_some(content)
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
        transaction.open_table(FORMAT_TABLE)?.insert((), FORMAT)?;
        transaction.open_table(SETTINGS_TABLE)?.insert((), with_digest(&to_json(&settings)).as_slice())?;
        transaction.open_table(EXTENT_TABLE)?.insert((), (0, 0, 0))?;
        transaction.open_table(STATE_TABLE)?;
        transaction.open_table(RECORDS_TABLE)?;
        transaction.open_table(SESSION_TABLE)?;
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

/// Opens the database, which another emulator may be about to close: requests that its server abandoned keep it open until they notice.
fn open_database(path: &Path) -> Result<Database, DataFileError> {
    let start = Instant::now();
    let open = || Builder::new().set_cache_size(CACHE_SIZE).open(path);
    let mut opened = open();
    while matches!(opened, Err(DatabaseError::DatabaseAlreadyOpen)) && start.elapsed() < OPEN_TIMEOUT {
        thread::sleep(Duration::from_millis(20));
        opened = open();
    }
    match opened {
        Ok(database) => Ok(database),
        Err(DatabaseError::DatabaseAlreadyOpen) => {
            let problem = "is in use by another process: end that one, or name another file";
            Err(DataFileError::new(DataFileErrorKind::InUse, path, problem))
        }
        Err(DatabaseError::UpgradeRequired(_)) => Err(other_version_error(path, "of an older database")),
        Err(DatabaseError::Storage(StorageError::Io(error)))
            if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            Err(DataFileError::io(path, error))
        }
        Err(error) => Err(DataFileError::damaged(path, error)),
    }
}

fn other_version_error(path: &Path, format: impl fmt::Display) -> DataFileError {
    let problem = format!(
        "has the format {format}, and this version of the emulator reads format {FORMAT} alone: use the version that wrote it, or \
         name another file"
    );
    DataFileError::new(DataFileErrorKind::OtherVersion, path, problem)
}

/// Returns what the file has, and which pieces and records there are, of which sizes.
fn read_database(
    database: &Database,
    path: &Path,
    wanted: PopulationSettings,
) -> Result<(SavedEmulator, Extent, Sizes), DataFileError> {
    let reader =
        Reader { transaction: database.begin_read().map_err(|error| DataFileError::damaged(path, error))?, path };
    let format: u64 = reader.single_value(FORMAT_TABLE)?.ok_or_else(|| reader.damaged("there is no format"))?;
    if format != FORMAT {
        return Err(other_version_error(path, format));
    }
    let settings: SavedSettings =
        reader.single_json(SETTINGS_TABLE)?.ok_or_else(|| reader.damaged("there are no settings"))?;
    check_settings(path, &settings, wanted)?;
    let (pieces, first_record, next_record) =
        reader.single_value(EXTENT_TABLE)?.ok_or_else(|| reader.damaged("there is no extent"))?;

    let mut json = Vec::new();
    reader.for_each(STATE_TABLE, 0..pieces, |piece| {
        json.extend_from_slice(piece);
        Ok(())
    })?;
    let SavedSettings { seed, customers, rare_values } = settings;
    let population = CustomerStore { seed, count: customers, rare_values };
    let mut state = match json.as_slice() {
        [] => State::new(population),
        json => {
            let snapshot: StateSnapshot<'_> = serde_json::from_slice(json).map_err(|error| reader.damaged(error))?;
            State::from_snapshot(snapshot).map_err(|error| reader.damaged(error))?
        }
    };
    let mut sizes = Sizes { state: json.len(), records: 0 };
    reader.for_each(RECORDS_TABLE, first_record..next_record, |record| {
        sizes.records += record.len();
        let changes: Vec<StateChange> = serde_json::from_slice(record).map_err(|error| reader.damaged(error))?;
        state.apply_changes(changes).map_err(|_| reader.damaged("it has more than the emulator holds"))
    })?;
    let session = reader.single_json(SESSION_TABLE)?;
    Ok((SavedEmulator { population, state, session }, Extent { pieces, first_record, next_record }, sizes))
}

struct Reader<'a> {
    transaction: ReadTransaction,
    path: &'a Path,
}

impl Reader<'_> {
    fn single_value<V>(&self, table: TableDefinition<'_, (), V>) -> Result<Option<V>, DataFileError>
    where
        V: for<'a> Value<SelfType<'a> = V> + 'static,
    {
        let table = self.transaction.open_table(table).map_err(|error| self.damaged(error))?;
        Ok(table.get(()).map_err(|error| self.damaged(error))?.map(|value| value.value()))
    }

    fn single_json<T: DeserializeOwned>(
        &self,
        table: TableDefinition<'_, (), &'static [u8]>,
    ) -> Result<Option<T>, DataFileError> {
        let table = self.transaction.open_table(table).map_err(|error| self.damaged(error))?;
        let stored = table.get(()).map_err(|error| self.damaged(error))?;
        let parse = |stored: &[u8]| serde_json::from_slice(self.verified(stored)?).map_err(|error| self.damaged(error));
        stored.map(|stored| parse(stored.value())).transpose()
    }

    /// Calls `read` for what has these numbers, in their order.
    fn for_each(
        &self,
        table: TableDefinition<'_, u64, &'static [u8]>,
        numbers: Range<u64>,
        mut read: impl FnMut(&[u8]) -> Result<(), DataFileError>,
    ) -> Result<(), DataFileError> {
        let table = self.transaction.open_table(table).map_err(|error| self.damaged(error))?;
        let mut expected = numbers.start;
        for entry in table.iter().map_err(|error| self.damaged(error))? {
            let (number, stored) = entry.map_err(|error| self.damaged(error))?;
            if number.value() != expected || expected >= numbers.end {
                return Err(self.damaged(format_args!("number {expected} is missing")));
            }
            read(self.verified(stored.value())?)?;
            expected += 1;
        }
        if expected == numbers.end { Ok(()) } else { Err(self.damaged(format_args!("number {expected} is missing"))) }
    }

    fn verified<'a>(&self, stored: &'a [u8]) -> Result<&'a [u8], DataFileError> {
        without_digest(stored).ok_or_else(|| self.damaged("a digest is wrong"))
    }

    fn damaged(&self, problem: impl fmt::Display) -> DataFileError {
        DataFileError::damaged(self.path, problem)
    }
}

/// Checks that a file was made with the settings that somebody asks for.
fn check_settings(path: &Path, saved: &SavedSettings, wanted: PopulationSettings) -> Result<(), DataFileError> {
    let PopulationSettings { seed, customers, rare_values } = wanted;
    let other = |name: &str, value: &dyn fmt::Display| {
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

#[cfg(test)]
mod tests {
    use super::{DataFile, FORMAT, FORMAT_TABLE, PopulationSettings};
    use crate::{
        DataFileErrorKind,
        persistence::Journal,
        resource_path::ResourcePath,
        store::{ResourceStore, StateChange, StoreFull},
        timestamp::Timestamp,
    };
    use redb::{Database, ReadableDatabase, ReadableTableMetadata};
    use serde_json::json;
    use std::path::Path;

    const DEFAULTS: PopulationSettings = PopulationSettings { seed: None, customers: None, rare_values: None };

    fn open_store(path: &Path) -> ResourceStore {
        let (file, saved) = DataFile::open(path, DEFAULTS).unwrap();
        ResourceStore::with_state(saved.state)
            .saved_in(Journal::start(file).unwrap(), saved.session.unwrap_or_default())
    }

    #[test]
    fn file_of_another_version_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        drop(DataFile::open(&path, DEFAULTS).unwrap());
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(FORMAT_TABLE).unwrap().insert((), FORMAT + 1).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = DataFile::open(&path, DEFAULTS).err().unwrap();
        assert_eq!(error.kind(), DataFileErrorKind::OtherVersion);
        assert!(
            error.to_string().contains("has the format 2, and this version of the emulator reads format 1"),
            "{error}"
        );
    }

    #[test]
    fn records_are_replaced_by_a_state_when_they_are_larger() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let mut store = open_store(&path);
        let resource = ResourcePath::from_segments(["v1", "x"]);
        let text = "x".repeat(16 << 10);
        for number in 0..20 {
            let value = json!({ "number": number, "text": text });
            let changes = vec![StateChange::Put(resource.clone(), value)];
            store.update_state(|_| Ok::<_, StoreFull>(((), changes))).unwrap();
            store.wait_until_saved().unwrap();
            // Also if no start has many records.
            if number % 3 == 0 {
                drop(store);
                store = open_store(&path);
            }
        }
        drop(store);
        let database = Database::open(&path).unwrap();
        let records = database.begin_read().unwrap().open_table(super::RECORDS_TABLE).unwrap().len().unwrap();
        assert!(records < 12, "{records}");
        drop(database);
        let state = open_store(&path).state_snapshot();
        assert_eq!(state.get_resource(&resource, Timestamp::NEVER).unwrap()["number"], 19);
        assert_eq!(state.next_change_number(), 20);
    }
}
