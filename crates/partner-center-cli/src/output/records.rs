//! The records of commands that are not operations of the service, in each format but a table.

use super::{json::pretty_print_json, yaml::json_to_yaml};
use crate::arguments::OutputFormat;
use serde::Serialize;
use std::io;

/// Formats records: JSON and YAML as a list, unless it `is_single`.
pub(crate) fn serialize_records<T: Serialize>(
    format: OutputFormat,
    records: &[T],
    is_single: bool,
) -> io::Result<Vec<u8>> {
    let json = || {
        if is_single {
            records.iter().map(serde_json::to_string).collect::<Result<String, _>>()
        } else {
            serde_json::to_string(records)
        }
    };
    Ok(match format {
        OutputFormat::Table | OutputFormat::Jsonl => {
            let mut text = Vec::new();
            for record in records {
                serde_json::to_writer(&mut text, record)?;
                text.push(b'\n');
            }
            text
        }
        OutputFormat::Json => (pretty_print_json(&json()?) + "\n").into_bytes(),
        OutputFormat::Yaml => json_to_yaml(&json()?).into_bytes(),
        OutputFormat::Csv | OutputFormat::Tsv => {
            let delimiter = if format == OutputFormat::Tsv { b'\t' } else { b',' };
            let mut csv = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
            records.iter().try_for_each(|record| csv.serialize(record)).map_err(io::Error::from)?;
            csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?
        }
    })
}
