//! `send_message`: this process tells another its decision.

use quorate_fault::Say;
use quorate_host::{Answer, Ask, Told};
use quorate_protocol::ReplicaId;
use quorate_wire::method::{ReceiveMessage, SendMessage};
use quorate_wire::{CallError, Fault};
use tokio::time::{Duration, Instant};

use super::{Handle, mismatch};
use crate::crossing::Passage;

/// How often a vote without a round is repeated in a later round, because the recipient has already decided the round
/// of this process.
const ROUNDS_BEHIND: usize = 3;
/// The same for a faulty process, which may never decide those rounds itself.
const ROUNDS_SKIPPED: usize = 32;

pub(super) async fn answer(handle: Handle, call: SendMessage) -> Result<String, Fault> {
    let SendMessage {
        recipient,
        decision,
        round,
    } = call;
    let own = handle.inner.own;
    let (to, caller) = handle.other(&recipient, &decision)?;
    let deadline = handle.deadline();
    let mut voted_in = round;
    for tries in 1.. {
        let vote = Ask::Vote {
            recipient: to,
            decision: decision.clone(),
            round: voted_in,
        };
        let Told {
            round: told_round,
            say,
            vote,
        } = match handle.ask_process(vote).await? {
            Answer::Told(told) => told,
            other => return Err(mismatch(&other)),
        };
        let decision = match say {
            Say::Deny => return Ok(format!("{own} denied communication to {to}")),
            Say::Nothing => return Ok(format!("{own} kept silent towards {to}")),
            Say::Decision(decision) => decision,
            Say::Late(decision, late) => {
                tokio::time::sleep(Duration::from_micros(late.0).min(left(deadline))).await;
                decision
            }
        };
        let message = ReceiveMessage {
            sender: own.to_string(),
            decision: decision.clone(),
            round: Some(told_round),
            signature: vote.map(|vote| vote.encode()),
        };
        let Passage::Leaves(late, again) = handle.passage(to, decision.len()).await? else {
            return Ok(unreached(own, to));
        };
        if let Some(again) = again {
            let (caller, message) = (caller.clone(), message.clone());
            tokio::spawn(async move {
                tokio::time::sleep(again.min(left(deadline))).await;
                // The first copy tells whether the vote arrived.
                let _ = caller.call_with_timeout(message, left(deadline)).await;
            });
        }
        // A sleep of no time takes until the timer's next tick, a millisecond.
        if !late.is_zero() {
            tokio::time::sleep(late.min(left(deadline))).await;
        }
        match caller.call_with_timeout(message, left(deadline)).await {
            Ok(_) => return Ok(format!("{own} sent decision '{decision}' to {to}")),
            Err(CallError::Fault(refused))
                if refused.code() == Fault::ROUND_DECIDED && round.is_none() =>
            {
                // The recipient is a round ahead. This process first decides that round too, and then votes in the
                // next. A faulty one does not, because its caller would wait in vain.
                let is_faulty = handle.is_faulty();
                let most = if is_faulty {
                    ROUNDS_SKIPPED
                } else {
                    ROUNDS_BEHIND
                };
                if tries >= most {
                    break;
                }
                if is_faulty {
                    voted_in = Some(told_round + 1);
                } else {
                    super::finalize_decision::wait(&handle, Some(told_round), deadline).await?;
                }
            }
            Err(CallError::Fault(refused)) if refused.code() != Fault::AWAY => return Err(refused),
            Err(error) => {
                if let Some(left_out) = handle.inner.lost_votes.line(to) {
                    tracing::info!(%to, %error, left_out, "the vote did not arrive");
                }
                return Ok(unreached(own, to));
            }
        }
    }
    Err(Fault::new(
        Fault::ROUND_DECIDED,
        format!("{to} keeps deciding rounds that {own} has not decided"),
    ))
}

fn unreached(own: ReplicaId, to: ReplicaId) -> String {
    format!("{own} could not reach {to}")
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
