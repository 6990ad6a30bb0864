//! What a hostile peer costs (rule 28): `cargo bench -p quorate-protocol --bench hostile`.
//!
//! One of four processes floods another, with real keys. Each row is the worst that it can send of one kind of message. The
//! victim judges, checks, steps and signs its answers as a host does. Two bounds hold:
//!
//! * A flood of a message costs less than ten signature checks for each KiB received. Messages travel in base64, so three bytes are
//!   received as four.
//! * A message that asks for an answer can cost more than that, but all such messages of one peer together cost at most a
//!   quarter of a core, because the peer's allowance is used up (`replica/allowance.rs`).
//!
//! The exit status is 1 if one of them is broken.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark measures real time"
)]

use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{
    Batch, Body, Checkpoint, Commit, Committed, Fetch, FetchState, Memory, NewView, PrePrepare,
    Prepare, Query, Request, Stable, Standing, State, ViewChange,
};
use quorate_protocol::{
    ClientId, ClientKey, ClusterId, Config, Digest, Effect, Input, Keys, Quorum, Replica,
    ReplicaId, Sequence, Signed, SignedMessage, Time, Timestamp, VerifiedMessage, View,
};

const N: u32 = 4;
const CLUSTER: ClusterId = ClusterId([8; 32]);
/// The hostile process. It is the primary of views 0, 4, 8 and so on.
const HOSTILE: usize = 0;
const VICTIM: usize = 3;
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

fn keys(i: u32) -> Keys {
    let public: Vec<_> = (0..N).map(|i| Keys::public_key(&secret(i))).collect();
    match Keys::new(ReplicaId(i), secret(i), &public, CLUSTER) {
        Ok(keys) => keys,
        Err(error) => unreachable!("{error}"),
    }
}

fn config() -> Config {
    let quorum = Quorum::of(std::num::NonZeroU32::new(N).unwrap_or(std::num::NonZeroU32::MIN));
    Config::new(ReplicaId(VICTIM as u32), quorum)
}

/// The victim, and the keys of all.
struct Bench {
    keys: Vec<Keys>,
    config: Config,
    victim: Replica,
}

impl Bench {
    fn new() -> Self {
        Self {
            keys: (0..N).map(keys).collect(),
            config: config(),
            victim: Replica::new(config()),
        }
    }

    fn by<T: quorate_protocol::signature::Signable>(&self, signer: usize, value: T) -> Signed<T> {
        self.keys[signer].sign(value).into_signed()
    }

    fn hostile<T: quorate_protocol::signature::Signable>(&self, value: T) -> Signed<T> {
        self.by(HOSTILE, value)
    }

    /// Gives the victim a message as a host does, and does the effects that cost time.
    fn receive(&mut self, at: Time, message: SignedMessage) {
        if self.victim.judge(&message).is_err() {
            return;
        }
        if let Ok(verified) = self.keys[VICTIM].verify_message(message) {
            self.settle(at, Input::Message(verified));
        }
    }

    fn settle(&mut self, at: Time, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for effect in self.victim.step(at, input) {
                match effect {
                    Effect::Broadcast(message) => {
                        if let Ok(signed) = self.keys[VICTIM].sign_message(message) {
                            encode(&signed.clone().into_signed());
                            inputs.push(Input::Message(signed));
                        }
                    }
                    Effect::Send { message, .. } => {
                        if let Ok(signed) = self.keys[VICTIM].sign_message(message) {
                            encode(&VerifiedMessage::into_signed(signed));
                        }
                    }
                    Effect::Forward { message, .. } => drop(encode(&message)),
                    Effect::Execute { sequence, requests } => {
                        let results = vec![vec![1; self.config.limits.result]; requests.len()];
                        inputs.push(Input::Executed { sequence, results });
                    }
                    _ => {}
                }
            }
        }
    }

    /// Makes the victim commit a batch in the first slot.
    fn commit(&mut self, batch: &Batch) {
        let (view, sequence, digest) = (View(0), Sequence(1), batch.digest());
        let pre_prepare = SignedMessage::PrePrepare {
            pre_prepare: self.hostile(PrePrepare {
                view,
                sequence,
                digest,
            }),
            batch: batch.clone(),
        };
        let mut messages = vec![pre_prepare];
        for i in [1, 2] {
            messages.push(SignedMessage::Prepare(self.by(
                i,
                Prepare {
                    view,
                    sequence,
                    digest,
                },
            )));
        }
        for i in [0, 1, 2] {
            messages.push(SignedMessage::Commit(self.by(
                i,
                Commit {
                    view,
                    sequence,
                    digest,
                },
            )));
        }
        for message in messages {
            self.receive(Time(0), message);
        }
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

/// One kind of attack: its name, how many messages, and the message with a number.
struct Attack {
    name: &'static str,
    count: u64,
    make: fn(&Bench, u64) -> SignedMessage,
}

fn request(bench: &Bench, number: u64) -> Signed<Request> {
    let client = ClientId::session(ReplicaId(HOSTILE as u32), number + 1);
    bench.hostile(Request::new(client, Timestamp(1), vec![1]))
}

/// A batch as full as it may be, with requests as small as they can be.
fn small_requests(bench: &Bench, number: u64) -> Batch {
    let one = request(bench, u64::from(u32::MAX)).weight();
    let most = (bench.config.limits.batch / one) as u64;
    Batch {
        requests: (0..most)
            .map(|i| request(bench, number * most + i))
            .collect(),
    }
}

fn prepares(bench: &Bench, count: usize, number: u64) -> Vec<Signed<Prepare>> {
    let one = |i: usize| {
        bench.hostile(Prepare {
            view: View(0),
            sequence: Sequence(number + 1),
            digest: digest(number * 100_000 + i as u64),
        })
    };
    (0..count).map(one).collect()
}

fn certificate(bench: &Bench, prepares_each: usize, number: u64) -> PreparedCertificate {
    PreparedCertificate {
        pre_prepare: bench.hostile(PrePrepare {
            view: View(0),
            sequence: Sequence(number + 1),
            digest: digest(number),
        }),
        prepares: prepares(bench, prepares_each, number),
    }
}

/// A VIEW-CHANGE with one self-signed PREPARE after another.
fn stuffed(bench: &Bench, number: u64) -> SignedMessage {
    SignedMessage::ViewChange(bench.hostile(ViewChange {
        view: View(number + 1),
        life: 0,
        stable: Sequence(0),
        checkpoint_proof: Vec::new(),
        prepared: vec![certificate(bench, 20_000, number)],
    }))
}

/// A VIEW-CHANGE as long as it may be. Its first signatures are those of the hostile process.
fn full_view_change(bench: &Bench, number: u64, view: u64) -> ViewChange {
    let window = bench.config.window;
    let most = bench.config.quorum.prepares();
    ViewChange {
        view: View(view),
        life: 0,
        stable: Sequence(0),
        checkpoint_proof: Vec::new(),
        prepared: (0..window)
            .map(|slot| {
                let mut certificate = certificate(bench, most, number * window + slot);
                certificate.pre_prepare = bench.hostile(PrePrepare {
                    view: View(0),
                    sequence: Sequence(slot + 1),
                    digest: digest(number),
                });
                certificate
            })
            .collect(),
    }
}

/// A NEW-VIEW of wrong content, which proves the hostile process faulty: all its signatures are checked.
fn full_new_view(bench: &Bench, number: u64) -> SignedMessage {
    let view = (number + 1) * u64::from(N);
    let view_changes = (0..u64::from(N))
        .map(|i| bench.hostile(full_view_change(bench, number * 10 + i, view)))
        .collect();
    SignedMessage::NewView {
        new_view: bench.hostile(NewView {
            view: View(view),
            view_changes,
            chosen: Vec::new(),
        }),
        pre_prepares: Vec::new(),
    }
}

const ATTACKS: [Attack; 15] = [
    Attack {
        name: "REQUEST, small",
        count: 10_000,
        make: |bench, i| SignedMessage::Request(request(bench, i)),
    },
    Attack {
        name: "REQUEST with a client's key",
        count: 6000,
        make: |bench, i| {
            let mut secret = [9; 32];
            secret[..8].copy_from_slice(&i.to_le_bytes());
            let key = ClientKey::new(&secret);
            SignedMessage::Request(bench.hostile(key.request(CLUSTER, Timestamp(1), vec![1])))
        },
    },
    Attack {
        name: "PRE-PREPARE, small requests",
        count: 2,
        make: |bench, i| {
            let batch = small_requests(bench, i);
            let pre_prepare = bench.hostile(PrePrepare {
                view: View(0),
                sequence: Sequence(i + 1),
                digest: batch.digest(),
            });
            SignedMessage::PrePrepare { pre_prepare, batch }
        },
    },
    Attack {
        name: "PRE-PREPARE, empty, two a slot",
        count: 2000,
        make: |bench, i| SignedMessage::PrePrepare {
            pre_prepare: bench.hostile(PrePrepare {
                view: View(0),
                sequence: Sequence(i % 200 + 1),
                digest: digest(i),
            }),
            batch: Batch::null(),
        },
    },
    Attack {
        name: "PREPARE of the primary",
        count: 3000,
        make: |bench, i| {
            SignedMessage::Prepare(bench.hostile(Prepare {
                view: View(0),
                sequence: Sequence(i % 200 + 1),
                digest: digest(i),
            }))
        },
    },
    Attack {
        name: "COMMIT, two a slot",
        count: 3000,
        make: |bench, i| {
            SignedMessage::Commit(bench.hostile(Commit {
                view: View(0),
                sequence: Sequence(i % 200 + 1),
                digest: digest(i),
            }))
        },
    },
    Attack {
        name: "CHECKPOINT",
        count: 3000,
        make: |bench, i| {
            SignedMessage::Checkpoint(bench.hostile(Checkpoint {
                sequence: Sequence((i % 4 + 1) * bench.config.checkpoint_interval),
                digest: digest(i),
            }))
        },
    },
    Attack {
        name: "VIEW-CHANGE, 20,000 PREPAREs",
        count: 3,
        make: stuffed,
    },
    Attack {
        name: "VIEW-CHANGE, full",
        count: 20,
        make: |bench, i| {
            SignedMessage::ViewChange(bench.hostile(full_view_change(bench, i, i + 1)))
        },
    },
    Attack {
        name: "NEW-VIEW, full",
        count: 5,
        make: full_new_view,
    },
    Attack {
        name: "Body that nobody asked for",
        count: 2,
        make: |bench, i| {
            let batch = small_requests(bench, i);
            SignedMessage::Body(bench.hostile(Body { batch }))
        },
    },
    Attack {
        name: "Committed, proof of one signer",
        count: 2,
        make: |bench, i| {
            let batch = small_requests(bench, i);
            let commit = Commit {
                view: View(0),
                sequence: Sequence(1),
                digest: batch.digest(),
            };
            let proof = vec![bench.hostile(commit); 3];
            SignedMessage::Committed(bench.hostile(Committed { proof, batch }))
        },
    },
    Attack {
        name: "Stable, proof of one signer",
        count: 1000,
        make: |bench, i| {
            let checkpoint = Checkpoint {
                sequence: Sequence(bench.config.checkpoint_interval),
                digest: digest(i),
            };
            let proof = vec![bench.hostile(checkpoint); 4];
            let recall = None;
            SignedMessage::Stable(bench.hostile(Stable { proof, recall }))
        },
    },
    Attack {
        name: "State that nobody asked for",
        count: 20,
        make: |bench, i| {
            let part = vec![1; bench.config.limits.part];
            SignedMessage::State(bench.hostile(State {
                sequence: Sequence(i),
                piece: quorate_protocol::message::Piece::Part(part.into()),
            }))
        },
    },
    Attack {
        name: "Query",
        count: 50_000,
        make: |bench, number| {
            let operation = vec![1];
            SignedMessage::Query(bench.hostile(Query { number, operation }))
        },
    },
];

/// Messages that ask for an answer, as often as a fast link carries them in one second.
const QUESTIONS: [Attack; 4] = [
    Attack {
        name: "Fetch of a full batch",
        count: 10_000,
        make: |bench, _| {
            let digest = full_batch(bench).digest();
            SignedMessage::Fetch(bench.hostile(Fetch { digest }))
        },
    },
    Attack {
        name: "Standing of a laggard",
        count: 10_000,
        make: |bench, _| SignedMessage::Standing(bench.hostile(standing())),
    },
    Attack {
        name: "FetchState of a part that is gone",
        count: 10_000,
        make: |bench, i| {
            SignedMessage::FetchState(bench.hostile(FetchState {
                sequence: Sequence(0),
                part: Some(digest(i)),
            }))
        },
    },
    Attack {
        name: "REQUEST that has executed",
        count: 10_000,
        make: |bench, _| SignedMessage::Request(request(bench, 100)),
    },
];

const fn standing() -> Standing {
    Standing {
        view: View(0),
        active: true,
        executed: Sequence(0),
        stable: Sequence(0),
        memory: Memory::Whole,
    }
}

fn large_request(bench: &Bench, number: u64) -> Signed<Request> {
    let client = ClientId::session(ReplicaId(HOSTILE as u32), number + 1);
    let operation = vec![1; 100_000];
    bench.hostile(Request::new(client, Timestamp(1), operation))
}

fn full_batch(bench: &Bench) -> Batch {
    let large = (0..10).map(|i| large_request(bench, i));
    Batch {
        requests: large.chain([request(bench, 100)]).collect(),
    }
}

/// The time of one signature check.
fn signature_check() -> Duration {
    let mut bench = Bench::new();
    let votes = prepares(&bench, 3000, 0);
    let begun = now();
    let checked = bench.keys[VICTIM].check_all(&votes);
    let took = (now() - begun) / 3000;
    assert_eq!(checked, Ok(()), "the votes are signed");
    took
}

/// Prints the row of an attack. Returns whether its bound holds.
fn measure(attack: &Attack, check: Duration) -> bool {
    let mut bench = Bench::new();
    let messages: Vec<_> = (0..attack.count)
        .map(|i| (attack.make)(&bench, i))
        .collect();
    let bytes: usize = messages.iter().map(|message| encode(message).len()).sum();
    let begun = now();
    for message in messages {
        bench.receive(Time(0), message);
    }
    let took = now() - begun;
    let received = bytes as f64 * 4.0 / 3.0 / KIB;
    let checks = took.as_secs_f64() / check.as_secs_f64() / received;
    let holds = checks < CHECKS;
    println!(
        "{:<34} {:>9.0} {:>10.1} {:>14.2}  {}",
        attack.name,
        received / attack.count as f64 * KIB,
        took.as_secs_f64() * 1e6 / attack.count as f64,
        checks,
        verdict(holds)
    );
    holds
}

/// Prints the row of a question, asked again and again for one virtual second. Returns whether its bound holds.
fn measure_answers(attack: &Attack) -> bool {
    let mut bench = Bench::new();
    let batch = full_batch(&bench);
    bench.commit(&batch);
    let message = (attack.make)(&bench, 0);
    let mut ask = |second: u64| {
        let begun = now();
        for i in 0..attack.count {
            let passed = second * 1_000_000 + 1_000_000 * i / attack.count;
            bench.receive(Time(passed), message.clone());
        }
        (now() - begun).as_secs_f64()
    };
    // The first second uses up what may be asked for at once.
    ask(0);
    let share = ask(1);
    let holds = share < SHARE;
    println!(
        "{:<34} {:>9} {:>10} {:>13.1}%  {}",
        attack.name,
        "",
        "",
        share * 100.0,
        verdict(holds)
    );
    holds
}

const fn verdict(holds: bool) -> &'static str {
    if holds { "ok" } else { "BROKEN" }
}

fn main() -> ExitCode {
    let check = signature_check();
    println!(
        "One signature check takes {:.1} us. A KiB may cost {CHECKS:.0} of them.\n",
        check.as_secs_f64() * 1e6
    );
    println!(
        "{:<34} {:>9} {:>10} {:>14}",
        "what is sent", "bytes", "us each", "checks per KiB"
    );
    let mut hold = true;
    for attack in &ATTACKS {
        hold &= measure(attack, check);
    }
    println!(
        "\n{:<34} {:>9} {:>10} {:>14}",
        "what is asked for, without end", "", "", "of a core"
    );
    for question in &QUESTIONS {
        hold &= measure_answers(question);
    }
    if hold {
        println!("\nBoth bounds hold.");
        ExitCode::SUCCESS
    } else {
        println!("\nA bound is broken.");
        ExitCode::FAILURE
    }
}
