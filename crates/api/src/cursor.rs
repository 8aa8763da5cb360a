//! Opaque cursors: where a list goes on, as the caller gets it and gives it back.

use astroshield_domain::conjunction::{ConjunctionCursor, ConjunctionOrder, Direction};
use astroshield_domain::ids::ConjunctionId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Longest cursor that is taken, in characters; ours are shorter.
const LONGEST: usize = 400;

/// A place in a list, with the name of the list, so that a cursor of another list is not mistaken for one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    list: String,
    after: T,
}

/// The cursor for a place in a list.
pub(crate) fn encode<T: Serialize>(list: &str, after: T) -> Result<String, Problem> {
    let json = serde_json::to_vec(&Envelope { list: list.to_owned(), after }).map_err(Problem::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// The place that a cursor of a list stands for.
pub(crate) fn decode<T: DeserializeOwned>(list: &str, cursor: &str) -> Result<T, Problem> {
    let refused = || Problem::invalid("cursor", format!("not a cursor of the list {list}"));
    if cursor.len() > LONGEST {
        return Err(refused());
    }
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let envelope: Envelope<T> = serde_json::from_slice(&json).map_err(|_| refused())?;
    if envelope.list == list { Ok(envelope.after) } else { Err(refused()) }
}

/// The bits of a sort value, as decimals may come back from JSON a last digit off and repeat or skip a row.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    bits: u64,
    id: ConjunctionId,
}

/// A cursor of the list of conjunctions in an order.
pub(crate) fn encode_conjunction(
    order: ConjunctionOrder,
    direction: Option<Direction>,
    after: ConjunctionCursor,
) -> Result<String, Problem> {
    encode(&list_of(order, direction), Place { bits: after.value.to_bits(), id: after.id })
}

/// The place that a cursor of the list of conjunctions in an order stands for.
pub(crate) fn decode_conjunction(
    order: ConjunctionOrder,
    direction: Option<Direction>,
    cursor: &str,
) -> Result<ConjunctionCursor, Problem> {
    let place: Place = decode(&list_of(order, direction), cursor)?;
    let value = f64::from_bits(place.bits);
    if value.is_finite() {
        Ok(ConjunctionCursor { value, id: place.id })
    } else {
        Err(Problem::invalid("cursor", "its place is not a number"))
    }
}

fn list_of(order: ConjunctionOrder, direction: Option<Direction>) -> String {
    let name = match order {
        ConjunctionOrder::Tca => "tca",
        ConjunctionOrder::Probability => "probability",
        ConjunctionOrder::MissDistance => "miss_distance",
        ConjunctionOrder::RelativeSpeed => "relative_speed",
        ConjunctionOrder::MaximumProbability => "maximum_probability",
        ConjunctionOrder::FirstSeen => "first_seen",
        ConjunctionOrder::DataAge => "data_age",
    };
    let is_usual = direction.is_none_or(|direction| direction == order.usual());
    format!("conjunctions by {name}{}", if is_usual { "" } else { ", backward" })
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse as _;

    use super::*;

    fn id() -> ConjunctionId {
        "018f3c2e-8a54-7c1b-9d37-2b605e8fa911".parse().unwrap()
    }

    #[test]
    fn a_place_comes_back_to_the_last_bit() {
        for value in [1.234_567_890_123_456_7e-5, 0.1 + 0.2, f64::MIN_POSITIVE, 1_764_000_000_000_001.0] {
            let after = ConjunctionCursor { value, id: id() };
            for direction in [None, Some(Direction::Ascending), Some(Direction::Descending)] {
                for order in ConjunctionOrder::ALL {
                    let cursor = encode_conjunction(order, direction, after).unwrap();
                    let back = decode_conjunction(order, direction, &cursor).unwrap();
                    assert_eq!((back.value.to_bits(), back.id), (value.to_bits(), id()));
                }
            }
        }
    }

    #[test]
    fn what_is_no_cursor_of_this_list_is_refused_by_name() {
        let cursor = |order, direction, value| {
            encode_conjunction(order, direction, ConjunctionCursor { value, id: id() }).unwrap()
        };
        let other = cursor(ConjunctionOrder::Tca, None, 1.0);
        let backward = cursor(ConjunctionOrder::Probability, Some(Direction::Ascending), 1.0);
        let infinite = cursor(ConjunctionOrder::Probability, None, f64::NAN);
        let deep = URL_SAFE_NO_PAD.encode("[".repeat(200));
        let long = "A".repeat(5_000);
        for cursor in ["", "%%%", "e30", &other, &backward, &infinite, &deep, &long] {
            let problem = decode_conjunction(ConjunctionOrder::Probability, None, cursor).unwrap_err();
            let response = problem.into_response();
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{cursor}");
            assert!(format!("{:?}", response.extensions().get::<Problem>()).contains("\"cursor\""));
        }
    }
}
