//! The requests of each client at this process. One is under way at a time; the others wait, ordered by their numbers.
//! A client may also send requests to other processes. This process does not wait for those, and they do not count
//! here.

use std::collections::BTreeMap;

use quorate_protocol::{ClientId, Timestamp};
use quorate_web::{Id, Proposal};

use crate::desk::Desk;

/// The most requests that may wait, of all clients together.
const MOST: usize = 1024;

/// A request, and its number among the requests of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) id: Id,
    pub(super) number: u64,
    data: String,
    pub(super) json: String,
}

impl Turn {
    pub(super) fn new(proposal: &Proposal, number: u64, json: String) -> Self {
        Self {
            id: proposal.id,
            number,
            data: proposal.data.clone(),
            json,
        }
    }

    /// Whether it has the other's id but different data.
    fn contradicts(&self, other: &Self) -> bool {
        self.id == other.id && self.data != other.data
    }
}

/// What happens to a request that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The client has nothing under way here. Submit the request.
    First(Turn),
    /// The request waits for earlier ones, or is under way already.
    Taken,
    /// Another request with its id is under way or waits.
    OtherId,
    /// Another request with its number is under way or waits.
    OtherNumber,
    /// A request with a greater number is already under way.
    Late,
    /// Too many requests wait.
    Full,
}

/// The client name and timestamp under which a request is ordered.
pub(super) type Name = (ClientId, Timestamp);

#[derive(Debug)]
struct Queue {
    under_way: Turn,
    name: Name,
    waiting: BTreeMap<u64, Turn>,
}

impl Queue {
    fn all(&self) -> impl Iterator<Item = &Turn> {
        std::iter::once(&self.under_way).chain(self.waiting.values())
    }
}

/// The requests that have not executed here, by client.
#[derive(Debug, Default)]
pub(super) struct Queues {
    clients: BTreeMap<u64, Queue>,
    waiting: usize,
}

impl Queues {
    /// Finds a place for a request. `again`: the request has executed before, and is ordered once more only for its
    /// replies, so it may come at any time.
    pub(super) fn add(&mut self, turn: Turn, again: bool) -> Place {
        let Some(queue) = self.clients.get_mut(&turn.id.0) else {
            return Place::First(turn);
        };
        if queue.all().any(|other| turn.contradicts(other)) {
            return Place::OtherId;
        }
        if let Some(same) = queue.all().find(|other| other.number == turn.number) {
            return if same.json == turn.json {
                Place::Taken
            } else {
                Place::OtherNumber
            };
        }
        let again = again || queue.all().any(|other| other.id == turn.id);
        if turn.number < queue.under_way.number && !again {
            return Place::Late;
        }
        // Of the same request the latest copy counts: its client waits for replies to that one.
        let mut copies = queue.waiting.values().filter(|other| other.id == turn.id);
        if let Some(copy) = copies.next().map(|copy| copy.number) {
            if copy > turn.number {
                return Place::Taken;
            }
            queue.waiting.remove(&copy);
            self.waiting -= 1;
        }
        if self.waiting >= MOST {
            return Place::Full;
        }
        queue.waiting.insert(turn.number, turn);
        self.waiting += 1;
        Place::Taken
    }

    /// Notes that the first request of a client was submitted under this name.
    pub(super) fn began(&mut self, turn: Turn, name: Name) {
        let queue = Queue {
            under_way: turn,
            name,
            waiting: BTreeMap::new(),
        };
        self.clients.insert(queue.under_way.id.0, queue);
    }

    /// The requests that may now be submitted, each with its name. The desk gets the names of executed requests back
    /// and lends new ones.
    pub(super) fn go_on(
        &mut self,
        has_executed: impl Fn(Name) -> bool,
        desk: &mut Desk,
    ) -> Vec<(Name, Turn)> {
        let mut turns = Vec::new();
        let waiting = &mut self.waiting;
        self.clients.retain(|_, queue| {
            if !has_executed(queue.name) {
                return true;
            }
            desk.take_back(queue.name);
            let Some((_, next)) = queue.waiting.pop_first() else {
                return false;
            };
            *waiting -= 1;
            queue.name = desk.lend_name();
            queue.under_way = next.clone();
            turns.push((queue.name, next));
            true
        });
        turns
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use quorate_protocol::{Quorum, ReplicaId};
    use quorate_web::Id;

    use super::{Desk, MOST, Name, Place, Queues, Turn};

    fn turn(id: (u64, u64), number: u64, data: &str) -> Turn {
        Turn {
            id: Id(id.0, id.1),
            number,
            data: data.to_owned(),
            json: format!("{number} {data}"),
        }
    }

    /// The queues, and the names under which requests were submitted.
    struct Run {
        queues: Queues,
        desk: Desk,
        submitted: Vec<(Name, Turn)>,
    }

    impl Run {
        fn new() -> Self {
            let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
            Self {
                queues: Queues::default(),
                desk: Desk::new(ReplicaId(0), quorum, 0),
                submitted: Vec::new(),
            }
        }

        fn add(&mut self, turn: Turn) -> Place {
            let place = self.queues.add(turn, false);
            if let Place::First(turn) = &place {
                let name = self.desk.lend_name();
                self.submitted.push((name, turn.clone()));
                self.queues.began(turn.clone(), name);
            }
            place
        }

        /// Marks this request as executed. Returns the data of the requests that are submitted next.
        fn executed(&mut self, turn: &Turn) -> Vec<String> {
            let found = self.submitted.iter().find(|(_, one)| one == turn);
            let executed = found.unwrap().0;
            let next = self.queues.go_on(|name| name == executed, &mut self.desk);
            self.submitted.extend(next.clone());
            next.into_iter().map(|(_, turn)| turn.data).collect()
        }
    }

    #[test]
    fn a_clients_requests_take_turns_in_the_order_of_their_numbers() {
        let mut run = Run::new();
        let [a, b, c] =
            [("a", 10), ("b", 20), ("c", 30)].map(|(data, number)| turn((1, number), number, data));
        assert_eq!(run.add(a.clone()), Place::First(a.clone()));
        assert_eq!(run.add(c.clone()), Place::Taken);
        assert_eq!(run.add(b.clone()), Place::Taken);
        let other = turn((2, 0), 5, "of another");
        assert_eq!(run.add(other.clone()), Place::First(other.clone()));
        assert_eq!(run.add(a.clone()), Place::Taken, "again");
        assert_eq!(run.add(b.clone()), Place::Taken, "again");
        assert_eq!(run.add(turn((1, 9), 9, "x")), Place::Late);
        assert_eq!(run.add(turn((1, 4106), 10, "x")), Place::OtherNumber);

        assert_eq!(run.executed(&a), ["b"]);
        assert_eq!(run.executed(&other), [""; 0]);
        assert_eq!(run.executed(&b), ["c"]);
        assert_eq!(run.executed(&c), [""; 0]);
        assert!(run.queues.clients.is_empty());
        assert_eq!(run.queues.waiting, 0);
    }

    #[test]
    fn a_request_repeated_with_a_later_timestamp_waits_but_other_data_makes_it_another() {
        let mut run = Run::new();
        let first = turn((1, 7), 10, "a");
        assert_eq!(run.add(first.clone()), Place::First(first));
        assert_eq!(run.add(turn((1, 7), 20, "a")), Place::Taken);
        assert_eq!(run.add(turn((1, 7), 30, "b")), Place::OtherId);
        assert_eq!(run.add(turn((1, 8), 40, "b")), Place::Taken);
        assert_eq!(run.add(turn((1, 8), 50, "c")), Place::OtherId);
        assert_eq!(run.add(turn((1, 7), 5, "a")), Place::Taken, "earlier");
        assert_eq!(run.queues.add(turn((1, 6), 6, "x"), true), Place::Taken);
        let waiting =
            |run: &Run| -> Vec<u64> { run.queues.clients[&1].waiting.keys().copied().collect() };
        assert_eq!(waiting(&run), [6, 20, 40]);
        assert_eq!(run.add(turn((1, 8), 60, "b")), Place::Taken);
        assert_eq!(waiting(&run), [6, 20, 60], "the older one gives way");
        assert_eq!(run.queues.waiting, 3);
    }

    #[test]
    fn requests_beyond_the_limit_do_not_wait() {
        let mut run = Run::new();
        for number in 0..=MOST as u64 {
            assert_ne!(run.add(turn((0, number), number, "x")), Place::Full);
        }
        assert_eq!(run.add(turn((0, 5000), 5000, "x")), Place::Full);
    }
}
