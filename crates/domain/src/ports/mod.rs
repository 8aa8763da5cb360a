//! What the use cases need of the outside. Adapters implement these; a suite in `testkit` holds every adapter to them.

mod archiver;
mod bus;
mod bus_history;
mod cache;
mod clock;
mod downloads;
mod gateway;
mod identity_provider;
mod outside;
mod secrets;
mod store;
mod tasks;
mod upload_links;

pub use archiver::Archiver;
pub use bus::{Bus, BusError, Subscription};
pub use bus_history::{BusHistory, BusPlace};
pub use cache::{Broadcast, Bucket, Cache, CacheKey, Put, Taken};
pub use clock::{Clock, SystemClock};
pub use downloads::Downloads;
pub use gateway::{
    ConnectionId, ConnectionIdError, Connections, ConnectionsError, Gateway, GatewayError, HeldConnection,
    HeldSubscription, Said, Saying,
};
pub use identity_provider::{IdentityError, IdentityProvider, ProviderSession, SignInAnswer, SignInRequest};
pub use outside::{
    DeliveryError, FeedAnswer, FeedClient, FeedError, FeedFault, FeedRequest, Mail, Mailer, WebhookClient,
    WebhookRequest,
};
pub use secrets::{SecretError, SecretSource, SecretText};
pub use store::{
    AccessStore, AlertStore, CatalogStore, ConjunctionStore, Continued, DayStore, EventStore, InboundStore,
    OrganizationStore, Page, Prunable, ReconciliationStore, RequestLimit, RunStore, RunUpdate, SilenceStore,
    Store, StoreError, TooManyRequests, UpkeepStore, WatchingStore,
};
pub use tasks::{SliceTask, TASK_VERSION, Tasks, Worker};
pub use upload_links::{UploadLink, UploadLinks};
