//! This process's part in the exchange: what it tells others, what it hears, and what it orders because of it.

use quorate_fault::scope::Scope;
use quorate_fault::{Faulty, Say};
use quorate_protocol::message::Request;
use quorate_protocol::{Keys, Replica, ReplicaId, Sequence, Signed, Time};
use quorate_service::exchange::{Command, Exchange, Participant, Vote, VoteRefused};
use quorate_service::session::Session;
use quorate_service::{Operation, Replicated};

use crate::ask::{Heard, Refusal, SignedVote, Told};
use crate::core::Core;

/// What a round lacks for its decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The round.
    pub round: u64,
    /// Whether its close has executed.
    pub closed: bool,
    /// How many ballots count so far.
    pub ballots: usize,
    /// How many votes this process has heard.
    pub votes: usize,
    /// How many votes, and how many ballots, are needed.
    pub enough: usize,
}

/// The rounds as this process plays them. `C` waits for decisions.
#[derive(Clone, Debug)]
pub(crate) struct Rounds<C> {
    participant: Participant,
    pub(crate) session: Session,
    /// The slot after which its last request executes.
    asked_after: Sequence,
    /// The commands for the next request.
    commands: Vec<Command>,
    /// Those who wait for a decision, with their rounds.
    waiting: Vec<(u64, C)>,
}

/// An answer to those who wait for a decision.
pub(crate) type Decided = Result<String, Refusal>;

impl<C> Rounds<C> {
    pub(crate) fn new(session: Session) -> Self {
        Self {
            participant: Participant::default(),
            session,
            asked_after: Sequence(0),
            commands: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Whether this process has something of its own to do in the exchange.
    pub(crate) fn is_busy(&self) -> bool {
        !self.commands.is_empty() || !self.session.is_free()
    }

    /// Orders waiting commands as one request, as many as an operation may hold, unless one is under way. Returns whether
    /// it did.
    pub(crate) fn order(&mut self, core: &mut Core<Replicated>) -> bool {
        let n = core.service.exchange().rules().quorum.n();
        for command in self.participant.take_commands(core.service.exchange()) {
            self.commands.push(misreport(&mut core.replica, n, command));
        }
        if let Some(again) = self.ask_again(core.replica.replica()) {
            self.submit(core, again);
            return true;
        }
        if !self.session.is_free() {
            return false;
        }
        let exchange = core.service.exchange();
        self.commands.retain(|command| matters(exchange, command));
        if self.commands.is_empty() {
            return false;
        }
        let fitting = fitting(&self.commands, core.replica().config().limits.operation);
        let commands = self.commands.drain(..fitting).collect();
        let operation = Operation::Exchange(commands);
        let request = self.session.request(operation.encode());
        self.submit(core, request);
        true
    }

    /// The request under way, if it has to be made again.
    fn ask_again(&mut self, replica: &Replica) -> Option<Request> {
        #[cfg(feature = "mutants")]
        if replica.config().mutant == Some(quorate_protocol::Mutant::SessionStartsOver) {
            return None;
        }
        let client = self.session.client();
        if replica.is_expired(client, self.asked_after) {
            return self.session.renew();
        }
        self.session.catch_up(replica.last_timestamp(client))
    }

    fn submit(&mut self, core: &mut Core<Replicated>, request: Request) {
        self.asked_after = core.replica().executed();
        let request = core.keys.sign(request.after(self.asked_after));
        core.submit(request);
    }

    /// Those whose round is decided, or can be decided no more.
    pub(crate) fn decided(&mut self, exchange: &Exchange) -> Vec<(C, Decided)> {
        let ready = |round| decision(exchange, round).is_some();
        let done: Vec<(u64, C)> = self
            .waiting
            .extract_if(.., |(round, _)| ready(*round))
            .collect();
        done.into_iter()
            .filter_map(|(round, caller)| Some((caller, decision(exchange, round)?)))
            .collect()
    }

    /// Closes a round for a caller who then waits for its decision.
    pub(crate) fn finalize(&mut self, exchange: &Exchange, round: Option<u64>, caller: C) {
        let round = self.meant(exchange, round);
        if decision(exchange, round).is_none() {
            self.participant.close(exchange, round);
        }
        self.waiting.push((round, caller));
    }

    pub(crate) fn give_up(&mut self, mut gone: impl FnMut(&C) -> bool) -> Vec<C> {
        let gone = self.waiting.extract_if(.., |(_, caller)| gone(caller));
        gone.map(|(_, caller)| caller).collect()
    }

    /// The vote of this process, as it tells it to another.
    pub(crate) fn vote(
        &mut self,
        now: Time,
        core: &mut Core<Replicated>,
        recipient: ReplicaId,
        decision: String,
        round: Option<u64>,
    ) -> Result<Told, Refusal> {
        let exchange = core.service.exchange();
        let round = round.unwrap_or_else(|| Participant::current(exchange));
        let say = core.replica.say(now, recipient, &decision);
        self.participant
            .hear(exchange, round, core.keys.own(), decision)?;
        let vote = match &say {
            Say::Decision(decision) | Say::Late(decision, _) => {
                let vote = Vote {
                    round,
                    recipient,
                    decision: decision.clone(),
                };
                Some(SignedVote {
                    vote: core.keys.sign(vote).into_signed(),
                    damage: core.replica.damage(Scope::default()),
                })
            }
            Say::Deny | Say::Nothing => None,
        };
        Ok(Told { round, say, vote })
    }

    /// Keeps the vote of another process. Returns false if this process denies the sender, and ignores the vote.
    pub(crate) fn hear(
        &mut self,
        now: Time,
        core: &mut Core<Replicated>,
        heard: Heard,
        trusts_callers: bool,
    ) -> Result<bool, Refusal> {
        let Heard {
            sender,
            decision,
            round,
            signature,
        } = heard;
        if !core.replica.hears(now, sender) {
            return Ok(false);
        }
        let current = Participant::current(core.service.exchange());
        let round = round.unwrap_or(current);
        match signature {
            Some(signature) => {
                let vote = Vote {
                    round,
                    recipient: core.keys.own(),
                    decision: decision.clone(),
                };
                check_vote(&mut core.keys, sender, &vote, &signature)?;
            }
            None if trusts_callers => {}
            None => return Err(Refusal::Unsigned),
        }
        self.participant
            .hear(core.service.exchange(), round, sender, decision)?;
        Ok(true)
    }

    /// The round for a question without one: the next round if this process has heard a vote in it, otherwise the
    /// latest decided.
    pub(crate) fn meant(&self, exchange: &Exchange, round: Option<u64>) -> u64 {
        let current = Participant::current(exchange);
        let latest = exchange.latest();
        round.unwrap_or(if latest > 0 && self.participant.heard(current) == 0 {
            latest
        } else {
            current
        })
    }

    /// What a round lacks for its decision.
    pub(crate) fn missing(&self, exchange: &Exchange, round: Option<u64>) -> Missing {
        let round = self.meant(exchange, round);
        let record = exchange.round(round);
        Missing {
            round,
            closed: record.is_some_and(|record| record.closed_at.is_some()),
            ballots: record.map_or(0, |record| record.counted().count()),
            votes: self.participant.heard(round),
            enough: exchange.rules().enough(),
        }
    }
}

/// Whether a command still changes something. While it waited, the commands of others may have closed or decided its round.
fn matters(exchange: &Exchange, command: &Command) -> bool {
    match command {
        Command::Close { round } => exchange
            .round(*round)
            .is_none_or(|round| round.closed_at.is_none()),
        Command::Ballot { round, .. } => exchange.decision(*round).is_none(),
    }
}

/// How many of the first commands fit an operation of so many bytes together; at least one.
fn fitting(commands: &[Command], bytes: usize) -> usize {
    let mut left = bytes;
    let fits = commands.iter().take_while(|command| {
        // A command alone is a little longer than the same one among others.
        let alone = Operation::Exchange(vec![(*command).clone()]).encode().len();
        let fits = alone <= left;
        left = left.saturating_sub(alone);
        fits
    });
    fits.count().max(1)
}

/// The decision of a round; `None` if it is still to come.
fn decision(exchange: &Exchange, round: u64) -> Option<Decided> {
    if let Some(decision) = exchange.decision(round) {
        return Some(Ok(decision.to_owned()));
    }
    let latest = exchange.latest();
    let refused = VoteRefused::OutOfWindow { round, latest };
    (!exchange.in_window(round)).then(|| Err(refused.into()))
}

/// A liar changes its ballot: all its votes become the value that it wants.
fn misreport(replica: &mut Faulty, n: u32, command: Command) -> Command {
    match (command, replica.ballot()) {
        (Command::Ballot { round, .. }, Some(value)) => {
            let votes = (0..n).map(|i| (ReplicaId(i), value.clone())).collect();
            Command::Ballot { round, votes }
        }
        (command, _) => command,
    }
}

fn check_vote(
    keys: &mut Keys,
    sender: ReplicaId,
    expected: &Vote,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let refused = Refusal::BadSignature(sender, expected.recipient);
    let Ok(signed) = postcard::from_bytes::<Signed<Vote>>(bytes) else {
        return Err(refused);
    };
    if signed.signer() != sender || signed.value() != expected {
        return Err(refused);
    }
    keys.verify(signed).map(drop).map_err(|_| refused)
}

#[cfg(test)]
mod tests {
    use quorate_protocol::ReplicaId;
    use quorate_service::Operation;
    use quorate_service::exchange::Command;

    use super::fitting;

    #[test]
    fn commands_that_are_longer_than_an_operation_together_are_ordered_one_request_after_another() {
        let votes = (0..31).map(|i| (ReplicaId(i), "d".repeat(200))).collect();
        let ballot = Command::Ballot { round: 1, votes };
        let commands = vec![ballot; 100];
        let limit = 128 * 1024;
        let count = fitting(&commands, limit);
        assert!((2..100).contains(&count), "{count}");
        let operation = Operation::Exchange(commands[..count].to_vec()).encode();
        assert!(operation.len() <= limit);
        assert_eq!(fitting(&commands, 10), 1, "one is tried in any case");
    }
}
