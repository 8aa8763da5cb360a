//! The calls about space weather and Earth orientation.

use astroshield_domain::daily::DayRange;
use astroshield_domain::ports::{DayStore, StoreError};
use astroshield_formats::{EarthOrientationDay, SpaceWeatherDay};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use tracing::Instrument as _;

use super::super::days::Series;
use super::super::{ThisStore, days};
use super::call;
use crate::sql::whose::Whose;

#[async_trait]
impl DayStore for ThisStore {
    async fn put_space_weather(
        &self,
        source: &str,
        arrived: Timestamp,
        days: &[SpaceWeatherDay],
    ) -> Result<u64, StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            days::put(connection, Series::SpaceWeather, source, arrived, days)
        )
    }

    async fn space_weather(&self, from: Date, to: Date) -> Result<DayRange<SpaceWeatherDay>, StoreError> {
        read!(self, Whose::Everybody, connection, days::range(connection, Series::SpaceWeather, from, to))
    }

    async fn put_earth_orientation(
        &self,
        source: &str,
        arrived: Timestamp,
        days: &[EarthOrientationDay],
    ) -> Result<u64, StoreError> {
        write!(
            self,
            Whose::Everybody,
            connection,
            days::put(connection, Series::EarthOrientation, source, arrived, days)
        )
    }

    async fn earth_orientation(
        &self,
        from: Date,
        to: Date,
    ) -> Result<DayRange<EarthOrientationDay>, StoreError> {
        read!(self, Whose::Everybody, connection, days::range(connection, Series::EarthOrientation, from, to))
    }
}
