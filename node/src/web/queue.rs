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
    /// Of one that came over another process only its number is known.
    under_way: (Timestamp, Option<Digest>),
    waiting: BTreeMap<Timestamp, String>,
}

/// The requests that have not executed here, by client.
#[derive(Debug, Default)]
pub(super) struct Queues {
    clients: BTreeMap<u64, Queue>,
    waiting: usize,
}

impl Queues {
    /// Finds a place for a request that has not executed; `known` is the number of its client's request that the replica
    /// knows of, whoever told it.
    pub(super) fn add(
        &mut self,
        client: u64,
        number: Timestamp,
        json: &str,
        known: Option<Timestamp>,
    ) -> Place {
        let digest = digest(json);
        let queue = self.clients.entry(client).or_insert_with(|| Queue {
            under_way: match known {
                Some(known) if known != number => (known, None),
                _ => (number, Some(digest)),
            },
            waiting: BTreeMap::new(),
        });
        let (first, of_first) = queue.under_way;
        if number < first {
            return Place::Late;
        }
        if number == first {
            return if of_first.is_none_or(|of_first| digest == of_first) {
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

    /// Gives the requests whose turn has come. `told` is, for a client, the number of its last one that has executed, and of
    /// the one that the replica knows of.
    pub(super) fn next(
        &mut self,
        told: impl Fn(u64) -> (Timestamp, Option<Timestamp>),
    ) -> Vec<(u64, Timestamp, String)> {
        let mut turns = Vec::new();
        let waiting = &mut self.waiting;
        self.clients.retain(|&client, queue| {
            let (last, known) = told(client);
            if last < queue.under_way.0 {
                return true;
            }
            while let Some(first) = queue.waiting.first_entry() {
                let number = *first.key();
                if let Some(known) = known
                    && last < known
                    && known < number
                {
                    queue.under_way = (known, None);
                    return true;
                }
                let json = first.remove();
                *waiting -= 1;
                if number > last {
                    queue.under_way = (number, Some(digest(&json)));
                    turns.push((client, number, json));
                    return true;
                }
                if number < last {
                    tracing::warn!(client, "a request is dropped: its client had a later one ordered by another process");
                }
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

    const fn at(number: u64) -> Timestamp {
        Timestamp(number)
    }

    #[test]
    fn a_clients_requests_take_turns_in_the_order_of_their_numbers() {
        let mut queues = Queues::default();
        let mut add = |client, number, json| queues.add(client, at(number), json, None);
        assert_eq!(add(1, 10, "a"), Place::UnderWay);
        assert_eq!(add(1, 30, "c"), Place::Waits);
        assert_eq!(add(1, 20, "b"), Place::Waits);
        assert_eq!(add(2, 5, "of another"), Place::UnderWay);
        assert_eq!(add(1, 10, "a"), Place::UnderWay, "again");
        assert_eq!(add(1, 20, "b"), Place::Waits, "again");
        assert_eq!(add(1, 10, "x"), Place::Other);
        assert_eq!(add(1, 20, "x"), Place::Other);
        assert_eq!(add(1, 9, "x"), Place::Late);

        let executed = |of_1, of_2| move |client| (at(if client == 1 { of_1 } else { of_2 }), None);
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
    fn what_came_over_another_process_has_its_turn_too() {
        let mut queues = Queues::default();
        assert_eq!(queues.add(1, at(9), "x", Some(at(10))), Place::Late);
        assert_eq!(queues.add(1, at(20), "b", Some(at(10))), Place::Waits);
        assert_eq!(queues.add(1, at(10), "a", Some(at(10))), Place::UnderWay);
        assert_eq!(queues.next(|_| (at(9), Some(at(10)))), []);
        assert_eq!(queues.next(|_| (at(10), Some(at(15)))), []);
        let b = (1, at(20), "b".to_owned());
        assert_eq!(queues.next(|_| (at(15), Some(at(25)))), [b]);
    }

    #[test]
    fn what_others_had_ordered_waits_no_longer_and_too_many_do_not_wait() {
        let mut queues = Queues::default();
        for number in 0..=MOST as u64 {
            assert!(queues.add(0, at(number), "x", None) != Place::Full);
        }
        assert_eq!(queues.add(0, at(5000), "x", None), Place::Full);
        assert_eq!(queues.next(|_| (at(5000), None)), []);
        assert_eq!(queues.add(0, at(5001), "x", None), Place::UnderWay);
        assert_eq!(queues.waiting, 0);
    }
}
