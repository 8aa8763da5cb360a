#![doc = include_str!("../README.md")]

mod assemble;
mod catalog;
mod catalog_number;
mod cdm;
mod cdm_covariance;
mod cdm_draft;
mod cdm_json;
mod cdm_summary;
mod covariance;
mod daily;
mod detect;
mod document;
mod earth_orientation;
mod error;
mod field;
mod header;
mod json;
mod kvn;
mod oem;
mod oem_draft;
mod omm;
mod opm;
#[cfg(feature = "parquet")]
pub mod parquet;
mod reading;
mod rows;
mod satcat;
mod space_weather;
mod spacecraft;
mod table;
mod text;
mod timestamp;
mod tle;
mod units;
mod xml;

pub use assemble::Message;
pub use catalog::{Catalog, ElementSet, ElementSetRecord, read_catalog, write_catalog};
pub use catalog_number::CatalogNumber;
pub use cdm::{
    Cdm, CdmAdditionalParameters, CdmHeader, CdmMetadata, CdmObject, CdmOdParameters, CdmRelative, CdmState,
};
pub use cdm_covariance::{CovarianceMetadata, RtnCovariance, XyzCovariance};
pub use cdm_summary::{CdmSummary, CdmSummaryFields};
pub use covariance::CartesianCovariance;
pub use daily::DailyTable;
pub use detect::{MessageKind, Notation, detect};
pub use document::{Document, NdmContainer, Parts, read_messages, write_messages};
pub use earth_orientation::{EarthOrientationDay, EarthOrientationKind, read_earth_orientation};
pub use error::{ConversionError, Fault, Location, RecordProblem, Strictness, WriteError};
pub use field::UserDefined;
pub use header::{Header, HeaderDefaults};
pub use oem::{Oem, OemCovariance, OemMetadata, OemSegment, OemState};
pub use omm::{Omm, OmmMeanElements, OmmMetadata, TleParameters};
pub use opm::{KeplerianElements, Maneuver, Opm, OpmMetadata, OpmState};
pub use satcat::{SatcatRow, SatcatTable, read_satcat};
pub use space_weather::{SpaceWeatherDay, SpaceWeatherKind, read_space_weather};
pub use spacecraft::SpacecraftParameters;
pub use timestamp::{TimeSystem, Timestamp};
pub use tle::Tle;
