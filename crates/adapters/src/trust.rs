//! Whom outgoing TLS trusts.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The authorities that vouch for the servers that we speak to.
#[derive(Clone, Default)]
pub struct TrustedRoots {
    certificates: Vec<CertificateDer<'static>>,
    mozilla: bool,
}

/// Why certificates cannot be trusted, or TLS not be had.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// What should be certificates in PEM cannot be read.
    #[error("certificates in PEM are due: {reason}")]
    Pem {
        /// What is wrong.
        reason: String,
    },
    /// There is no certificate in it.
    #[error("certificates in PEM are due, and there is none")]
    Empty,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

impl TrustedRoots {
    /// The authorities of this machine; where it has none, as in a bare container, those of Mozilla.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let mut certificates = rustls_native_certs::load_native_certs().certs;
        certificates.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
        let mozilla = certificates.is_empty();
        Self { certificates, mozilla }
    }

    /// These, and the certificates of a PEM file besides.
    ///
    /// # Errors
    /// When the file has no certificate, or one that is none.
    pub fn and_pem(mut self, pem: &[u8]) -> Result<Self, TrustError> {
        let before = self.certificates.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| TrustError::Pem { reason: error.to_string() })?;
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| TrustError::Pem { reason: error.to_string() })?;
            self.certificates.push(certificate);
        }
        if self.certificates.len() == before { Err(TrustError::Empty) } else { Ok(self) }
    }

    /// For an HTTP/1.1 client. The cryptography is ring's, whatever the process has installed.
    pub(crate) fn client_config(&self) -> Result<ClientConfig, TrustError> {
        let mut roots = RootCertStore::empty();
        for certificate in &self.certificates {
            roots.add(certificate.clone())?;
        }
        if self.mozilla {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    pub(crate) fn is_mozilla(&self) -> bool {
        self.mozilla
    }
}

impl fmt::Debug for TrustedRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedRoots")
            .field("certificates", &self.certificates.len())
            .field("mozilla", &self.mozilla)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let no_certificate = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n";
        let roots = TrustedRoots::default();
        assert!(matches!(roots.clone().and_pem(b"").unwrap_err(), TrustError::Empty));
        assert!(matches!(roots.and_pem(no_certificate.as_bytes()).unwrap_err(), TrustError::Pem { .. }));
    }

    #[test]
    fn a_certificate_in_pem_is_taken_and_not_printed() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let roots = TrustedRoots::default().and_pem(made.cert.pem().as_bytes()).unwrap();
        assert_eq!(roots.certificates(), [made.cert.der().clone()]);
        assert_eq!(format!("{roots:?}"), "TrustedRoots { certificates: 1, mozilla: false }");
        roots.client_config().unwrap();
    }
}
