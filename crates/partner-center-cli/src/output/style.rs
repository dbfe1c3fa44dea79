use super::{OutputFormatter, columns::Column, csv, is_output_terminal, json, output_width, selection, table, yaml};
use crate::arguments::{OutputFormat, ServiceOptions, operations::naming::ResourceNoun};

/// What the options say about the output.
#[derive(Clone)]
pub(super) struct FormatStyle {
    output: OutputFormat,
    csv_options: csv::CsvOptions,
    sort_by: Option<String>,
    noun: ResourceNoun,
}

impl FormatStyle {
    pub(super) fn new(options: &ServiceOptions, noun: ResourceNoun) -> Self {
        let csv_options = csv::CsvOptions {
            delimiter: if options.output == OutputFormat::Tsv { b'\t' } else { b',' },
            no_header: options.no_header,
            byte_order_mark: options.csv_bom,
            escapes_formulas: options.csv_escape_formulas,
        };
        Self { output: options.output, csv_options, sort_by: options.sort_by.clone(), noun }
    }

    /// Returns a formatter with these columns, or of whole values; `selected` are the paths of the columns, if they were chosen.
    pub(super) fn build_output_formatter(&self, columns: Vec<Column>, selected: &[String]) -> Box<dyn OutputFormatter> {
        let mut formatter: Box<dyn OutputFormatter> = match self.output {
            OutputFormat::Table => {
                let width = output_width();
                let table = table::TableFormatter::new(columns, !selected.is_empty(), width, self.noun);
                Box::new(table.no_header(self.csv_options.no_header))
            }
            OutputFormat::Csv | OutputFormat::Tsv => {
                Box::new(csv::CsvFormatter::new(columns, self.csv_options, is_output_terminal()))
            }
            OutputFormat::Json => Box::<json::JsonArrayFormatter>::default(),
            OutputFormat::Jsonl => Box::new(json::JsonLinesFormatter),
            OutputFormat::Yaml => Box::<yaml::YamlFormatter>::default(),
        };
        if !self.output.has_columns() && !selected.is_empty() {
            formatter = Box::new(selection::ColumnSelector { paths: selected.to_vec(), formatter });
        }
        match &self.sort_by {
            Some(path) => Box::new(selection::ItemSorter::new(path, formatter)),
            None => formatter,
        }
    }
}
