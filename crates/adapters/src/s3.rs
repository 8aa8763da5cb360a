//! Blobs in a bucket of S3, or of a server that speaks its protocol.

use std::fmt;
use std::time::Duration;

use astroshield_domain::blobs::BlobError;
use astroshield_domain::ports::{Downloads, UploadLink, UploadLinks};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::BoxStream;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::client::{HttpClient, HttpConnector};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::signer::{SignedUrlOptions, Signer as _};
use object_store::{
    ClientConfigKey, ClientOptions, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    RetryConfig, WriteMultipart,
};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;

use crate::trust::{TrustError, TrustedRoots};

/// Longest time for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time without an answer, or without more of one: a part has to be sent in it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Time in which what failed is tried again; what fails after it is not.
const RETRY: Duration = Duration::from_secs(15);

/// How long a link gives out a blob, or takes one. What has begun goes on.
const LINK_LIFETIME: Duration = Duration::from_secs(300);

/// What is larger is sent in parts of this size, so that a failure costs one of them.
const PART_BYTES: usize = 8 << 20;

/// Parts that are on their way at once.
const PARTS_AT_ONCE: usize = 4;

/// Where the bucket is.
#[derive(Clone)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// Folder in it; empty for all of it.
    pub prefix: String,
    /// Its region; nothing: the one of the environment, else us-east-1.
    pub region: Option<String>,
    /// Address of a server other than AWS's, which is asked for `/BUCKET/...`.
    pub endpoint: Option<String>,
    /// The key; nothing: the credentials that the environment, the container or the machine has.
    pub key: Option<S3Key>,
    /// What the server encrypts with.
    pub encryption: S3Encryption,
    /// Authorities that are trusted instead of the machine's, in PEM.
    pub roots_pem: Option<Vec<u8>>,
}

/// A key of AWS.
#[derive(Clone)]
pub struct S3Key {
    /// Its name.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// What the server encrypts with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum S3Encryption {
    /// What the bucket says.
    #[default]
    OfBucket,
    /// Keys of S3 (SSE-S3).
    S3,
    /// A key of KMS (SSE-KMS).
    Kms {
        /// Which.
        key_id: String,
    },
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Why there can be no connection, whatever the server does.
#[derive(Debug, thiserror::Error)]
pub enum S3SettingsError {
    /// The authorities.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The folder in the bucket.
    #[error("{prefix:?} is no folder in a bucket")]
    Prefix {
        /// What was given.
        prefix: String,
        /// What is wrong.
        #[source]
        source: object_store::path::Error,
    },
    /// Anything else.
    #[error(transparent)]
    Settings(#[from] object_store::Error),
    /// There can be no client.
    #[error("the client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// The blobs of a bucket. What is written carries its SHA-256, which the server holds against what it got.
#[derive(Debug, Clone)]
pub struct S3Blobs {
    bucket: AmazonS3,
    prefix: Path,
    inner: PrefixStore<AmazonS3>,
    encryption: S3Encryption,
}

impl S3Blobs {
    /// Blobs of this bucket; the server need not be there yet.
    ///
    /// # Errors
    /// When the settings cannot be.
    pub fn new(settings: &S3Settings) -> Result<Self, S3SettingsError> {
        let prefix = Path::parse(&settings.prefix)
            .map_err(|source| S3SettingsError::Prefix { prefix: settings.prefix.clone(), source })?;
        let bucket = builder(settings)?.build()?;
        let inner = PrefixStore::new(bucket.clone(), prefix.clone());
        Ok(Self { inner, bucket, prefix, encryption: settings.encryption.clone() })
    }
}

/// What has the credentials that a key is, else those of the environment, the container or the machine, and the region. The chain
/// of them is the same for all of AWS; no bucket is asked for.
pub(crate) fn credentials(
    region: Option<&str>,
    key: Option<S3Key>,
    roots_pem: Option<&[u8]>,
) -> Result<(AmazonS3, String), S3SettingsError> {
    let builder = builder(&S3Settings {
        bucket: "none".to_owned(),
        prefix: String::new(),
        region: region.map(str::to_owned),
        endpoint: None,
        key,
        encryption: S3Encryption::OfBucket,
        roots_pem: roots_pem.map(<[u8]>::to_vec),
    })?;
    let region = builder.get_config_value(&AmazonS3ConfigKey::Region);
    Ok((builder.build()?, region.unwrap_or_else(|| "us-east-1".to_owned())))
}

fn builder(settings: &S3Settings) -> Result<AmazonS3Builder, S3SettingsError> {
    let roots = match &settings.roots_pem {
        Some(pem) => TrustedRoots::default().and_pem(pem)?,
        None => TrustedRoots::of_this_machine(),
    };
    let retry = RetryConfig { max_retries: 5, retry_timeout: RETRY, ..RetryConfig::default() };
    // A token of the environment does not go with a key of the settings.
    let environment = AmazonS3Builder::from_env();
    let region = settings.region.clone().or(environment.get_config_value(&AmazonS3ConfigKey::Region));
    let mut builder = match &settings.key {
        Some(key) => AmazonS3Builder::new().with_access_key_id(&key.id).with_secret_access_key(&key.secret),
        None => environment,
    };
    builder = builder
        .with_bucket_name(&settings.bucket)
        .with_http_connector(Connector::new(&roots)?)
        .with_retry(retry)
        .with_checksum_algorithm(Checksum::SHA256);
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    builder = match &settings.endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false),
        // A certificate of AWS is for one label before its own name.
        None => builder.with_virtual_hosted_style_request(!settings.bucket.contains('.')),
    };
    Ok(match &settings.encryption {
        S3Encryption::OfBucket => builder,
        S3Encryption::S3 => builder.with_config("aws_server_side_encryption".parse()?, "AES256"),
        // One request to KMS for many objects.
        S3Encryption::Kms { key_id } => builder.with_sse_kms_encryption(key_id).with_bucket_key(true),
    })
}

/// Connects with the authorities and the cryptography that this crate has, whatever the process has installed.
#[derive(Debug)]
struct Connector {
    encrypted: reqwest::Client,
    /// For what gives credentials to containers and machines, which is beside them and speaks HTTP.
    any: reqwest::Client,
}

impl Connector {
    fn new(roots: &TrustedRoots) -> Result<Self, S3SettingsError> {
        let tls = roots.client_config()?;
        let client = |https_only| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .https_only(https_only)
                .redirect(Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(ANSWER_TIMEOUT)
                .build()
                .map_err(S3SettingsError::Client)
        };
        Ok(Self { encrypted: client(true)?, any: client(false)? })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        let allows_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = if allows_http.as_deref() == Some("true") { &self.any } else { &self.encrypted };
        Ok(HttpClient::new(client.clone()))
    }
}

impl fmt::Display for S3Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for S3Blobs {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        // Parts have no condition.
        if payload.content_length() <= PART_BYTES || options.mode != PutMode::Overwrite {
            return self.inner.put_opts(path, payload, options).await;
        }
        let PutOptions { tags, attributes, extensions, .. } = options;
        let options = PutMultipartOptions { tags, attributes, extensions };
        let upload = self.inner.put_multipart_opts(path, options).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        for bytes in payload {
            if let Err(error) = parts.wait_for_capacity(PARTS_AT_ONCE).await {
                if let Err(abort) = parts.abort().await {
                    tracing::warn!(error = %abort, "parts of an upload that failed are left in the bucket");
                }
                return Err(error);
            }
            parts.put(bytes);
        }
        parts.finish().await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait]
impl Downloads for S3Blobs {
    async fn link(&self, path: &str, disposition: &str) -> Result<String, BlobError> {
        let failed = |source| BlobError::Store { path: path.to_owned(), source };
        let full: Path = self.prefix.parts().chain(Path::from(path).parts()).collect();
        let options = SignedUrlOptions::new().with_query([
            ("response-content-disposition", disposition.to_owned()),
            ("response-content-type", "application/octet-stream".to_owned()),
        ]);
        let signed = self.bucket.signed_url_opts(Method::GET, &full, LINK_LIFETIME, &options).await;
        signed.map(String::from).map_err(failed)
    }
}

#[async_trait]
impl UploadLinks for S3Blobs {
    async fn upload_link(&self, path: &str, sha256: [u8; 32]) -> Result<UploadLink, BlobError> {
        let failed = |source| BlobError::Store { path: path.to_owned(), source };
        let full: Path = self.prefix.parts().chain(Path::from(path).parts()).collect();
        let mut headers = vec![("x-amz-checksum-sha256", STANDARD.encode(sha256))];
        match &self.encryption {
            S3Encryption::OfBucket => {}
            S3Encryption::S3 => headers.push(("x-amz-server-side-encryption", "AES256".to_owned())),
            S3Encryption::Kms { key_id } => headers.extend([
                ("x-amz-server-side-encryption", "aws:kms".to_owned()),
                ("x-amz-server-side-encryption-aws-kms-key-id", key_id.clone()),
                ("x-amz-server-side-encryption-bucket-key-enabled", "true".to_owned()),
            ]),
        }
        let mut options = SignedUrlOptions::new();
        for &(name, ref value) in &headers {
            let value = HeaderValue::from_str(value).map_err(|source| {
                failed(object_store::Error::Generic { store: "S3", source: Box::new(source) })
            })?;
            options = options.with_signed_header(HeaderName::from_static(name), value);
        }
        let signed = self.bucket.signed_url_opts(Method::PUT, &full, LINK_LIFETIME, &options).await;
        Ok(UploadLink {
            url: signed.map_err(failed)?.into(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            lifetime: LINK_LIFETIME,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use object_store::ObjectStoreExt as _;
    use object_store::client::{HttpError, HttpRequest, HttpResponse, HttpService};
    use reqwest::header::{ETAG, HeaderValue};

    use super::*;

    /// SHA-256 of `hello`, in Base64: `printf hello | openssl dgst -sha256 -binary | base64`.
    const SHA256_OF_HELLO: &str = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

    /// Takes everything that it is sent.
    #[derive(Debug, Clone, Default)]
    struct Taker(Arc<Mutex<Vec<HttpRequest>>>);

    #[async_trait]
    impl HttpService for Taker {
        async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
            self.0.lock().unwrap().push(request);
            let mut answer = HttpResponse::new(String::new().into());
            answer.headers_mut().insert(ETAG, HeaderValue::from_static("\"1\""));
            Ok(answer)
        }
    }

    impl HttpConnector for Taker {
        fn connect(&self, _: &ClientOptions) -> Result<HttpClient> {
            Ok(HttpClient::new(self.clone()))
        }
    }

    fn settings() -> S3Settings {
        S3Settings {
            bucket: "mine".to_owned(),
            prefix: String::new(),
            region: Some("eu-central-1".to_owned()),
            endpoint: None,
            key: Some(S3Key { id: "me".to_owned(), secret: "hush".to_owned() }),
            encryption: S3Encryption::OfBucket,
            roots_pem: None,
        }
    }

    /// The request by which `hello` is put.
    async fn put(settings: S3Settings) -> HttpRequest {
        let taker = Taker::default();
        let bucket = builder(&settings).unwrap().with_http_connector(taker.clone()).build().unwrap();
        bucket.put(&Path::from("a"), "hello".into()).await.unwrap();
        let mut taken = taker.0.lock().unwrap();
        taken.remove(0)
    }

    #[tokio::test]
    async fn what_is_sent_carries_its_checksum_and_how_it_is_to_be_encrypted() {
        let kms = S3Encryption::Kms { key_id: "one".to_owned() };
        for (encryption, kind, key) in [
            (S3Encryption::OfBucket, None, None),
            (S3Encryption::S3, Some("AES256"), None),
            (kms, Some("aws:kms"), Some("one")),
        ] {
            let request = put(S3Settings { encryption, ..settings() }).await;
            let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header("x-amz-checksum-sha256"), Some(SHA256_OF_HELLO));
            assert_eq!(header("x-amz-server-side-encryption"), kind);
            assert_eq!(header("x-amz-server-side-encryption-aws-kms-key-id"), key);
        }
    }

    #[tokio::test]
    async fn the_bucket_is_in_the_name_of_the_host_at_aws_and_in_the_path_elsewhere() {
        for (bucket, endpoint, expected) in [
            ("mine", None, "https://mine.s3.eu-central-1.amazonaws.com/a"),
            ("my.own", None, "https://s3.eu-central-1.amazonaws.com/my.own/a"),
            ("mine", Some("https://localhost:9000"), "https://localhost:9000/mine/a"),
        ] {
            let (bucket, endpoint) = (bucket.to_owned(), endpoint.map(str::to_owned));
            let request = put(S3Settings { bucket, endpoint, ..settings() }).await;
            assert_eq!(request.uri(), expected);
        }
    }
}
