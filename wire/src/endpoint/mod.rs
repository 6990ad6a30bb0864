//! The server side: an XML-RPC endpoint for every client there is.
//!
//! * `http`: verbs, paths, headers and bodies.
//! * `budget`: how much memory bodies may take together.
//! * `dispatch`: from a body to a method and back.
//! * `extensions`: what not every client can read.
//! * `system`: the `system.*` methods.
//! * `page`: what a browser sees.
//! * `routes`: what is served beside XML-RPC.
//! * `stream`: time-outs of a connection.

mod budget;
mod dispatch;
mod extensions;
mod http;
mod page;
mod routes;
mod stream;
mod system;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderMap;
use dxr::Value;
use dxr_server::{Handler, HandlerResult};
use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

pub use self::dispatch::read_call;
pub use self::routes::Routes;
pub use dxr_server::async_trait;

use self::dispatch::Dispatch;
use self::stream::{Phase, TimedStream};
use crate::{Fault, Method};

/// How many connections the operating system keeps until they are accepted, if it allows so many. Whoever comes to a full queue
/// tries again only after a second.
const BACKLOG: i32 = 4096;
/// The wait after a failed accept, which is most often a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// How many connections then give way.
const ACCEPT_ROOM: usize = 16;
/// How many connections over the cap wait for room or are told that there is none; more are dropped.
const REFUSALS: usize = 256;
/// How long one of them waits for room, which another makes that has no request under way.
const ROOM_TIME: Duration = Duration::from_millis(100);
/// How long telling one may take.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// How much an endpoint takes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of a request's body, also of one that was compressed.
    pub body: usize,
    /// Bytes of all bodies at once, from when they begin to come until their calls end. One that is coming may take twice as much.
    pub bodies: usize,
    /// Depth of nested XML elements in a request.
    pub depth: usize,
    /// Number of XML elements in a request.
    pub elements: usize,
    /// Calls in one `system.multicall`.
    pub multicall: usize,
    /// Bytes of an answer.
    pub answer: usize,
    /// Open connections. Beyond them one gives way that has no request under way, if there is one.
    pub connections: usize,
    /// Calls in flight.
    pub calls: usize,
    /// Calls in flight beyond them of methods with [`Method::RESERVED`].
    pub reserved_calls: usize,
    /// Time for a request's headers.
    pub header_time: Duration,
    /// Time for a request's body, and for the client to take any part of the answer.
    pub body_time: Duration,
    /// Time that a connection may stay unused.
    pub idle: Duration,
    /// Time for a call, a whole `system.multicall` included.
    pub call: Duration,
    /// Time for the calls in progress to end after shutdown.
    pub grace: Duration,
    /// Hosts, without port, that requests may name besides `localhost`, `127.x.x.x` and `[::1]`.
    pub allowed_hosts: Vec<String>,
    /// Whether requests may name any IP address as their host: for an endpoint that listens on all of its machine's.
    pub any_address: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 8 * 1024 * 1024,
            bodies: 64 * 1024 * 1024,
            depth: 64,
            elements: 200_000,
            multicall: 64,
            answer: 512 * 1024,
            connections: 1024,
            calls: 512,
            reserved_calls: 64,
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            call: Duration::from_secs(60),
            grace: Duration::from_secs(2),
            allowed_hosts: Vec::new(),
            any_address: false,
        }
    }
}

/// An XML-RPC endpoint: methods, their handlers and limits.
#[derive(Default)]
pub struct Endpoint {
    methods: BTreeMap<&'static str, Entry>,
    limits: Limits,
    routes: Option<Arc<dyn Routes>>,
}

impl Endpoint {
    /// An endpoint with the `system.*` methods only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a method, or replaces the handler that it had.
    pub fn method<M, F, Fut>(mut self, handler: F) -> Self
    where
        M: Method,
        F: Fn(M) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<M::Answer, Fault>> + Send,
    {
        let handler = Box::new(Typed {
            handler,
            method: PhantomData,
        });
        self.methods.insert(
            M::NAME,
            Entry {
                help: M::HELP,
                signatures: M::SIGNATURES,
                faults: M::FAULTS,
                reserved: M::RESERVED,
                handler,
            },
        );
        self
    }

    /// Serves other paths too.
    pub fn routes(mut self, routes: Arc<dyn Routes>) -> Self {
        self.routes = Some(routes);
        self
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves on the listener until `shutdown` is ready, then lets the calls in progress end for [`Limits::grace`].
    ///
    /// # Errors
    /// The listener does not listen.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> std::io::Result<()> {
        SockRef::from(&listener).listen(BACKLOG)?;
        let permits = self.limits.connections.min(Semaphore::MAX_PERMITS);
        let server = Server {
            connections: self.connections(),
            permits: Arc::new(Semaphore::new(permits)),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            graceful: GracefulShutdown::new(),
            tasks: JoinSet::new(),
        };
        server.run(listener, shutdown).await;
        Ok(())
    }

    /// Serves connections that come from elsewhere than a listener. The cap on their number is not applied.
    pub fn connections(self) -> Connections {
        Connections {
            dispatch: Arc::new(Dispatch::new(self.methods, self.limits)),
            routes: self.routes,
            give_way: Arc::default(),
        }
    }
}

/// An endpoint that serves whatever connection it is given.
#[derive(Clone)]
pub struct Connections {
    dispatch: Arc<Dispatch>,
    routes: Option<Arc<dyn Routes>>,
    /// Notified when one is to make room for a new one.
    give_way: Arc<Notify>,
}

impl Connections {
    /// Serves one connection to its end.
    ///
    /// # Errors
    /// What ended it early: the client broke it off, was too slow or did not speak HTTP.
    pub async fn serve<S>(&self, stream: S) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.open(stream).await
    }

    /// If nobody could give way nobody shall later, when there may be room.
    fn nobody_gives_way_later(&self) {
        let _ = self.give_way.notified().now_or_never();
    }

    fn open<S>(
        &self,
        stream: S,
    ) -> impl GracefulConnection<Output = hyper::Result<()>, Error = hyper::Error> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let phase = Phase::default();
        let limits = self.dispatch.limits();
        let stream = TimedStream::new(stream, phase.clone(), Arc::clone(&self.give_way), limits);
        let (dispatch, routes) = (Arc::clone(&self.dispatch), self.routes.clone());
        let service = service_fn(move |request| {
            let (dispatch, phase) = (Arc::clone(&dispatch), phase.clone());
            let routes = routes.clone();
            async move {
                let _busy = phase.busy();
                Ok::<_, std::convert::Infallible>(
                    http::respond(&dispatch, routes.as_deref(), request).await,
                )
            }
        });
        // Half-closed connections still get their answer: some clients close their side after the request.
        http1::Builder::new()
            .half_close(true)
            .header_read_timeout(None)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service)
    }
}

/// What the endpoint knows of one method.
struct Entry {
    help: &'static str,
    signatures: &'static [&'static [&'static str]],
    faults: &'static [i32],
    reserved: bool,
    handler: Box<dyn Handler>,
}

/// A typed handler behind dxr's untyped one.
struct Typed<M, F> {
    handler: F,
    method: PhantomData<fn(M)>,
}

#[async_trait]
impl<M, F, Fut> Handler for Typed<M, F>
where
    M: Method,
    F: Fn(M) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<M::Answer, Fault>> + Send,
{
    async fn handle(&self, params: &[Value], _headers: HeaderMap) -> HandlerResult {
        let method = M::from_params(params.to_vec())?;
        let answer = (self.handler)(method).await?;
        Ok(M::answer_into_value(answer))
    }
}

/// A serving endpoint.
struct Server {
    connections: Connections,
    permits: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
}

impl Server {
    async fn run(mut self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = self.tasks.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.admit(stream),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        for _ in 0..ACCEPT_ROOM {
                            self.connections.give_way.notify_one();
                        }
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        self.connections.nobody_gives_way_later();
                    }
                },
            }
        }
        drop(listener);
        self.end().await;
    }

    fn admit(&mut self, stream: TcpStream) {
        // Without it answers would wait for the client's delayed acknowledgements; a failure only makes it slower.
        let _ = stream.set_nodelay(true);
        let (connections, watcher) = (self.connections.clone(), self.graceful.watcher());
        let serve = move |stream, permit| async move {
            if let Err(error) = watcher.watch(connections.open(stream)).await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop::<OwnedSemaphorePermit>(permit);
        };
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            self.tasks.spawn(serve(stream, permit));
            return;
        }
        let Ok(refusal) = Arc::clone(&self.refusals).try_acquire_owned() else {
            return;
        };
        let (permits, waiting) = (Arc::clone(&self.permits), self.connections.clone());
        self.tasks.spawn(async move {
            waiting.give_way.notify_one();
            match tokio::time::timeout(ROOM_TIME, permits.acquire_owned()).await {
                Ok(Ok(permit)) => {
                    drop(refusal);
                    serve(stream, permit).await;
                }
                _ => {
                    waiting.nobody_gives_way_later();
                    refuse(stream).await;
                    drop(refusal);
                }
            }
        });
    }

    async fn end(mut self) {
        let grace = self.connections.dispatch.limits().grace;
        let dispatch = self.connections.dispatch;
        let graceful = self.graceful;
        let ending = async move {
            graceful.shutdown().await;
            dispatch.idle().await;
        };
        if tokio::time::timeout(grace, ending).await.is_err() {
            tracing::info!("calls still in progress are left behind");
        }
        self.tasks.shutdown().await;
    }
}

/// Tells a connection over the cap that it is one.
async fn refuse(mut stream: TcpStream) {
    let goodbye = async {
        stream.write_all(http::TOO_MANY_CONNECTIONS).await?;
        stream.shutdown().await?;
        // What the client had sent is read, lest closing resets the connection before it saw the answer.
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(REFUSAL_TIME, goodbye).await;
}
