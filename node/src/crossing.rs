//! The way to the other processes, as the rules of links have it: which messages are lost, and which wait here before they go
//! into an outbox.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use quorate_fault::link::{Fate, Kind, Links, Parcel, Rules, Why};
use quorate_host::{Batch, Outgoing};
use quorate_protocol::{ReplicaId, Time};
use quorate_trace as trace;
use quorate_wire::Fault;
use quorate_wire::method::LinkStatus;
use tokio::time::Duration;

use crate::clock::since_1970;
use crate::config::NodeConfig;
use crate::link::Letter;

/// What a process sends, between its engine and its outboxes.
#[derive(Debug)]
pub(crate) struct Crossing {
    own: ReplicaId,
    n: u32,
    links: Links,
    /// What waits, the first to leave first. The rules bound its bytes (`quorate_fault::link::ROOM` for each recipient).
    waiting: BinaryHeap<Reverse<Waiting>>,
    next_number: u64,
}

/// A message that leaves later. The number keeps those that leave at one time in their order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    leaves: Time,
    number: u64,
    to: ReplicaId,
    letter: Letter,
}

/// What happens to a vote that this process tells another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Lost,
    /// It leaves after this time, and once more after the other.
    Leaves(Duration, Option<Duration>),
}

impl Crossing {
    pub(crate) fn new(config: &NodeConfig, n: u32) -> anyhow::Result<Self> {
        let own = ReplicaId(config.index);
        let rules = Rules::parse(&config.links, n)?.with_loss(config.loss_percent);
        let age = since_1970().saturating_sub(config.started_us);
        Ok(Self {
            own,
            n,
            links: Links::new(rules.of_sender(own), config.dice_seed(), age),
            waiting: BinaryHeap::new(),
            next_number: 0,
        })
    }

    /// Other rules from now on. What waits leaves at its time.
    ///
    /// # Errors
    /// A text is no rule.
    pub(crate) fn set<T: AsRef<str>>(&mut self, now: Time, rules: &[T]) -> Result<(), Fault> {
        let rules = Rules::parse(rules, self.n)
            .map_err(|error| Fault::new(Fault::BAD_LINK, error.to_string()))?;
        self.links.set(now, rules.of_sender(self.own));
        Ok(())
    }

    /// The rules for what this process sends, with their counts.
    pub(crate) fn status(&self) -> Vec<LinkStatus> {
        let rules = self.links.rules();
        rules
            .map(|(rule, count)| LinkStatus {
                rule: rule.to_string(),
                fitted: count.fitted,
                lost: count.lost,
            })
            .collect()
    }

    /// How many messages were lost.
    pub(crate) const fn lost(&self) -> u64 {
        self.links.lost()
    }

    /// Whether there are no rules for what this process sends.
    pub(crate) fn is_open(&self) -> bool {
        self.links.are_open()
    }

    /// How often a message leaves now. What leaves later waits here.
    ///
    /// # Errors
    /// It is lost. The reason is the trace's.
    pub(crate) fn send(
        &mut self,
        now: Time,
        to: ReplicaId,
        outgoing: &Outgoing,
    ) -> Result<usize, trace::Why> {
        if self.is_open() {
            return Ok(1);
        }
        let parcel = self.parcel(to, kind(self.own, outgoing), outgoing.bytes.len());
        let (first, second) = self.pass(now, &parcel)?;
        let copies = std::iter::once(first).chain(second);
        let mut at_once = 0;
        for leaves in copies {
            if leaves <= now {
                at_once += 1;
            } else {
                self.keep(leaves, to, Letter::of(outgoing));
            }
        }
        Ok(at_once)
    }

    /// What happens to a vote of this length.
    pub(crate) fn vote(&mut self, now: Time, to: ReplicaId, bytes: usize) -> Passage {
        let parcel = self.parcel(to, Some(Kind::VOTE), bytes);
        let after = |leaves: Time| Duration::from_micros(leaves.0.saturating_sub(now.0));
        match self.pass(now, &parcel) {
            Err(_) => Passage::Lost,
            Ok((first, second)) => Passage::Leaves(after(first), second.map(after)),
        }
    }

    /// When the next message leaves that waits.
    pub(crate) fn due(&self) -> Option<Time> {
        self.waiting.peek().map(|Reverse(next)| next.leaves)
    }

    /// The next message that waits no longer.
    pub(crate) fn next(&mut self, now: Time) -> Option<(ReplicaId, Letter)> {
        self.due().filter(|due| *due <= now)?;
        let Reverse(next) = self.waiting.pop()?;
        Some((next.to, next.letter))
    }

    const fn parcel(&self, to: ReplicaId, kind: Option<Kind>, bytes: usize) -> Parcel {
        Parcel {
            from: self.own,
            to,
            kind,
            bytes,
        }
    }

    /// When a message leaves, and perhaps once more. Otherwise why it is lost.
    fn pass(&mut self, now: Time, parcel: &Parcel) -> Result<(Time, Option<Time>), trace::Why> {
        match self.links.pass(now, parcel) {
            Fate::Leaves(first, second) => Ok((first, second)),
            Fate::Lost(rule, why) => {
                let rule = self
                    .links
                    .rules()
                    .nth(rule)
                    .map(|(rule, _)| rule.to_string());
                let kind = parcel.kind.map_or("garbage", Kind::name);
                tracing::debug!(to = %parcel.to, kind, ?why, rule, "lost on the link");
                Err(told(why))
            }
        }
    }

    fn keep(&mut self, leaves: Time, to: ReplicaId, letter: Letter) {
        let number = self.next_number;
        self.next_number += 1;
        self.waiting.push(Reverse(Waiting {
            leaves,
            number,
            to,
            letter,
        }));
    }
}

/// Why a link loses a message, in the words of the trace.
const fn told(why: Why) -> trace::Why {
    match why {
        Why::Cut => trace::Why::Cut,
        Why::Chance => trace::Why::Loss,
        Why::Full => trace::Why::Full,
    }
}

/// A message's kind, as whoever receives it reads it.
fn kind(own: ReplicaId, outgoing: &Outgoing) -> Option<Kind> {
    if !outgoing.damaged {
        return Some(Kind::of(&outgoing.message));
    }
    let read = Batch::read(own, &outgoing.bytes).ok()?;
    read.messages
        .first()
        .map(|arrived| Kind::of(&arrived.message))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quorate_protocol::message::{Fetch, Message};
    use quorate_protocol::{ClusterId, Digest, Keys};

    use super::*;

    const Q: ReplicaId = ReplicaId(1);
    const R: ReplicaId = ReplicaId(2);

    fn crossing(links: &[&str]) -> Crossing {
        let config = NodeConfig {
            links: links.iter().map(|rule| (*rule).to_owned()).collect(),
            started_us: since_1970(),
            ..crate::tests::config()
        };
        Crossing::new(&config, 4).unwrap()
    }

    /// A message of P that is its first byte and nothing else to whoever reads it, if it is damaged.
    fn message(first: u8, damaged: bool) -> Outgoing {
        let cluster = ClusterId(Digest::of(&[]).0);
        let mut keys = Keys::simulated(ReplicaId(0), 4, cluster);
        let fetch = Message::Fetch(Fetch {
            digest: Digest::of(&[]),
        });
        Outgoing {
            msg: None,
            to: None,
            message: Arc::new(keys.sign_message(fetch).unwrap().into_signed()),
            bytes: [first; 100].into(),
            damaged,
        }
    }

    /// What leaves at this time: the recipients and the first bytes.
    fn leaving(crossing: &mut Crossing, now: u64) -> Vec<(ReplicaId, u8)> {
        let next = std::iter::from_fn(|| crossing.next(Time(now)));
        next.map(|(to, letter)| (to, letter.message[0])).collect()
    }

    /// How often a message leaves now.
    fn at_once(crossing: &mut Crossing, now: Time, to: ReplicaId, message: &Outgoing) -> usize {
        crossing.send(now, to, message).unwrap_or(0)
    }

    #[test]
    fn what_is_late_leaves_when_it_is_due_in_the_order_in_which_it_was_sent() {
        let mut crossing = crossing(&["P->Q: delay 5ms", "P->R: delay 3ms"]);
        let at = Time(1000);
        for (to, first) in [(Q, 1), (R, 2), (Q, 3)] {
            assert_eq!(at_once(&mut crossing, at, to, &message(first, false)), 0);
        }
        assert_eq!(
            at_once(&mut crossing, at, ReplicaId(3), &message(4, false)),
            1,
            "no rule"
        );
        assert_eq!(crossing.due(), Some(Time(4000)));
        assert_eq!(leaving(&mut crossing, 3999), []);
        assert_eq!(leaving(&mut crossing, 4000), [(R, 2)]);
        assert_eq!(leaving(&mut crossing, 6000), [(Q, 1), (Q, 3)]);
        assert_eq!(crossing.due(), None);
    }

    #[test]
    fn what_waits_leaves_at_its_time_though_its_rule_is_gone() {
        let mut crossing = crossing(&["P->Q: delay 5ms"]);
        at_once(&mut crossing, Time(0), Q, &message(1, false));
        crossing.set::<&str>(Time(1), &[]).unwrap();
        assert_eq!(at_once(&mut crossing, Time(2), Q, &message(2, false)), 1);
        assert_eq!(leaving(&mut crossing, 5000), [(Q, 1)]);
    }

    #[test]
    fn a_cut_loses_messages_and_votes_and_counts_them() {
        let mut crossing = crossing(&["Q->P: pass", "P->Q: cut"]);
        assert_eq!(at_once(&mut crossing, Time(0), Q, &message(1, false)), 0);
        assert_eq!(crossing.vote(Time(0), Q, 6), Passage::Lost);
        assert_eq!(
            crossing.vote(Time(0), R, 6),
            Passage::Leaves(Duration::ZERO, None)
        );
        assert_eq!((crossing.lost(), crossing.due()), (2, None));
        let rule = "P->Q: cut".to_owned();
        let (fitted, lost) = (2, 2);
        assert_eq!(
            crossing.status(),
            [LinkStatus { rule, fitted, lost }],
            "what P sends"
        );
    }

    #[test]
    fn a_rule_with_kinds_leaves_bytes_that_nobody_can_read() {
        let mut crossing = crossing(&["*->* fetch: cut"]);
        assert_eq!(at_once(&mut crossing, Time(0), Q, &message(0xff, false)), 0);
        assert_eq!(at_once(&mut crossing, Time(0), Q, &message(0xff, true)), 1);
    }

    #[test]
    fn a_percentage_of_loss_is_a_rule_and_the_same_messages_are_lost_with_the_same_seed() {
        let play = |seed| {
            let config = NodeConfig {
                loss_percent: 40.0,
                seed,
                ..crate::tests::config()
            };
            let mut crossing = Crossing::new(&config, 4).unwrap();
            assert_eq!(crossing.status()[0].rule, "*->*: loss 40%");
            let message = message(1, false);
            let sent: Vec<_> = (0..200)
                .map(|_| at_once(&mut crossing, Time(0), Q, &message))
                .collect();
            sent
        };
        let sent = play(1);
        assert!((80..160).contains(&sent.iter().sum::<usize>()), "{sent:?}");
        assert_eq!(sent, play(1));
        assert_ne!(sent, play(2));
    }

    #[test]
    fn times_count_from_the_start_of_the_server_and_not_of_the_process() {
        let config = NodeConfig {
            links: vec!["P->Q: cut @1h-".to_owned()],
            started_us: since_1970() - 7_200_000_000,
            ..crate::tests::config()
        };
        let mut crossing = Crossing::new(&config, 4).unwrap();
        assert_eq!(crossing.vote(Time(0), Q, 6), Passage::Lost);
    }
}
