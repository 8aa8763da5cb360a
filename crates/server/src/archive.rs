//! The file that a backup is: entries in CBOR, packed with zstd, encrypted with age.
//!
//! `age --decrypt backup | zstd -d` gives the entries without this program. Encryption also tells of every damaged byte and
//! of a file that was cut off.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use anyhow::{Context, bail};
use astroshield_adapters::{ArchiveEntry, TableDigest};
use clap::Args;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the format.
const FORMAT: u32 = 1;

/// Level of compression: beyond it, time grows faster than files shrink.
const ZSTD_LEVEL: i32 = 6;

/// The first entry.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    format: u32,
    /// When it was made, UTC.
    pub(crate) made: String,
    /// Version of the program that made it.
    pub(crate) build: String,
}

/// The entries after the first one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Item {
    /// A part of the store.
    Store(ArchiveEntry),
    /// A blob.
    Blob {
        /// Its path.
        path: String,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        #[serde(with = "serde_bytes")]
        sha256: Vec<u8>,
    },
    /// The end.
    End,
}

/// What a backup is encrypted with.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Key {
    /// File whose first line is a passphrase
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// File with an age identity, as age-keygen makes it
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

impl Key {
    fn passphrase(file: &Path) -> anyhow::Result<SecretString> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        match text.lines().next() {
            Some(line) if line.len() >= 8 => Ok(SecretString::from(line.to_owned())),
            _ => bail!("{}: a passphrase of at least 8 characters is due", file.display()),
        }
    }

    fn identity_file(file: &Path) -> anyhow::Result<age::IdentityFile<age::NoCallbacks>> {
        let reader = BufReader::new(fs::File::open(file).with_context(|| file.display().to_string())?);
        age::IdentityFile::from_buffer(reader).with_context(|| file.display().to_string())
    }

    pub(crate) fn encryptor(&self) -> anyhow::Result<age::Encryptor> {
        match (&self.passphrase_file, &self.identity) {
            (Some(file), _) => Ok(age::Encryptor::with_user_passphrase(Self::passphrase(file)?)),
            (None, Some(file)) => {
                let recipients = Self::identity_file(file)?.to_recipients()?;
                Ok(age::Encryptor::with_recipients(
                    recipients.iter().map(|one| &**one as &dyn age::Recipient),
                )?)
            }
            (None, None) => bail!("--passphrase-file or --identity is due"),
        }
    }

    fn identities(&self) -> anyhow::Result<Vec<Box<dyn age::Identity>>> {
        match (&self.passphrase_file, &self.identity) {
            (Some(file), _) => Ok(vec![Box::new(age::scrypt::Identity::new(Self::passphrase(file)?))]),
            (None, Some(file)) => {
                let identities = Self::identity_file(file)?.into_identities()?;
                Ok(identities.into_iter().map(|one| one as Box<dyn age::Identity>).collect())
            }
            (None, None) => bail!("--passphrase-file or --identity is due"),
        }
    }
}

/// What encrypts to public keys (`age1...`).
pub(crate) fn encryptor_to(recipients: &[String]) -> anyhow::Result<age::Encryptor> {
    let keys = recipients
        .iter()
        .map(|recipient| {
            let key = recipient.parse::<age::x25519::Recipient>();
            key.map_err(|reason| anyhow::anyhow!("{recipient:?} is no public key of age: {reason}"))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(age::Encryptor::with_recipients(keys.iter().map(|key| key as &dyn age::Recipient))?)
}

/// An archive that is being written.
pub(crate) struct ArchiveWriter<W: Write> {
    entries: BufWriter<zstd::Encoder<'static, age::stream::StreamWriter<W>>>,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive.
    pub(crate) fn new(output: W, encryptor: age::Encryptor, head: (String, String)) -> anyhow::Result<Self> {
        let encrypted = encryptor.wrap_output(output)?;
        let mut packed = zstd::Encoder::new(encrypted, ZSTD_LEVEL)?;
        packed.include_checksum(true)?;
        let mut writer = Self { entries: BufWriter::with_capacity(1 << 20, packed) };
        let (made, build) = head;
        writer.put(&Head { format: FORMAT, made, build })?;
        Ok(writer)
    }

    /// Adds a part of the store.
    pub(crate) fn store(&mut self, entry: ArchiveEntry) -> io::Result<()> {
        self.put(&Item::Store(entry))
    }

    /// Adds a blob.
    pub(crate) fn blob(&mut self, path: String, bytes: Vec<u8>) -> io::Result<()> {
        let sha256 = Sha256::digest(&bytes).to_vec();
        self.put(&Item::Blob { path, bytes, sha256 })
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> anyhow::Result<W> {
        self.put(&Item::End)?;
        let packed = self.entries.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(packed.finish()?.finish()?)
    }

    fn put(&mut self, value: &impl Serialize) -> io::Result<()> {
        ciborium::into_writer(value, &mut self.entries).map_err(|error| match error {
            ciborium::ser::Error::Io(error) => error,
            ciborium::ser::Error::Value(reason) => io::Error::other(reason),
        })
    }
}

/// An archive that is being read.
pub(crate) struct ArchiveReader<R: Read> {
    entries: BufReader<zstd::Decoder<'static, BufReader<age::stream::StreamReader<R>>>>,
    pub(crate) head: Head,
}

impl<R: Read> ArchiveReader<R> {
    /// Opens an archive.
    pub(crate) fn new(input: R, key: &Key) -> anyhow::Result<Self> {
        let identities = key.identities()?;
        let decryptor = age::Decryptor::new(input).context("no backup of astroshield")?;
        let decrypted = decryptor
            .decrypt(identities.iter().map(|one| &**one))
            .context("it cannot be decrypted with this key")?;
        let mut entries = BufReader::with_capacity(1 << 20, zstd::Decoder::new(decrypted)?);
        let head: Head = get(&mut entries)?;
        if head.format != FORMAT {
            bail!("format {} is not known; {FORMAT} is", head.format);
        }
        Ok(Self { entries, head })
    }

    /// The next entry.
    pub(crate) fn next(&mut self) -> io::Result<Item> {
        let item = get(&mut self.entries)?;
        if let Item::Blob { path, bytes, sha256 } = &item
            && Sha256::digest(bytes).as_slice() != sha256.as_slice()
        {
            return Err(io::Error::other(format!("{path} is damaged")));
        }
        if matches!(item, Item::End) {
            // The last piece of the encryption says that nothing was cut off.
            io::copy(&mut self.entries, &mut io::sink())?;
        }
        Ok(item)
    }
}

fn get<T: DeserializeOwned>(entries: &mut impl Read) -> io::Result<T> {
    ciborium::from_reader(entries).map_err(|error| match error {
        ciborium::de::Error::Io(error) => error,
        other => io::Error::other(format!("damaged: {other}")),
    })
}

/// Rows in all tables.
pub(crate) fn rows(tables: &BTreeMap<String, TableDigest>) -> u64 {
    tables.values().map(|table| table.rows).sum()
}
