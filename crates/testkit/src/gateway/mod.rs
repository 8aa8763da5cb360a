//! A stand-in for WebSocket APIs of API Gateway and for the runtime of AWS Lambda: it does what their documentation says, as far
//! as our functions have to do with it, and is neither. Real WebSockets come in at one address, functions ask for events at
//! others, and the management API, which wants signatures, is at yet another path of the first one.

mod signature;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use self::signature::verify;

/// The key that requests have to be signed with.
pub const ACCESS_KEY_ID: &str = "astroshield";
/// Its secret.
pub const SECRET_ACCESS_KEY: &str = "secret";
/// The region in their signatures.
pub const REGION: &str = "eu-central-1";

const STAGE: &str = "live";
const METHOD_ARN: &str = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/live/$connect";

/// How long API Gateway waits for a function.
const INTEGRATION: Duration = Duration::from_secs(29);

/// Largest message that it passes on.
const LARGEST: usize = 128 << 10;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who waits for the answer to which event.
type Waiting = HashMap<String, oneshot::Sender<Result<Value, Value>>>;

/// The runtime API of one function, which any number of its processes may ask.
pub struct Function {
    /// Where it is, as `host:port`.
    pub address: String,
    events: mpsc::UnboundedSender<(String, Vec<u8>)>,
    waiting: Arc<Mutex<Waiting>>,
}

struct Runtime {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Vec<u8>)>>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Function {
    /// Begins to wait for the function's processes.
    pub async fn start() -> Self {
        let (events, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::default();
        let runtime = Runtime { events: receiver.into(), waiting: Arc::clone(&waiting) };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
            .with_state(Arc::new(runtime));
        Self { address: listen(routes).await, events, waiting }
    }

    /// What the function makes of an event: its answer, or its error.
    ///
    /// # Errors
    /// With the error of the function, or where it takes too long.
    pub async fn invoke(&self, event: Vec<u8>) -> Result<Value, Value> {
        let (id, (sender, answer)) = (Uuid::new_v4().to_string(), oneshot::channel());
        locked(&self.waiting).insert(id.clone(), sender);
        self.events.send((id, event)).unwrap();
        match tokio::time::timeout(INTEGRATION, answer).await {
            Ok(Ok(answer)) => answer,
            _ => Err(json!({ "errorMessage": "timed out" })),
        }
    }
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    let (id, event) = runtime.events.lock().await.recv().await.unwrap();
    let headers = [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", "9999999999999"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:it"),
        ("content-type", "application/json"),
    ];
    (headers, event).into_response()
}

async fn respond(State(runtime): State<Arc<Runtime>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&runtime, &id, Ok(serde_json::from_slice(&body).unwrap()))
}

async fn fail(State(runtime): State<Arc<Runtime>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&runtime, &id, Err(serde_json::from_slice(&body).unwrap()))
}

fn settle(runtime: &Runtime, id: &str, answer: Result<Value, Value>) -> StatusCode {
    match locked(&runtime.waiting).remove(id).map(|sender| sender.send(answer)) {
        Some(_) => StatusCode::ACCEPTED,
        None => StatusCode::BAD_REQUEST,
    }
}

async fn listen(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// What the management API does in place of what it is asked.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It answers with a status.
    Status(u16),
    /// It does not answer.
    Silence,
    /// It does what it is asked, and does not say so.
    DoneInSilence,
}

/// The stand-in.
pub struct ApiGateway {
    /// Where clients connect, as `ws://host:port/stage`.
    pub address: String,
    /// Where the management API is.
    pub management: String,
    /// The authorizer.
    pub authorizer: Arc<Function>,
    /// What deals with connections.
    pub connections: Arc<Function>,
    shared: Arc<Shared>,
}

struct Shared {
    authorizer: Arc<Function>,
    connections: Arc<Function>,
    open: Mutex<HashMap<String, mpsc::UnboundedSender<Told>>>,
    faults: Mutex<Vec<Fault>>,
    loses_disconnects: AtomicBool,
    asked: AtomicUsize,
    most_asked: AtomicUsize,
    refused: AtomicUsize,
}

enum Told {
    Text(String),
    Close,
    Cut,
}

impl ApiGateway {
    /// Starts it.
    pub async fn start() -> Self {
        let (authorizer, connections) =
            (Arc::new(Function::start().await), Arc::new(Function::start().await));
        let shared = Arc::new(Shared {
            authorizer: Arc::clone(&authorizer),
            connections: Arc::clone(&connections),
            open: Mutex::default(),
            faults: Mutex::default(),
            loses_disconnects: AtomicBool::default(),
            asked: AtomicUsize::default(),
            most_asked: AtomicUsize::default(),
            refused: AtomicUsize::default(),
        });
        let routes = Router::new()
            .route(&format!("/{STAGE}"), get(connect))
            .fallback(manage)
            .with_state(Arc::clone(&shared));
        let host = listen(routes).await;
        let (address, management) = (format!("ws://{host}/{STAGE}"), format!("http://{host}/{STAGE}"));
        Self { address, management, authorizer, connections, shared }
    }

    /// Has the next requests to the management API go wrong, so many of them.
    pub fn go_wrong(&self, fault: Fault, times: usize) {
        locked(&self.shared.faults).extend(std::iter::repeat_n(fault, times));
    }

    /// Faults that are still to come.
    pub fn faults_left(&self) -> usize {
        locked(&self.shared.faults).len()
    }

    /// Whether functions are told that clients have left.
    pub fn lose_disconnects(&self, loses: bool) {
        self.shared.loses_disconnects.store(loses, Ordering::Relaxed);
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        locked(&self.shared.open).len()
    }

    /// Cuts all connections off.
    pub fn cut_all(&self) {
        for sender in locked(&self.shared.open).values() {
            drop(sender.send(Told::Cut));
        }
    }

    /// Most requests to the management API that were waiting for an answer at a time.
    pub fn most_requests_at_once(&self) -> usize {
        self.shared.most_asked.load(Ordering::Relaxed)
    }

    /// Requests to the management API whose signature was not right.
    pub fn requests_refused(&self) -> usize {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

/// What all events of a connection say.
fn context(id: &str, route: &str, event: &str) -> Map<String, Value> {
    let now = Timestamp::now();
    let context = json!({
        "routeKey": route, "eventType": event, "connectionId": id, "stage": STAGE, "apiId": "abcdef123",
        "domainName": "abcdef123.execute-api.eu-central-1.amazonaws.com", "messageDirection": "IN",
        "requestId": Uuid::new_v4().to_string(), "extendedRequestId": Uuid::new_v4().to_string(),
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "requestTimeEpoch": now.as_millisecond(), "connectedAt": now.as_millisecond(),
        "identity": { "sourceIp": "127.0.0.1", "userAgent": null },
    });
    context.as_object().unwrap().clone()
}

fn headers_of(headers: &HeaderMap) -> (Value, Value) {
    let (mut one, mut all) = (Map::new(), Map::new());
    for (name, value) in headers {
        let text = value.to_str().unwrap_or_default();
        one.insert(name.to_string(), text.into());
        let values = all.entry(name.to_string()).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(text.into());
    }
    (one.into(), all.into())
}

/// A client connects: the authorizer and then `$connect` are asked before it is let in.
async fn connect(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else { return StatusCode::FORBIDDEN.into_response() };
    // As its names look: base64 of eleven bytes.
    let id = format!("{}=", &Uuid::new_v4().simple().to_string()[..15]);
    let (one, all) = headers_of(&headers);
    let mut event = json!({
        "type": "REQUEST", "methodArn": METHOD_ARN, "headers": one, "multiValueHeaders": all,
        "queryStringParameters": {}, "multiValueQueryStringParameters": {}, "stageVariables": {},
    });
    event["requestContext"] = context(&id, "$connect", "CONNECT").into();
    let policy = match shared.authorizer.invoke(event.to_string().into_bytes()).await {
        Ok(policy) => policy,
        Err(error) if error["errorMessage"] == "Unauthorized" => {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    let statement = &policy["policyDocument"]["Statement"][0];
    if statement["Effect"] != "Allow"
        || statement["Resource"] != METHOD_ARN
        || statement["Action"] != "execute-api:Invoke"
    {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut authorizer = policy["context"].as_object().cloned().unwrap_or_default();
    let is_simple = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    assert!(authorizer.values().all(is_simple), "API Gateway takes no other values: {authorizer:?}");
    authorizer.insert("principalId".to_owned(), policy["principalId"].clone());
    authorizer.insert("integrationLatency".to_owned(), 12.into());

    let mut connected = context(&id, "$connect", "CONNECT");
    connected.insert("authorizer".to_owned(), authorizer.clone().into());
    let event = json!({ "headers": event["headers"], "multiValueHeaders": event["multiValueHeaders"],
        "requestContext": connected, "isBase64Encoded": false });
    let status = match shared.connections.invoke(event.to_string().into_bytes()).await {
        Ok(answer) => answer["statusCode"].as_u64().and_then(|code| u16::try_from(code).ok()),
        Err(_) => None,
    };
    match status.and_then(|code| StatusCode::from_u16(code).ok()) {
        Some(status) if status.is_success() => {}
        Some(status) => return status.into_response(),
        None => return StatusCode::BAD_GATEWAY.into_response(),
    }
    let (sender, told) = mpsc::unbounded_channel();
    // Not before it is there, as API Gateway has it.
    let register = Arc::clone(&shared);
    upgrade.on_upgrade(move |socket| async move {
        locked(&register.open).insert(id.clone(), sender);
        hold(&register, &id, authorizer, socket, told).await;
        locked(&register.open).remove(&id);
        if !register.loses_disconnects.load(Ordering::Relaxed) {
            let event = json!({ "requestContext": context(&id, "$disconnect", "DISCONNECT"), "isBase64Encoded": false });
            drop(register.connections.invoke(event.to_string().into_bytes()).await);
        }
    })
}

/// Passes on what a client says and is told, until one of the sides ends it.
async fn hold(
    shared: &Arc<Shared>,
    id: &str,
    authorizer: Map<String, Value>,
    mut socket: WebSocket,
    mut told: mpsc::UnboundedReceiver<Told>,
) {
    let (failures, mut failed) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            heard = socket.recv() => {
                let (body, is_base64) = match heard {
                    Some(Ok(Message::Text(text))) => (text.to_string(), false),
                    Some(Ok(Message::Binary(_))) => ("AQ==".to_owned(), true),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    None | Some(Err(_) | Ok(Message::Close(_))) => return,
                };
                let mut message = context(id, "$default", "MESSAGE");
                message.insert("messageId".to_owned(), Uuid::new_v4().to_string().into());
                message.insert("authorizer".to_owned(), authorizer.clone().into());
                let event = json!({ "requestContext": message, "body": body, "isBase64Encoded": is_base64 });
                let (shared, failures) = (Arc::clone(shared), failures.clone());
                tokio::spawn(async move {
                    if shared.connections.invoke(event.to_string().into_bytes()).await.is_err() {
                        // A client that is gone needs no word of it.
                        let _ = failures.send(());
                    }
                });
            }
            Some(()) = failed.recv() => {
                let text = json!({ "message": "Internal server error", "connectionId": id, "requestId": "..." });
                drop(socket.send(Message::text(text.to_string())).await);
            }
            Some(told) = told.recv() => match told {
                Told::Text(text) => drop(socket.send(Message::text(text)).await),
                Told::Close => {
                    let frame = CloseFrame { code: 1000, reason: "Connection Closed Normally".into() };
                    drop(socket.send(Message::Close(Some(frame))).await);
                    return;
                }
                Told::Cut => return,
            },
        }
    }
}

/// The management API.
async fn manage(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let at_once = shared.asked.fetch_add(1, Ordering::Relaxed) + 1;
    shared.most_asked.fetch_max(at_once, Ordering::Relaxed);
    // Some time, so that requests meet.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let answer = managed(&shared, &parts.method, &parts.uri, &parts.headers, &body).await;
    shared.asked.fetch_sub(1, Ordering::Relaxed);
    answer
}

async fn managed(shared: &Shared, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Response {
    let prefix = format!("/{STAGE}/%40connections/");
    let Some(id) = uri.path().strip_prefix(&prefix) else { return StatusCode::NOT_FOUND.into_response() };
    if let Err(reason) = verify(method, uri, headers, body, Timestamp::now()) {
        shared.refused.fetch_add(1, Ordering::Relaxed);
        return (StatusCode::FORBIDDEN, json!({ "message": reason }).to_string()).into_response();
    }
    let fault = locked(&shared.faults).pop();
    match fault {
        Some(Fault::Status(status)) => return StatusCode::from_u16(status).unwrap().into_response(),
        Some(Fault::Silence) => std::future::pending().await,
        _ => {}
    }
    let id = id.replace("%3D", "=");
    let sender = locked(&shared.open).get(&id).cloned();
    let Some(sender) = sender else { return StatusCode::GONE.into_response() };
    let sent = match *method {
        Method::POST if body.len() > LARGEST => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Method::POST => sender.send(Told::Text(String::from_utf8(body.to_vec()).unwrap())),
        Method::DELETE => sender.send(Told::Close),
        Method::GET => return Body::from(r#"{"connectedAt":"..."}"#).into_response(),
        _ => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    if let Some(Fault::DoneInSilence) = fault {
        std::future::pending::<()>().await;
    }
    match sent {
        Ok(()) if *method == Method::DELETE => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => StatusCode::OK.into_response(),
        Err(_) => StatusCode::GONE.into_response(),
    }
}
