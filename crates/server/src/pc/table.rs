//! What the methods say about a message, for people.

use std::io::Write;

use astroshield_astro::probability::assess::{Assessment, Method};
use astroshield_astro::probability::monte_carlo;
use astroshield_formats::CdmObject;

use super::Assessed;
use crate::number::scientific;

/// Writes one message.
pub(super) fn write(message: &Assessed, mut writer: impl Write) -> anyhow::Result<()> {
    let Assessed { file, cdm, hard_body_radius_m, radius_source, assessment } = message;
    let object = |object: &CdmObject| {
        let metadata = &object.metadata;
        format!("{} {}", metadata.object_designator, metadata.object_name)
    };
    writeln!(writer, "{file}: {} / {}", object(&cdm.object1), object(&cdm.object2))?;
    writeln!(
        writer,
        "  TCA {} UTC, miss distance {} m, hard-body radius {hard_body_radius_m} m ({radius_source})",
        cdm.relative.tca, cdm.relative.miss_distance_m
    )?;
    writeln!(writer, "  source: CDM of {}, created {}", cdm.header.originator, cdm.header.creation_date)?;
    writeln!(writer, "  {}", verdict(assessment))?;
    writeln!(writer)?;
    writeln!(writer, "  {:<20}  {:>11}  holds", "method", "probability")?;
    for result in &assessment.methods {
        let probability = result.probability.map_or("-".to_owned(), |probability| scientific(probability, 4));
        let holds = if result.applies { "yes" } else { "no" };
        let warnings: Vec<String> = result.warnings.iter().map(ToString::to_string).collect();
        let line =
            format!("  {:<20}  {probability:>11}  {holds:<5}  {}", result.method.name(), warnings.join("; "));
        writeln!(writer, "{}", line.trim_end())?;
    }
    if let Some(dilution_km) = assessment.dilution_km {
        writeln!(writer, "  the maximum is reached at a minor sigma of {:.1} m", dilution_km * 1e3)?;
    }
    if let Some(run) = &assessment.monte_carlo {
        let [low, high] = run.interval;
        let percent = monte_carlo::Options::default().confidence * 100.0;
        let (low, high) = (scientific(low, 3), scientific(high, 3));
        writeln!(
            writer,
            "  Monte Carlo: {} of {} samples hit, {percent:.0} % interval {low} to {high}",
            run.hits, run.samples
        )?;
    }
    for repair in &assessment.repairs {
        writeln!(writer, "  covariance repaired ({:?}): {}", repair.matrix, repair.method.name())?;
    }
    Ok(())
}

fn verdict(assessment: &Assessment) -> String {
    match assessment.best_result() {
        None => "best: none, no method gave a number".to_owned(),
        Some(best) => {
            let name = best.method.name();
            let probability =
                best.probability.map_or("-".to_owned(), |probability| scientific(probability, 4));
            let doubt = if best.applies { "" } else { ", although no method's assumptions hold" };
            format!("best: {probability} by {name}{doubt}")
        }
    }
}

/// Writes what each method assumes.
pub(super) fn write_legend(mut writer: impl Write) -> anyhow::Result<()> {
    writeln!(writer)?;
    writeln!(
        writer,
        "Assumptions (all: Gaussian errors, independent between the objects, spherical bodies):"
    )?;
    for method in [
        Method::Foster1992,
        Method::Chan1997,
        Method::Alfano2005,
        Method::Alfano2005Maximum,
        Method::Hall2023,
        Method::Hall2021,
        Method::MonteCarlo,
    ] {
        writeln!(writer, "  {:<20}  {}", method.name(), assumptions(method))?;
    }
    Ok(())
}

const fn assumptions(method: Method) -> &'static str {
    match method {
        Method::Foster1992 => {
            "short encounter, straight motion, velocities known; the exact integral over the disc"
        }
        Method::Chan1997 => {
            "as foster_1992; disc replaced by an equal one in scaled axes, summed as a series"
        }
        Method::Alfano2005 => "as foster_1992; sum of error functions",
        Method::Alfano2005Maximum => {
            "as foster_1992; the largest value over all scales of the covariance: a bound"
        }
        Method::Hall2023 => "one isolated encounter, curved two-body motion (2D-Nc)",
        Method::Hall2021 => "curved two-body motion, collision rate integrated over the encounter (3D-Nc)",
        Method::MonteCarlo => "two-body motion; exact within its confidence interval",
    }
}
