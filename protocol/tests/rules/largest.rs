//! The largest message of every kind fits (rule 27).

use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::evidence::Kind;
use quorate_protocol::message::{
    Answer, Batch, Body, Checkpoint, Commit, Committed, Fetch, FetchState, Memory, NewView, Piece,
    PrePrepare, Prepare, Query, Recall, Replies, Reply, Request, Stable, Standing, State,
    ViewChange,
};
use quorate_protocol::signature::Signable;
use quorate_protocol::{
    ClientId, ClusterId, Config, Digest, Keys, Quorum, ReplicaId, Seal, Sequence, Signed,
    SignedMessage, Timestamp, View,
};

const DIGEST: Digest = Digest([255; 32]);
const LAST: Sequence = Sequence(u64::MAX);
const CLIENT: ClientId = ClientId::Key([255; 32]);
const LAST_VIEW: View = View(u64::MAX);

/// A cluster whose members sign the largest messages that its limits allow.
struct Cluster {
    config: Config,
    keys: Vec<Keys>,
}

impl Cluster {
    fn new(n: u32) -> Self {
        let quorum = Quorum::of(n.try_into().expect("there are replicas"));
        let keys = |i| Keys::simulated(ReplicaId(i), n, ClusterId([1; 32]));
        Self {
            config: Config::new(ReplicaId(0), quorum).with_checkpoint_interval(10_000),
            keys: (0..n).map(keys).collect(),
        }
    }

    /// A signature is longest if as many values as possible share it.
    fn sign<T: Signable>(&self, signer: usize, value: T) -> Signed<T> {
        let keys = &self.keys[signer];
        let signed = keys.sign(value).into_signed();
        for _ in 1..32 {
            let _ = keys.sign(Fetch { digest: DIGEST });
        }
        signed
    }

    fn last<T: Signable>(&self, value: T) -> Signed<T> {
        self.sign(self.keys.len() - 1, value)
    }

    fn all<T: Signable + Clone>(&self, count: usize, value: &T) -> Vec<Signed<T>> {
        (0..count).map(|i| self.sign(i, value.clone())).collect()
    }

    fn pre_prepare(&self) -> Signed<PrePrepare> {
        self.last(PrePrepare {
            view: LAST_VIEW,
            sequence: LAST,
            digest: DIGEST,
        })
    }

    fn view_change(&self) -> ViewChange {
        let prepare = Prepare {
            view: LAST_VIEW,
            sequence: LAST,
            digest: DIGEST,
        };
        let checkpoint = Checkpoint {
            sequence: LAST,
            digest: DIGEST,
        };
        let certificate = PreparedCertificate {
            pre_prepare: self.pre_prepare(),
            prepares: self.all(self.config.quorum.prepares(), &prepare),
        };
        let window = usize::try_from(self.config.window).expect("it is small");
        ViewChange {
            view: LAST_VIEW,
            life: u64::MAX,
            stable: LAST,
            checkpoint_proof: self.all(self.keys.len(), &checkpoint),
            prepared: vec![certificate; window],
        }
    }

    fn new_view(&self) -> SignedMessage {
        let window = usize::try_from(self.config.window).expect("it is small");
        let new_view = NewView {
            view: LAST_VIEW,
            view_changes: self.all(self.config.quorum.size(), &self.view_change()),
            chosen: vec![(LAST, DIGEST); window],
        };
        SignedMessage::NewView {
            new_view: self.last(new_view),
            pre_prepares: vec![self.pre_prepare(); window],
        }
    }

    fn request(&self, bytes: usize) -> Signed<Request> {
        self.last(Request {
            client: CLIENT,
            timestamp: Timestamp(u64::MAX),
            after: LAST,
            operation: vec![255; bytes],
            seal: Some(Box::new(Seal([255; 64]))),
        })
    }

    /// Batches of few large and of many small requests, each as full as a primary makes it.
    fn batches(&self) -> [Batch; 2] {
        [self.config.limits.operation, 1].map(|bytes| {
            let request = self.request(bytes);
            let count = self.config.limits.batch / request.weight();
            Batch::new(vec![request; count])
        })
    }

    fn committed(&self, batch: Batch) -> Committed {
        let commit = Commit {
            view: LAST_VIEW,
            sequence: LAST,
            digest: DIGEST,
        };
        let proof = self.all(self.keys.len(), &commit);
        Committed { proof, batch }
    }

    fn stable(&self) -> Stable {
        let checkpoint = Checkpoint {
            sequence: LAST,
            digest: DIGEST,
        };
        Stable {
            proof: self.all(self.keys.len(), &checkpoint),
            recall: Some(Recall {
                life: u64::MAX,
                view: LAST_VIEW,
            }),
        }
    }

    fn reply(&self) -> Reply {
        Reply {
            view: LAST_VIEW,
            client: CLIENT,
            timestamp: Timestamp(u64::MAX),
            request: DIGEST,
            sequence: LAST,
            result: Some(vec![255; self.config.limits.result]),
        }
    }
}

/// Fails if a message takes more bytes than its kind may, or far fewer: then it would not be the largest.
fn assert_near(limit: usize, message: &SignedMessage) {
    let bytes = postcard::to_stdvec(message)
        .expect("plain data encodes")
        .len();
    assert!(bytes <= limit, "{bytes} of {limit} bytes");
    assert!(bytes * 10 >= limit * 6, "{bytes} of {limit} bytes");
}

fn assert_the_largest_fit(n: u32) {
    let cluster = Cluster::new(n);
    let limits = cluster.config.limits;
    let largest = cluster.config.largest();
    assert!(largest.message() <= limits.message);
    assert_near(largest.new_view, &cluster.new_view());
    assert_near(
        largest.view_change,
        &SignedMessage::ViewChange(cluster.last(cluster.view_change())),
    );
    for batch in cluster.batches() {
        let pre_prepare = SignedMessage::PrePrepare {
            pre_prepare: cluster.pre_prepare(),
            batch: batch.clone(),
        };
        let body = Body {
            batch: batch.clone(),
        };
        assert_near(largest.pre_prepare, &pre_prepare);
        assert_near(largest.body, &SignedMessage::Body(cluster.last(body)));
        assert_near(
            largest.committed,
            &SignedMessage::Committed(cluster.last(cluster.committed(batch))),
        );
    }
    assert_near(
        largest.request,
        &SignedMessage::Request(cluster.request(limits.operation)),
    );
    let part = State {
        sequence: LAST,
        piece: Piece::Part(vec![255; limits.part].into()),
    };
    assert_near(largest.state, &SignedMessage::State(cluster.last(part)));
    assert_near(
        largest.stable,
        &SignedMessage::Stable(cluster.last(cluster.stable())),
    );
    let replies = Replies {
        replies: vec![cluster.reply(); limits.batch / (limits.result + 200)],
    };
    assert_near(
        largest.replies,
        &SignedMessage::Replies(cluster.last(replies)),
    );
    let query = Query {
        number: u64::MAX,
        operation: vec![255; limits.operation],
    };
    assert_near(largest.query, &SignedMessage::Query(cluster.last(query)));
    let answer = Answer {
        number: u64::MAX,
        query: Digest([255; 32]),
        result: vec![255; limits.result],
    };
    assert_near(largest.answer, &SignedMessage::Answer(cluster.last(answer)));
    let standing = Standing {
        view: LAST_VIEW,
        active: true,
        executed: LAST,
        stable: LAST,
        memory: Memory::Lost { life: u64::MAX },
        proved: (0..u32::try_from(cluster.keys.len()).expect("they are few"))
            .flat_map(|i| Kind::ALL.map(|kind| (ReplicaId(i), kind)))
            .collect(),
    };
    let standing = SignedMessage::Standing(cluster.last(standing));
    assert_near(largest.standing, &standing);
    let fetch = FetchState {
        sequence: LAST,
        part: Some(DIGEST),
    };
    assert_near(
        largest.vote,
        &SignedMessage::FetchState(cluster.last(fetch)),
    );
}

#[test]
fn rule_27_the_largest_message_of_every_kind_fits_with_4_replicas() {
    assert_the_largest_fit(4);
}

#[test]
fn rule_27_the_largest_message_of_every_kind_fits_with_31_replicas() {
    assert_the_largest_fit(31);
}

#[test]
fn rule_27_the_largest_message_of_every_kind_fits_with_64_replicas() {
    assert_the_largest_fit(64);
}
