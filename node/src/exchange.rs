//! This process's part in the exchange: what it tells others, what it hears, and what it orders because of it.

use quorate_fault::Say;
use quorate_fault::scope::Scope;
use quorate_protocol::{Input, ReplicaId};
use quorate_service::Operation;
use quorate_service::exchange::{Ballot, Command, Participant, Vote, VoteRefused};
use quorate_wire::Fault;
use quorate_wire::method::{BallotStatus, RoundStatus, TallyStatus, VoteStatus};

use crate::question::{Heard, Reply, Told};
use crate::runtime::Runtime;

impl Runtime {
    /// Orders all waiting commands as one request, unless a request is under way.
    pub(crate) fn order(&mut self) -> bool {
        for command in self.participant.take_commands(self.service.exchange()) {
            let command = self.misreport(command);
            self.commands.push_back(command);
        }
        if self.commands.is_empty() || !self.session.is_free() {
            return false;
        }
        let operation = Operation::Exchange(self.commands.drain(..).collect());
        let request = self.session.request(operation.encode());
        self.inputs
            .push_back(Input::Submit(self.keys.sign(request)));
        true
    }

    /// A liar changes its ballot: all its votes become the value that it wants.
    fn misreport(&mut self, command: Command) -> Command {
        match (command, self.replica.ballot()) {
            (Command::Ballot { round, .. }, Some(value)) => {
                let votes = (0..self.quorum.n())
                    .map(|i| (ReplicaId(i), value.clone()))
                    .collect();
                Command::Ballot { round, votes }
            }
            (command, _) => command,
        }
    }

    pub(crate) fn answer_decided(&mut self) {
        for (round, answer) in std::mem::take(&mut self.waiting) {
            if answer.is_closed() {
                continue;
            }
            match self.service.exchange().decision(round) {
                Some(decision) => drop(answer.send(Ok(decision.to_owned()))),
                None if !self.service.exchange().in_window(round) => {
                    drop(answer.send(Err(self.out_of_window(round))));
                }
                None => self.waiting.push((round, answer)),
            }
        }
    }

    pub(crate) fn vote(
        &mut self,
        recipient: ReplicaId,
        decision: String,
        round: Option<u64>,
    ) -> Result<Told, Fault> {
        let round = round.unwrap_or_else(|| Participant::current(self.service.exchange()));
        let say = self.replica.say(self.timers.now(), recipient, &decision);
        self.participant
            .hear(self.service.exchange(), round, self.own, decision)
            .map_err(vote_refused)?;
        let signature = match &say {
            Say::Decision(decision) | Say::Late(decision, _) => {
                let vote = Vote {
                    round,
                    recipient,
                    decision: decision.clone(),
                };
                let mut bytes = encode_vote(&self.keys.sign(vote).into_signed());
                if let Some(damage) = self.replica.damage(Scope::default()) {
                    damage.apply(&mut bytes);
                }
                bytes
            }
            Say::Deny | Say::Nothing => Vec::new(),
        };
        Ok(Told {
            round,
            say,
            signature,
        })
    }

    /// Keeps a vote. Returns false if this process denies the sender and therefore ignores the vote.
    pub(crate) fn hear(&mut self, heard: Heard) -> Result<bool, Fault> {
        let Heard {
            sender,
            decision,
            round,
            signature,
        } = heard;
        if !self.replica.hears(self.timers.now(), sender) {
            return Ok(false);
        }
        let round = round.unwrap_or_else(|| Participant::current(self.service.exchange()));
        match signature {
            Some(signature) => self.check_vote(sender, &decision, round, &signature)?,
            None if self.loopback => {}
            None => return Err(Fault::new(Fault::UNSIGNED_VOTE, UNSIGNED)),
        }
        self.participant
            .hear(self.service.exchange(), round, sender, decision)
            .map_err(vote_refused)?;
        Ok(true)
    }

    fn check_vote(
        &mut self,
        sender: ReplicaId,
        decision: &str,
        round: u64,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        let bad = || {
            Fault::new(
                Fault::BAD_SIGNATURE,
                format!("{sender} did not sign this vote to {}", self.own),
            )
        };
        let signed: quorate_protocol::Signed<Vote> =
            postcard::from_bytes(bytes).map_err(|_| bad())?;
        let expected = Vote {
            round,
            recipient: self.own,
            decision: decision.to_owned(),
        };
        if signed.signer() != sender || *signed.value() != expected {
            return Err(bad());
        }
        let refused = bad();
        self.keys.verify(signed).map(drop).map_err(|_| refused)
    }

    pub(crate) fn finalize(&mut self, round: Option<u64>, answer: Reply<String>) {
        let round = self.meant(round);
        if let Some(decision) = self.service.exchange().decision(round) {
            let _ = answer.send(Ok(decision.to_owned()));
        } else if self.service.exchange().in_window(round) {
            self.participant.close(self.service.exchange(), round);
            self.waiting.push((round, answer));
        } else {
            let _ = answer.send(Err(self.out_of_window(round)));
        }
    }

    /// The round for a question without one: the next round if this process has heard a vote in it, otherwise the
    /// latest decided.
    fn meant(&self, round: Option<u64>) -> u64 {
        let current = Participant::current(self.service.exchange());
        let latest = self.service.exchange().latest();
        round.unwrap_or(if latest > 0 && self.participant.heard(current) == 0 {
            latest
        } else {
            current
        })
    }

    fn out_of_window(&self, round: u64) -> Fault {
        let latest = self.service.exchange().latest();
        Fault::new(
            Fault::ROUND_OUT_OF_WINDOW,
            format!("round {round} is out of the window; the latest decided round is {latest}"),
        )
    }

    pub(crate) fn explain(&self, round: Option<u64>) -> String {
        let round = self.meant(round);
        let enough = self.service.exchange().rules().enough();
        let heard = self.participant.heard(round);
        let record = self.service.exchange().round(round);
        let ballots = record.map_or(0, |record| record.counted().count());
        let own = self.own;
        match record.and_then(|record| record.closed_at) {
            None => format!(
                "round {round} is not decided: no quorum of {} processes has ordered its close; {own} has heard {heard} of {enough} votes",
                self.quorum.size()
            ),
            Some(_) => format!(
                "round {round} is not decided: {ballots} of {enough} ballots are in, and {own} has heard {heard} of {enough} votes"
            ),
        }
    }

    /// The status of a round. Without a number: of the round after the latest decided if it has a record, otherwise of
    /// the latest decided.
    pub(crate) fn round_status(&self, round: Option<u64>) -> RoundStatus {
        let exchange = self.service.exchange();
        let latest = exchange.latest();
        let number = round.unwrap_or(if exchange.round(latest + 1).is_some() {
            latest + 1
        } else {
            latest
        });
        let record = exchange.round(number).cloned().unwrap_or_default();
        let tally = record.tally();
        RoundStatus {
            round: number,
            close_sequence_number: record.closed_at.unwrap_or_default().0,
            ballots: record.ballots.iter().map(ballot_status).collect(),
            tally: tally.counts().map(tally_status).collect(),
            tie: record.decision.is_some() && tally.winner().is_none(),
            decision: record.decision.clone().unwrap_or_default(),
        }
    }
}

fn ballot_status(ballot: &Ballot) -> BallotStatus {
    let votes = ballot.votes.iter().map(|(process, decision)| VoteStatus {
        process: process.to_string(),
        decision: decision.clone(),
    });
    BallotStatus {
        process: ballot.process.to_string(),
        sequence_number: ballot.sequence.0,
        votes: votes.collect(),
        tie: ballot.tie,
        decision: ballot.decision.clone(),
        refused: ballot
            .refused
            .map(|refused| refused.to_string())
            .unwrap_or_default(),
    }
}

fn tally_status((decision, ballots): (&str, usize)) -> TallyStatus {
    TallyStatus {
        decision: decision.to_owned(),
        ballots: ballots as u64,
    }
}

const UNSIGNED: &str = "an unsigned vote is taken only while the process listens on loopback only; sign it with the sender's key";

fn vote_refused(refused: VoteRefused) -> Fault {
    let code = match refused {
        VoteRefused::Decided(_) => Fault::ROUND_DECIDED,
        VoteRefused::OutOfWindow { .. } => Fault::ROUND_OUT_OF_WINDOW,
    };
    Fault::new(code, refused.to_string())
}

#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
fn encode_vote(vote: &quorate_protocol::Signed<Vote>) -> Vec<u8> {
    postcard::to_stdvec(vote).expect("plain data encodes")
}
