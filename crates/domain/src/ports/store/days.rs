//! The part of the store about space weather and Earth orientation.

use astroshield_formats::{EarthOrientationDay, SpaceWeatherDay};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use super::StoreError;
use crate::daily::DayRange;

/// Space weather and the orientation of the Earth, day by day; as [`Store`](super::Store), of which it is a part.
#[async_trait]
pub trait DayStore: Send + Sync + 'static {
    /// Stores space weather, and returns how many days are new or changed. What is less certain never takes the place of
    /// what is more; what is the same is left alone, with its source and its time of arrival.
    async fn put_space_weather(
        &self,
        source: &str,
        arrived: Timestamp,
        days: &[SpaceWeatherDay],
    ) -> Result<u64, StoreError>;

    /// Space weather from a day to a day, both included.
    async fn space_weather(&self, from: Date, to: Date) -> Result<DayRange<SpaceWeatherDay>, StoreError>;

    /// Stores the orientation of the Earth, as [`Self::put_space_weather`] does.
    async fn put_earth_orientation(
        &self,
        source: &str,
        arrived: Timestamp,
        days: &[EarthOrientationDay],
    ) -> Result<u64, StoreError>;

    /// The orientation of the Earth from a day to a day, both included.
    async fn earth_orientation(
        &self,
        from: Date,
        to: Date,
    ) -> Result<DayRange<EarthOrientationDay>, StoreError>;
}
