//! Where secrets are kept: files, and AWS Secrets Manager.

mod file;
#[cfg(feature = "managed")]
mod secrets_manager;

pub use self::file::FileSecret;
#[cfg(feature = "managed")]
pub use self::secrets_manager::{CURRENT, PENDING, PREVIOUS, RotatedSecret, SecretVersions, SecretsManager};
