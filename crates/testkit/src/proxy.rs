//! A TCP proxy: stands for the name of a server that moves, and for a network that is slow or cut.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A proxy on a port of its own; gone when dropped.
pub struct Proxy {
    /// Where it is.
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    target: Mutex<SocketAddr>,
    /// How long each piece is under way.
    delay: Mutex<Duration>,
    /// Whether nothing goes through, though connections stand.
    is_stalled: AtomicBool,
    is_over: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// To a server.
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let state = Arc::new(State {
            target: Mutex::new(target),
            delay: Mutex::default(),
            is_stalled: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let address = listener.local_addr().unwrap();
        let accepting = Arc::clone(&state);
        thread::spawn(move || accepting.accept(&listener));
        Self { address, state }
    }

    /// From now on new connections go to another server; those that are open stay.
    pub fn point_to(&self, target: SocketAddr) {
        *lock(&self.state.target) = target;
    }

    /// Ends all connections.
    pub fn cut(&self) {
        for stream in lock(&self.state.open).drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on each piece is under way for so long.
    pub fn delay(&self, delay: Duration) {
        *lock(&self.state.delay) = delay;
    }

    /// Whether nothing goes through, as if the network swallowed it.
    pub fn stall(&self, is_stalled: bool) {
        self.state.is_stalled.store(is_stalled, Ordering::Release);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Release);
        self.cut();
    }
}

impl State {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while !self.is_over.load(Ordering::Acquire) {
            match listener.accept() {
                Ok((client, _)) => self.join(client),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(_) => return,
            }
        }
    }

    fn join(self: &Arc<Self>, client: TcpStream) {
        let target = *lock(&self.target);
        // A server that is not there takes no connection: the client's is closed.
        let Ok(server) = TcpStream::connect_timeout(&target, Duration::from_secs(2)) else { return };
        for stream in [&client, &server] {
            stream.set_nonblocking(false).unwrap();
            stream.set_nodelay(true).unwrap();
            lock(&self.open).push(stream.try_clone().unwrap());
        }
        let ways = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
        for (from, to) in ways {
            let state = Arc::clone(self);
            thread::spawn(move || state.carry(from, to));
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            thread::sleep(*lock(&self.delay));
            while self.is_stalled.load(Ordering::Acquire) && !self.is_over.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(5));
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        for stream in [from, to] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
