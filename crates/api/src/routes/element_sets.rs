//! `/element-sets`: the current element set of every object, for those who want the whole catalog.

use std::sync::Arc;

use astroshield_domain::catalog::ElementSet;
use astroshield_domain::export::omm_in;
use astroshield_domain::ids::TenantId;
use astroshield_domain::ports::{Page, Store};
use astroshield_formats::{CatalogNumber, Message, Notation, Parts};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use utoipa::ToSchema;

use super::exports::{header_defaults, media_type};
use super::tables;
use crate::access::Reader;
use crate::problem::{Problem, chain};
use crate::request::Parameters;
use crate::schema;
use crate::state::ApiState;

/// Element sets that are read and written together.
const ROWS: u32 = 500;

/// Form of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CatalogFormat {
    /// Orbit mean-elements messages (OMM) in JSON, as CelesTrak has it.
    OmmJson,
    /// The same in CSV.
    OmmCsv,
    /// The same in XML.
    OmmXml,
    /// The same in keyword = value.
    OmmKvn,
    /// A table in Parquet; in builds with the feature `parquet`.
    Parquet,
}

impl CatalogFormat {
    /// The notation, where it is one of a standard.
    fn notation(self) -> Option<Notation> {
        match self {
            Self::OmmJson => Some(Notation::Json),
            Self::OmmCsv => Some(Notation::Csv),
            Self::OmmXml => Some(Notation::Xml),
            Self::OmmKvn => Some(Notation::Kvn),
            Self::Parquet => None,
        }
    }

    /// The form that a header `Accept` begins with.
    fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
        match accept {
            _ if accept.starts_with(b"application/xml") => Self::OmmXml,
            _ if accept.starts_with(b"text/csv") => Self::OmmCsv,
            _ if accept.starts_with(b"text/plain") => Self::OmmKvn,
            _ => Self::OmmJson,
        }
    }
}

/// In which form.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CatalogParams {
    /// Form; else as the header `Accept` says, `omm_json` without one.
    #[param(inline)]
    format: Option<CatalogFormat>,
}

/// The current element set of every object, by catalog number: the caller's own and the public ones. What arrives while the
/// answer is on its way is in it or not; no object is in it twice.
#[utoipa::path(get, path = "/element-sets", tag = "objects", params(CatalogParams),
    responses((status = 200, description = "Element sets", content((schema::Messages = "application/json"),
        (String = "text/csv"), (String = "application/xml"), (String = "text/plain"),
        (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(crate) async fn current_element_sets(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    headers: HeaderMap,
    Parameters(params): Parameters<CatalogParams>,
) -> Result<Response, Problem> {
    let form = params.format.unwrap_or_else(|| CatalogFormat::accepted(&headers));
    let store = &state.ports.store;
    let Some(notation) = form.notation() else {
        let first = store.current_element_sets(&caller.tenant, None, tables::ROWS).await?;
        return tables::catalog(&state, &caller.tenant, first);
    };
    let first = store.current_element_sets(&caller.tenant, None, ROWS).await?;
    let mut writing = Writing {
        store: Arc::clone(store),
        tenant: caller.tenant.clone(),
        notation,
        parts: Parts::new(notation, header_defaults(&state)?),
        after: None,
    };
    // What is wrong with the first part is answered as a problem; after it, all that is left is to break off.
    let begin = writing.part(&first).map_err(|error| Problem::unprocessable(chain(&*error)).at("format"))?;
    let rest = stream::try_unfold(Some(writing), next).inspect_err(|error| {
        tracing::warn!(error = %chain(&**error), "a catalog was not sent to its end");
    });
    let pieces = stream::once(async { Ok(begin) }).chain(rest);
    let mut response = Response::new(Body::from_stream(pieces));
    let media_type = HeaderValue::from_static(media_type(notation));
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A catalog on its way to the caller.
struct Writing {
    store: Arc<dyn Store>,
    tenant: TenantId,
    notation: Notation,
    parts: Parts,
    /// The last object of what is written, if there are more.
    after: Option<CatalogNumber>,
}

impl Writing {
    fn part(&mut self, page: &Page<ElementSet>) -> Result<String, Failure> {
        self.after = page.rows.last().filter(|_| page.more).map(|last| last.object);
        let messages = page.rows.iter().map(|set| Ok(Message::Omm(Box::new(omm_in(set, self.notation)?))));
        Ok(self.parts.write(&messages.collect::<Result<Vec<_>, Failure>>()?)?)
    }
}

/// The next piece, and what is left to write after it.
async fn next(writing: Option<Writing>) -> Result<Option<(String, Option<Writing>)>, Failure> {
    let Some(mut writing) = writing else { return Ok(None) };
    if writing.after.is_none() {
        return Ok(Some((writing.parts.finish()?, None)));
    }
    let page = writing.store.current_element_sets(&writing.tenant, writing.after, ROWS).await?;
    let part = writing.part(&page)?;
    Ok(Some((part, Some(writing))))
}
