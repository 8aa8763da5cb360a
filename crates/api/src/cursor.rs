//! Opaque cursors: where a list goes on, as the caller gets it and gives it back.

use astroshield_domain::conjunction::{ConjunctionCursor, ConjunctionOrder};
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
    after: ConjunctionCursor,
) -> Result<String, Problem> {
    encode(list_of(order), Place { bits: after.value.to_bits(), id: after.id })
}

/// The place that a cursor of the list of conjunctions in an order stands for.
pub(crate) fn decode_conjunction(
    order: ConjunctionOrder,
    cursor: &str,
) -> Result<ConjunctionCursor, Problem> {
    let place: Place = decode(list_of(order), cursor)?;
    let value = f64::from_bits(place.bits);
    if value.is_finite() {
        Ok(ConjunctionCursor { value, id: place.id })
    } else {
        Err(Problem::invalid("cursor", "its place is not a number"))
    }
}

fn list_of(order: ConjunctionOrder) -> &'static str {
    match order {
        ConjunctionOrder::Tca => "conjunctions by tca",
        ConjunctionOrder::Probability => "conjunctions by probability",
        ConjunctionOrder::MissDistance => "conjunctions by miss_distance",
    }
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
            let cursor = encode_conjunction(ConjunctionOrder::Probability, after).unwrap();
            let back = decode_conjunction(ConjunctionOrder::Probability, &cursor).unwrap();
            assert_eq!((back.value.to_bits(), back.id), (value.to_bits(), id()));
        }
    }

    #[test]
    fn what_is_no_cursor_of_this_list_is_refused_by_name() {
        let other =
            encode_conjunction(ConjunctionOrder::Tca, ConjunctionCursor { value: 1.0, id: id() }).unwrap();
        let infinite = encode_conjunction(
            ConjunctionOrder::Probability,
            ConjunctionCursor { value: f64::NAN, id: id() },
        );
        let deep = URL_SAFE_NO_PAD.encode("[".repeat(200));
        let long = "A".repeat(5_000);
        for cursor in ["", "%%%", "e30", &other, &infinite.unwrap(), &deep, &long] {
            let problem = decode_conjunction(ConjunctionOrder::Probability, cursor).unwrap_err();
            let response = problem.into_response();
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{cursor}");
            assert!(format!("{:?}", response.extensions().get::<Problem>()).contains("\"cursor\""));
        }
    }
}
