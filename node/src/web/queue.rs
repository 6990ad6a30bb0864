//! Each client's requests, one under way at a time (C4.1): the replicas keep one place per client, and whoever is told that a
//! request was taken must not lose it to the client's own next one.

use std::collections::BTreeMap;

use quorate_protocol::{Digest, Timestamp};

/// How many requests of all clients together may wait for those before them.
const MOST: usize = 1024;

/// What becomes of a request that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the one that is under way, now or already.
    UnderWay,
    /// It waits for those before it.
    Waits,
    /// Another with its number is under way or waits.
    Other,
    /// One with a greater number is under way already.
    Late,
    /// Too many wait.
    Full,
}

#[derive(Debug)]
struct Queue {
    under_way: (Timestamp, Digest),
    waiting: BTreeMap<Timestamp, String>,
}

/// The requests that have not executed here, by client.
#[derive(Debug, Default)]
pub(super) struct Queues {
    clients: BTreeMap<u64, Queue>,
    waiting: usize,
}

impl Queues {
    /// Finds a place for a request that has not executed.
    pub(super) fn add(&mut self, client: u64, number: Timestamp, json: &str) -> Place {
        let digest = digest(json);
        let queue = self.clients.entry(client).or_insert(Queue {
            under_way: (number, digest),
            waiting: BTreeMap::new(),
        });
        let (first, of_first) = queue.under_way;
        if number < first {
            return Place::Late;
        }
        if number == first {
            return if digest == of_first {
                Place::UnderWay
            } else {
                Place::Other
            };
        }
        match queue.waiting.get(&number) {
            Some(same) if same == json => Place::Waits,
            Some(_) => Place::Other,
            None if self.waiting >= MOST => Place::Full,
            None => {
                queue.waiting.insert(number, json.to_owned());
                self.waiting += 1;
                Place::Waits
            }
        }
    }

    /// Gives the requests whose turn has come; `last` is the number of a client's last one that has executed.
    pub(super) fn next(
        &mut self,
        last: impl Fn(u64) -> Timestamp,
    ) -> Vec<(u64, Timestamp, String)> {
        let mut turns = Vec::new();
        let waiting = &mut self.waiting;
        self.clients.retain(|&client, queue| {
            let last = last(client);
            if last < queue.under_way.0 {
                return true;
            }
            while let Some((number, json)) = queue.waiting.pop_first() {
                *waiting -= 1;
                // Another process had it ordered.
                if number <= last {
                    continue;
                }
                queue.under_way = (number, digest(&json));
                turns.push((client, number, json));
                return true;
            }
            false
        });
        turns
    }
}

fn digest(json: &str) -> Digest {
    Digest::of(&[json.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::{MOST, Place, Queues, Timestamp};

    #[test]
    fn a_clients_requests_take_turns_in_the_order_of_their_numbers() {
        let mut queues = Queues::default();
        let at = Timestamp;
        assert_eq!(queues.add(1, at(10), "a"), Place::UnderWay);
        assert_eq!(queues.add(1, at(30), "c"), Place::Waits);
        assert_eq!(queues.add(1, at(20), "b"), Place::Waits);
        assert_eq!(queues.add(2, at(5), "of another"), Place::UnderWay);
        assert_eq!(queues.add(1, at(10), "a"), Place::UnderWay, "again");
        assert_eq!(queues.add(1, at(20), "b"), Place::Waits, "again");
        assert_eq!(queues.add(1, at(10), "x"), Place::Other);
        assert_eq!(queues.add(1, at(20), "x"), Place::Other);
        assert_eq!(queues.add(1, at(9), "x"), Place::Late);

        let executed = |of_1, of_2| move |client| at(if client == 1 { of_1 } else { of_2 });
        assert_eq!(queues.next(executed(0, 0)), []);
        let b = (1, at(20), "b".to_owned());
        assert_eq!(queues.next(executed(10, 0)), [b]);
        assert_eq!(queues.next(executed(10, 5)), []);
        let c = (1, at(30), "c".to_owned());
        assert_eq!(queues.next(executed(25, 5)), [c], "by another process");
        assert_eq!(queues.next(executed(30, 5)), []);
        assert!(queues.clients.is_empty());
        assert_eq!(queues.waiting, 0);
    }

    #[test]
    fn what_others_had_ordered_waits_no_longer_and_too_many_do_not_wait() {
        let mut queues = Queues::default();
        for number in 0..=MOST as u64 {
            assert!(queues.add(0, Timestamp(number), "x") != Place::Full);
        }
        assert_eq!(queues.add(0, Timestamp(5000), "x"), Place::Full);
        assert_eq!(queues.next(|_| Timestamp(5000)), []);
        assert_eq!(queues.add(0, Timestamp(5001), "x"), Place::UnderWay);
        assert_eq!(queues.waiting, 0);
    }
}
