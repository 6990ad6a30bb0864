//! What a node is told at its start.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::str::FromStr;

use quorate_protocol::{Digest, Duration, Quorum, SecretKey};
use serde::{Deserialize, Serialize};

use crate::id::PublicKey;

/// The version of the messages. Nodes of different versions refuse each other.
pub const VERSION: u32 = 1;

/// The most nodes of a cluster.
pub const MOST_NODES: u32 = 64;

/// The most addresses of a node.
pub const MOST_ADDRESSES: usize = 4;

/// What a node is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The group. Nodes of different groups refuse each other.
    pub group: Group,
    /// n: how many nodes the cluster will have, from 2 to [`MOST_NODES`].
    pub nodes: u32,
    /// Where other nodes reach this node, 1 to [`MOST_ADDRESSES`]. Answers go to the first.
    pub addresses: Vec<SocketAddr>,
    /// Who may take part.
    pub way: Way,
    /// How fast the node goes.
    pub pace: Pace,
}

/// Who may take part.
#[derive(Clone, Debug)]
pub enum Way {
    /// Whoever comes, in the order of coming.
    Open,
    /// Whoever knows a secret.
    Secret(Secret),
    /// Whoever has one of n invitations.
    Invited(Invitation),
}

/// The name of a group: 1 to 64 bytes of text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Group(String);

/// A secret that all nodes of a group share: 16 to 4096 bytes.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// One of n single-use invitations.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The public keys of all seats, one for each node of the cluster.
    pub seats: Vec<PublicKey>,
    /// The secret key of this node's seat.
    pub seat: SecretKey,
}

/// How fast a node goes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long after a call that nobody answered the next one follows. After three calls it doubles.
    pub retry: Duration,
    /// The longest time between two calls of an address.
    pub longest_retry: Duration,
    /// How often a node speaks to each node that it has met, if nothing changes.
    pub beat: Duration,
    /// How long a node waits for more news before it tells the others.
    pub settle: Duration,
    /// How long the first attempt at a roster lasts. Each further one lasts twice as long.
    pub attempt: Duration,
    /// The longest that an attempt lasts.
    pub longest_attempt: Duration,
    /// After how much silence a node counts as gone.
    pub forget: Duration,
    /// How long a node waits for somebody better before it lets a proved liar have a seat.
    pub patience: Duration,
    /// How long somebody is shut out the first time. Each further time lasts twice as long.
    pub shut_out: Duration,
    /// How often a node says again why it waits.
    pub tell: Duration,
    /// How long a challenge is fresh. It is valid for at most twice as long.
    pub fresh: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            retry: Duration::from_millis(500),
            longest_retry: Duration::from_millis(8_000),
            beat: Duration::from_millis(500),
            settle: Duration::from_millis(20),
            attempt: Duration::from_millis(1_000),
            longest_attempt: Duration::from_millis(8_000),
            forget: Duration::from_millis(30_000),
            patience: Duration::from_millis(5_000),
            shut_out: Duration::from_millis(8_000),
            tell: Duration::from_millis(5_000),
            fresh: Duration::from_millis(16_000),
        }
    }
}

/// Settings with which no node can start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum SettingsError {
    #[error("a cluster has 2 to {MOST_NODES} nodes, not {0}: one node has nobody to agree with")]
    Nodes(u32),
    #[error("a node needs 1 to {MOST_ADDRESSES} addresses where others reach it, not {0}")]
    Addresses(usize),
    #[error(
        "{0} is not an address where others reach this node: give a host and a port of your own"
    )]
    Unreachable(SocketAddr),
    #[error("the name of a group has 1 to 64 bytes, not {0}")]
    Group(usize),
    #[error("a secret has 16 to 4096 bytes, not {0}: `head -c 32 /dev/urandom | base64` makes one")]
    Secret(usize),
    #[error(
        "there are {seats} seats for {nodes} nodes: make the invitations again, one for each node"
    )]
    Seats { seats: usize, nodes: u32 },
    #[error("two invitations have the same seat: make the invitations again")]
    SameSeat,
    #[error("the invitation's own key is none of its seats: make the invitations again")]
    NoSeat,
}

impl Settings {
    /// Checks that a node can start with them.
    ///
    /// # Errors
    /// Something is too small, too large, or does not fit the rest.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !(2..=MOST_NODES).contains(&self.nodes) {
            return Err(SettingsError::Nodes(self.nodes));
        }
        if !(1..=MOST_ADDRESSES).contains(&self.addresses.len()) {
            return Err(SettingsError::Addresses(self.addresses.len()));
        }
        if let Some(address) = self.addresses.iter().find(|one| !is_reachable(one)) {
            return Err(SettingsError::Unreachable(*address));
        }
        match &self.way {
            Way::Open | Way::Secret(_) => Ok(()),
            Way::Invited(invitation) => invitation.check(self.nodes),
        }
    }

    /// The arithmetic of n and f.
    #[must_use]
    pub fn quorum(&self) -> Quorum {
        Quorum::of(NonZeroU32::new(self.nodes).unwrap_or(NonZeroU32::MIN))
    }

    /// What all nodes of the cluster must have alike.
    #[must_use]
    pub fn charter(&self) -> Charter {
        Charter {
            group: self.group.clone(),
            nodes: self.nodes,
            entry: match &self.way {
                Way::Open => Entry::Open,
                Way::Secret(_) => Entry::Secret,
                Way::Invited(invitation) => Entry::Invited(invitation.digest()),
            },
        }
    }
}

/// Whether a call to it can reach a node.
pub(crate) fn is_reachable(address: &SocketAddr) -> bool {
    address.port() != 0 && !address.ip().is_unspecified() && !address.ip().is_multicast()
}

impl Group {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Group {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for Group {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Group {
    type Error = SettingsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.len() {
            1..=64 => Ok(Self(text)),
            length => Err(SettingsError::Group(length)),
        }
    }
}

/// Whatever a foreign node calls its group, it is shown on one line.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.escape_debug())
    }
}

impl Secret {
    /// A shared secret.
    ///
    /// # Errors
    /// It is too short to be secret, or longer than a secret needs to be.
    pub fn new(bytes: Vec<u8>) -> Result<Self, SettingsError> {
        match bytes.len() {
            16..=4096 => Ok(Self(bytes)),
            length => Err(SettingsError::Secret(length)),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a shared secret")
    }
}

impl Invitation {
    fn check(&self, nodes: u32) -> Result<(), SettingsError> {
        let mut sorted = self.seats.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if self.seats.len() != nodes as usize {
            let seats = self.seats.len();
            Err(SettingsError::Seats { seats, nodes })
        } else if sorted.len() != self.seats.len() {
            Err(SettingsError::SameSeat)
        } else if !sorted.contains(&self.seat.public()) {
            Err(SettingsError::NoSeat)
        } else {
            Ok(())
        }
    }

    /// The same for all invitations to one cluster, in whatever order they name the seats.
    fn digest(&self) -> Digest {
        let mut seats: Vec<&[u8]> = self.seats.iter().map(<[u8; 32]>::as_slice).collect();
        seats.sort_unstable();
        Digest::of(&seats)
    }
}

/// What all nodes of a cluster must have alike, and tell each other first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    /// The group.
    pub group: Group,
    /// n, the number of nodes.
    pub nodes: u32,
    /// Who may take part.
    pub entry: Entry,
}

/// Who may take part, as nodes tell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// Whoever comes.
    Open,
    /// Whoever knows the secret.
    Secret,
    /// Whoever has an invitation to one of the seats with this digest.
    Invited(Digest),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open to whoever comes"),
            Self::Secret => f.write_str("for those who know the secret"),
            Self::Invited(seats) => write!(f, "for those invited to the seats {seats}"),
        }
    }
}

impl Charter {
    /// Every signature covers it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let (version, nodes) = (VERSION.to_le_bytes(), self.nodes.to_le_bytes());
        let entry: &[&[u8]] = match &self.entry {
            Entry::Open => &[b"open"],
            Entry::Secret => &[b"secret"],
            Entry::Invited(Digest(seats)) => &[b"invited", seats],
        };
        let group = self.group.as_str().as_bytes();
        let head: [&[u8]; 4] = [b"quorate gather", &version, group, &nodes];
        Digest::of(&[&head, entry].concat())
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::SecretKey;

    use super::{Group, Invitation, Pace, Secret, Settings, SettingsError, Way};

    fn settings(nodes: u32, way: Way) -> Settings {
        Settings {
            group: Group::default(),
            nodes,
            addresses: vec!["127.0.0.1:9000".parse().unwrap()],
            way,
            pace: Pace::default(),
        }
    }

    #[test]
    fn a_lone_node_an_unreachable_address_and_a_foreign_invitation_are_refused() {
        assert_eq!(settings(4, Way::Open).check(), Ok(()));
        assert_eq!(settings(1, Way::Open).check(), Err(SettingsError::Nodes(1)));
        assert_eq!(
            settings(65, Way::Open).check(),
            Err(SettingsError::Nodes(65))
        );
        let mut nowhere = settings(4, Way::Open);
        nowhere.addresses = vec!["0.0.0.0:9000".parse().unwrap()];
        assert!(matches!(
            nowhere.check(),
            Err(SettingsError::Unreachable(_))
        ));
        nowhere.addresses.clear();
        assert_eq!(nowhere.check(), Err(SettingsError::Addresses(0)));

        let seats = ["a", "b"].map(SecretKey::simulated);
        let invited = |seat: &SecretKey, nodes| {
            let seats = seats.iter().map(SecretKey::public).collect();
            let seat = seat.clone();
            settings(nodes, Way::Invited(Invitation { seats, seat })).check()
        };
        assert_eq!(invited(&seats[0], 2), Ok(()));
        assert_eq!(
            invited(&seats[0], 3),
            Err(SettingsError::Seats { seats: 2, nodes: 3 })
        );
        assert_eq!(
            invited(&SecretKey::simulated("c"), 2),
            Err(SettingsError::NoSeat)
        );
    }

    #[test]
    fn a_short_secret_and_an_empty_group_are_refused() {
        assert!(Secret::new(vec![1; 15]).is_err());
        assert!(Secret::new(vec![1; 16]).is_ok());
        assert!("".parse::<Group>().is_err());
        assert!("a".repeat(65).parse::<Group>().is_err());
    }

    #[test]
    fn the_charters_digest_differs_with_each_of_its_parts() {
        let base = settings(4, Way::Open).charter();
        let mut others = vec![base.clone(); 3];
        others[0].group = "other".parse().unwrap();
        others[1].nodes = 5;
        others[2].entry = super::Entry::Secret;
        assert!(others.iter().all(|other| other.digest() != base.digest()));
    }
}
