//! What happens to a message on its way. Each link has its own dice, so the fate of the k-th message of a link depends only on
//! the seed and on k, and not on the real time at which the node sends it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::liar::Lie;
use quorate_fault::{Bound, Dice};

/// The extra delay of a liar's delayed messages, in microseconds.
const LIARS_DELAY: (u64, u64) = (200_000, 1_000_000);

/// A partition: nodes that are cut off from the others for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// When it begins, counted from the moment at which all nodes are initialised.
    pub from: Duration,
    /// When it ends.
    pub to: Duration,
    /// The nodes of one side, numbered from 0. All other nodes are on the other side.
    pub side: BTreeSet<usize>,
}

/// The settings of the network, and the nodes that are made faulty.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// The seed of all dice.
    pub seed: u64,
    /// The shortest and the longest latency.
    pub latency: (Duration, Duration),
    /// The percentage of messages between nodes that are lost.
    pub loss: u8,
    /// The partitions.
    pub partitions: Vec<Partition>,
    /// Nodes whose messages are all lost.
    pub silent: BTreeSet<usize>,
    /// Nodes whose messages to other nodes are tampered with.
    pub liars: BTreeMap<usize, Lie>,
}

impl Conditions {
    /// The bound: how many of `nodes` nodes are made faulty, beside f.
    #[must_use]
    pub fn bound(&self, nodes: usize) -> Bound {
        let faulty: BTreeSet<&usize> = self.silent.iter().chain(self.liars.keys()).collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Bound::new(number(nodes), number(faulty.len()))
    }
}

/// Why a message does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// By chance.
    Chance,
    /// Sender and recipient are on different sides of a partition.
    Partition,
    /// The sender is silent.
    Silent,
    /// The sender is a liar that drops messages.
    Liar,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chance => "lost",
            Self::Partition => "cut off",
            Self::Silent => "silenced",
            Self::Liar => "dropped by the liar",
        })
    }
}

/// The network between nodes and clients.
#[derive(Debug)]
pub(super) struct Network {
    conditions: Conditions,
    /// The dice of each link, by sender and recipient. `None` stands for all clients.
    links: BTreeMap<(Option<usize>, Option<usize>), Dice>,
}

impl Network {
    /// A network of this many nodes.
    pub(super) fn new(nodes: usize, conditions: Conditions) -> Self {
        let mut seeds = Dice::new(conditions.seed, b'r');
        let places = || std::iter::once(None).chain((0..nodes).map(Some));
        let links = places().flat_map(|from| places().map(move |to| (from, to)));
        let links = links
            .map(|link| (link, Dice::new(seeds.below(u64::MAX), b'l')))
            .collect();
        Self { conditions, links }
    }

    /// The settings that it was made from.
    pub(super) const fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// How long a message that is sent now takes, or why it never arrives. A node `None` stands for a client. A time `None` means
    /// that not all nodes are initialised yet; until then every message arrives.
    pub(super) fn fate(
        &mut self,
        now: Option<Duration>,
        from: Option<usize>,
        to: Option<usize>,
    ) -> Result<Duration, Loss> {
        let Self { conditions, links } = self;
        let (Some(now), Some(dice)) = (now, links.get_mut(&(from, to))) else {
            return Ok(Duration::ZERO);
        };
        // All dice are thrown for every message, so that the fate of one message does not depend on the kind of another.
        let takes = micros(dice.between(
            as_micros(conditions.latency.0),
            as_micros(conditions.latency.1),
        ));
        let lost = dice.chance(u64::from(conditions.loss) * 10);
        let (lie_drops, lie_delays) = (
            dice.chance(500),
            micros(dice.between(LIARS_DELAY.0, LIARS_DELAY.1)),
        );
        if from.is_some_and(|from| conditions.silent.contains(&from)) {
            return Err(Loss::Silent);
        }
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(takes);
        };
        if from == to {
            return Ok(Duration::ZERO);
        }
        if conditions
            .partitions
            .iter()
            .any(|one| one.cuts(now, from, to))
        {
            return Err(Loss::Partition);
        }
        match conditions.liars.get(&from) {
            Some(Lie::Drop) if lie_drops => Err(Loss::Liar),
            _ if lost => Err(Loss::Chance),
            Some(Lie::Delay) => Ok(takes + lie_delays),
            _ => Ok(takes),
        }
    }
}

impl Partition {
    fn cuts(&self, now: Duration, from: usize, to: usize) -> bool {
        let during = self.from <= now && now < self.to;
        during && self.side.contains(&from) != self.side.contains(&to)
    }
}

fn as_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

const fn micros(time: u64) -> Duration {
    Duration::from_micros(time)
}

#[cfg(test)]
mod tests {
    use super::{Conditions, Lie, Loss, Network, Partition};
    use std::time::Duration;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn conditions(seed: u64) -> Conditions {
        Conditions {
            seed,
            latency: (at(1), at(20)),
            loss: 30,
            liars: [(1, Lie::Drop)].into(),
            ..Conditions::default()
        }
    }

    /// The fates of the first messages of the link from n1 to n3, when so many others come in between.
    fn fates(seed: u64, others: usize) -> Vec<Result<Duration, Loss>> {
        let mut network = Network::new(4, conditions(seed));
        let mut fate = || {
            for to in 0..others {
                let _ = network.fate(Some(at(0)), Some(1), Some(to));
                let _ = network.fate(Some(at(0)), None, Some(0));
            }
            network.fate(Some(at(0)), Some(0), Some(2))
        };
        (0..50).map(|_| fate()).collect()
    }

    #[test]
    fn one_seed_gives_each_link_the_same_fates_whatever_comes_in_between() {
        assert_eq!(fates(7, 0), fates(7, 3));
        assert_ne!(fates(7, 0), fates(8, 0));
        let lost = fates(7, 0).iter().filter(|fate| fate.is_err()).count();
        assert!((5..25).contains(&lost), "{lost} of 50 are lost");
    }

    #[test]
    fn a_partition_cuts_both_ways_while_it_lasts_and_never_clients() {
        let mut network = Network::new(
            4,
            Conditions {
                partitions: vec![Partition {
                    from: at(10),
                    to: at(20),
                    side: [0, 1].into(),
                }],
                ..Conditions::default()
            },
        );
        let mut fate = |now, from, to| network.fate(Some(at(now)), from, to);
        assert!(fate(9, Some(0), Some(2)).is_ok());
        assert_eq!(fate(10, Some(0), Some(2)), Err(Loss::Partition));
        assert_eq!(fate(19, Some(3), Some(1)), Err(Loss::Partition));
        assert!(fate(19, Some(0), Some(1)).is_ok());
        assert!(fate(19, None, Some(0)).is_ok());
        assert!(fate(20, Some(0), Some(2)).is_ok());
    }

    #[test]
    fn a_silent_node_still_answers_init_and_clients_lose_nothing_by_chance() {
        let mut network = Network::new(
            4,
            Conditions {
                loss: 100,
                silent: [3].into(),
                ..Conditions::default()
            },
        );
        assert!(network.fate(None, Some(3), None).is_ok());
        let mut fate = |from, to| network.fate(Some(at(0)), from, to);
        assert_eq!(fate(Some(3), None), Err(Loss::Silent));
        assert!(fate(None, Some(3)).is_ok());
        assert!(fate(Some(0), None).is_ok());
        assert_eq!(fate(Some(0), Some(1)), Err(Loss::Chance));
    }
}
