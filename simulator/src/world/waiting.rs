//! What has come to a process while it works. As live, each peer has room of its own, and what finds no room is lost: else a
//! process that cannot keep up would hear for ever what has long passed.

use std::collections::{BTreeMap, VecDeque};

use quorate_protocol::ReplicaId;

use crate::process::Packet;
use crate::queue::Event;

/// The bytes of one peer's batches that may wait.
const ROOM: usize = 2 * 1024 * 1024;
/// A batch counts for at least so many bytes.
const LEAST: usize = 1024;

/// The events that wait for a process, in the order in which they have come.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    events: VecDeque<Event>,
    bytes: BTreeMap<ReplicaId, usize>,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Keeps an event. Gives back a batch of a peer whose room is full. A batch that is larger than the room waits alone.
    pub(super) fn push(&mut self, event: Event) -> Result<(), Event> {
        if let Some((from, bytes)) = batch(&event) {
            let waiting = self.bytes.entry(from).or_default();
            if *waiting > 0 && *waiting + bytes > ROOM {
                return Err(event);
            }
            *waiting += bytes;
        }
        self.events.push_back(event);
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if let Some((from, bytes)) = batch(&event)
            && let Some(waiting) = self.bytes.get_mut(&from)
        {
            *waiting -= bytes;
        }
        Some(event)
    }
}

/// Who has sent the batch that arrives, and how much of the room it takes.
fn batch(event: &Event) -> Option<(ReplicaId, usize)> {
    match event {
        Event::Arrive { from, packet, .. } => match packet.as_ref() {
            Packet::Batch { .. } => Some((*from, packet.size().max(LEAST))),
            Packet::Vote(_) => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{LEAST, ROOM, Waiting};
    use crate::process::Packet;
    use crate::queue::Event;
    use quorate_host::Head;
    use quorate_protocol::{ClusterId, ReplicaId};

    const HEAD: Head = Head {
        cluster: ClusterId([7; 32]),
        sender: ReplicaId(1),
    };

    fn arrives(from: u32, bytes: usize) -> Event {
        Event::Arrive {
            at: 0,
            from: ReplicaId(from),
            packet: Arc::new(Packet::of_bytes(HEAD, vec![0; bytes].into(), None)),
        }
    }

    #[test]
    fn what_waits_of_one_peer_is_bounded_and_takes_no_room_from_others() {
        let mut waiting = Waiting::default();
        for _ in 0..2 * ROOM / LEAST {
            let _ = waiting.push(arrives(1, 1));
        }
        assert!(waiting.push(arrives(2, 2 * ROOM)).is_ok());
        assert!(waiting.push(arrives(2, 1)).is_err());
        assert!(waiting.push(Event::Look).is_ok());
        let all: Vec<Event> = std::iter::from_fn(|| waiting.pop()).collect();
        assert_eq!(all.len(), ROOM / LEAST + 2);
        assert!(waiting.is_empty());
        assert!(waiting.push(arrives(1, ROOM)).is_ok());
        assert!(!waiting.is_empty(), "there is room again");
    }
}
