//! Passwords of users: whether a server takes one, and how it is changed.

use astroshield_domain::ports::{SecretText, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Error};

use super::migration::NO_RIGHT;
use super::pool::is_refusal;
use super::settings::{PostgresSettings, connect};
use crate::sql::failure::store_error;
use crate::sql::whose::Whose;

/// Rounds of PBKDF2, as PostgreSQL has it by itself (`scram_iterations`). A password of ours is made by chance and too long to be
/// guessed whatever their number.
const ROUNDS: u32 = 4096;

const SALT_BYTES: usize = 16;

/// What a server says to a user with a password.
#[derive(Debug)]
pub(super) enum SignIn {
    /// It takes them.
    Done,
    /// It takes them, but the user may not connect to this database.
    NotConnected(Error),
    /// It does not take them.
    Refused,
}

impl PostgresSettings {
    /// Whether the server of the address takes its user with its password.
    ///
    /// # Errors
    /// When it does not answer, or refuses for another reason.
    pub async fn signs_in(&self) -> Result<bool, StoreError> {
        let options = self.options(&self.url, Whose::Everybody)?;
        match self.sign_in(&options).await? {
            SignIn::Done => Ok(true),
            SignIn::Refused => Ok(false),
            SignIn::NotConnected(error) => Err(store_error(error)),
        }
    }

    /// Signs in as the user of such a connection, and out again.
    pub(super) async fn sign_in(&self, options: &PgConnectOptions) -> Result<SignIn, StoreError> {
        match connect(options, self.connect_timeout).await {
            Ok(connection) => {
                connection.close().await.map_err(store_error)?;
                Ok(SignIn::Done)
            }
            Err(error) if is_refusal(&error) => Ok(SignIn::Refused),
            Err(error) if is_without_right(&error) => Ok(SignIn::NotConnected(error)),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Gives the user of the address another password. Connections that are open go on. The server is told what it keeps of a
    /// password (RFC 5803), as it may write statements like this one into its log.
    ///
    /// # Errors
    /// When it does not.
    pub async fn set_password(&self, password: &SecretText) -> Result<(), StoreError> {
        let verifier = password_verifier(password)?;
        let mut connection = self.connect(Whose::Everybody).await?;
        // Neither base64 nor the rest of it has anything to be quoted.
        let statement = format!("ALTER ROLE CURRENT_USER PASSWORD '{verifier}'");
        let altered = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await;
        altered.map_err(store_error)?;
        connection.close().await.map_err(store_error)
    }
}

fn is_without_right(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some(NO_RIGHT))
}

/// What a server is to keep of a password, with salt by chance.
pub(super) fn password_verifier(password: &SecretText) -> Result<String, StoreError> {
    let mut salt = [0; SALT_BYTES];
    let random = SystemRandom::new().fill(&mut salt);
    random.map_err(|_| StoreError::Unavailable { reason: "no random bytes".to_owned(), source: None })?;
    Ok(verifier(password, &salt))
}

/// What a server keeps of a password for SCRAM-SHA-256.
fn verifier(password: &SecretText, salt: &[u8]) -> String {
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    let rounds = std::num::NonZeroU32::new(ROUNDS).unwrap_or(std::num::NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password.reveal().as_bytes(), &mut salted);
    let salted = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client = hmac::sign(&salted, b"Client Key");
    let stored = digest::digest(&digest::SHA256, client.as_ref());
    let server = hmac::sign(&salted, b"Server Key");
    let encoded = |bytes: &[u8]| STANDARD.encode(bytes);
    format!(
        "SCRAM-SHA-256${ROUNDS}:{}${}:{}",
        encoded(salt),
        encoded(stored.as_ref()),
        encoded(server.as_ref())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What RFC 7677 has in its example of SCRAM-SHA-256: the server's signature there is by the server's key here.
    #[test]
    fn what_a_server_keeps_is_as_in_the_example_of_the_standard() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let kept = verifier(&SecretText::new("pencil".to_owned()), &salt);
        let (rest, server) = kept.rsplit_once(':').unwrap();
        assert!(rest.starts_with("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"), "{kept}");
        let said = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(server).unwrap());
        let signature = STANDARD.encode(hmac::sign(&key, said.as_bytes()));
        assert_eq!(signature, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }
}
