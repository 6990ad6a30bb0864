//! The page of processes that run: what they do, as it happens, and switches for it.
//!
//! * [`site`]: who may ask for what. [`deeds`]: what the page's reader has done.
//! * [`feed`]: what happened, for all who look. [`collect`]: where that comes from.

mod collect;
mod deeds;
mod feed;
mod site;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use quorate_wire::{Endpoint, Limits, hex};

use crate::{Process, StartError};
use deeds::Deeds;
use feed::Feed;
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

    /// Serves the page of these processes, which keep a trace. Never ends by itself.
    ///
    /// # Errors
    /// The socket does not listen.
    pub async fn serve(self, processes: Vec<Process>) -> io::Result<()> {
        let feed = Arc::new(Feed::of(&processes));
        let deeds = Deeds::of(processes.clone(), Arc::clone(&feed));
        let site = Site::new(self.address, self.token, Arc::clone(&feed), deeds)?;
        let endpoint = Endpoint::new().site(Arc::new(site)).limits(Limits {
            body: REQUEST,
            connections: CONNECTIONS,
            grace: GRACE,
            ..Limits::default()
        });
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        tokio::select! {
            served = endpoint.serve(listener, std::future::pending()) => served,
            never = collect::collect(&processes, &feed) => match never {},
        }
    }
}
