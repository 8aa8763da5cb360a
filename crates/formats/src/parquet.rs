//! Tables in Parquet, written some rows at a time.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Why a table was not written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The output, or a schema that is none.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// The columns are not those of the schema.
    #[error("column {place} is not of the type that the schema says")]
    Column {
        /// Which, from 0.
        place: usize,
    },
}

/// Values of one column, in the type that the schema gives it.
#[derive(Debug)]
pub enum Column {
    /// `INT32`
    Integers(Vec<i32>),
    /// `INT32`, optional
    OptionalIntegers(Vec<Option<i32>>),
    /// `INT64 (TIMESTAMP(MICROS, true))`
    Times(Vec<i64>),
    /// `INT64 (TIMESTAMP(MICROS, true))`, optional
    OptionalTimes(Vec<Option<i64>>),
    /// `DOUBLE`
    Numbers(Vec<f64>),
    /// `DOUBLE`, optional
    OptionalNumbers(Vec<Option<f64>>),
    /// `BYTE_ARRAY (STRING)`
    Texts(Vec<String>),
    /// `BYTE_ARRAY (STRING)`, optional
    OptionalTexts(Vec<Option<String>>),
    /// `BOOLEAN`
    Flags(Vec<bool>),
}

/// A table that is being written.
pub struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
}

impl<W: Write + Send> Table<W> {
    /// Begins a table of a schema, in Parquet's own notation for one.
    ///
    /// # Errors
    /// When the schema is none, or the output does not take the beginning.
    pub fn new(output: W, schema: &str) -> Result<Self, TableError> {
        let schema = parse_message_type(schema)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { writer })
    }

    /// Writes some rows, column by column, in the order of the schema.
    ///
    /// # Errors
    /// When a column is not of the schema's type, or the output does not take them.
    pub fn write(&mut self, columns: Vec<Column>) -> Result<(), TableError> {
        let mut group = self.writer.next_row_group()?;
        for (place, column) in columns.into_iter().enumerate() {
            let mut writer = group.next_column()?.ok_or(TableError::Column { place })?;
            match (writer.untyped(), column) {
                (ColumnWriter::Int32ColumnWriter(writer), Column::Integers(values)) => {
                    writer.write_batch(&values, None, None)?;
                }
                (ColumnWriter::Int32ColumnWriter(writer), Column::OptionalIntegers(values)) => {
                    let (present, levels) = present(values);
                    writer.write_batch(&present, Some(&levels), None)?;
                }
                (ColumnWriter::Int64ColumnWriter(writer), Column::Times(values)) => {
                    writer.write_batch(&values, None, None)?;
                }
                (ColumnWriter::Int64ColumnWriter(writer), Column::OptionalTimes(values)) => {
                    let (present, levels) = present(values);
                    writer.write_batch(&present, Some(&levels), None)?;
                }
                (ColumnWriter::DoubleColumnWriter(writer), Column::Numbers(values)) => {
                    writer.write_batch(&values, None, None)?;
                }
                (ColumnWriter::DoubleColumnWriter(writer), Column::OptionalNumbers(values)) => {
                    let (present, levels) = present(values);
                    writer.write_batch(&present, Some(&levels), None)?;
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), Column::Texts(values)) => {
                    let values: Vec<ByteArray> = values.iter().map(|text| text.as_str().into()).collect();
                    writer.write_batch(&values, None, None)?;
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), Column::OptionalTexts(values)) => {
                    let (present, levels) = present(values);
                    let present: Vec<ByteArray> = present.iter().map(|text| text.as_str().into()).collect();
                    writer.write_batch(&present, Some(&levels), None)?;
                }
                (ColumnWriter::BoolColumnWriter(writer), Column::Flags(values)) => {
                    writer.write_batch(&values, None, None)?;
                }
                _ => return Err(TableError::Column { place }),
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// The output with the whole table.
    ///
    /// # Errors
    /// When the output does not take the end.
    pub fn finish(self) -> Result<W, TableError> {
        Ok(self.writer.into_inner()?)
    }
}

/// The values that are there, and for each place whether one is.
fn present<T>(values: Vec<Option<T>>) -> (Vec<T>, Vec<i16>) {
    let levels = values.iter().map(|value| i16::from(value.is_some())).collect();
    (values.into_iter().flatten().collect(), levels)
}

/// A catalog number, which has at most nine digits.
#[must_use]
pub fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
