//! What the engine itself costs, on one core: no network, no disk, every message delivered at once and in order.
//!
//! The engine's column is the time within `Replica::step` only; the signatures' is that of `Keys`, with the copies that it
//! makes of what it checks. The paper's count of messages for a decision is that of PRE-PREPARE, PREPARE and COMMIT:
//! (n-1) + (n-1)^2 + n(n-1).

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_protocol::message::Request;
use quorate_protocol::{
    ClusterId, Config, Effect, Input, Keys, Message, Quorum, Replica, ReplicaId, SignedMessage,
    Time, Timestamp, VerifiedMessage,
};

const CLUSTER: ClusterId = ClusterId([8; 32]);

/// How long each row is measured.
const SPAN: Duration = Duration::from_secs(3);

struct Bench {
    replicas: Vec<(Replica, Keys)>,
    queue: VecDeque<(usize, Arc<SignedMessage>)>,
    steps: u64,
    decisions: u64,
    messages: u64,
    agreement: u64,
    stepping: Duration,
    signing: Duration,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    println!(
        "{:>4}  {:<8}  {:>10}  {:>9}  {:>11}  {:>11}  {:>9}  {:>8}  {:>8}  {:>6}",
        "n",
        "keys",
        "steps/s",
        "us/step",
        "decisions/s",
        "with keys/s",
        "messages",
        "of 3",
        "paper",
        "keys"
    );
    for n in [4, 7, 31, 100] {
        for real in [false, true] {
            let mut bench = Bench::new(n, real);
            bench.run();
            bench.print(n, real);
        }
    }
}

fn keys(id: u32, n: u32, real: bool) -> Keys {
    if !real {
        return Keys::simulated(ReplicaId(id), n, CLUSTER);
    }
    let secret = |i: u32| {
        let mut secret = [7; 32];
        secret[..4].copy_from_slice(&i.to_le_bytes());
        secret
    };
    let public: Vec<_> = (0..n).map(|i| Keys::public_key(&secret(i))).collect();
    match Keys::new(ReplicaId(id), secret(id), &public, CLUSTER) {
        Ok(keys) => keys,
        Err(error) => unreachable!("{error}"),
    }
}

impl Bench {
    fn new(n: u32, real: bool) -> Self {
        let quorum = Quorum::of(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let one = |i| {
            (
                Replica::new(Config::new(ReplicaId(i), quorum)),
                keys(i, n, real),
            )
        };
        Self {
            replicas: (0..n).map(one).collect(),
            queue: VecDeque::new(),
            steps: 0,
            decisions: 0,
            messages: 0,
            agreement: 0,
            stepping: Duration::ZERO,
            signing: Duration::ZERO,
        }
    }

    fn run(&mut self) {
        let begun = now();
        while begun.elapsed() < SPAN || self.decisions < 2 {
            let at = usize::try_from(self.decisions).unwrap_or_default() % self.replicas.len();
            let keys = &self.replicas[at].1;
            let request = Request::new(
                keys.own().into(),
                Timestamp(self.decisions + 1),
                vec![0; 16],
            );
            let request = keys.sign(request);
            self.settle(at, Input::Submit(request));
            while let Some((to, message)) = self.queue.pop_front() {
                let begun = now();
                let verified = self.replicas[to].1.verify_message((*message).clone());
                self.signing += begun.elapsed();
                if let Ok(verified) = verified {
                    self.settle(to, Input::Message(verified));
                }
            }
            self.decisions += 1;
        }
    }

    /// Steps a replica until nothing is left to do.
    fn settle(&mut self, at: usize, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let begun = now();
            let effects = self.replicas[at].0.step(Time(0), input);
            self.stepping += begun.elapsed();
            self.steps += 1;
            let mut answers = VecDeque::new();
            for effect in effects {
                match effect {
                    Effect::Broadcast(message) => {
                        if let Some(message) = self.broadcast(at, message) {
                            inputs.push_back(Input::Message(message));
                        }
                    }
                    Effect::Execute { sequence, requests } => answers.push_back(Input::Executed {
                        sequence,
                        results: vec![Vec::new(); requests.len()],
                    }),
                    Effect::TakeCheckpoint { sequence } => {
                        let parts = vec![sequence.0.to_le_bytes()[..].into()];
                        answers.push_back(Input::CheckpointTaken { sequence, parts });
                    }
                    _ => {}
                }
            }
            // Answers come before anything else.
            answers.append(&mut inputs);
            inputs = answers;
        }
    }

    fn broadcast(&mut self, at: usize, message: Message) -> Option<VerifiedMessage> {
        let begun = now();
        let signed = self.replicas[at].1.sign_message(message).ok()?;
        self.signing += begun.elapsed();
        let others = self.replicas.len() as u64 - 1;
        self.messages += others;
        if matches!(
            signed,
            VerifiedMessage::PrePrepare { .. }
                | VerifiedMessage::Prepare(_)
                | VerifiedMessage::Commit(_)
        ) {
            self.agreement += others;
        }
        let message = Arc::new(signed.clone().into_signed());
        for to in (0..self.replicas.len()).filter(|to| *to != at) {
            self.queue.push_back((to, Arc::clone(&message)));
        }
        Some(signed)
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn print(&self, n: u32, real: bool) {
        let stepping = self.stepping.as_secs_f64();
        let both = stepping + self.signing.as_secs_f64();
        let (steps, decisions) = (self.steps as f64, self.decisions as f64);
        let paper = u64::from((n - 1) + (n - 1) * (n - 1) + n * (n - 1));
        println!(
            "{n:>4}  {:<8}  {:>10.0}  {:>9.2}  {:>11.0}  {:>11.1}  {:>9.1}  {:>8.1}  {paper:>8}  {:>5.0}%",
            if real { "ed25519" } else { "keyed" },
            steps / stepping,
            stepping * 1e6 / steps,
            decisions / stepping,
            decisions / both,
            self.messages as f64 / decisions,
            self.agreement as f64 / decisions,
            100.0 * self.signing.as_secs_f64() / both,
        );
    }
}
