//! Results as Parquet tables.

use std::sync::Arc;

use anyhow::Context;
use astroshield_astro::Epoch;
use hifitime::Unit;
use nalgebra::Vector3;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::output::Output;

/// Values of one column, in the type that the schema gives it.
pub(crate) enum Column {
    /// `INT32`
    Integers(Vec<i32>),
    /// `INT32`, optional
    OptionalIntegers(Vec<Option<i32>>),
    /// `INT64 (TIMESTAMP(MICROS, true))`
    Times(Vec<i64>),
    /// `DOUBLE`
    Numbers(Vec<f64>),
    /// `DOUBLE`, optional
    OptionalNumbers(Vec<Option<f64>>),
    /// `BYTE_ARRAY (STRING)`
    Texts(Vec<String>),
    /// `BOOLEAN`
    Flags(Vec<bool>),
}

/// A table that is being written.
pub(crate) struct Table {
    writer: SerializedFileWriter<Output>,
}

impl Table {
    pub(crate) fn new(output: Output, schema: &str) -> anyhow::Result<Self> {
        let schema = parse_message_type(schema).context("schema of the table")?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { writer })
    }

    /// Writes some rows, column by column, in the order of the schema.
    pub(crate) fn write(&mut self, columns: &[Column]) -> anyhow::Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in columns {
            let mut writer = group.next_column()?.context("more columns than the schema has")?;
            match (writer.untyped(), column) {
                (ColumnWriter::Int32ColumnWriter(writer), Column::Integers(values)) => {
                    writer.write_batch(values, None, None)?;
                }
                (ColumnWriter::Int32ColumnWriter(writer), Column::OptionalIntegers(values)) => {
                    let (present, levels) = present(values);
                    writer.write_batch(&present, Some(&levels), None)?;
                }
                (ColumnWriter::Int64ColumnWriter(writer), Column::Times(values)) => {
                    writer.write_batch(values, None, None)?;
                }
                (ColumnWriter::DoubleColumnWriter(writer), Column::Numbers(values)) => {
                    writer.write_batch(values, None, None)?;
                }
                (ColumnWriter::DoubleColumnWriter(writer), Column::OptionalNumbers(values)) => {
                    let (present, levels) = present(values);
                    writer.write_batch(&present, Some(&levels), None)?;
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), Column::Texts(values)) => {
                    let values: Vec<ByteArray> = values.iter().map(|text| text.as_str().into()).collect();
                    writer.write_batch(&values, None, None)?;
                }
                (ColumnWriter::BoolColumnWriter(writer), Column::Flags(values)) => {
                    writer.write_batch(values, None, None)?;
                }
                _ => anyhow::bail!("a column is not of the schema's type"),
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// The output with the whole table.
    pub(crate) fn finish(self) -> anyhow::Result<Output> {
        Ok(self.writer.into_inner()?)
    }
}

/// The values that are there, and for each place whether one is.
fn present<T: Copy>(values: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    let levels = values.iter().map(|value| i16::from(value.is_some()));
    (values.iter().flatten().copied().collect(), levels.collect())
}

/// Microseconds of Unix time.
pub(crate) fn unix_microseconds(epoch: Epoch) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "the years of a window fit 64 bits")]
    let microseconds = (epoch.to_unix(Unit::Microsecond)).round() as i64;
    microseconds
}

/// A catalog number, which has at most nine digits.
pub(crate) fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

const STATES_SCHEMA: &str = "message states {
    required int32 norad_cat_id;
    required byte_array object_name (string);
    required int64 epoch_utc (timestamp(micros, true));
    required byte_array ref_frame (string);
    required double x_km;
    required double y_km;
    required double z_km;
    required double x_dot_km_s;
    required double y_dot_km_s;
    required double z_dot_km_s;
}";

/// Rows that are written together.
const GROUP: usize = 200_000;

/// A table of states that is being written.
pub(crate) struct StatesWriter {
    table: Table,
    numbers: Vec<i32>,
    names: Vec<String>,
    epochs: Vec<i64>,
    frames: Vec<String>,
    components: [Vec<f64>; 6],
}

impl StatesWriter {
    pub(crate) fn new(output: Output) -> anyhow::Result<Self> {
        Ok(Self {
            table: Table::new(output, STATES_SCHEMA)?,
            numbers: Vec::new(),
            names: Vec::new(),
            epochs: Vec::new(),
            frames: Vec::new(),
            components: Default::default(),
        })
    }

    pub(crate) fn write(
        &mut self,
        catalog_number: u32,
        name: &str,
        frame: &str,
        states: &[(Epoch, Vector3<f64>, Vector3<f64>)],
    ) -> anyhow::Result<()> {
        for (epoch, position_km, velocity_km_s) in states {
            self.numbers.push(integer(catalog_number));
            self.names.push(name.to_owned());
            self.epochs.push(unix_microseconds(*epoch));
            self.frames.push(frame.to_owned());
            for (component, value) in self.components.iter_mut().zip(position_km.iter().chain(velocity_km_s))
            {
                component.push(*value);
            }
        }
        if self.numbers.len() >= GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        let mut columns = vec![
            Column::Integers(std::mem::take(&mut self.numbers)),
            Column::Texts(std::mem::take(&mut self.names)),
            Column::Times(std::mem::take(&mut self.epochs)),
            Column::Texts(std::mem::take(&mut self.frames)),
        ];
        columns.extend(std::mem::take(&mut self.components).map(Column::Numbers));
        self.table.write(&columns)
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<Output> {
        self.flush()?;
        self.table.finish()
    }
}
