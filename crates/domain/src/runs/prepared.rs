//! What a run screens: the catalog as of an instant, and a window.

use std::collections::HashMap;
use std::sync::Arc;

use astroshield_astro::screening::{SLICE_KNOTS, Screening, Selection, Volume, Window};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::identity::{Approach, Known};
use super::{RunError, Runner, identity};
use crate::catalog::ElementSet;
use crate::conjunction::{Conjunction, ConjunctionStatus};
use crate::epochs::CatalogEpochs;
use crate::fitness::Fitness;
use crate::ids::{EventId, RunId, TenantId};
use crate::population::{self, Fingerprint, Population};
use crate::screening::{Run, RunKind, RunState};
use crate::sizes::Sizes;
use crate::time;
use crate::trace::Trace;

/// A run with what it screens.
pub(super) struct Prepared {
    pub(super) run: Run,
    pub(super) population: Population,
    pub(super) screening: Screening,
    pub(super) window: Window,
    pub(super) fingerprint: Fingerprint,
}

impl Runner {
    /// Begins a run, if there is anything to screen.
    pub(super) async fn begin(
        &self,
        tenant: &TenantId,
        kind: RunKind,
        causes: &[EventId],
    ) -> Result<Option<Prepared>, RunError> {
        let now = time::to_microsecond(self.clock.now());
        // What arrived while the clock was ahead is there all the same.
        let mut as_of = now;
        for owner in [&TenantId::public(), tenant] {
            if let Some((arrived, _)) = self.store.catalog_age(owner).await? {
                as_of = as_of.max(arrived);
            }
        }
        let sets = self.store.catalog_as_of(tenant, as_of).await?;
        let epochs = CatalogEpochs::of(sets.iter().map(|set| set.elements.epoch));
        let Some(window_start) = self.window_start(now, epochs.as_ref()) else { return Ok(None) };
        let run = Run {
            id: RunId::at(now),
            tenant: tenant.clone(),
            kind,
            state: RunState::Running,
            as_of,
            window_start,
            window_stop: window_start.saturating_add(self.settings.window).unwrap_or(window_start),
            threshold_km: self.settings.threshold_km,
            slices: 0,
            slices_done: 0,
            objects: 0,
            not_screened: 0,
            conjunctions: 0,
            started: now,
            finished: None,
            problem: None,
            build: self.settings.build.clone(),
            trace: Trace::current(),
        };
        // Where nothing of a tenant's own is left to screen, a last run lets go of what it found before.
        let covers = kind == RunKind::Ephemerides && self.store.covers(tenant, window_start).await?;
        let Some(mut prepared) = self.prepare(run, sets, covers).await? else { return Ok(None) };
        prepared.run.slices = prepared.slices();
        prepared.run.objects = prepared.population.subjects.len() as u64;
        self.store.begin_run(&prepared.run, causes).await?;
        let Run { id, slices, objects, .. } = prepared.run;
        tracing::info!(run = %id, %tenant, ?kind, slices, objects, start = %window_start, "screening begins");
        Ok(Some(prepared))
    }

    /// Start of the window: now, or the newest epoch of a catalog that is too old for now.
    fn window_start(&self, now: Timestamp, epochs: Option<&CatalogEpochs>) -> Option<Timestamp> {
        let epochs = epochs?;
        let start = if self.settings.start_from_catalog && epochs.is_stale(time::to_epoch(now)) {
            time::from_epoch(epochs.newest)?
        } else {
            now
        };
        start.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor)).ok()
    }

    /// What a run screens: a function of the run, of what the store keeps forever, and of what SATCAT says. `None` if there is
    /// nothing, unless an empty run is wanted.
    async fn prepare(
        &self,
        run: Run,
        sets: Vec<ElementSet>,
        even_if_empty: bool,
    ) -> Result<Option<Prepared>, RunError> {
        let window = Window::new(time::to_epoch(run.window_start), time::to_epoch(run.window_stop))?;
        let ephemerides = match run.kind {
            RunKind::Catalog => Vec::new(),
            RunKind::Ephemerides => {
                let window = (run.window_start, run.window_stop);
                self.store.ephemerides_as_of(&run.tenant, run.as_of, window).await?
            }
        };
        let (tenant, kind) = (run.tenant.clone(), run.kind);
        let own = move |set: &ElementSet| kind == RunKind::Ephemerides && set.tenant == tenant;
        let objection = self.objection(&run).await?;
        let mut population = population::of_catalog(sets, &ephemerides, own, objection, &self.blobs).await?;
        let primaries = population.primaries();
        let any = if kind == RunKind::Catalog { !primaries.is_empty() } else { primaries.contains(&true) };
        if !any {
            if !population.refused.is_empty() {
                let refused = population.refused.len();
                tracing::warn!(tenant = %run.tenant, ?kind, refused, "nothing is fit to be screened");
            }
            if !even_if_empty {
                return Ok(None);
            }
            population = Population::default();
        }
        let selection = if kind == RunKind::Catalog {
            Selection::All
        } else {
            Selection::Primaries(population.primaries())
        };
        let making = tokio::task::spawn_blocking(move || {
            let volume = Volume::Range { threshold_km: run.threshold_km };
            let screening = Screening::new(population.trajectories.clone(), window, volume, selection)?;
            let fingerprint = population.fingerprint();
            Ok(Prepared { run, population, screening, window, fingerprint })
        });
        making.await.map_err(|_| RunError::Stopped)?.map(Some)
    }

    /// What speaks against screening an element set in the window of a run.
    async fn objection(
        &self,
        run: &Run,
    ) -> Result<impl Fn(&ElementSet) -> Option<String> + Send + 'static, RunError> {
        let decayed = self.store.decayed(&run.tenant).await?;
        let decayed: HashMap<u32, String> =
            decayed.into_iter().map(|(number, day)| (number.get(), day)).collect();
        let (start, age) = (run.window_start, self.settings.element_set_age);
        Ok(move |set: &ElementSet| {
            let epoch = time::from_epoch(set.elements.epoch)?;
            Fitness::new(&decayed, start, age).objection(set.object, epoch)
        })
    }

    /// What a run screens that was begun before, here or elsewhere.
    pub(super) async fn prepare_again(&self, run: &Run) -> Result<Arc<Prepared>, RunError> {
        let sets = self.store.catalog_as_of(&run.tenant, run.as_of).await?;
        let nothing = RunError::Nothing { as_of: run.as_of };
        let may_be_empty = run.kind == RunKind::Ephemerides;
        let prepared = self.prepare(run.clone(), sets, may_be_empty).await?.ok_or(nothing)?;
        if prepared.slices() != run.slices {
            return Err(RunError::Slices { expected: run.slices, actual: prepared.slices() });
        }
        Ok(Arc::new(prepared))
    }
}

impl Prepared {
    pub(super) fn slices(&self) -> u32 {
        u32::try_from(self.screening.slices(SLICE_KNOTS).len()).unwrap_or(u32::MAX)
    }

    /// The conjunctions of an outcome, in their new state.
    pub(super) fn conjunctions(
        &self,
        found: &[astroshield_astro::screening::Conjunction],
        known: &[Known],
        sizes: &Sizes,
    ) -> Vec<Conjunction> {
        let solved: Vec<_> = found
            .iter()
            .filter_map(|found| Some((found.relation, self.population.solution(found, sizes)?)))
            .collect();
        let approaches: Vec<Approach> = solved
            .iter()
            .map(|(relation, (objects, solution))| Approach {
                objects: [objects[0].number.get(), objects[1].number.get()],
                relation: *relation,
                tca: solution.tca,
            })
            .collect();
        let identities = identity::identify(&self.run.tenant, &approaches, known);
        let conjunction = |((relation, (objects, solution)), (id, first_seen))| Conjunction {
            id,
            tenant: self.run.tenant.clone(),
            objects,
            relation,
            status: ConjunctionStatus::Active,
            solution,
            run: self.run.id,
            first_seen: Option::unwrap_or(first_seen, self.run.started),
            last_seen: self.run.started,
        };
        solved.into_iter().zip(identities).map(conjunction).collect()
    }
}
