//! The file that a backup is: the stream of an archive, packed with zstd, encrypted with age.
//!
//! `age --decrypt backup | zstd -d` gives the stream without this program. Encryption also tells of every damaged byte and
//! of a file that was cut off.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use anyhow::{Context, bail};
use astroshield_domain::archive::{ArchiveEntry, ArchiveHead, ArchiveItem, ArchiveStreamError, TableDigest};
use clap::Args;

/// Level of compression: beyond it, time grows faster than files shrink.
const ZSTD_LEVEL: i32 = 6;

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
    pub(crate) fn new(output: W, encryptor: age::Encryptor, head: &ArchiveHead) -> anyhow::Result<Self> {
        let encrypted = encryptor.wrap_output(output)?;
        let mut packed = zstd::Encoder::new(encrypted, ZSTD_LEVEL)?;
        packed.include_checksum(true)?;
        let mut entries = BufWriter::with_capacity(1 << 20, packed);
        head.write(&mut entries)?;
        Ok(Self { entries })
    }

    /// Adds a part of the store.
    pub(crate) fn store(&mut self, entry: ArchiveEntry) -> io::Result<()> {
        ArchiveItem::Store(entry).write(&mut self.entries)
    }

    /// Adds a blob.
    pub(crate) fn blob(&mut self, path: String, bytes: Vec<u8>) -> io::Result<()> {
        ArchiveItem::blob(path, bytes).write(&mut self.entries)
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> anyhow::Result<W> {
        ArchiveItem::End.write(&mut self.entries)?;
        let packed = self.entries.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(packed.finish()?.finish()?)
    }
}

/// An archive that is being read.
pub(crate) struct ArchiveReader<R: Read> {
    entries: BufReader<zstd::Decoder<'static, BufReader<age::stream::StreamReader<R>>>>,
    pub(crate) head: ArchiveHead,
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
        let head = ArchiveHead::read(&mut entries)?;
        Ok(Self { entries, head })
    }

    /// The next item.
    pub(crate) fn next(&mut self) -> Result<ArchiveItem, ArchiveStreamError> {
        let item = ArchiveItem::read(&mut self.entries)?;
        if item == ArchiveItem::End {
            // The last piece of the encryption says that nothing was cut off.
            io::copy(&mut self.entries, &mut io::sink())?;
        }
        Ok(item)
    }
}

/// Rows in all tables.
pub(crate) fn rows(tables: &BTreeMap<String, TableDigest>) -> u64 {
    tables.values().map(|table| table.rows).sum()
}
