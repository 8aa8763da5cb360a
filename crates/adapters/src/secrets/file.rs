//! A secret in a file, which whoever rotates it replaces.

use std::path::PathBuf;

use astroshield_domain::ports::{SecretError, SecretSource, SecretText};
use async_trait::async_trait;

/// A file that holds a secret and nothing else; the end of its line is not part of it.
#[derive(Debug)]
pub struct FileSecret {
    file: PathBuf,
}

impl FileSecret {
    /// The secret of this file.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file }
    }
}

#[async_trait]
impl SecretSource for FileSecret {
    async fn fetch(&self) -> Result<SecretText, SecretError> {
        let error = |reason: String, source| SecretError { reason, source };
        let text = tokio::fs::read_to_string(&self.file)
            .await
            .map_err(|source| error(self.file.display().to_string(), Some(Box::new(source) as _)))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            // It is being written.
            return Err(error(format!("{}: it is empty", self.file.display()), None));
        }
        Ok(SecretText::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_as_it_is_now_and_an_empty_one_is_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let secret = FileSecret::new(file.clone());
        assert!(secret.fetch().await.is_err());
        for (text, expected) in [("one\n", Some("one")), ("two", Some("two")), ("\n", None)] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(secret.fetch().await.ok().as_ref().map(SecretText::reveal), expected);
        }
    }
}
