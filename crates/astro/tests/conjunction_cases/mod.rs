//! Conjunctions with published probabilities: Alfano's twelve cases and NASA CARA's messages.

use crate::reference_data;
use astroshield_astro::probability::{Covariance, Encounter, ObjectState, Rtn};
use astroshield_astro::state::{Eme2000, State};
use nalgebra::{Matrix6, Vector3};
use serde_json::Value;

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn vector(value: &Value, scale: f64) -> Vector3<f64> {
    Vector3::from_fn(|index, _| scale * number(&value[index]))
}

/// A covariance in m^2, m^2/s, m^2/s^2 as km^2, km^2/s, km^2/s^2.
fn matrix(value: &Value) -> Matrix6<f64> {
    Matrix6::from_fn(|row, column| 1e-6 * number(&value[row][column]))
}

/// The cases of a file, or word that `test` is skipped.
pub(crate) fn cases(file: &str, test: &str) -> Option<Vec<Value>> {
    let path = reference_data::folder("pc", test)?.join(file);
    let mut document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    Some(std::mem::take(document["cases"].as_array_mut().unwrap()))
}

/// Alfano's case at its time of closest approach.
pub(crate) fn alfano_encounter(case: &Value) -> Encounter<Eme2000> {
    let at = &case["at_tca"];
    let object = |index: usize| ObjectState {
        state: State::new(
            vector(&at[format!("r{index}_m")], 1e-3),
            vector(&at[format!("v{index}_mps")], 1e-3),
        ),
        covariance: Covariance::new(matrix(&at[format!("C{index}")])).unwrap(),
    };
    Encounter::new(object(1), object(2), 1e-3 * number(&case["hbr_m"])).unwrap()
}

/// CARA's message as it stands.
pub(crate) fn cara_encounter(case: &Value) -> Encounter<Eme2000> {
    let object = |name: &str| {
        let object = &case[name];
        let numbers = &object["state_km_kmps"];
        let state =
            State::new(vector(numbers, 1.0), Vector3::from_fn(|index, _| number(&numbers[index + 3])));
        let covariance = Covariance::<Rtn>::new(matrix(&object["cov_rtn_m"])).unwrap();
        ObjectState { state, covariance: covariance.to_inertial(&state).unwrap() }
    };
    Encounter::new(object("obj1"), object("obj2"), 1e-3 * number(&case["hbr_m"])).unwrap()
}
