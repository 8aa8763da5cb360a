//! Forms that propagated states are written in.

use anyhow::Context;
use astroshield_astro::Epoch;
use astroshield_formats::{
    ElementSetRecord, Header, HeaderDefaults, Message, Notation, Oem, OemMetadata, OemSegment, OemState,
    TimeSystem, Timestamp, write_messages,
};
use hifitime::TimeScale;
use nalgebra::Vector3;

use crate::output::Output;
use crate::time;

/// States of one object; there is at least one.
pub(super) struct Ephemeris<'a> {
    pub(super) record: &'a ElementSetRecord,
    pub(super) frame: &'static str,
    /// Time, position (km) and velocity (km/s).
    pub(super) states: Vec<(Epoch, Vector3<f64>, Vector3<f64>)>,
}

impl Ephemeris<'_> {
    fn name(&self) -> &str {
        self.record.name.as_deref().unwrap_or_default()
    }
}

/// A form, and where it goes.
pub(super) enum Ephemerides {
    Csv(Box<csv::Writer<Output>>),
    Oem {
        output: Output,
        defaults: HeaderDefaults,
        messages: usize,
    },
    #[cfg(feature = "parquet")]
    Parquet(Box<crate::parquet::StatesWriter>),
}

/// Columns of the CSV.
const COLUMNS: [&str; 10] = [
    "NORAD_CAT_ID",
    "OBJECT_NAME",
    "EPOCH_UTC",
    "REF_FRAME",
    "X_KM",
    "Y_KM",
    "Z_KM",
    "X_DOT_KM_S",
    "Y_DOT_KM_S",
    "Z_DOT_KM_S",
];

impl Ephemerides {
    pub(super) fn csv(output: Output) -> anyhow::Result<Self> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(COLUMNS)?;
        Ok(Self::Csv(Box::new(writer)))
    }

    pub(super) fn oem(output: Output, defaults: HeaderDefaults) -> Self {
        Self::Oem { output, defaults, messages: 0 }
    }

    #[cfg(feature = "parquet")]
    pub(super) fn parquet(output: Output) -> anyhow::Result<Self> {
        Ok(Self::Parquet(Box::new(crate::parquet::StatesWriter::new(output)?)))
    }

    pub(super) fn write(&mut self, ephemeris: &Ephemeris<'_>) -> anyhow::Result<()> {
        match self {
            Self::Csv(writer) => {
                let number = ephemeris.record.catalog_number.to_string();
                for (epoch, position_km, velocity_km_s) in &ephemeris.states {
                    let epoch = time::format_microseconds(*epoch);
                    let head = [&number, ephemeris.name(), &epoch, ephemeris.frame].map(str::to_owned);
                    // A millimeter and a micrometer per second: finer than any element set.
                    let position = position_km.iter().map(|x| format!("{x:.6}"));
                    let velocity = velocity_km_s.iter().map(|v| format!("{v:.9}"));
                    writer.write_record(head.into_iter().chain(position).chain(velocity))?;
                }
            }
            Self::Oem { output, defaults, messages } => {
                if *messages > 0 {
                    super::write_text(output, "\n")?;
                }
                *messages += 1;
                let message = Message::Oem(Box::new(oem(ephemeris)?));
                super::write_text(output, &write_messages(&[message], Notation::Kvn, defaults)?)?;
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.write(
                ephemeris.record.catalog_number.get(),
                ephemeris.name(),
                ephemeris.frame,
                &ephemeris.states,
            )?,
        }
        Ok(())
    }

    /// The output with all of it.
    pub(super) fn finish(self) -> anyhow::Result<Output> {
        match self {
            Self::Csv(writer) => writer.into_inner().map_err(|error| anyhow::Error::from(error.into_error())),
            Self::Oem { output, .. } => Ok(output),
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.finish(),
        }
    }
}

fn oem(ephemeris: &Ephemeris<'_>) -> anyhow::Result<Oem> {
    let timestamp = |epoch: Epoch| {
        Timestamp::from_epoch(epoch, TimeScale::UTC).context("a time outside the years 0 to 9999")
    };
    let states = ephemeris
        .states
        .iter()
        .map(|(epoch, position_km, velocity_km_s)| {
            Ok(OemState {
                epoch: timestamp(*epoch)?,
                position_km: (*position_km).into(),
                velocity_km_s: (*velocity_km_s).into(),
                acceleration_km_s2: None,
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let (Some(first), Some(last)) = (states.first(), states.last()) else {
        anyhow::bail!("no states to write")
    };
    let unknown = || "UNKNOWN".to_owned();
    Ok(Oem {
        version: "3.0".to_owned(),
        header: Header::default(),
        segments: vec![OemSegment {
            metadata: OemMetadata {
                comments: vec![format!(
                    "SGP4 from the element set of {} UTC, catalog number {}",
                    timestamp(ephemeris.record.elements.epoch)?,
                    ephemeris.record.catalog_number
                )],
                object_name: ephemeris.record.name.clone().unwrap_or_else(unknown),
                object_id: ephemeris.record.international_designator.clone().unwrap_or_else(unknown),
                center_name: "EARTH".to_owned(),
                ref_frame: ephemeris.frame.to_owned(),
                ref_frame_epoch: None,
                time_system: TimeSystem::utc(),
                start_time: first.epoch,
                useable_start_time: None,
                useable_stop_time: None,
                stop_time: last.epoch,
                interpolation: None,
                interpolation_degree: None,
            },
            comments: Vec::new(),
            states,
            covariances: Vec::new(),
        }],
    })
}
