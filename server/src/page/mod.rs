//! The page of processes that run: what they do, as it happens, and switches for it.
//!
//! * [`site`]: who may ask for what. [`deeds`]: what the page's reader has done.
//! * [`feed`]: what happened, for all who look. [`collect`]: where that comes from. [`onlookers`]: what a program tells them itself.

mod collect;
mod deeds;
mod feed;
mod onlookers;
mod site;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use quorate_wire::{Endpoint, Limits, hex};

use crate::{Process, StartError};
use deeds::Deeds;
use feed::Feed;
pub use onlookers::Onlookers;
use site::Site;

/// The most bytes of what the page's reader asks for.
const REQUEST: usize = 64 * 1024;
const CONNECTIONS: usize = 64;
/// How long answers under way may take at the end. A stream would never end by itself.
const GRACE: Duration = Duration::from_millis(100);

/// Where the page is. Nobody is answered until it is served.
#[derive(Debug)]
pub struct Page {
    listener: TcpListener,
    address: SocketAddr,
    /// Whoever knows it may see and switch.
    token: String,
}

impl Page {
    /// Takes a port of loopback; 0 is any free port.
    ///
    /// # Errors
    /// The port is taken, or there is no randomness for the token.
    pub fn bind(port: u16) -> Result<Self, StartError> {
        let refused = |cause| StartError::NoPage { port, cause };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(|error| refused(io::Error::other(error)))?;
        Ok(Self {
            listener,
            address,
            token: hex::of(&secret),
        })
    }

    /// The address to open. The token stands behind the `#`, which a browser sends to nobody.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.address, self.token)
    }

    /// The page of these processes, which keep a trace.
    #[must_use]
    pub fn of(self, processes: Vec<Process>) -> Shown {
        let feed = Arc::new(Feed::of(&processes));
        Shown {
            page: self,
            processes,
            feed,
        }
    }
}

/// The page of processes that run.
#[derive(Debug)]
pub struct Shown {
    page: Page,
    processes: Vec<Process>,
    feed: Arc<Feed>,
}

impl Shown {
    /// Those who look at the page.
    #[must_use]
    pub fn onlookers(&self) -> Onlookers {
        Onlookers::of(Arc::clone(&self.feed))
    }

    /// Serves the page. Never ends by itself.
    ///
    /// # Errors
    /// The socket does not listen.
    pub async fn serve(self) -> io::Result<()> {
        let Self {
            page,
            processes,
            feed,
        } = self;
        let deeds = Deeds::of(processes.clone(), Arc::clone(&feed));
        let site = Site::new(page.address, page.token, Arc::clone(&feed), deeds)?;
        let endpoint = Endpoint::new().site(Arc::new(site)).limits(Limits {
            body: REQUEST,
            connections: CONNECTIONS,
            grace: GRACE,
            ..Limits::default()
        });
        let listener = tokio::net::TcpListener::from_std(page.listener)?;
        tokio::select! {
            served = endpoint.serve(listener, std::future::pending()) => served,
            never = collect::collect(&processes, &feed) => match never {},
        }
    }
}
