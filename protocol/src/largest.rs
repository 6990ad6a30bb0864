//! The largest message of each kind that a correct replica makes, and the checkpoint interval that keeps VIEW-CHANGE and
//! NEW-VIEW small enough (rule 27).

use crate::config::Config;
use crate::limits::Limits;
use crate::signature::largest_envelope;

/// The bytes of an encoded number of 64 bits, whatever its value.
const LONG: usize = 8;
/// The most bytes of an encoded number of 32 bits. The lengths of lists and the numbers of variants are such numbers too.
const SHORT: usize = 5;
const DIGEST: usize = 32;
/// A view, a slot and a digest: PRE-PREPARE, PREPARE and COMMIT.
const VOTE: usize = LONG + LONG + DIGEST;
/// A slot and a digest: CHECKPOINT.
const CHECKPOINT: usize = LONG + DIGEST;
/// The most bytes of a client: its kind, and a key or a process with a number or a name.
const CLIENT: usize = SHORT + DIGEST;
/// The signature of a client's own key.
const SEAL: usize = 1 + 1 + 64;
/// A reply without its result.
pub(crate) const REPLY: usize = 1 + LONG + CLIENT + LONG + LONG + DIGEST + SHORT;

/// The most slots times replicas that a window may have. With more, a new view takes too long to run its window again:
/// each replica checks about 2n signatures for each slot.
const QUICK: u64 = 2048;

/// The most bytes that the encoding of a message takes, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Largest {
    /// REQUEST.
    pub request: usize,
    /// PRE-PREPARE with its batch.
    pub pre_prepare: usize,
    /// PREPARE, COMMIT, CHECKPOINT, Fetch and FetchState.
    pub vote: usize,
    /// VIEW-CHANGE with a certificate for every slot of a window.
    pub view_change: usize,
    /// NEW-VIEW with a quorum of such VIEW-CHANGEs.
    pub new_view: usize,
    /// Body.
    pub body: usize,
    /// State. This is a part of a state; a manifest has 32 bytes for each part, so it is shorter as long as the state has
    /// fewer than 65,000 parts.
    pub state: usize,
    /// Committed.
    pub committed: usize,
    /// Stable.
    pub stable: usize,
    /// Replies.
    pub replies: usize,
    /// Query.
    pub query: usize,
    /// Answer.
    pub answer: usize,
    /// Standing.
    pub standing: usize,
    /// Proof. One that would be larger than a message may be is not sent.
    pub proof: usize,
}

impl Largest {
    /// The most bytes of each kind under a configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let Limits {
            operation,
            result,
            batch,
            part,
            ..
        } = config.limits;
        let n = config.quorum.n() as usize;
        let signed = |value| value + largest_envelope(n);
        let batch = SHORT + batch;
        let change = Change::of(config);
        let id = if n <= 1 << 7 { 1 } else { SHORT };
        let window = usize::try_from(config.window).unwrap_or(usize::MAX);
        Self {
            request: SHORT + signed(CLIENT + LONG + LONG + SHORT + operation + SEAL),
            pre_prepare: SHORT + signed(VOTE) + batch,
            vote: SHORT + signed(LONG + LONG + LONG + LONG + DIGEST),
            view_change: change.view_change(window),
            new_view: change.new_view(window),
            body: SHORT + signed(batch),
            state: SHORT + signed(LONG + SHORT + SHORT + part),
            committed: SHORT + signed(SHORT + n * signed(VOTE) + batch),
            stable: SHORT + signed(SHORT + n * signed(CHECKPOINT) + SHORT + LONG + LONG),
            replies: SHORT + signed(SHORT + batch.max(REPLY + result)),
            query: SHORT + signed(LONG + SHORT + operation),
            answer: SHORT + signed(LONG + DIGEST + SHORT + result),
            standing: SHORT
                + signed(LONG + LONG + LONG + SHORT + SHORT + LONG + SHORT + n * (id + 1)),
            proof: config
                .limits
                .message
                .min(SHORT + signed(SHORT + 2 * change.new_view(window))),
        }
    }

    /// The most bytes of a message of any kind.
    #[must_use]
    pub fn message(&self) -> usize {
        [
            self.request,
            self.pre_prepare,
            self.vote,
            self.view_change,
            self.new_view,
            self.body,
            self.state,
            self.committed,
            self.stable,
            self.replies,
            self.query,
            self.answer,
            self.standing,
            self.proof,
        ]
        .into_iter()
        .fold(0, usize::max)
    }
}

/// What a view change costs, as bytes that do not depend on the window and bytes for each of its slots.
struct Change {
    quorum: usize,
    /// What a signature adds.
    envelope: usize,
    /// A VIEW-CHANGE without certificates.
    fixed: usize,
    /// A certificate: a PRE-PREPARE and 2f PREPAREs.
    certificate: usize,
}

impl Change {
    fn of(config: &Config) -> Self {
        let quorum = config.quorum;
        let n = quorum.n() as usize;
        let envelope = largest_envelope(n);
        let proof = SHORT + n.saturating_mul(CHECKPOINT + envelope);
        let vote = VOTE + envelope;
        Self {
            quorum: quorum.size(),
            envelope,
            fixed: SHORT + LONG + LONG + LONG + proof + SHORT + envelope,
            certificate: vote + SHORT + quorum.prepares().saturating_mul(vote),
        }
    }

    fn view_change(&self, window: usize) -> usize {
        self.fixed
            .saturating_add(window.saturating_mul(self.certificate))
    }

    /// A NEW-VIEW names each slot twice beside its VIEW-CHANGEs: in O, and as a signed PRE-PREPARE.
    fn new_view(&self, window: usize) -> usize {
        let chosen = window.saturating_mul(LONG + DIGEST + VOTE + self.envelope);
        let all = self.quorum.saturating_mul(self.view_change(window));
        let around = SHORT + LONG + LONG + SHORT + SHORT + self.envelope + SHORT;
        around.saturating_add(chosen).saturating_add(all)
    }

    /// The widest window with which a NEW-VIEW takes at most `limit` bytes.
    fn widest_window(&self, limit: usize) -> usize {
        let slot = self.new_view(1).saturating_sub(self.new_view(0));
        limit.saturating_sub(self.new_view(0)) / slot.max(1)
    }
}

impl Config {
    /// The same configuration with a checkpoint at least every `at_most` slots, and a window of two intervals. The
    /// interval is `at_most` itself if NEW-VIEW with a full window then fits a message and its window is quick to run
    /// again. Otherwise `at_most` is cut into as few steps as possible: 10,000 slots are 40 intervals of 250 at n = 4.
    #[must_use]
    pub fn with_checkpoint_interval(mut self, at_most: u64) -> Self {
        let at_most = at_most.max(1);
        let steps = at_most.div_ceil(self.longest_interval());
        self.checkpoint_interval = at_most.div_ceil(steps);
        self.window = self.checkpoint_interval.saturating_mul(2);
        self
    }

    /// The longest checkpoint interval that this number of replicas allows.
    #[must_use]
    pub fn longest_interval(&self) -> u64 {
        let quick = QUICK / u64::from(self.quorum.n());
        let fits = Change::of(self).widest_window(self.limits.message);
        let window = quick.min(u64::try_from(fits).unwrap_or(u64::MAX));
        (window / 2).max(1)
    }

    /// The most bytes of each kind of message that a correct replica makes.
    #[must_use]
    pub fn largest(&self) -> Largest {
        Largest::new(self)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use crate::config::Config;
    use crate::id::ReplicaId;
    use crate::quorum::Quorum;

    fn config(n: u32) -> Config {
        Config::new(ReplicaId(0), Quorum::of(NonZeroU32::new(n).unwrap()))
    }

    #[test]
    fn rule_27_every_message_fits_whatever_interval_is_asked_for() {
        for n in 1..=100 {
            for at_most in [1, 7, 128, 9973, 10_000] {
                let config = config(n).with_checkpoint_interval(at_most);
                let largest = config.largest().message();
                assert!(largest <= config.limits.message, "n = {n}: {largest}");
                assert!(config.checkpoint_interval <= at_most);
                assert_eq!(config.window, 2 * config.checkpoint_interval);
            }
            let usual = config(n).largest().message();
            assert!(usual <= config(n).limits.message, "n = {n}: {usual}");
        }
    }

    #[test]
    fn a_longer_interval_than_allowed_is_cut_into_equal_steps() {
        let interval = |n, at_most| {
            config(n)
                .with_checkpoint_interval(at_most)
                .checkpoint_interval
        };
        assert_eq!(config(4).longest_interval(), 256);
        assert_eq!(interval(4, 10), 10);
        assert_eq!(interval(4, 256), 256);
        assert_eq!(interval(4, 257), 129);
        assert_eq!(interval(4, 1000), 250);
        assert_eq!(interval(4, 10_000), 250);
        assert_eq!(interval(4, 9973), 256);
        assert_eq!(interval(64, 10_000), config(64).longest_interval());
    }
}
