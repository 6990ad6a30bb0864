//! What a hostile peer costs (rule 28): `cargo bench -p quorate-protocol --bench hostile`.
//!
//! One process of a cluster floods another, with real keys. Each row is the worst that it can send of one kind of message:
//! ill-formed, well-formed but of no use, or valid with the real signatures of others. The victim is the process that runs
//! live, without its sockets: it decodes, judges, checks, steps, and signs and encodes its answers. Bytes are counted as they
//! arrive: messages travel in base64, so three bytes are received as four. Two bounds hold:
//!
//! * A flood of a message costs less than ten signature checks for each KiB received, whether each message is new or one
//!   message is sent again and again.
//! * A message that asks for an answer can cost more than that, but all such messages of one peer together cost at most a
//!   quarter of a core, because the peer's allowance is used up (`replica/allowance.rs`).
//!
//! Words after `--` choose the rows that have one of them in their names: `-- REQUEST NEW-VIEW`. The exit status is 1 if a bound
//! is broken.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time"
)]

use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use quorate_fault::Faulty;
use quorate_host::{Batch as Arrived, Core, Head, join};
use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{
    Batch, Body, Checkpoint, Commit, Committed, Fetch, FetchState, Memory, NewView, Piece,
    PrePrepare, Prepare, Proved, Query, Replies, Reply, Request, Stable, Standing, State,
    ViewChange,
};
use quorate_protocol::signature::Signable;
use quorate_protocol::{
    ClientId, ClientKey, ClusterId, Config, Digest, Keys, Part, Quorum, Replica, ReplicaId,
    Sequence, Signed, SignedMessage, Time, Timestamp, View,
};
use quorate_service::kv::LONGEST_VALUE;
use quorate_service::{BadSnapshot, Service};

const CLUSTER: ClusterId = ClusterId([8; 32]);
/// The hostile process. It is the primary of view 0, of view n, and so on.
const HOSTILE: u32 = 0;
/// How many signature checks a KiB may cost.
const CHECKS: f64 = 10.0;
/// How much of a core the answers to one peer may cost.
const SHARE: f64 = 0.25;
const KIB: f64 = 1024.0;

/// The time that this program has had a processor, as Linux counts it; elsewhere, the time.
fn now() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = counted
        .ok()
        .and_then(|counted| counted.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

fn secret(i: u32) -> [u8; 32] {
    let mut secret = [7; 32];
    secret[..4].copy_from_slice(&i.to_le_bytes());
    secret
}

/// Gives back the operation of each request, answers each query with the longest value of the store, and has a state of one
/// part.
#[derive(Clone, Debug)]
struct Echo;

impl Service for Echo {
    fn execute(&mut self, _: Sequence, request: &Request) -> Vec<u8> {
        request.operation.clone()
    }

    fn query(&self, _: &[u8]) -> Option<Vec<u8>> {
        Some(vec![1; LONGEST_VALUE])
    }

    fn snapshot(&self) -> Vec<Part> {
        vec![vec![1; 1000].into()]
    }

    fn restore(&mut self, _: &[Part]) -> Result<(), BadSnapshot> {
        Ok(())
    }
}

/// The victim, which is the last process, and the keys of all.
struct Bench {
    config: Config,
    keys: Vec<Keys>,
    victim: Core<Echo>,
}

impl Bench {
    fn new(n: u32) -> Self {
        let public: Vec<_> = (0..n).map(|i| Keys::public_key(&secret(i))).collect();
        let keys = |i| match Keys::new(ReplicaId(i), secret(i), &public, CLUSTER) {
            Ok(keys) => keys,
            Err(error) => unreachable!("{error}"),
        };
        let quorum = Quorum::of(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let config = Config::new(ReplicaId(n - 1), quorum);
        let replica = Faulty::new(Replica::new(config.clone()), None);
        let victim = Core::new(keys(n - 1), replica, Echo);
        Self {
            keys: (0..n).map(keys).collect(),
            config,
            victim,
        }
    }

    const fn n(&self) -> u64 {
        self.config.quorum.n() as u64
    }

    fn by<T: Signable>(&self, signer: u32, value: T) -> Signed<T> {
        self.keys[signer as usize].sign(value).into_signed()
    }

    fn hostile<T: Signable>(&self, value: T) -> Signed<T> {
        self.by(HOSTILE, value)
    }

    /// The first `count` replicas after the hostile one have signed this.
    fn signed<T: Signable + Clone>(&self, count: usize, value: &T) -> Vec<Signed<T>> {
        let signers = (1..).take(count);
        signers.map(|i| self.by(i, value.clone())).collect()
    }

    /// The victim takes the bytes of a message and does all that follows.
    fn receive(&mut self, at: Time, message: &[u8]) {
        let head = Head {
            cluster: CLUSTER,
            sender: ReplicaId(HOSTILE),
        };
        let bytes = join(head, &[message.into()]);
        if let Ok(batch) = Arrived::open(&bytes, CLUSTER) {
            self.victim.deliver(batch);
        }
        drop(self.victim.turn(at).release());
    }

    fn receive_all(&mut self, messages: &[SignedMessage]) {
        for message in messages {
            self.receive(Time(0), &encode(message));
        }
    }

    /// Makes the victim commit a batch in the first slot.
    fn commit(&mut self, batch: &Batch) {
        let commit = self.committed(1, batch);
        self.receive_all(&[commit]);
    }

    /// A batch with the proof that a quorum has committed it in a slot.
    fn committed(&self, slot: u64, batch: &Batch) -> SignedMessage {
        let commit = Commit {
            view: View(0),
            sequence: Sequence(slot),
            digest: batch.digest(),
        };
        let proof = self.signed(self.config.quorum.size(), &commit);
        let batch = batch.clone();
        SignedMessage::Committed(self.hostile(Committed { proof, batch }))
    }
}

fn encode(message: &SignedMessage) -> Vec<u8> {
    match postcard::to_stdvec(message) {
        Ok(bytes) => bytes,
        Err(error) => unreachable!("{error}"),
    }
}

/// A digest that no other number gives.
fn digest(number: u64) -> Digest {
    Digest::of(&[b"hostile", &number.to_le_bytes()])
}

/// One kind of attack: its name, about how many bytes to send, what must have happened before, and the message with a
/// number.
struct Attack {
    name: &'static str,
    bytes: usize,
    before: fn(&mut Bench),
    make: fn(&Bench, u64) -> SignedMessage,
}

impl Attack {
    const fn new(name: &'static str, make: fn(&Bench, u64) -> SignedMessage) -> Self {
        Self {
            name,
            bytes: 300_000,
            before: |_| {},
            make,
        }
    }

    const fn of_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    const fn after(self, before: fn(&mut Bench)) -> Self {
        Self { before, ..self }
    }

    /// So many different messages that their bytes come to what was asked for: at least 2, at most 4000.
    fn messages(&self, bench: &Bench) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        let mut bytes = 0;
        while messages.len() < 2 || bytes < self.bytes && messages.len() < 4000 {
            let message = encode(&(self.make)(bench, messages.len() as u64));
            bytes += message.len();
            messages.push(message);
        }
        messages
    }
}

fn request(bench: &Bench, number: u64, bytes: usize) -> Signed<Request> {
    let client = ClientId::session(ReplicaId(HOSTILE), number + 1);
    bench.hostile(Request::new(client, Timestamp(1), vec![1; bytes]))
}

fn keyed_request(bench: &Bench, number: u64) -> Signed<Request> {
    let mut secret = [9; 32];
    secret[..8].copy_from_slice(&number.to_le_bytes());
    let key = ClientKey::new(&secret);
    bench.hostile(key.request(CLUSTER, Timestamp(1), vec![1]))
}

/// A batch as full as it may be with such requests.
fn full(bench: &Bench, number: u64, make: impl Fn(u64) -> Signed<Request>) -> Batch {
    let one = make(u64::from(u32::MAX)).weight();
    let most = (bench.config.limits.batch / one) as u64;
    let requests = (0..most).map(|i| make(number * most + i)).collect();
    Batch::new(requests)
}

/// A batch as full as it may be, with requests as small as they can be.
fn small_requests(bench: &Bench, number: u64) -> Batch {
    full(bench, number, |i| request(bench, i, 1))
}

fn large_requests(bench: &Bench, number: u64) -> Batch {
    let bytes = bench.config.limits.operation - 1024;
    full(bench, number, |i| request(bench, i, bytes))
}

fn proposal(bench: &Bench, number: u64, batch: Batch) -> SignedMessage {
    let pre_prepare = bench.hostile(PrePrepare {
        view: View(0),
        sequence: Sequence(number + 1),
        digest: batch.digest(),
    });
    SignedMessage::PrePrepare { pre_prepare, batch }
}

/// A certificate for a slot in a view of the hostile primary, with the real signatures of 2f backups.
fn certificate(bench: &Bench, view: View, slot: u64) -> PreparedCertificate {
    let (sequence, digest) = (Sequence(slot), digest(view.0));
    let prepare = Prepare {
        view,
        sequence,
        digest,
    };
    PreparedCertificate {
        pre_prepare: bench.hostile(PrePrepare {
            view,
            sequence,
            digest,
        }),
        prepares: bench.signed(bench.config.quorum.prepares(), &prepare),
    }
}

/// Certificates for a full window, in the view of the hostile primary with a number.
fn full_window(bench: &Bench, number: u64) -> Vec<PreparedCertificate> {
    let view = View(number * bench.n());
    let slots = 1..=bench.config.window;
    slots.map(|slot| certificate(bench, view, slot)).collect()
}

fn view_change(view: u64, prepared: Vec<PreparedCertificate>) -> ViewChange {
    ViewChange {
        view: View(view),
        life: 0,
        stable: Sequence(0),
        checkpoint_proof: Vec::new(),
        prepared,
    }
}

/// A VIEW-CHANGE for a later view than all its certificates, whose signatures nobody has seen before.
fn full_view_change(bench: &Bench, number: u64) -> SignedMessage {
    let prepared = full_window(bench, number);
    SignedMessage::ViewChange(bench.hostile(view_change((number + 1) * bench.n(), prepared)))
}

/// A VIEW-CHANGE with one self-signed PREPARE after another.
fn stuffed(bench: &Bench, number: u64) -> SignedMessage {
    let mut one = certificate(bench, View(0), 1);
    one.prepares = (0..20_000)
        .map(|i| {
            bench.hostile(Prepare {
                view: View(0),
                sequence: Sequence(1),
                digest: digest(number * 20_000 + i),
            })
        })
        .collect();
    SignedMessage::ViewChange(bench.hostile(view_change(number + 1, vec![one])))
}

/// A NEW-VIEW that starts a view of the hostile primary with a full window. `chosen` changes its proposals.
fn new_view(
    bench: &Bench,
    number: u64,
    chosen: impl Fn(Vec<(Sequence, Digest)>) -> Vec<(Sequence, Digest)>,
) -> SignedMessage {
    let view = (number + 1) * bench.n();
    let prepared = full_window(bench, number);
    let names = prepared.iter().map(|one| {
        let PrePrepare {
            sequence, digest, ..
        } = *one.pre_prepare.value();
        (sequence, digest)
    });
    let chosen = chosen(names.collect());
    let new_view = NewView {
        view: View(view),
        view_changes: bench.signed(bench.config.quorum.size(), &view_change(view, prepared)),
        chosen,
    };
    let pre_prepares = new_view.proposals().map(|one| bench.hostile(one)).collect();
    SignedMessage::NewView {
        new_view: bench.hostile(new_view),
        pre_prepares,
    }
}

/// A stable checkpoint that the victim has not reached.
fn stable(bench: &Bench, number: u64) -> SignedMessage {
    let checkpoint = Checkpoint {
        sequence: Sequence((number + 1) * bench.config.checkpoint_interval),
        digest: digest(number),
    };
    let proof = bench.signed(bench.config.quorum.size(), &checkpoint);
    let recall = None;
    SignedMessage::Stable(bench.hostile(Stable { proof, recall }))
}

fn part(bench: &Bench, number: u64, sequence: u64) -> SignedMessage {
    let mut bytes = vec![1; bench.config.limits.part];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    SignedMessage::State(bench.hostile(State {
        sequence: Sequence(sequence),
        piece: Piece::Part(bytes.into()),
    }))
}

/// Beyond every window of the victim, so that it fetches the state at once.
const FAR: u64 = 9;

const fn standing(view: u64) -> Standing {
    Standing {
        view: View(view),
        active: true,
        executed: Sequence(0),
        stable: Sequence(0),
        memory: Memory::Whole,
        proved: Proved::none(),
    }
}

fn reply(number: u64, bytes: usize) -> Reply {
    Reply {
        view: View(0),
        client: ClientId::session(ReplicaId(HOSTILE), number),
        timestamp: Timestamp(1),
        request: digest(number),
        sequence: Sequence(1),
        result: Some(vec![1; bytes]),
    }
}

const ATTACKS: [Attack; 34] = [
    Attack::new("REQUEST, small", |bench, i| {
        SignedMessage::Request(request(bench, i, 1))
    }),
    Attack::new("REQUEST, with a client's key", |bench, i| {
        SignedMessage::Request(keyed_request(bench, i))
    }),
    Attack::new("REQUEST, large", |bench, i| {
        SignedMessage::Request(request(bench, i, bench.config.limits.operation))
    }),
    Attack::new("REQUEST, too large", |bench, i| {
        SignedMessage::Request(request(bench, i, bench.config.limits.operation + 1))
    }),
    Attack::new("PRE-PREPARE, small requests", |bench, i| {
        proposal(bench, i, small_requests(bench, i))
    }),
    Attack::new("PRE-PREPARE, clients' keys", |bench, i| {
        proposal(bench, i, full(bench, i, |j| keyed_request(bench, j)))
    }),
    Attack::new("PRE-PREPARE, large requests", |bench, i| {
        proposal(bench, i, large_requests(bench, i))
    }),
    Attack::new("PRE-PREPARE, other batch", |bench, i| {
        let SignedMessage::PrePrepare { pre_prepare, .. } = proposal(bench, i, Batch::null())
        else {
            unreachable!("a proposal is a PRE-PREPARE")
        };
        let batch = small_requests(bench, i);
        SignedMessage::PrePrepare { pre_prepare, batch }
    }),
    Attack::new("PRE-PREPARE, null", |bench, i| {
        let slots = bench.config.window;
        proposal(bench, i % slots, Batch::null())
    }),
    Attack::new("PRE-PREPARE, many a slot", |bench, i| {
        let pre_prepare = bench.hostile(PrePrepare {
            view: View(0),
            sequence: Sequence(i % 16 + 1),
            digest: digest(i),
        });
        let batch = Batch::null();
        SignedMessage::PrePrepare { pre_prepare, batch }
    }),
    Attack::new("PREPARE of the primary", |bench, i| {
        SignedMessage::Prepare(bench.hostile(Prepare {
            view: View(0),
            sequence: Sequence(i % 16 + 1),
            digest: digest(i),
        }))
    }),
    Attack::new("COMMIT, many a slot", |bench, i| {
        SignedMessage::Commit(bench.hostile(Commit {
            view: View(0),
            sequence: Sequence(i % 16 + 1),
            digest: digest(i),
        }))
    }),
    Attack::new("COMMIT, of any view", |bench, i| {
        SignedMessage::Commit(bench.hostile(Commit {
            view: View(i),
            sequence: Sequence(i % 16 + 1),
            digest: digest(i),
        }))
    }),
    Attack::new("CHECKPOINT", |bench, i| {
        SignedMessage::Checkpoint(bench.hostile(Checkpoint {
            sequence: Sequence((i % 4 + 1) * bench.config.checkpoint_interval),
            digest: digest(i),
        }))
    }),
    Attack::new("VIEW-CHANGE, empty", |bench, i| {
        SignedMessage::ViewChange(bench.hostile(view_change(i + 1, Vec::new())))
    }),
    Attack::new("VIEW-CHANGE, 20,000 PREPAREs", stuffed),
    Attack::new("VIEW-CHANGE, full and valid", full_view_change),
    Attack::new("NEW-VIEW, full, wrong O", |bench, i| {
        new_view(bench, i, |mut chosen| {
            chosen.pop();
            chosen
        })
    }),
    Attack::new("NEW-VIEW, full and valid", |bench, i| {
        new_view(bench, i, |chosen| chosen)
    }),
    Attack::new("Body that nobody asked for", |bench, i| {
        let batch = small_requests(bench, i);
        SignedMessage::Body(bench.hostile(Body { batch }))
    }),
    Attack::new("Committed, proof of one signer", |bench, i| {
        let batch = small_requests(bench, i);
        let commit = Commit {
            view: View(0),
            sequence: Sequence(1),
            digest: batch.digest(),
        };
        let proof = vec![bench.hostile(commit); bench.config.quorum.size()];
        SignedMessage::Committed(bench.hostile(Committed { proof, batch }))
    }),
    Attack::new("Committed, null and valid", |bench, i| {
        bench.committed(i + 1, &Batch::null())
    }),
    Attack::new("Committed, small requests", |bench, i| {
        bench.committed(i + 1, &small_requests(bench, i))
    }),
    Attack::new("Stable, proof of one signer", |bench, i| {
        let checkpoint = Checkpoint {
            sequence: Sequence(bench.config.checkpoint_interval),
            digest: digest(i),
        };
        let proof = vec![bench.hostile(checkpoint); bench.config.quorum.size()];
        let recall = None;
        SignedMessage::Stable(bench.hostile(Stable { proof, recall }))
    }),
    Attack::new("Stable, later and later", stable),
    Attack::new("State that nobody asked for", |bench, i| part(bench, i, 0)),
    Attack::new("State, wrong part", |bench, i| {
        part(bench, i, (FAR + 1) * bench.config.checkpoint_interval)
    })
    .of_bytes(10_000_000)
    .after(|bench| bench.receive_all(&[stable(bench, FAR)])),
    Attack::new("Standing", |bench, i| {
        SignedMessage::Standing(bench.hostile(standing(i)))
    }),
    Attack::new("Fetch of what is not there", |bench, i| {
        let digest = digest(i);
        SignedMessage::Fetch(bench.hostile(Fetch { digest }))
    }),
    Attack::new("FetchState of what is not there", |bench, i| {
        let (sequence, part) = (Sequence(i), Some(digest(i)));
        SignedMessage::FetchState(bench.hostile(FetchState { sequence, part }))
    }),
    Attack::new("Query, too large", |bench, number| {
        let operation = vec![1; bench.config.limits.operation + 1];
        SignedMessage::Query(bench.hostile(Query { number, operation }))
    }),
    Attack::new("Answer", |bench, number| {
        let operation = vec![1];
        let query = Query { number, operation };
        SignedMessage::Answer(bench.hostile(query.answer(vec![1])))
    }),
    Attack::new("Replies, one", |bench, i| {
        let replies = vec![reply(i, 1)];
        SignedMessage::Replies(bench.hostile(Replies { replies }))
    }),
    Attack::new("Replies, full", |bench, i| {
        let replies = (0..16)
            .map(|j| reply(i * 16 + j, bench.config.limits.result))
            .collect();
        SignedMessage::Replies(bench.hostile(Replies { replies }))
    })
    .of_bytes(4_000_000),
];

/// Messages that ask for an answer. Each is sent 10,000 times a second, as a fast link carries them.
const QUESTIONS: [Attack; 6] = [
    Attack::new("Fetch of a full batch", |bench, _| {
        let digest = full_batch(bench).digest();
        SignedMessage::Fetch(bench.hostile(Fetch { digest }))
    }),
    Attack::new("Standing of a laggard", |bench, _| {
        SignedMessage::Standing(bench.hostile(standing(0)))
    }),
    Attack::new("FetchState of a part that is gone", |bench, _| {
        let (sequence, part) = (Sequence(0), Some(digest(0)));
        SignedMessage::FetchState(bench.hostile(FetchState { sequence, part }))
    }),
    Attack::new("Query", |bench, number| {
        let operation = vec![1];
        SignedMessage::Query(bench.hostile(Query { number, operation }))
    }),
    Attack::new("REQUEST that has executed", |bench, _| {
        SignedMessage::Request(request(bench, 100, LONGEST_VALUE))
    }),
    Attack::new("VIEW-CHANGE for a view that began", |bench, _| {
        let asked = view_change(bench.n(), Vec::new());
        SignedMessage::ViewChange(bench.hostile(asked))
    })
    .after(|bench| {
        let began = new_view(bench, 0, |chosen| chosen);
        bench.receive_all(&[began]);
    }),
];

const ASKED_EACH_SECOND: u64 = 10_000;

fn full_batch(bench: &Bench) -> Batch {
    let large = (0..7).map(|i| request(bench, i, 100_000));
    Batch::new(large.chain([request(bench, 100, LONGEST_VALUE)]).collect())
}

/// The processor time of something.
fn time(what: impl FnOnce()) -> f64 {
    let begun = now();
    what();
    (now() - begun).as_secs_f64()
}

/// The time of one signature check, in seconds.
fn signature_check() -> f64 {
    const COUNT: u64 = 1000;
    let mut bench = Bench::new(4);
    let vote = |i| {
        let (sequence, digest) = (Sequence(i), digest(i));
        bench.hostile(Checkpoint { sequence, digest })
    };
    let votes: Vec<_> = (0..COUNT).map(vote).collect();
    let mut checked = Ok(());
    let took = time(|| checked = bench.keys[1].check_all(&votes));
    assert_eq!(checked, Ok(()), "the votes are signed");
    took / COUNT as f64
}

/// How many signature checks each KiB of these messages costs a victim that has `before` behind it.
fn checks_per_kib(bench: &mut Bench, messages: &[Vec<u8>]) -> f64 {
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let before = signature_check();
    let took = time(|| {
        for message in messages {
            bench.receive(Time(0), message);
        }
    });
    // The machine may be busier at one time than at another.
    let check = f64::midpoint(before, signature_check());
    took / check / (bytes as f64 * 4.0 / 3.0 / KIB)
}

/// Prints the row of an attack. Returns whether its bound holds.
fn measure(attack: &Attack, n: u32) -> bool {
    let mut bench = Bench::new(n);
    (attack.before)(&mut bench);
    let messages = attack.messages(&bench);
    let new = checks_per_kib(&mut bench, &messages);
    let mut bench = Bench::new(n);
    (attack.before)(&mut bench);
    bench.receive(Time(0), &messages[0]);
    let again = checks_per_kib(&mut bench, &vec![messages[0].clone(); messages.len()]);
    let bytes = messages.iter().map(Vec::len).sum::<usize>() * 4 / 3 / messages.len();
    let holds = new < CHECKS && again < CHECKS;
    let name = attack.name;
    println!(
        "{name:<34} {n:>3} {bytes:>9} {new:>9.2} {again:>9.2}  {}",
        verdict(holds)
    );
    holds
}

/// Prints the row of a question, asked again and again for one virtual second. Returns whether its bound holds.
fn measure_answers(question: &Attack, n: u32) -> bool {
    let mut bench = Bench::new(n);
    let batch = full_batch(&bench);
    bench.commit(&batch);
    (question.before)(&mut bench);
    let message = encode(&(question.make)(&bench, 0));
    let mut ask = |second: u64| {
        time(|| {
            for i in 0..ASKED_EACH_SECOND {
                let passed = second * 1_000_000 + 1_000_000 * i / ASKED_EACH_SECOND;
                bench.receive(Time(passed), &message);
            }
        })
    };
    // The first second uses up what may be asked for at once.
    ask(0);
    let share = ask(1);
    let holds = share < SHARE;
    let name = question.name;
    println!(
        "{name:<34} {n:>3} {:>18.1}%  {}",
        share * 100.0,
        verdict(holds)
    );
    holds
}

const fn verdict(holds: bool) -> &'static str {
    if holds { "ok" } else { "BROKEN" }
}

fn main() -> ExitCode {
    println!(
        "One signature check takes {:.1} us. A KiB may cost {CHECKS:.0} of them.\n",
        signature_check() * 1e6
    );
    let (what, asked) = ("what is sent", "what is asked for, without end");
    println!(
        "{what:<34} {:>3} {:>9} {:>9} {:>9}",
        "n", "bytes", "new", "again"
    );
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<_> = words.iter().filter(|one| *one != "--bench").collect();
    let is_chosen =
        |row: &&Attack| words.is_empty() || words.iter().any(|word| row.name.contains(*word));
    let all = |rows: &'static [Attack]| {
        let chosen = rows.iter().filter(is_chosen);
        chosen.flat_map(|row| [4, 31].map(|n| (row, n)))
    };
    let mut hold = true;
    for (attack, n) in all(&ATTACKS) {
        hold &= measure(attack, n);
    }
    println!("\n{asked:<34} {:>3} {:>19}", "n", "of a core");
    for (question, n) in all(&QUESTIONS) {
        hold &= measure_answers(question, n);
    }
    if hold {
        println!("\nBoth bounds hold.");
        ExitCode::SUCCESS
    } else {
        println!("\nA bound is broken.");
        ExitCode::FAILURE
    }
}
