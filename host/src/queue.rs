//! The requests of each HTTP client at this process. One is under way at a time; the others wait, ordered by their
//! numbers. A client may also send requests to other processes. This process does not wait for those, and they do not
//! count here.

use std::collections::BTreeMap;

use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp};

/// A client name, and the timestamp of a request under it.
pub(crate) type Name = (ClientId, Timestamp);

/// The most requests that may wait, of all clients together.
const MOST: usize = 1024;
/// The most clients that may have a request under way, as many as may have an operation under way.
const CLIENTS: usize = 4096;
/// The most bytes that all requests may have, those under way included.
const BYTES: usize = 32 * 1024 * 1024;
/// What a request takes beside its texts.
const ORDER: usize = 256;

/// A request over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id: the client, and the number that the client gave the request.
    pub id: (u64, u64),
    /// Its place among the requests of its client.
    pub number: u64,
    /// The operation.
    pub data: String,
    /// The whole request as it came.
    pub json: String,
}

/// What happens to a request over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// This process is the primary and proposes it.
    Here,
    /// Another process is the primary and must propose it.
    At(ReplicaId),
    /// Another request with the same id exists.
    OtherId,
    /// Another request of the same client has the same timestamp.
    OtherTimestamp,
    /// A later request of the same client is under way or has executed.
    Old,
    /// Too many requests wait here, or have too many bytes.
    Full,
}

impl Order {
    const fn size(&self) -> usize {
        self.data.len() + self.json.len() + ORDER
    }

    /// Whether it has the other's id but different data.
    fn contradicts(&self, other: &Self) -> bool {
        self.id == other.id && self.data != other.data
    }
}

/// What happens to a request that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The client has nothing under way here. Submit the request.
    First(Order),
    /// The request waits for earlier ones, or is under way already.
    Taken,
    /// Another request with its id is under way or waits.
    OtherId,
    /// Another request with its number is under way or waits.
    OtherNumber,
    /// A request with a greater number is already under way.
    Late,
    /// Too many requests wait, or have too many bytes.
    Full,
}

#[derive(Clone, Debug)]
struct Queue {
    under_way: Order,
    name: Name,
    /// The slot after which its request executes.
    after: Sequence,
    waiting: BTreeMap<u64, Order>,
}

impl Queue {
    fn all(&self) -> impl Iterator<Item = &Order> {
        std::iter::once(&self.under_way).chain(self.waiting.values())
    }
}

/// The requests that have not executed here, by client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    clients: BTreeMap<u64, Queue>,
    waiting: usize,
    /// The bytes of all requests.
    bytes: usize,
}

impl Queues {
    /// Finds a place for a request. `again`: the request has executed before, and is ordered once more only for its
    /// replies, so it may come at any time.
    pub(crate) fn add(&mut self, order: Order, again: bool) -> Place {
        let fits = self.bytes + order.size() <= BYTES;
        let has_place = self.clients.len() < CLIENTS;
        let Some(queue) = self.clients.get_mut(&order.id.0) else {
            return if fits && has_place {
                Place::First(order)
            } else {
                Place::Full
            };
        };
        if queue.all().any(|other| order.contradicts(other)) {
            return Place::OtherId;
        }
        if let Some(same) = queue.all().find(|other| other.number == order.number) {
            return if same.json == order.json {
                Place::Taken
            } else {
                Place::OtherNumber
            };
        }
        let again = again || queue.all().any(|other| other.id == order.id);
        if order.number < queue.under_way.number && !again {
            return Place::Late;
        }
        // Of the same request the latest copy counts: its client waits for replies to that one.
        let mut copies = queue.waiting.values().filter(|other| other.id == order.id);
        if let Some(copy) = copies.next().map(|copy| copy.number) {
            if copy > order.number {
                return Place::Taken;
            }
            let copy = queue.waiting.remove(&copy);
            self.bytes -= copy.as_ref().map_or(0, Order::size);
            self.waiting -= 1;
        }
        if self.waiting >= MOST || self.bytes + order.size() > BYTES {
            return Place::Full;
        }
        self.bytes += order.size();
        queue.waiting.insert(order.number, order);
        self.waiting += 1;
        Place::Taken
    }

    /// Notes that the first request of a client was submitted under this name, to execute after this slot.
    pub(crate) fn began(&mut self, order: Order, name: Name, after: Sequence) {
        self.bytes += order.size();
        let queue = Queue {
            under_way: order,
            name,
            after,
            waiting: BTreeMap::new(),
        };
        self.clients.insert(queue.under_way.id.0, queue);
    }

    /// Goes on with the clients whose request has executed or has expired. A request that has expired goes again: if it has
    /// executed, it does not execute once more. `lend` gives the name for the next one, which executes after the slot
    /// `executed`.
    pub(crate) fn go_on(
        &mut self,
        executed: Sequence,
        fate: impl Fn(Name, Sequence) -> Fate,
        mut lend: impl FnMut() -> Name,
    ) -> Next {
        let mut next = Next::default();
        let (waiting, bytes) = (&mut self.waiting, &mut self.bytes);
        self.clients.retain(|_, queue| {
            let fate = fate(queue.name, queue.after);
            if fate == Fate::UnderWay {
                return true;
            }
            next.done.push(queue.name);
            if fate == Fate::Executed {
                *bytes -= queue.under_way.size();
                let Some((_, order)) = queue.waiting.pop_first() else {
                    return false;
                };
                *waiting -= 1;
                queue.under_way = order;
            }
            queue.name = lend();
            queue.after = executed;
            next.submit.push((queue.name, queue.under_way.clone()));
            true
        });
        next
    }
}

/// What has become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It may still execute.
    UnderWay,
    /// It has executed.
    Executed,
    /// It does not execute any more, and nobody knows whether it has.
    Expired,
}

/// What follows once requests have executed.
#[derive(Debug, Default)]
pub(crate) struct Next {
    /// The names whose requests execute no more. The desk gets them back.
    pub(crate) done: Vec<Name>,
    /// The requests that may now be submitted, each with its name.
    pub(crate) submit: Vec<(Name, Order)>,
}

#[cfg(test)]
mod tests {
    use quorate_protocol::{ClientId, ReplicaId, Sequence, Timestamp};

    use super::{BYTES, CLIENTS, Fate, MOST, Name, Order, Place, Queues};

    fn order(id: (u64, u64), number: u64, data: &str) -> Order {
        Order {
            id,
            number,
            data: data.to_owned(),
            json: format!("{number} {data}"),
        }
    }

    /// The queues, and the names under which requests were submitted.
    struct Run {
        queues: Queues,
        names: u64,
        submitted: Vec<(Name, Order)>,
    }

    fn lend(names: &mut u64) -> Name {
        *names += 1;
        (ClientId::session(ReplicaId(0), *names), Timestamp(1))
    }

    impl Run {
        fn new() -> Self {
            Self {
                queues: Queues::default(),
                names: 0,
                submitted: Vec::new(),
            }
        }

        fn add(&mut self, order: Order) -> Place {
            let place = self.queues.add(order, false);
            if let Place::First(order) = &place {
                let name = lend(&mut self.names);
                self.submitted.push((name, order.clone()));
                self.queues.began(order.clone(), name, Sequence(7));
            }
            place
        }

        /// Marks this request as executed. Returns the data of the requests that are submitted next.
        fn executed(&mut self, order: &Order) -> Vec<String> {
            self.meets(order, Fate::Executed)
        }

        fn meets(&mut self, order: &Order, fate: Fate) -> Vec<String> {
            let found = self.submitted.iter().rev().find(|(_, one)| one == order);
            let done = found.unwrap().0;
            let names = &mut self.names;
            let of = |name, after| {
                assert_eq!(after, Sequence(7));
                if name == done { fate } else { Fate::UnderWay }
            };
            let next = self.queues.go_on(Sequence(7), of, || lend(names));
            assert_eq!(next.done, [done]);
            self.submitted.extend(next.submit.clone());
            let orders = next.submit.into_iter();
            orders.map(|(_, order)| order.data).collect()
        }
    }

    #[test]
    fn a_clients_requests_take_turns_in_the_order_of_their_numbers() {
        let mut run = Run::new();
        let [a, b, c] = [("a", 10), ("b", 20), ("c", 30)]
            .map(|(data, number)| order((1, number), number, data));
        assert_eq!(run.add(a.clone()), Place::First(a.clone()));
        assert_eq!(run.add(c.clone()), Place::Taken);
        assert_eq!(run.add(b.clone()), Place::Taken);
        let other = order((2, 0), 5, "of another");
        assert_eq!(run.add(other.clone()), Place::First(other.clone()));
        assert_eq!(run.add(a.clone()), Place::Taken, "again");
        assert_eq!(run.add(b.clone()), Place::Taken, "again");
        assert_eq!(run.add(order((1, 9), 9, "x")), Place::Late);
        assert_eq!(run.add(order((1, 4106), 10, "x")), Place::OtherNumber);

        assert_eq!(run.executed(&a), ["b"]);
        assert_eq!(run.executed(&other), [""; 0]);
        assert_eq!(run.executed(&b), ["c"]);
        assert_eq!(run.executed(&c), [""; 0]);
        assert!(run.queues.clients.is_empty());
        assert_eq!(run.queues.waiting, 0);
    }

    #[test]
    fn a_request_that_has_expired_goes_again_before_those_that_wait_for_it() {
        let mut run = Run::new();
        let [a, b] = [("a", 10), ("b", 20)].map(|(data, number)| order((1, number), number, data));
        run.add(a.clone());
        run.add(b.clone());
        let bytes = run.queues.bytes;
        assert_eq!(run.meets(&a, Fate::Expired), ["a"]);
        assert_eq!((run.queues.bytes, run.queues.waiting), (bytes, 1));
        assert_ne!(run.submitted[0].0, run.submitted[1].0, "under another name");
        assert_eq!(run.executed(&a), ["b"]);
        assert_eq!(run.executed(&b), [""; 0]);
    }

    #[test]
    fn a_request_repeated_with_a_later_timestamp_waits_but_other_data_makes_it_another() {
        let mut run = Run::new();
        let first = order((1, 7), 10, "a");
        assert_eq!(run.add(first.clone()), Place::First(first));
        assert_eq!(run.add(order((1, 7), 20, "a")), Place::Taken);
        assert_eq!(run.add(order((1, 7), 30, "b")), Place::OtherId);
        assert_eq!(run.add(order((1, 8), 40, "b")), Place::Taken);
        assert_eq!(run.add(order((1, 8), 50, "c")), Place::OtherId);
        assert_eq!(run.add(order((1, 7), 5, "a")), Place::Taken, "earlier");
        assert_eq!(run.queues.add(order((1, 6), 6, "x"), true), Place::Taken);
        let waiting =
            |run: &Run| -> Vec<u64> { run.queues.clients[&1].waiting.keys().copied().collect() };
        assert_eq!(waiting(&run), [6, 20, 40]);
        assert_eq!(run.add(order((1, 8), 60, "b")), Place::Taken);
        assert_eq!(waiting(&run), [6, 20, 60], "the older one gives way");
        assert_eq!(run.queues.waiting, 3);
    }

    #[test]
    fn requests_beyond_the_limit_do_not_wait() {
        let mut run = Run::new();
        for number in 0..=MOST as u64 {
            assert_ne!(run.add(order((0, number), number, "x")), Place::Full);
        }
        assert_eq!(run.add(order((0, 5000), 5000, "x")), Place::Full);
    }

    #[test]
    fn ever_new_clients_have_room_for_so_many_requests_and_no_more_until_one_executes() {
        let mut run = Run::new();
        let new = |client| order((client, 0), 1, "x");
        for client in 0..CLIENTS as u64 {
            assert!(matches!(run.add(new(client)), Place::First(_)), "{client}");
        }
        assert_eq!(run.add(new(5000)), Place::Full);
        assert_eq!(run.add(new(7)), Place::Taken, "it is under way already");
        run.executed(&new(7));
        assert!(matches!(run.add(new(5000)), Place::First(_)));
    }

    #[test]
    fn all_requests_together_are_bounded_in_bytes_and_executed_ones_give_theirs_back() {
        let mut run = Run::new();
        let text = "x".repeat(BYTES / 8);
        let large = |client, number| order((client, number), number, &text);
        for client in 0..2 {
            assert!(matches!(run.add(large(client, 1)), Place::First(_)));
        }
        assert_eq!(run.add(large(0, 2)), Place::Taken);
        assert_eq!(run.add(large(1, 2)), Place::Full);
        assert_eq!(run.add(large(2, 1)), Place::Full);
        run.executed(&large(0, 1));
        assert!(matches!(run.add(large(2, 1)), Place::First(_)));
        for (client, number) in [(0, 2), (1, 1), (2, 1)] {
            run.executed(&large(client, number));
        }
        assert_eq!((run.queues.bytes, run.queues.clients.len()), (0, 0));
    }
}
