//! Where packets of other nodes come in. Before the founding, a node serves nothing else.

use std::net::IpAddr;

use quorate_gather::MOST_BYTES;
use quorate_wire::method::GatherTell;
use quorate_wire::{Endpoint, Fault};
use tokio::sync::{mpsc, watch};

/// The most packets that wait for the node.
const WAITING: usize = 64;

/// A packet, and the address of the caller who brought it.
pub(super) type Packet = (IpAddr, Vec<u8>);

/// The way for packets from the endpoint to the node.
#[derive(Clone)]
pub(super) struct Door {
    packets: mpsc::Sender<Packet>,
}

impl Door {
    /// A door, and where its packets arrive.
    pub(super) fn new() -> (Self, mpsc::Receiver<Packet>) {
        let (packets, arrived) = mpsc::channel(WAITING);
        (Self { packets }, arrived)
    }

    /// An endpoint that takes packets.
    pub(super) fn endpoint(self) -> Endpoint {
        Endpoint::new().method_from(move |call: GatherTell, from| {
            let taken = self.take(call.packet, from);
            async move { taken }
        })
    }

    /// An endpoint for the time before the founding: it takes packets, and says of all else why the node waits.
    pub(super) fn before_founding(self, waits: watch::Receiver<String>) -> Endpoint {
        self.endpoint().otherwise(move || {
            let why = waits.borrow();
            Fault::new(Fault::NOT_FOUNDED, format!("not founded yet: {}", *why))
        })
    }

    fn take(&self, packet: Vec<u8>, from: Option<IpAddr>) -> Result<bool, Fault> {
        if packet.len() > MOST_BYTES {
            let why = format!("packet: expected at most {MOST_BYTES} bytes");
            return Err(Fault::wrong_parameters(why));
        }
        let Some(from) = from else {
            return Err(Fault::internal("the caller's address is not known"));
        };
        Ok(self.packets.try_send((from.to_canonical(), packet)).is_ok())
    }
}
