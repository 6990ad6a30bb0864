//! A node that knows its cluster: its replica, and what it knows about the others.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use quorate_host::{Batch, Outgoing, Past, Process, Setup};
use quorate_protocol::{
    ClusterId, Config, Digest, Duration, Keys, Phase, Quorum, ReplicaId, Sequence, SignedMessage,
    SlotStatus, Time,
};
use quorate_service::exchange::Rules;
use quorate_service::gathering::Membership;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::body::{self, Error, KeysSaid, Peer, Rest};
use crate::keys::{KeyBook, Said};
use crate::line::write;
use crate::request::{Kind, field, string};
use crate::settings::Settings;

/// The most nodes of a cluster.
const MOST_NODES: usize = 100;
/// How many bytes of messages are kept at most of one node whose key is not known yet.
const MOST_EARLY: usize = 4 << 20;
/// The most executed slots whose votes are remembered.
const MOST_SLOTS: usize = 16_384;
/// How often a node that lacks keys asks for them.
const KEY_INTERVAL: Duration = Duration::from_millis(250);

/// A node that knows its cluster.
#[derive(Debug)]
pub(crate) struct Member {
    own: usize,
    names: Vec<String>,
    pub(crate) process: Process<Caller>,
    book: KeyBook,
    next_asking: Time,
    /// Messages of nodes whose key is not known yet, by node.
    early: BTreeMap<usize, Early>,
    /// For each slot, the votes when it executed. The engine forgets them at the next stable checkpoint.
    votes: BTreeMap<Sequence, SlotStatus>,
}

/// A client that waits for an answer.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) src: String,
    pub(crate) msg_id: u64,
    pub(crate) kind: Kind,
    pub(crate) until: Time,
    pub(crate) answered: bool,
}

impl Member {
    pub(crate) fn new(now: Time, own: usize, names: Vec<String>, settings: &Settings) -> Self {
        let n = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let quorum = Quorum::of(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let own_id = replica(own);
        let cluster: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
        let cluster = ClusterId(Digest::of(&cluster).0);
        let keys = Keys::alone(own_id, settings.seed, n, cluster);
        let mut config = Config::new(own_id, quorum).with_view_timeout(settings.view_timeout);
        // Each request gets a slot of its own, because `pbft_request` answers with the request's slot.
        config.batch_limit = 1;
        let life = Digest::of(&[b"life", &settings.seed]).0;
        let life = u64::from_le_bytes(std::array::from_fn(|i| life[i])) >> 1;
        let public = Keys::public_key(&settings.seed);
        Self {
            own,
            names,
            process: Process::new(Setup {
                keys,
                membership: Membership::plain(cluster, quorum),
                config,
                // Nobody plays a round here, but the service has rules for it.
                rules: Rules {
                    quorum,
                    default_decision: "retreat".to_owned(),
                },
                behaviour: None,
                // A node that starts again has a new key, and the others keep the old one. So it keeps no records.
                past: Past::None,
                first_number: life,
                trusts_callers: false,
                gathers: None,
            }),
            book: KeyBook::new(own, public, quorum),
            next_asking: now,
            early: BTreeMap::new(),
            votes: BTreeMap::new(),
        }
    }

    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let own = self.own;
        (0..self.names.len()).filter(move |index| *index != own)
    }

    /// Whether the node has this index, in the cluster with these names.
    pub(crate) fn is(&self, own: usize, names: &[String]) -> bool {
        self.own == own && self.names == names
    }

    /// Describes the node, for a second `init` that differs from the first.
    pub(crate) fn describe(&self) -> String {
        let (own, names) = (&self.names[self.own], self.names.join(", "));
        format!("this node is {own} of {names} already")
    }

    /// The name of a node.
    pub(crate) fn name_of(&self, replica: ReplicaId) -> &str {
        self.names
            .get(replica.0 as usize)
            .map_or("nobody", String::as_str)
    }

    /// When to call the node even if no line arrives.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let asking = (!self.book.is_complete()).then_some(self.next_asking);
        [self.process.due(), asking].into_iter().flatten().min()
    }

    /// A message that leaves, one line for each recipient.
    pub(crate) fn lines_of(&self, outgoing: &Outgoing) -> Vec<String> {
        let peer = Peer {
            r#type: body::peer_type(&outgoing.message),
            signed: BASE64_STANDARD.encode(&outgoing.bytes),
        };
        match outgoing.to {
            Some(to) => self.lines_to(std::iter::once(to.0 as usize), &peer),
            None => self.lines_to(self.others(), &peer),
        }
    }

    fn lines_to<T: Serialize>(&self, to: impl Iterator<Item = usize>, body: &T) -> Vec<String> {
        let own = &self.names[self.own];
        to.filter_map(|to| Some(write(own, self.names.get(to)?, body)))
            .collect()
    }

    /// Remembers the votes for a slot that has just executed.
    pub(crate) fn keep_votes(&mut self, sequence: Sequence) {
        let slot = self.process.replica().slot(sequence);
        self.votes.insert(sequence, slot);
        if self.votes.len() > MOST_SLOTS {
            self.votes.pop_first();
        }
    }

    /// How far a slot is.
    pub(crate) fn slot(&self, sequence: Sequence) -> Rest {
        let slot = self.process.replica().slot(sequence);
        let then = self.votes.get(&sequence);
        let votes = then
            .filter(|_| slot.phase == Phase::Stable)
            .unwrap_or(&slot);
        Rest::Slot {
            phase: body::phase(slot),
            prepares_received: votes.prepares,
            commits_received: votes.commits,
            executed: matches!(slot.phase, Phase::Executed | Phase::Stable),
        }
    }

    /// Handles a message of another node. Returns the lines to send at once.
    pub(crate) fn on_peer(
        &mut self,
        from: usize,
        body: &Map<String, Value>,
    ) -> Result<Vec<String>, Error> {
        if body.contains_key("signed") {
            let wrong = || Error::malformed("the field 'signed' is not a message");
            let bytes = BASE64_STANDARD.decode(string(body, "signed")?);
            let bytes = bytes.map_err(|_| wrong())?;
            let message = postcard::from_bytes(&bytes).map_err(|_| wrong())?;
            if self.book.knows(from) {
                self.process.deliver(Batch::of(replica(from), message));
            } else {
                let early = self.early.entry(from).or_default();
                early.keep(message, bytes.len());
            }
            return Ok(Vec::new());
        }
        if string(body, "type")? != "keys" {
            return Err(Error::malformed("nodes send only keys or signed messages"));
        }
        let (echo, ready) = (self.said(body, "echo")?, self.said(body, "ready")?);
        let change = self.book.hear(from, &echo, &ready);
        for (owner, key) in &change.taken {
            self.learn(*owner, key);
        }
        let asked = body.get("asks") == Some(&Value::Bool(true));
        Ok(if change.says_more {
            self.lines_to(self.others(), &self.keys_said(false))
        } else if asked {
            self.lines_to(std::iter::once(from), &self.keys_said(false))
        } else {
            Vec::new()
        })
    }

    /// Asks the others for missing keys, at intervals. Returns the lines to send.
    pub(crate) fn ask_for_keys(&mut self, now: Time) -> Vec<String> {
        if self.book.is_complete() || now < self.next_asking {
            return Vec::new();
        }
        self.next_asking = now + KEY_INTERVAL;
        self.lines_to(self.others(), &self.keys_said(true))
    }

    fn keys_said(&self, asks: bool) -> KeysSaid<'_> {
        let (echo, ready) = self.book.own_words();
        KeysSaid {
            r#type: "keys",
            echo: self.named(echo),
            ready: self.named(ready),
            asks,
        }
    }

    fn named(&self, said: &Said) -> BTreeMap<&str, String> {
        let encoded = |key| BASE64_STANDARD.encode(key);
        said.iter()
            .map(|(owner, key)| (self.names[*owner].as_str(), encoded(key)))
            .collect()
    }

    /// Reads another node's statements about keys.
    fn said(&self, body: &Map<String, Value>, name: &str) -> Result<Said, Error> {
        let said = field(body, name)?
            .as_object()
            .ok_or_else(|| Error::malformed(format!("the field '{name}' must be an object")))?;
        said.iter()
            .map(|(owner, key)| {
                let key = key
                    .as_str()
                    .and_then(|key| BASE64_STANDARD.decode(key).ok()?.try_into().ok());
                self.index_of(owner).zip(key).ok_or_else(|| {
                    Error::malformed(format!("the field '{name}' must give nodes' keys"))
                })
            })
            .collect()
    }

    /// A key is now known, so the messages that its owner has sent meanwhile can be verified. If it is no valid key, all
    /// messages of this node are refused, those too.
    fn learn(&mut self, owner: usize, key: &[u8; 32]) {
        let early = self.early.remove(&owner).unwrap_or_default();
        let owner_id = replica(owner);
        if self.process.keys().learn(owner_id, key).is_err() {
            return;
        }
        for message in early.messages {
            self.process.deliver(Batch::of(owner_id, message));
        }
    }
}

/// Messages of a node whose key is not known yet.
#[derive(Debug, Default)]
struct Early {
    messages: Vec<SignedMessage>,
    bytes: usize,
}

impl Early {
    /// Keeps a message of so many bytes, if there is room. The engine sends again what is missed.
    fn keep(&mut self, message: SignedMessage, bytes: usize) {
        if self.bytes + bytes <= MOST_EARLY {
            self.bytes += bytes;
            self.messages.push(message);
        }
    }
}

/// The name of a node within the engine. There are at most [`MOST_NODES`].
fn replica(index: usize) -> ReplicaId {
    ReplicaId(u32::try_from(index).unwrap_or(u32::MAX))
}

pub(crate) fn node_names(body: &Map<String, Value>) -> Result<Vec<String>, Error> {
    let wrong = || {
        Error::malformed(format!(
            "node_ids must be 1 to {MOST_NODES} names without repetition"
        ))
    };
    let names = field(body, "node_ids")?.as_array().ok_or_else(wrong)?;
    let names: Option<Vec<String>> = names
        .iter()
        .map(|name| name.as_str().map(str::to_owned))
        .collect();
    let names = names.ok_or_else(wrong)?;
    let distinct: BTreeSet<&String> = names.iter().collect();
    if distinct.len() == names.len() && (1..=MOST_NODES).contains(&names.len()) {
        Ok(names)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use quorate_protocol::message::Request;
    use quorate_protocol::{ClusterId, Duration, Keys, ReplicaId, SignedMessage, Time, Timestamp};
    use serde_json::{Value, json};

    use super::{Early, MOST_EARLY, Member};
    use crate::settings::Settings;

    fn request_of_node_1() -> SignedMessage {
        let keys = Keys::simulated(ReplicaId(1), 4, ClusterId([0; 32]));
        let request = Request::new(ReplicaId(1).into(), Timestamp(1), vec![0; 64]);
        SignedMessage::Request(keys.sign(request).into_signed())
    }

    /// 32 bytes that are not an Ed25519 public key.
    fn no_key() -> [u8; 32] {
        let is_key = |bytes| Keys::new(ReplicaId(0), [1; 32], &[bytes], ClusterId([0; 32])).is_ok();
        let mut all = (0..=255).map(|byte| [byte; 32]);
        all.find(|bytes| !is_key(*bytes)).unwrap()
    }

    #[test]
    fn what_a_node_has_sent_before_it_tells_a_key_that_is_none_is_not_kept() {
        let settings = Settings {
            view_timeout: Duration::from_millis(100),
            timeout: Duration::from_millis(1000),
            seed: [3; 32],
        };
        let names = vec!["n0".to_owned(), "n1".to_owned()];
        let mut member = Member::new(Time(0), 0, names, &settings);
        let mut hears = |body: Value| {
            member.on_peer(1, body.as_object().unwrap()).unwrap();
            (member.book.knows(1), member.early.len())
        };
        let bytes = postcard::to_stdvec(&request_of_node_1()).unwrap();
        let signed = BASE64_STANDARD.encode(bytes);
        assert_eq!(
            hears(json!({"type": "request", "signed": signed})),
            (false, 1)
        );
        let said = json!({"n1": BASE64_STANDARD.encode(no_key())});
        let keys = json!({"type": "keys", "echo": said, "ready": said});
        assert_eq!(hears(keys), (true, 0));
        assert_eq!(
            hears(json!({"type": "request", "signed": signed})),
            (true, 0)
        );
    }

    #[test]
    fn what_is_kept_of_a_node_without_a_key_is_bounded_in_bytes() {
        let message = request_of_node_1();
        let mut early = Early::default();
        for _ in 0..9 {
            early.keep(message.clone(), MOST_EARLY / 8);
        }
        assert_eq!((early.messages.len(), early.bytes), (8, MOST_EARLY));
    }
}
