//! Results as Parquet tables.

use astroshield_astro::Epoch;
pub(crate) use astroshield_formats::parquet::{Column, Table, integer};
use hifitime::Unit;
use nalgebra::Vector3;

use crate::output::Output;

/// Microseconds of Unix time.
pub(crate) fn unix_microseconds(epoch: Epoch) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "the years of a window fit 64 bits")]
    let microseconds = (epoch.to_unix(Unit::Microsecond)).round() as i64;
    microseconds
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
    table: Table<Output>,
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
        Ok(self.table.write(columns)?)
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<Output> {
        self.flush()?;
        Ok(self.table.finish()?)
    }
}
