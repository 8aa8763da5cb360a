//! A webhook target on the loopback, with TLS, which answers as a test wants it to and remembers what it got.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the target does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Takes,
    Fails,
    Redirects,
    Hangs,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    /// Bodies by identity, as often as they came.
    received: BTreeMap<String, Vec<String>>,
    /// The headers that came with them, in the order of arrival.
    headers: Vec<BTreeMap<String, String>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Target {
    /// Starts a target; writes the certificate of its authority into a file.
    pub(crate) fn start(certificate: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(certificate, issuer.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let own = params.signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let state = State { manner: Manner::Takes, received: BTreeMap::new(), headers: Vec::new() };
        let target = Self { address: listener.local_addr().unwrap(), state: Arc::new(Mutex::new(state)) };
        let serving = target.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, target) = (Arc::clone(&config), serving.clone());
                // A service that is killed breaks off.
                std::thread::spawn(move || drop(target.converse(stream, config)));
            }
        });
        target
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/hook", self.address)
    }

    pub(crate) fn behave(&self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    /// How often each identity came, each with one body.
    pub(crate) fn received(&self) -> BTreeMap<String, usize> {
        let state = self.state.lock().unwrap();
        for (id, bodies) in &state.received {
            assert!(bodies.iter().all(|body| body == &bodies[0]), "{id} came with different bodies");
        }
        state.received.iter().map(|(id, bodies)| (id.clone(), bodies.len())).collect()
    }

    /// The headers of each message that it took, by name in lower case, and its body.
    pub(crate) fn messages(&self) -> Vec<(BTreeMap<String, String>, String)> {
        let state = self.state.lock().unwrap();
        let body = |headers: &BTreeMap<String, String>| state.received[&headers["webhook-id"]][0].clone();
        state.headers.iter().map(|headers| (headers.clone(), body(headers))).collect()
    }

    fn converse(&self, stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let connection = ServerConnection::new(config).unwrap();
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        // Connections are kept for the next message.
        loop {
            let mut headers = BTreeMap::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                let line = line.trim_end();
                if line.is_empty() {
                    break;
                }
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            let mut body = vec![0; headers["content-length"].parse().unwrap()];
            reader.read_exact(&mut body)?;
            let manner = {
                let mut state = self.state.lock().unwrap();
                if state.manner == Manner::Takes {
                    let bodies = state.received.entry(headers["webhook-id"].clone()).or_default();
                    bodies.push(String::from_utf8(body).unwrap());
                    state.headers.push(headers);
                }
                state.manner
            };
            let answer: &[u8] = match manner {
                Manner::Takes => b"HTTP/1.1 204 No Content\r\n\r\n",
                Manner::Fails => b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
                Manner::Redirects => {
                    b"HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"
                }
                Manner::Hangs => {
                    std::thread::sleep(Duration::from_secs(40));
                    return Ok(());
                }
            };
            reader.get_mut().write_all(answer)?;
            reader.get_mut().flush()?;
        }
    }
}
