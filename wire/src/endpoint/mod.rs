//! The server side: an XML-RPC endpoint that all kinds of clients can use.
//!
//! * `http`: verbs, paths, headers and bodies.
//! * `budget`: the memory of all bodies together.
//! * `dispatch`: from a body to a method and back.
//! * `extensions`: values that not every client can read.
//! * `methods`: all methods, with their help. `system`: the `system.*` methods. `multicall`: many calls in one.
//! * [`body`]: the bodies of answers.
//! * `page`: the page for browsers.
//! * `routes`: paths beside XML-RPC. `site`: pages instead of XML-RPC.
//! * `stream`: the time-outs of a connection.
//!
//! A connection may leave HTTP and become a link ([`crate::link`]).

pub mod body;

mod budget;
mod dispatch;
mod extensions;
mod http;
mod link;
mod methods;
mod multicall;
mod page;
mod routes;
mod site;
mod stream;
mod system;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dxr::Value;
use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

pub use self::dispatch::read_call;
pub use self::link::{Link, Links};
pub use self::routes::Routes;
pub use self::site::Site;
pub use dxr_server::async_trait;

use self::dispatch::Dispatch;
use self::methods::{Entry, Handler};
use self::site::NoAnswer;
pub(crate) use self::stream::{Busy, Phase};

use self::stream::TimedStream;
use crate::{Fault, Limits, Method, Seldom};

/// The most connections that the operating system keeps until they are accepted, if it allows that many. A client that
/// meets a full queue tries again only after a second.
const BACKLOG: i32 = 4096;
/// The wait after a failed accept. Most often file descriptors are missing.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// How many idle connections are then closed to make room.
const ACCEPT_ROOM: usize = 16;
/// The most connections over the cap that wait for room, or that are being refused. Further ones are dropped.
const REFUSALS: usize = 256;
/// How long a connection over the cap waits until another one without a request under way is closed.
const ROOM_TIME: Duration = Duration::from_millis(100);
/// The most time for sending a refusal.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// An XML-RPC endpoint: methods, their handlers and limits.
#[derive(Default)]
pub struct Endpoint {
    methods: BTreeMap<&'static str, Entry>,
    limits: Limits,
    routes: Vec<Arc<dyn Routes>>,
    links: Option<Arc<dyn Links>>,
    otherwise: Option<Otherwise>,
    away: Option<Away>,
    site: Option<Arc<dyn Site>>,
}

/// Why the process for which an endpoint stands in is away.
pub(crate) type Away = Arc<dyn Fn() -> String + Send + Sync>;

/// The fault for a call of a method that the endpoint does not have.
type Otherwise = Arc<dyn Fn() -> Fault + Send + Sync>;

impl Endpoint {
    /// An endpoint with the `system.*` methods only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a method, or replaces the handler that it had.
    pub fn method<M, F, Fut>(self, handler: F) -> Self
    where
        M: Method,
        F: Fn(M) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<M::Answer, Fault>> + Send,
    {
        self.method_from(move |call, _| handler(call))
    }

    /// As [`Endpoint::method`], for a handler that is told the caller's address too. A connection that did not come from a
    /// listener has none.
    pub fn method_from<M, F, Fut>(mut self, handler: F) -> Self
    where
        M: Method,
        F: Fn(M, Option<IpAddr>) -> Fut + Send + Sync + 'static,
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
                changes_nothing: M::CHANGES_NOTHING,
                handler,
            },
        );
        self
    }

    /// Sets the fault for calls of methods that the endpoint does not have. Without it, they are told that there is no such
    /// method.
    pub fn otherwise(mut self, fault: impl Fn() -> Fault + Send + Sync + 'static) -> Self {
        self.otherwise = Some(Arc::new(fault));
        self
    }

    /// Stands in for a process that is away, and says why: methods that the endpoint does not have answer [`Fault::AWAY`], and all
    /// other requests get the HTTP status 503.
    pub fn away(self, reason: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let reason: Away = Arc::new(reason);
        let told = Arc::clone(&reason);
        Self {
            away: Some(reason),
            ..self.otherwise(move || Fault::new(Fault::AWAY, told()))
        }
    }

    /// Serves other paths beside XML-RPC, and beside those that were added before.
    pub fn routes(mut self, routes: Arc<dyn Routes>) -> Self {
        self.routes.push(routes);
        self
    }

    /// Serves a site, and nothing else. The site judges who may call: no host and no `Origin` is refused before.
    pub fn site(mut self, site: Arc<dyn Site>) -> Self {
        self.site = Some(site);
        self
    }

    /// Gives links to those who ask for them.
    pub fn links(mut self, links: Arc<dyn Links>) -> Self {
        self.links = Some(links);
        self
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves on the listener until `shutdown` completes. Then calls in progress may run for [`Limits::grace`].
    ///
    /// # Errors
    /// The socket does not listen.
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
            ending: watch::Sender::new(()),
            tasks: JoinSet::new(),
        };
        server.run(listener, shutdown).await;
        Ok(())
    }

    /// Serves connections that do not come from a listener. There is no cap on their number.
    pub fn connections(self) -> Connections {
        Connections {
            dispatch: Arc::new(Dispatch::new(self.methods, self.limits, self.otherwise)),
            routes: self.routes.into(),
            links: self.links,
            away: self.away,
            site: self.site,
            give_way: Arc::default(),
        }
    }
}

/// An endpoint that serves the connections it is given.
#[derive(Clone)]
pub struct Connections {
    dispatch: Arc<Dispatch>,
    routes: Arc<[Arc<dyn Routes>]>,
    links: Option<Arc<dyn Links>>,
    away: Option<Away>,
    site: Option<Arc<dyn Site>>,
    /// Notified when an idle connection must close to make room for a new one.
    give_way: Arc<Notify>,
}

impl Connections {
    /// Serves one connection to its end.
    ///
    /// # Errors
    /// Why it ended early: the client broke it off, was too slow or did not speak HTTP.
    pub async fn serve<S>(&self, stream: S) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let link = self.http(stream, None, std::future::pending()).await?;
        self.follow(link).await;
        Ok(())
    }

    /// Serves what has become of a connection that left HTTP.
    async fn follow(&self, link: Option<Link>) {
        if let (Some(links), Some(link)) = (&self.links, link) {
            links.serve(link).await;
        }
    }

    /// If no connection could give way now, none shall do so later, when there may be room.
    fn nobody_gives_way_later(&self) {
        let _ = self.give_way.notified().now_or_never();
    }

    /// Serves a connection until it ends or becomes a link. Once `ending` completes, it takes no further requests.
    async fn http<S>(
        &self,
        stream: S,
        from: Option<IpAddr>,
        ending: impl Future<Output = ()>,
    ) -> hyper::Result<Option<Link>>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let phase = Phase::default();
        let limits = self.dispatch.limits();
        let stream = TimedStream::new(stream, phase.clone(), Arc::clone(&self.give_way), limits);
        let (dispatch, routes) = (Arc::clone(&self.dispatch), Arc::clone(&self.routes));
        let upgrade = self.links.is_some().then(Arc::<Upgrade>::default);
        let (away, site) = (self.away.clone(), self.site.clone());
        let (granted, phase_of_link) = (upgrade.clone(), phase.clone());
        let service = service_fn(move |request| {
            let (dispatch, phase) = (Arc::clone(&dispatch), phase.clone());
            let (routes, upgrade, away) = (Arc::clone(&routes), upgrade.clone(), away.clone());
            let site = site.clone();
            async move {
                let _busy = phase.busy();
                let upgrade = upgrade.as_deref();
                if site.is_none() && http::is_of_a_web_page(&request, dispatch.limits()) {
                    return Err(NoAnswer);
                }
                match (site, away) {
                    (Some(site), _) => http::respond_from(&dispatch, &*site, request).await,
                    (None, Some(away)) => {
                        Ok(http::respond_for(&dispatch, &*away, from, request).await)
                    }
                    (None, None) => {
                        Ok(http::respond(&dispatch, &routes, upgrade, from, request).await)
                    }
                }
            }
        });
        // Also answer half-closed connections: some clients close their side after the request.
        let connection = http1::Builder::new()
            .half_close(true)
            .header_read_timeout(None)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => ended?,
            () = ending => {
                connection.as_mut().graceful_shutdown();
                connection.await?;
            }
        }
        match granted.as_deref().and_then(OnceLock::get) {
            Some(upgrade) => Ok(Some(Link::new(upgrade.clone().await?, phase_of_link))),
            None => Ok(None),
        }
    }
}

/// The upgrade of a connection, once it is granted.
type Upgrade = OnceLock<OnUpgrade>;

/// A typed handler behind the untyped one.
struct Typed<M, F> {
    handler: F,
    method: PhantomData<fn(M)>,
}

#[async_trait]
impl<M, F, Fut> Handler for Typed<M, F>
where
    M: Method,
    F: Fn(M, Option<IpAddr>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<M::Answer, Fault>> + Send,
{
    async fn handle(&self, params: &[Value], from: Option<IpAddr>) -> Result<Value, Fault> {
        let method = M::from_params(params.to_vec())?;
        let answer = (self.handler)(method, from).await?;
        Ok(M::answer_into_value(answer))
    }
}

/// An endpoint that is serving.
struct Server {
    connections: Connections,
    permits: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    /// Tells all connections that the endpoint ends. Each has a receiver until it has ended or become a link.
    ending: watch::Sender<()>,
    tasks: JoinSet<()>,
}

impl Server {
    async fn run(mut self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = std::pin::pin!(shutdown);
        let failures = Seldom::default();
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = self.tasks.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, from)) => self.admit(stream, from.ip()),
                    Err(error) => {
                        if let Some(left_out) = failures.line(()) {
                            tracing::warn!(%error, left_out, "cannot accept a connection");
                        }
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

    fn admit(&mut self, stream: TcpStream, from: IpAddr) {
        // Without it, answers would wait for the client's delayed acknowledgements. A failure only makes the connection
        // slower.
        let _ = stream.set_nodelay(true);
        let (connections, mut ending) = (self.connections.clone(), self.ending.subscribe());
        let serve = move |stream, permit| async move {
            let told = async {
                // An error says that the endpoint is gone.
                let _ = ending.changed().await;
            };
            let served = connections.http(stream, Some(from), told).await;
            // The end waits for the requests of this connection, and for no link.
            drop(ending);
            match served {
                Ok(link) => connections.follow(link).await,
                Err(error) => tracing::debug!(%error, "a connection ended early"),
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
        let ending = self.ending;
        let ending = async move {
            ending.send_replace(());
            ending.closed().await;
            dispatch.idle().await;
        };
        if tokio::time::timeout(grace, ending).await.is_err() {
            tracing::info!("calls still in progress are left behind");
        }
        self.tasks.shutdown().await;
    }
}

/// Tells a connection over the cap that it is refused.
async fn refuse(mut stream: TcpStream) {
    let goodbye = async {
        stream.write_all(http::TOO_MANY_CONNECTIONS).await?;
        stream.shutdown().await?;
        // Read what the client has sent. Otherwise closing would reset the connection before the client has seen the
        // answer.
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(REFUSAL_TIME, goodbye).await;
}
