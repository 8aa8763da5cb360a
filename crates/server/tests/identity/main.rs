//! Signing in at an identity provider, and its access tokens: the binary against oidc-provider and against moto's Cognito.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod away;
mod browser;
#[path = "../faults/chance.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod chance;
mod cognito;
mod place;
mod rebound;
#[path = "../service/server.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod server;
mod sessions;
mod sign_in;
mod tokens;
